//! The rows of the tables.

pub mod clients;
pub mod exchange;
pub mod fleet;
pub mod herd;
pub mod instructions;
pub mod memory;
pub mod outage;
pub mod packages;
pub mod pool;
pub mod token;

use std::time::Duration;

use crate::peer::{Entry, Kind};

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    pub quick: bool,
}

impl Effort {
    /// How often each candidate has its turn.
    pub fn rounds(self) -> usize {
        if self.quick { 5 } else { 15 }
    }

    /// How many batches there are in a turn, of which the best counts.
    pub fn batches(self) -> usize {
        if self.quick { 15 } else { 50 }
    }

    /// How many tokens are due at once.
    pub fn fleet(self) -> usize {
        if self.quick { 5_000 } else { 100_000 }
    }

    /// How often a fleet is refreshed of each kind.
    pub fn fleet_rounds(self) -> usize {
        if self.quick { 1 } else { 5 }
    }
}

/// Returns the median.
pub fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Returns the first column of a row.
fn label(entry: &Entry) -> String {
    let about = entry.about;
    match (about.kind, crate::locked::version(about.name)) {
        (Kind::Ours, Some(version)) => format!("**{} {version}**", about.name),
        (Kind::Ours | Kind::OurPool, _) => format!("**{}**", about.name),
        (Kind::Limit, _) => format!("limit: {}", about.name),
        (Kind::ByHand, Some(version)) => format!("{} {version}, by hand", about.name),
        (_, Some(version)) => format!("{} {version}", about.name),
        (_, None) => about.name.to_owned(),
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn the_median_is_the_one_in_the_middle_whatever_the_order() {
        assert_eq!(median(vec![9.0, 1.0, 5.0]), 5.0);
    }
}
