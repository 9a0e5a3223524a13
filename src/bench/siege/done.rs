//! The result of an attack.

/// What an attack did.
#[derive(Debug, Default)]
pub(super) struct Done {
    /// Connections, or requests of floods.
    pub(super) attempts: u64,
    /// Those that were refused or cut off.
    pub(super) refused: u64,
    /// The numbers of the hits that were acknowledged.
    pub(super) acknowledged: Vec<u64>,
    /// Bytes of the requests of those hits.
    pub(super) body_bytes: u64,
}

impl Done {
    pub(super) fn add(&mut self, other: Self) {
        self.attempts += other.attempts;
        self.refused += other.refused;
        self.acknowledged.extend(other.acknowledged);
        self.body_bytes += other.body_bytes;
    }
}
