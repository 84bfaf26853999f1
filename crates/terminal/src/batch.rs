//! The terminal's own books of a batch: what was done, how it counts, what a follow-up must name.
//!
//! The host keeps its own; that both agree is what settlement is for. Nothing is sent from here.

use cardcrypto::Pan;

use crate::card::Entry;
use crate::moment::LocalTime;
use crate::transaction::{Kind, Side};

/// Totals of one side (domestic or foreign cards) of a batch (DE48 of 0500).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BatchTotals {
    /// Sales and completions, minor units.
    pub debit_amount: u64,
    /// Their number.
    pub debit_count: u32,
    /// Voids, cancelled completions and refunds, minor units.
    pub credit_amount: u64,
    /// Their number.
    pub credit_count: u32,
}

impl BatchTotals {
    fn count(&mut self, side: Side, amount: u64) {
        match side {
            Side::Debit => {
                self.debit_amount += amount;
                self.debit_count += 1;
            }
            Side::Credit => {
                self.credit_amount += amount;
                self.credit_count += 1;
            }
            Side::Neither => {}
        }
    }
}

/// A slip that has to be signed on paper, because its signature could not be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaperSlip {
    /// DE60.2.
    pub batch: u32,
    /// DE11.
    pub stan: u32,
}

/// What became of a transaction of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// It stands.
    Stands,
    /// Taken back by a void, a cancel, or completed, by the transaction of this STAN.
    FollowedBy(u32),
}

/// One approved transaction, as the terminal remembers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// What it was.
    pub kind: Kind,
    /// DE11.
    pub stan: u32,
    /// DE60.2.
    pub batch: u32,
    /// Minor units; what was approved, not what was asked for.
    pub amount: u64,
    /// The card. Shown masked.
    pub pan: Pan,
    /// How the card got in.
    pub entry: Entry,
    /// DE14.
    pub expiry: String,
    /// DE23.
    pub sequence: u8,
    /// Whether the PIN was entered.
    pub pin: bool,
    /// DE38.
    pub approval: Option<String>,
    /// DE37.
    pub rrn: Option<String>,
    /// Date `MMDD` (DE13 of the answer, else the terminal's own).
    pub date: String,
    /// Time `hhmmss` (DE12 of the answer, else the terminal's own).
    pub time: String,
    /// The terminal's clock at the act.
    pub at: LocalTime,
    /// DE15, `MMDD`.
    pub settlement_date: Option<String>,
    /// DE44: issuer and acquirer.
    pub institutions: Option<String>,
    /// DE63.1: `CUP`, `VIS`, ...
    pub organisation: Option<String>,
    /// DE55 as it was sent.
    pub chip_data: Option<Vec<u8>>,
    /// What became of it.
    pub settled: Settled,
}

impl LogEntry {
    /// Whether the card counts on the foreign side: the answer named an organisation that is not China UnionPay.
    pub fn is_foreign(&self) -> bool {
        self.organisation
            .as_deref()
            .is_some_and(|name| !name.trim().is_empty() && name != "CUP" && name != "000")
    }

    /// What a follow-up must name.
    pub fn original(&self) -> Original {
        Original {
            batch: self.batch,
            stan: self.stan,
            date: self.date.clone(),
            rrn: self.rrn.clone(),
            approval: self.approval.clone(),
            amount: self.amount,
        }
    }
}

/// An earlier transaction, as a slip of paper names it: enough to void, refund, complete or cancel it, from another
/// batch, too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Original {
    /// DE60.2 of then.
    pub batch: u32,
    /// DE11 of then.
    pub stan: u32,
    /// `MMDD`.
    pub date: String,
    /// DE37 of the answer.
    pub rrn: Option<String>,
    /// DE38 of the answer.
    pub approval: Option<String>,
    /// Minor units.
    pub amount: u64,
}

impl Original {
    /// DE61.
    pub(crate) fn field_61(&self) -> String {
        format!("{:06}{:06}{}", self.batch, self.stan, self.date)
    }
}

/// The log of one batch.
#[derive(Clone, Debug, Default)]
pub(crate) struct BatchLog {
    entries: Vec<LogEntry>,
}

impl BatchLog {
    pub(crate) fn entries(&self) -> &[LogEntry] {
        &self.entries
    }

    pub(crate) fn find(&self, stan: u32) -> Option<&LogEntry> {
        self.entries.iter().find(|entry| entry.stan == stan)
    }

    /// Appends an approved transaction, and marks the one it follows.
    pub(crate) fn push(&mut self, entry: LogEntry, follows: Option<(u32, u32)>) {
        if let Some((batch, stan)) = follows
            && let Some(original) =
                self.entries.iter_mut().find(|other| other.batch == batch && other.stan == stan)
        {
            original.settled = Settled::FollowedBy(entry.stan);
        }
        self.entries.push(entry);
    }

    /// Totals of domestic and of foreign cards.
    pub(crate) fn totals(&self) -> (BatchTotals, BatchTotals) {
        let mut sides = (BatchTotals::default(), BatchTotals::default());
        for entry in &self.entries {
            let side = if entry.is_foreign() { &mut sides.1 } else { &mut sides.0 };
            side.count(entry.kind.side(), entry.amount);
        }
        sides
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
    }
}
