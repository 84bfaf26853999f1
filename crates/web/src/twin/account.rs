//! Accounts as they are asked for and told.
//!
//! No holder's name: whose account it is, is the issuer's to know.

use super::ids::AccountText;
use super::money::{Amount, AmountAsked, CurrencyText};
use super::time::Moment;
use crate::problem::Problem;
use machine::account::Account;
use machine::command::{AccountKind, Limits};
use machine::money::{Currency, Money};
use machine::time::{Timestamp, Zone};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A new account.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountAsked {
    /// Its number; without one, a number is made of the idempotency key.
    #[serde(default)]
    pub account: Option<AccountText>,
    /// The one currency it is kept in.
    pub currency: CurrencyText,
    /// The credit line, minor units; without one it is a debit account.
    #[serde(default)]
    pub credit_line: Option<i64>,
    /// Offset from UTC in minutes, east positive; China is 480.
    #[serde(default = "china")]
    pub utc_offset_minutes: i16,
    /// Its limits; a limit that is not named does not limit.
    #[serde(default)]
    pub limits: LimitsTwin,
}

fn china() -> i16 {
    Zone::CHINA.0
}

impl AccountAsked {
    /// What kind of account it is.
    #[must_use]
    pub fn kind(&self) -> AccountKind {
        self.credit_line.map_or(AccountKind::Debit, |line| AccountKind::Credit { line })
    }
}

/// Limits of an account, minor units of its currency; none: no limit.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LimitsTwin {
    /// Of one transaction.
    #[serde(default)]
    pub single: Option<i64>,
    /// Of one local day.
    #[serde(default)]
    pub daily: Option<i64>,
    /// Of one local month.
    #[serde(default)]
    pub monthly: Option<i64>,
    /// Approved transactions of one local day.
    #[serde(default)]
    pub daily_count: Option<u32>,
}

impl From<LimitsTwin> for Limits {
    fn from(twin: LimitsTwin) -> Limits {
        Limits {
            single: twin.single.unwrap_or(i64::MAX),
            daily: twin.daily.unwrap_or(i64::MAX),
            monthly: twin.monthly.unwrap_or(i64::MAX),
            daily_count: twin.daily_count.unwrap_or(u32::MAX),
        }
    }
}

impl From<&Limits> for LimitsTwin {
    fn from(limits: &Limits) -> LimitsTwin {
        let money = |minor| (minor != i64::MAX).then_some(minor);
        LimitsTwin {
            single: money(limits.single),
            daily: money(limits.daily),
            monthly: money(limits.monthly),
            daily_count: (limits.daily_count != u32::MAX).then_some(limits.daily_count),
        }
    }
}

/// Money from outside.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FundAsked {
    /// How much; greater than zero.
    pub amount: AmountAsked,
}

/// Another offset from UTC.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ZoneAsked {
    /// Minutes, east positive, -1080 to 1080.
    pub utc_offset_minutes: i16,
}

/// Checks an offset that came as a number.
///
/// # Errors
/// If it is further than the machine takes.
pub fn zone(minutes: i16) -> Result<Zone, Problem> {
    match minutes.unsigned_abs() <= Zone::MINUTES_MAX.unsigned_abs() {
        true => Ok(Zone(minutes)),
        false => Err(Problem::field("utc_offset_minutes", "is out of its range: -1080 to 1080")),
    }
}

/// What kind of account.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccountKindWord {
    /// The holder's own money.
    Debit,
    /// With a credit line.
    Credit,
}

/// An account.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Account")]
pub struct AccountTold {
    /// Its number.
    pub id: AccountText,
    /// Debit or credit.
    pub kind: AccountKindWord,
    /// The credit line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credit_line: Option<Amount>,
    /// The one currency it is kept in.
    pub currency: CurrencyText,
    /// Offset from UTC in minutes, east positive.
    pub utc_offset_minutes: i16,
    /// Whether it was closed.
    pub closed: bool,
    /// The holder's own money; negative when owing.
    pub balance: Amount,
    /// Held for pre-authorizations.
    pub held: Amount,
    /// What can be spent.
    pub available: Amount,
    /// Its limits.
    pub limits: LimitsTwin,
    /// What of the limits is used.
    pub used: UsedTold,
    /// Open holds, oldest first.
    pub holds: Vec<HoldTold>,
    /// Whether a freeze is in force on the whole account.
    pub frozen: bool,
}

/// What of the limits is used, in the account's own calendar.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Used")]
pub struct UsedTold {
    /// Today.
    pub day: Amount,
    /// Number of payments today.
    pub day_count: u32,
    /// This month.
    pub month: Amount,
}

/// Money held for a pre-authorization.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Hold")]
pub struct HoldTold {
    /// The decision that placed it.
    pub id: super::ids::DecisionText,
    /// As approved.
    pub amount: Amount,
    /// Still held.
    pub open: Amount,
    /// Captured so far.
    pub captured: Amount,
    /// When it ends by itself.
    pub expires_at: Moment,
}

/// Tells an account as it stands at `at`.
#[must_use]
pub fn tell(account: &Account, at: Timestamp) -> AccountTold {
    let currency: Currency = account.currency;
    let money = |minor| Amount::from(Money::new(minor, currency));
    let usage = account.usage.on(&account.zone.local(at));
    let (kind, credit_line) = match account.kind {
        AccountKind::Debit => (AccountKindWord::Debit, None),
        AccountKind::Credit { line } => (AccountKindWord::Credit, Some(money(line))),
    };
    let available = account.available(at);
    AccountTold {
        id: AccountText(account.id),
        kind,
        credit_line,
        currency: CurrencyText(currency),
        utc_offset_minutes: account.zone.0,
        closed: account.closed,
        balance: money(account.balance),
        held: money(account.balance.saturating_add(account.line()).saturating_sub(available)),
        available: money(available),
        limits: LimitsTwin::from(&account.limits),
        used: UsedTold {
            day: money(usage.day_amount),
            day_count: usage.day_count,
            month: money(usage.month_amount),
        },
        holds: account
            .holds
            .iter()
            .filter(|hold| hold.expires_at > at)
            .map(|hold| HoldTold {
                id: super::ids::DecisionText(hold.number),
                amount: money(hold.amount),
                open: money(hold.open),
                captured: money(hold.captured),
                expires_at: Moment(hold.expires_at),
            })
            .collect(),
        frozen: !account.freezes.is_empty(),
    }
}
