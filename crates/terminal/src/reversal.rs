//! The reversal the terminal keeps: stored before the sale is sent, dropped on a valid answer, sent after any doubt.
//!
//! Nothing is sent from here; see [`crate::Pos::reversal_due`].

use crate::message::Draft;
use crate::transaction::Kind;

/// After so many sends without an end the terminal gives up; settlement is the last net.
pub const REVERSAL_SENDS_MAX: u8 = 3;

/// Why a transaction is taken back (DE39 of 0400).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReversalReason {
    /// 98: no answer in time.
    NoAnswer,
    /// A0: the MAC of the answer was wrong or missing.
    ReplyMac,
    /// 96: a fault after the approval, such as a chip that did not believe the issuer.
    FaultAfterApproval,
    /// 06: anything else, such as an answer that cannot be read.
    Other,
}

impl ReversalReason {
    /// DE39.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoAnswer => "98",
            Self::ReplyMac => "A0",
            Self::FaultAfterApproval => "96",
            Self::Other => "06",
        }
    }
}

/// A transaction whose reversal was given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unresolved {
    /// What it was.
    pub kind: Kind,
    /// DE11.
    pub stan: u32,
    /// DE60.2.
    pub batch: u32,
    /// Minor units.
    pub amount: u64,
    /// Why it was to be taken back.
    pub reason: ReversalReason,
}

/// What is kept until the outcome of a transaction is beyond doubt.
#[derive(Clone, Debug)]
pub(crate) struct StoredReversal {
    pub(crate) kind: Kind,
    /// The request.
    pub(crate) original: Draft,
    pub(crate) stan: u32,
    pub(crate) batch: u32,
    pub(crate) amount: u64,
    /// DE38 of an approval that came and was not taken.
    pub(crate) approval: Option<String>,
    /// `None` while the transaction may still end well.
    pub(crate) reason: Option<ReversalReason>,
    pub(crate) sends: u8,
}

impl StoredReversal {
    /// The 0400: DE2, 3, 4, 11, 22, 23, 25, 41, 42, 49, 60 and 61 as the original had them (same STAN), DE38 the old
    /// code, DE39 the reason. `None` while there is no reason.
    pub(crate) fn draft(&self) -> Option<Draft> {
        let reason = self.reason?;
        let mut draft = Draft::new("0400");
        for number in [2, 3, 4, 11, 14, 22, 23, 25, 41, 42, 49, 60, 61] {
            draft.same(number, &self.original);
        }
        // The code the original was to follow, unless an answer gave one of its own.
        draft.same(38, &self.original);
        if let Some(approval) = &self.approval {
            draft.text(38, approval);
        }
        draft.text(39, reason.code());
        Some(draft)
    }
}

/// Whether an answer to a reversal ends it: reversed, never approved, or never seen.
pub(crate) fn ends(code: &str) -> bool {
    matches!(code, "00" | "12" | "25")
}
