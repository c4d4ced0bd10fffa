//! The SQL of every operation, with the names put in once.

use crate::places::Places;

#[derive(Debug)]
pub(crate) struct Statements {
    pub(crate) load: String,
    pub(crate) acquire: String,
    pub(crate) renew: String,
    pub(crate) release: String,
    pub(crate) intend: String,
    pub(crate) withdraw: String,
    pub(crate) commit: String,
    pub(crate) tombstone: String,
    pub(crate) version: String,
}

impl Statements {
    pub(crate) fn of(places: &Places) -> Self {
        let named = |sql| places.named_in(sql);
        Self {
            load: named(concat!(
                "SELECT\n",
                include_str!("sql/entry.sql"),
                include_str!("sql/load.sql")
            )),
            acquire: named(concat!(
                include_str!("sql/acquire.sql"),
                include_str!("sql/entry.sql")
            )),
            renew: named(include_str!("sql/renew.sql")),
            release: named(include_str!("sql/release.sql")),
            intend: named(include_str!("sql/intend.sql")),
            withdraw: named(include_str!("sql/withdraw.sql")),
            commit: named(include_str!("sql/commit.sql")),
            tombstone: named(include_str!("sql/tombstone.sql")),
            version: named(include_str!("sql/version.sql")),
        }
    }
}
