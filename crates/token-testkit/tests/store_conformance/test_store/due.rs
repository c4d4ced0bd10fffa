//! What is due, in pages.

use token_core::store::{Due, DueCursor, DuePage, Record, StoreError};
use token_core::{Timestamp, TokenKey};

use super::{Flaw, Place, Slot};

impl Place {
    pub(super) fn page(
        &self,
        before: Timestamp,
        limit: usize,
        after: Option<&DueCursor>,
    ) -> Result<DuePage, StoreError> {
        if self.has(Flaw::DueIsUnsupported) || self.has(Flaw::DueIsNoLongerSupported) {
            return Err(StoreError::unsupported("this store lists nothing"));
        }
        let is_due = |due: &Due| {
            due.due_at < before || (due.due_at == before && self.has(Flaw::DueIncludesTheInstant))
        };
        let mut due: Vec<_> = self.listed().into_iter().filter(is_due).collect();
        match self.flaw {
            Flaw::DueIsUnordered => {}
            Flaw::DueOrdersByTimeOnly => due.sort_by_key(|due| due.due_at),
            _ => due.sort_by_key(Due::cursor),
        }
        if self.has(Flaw::DueCountsWhatIsLeft) {
            return Ok(self.counted(due, limit, after));
        }
        if let Some(after) = after {
            let repeats = self.has(Flaw::DueRepeatsTheCursor);
            due.retain(|due| due.cursor() > *after || (due.cursor() == *after && repeats));
        }
        match self.flaw {
            Flaw::DueIgnoresTheLimit => Ok(DuePage::new(due, None)),
            Flaw::DueEndsAfterAPage => {
                due.truncate(limit);
                Ok(DuePage::new(due, None))
            }
            _ => {
                due.truncate(limit);
                Ok(DuePage::of_at_most(limit, due))
            }
        }
    }

    /// Begins where the last page ended by count, as `OFFSET` does.
    fn counted(&self, due: Vec<Due>, limit: usize, after: Option<&DueCursor>) -> DuePage {
        let seen: usize = after.map_or(0, |after| after.key().parse().unwrap_or(0));
        let page: Vec<_> = due.into_iter().skip(seen).take(limit).collect();
        let next = (page.len() == limit && limit > 0)
            .then(|| DueCursor::new(Timestamp::MIN, &(seen + limit).to_string()));
        DuePage::new(page, next)
    }

    fn listed(&self) -> Vec<Due> {
        let slots = self.slots();
        let mut listed: Vec<_> = slots
            .by_key
            .iter()
            .filter_map(|(name, slot)| self.listed_as(name, slot))
            .collect();
        // In an order that does not depend on the hash of the map.
        listed.sort_by(|one, other| other.key.cmp(&one.key));
        listed
    }

    fn listed_as(&self, name: &str, slot: &Slot) -> Option<Due> {
        let removed = slot.removed.as_ref();
        let removed = removed.filter(|_| self.has(Flaw::DueListsTheTombstoned));
        let record = slot.record.as_ref().or(removed)?;
        let key = match self.flaw {
            Flaw::DueLowersKeys => name.to_lowercase(),
            _ => name.to_owned(),
        };
        let key = TokenKey::parse(&key).unwrap();
        let due_at = self.due_at(slot, record)?;
        Some(match self.flaw {
            Flaw::DueForgetsTheEndOfTheGrant => Due::new(key, due_at),
            _ => Due::new(key, due_at).grant_ends_at(record.grant_ends_at),
        })
    }

    fn due_at(&self, slot: &Slot, record: &Record) -> Option<Timestamp> {
        match self.flaw {
            Flaw::DueWithoutATimeIsDue => Some(record.due_at.unwrap_or(Timestamp::MIN)),
            Flaw::DueKeepsTheFirstTime => slot.first_due_at.or(record.due_at),
            _ => record.due_at,
        }
    }
}
