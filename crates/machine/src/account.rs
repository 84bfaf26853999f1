//! Accounts and the cards on them.
//!
//! Plain records: what changes them lives in `apply`.

use crate::command::{AccountKind, CardStanding, Limits, PinReference, Switches};
use crate::ids::{AccountId, ApprovalCode, CardId, FreezeId, TransactionId};
use crate::ledger::Book;
use crate::money::Currency;
use crate::policy::Policy;
use crate::time::{Expiry, Local, Timestamp, Zone};
use borsh::{BorshDeserialize, BorshSerialize};

/// Most open holds of one account.
pub const HOLDS_MAX: usize = 256;
/// Most active freezes of one account, card, terminal or merchant.
pub const FREEZES_MAX: usize = 32;
/// Recent attempts a card remembers.
pub const ATTEMPTS_KEPT: usize = 8;

/// An account.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Account {
    /// Its number.
    pub id: AccountId,
    /// Debit or credit.
    pub kind: AccountKind,
    /// The currency it is kept in.
    pub currency: Currency,
    /// Its calendar.
    pub zone: Zone,
    /// Closed accounts take no new debits.
    pub closed: bool,
    /// Its limits.
    pub limits: Limits,
    /// The holder's own money, minor units; negative when owing.
    pub balance: i64,
    /// The sum of the open holds, minor units.
    pub held: i64,
    /// What of the limits is used.
    pub usage: Usage,
    /// Open holds, oldest first.
    pub holds: Vec<Hold>,
    /// Freezes in force on the whole account.
    pub freezes: Vec<FreezeId>,
    /// Its cards, by slot, oldest first.
    pub cards: Vec<u32>,
}

impl Account {
    /// The credit line, zero of a debit account.
    #[must_use]
    pub const fn line(&self) -> i64 {
        match self.kind {
            AccountKind::Debit => 0,
            AccountKind::Credit { line } => line,
        }
    }

    /// What can be spent at `at`: holds that ran out no longer count.
    #[must_use]
    pub fn available(&self, at: Timestamp) -> i64 {
        let ran_out: i64 = self.holds.iter().filter(|hold| hold.expires_at <= at).map(|hold| hold.open).sum();
        self.balance.saturating_add(self.line()).saturating_sub(self.held - ran_out)
    }
}

/// What of the limits is used, in the account's own calendar.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, BorshSerialize, BorshDeserialize)]
pub struct Usage {
    /// The local day counted, days since 1970-01-01.
    pub day: i64,
    /// Approved on that day, minor units.
    pub day_amount: i64,
    /// Approved on that day.
    pub day_count: u32,
    /// The local month counted.
    pub month: i64,
    /// Approved in that month, minor units.
    pub month_amount: i64,
}

impl Usage {
    /// The usage as of `local`: a new day or month begins at nothing. A clock that fell back counts on.
    #[must_use]
    pub fn on(mut self, local: &Local) -> Usage {
        if local.day > self.day {
            self.day = local.day;
            self.day_amount = 0;
            self.day_count = 0;
        }
        if local.month_number() > self.month {
            self.month = local.month_number();
            self.month_amount = 0;
        }
        self
    }
}

/// Money held for a pre-authorization.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Hold {
    /// The transaction that placed it.
    pub number: TransactionId,
    /// Its approval code.
    pub approval: ApprovalCode,
    /// Slot of the card.
    pub card: u32,
    /// Who is paid when it is captured.
    pub payee: Book,
    /// As approved, minor units.
    pub amount: i64,
    /// Still held, minor units.
    pub open: i64,
    /// Captured so far, minor units.
    pub captured: i64,
    /// When it ends by itself.
    pub expires_at: Timestamp,
}

/// A card.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Card {
    /// The keyed hash of its number.
    pub id: CardId,
    /// Slot of its account.
    pub account: u32,
    /// The last four digits, ASCII.
    pub last4: [u8; 4],
    /// The last month it is good in.
    pub expiry: Expiry,
    /// What it is good for.
    pub standing: CardStanding,
    /// Whether it has a chip.
    pub chip: bool,
    /// How its PIN is verified.
    pub pin: Option<PinReference>,
    /// Ways of use switched on and off.
    pub switches: Switches,
    /// Wrong PINs in a row.
    pub tries: u8,
    /// Fallbacks in a row.
    pub fallbacks: u8,
    /// The highest chip counter seen.
    pub counter: Option<u16>,
    /// Recent attempts, newest first, in seconds since 1970; zero: none.
    pub attempts: [u32; ATTEMPTS_KEPT],
    /// Recent refusals for being too frequent, newest first, likewise.
    pub refusals: [u32; ATTEMPTS_KEPT],
    /// Hits of limits in the current window.
    pub hits: Hits,
    /// Freezes in force on the card or its PIN.
    pub freezes: Vec<FreezeId>,
}

/// Hits of limits, counted in a window that begins with the first.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, BorshSerialize, BorshDeserialize)]
pub struct Hits {
    /// When the window began.
    pub since: Timestamp,
    /// How many.
    pub count: u8,
    /// The cool-down they led to ends then.
    pub cool_until: Timestamp,
}

impl Hits {
    /// Counts one more; enough of them within the policy's window lead to a cool-down.
    pub fn count_one(&mut self, at: Timestamp, policy: &Policy) {
        if self.count == 0 || at.since(self.since) > policy.cool_window_ms {
            self.since = at;
            self.count = 0;
        }
        self.count = self.count.saturating_add(1);
        if policy.cool_hits_max > 0 && self.count >= policy.cool_hits_max {
            self.count = 0;
            self.cool_until = at.plus(policy.cool_ms);
        }
    }
}

/// How many of the `recent` times lie within `ms` before `at`.
#[must_use]
pub fn within(recent: &[u32; ATTEMPTS_KEPT], at: Timestamp, ms: i64) -> u8 {
    let after = at.0.saturating_sub(ms);
    recent.iter().filter(|&&second| second != 0 && i64::from(second) * 1000 > after).count() as u8
}

/// Puts `at` in front of the `recent` times.
pub fn remember(recent: &mut [u32; ATTEMPTS_KEPT], at: Timestamp) {
    recent.rotate_right(1);
    recent[0] = u32::try_from(at.0 / 1000).unwrap_or(u32::MAX);
}
