//! A decision or freeze with all that is needed to explain it, gathered in one look at the machine.
//!
//! Gathering copies a few records and is short; telling is done outside of the look.

use machine::Machine;
use machine::cause::Cause;
use machine::command::{Authorize, Command, Entry, Follow, Original, Place, Purpose, Reverse};
use machine::explain::{Quantity, Slots, Works};
use machine::freeze::{Freeze, Reach, Scope};
use machine::ids::{AccountId, CardId, TransactionId};
use machine::money::{Currency, Money};
use machine::outcome::{Answer, Outcome, Verdict};
use machine::time::{DAY_MS, HOUR_MS, Timestamp, Zone};
use machine::transaction::{State, Transaction};

/// A decision, as events and the machine's memory have it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Row {
    /// The stored answer.
    pub answer: Answer,
    /// What was asked.
    pub purpose: Purpose,
    /// On which card, where one was named.
    pub card: Option<CardId>,
    /// How the card came in.
    pub entry: Entry,
    /// Where, where it was said.
    pub place: Option<Place>,
}

impl Row {
    /// Of a remembered transaction.
    #[must_use]
    pub fn of(transaction: &Transaction) -> Row {
        let Transaction { answer, purpose, card, entry, place, .. } = *transaction;
        Row { answer, purpose, card, entry, place }
    }

    /// Of a command and its outcome; none where nothing was decided, or it had been decided before.
    #[must_use]
    pub fn of_event(command: &Command, outcome: &Outcome) -> Option<Row> {
        let answer = match outcome {
            Outcome::Decided(answer) => *answer,
            Outcome::Noted { .. }
            | Outcome::Repeated(_)
            | Outcome::Done
            | Outcome::SignedIn { .. }
            | Outcome::Settled { .. }
            | Outcome::Frozen(_)
            | Outcome::Lifted(_)
            | Outcome::LiftApproved { .. }
            | Outcome::Swept { .. }
            | Outcome::Refused(_) => return None,
        };
        Row::asked(command, answer)
    }

    /// What `command` asked, answered so.
    #[must_use]
    pub fn asked(command: &Command, answer: Answer) -> Option<Row> {
        match command {
            Command::Authorize(Authorize { purpose, card, entry, place, .. }) => {
                Some(Row { answer, purpose: *purpose, card: Some(*card), entry: *entry, place: Some(*place) })
            }
            Command::Follow(Follow { purpose, card, entry, place, .. }) => {
                Some(Row { answer, purpose: *purpose, card: *card, entry: *entry, place: Some(*place) })
            }
            Command::Reverse(Reverse { card, place, .. }) => Some(Row {
                answer,
                purpose: Purpose::Reversal,
                card: *card,
                entry: Entry::OnFile,
                place: *place,
            }),
            Command::Keyed { command, .. } => Row::asked(command, answer),
            Command::Epoch(_)
            | Command::SetPolicy(_)
            | Command::SetHouse(_)
            | Command::OpenAccount(_)
            | Command::CloseAccount(_)
            | Command::Fund { .. }
            | Command::SetLimits { .. }
            | Command::SetZone { .. }
            | Command::IssueCard(_)
            | Command::SetCardStanding { .. }
            | Command::SetSwitches { .. }
            | Command::SetPin { .. }
            | Command::EnrollMerchant(_)
            | Command::EnrollTerminal(_)
            | Command::SignIn { .. }
            | Command::SignOut(_)
            | Command::Settle { .. }
            | Command::BatchDetail { .. }
            | Command::CloseBatch { .. }
            | Command::AttachSignature(_)
            | Command::ScriptResult { .. }
            | Command::Fault { .. }
            | Command::PlaceFreeze(_)
            | Command::LiftFreeze(_)
            | Command::Sweep => None,
        }
    }

    /// Its number.
    #[must_use]
    pub fn number(&self) -> TransactionId {
        self.answer.number
    }
}

/// A decision with all that is needed to explain it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Case {
    /// The decision.
    pub row: Row,
    /// What has become of it, while it is remembered.
    pub state: Option<State>,
    /// The reversal that took it back.
    pub reversed_by: Option<TransactionId>,
    /// The account, where one was found.
    pub account: Option<AccountId>,
    /// The last four digits of the card.
    pub last4: Option<[u8; 4]>,
    /// The merchant's name.
    pub merchant: Option<String>,
    /// The account's calendar.
    pub zone: Zone,
    /// The freeze that stopped it or followed from it.
    pub freeze: Option<Freeze>,
    /// First hour of the day by the bank's policy.
    pub night_to_hour: u8,
}

impl Case {
    /// Gathers a case around a decision.
    #[must_use]
    pub fn gather(machine: &Machine, row: Row) -> Case {
        let stored = machine.transaction(row.number());
        let card = row.card.or(stored.and_then(|stored| stored.card));
        let place = row.place.or(stored.and_then(|stored| stored.place));
        let known = card.and_then(|card| machine.card(card));
        let account = known.and_then(|card| machine.accounts().get(card.account as usize));
        let merchant =
            place.as_ref().and_then(|place| machine.merchant(crate::twin::place::acceptor(place).0));
        Case {
            row: Row { card, place, ..row },
            state: stored.map(|stored| stored.state),
            reversed_by: stored.and_then(|stored| stored.reversed_by),
            account: account.map(|account| account.id),
            last4: known.map(|card| card.last4),
            merchant: merchant.map(|merchant| merchant.name.clone()),
            zone: account.map_or(Zone::CHINA, |account| account.zone),
            freeze: row.answer.facts.freeze.and_then(|id| machine.freeze(id)).cloned(),
            night_to_hour: machine.policy().night_to_hour,
        }
    }

    /// The remembered decision of that number.
    #[must_use]
    pub fn find(machine: &Machine, number: TransactionId) -> Option<Case> {
        machine.transaction(number).map(|stored| Case::gather(machine, Row::of(stored)))
    }

    /// The number of the original a reversal or follow-up names, where it names it by number.
    #[must_use]
    pub fn names(command: &Command) -> Option<TransactionId> {
        let by_number = |original: &Original| match original {
            Original::Number(number) => Some(*number),
            Original::Message(_) | Original::Approval(_) => None,
        };
        Row::asked_original(command).and_then(by_number)
    }

    /// The facts that belong into the sentences of `cause`.
    #[must_use]
    pub fn slots<'a>(&'a self, cause: Cause, contact: Option<&'a str>) -> Slots<'a> {
        let answer = &self.row.answer;
        let facts = &answer.facts;
        let currency = answer.amount.currency;
        let about = self.figures_are_about() == Some(cause);
        let limit = facts.limit.filter(|_| about);
        let used = facts.used.filter(|_| about);
        let left = match (cause, limit, used) {
            (Cause::WrongPin, _, _) => facts.tries_left.map(|tries| Quantity::Tries(u32::from(tries))),
            (Cause::InsufficientFunds, _, _) => facts.available.map(|minor| money(minor, currency)),
            (_, Some(limit), Some(used)) => {
                Some(quantity(cause, limit.saturating_sub(used).max(0), currency))
            }
            _ => None,
        };
        Slots {
            card: self.last4,
            amount: (answer.amount.minor > 0).then_some(answer.amount),
            limit: limit.map(|limit| quantity(cause, limit, currency)),
            used: used.map(|used| quantity(cause, used, currency)),
            left,
            until: self.until(cause).map(|until| (until, self.zone)),
            merchant: self.merchant.as_deref(),
            contact,
            works: self.freeze.as_ref().and_then(|freeze| works(freeze, currency)),
        }
    }

    /// The cause that limit and use in the facts are about: the first of those held that have such figures.
    #[must_use]
    pub fn figures_are_about(&self) -> Option<Cause> {
        match self.row.answer.verdict {
            Verdict::Declined(causes) => causes.iter().find(|cause| names_limit(*cause)),
            Verdict::Approved(_) | Verdict::Accepted => None,
        }
    }

    /// When the cause ends by itself, or by when there is an answer.
    fn until(&self, cause: Cause) -> Option<Timestamp> {
        let at = self.row.answer.at;
        let is = |causes: &[Cause]| causes.contains(&cause);
        if is(&[Cause::DailyLimit, Cause::DailyCount]) {
            return Some(next_day(self.zone, at));
        }
        if is(&[Cause::MonthlyLimit]) {
            return Some(next_month(self.zone, at));
        }
        if is(&[Cause::NightOff]) {
            return Some(next_hour(self.zone, at, self.night_to_hour));
        }
        if is(&[Cause::CoolingDown, Cause::HostMaintenance]) {
            return self.row.answer.facts.until;
        }
        let freeze = self.freeze.as_ref()?;
        if is(&[Cause::PinTriesExceeded]) {
            return freeze.expires_at;
        }
        freezes(cause).then_some(freeze.next_at)
    }
}

impl Row {
    fn asked_original(command: &Command) -> Option<&Original> {
        if let Command::Follow(Follow { original, .. }) | Command::Reverse(Reverse { original, .. }) = command
        {
            return Some(original);
        }
        if let Command::Keyed { command, .. } = command {
            return Row::asked_original(command);
        }
        None
    }
}

/// Whether declines of this cause come of a freeze.
fn freezes(cause: Cause) -> bool {
    [
        Cause::FrozenByAuthority,
        Cause::FrozenForLaundering,
        Cause::FrozenByBank,
        Cause::FrozenByHolder,
        Cause::FrozenByRisk,
        Cause::MerchantFrozen,
        Cause::TerminalFrozen,
        Cause::CardTesting,
    ]
    .contains(&cause)
}

/// Whether the figures of a decision are about this cause.
fn names_limit(cause: Cause) -> bool {
    [
        Cause::SingleLimit,
        Cause::DailyLimit,
        Cause::MonthlyLimit,
        Cause::DailyCount,
        Cause::TooFrequent,
        Cause::AmountOverOriginal,
    ]
    .contains(&cause)
}

fn money(minor: i64, currency: Currency) -> Quantity {
    Quantity::Money(Money::new(minor, currency))
}

/// A figure of a decision, as money or as a count: its cause says which.
#[must_use]
pub fn quantity(cause: Cause, figure: i64, currency: Currency) -> Quantity {
    match [Cause::DailyCount, Cause::TooFrequent].contains(&cause) {
        true => Quantity::Payments(u32::try_from(figure).unwrap_or(u32::MAX)),
        false => money(figure, currency),
    }
}

/// What still works under a freeze.
#[must_use]
pub fn works(freeze: &Freeze, currency: Currency) -> Option<Works> {
    match (freeze.scope, freeze.reach) {
        (Scope::Card(_) | Scope::Account(_), Reach::NewDebits) => Some(match freeze.allowance {
            Some(allowance) => Works::CreditsAndAllowance(Money::new(allowance.daily, currency)),
            None => Works::Credits,
        }),
        // A card that is frozen whole leaves its account as it was.
        (Scope::Card(_), Reach::All) => Some(Works::Credits),
        (Scope::Account(_), Reach::All | Reach::PinUse) => None,
        (Scope::Pin(_) | Scope::Card(_), Reach::PinUse) => None,
        (Scope::Pin(_), Reach::NewDebits | Reach::All) => None,
        (Scope::Terminal(_) | Scope::Merchant(_), Reach::PinUse | Reach::NewDebits | Reach::All) => None,
    }
}

fn day_begins(zone: Zone, day: i64) -> Timestamp {
    Timestamp(day * DAY_MS - i64::from(zone.0) * machine::time::MINUTE_MS)
}

fn next_day(zone: Zone, at: Timestamp) -> Timestamp {
    day_begins(zone, zone.local(at).day + 1)
}

fn next_month(zone: Zone, at: Timestamp) -> Timestamp {
    let here = zone.local(at);
    let mut day = here.day + 1;
    while zone.local(day_begins(zone, day)).month == here.month {
        day += 1;
    }
    day_begins(zone, day)
}

/// The next time the clock shows `hour`.
fn next_hour(zone: Zone, at: Timestamp, hour: u8) -> Timestamp {
    let here = zone.local(at);
    let today = day_begins(zone, here.day).plus(i64::from(hour) * HOUR_MS);
    if today > at { today } else { today.plus(DAY_MS) }
}

/// A freeze with all that is needed to explain it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FreezeCase {
    /// The freeze.
    pub freeze: Freeze,
    /// The last four digits of the card, or of the account's first one.
    pub last4: Option<[u8; 4]>,
    /// The account it lies on, directly or through its card.
    pub account: Option<AccountId>,
    /// The currency of that account.
    pub currency: Currency,
    /// The merchant's name.
    pub merchant: Option<String>,
    /// The account's calendar.
    pub zone: Zone,
    /// The decision it follows from, while it is remembered.
    pub evidence: Option<Box<Case>>,
}

impl FreezeCase {
    /// Gathers a case around a freeze.
    #[must_use]
    pub fn gather(machine: &Machine, freeze: &Freeze) -> FreezeCase {
        let (card, account, merchant) = match freeze.scope {
            Scope::Pin(card) | Scope::Card(card) => (machine.card(card), None, None),
            Scope::Account(account) => {
                let account = machine.account(account);
                let card = account.and_then(|account| account.cards.first());
                (card.and_then(|slot| machine.cards().get(*slot as usize)), account, None)
            }
            Scope::Terminal(acceptor) => (None, None, machine.merchant(acceptor.merchant)),
            Scope::Merchant(merchant) => (None, None, machine.merchant(merchant)),
        };
        let account = account.or(card.and_then(|card| machine.accounts().get(card.account as usize)));
        FreezeCase {
            freeze: freeze.clone(),
            last4: card.map(|card| card.last4),
            account: account.map(|account| account.id),
            currency: account.map_or(Currency::CNY, |account| account.currency),
            merchant: merchant.map(|merchant| merchant.name.clone()),
            zone: account.map_or(Zone::CHINA, |account| account.zone),
            evidence: freeze.evidence.and_then(|number| Case::find(machine, number)).map(Box::new),
        }
    }

    /// The facts that belong into the sentences of the freeze.
    #[must_use]
    pub fn slots<'a>(&'a self, contact: Option<&'a str>) -> Slots<'a> {
        let freeze = &self.freeze;
        let until = match freeze.scope {
            Scope::Pin(_) => freeze.expires_at,
            Scope::Card(_) | Scope::Account(_) | Scope::Terminal(_) | Scope::Merchant(_) => {
                Some(freeze.next_at)
            }
        };
        let evidence = self.evidence.as_deref();
        let merchant = self.merchant.as_deref().or(evidence.and_then(|case| case.merchant.as_deref()));
        Slots {
            card: self.last4,
            amount: evidence.map(|case| case.row.answer.amount).filter(|amount| amount.minor > 0),
            until: until.map(|until| (until, self.zone)),
            merchant,
            contact,
            works: works(freeze, self.currency),
            ..Slots::default()
        }
    }
}
