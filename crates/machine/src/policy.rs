//! The bank's policy: figures a bank sets, journalled like any command.
//!
//! No behaviour here: what a figure means is said beside it and done in `apply`.

use crate::cause::Cause;
use crate::freeze::{Exit, Owner, Reach};
use crate::money::Currency;
use crate::time::{DAY_MS, HOUR_MS, MINUTE_MS};
use borsh::{BorshDeserialize, BorshSerialize};

/// Figures a bank sets. Times in milliseconds, money in minor units.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Policy {
    /// Home country, ISO 3166-1 numeric: elsewhere is abroad.
    pub home_country: u16,
    /// What our terminals take and settle in.
    pub currency: Currency,
    /// Wrong PINs until the PIN is frozen, 1 to 15.
    pub pin_tries_max: u8,
    /// Contactless and code payments up to this need no PIN.
    pub no_pin_max: i64,
    /// First hour of the night, local, 0 to 23.
    pub night_from_hour: u8,
    /// First hour of the day, local, 0 to 23.
    pub night_to_hour: u8,
    /// Attempts of one card within `burst_ms` that are too frequent, 2 to 8.
    pub burst_max: u8,
    /// The short time of `burst_max`.
    pub burst_ms: i64,
    /// Refusals for being too frequent within `burst_ms` that look like card testing, 1 to 8.
    pub testing_max: u8,
    /// Hits of a limit within `cool_window_ms` that lead to a cool-down, 2 to 255; 0: never.
    pub cool_hits_max: u8,
    /// The time of `cool_hits_max`.
    pub cool_window_ms: i64,
    /// How long a cool-down lasts.
    pub cool_ms: i64,
    /// Fallbacks of a chip card in a row until they are refused, 0 to 255.
    pub fallbacks_max: u8,
    /// How long a pre-authorization holds.
    pub hold_ms: i64,
    /// A completion may exceed its hold by so many percent, 0 to 100 (15 at UnionPay).
    pub completion_over_percent: u8,
    /// How long an answer is remembered for repeats, voids and refunds.
    pub remember_ms: i64,
    /// At most so many transactions are remembered, 1,000 or more.
    pub remember_max: u32,
    /// Key and MAC errors of a terminal within `fault_ms` until it is quarantined, 2 to 255.
    pub fault_max: u8,
    /// The time of `fault_max`.
    pub fault_ms: i64,
}

impl Policy {
    /// The shipped policy, and the one every journal begins under: it never changes within a format; another
    /// one is a command.
    pub const DEFAULT: Policy = Policy {
        home_country: 156,
        currency: Currency::CNY,
        pin_tries_max: 3,
        no_pin_max: 100_000,
        night_from_hour: 23,
        night_to_hour: 6,
        burst_max: 6,
        burst_ms: MINUTE_MS,
        testing_max: 4,
        cool_hits_max: 6,
        cool_window_ms: HOUR_MS,
        cool_ms: 15 * MINUTE_MS,
        fallbacks_max: 3,
        hold_ms: 30 * DAY_MS,
        completion_over_percent: 15,
        remember_ms: 35 * DAY_MS,
        remember_max: 1_000_000,
        fault_max: 10,
        fault_ms: 10 * MINUTE_MS,
    };

    /// Whether every figure is in its range.
    #[must_use]
    pub fn sound(&self) -> bool {
        self.home_country <= 999
            && self.currency.0 <= 999
            && (1..=15).contains(&self.pin_tries_max)
            && self.no_pin_max >= 0
            && self.night_from_hour < 24
            && self.night_to_hour < 24
            && (2..=8).contains(&self.burst_max)
            && (1..=8).contains(&self.testing_max)
            && self.burst_ms > 0
            && self.cool_hits_max != 1
            && self.cool_window_ms > 0
            && self.cool_ms > 0
            && self.hold_ms > 0
            && self.completion_over_percent <= 100
            && self.remember_ms >= HOUR_MS
            && self.remember_max >= 1000
            && self.fault_max >= 2
            && self.fault_ms > 0
    }
}

/// What a freeze is by default, by its cause.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FreezePlan {
    /// How far.
    pub reach: Reach,
    /// The way out.
    pub exit: Exit,
    /// Runs out after; none: never by itself.
    pub expires_ms: Option<i64>,
    /// Who acts next.
    pub owner: Owner,
    /// Within what time.
    pub next_ms: i64,
}

/// The default freeze for a cause (DESIGN of the product, table of freezes); none: this cause freezes nothing.
#[must_use]
pub const fn plan(cause: Cause) -> Option<FreezePlan> {
    let day = DAY_MS;
    Some(match cause {
        Cause::PinTriesExceeded => plan_of(Reach::PinUse, Exit::HolderConfirms, None, Owner::Holder, 7 * day),
        Cause::CardTesting | Cause::TooFrequent => {
            plan_of(Reach::NewDebits, Exit::HolderConfirms, Some(3 * day), Owner::Holder, day)
        }
        Cause::CryptogramFailed | Cause::CounterReplayed => {
            plan_of(Reach::All, Exit::Replacement, None, Owner::Service, day)
        }
        Cause::OddTime
        | Cause::OddPlace
        | Cause::ImpossibleTravel
        | Cause::OddAddress
        | Cause::StepUpNeeded => plan_of(Reach::NewDebits, Exit::Replacement, None, Owner::Holder, day),
        Cause::FraudScore | Cause::RuleRefused | Cause::FrozenByRisk => {
            plan_of(Reach::NewDebits, Exit::Review { approvers: 2 }, None, Owner::Risk, day)
        }
        Cause::CardLost | Cause::CardStolen => {
            plan_of(Reach::All, Exit::Replacement, None, Owner::Holder, 7 * day)
        }
        Cause::FrozenByHolder => plan_of(Reach::NewDebits, Exit::HolderLifts, None, Owner::Holder, 30 * day),
        Cause::FrozenByBank => {
            plan_of(Reach::NewDebits, Exit::Review { approvers: 1 }, None, Owner::Service, 3 * day)
        }
        Cause::FrozenByAuthority | Cause::FrozenForLaundering => {
            plan_of(Reach::All, Exit::AuthorityOnly, None, Owner::Legal, 30 * day)
        }
        Cause::MacError | Cause::PinFormatError | Cause::TerminalFrozen | Cause::TerminalFault => {
            plan_of(Reach::All, Exit::SignIn, None, Owner::Operations, HOUR_MS)
        }
        Cause::MerchantFrozen => {
            plan_of(Reach::NewDebits, Exit::Review { approvers: 1 }, None, Owner::Operations, 3 * day)
        }
        Cause::FormatError
        | Cause::DuplicateMismatch
        | Cause::ReversedBefore
        | Cause::TooLate
        | Cause::OriginalUnknown
        | Cause::OriginalMismatch
        | Cause::OriginalSpent
        | Cause::AmountOverOriginal
        | Cause::AmountInvalid
        | Cause::NotSupported
        | Cause::CurrencyMismatch
        | Cause::MerchantUnknown
        | Cause::TerminalUnknown
        | Cause::TerminalNotSignedIn
        | Cause::SecurityModuleDown
        | Cause::HostMaintenance
        | Cause::HostOverloaded
        | Cause::StorageFailed
        | Cause::NetworkDown
        | Cause::IssuerDown
        | Cause::IssuerSilent
        | Cause::CardUnknown
        | Cause::IssuerUnknown
        | Cause::CardInactive
        | Cause::CardReplaced
        | Cause::CardExpired
        | Cause::FallbackRefused
        | Cause::CardUnreadable
        | Cause::AccountClosed
        | Cause::WrongPin
        | Cause::PinMissing
        | Cause::VerificationFailed
        | Cause::ChannelOff
        | Cause::CountryOff
        | Cause::NightOff
        | Cause::CategoryOff
        | Cause::SingleLimit
        | Cause::DailyLimit
        | Cause::MonthlyLimit
        | Cause::DailyCount
        | Cause::CoolingDown
        | Cause::InsufficientFunds => return None,
    })
}

const fn plan_of(
    reach: Reach,
    exit: Exit,
    expires_ms: Option<i64>,
    owner: Owner,
    next_ms: i64,
) -> FreezePlan {
    FreezePlan { reach, exit, expires_ms, owner, next_ms }
}
