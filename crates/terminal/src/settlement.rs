//! Settlement as the terminal runs it: totals out, verdict in, details where it was unequal, an end message, a new batch.
//!
//! No transaction is made here. Chip transactions are listed in the same groups as the others: field terminals send
//! them one by one with their chip data, which this one does not.

use crate::batch::{BatchTotals, LogEntry};
use crate::transaction::Side;

/// Transactions in one 0320 (DE48 holds 2 + 8 x 40 digits).
pub(crate) const DETAILS_MAX: usize = 8;

/// What the host said of one side (domestic or foreign cards).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SideVerdict {
    /// 1.
    Equal,
    /// 2.
    Unequal,
    /// 3.
    Error,
}

impl SideVerdict {
    fn of(digit: &str) -> Option<Self> {
        match digit {
            "1" => Some(Self::Equal),
            "2" => Some(Self::Unequal),
            "3" => Some(Self::Error),
            _ => None,
        }
    }
}

/// What the host said of the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Domestic cards.
    pub domestic: SideVerdict,
    /// Foreign cards.
    pub foreign: SideVerdict,
}

impl Verdict {
    /// Whether both sides agree.
    pub fn is_equal(self) -> bool {
        self.domestic == SideVerdict::Equal && self.foreign == SideVerdict::Equal
    }

    /// The verdict in DE48 of 0510: digit 31 of each side's 31.
    pub(crate) fn read(field: &str) -> Option<Self> {
        if field.len() != 62 {
            return None;
        }
        let domestic = SideVerdict::of(field.get(30..31)?)?;
        let foreign = SideVerdict::of(field.get(61..62)?)?;
        Some(Self { domestic, foreign })
    }
}

/// DE48 of 0500: per side debit amount n12 and count n3, credit amount n12 and count n3, result 0.
pub(crate) fn totals_field(domestic: BatchTotals, foreign: BatchTotals) -> String {
    let side = |totals: BatchTotals| {
        format!(
            "{:012}{:03}{:012}{:03}0",
            totals.debit_amount, totals.debit_count, totals.credit_amount, totals.credit_count
        )
    };
    side(domestic) + &side(foreign)
}

/// One 0320 of the upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Upload {
    /// DE48: number n2, then for each: side n2 (00 domestic, 01 foreign), STAN n6, card number n20, amount n12.
    Details(zeroize::Zeroizing<String>),
    /// DE48: number of all n4; DE60.3 = 207 after equal totals, 202 otherwise.
    End { count: usize, equal: bool },
}

/// A settlement under way.
#[derive(Clone, Debug)]
pub(crate) struct Settlement {
    waiting: std::collections::VecDeque<Upload>,
}

impl Settlement {
    /// What is to be uploaded after the verdict.
    pub(crate) fn after(verdict: Verdict, entries: &[LogEntry], end_when_equal: bool) -> Self {
        let listed: Vec<&LogEntry> = entries
            .iter()
            .filter(|entry| entry.kind.side() != Side::Neither)
            .filter(|entry| {
                let side = if entry.is_foreign() { verdict.foreign } else { verdict.domestic };
                side != SideVerdict::Equal
            })
            .collect();
        let mut waiting: std::collections::VecDeque<Upload> =
            listed.chunks(DETAILS_MAX).map(|group| Upload::Details(details(group))).collect();
        let equal = verdict.is_equal();
        if !equal || end_when_equal {
            waiting.push_back(Upload::End { count: listed.len(), equal });
        }
        Self { waiting }
    }

    pub(crate) fn next(&self) -> Option<&Upload> {
        self.waiting.front()
    }

    /// The one in front was accepted.
    pub(crate) fn accepted(&mut self) {
        self.waiting.pop_front();
    }
}

fn details(group: &[&LogEntry]) -> zeroize::Zeroizing<String> {
    let mut field = zeroize::Zeroizing::new(format!("{:02}", group.len()));
    for entry in group {
        let side = if entry.is_foreign() { "01" } else { "00" };
        field.push_str(&format!("{side}{:06}{:0>20}{:012}", entry.stan, entry.pan.expose(), entry.amount));
    }
    field
}
