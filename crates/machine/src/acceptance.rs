//! Where cards are accepted: merchants and terminals, and how they stand.
//!
//! Plain records: what changes them lives in `apply`.

use crate::command::BatchTotals;
use crate::ids::{Acceptor, FreezeId, MerchantId};
use crate::time::Timestamp;
use borsh::{BorshDeserialize, BorshSerialize};

/// Totals of so many batches are kept for each terminal.
pub const BATCHES_KEPT: usize = 4;
/// Batch numbers have six digits.
pub const BATCH_MAX: u32 = 999_999;
/// Longest name of a merchant, bytes of UTF-8.
pub const MERCHANT_NAME_BYTES_MAX: usize = 40;

/// A merchant.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Merchant {
    /// DE42.
    pub id: MerchantId,
    /// Name as printed.
    pub name: String,
    /// Merchant category code, ISO 18245.
    pub mcc: u16,
    /// ISO 3166-1 numeric.
    pub country: u16,
    /// Freezes in force on it.
    pub freezes: Vec<FreezeId>,
}

/// A terminal.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Terminal {
    /// DE42 and DE41.
    pub id: Acceptor,
    /// Slot of its merchant.
    pub merchant: u32,
    /// Whether and how it is signed in.
    pub standing: TerminalStanding,
    /// Working keys given out so far.
    pub generation: u32,
    /// Its current batch.
    pub batch: u32,
    /// Recent batches, oldest first.
    pub batches: Vec<Batch>,
    /// Key and MAC errors in the current window.
    pub faults: u8,
    /// When that window began.
    pub faults_since: Timestamp,
    /// Freezes in force on it.
    pub freezes: Vec<FreezeId>,
}

impl Terminal {
    /// Whether batch `number` is closed: kept as such, or so long past that it is not kept any more.
    #[must_use]
    pub fn has_closed(&self, number: u32) -> bool {
        match self.batches.iter().find(|batch| batch.number == number) {
            Some(batch) => batch.closed,
            None => {
                // Numbers run from 1 to 999,999 and begin again: half of them lie behind the current one.
                let behind = (i64::from(self.batch) - i64::from(number)).rem_euclid(i64::from(BATCH_MAX));
                (1..=i64::from(BATCH_MAX) / 2).contains(&behind)
            }
        }
    }
}

/// A batch of a terminal.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, BorshSerialize, BorshDeserialize)]
pub struct Batch {
    /// Its number.
    pub number: u32,
    /// What the host counted.
    pub totals: BatchTotals,
    /// When it was compared, and whether it agreed.
    pub compared: Option<(Timestamp, bool)>,
    /// Closed: agreed, or uploaded. Its money is settled.
    pub closed: bool,
}

/// Whether a terminal is signed in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum TerminalStanding {
    /// Enrolled, or signed out.
    Out,
    /// Signed in.
    In {
        /// Since when.
        since: Timestamp,
    },
}
