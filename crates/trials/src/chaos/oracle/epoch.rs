//! The lifetime of one grant.

/// What the vendor did for one grant.
#[derive(Debug, Default)]
pub(super) struct Epoch {
    /// The vendor's number of the grant.
    pub(super) grant: Option<usize>,
    /// The generation that the grant began with.
    pub(super) first: u64,
    /// The places in the journal of the tokens that the vendor issued.
    pub(super) issued: Vec<usize>,
    /// How many of these had been read at the end of the last round.
    pub(super) explained: usize,
    /// How many of these were never received.
    pub(super) unheard: u64,
    /// When the newest was issued.
    pub(super) newest_at_ms: i64,
    pub(super) refused: u64,
}

impl Epoch {
    pub(super) fn new(grant: Option<usize>, first: u64) -> Self {
        Self {
            grant,
            first,
            ..Self::default()
        }
    }

    pub(super) fn issue(&mut self, place: usize, at_ms: i64) {
        self.issued.push(place);
        self.newest_at_ms = at_ms;
    }

    /// Returns the places of those issued since the last round.
    pub(super) fn since_last_round(&self) -> &[usize] {
        self.issued.get(self.explained..).unwrap_or_default()
    }
}
