//! A commit decides as [`CommitCondition::judge`](token_core::store::CommitCondition::judge) does,
//! for every row of a table.

use super::concurrently::all;
use super::rows::{Condition, EARLY, Intended, LATE, New, Row, SAME, Stored, Wanted, all_with};
use super::{
    LONG, StorePlace, StoreSuite, child_of, expect_stored, fingerprint, key, record, sure,
};
use token_core::TokenKey;
use token_core::store::{CommitCondition, Committed, Record};

impl<P: StorePlace> StoreSuite<P> {
    /// All rows with `ParentIs`: with the stored refresh token and with another one.
    // FAULTS.md rows 55 and 56
    pub async fn children_are_judged_by_the_rule(&self) {
        let mut rows = all_with(Condition::ParentIs(1));
        rows.extend(all_with(Condition::ParentIs(9)));
        self.follow(rows).await;
    }

    /// All rows with `Overwrite`.
    pub async fn overwrites_are_judged_by_the_rule(&self) {
        self.follow(all_with(Condition::Overwrite)).await;
    }

    /// All rows with `UnlessTombstoned`, which replaces an older record but not a tombstone.
    // FAULTS.md row 55
    pub async fn repairs_are_judged_by_the_rule(&self) {
        self.follow(all_with(Condition::UnlessTombstoned)).await;
    }

    /// All rows with `LoginIntentOf`.
    pub async fn logins_are_judged_by_the_rule(&self) {
        self.follow(all_with(Condition::LoginIntentOf(1))).await;
    }

    /// A few rows that are written by hand, so that an error in the function is noticed.
    // FAULTS.md rows 55 and 56
    pub async fn commits_follow_the_rows_written_by_hand(&self) {
        let rows = by_hand();
        let store = self.open().await;
        for (number, (row, _)) in rows.iter().enumerate() {
            row.prepare(&*store, &place(number), LONG).await;
        }
        self.outlive_short().await;
        for (number, (row, wanted)) in rows.iter().enumerate() {
            row.try_on(&*store, &place(number), *wanted, self.short())
                .await;
        }
    }

    /// If the vendor keeps its refresh token, each of many concurrent children may replace another.
    /// The newest stays, whatever the order.
    // FAULTS.md row 55
    pub async fn the_newest_of_many_concurrent_children_stays(&self) {
        let stores = self.open_several(4).await;
        let Some(first) = stores.first() else { return };
        sure(
            first
                .commit(&key(), &CommitCondition::Overwrite, &record(1))
                .await,
        );
        let child = |number| Record {
            fingerprint: fingerprint(1),
            ..record(number)
        };
        let commits = stores.iter().cycle().zip((100..116_u8).rev());
        let commits = commits.map(|(store, number)| async move {
            let condition = child_of(1);
            sure(store.commit(&key(), &condition, &child(number)).await)
        });
        let answers = all(commits).await;
        assert_eq!(
            answers.first(),
            Some(&Committed::Stored),
            "the newest of sixteen concurrent children"
        );
        expect_stored(&**first, &key(), &child(115)).await;
    }

    async fn follow(&self, rows: Vec<Row>) {
        let store = self.open().await;
        for (number, row) in rows.iter().enumerate() {
            row.prepare(&*store, &place(number), LONG).await;
        }
        self.outlive_short().await;
        for (number, row) in rows.iter().enumerate() {
            row.try_on(&*store, &place(number), row.judged(), self.short())
                .await;
        }
    }
}

fn place(number: usize) -> TokenKey {
    TokenKey::of("conformance", "rule.example", &number.to_string())
}

const KEPT: bool = true;
const CLEARED: bool = false;

fn by_hand() -> Vec<(Row, Wanted)> {
    use Committed::{Lost, Missing, Tombstoned};
    use Condition::{LoginIntentOf, Overwrite, ParentIs, UnlessTombstoned};
    use Stored::{Nothing, Record, Tombstone};

    vec![
        // The vendor keeps the refresh token, so only the generation distinguishes parent and
        // child.
        row(Record(3), intended(1, 3), ParentIs(1), (1, 2), Lost, KEPT),
        row(
            Record(3),
            intended(1, 3),
            ParentIs(1),
            (1, 4),
            Committed::Stored,
            CLEARED,
        ),
        row(
            Record(9),
            None,
            ParentIs(1),
            (1, 10),
            Committed::Stored,
            CLEARED,
        ),
        row(Record(LATE), None, ParentIs(1), (1, SAME), Lost, CLEARED),
        row(
            Record(EARLY),
            None,
            ParentIs(1),
            (1, SAME),
            Committed::Stored,
            CLEARED,
        ),
        row(
            Record(u64::MAX - 1),
            None,
            ParentIs(1),
            (2, u64::MAX),
            Committed::Stored,
            CLEARED,
        ),
        // A late repetition is already stored, and leaves the intent of the next refresh.
        row(
            Record(3),
            intended(2, 3),
            ParentIs(7),
            (1, 3),
            Committed::Stored,
            KEPT,
        ),
        row(
            Record(3),
            intended(2, 2),
            ParentIs(7),
            (1, 3),
            Committed::Stored,
            CLEARED,
        ),
        row(Record(4), intended(2, 4), ParentIs(7), (1, 3), Lost, KEPT),
        row(Nothing, intended(1, 1), ParentIs(1), (2, 2), Missing, KEPT),
        // A repair is not older than what it repairs.
        row(Record(3), None, UnlessTombstoned, (2, 2), Lost, CLEARED),
        row(
            Record(3),
            None,
            UnlessTombstoned,
            (2, 4),
            Committed::Stored,
            CLEARED,
        ),
        row(
            Tombstone(3),
            None,
            UnlessTombstoned,
            (2, 4),
            Tombstoned,
            CLEARED,
        ),
        row(
            Record(3),
            intended(1, 3),
            Overwrite,
            (2, 2),
            Committed::Stored,
            KEPT,
        ),
        row(
            Tombstone(3),
            None,
            Overwrite,
            (2, 4),
            Committed::Stored,
            CLEARED,
        ),
        // A login brings a grant back if its intent was written after the logout, which clears
        // intents.
        row(
            Tombstone(3),
            None,
            LoginIntentOf(1),
            (2, 4),
            Tombstoned,
            CLEARED,
        ),
        row(
            Tombstone(3),
            intended(1, 3),
            LoginIntentOf(1),
            (2, 4),
            Committed::Stored,
            CLEARED,
        ),
        row(
            Tombstone(3),
            intended(2, 3),
            LoginIntentOf(1),
            (2, 4),
            Tombstoned,
            KEPT,
        ),
        row(
            Record(3),
            None,
            LoginIntentOf(1),
            (2, 4),
            Committed::Stored,
            CLEARED,
        ),
        row(Record(3), None, LoginIntentOf(1), (2, 3), Lost, CLEARED),
    ]
}

fn intended(by: u8, generation: u64) -> Option<Intended> {
    Some(Intended { by, generation })
}

fn row(
    stored: Stored,
    intent: Option<Intended>,
    condition: Condition,
    (token, generation): (u8, u64),
    answer: Committed,
    intent_stands: bool,
) -> (Row, Wanted) {
    let row = Row {
        stored,
        intent,
        condition,
        new: New { token, generation },
    };
    let wanted = Wanted {
        answer,
        intent_stands,
    };
    (row, wanted)
}
