//! The ladder: every reason to decline a sale, pre-authorization or inquiry, collected without changing anything.
//!
//! No early way out: all causes are wanted, for the explanation; their order decides, not the order here.

use crate::acceptance::TerminalStanding;
use crate::account::{Account, Card, HOLDS_MAX, within};
use crate::cause::{Cause, CauseSet};
use crate::command::{
    Authorize, CardStanding, ChipCheck, Entry, House, PinCheck, Place, Purpose, ValueCheck,
};
use crate::freeze::{Freeze, Reach};
use crate::ids::FreezeId;
use crate::ledger::Book;
use crate::machine::{AMOUNT_MAX, Machine};
use crate::outcome::Facts;
use crate::time::{Local, Timestamp};

/// What was found.
pub(crate) struct Weighed {
    pub causes: CauseSet,
    pub facts: Facts,
    /// Slots of card and account, where known.
    pub card: Option<u32>,
    pub account: Option<u32>,
    /// Who would be paid.
    pub payee: Option<Book>,
}

impl Weighed {
    /// Nothing found.
    pub const fn nothing() -> Weighed {
        Weighed { causes: CauseSet::EMPTY, facts: NO_FACTS, card: None, account: None, payee: None }
    }
}

const NO_FACTS: Facts = Facts {
    limit: None,
    used: None,
    available: None,
    balance: None,
    tries_left: None,
    freeze: None,
    until: None,
};

/// Whether a message asks for something new or follows what was approved before: freezes of shops stop the
/// first, and the second only where they reach everything.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    New,
    Following,
}

impl Machine {
    /// Every reason to decline `ask` at `at`, and the figures behind them.
    pub(crate) fn weigh(&self, ask: &Authorize, at: Timestamp) -> Weighed {
        let mut found = Weighed::nothing();
        self.weigh_form(ask, at, &mut found);
        self.weigh_place(&ask.place, Manner::New, at, &mut found);
        let Some(card_slot) = self.card_slots.at(&ask.card) else {
            found.causes.insert(Cause::CardUnknown);
            return found;
        };
        let card = &self.cards[card_slot as usize];
        let account = &self.accounts[card.account as usize];
        found.card = Some(card_slot);
        found.account = Some(card.account);
        found.facts.available = Some(account.available(at));

        let local = account.zone.local(at);
        self.weigh_card(ask, card, account, &local, &mut found);
        self.weigh_freezes(ask, card, account, at, &mut found);
        self.weigh_checks(ask, card, at, &mut found);
        self.weigh_switches(ask, card, &local, &mut found);
        if debits(ask.purpose) {
            self.weigh_limits(ask, card, account, at, &mut found);
            if account.available(at) < ask.amount.minor {
                found.causes.insert(Cause::InsufficientFunds);
            }
        }
        if ask.purpose == Purpose::BalanceInquiry {
            found.facts.balance = Some(account.balance);
        }
        found
    }

    fn weigh_form(&self, ask: &Authorize, at: Timestamp, found: &mut Weighed) {
        match ask.purpose {
            Purpose::Sale | Purpose::PreAuthorization => {
                if !(1..=AMOUNT_MAX).contains(&ask.amount.minor) {
                    found.causes.insert(Cause::AmountInvalid);
                }
            }
            Purpose::BalanceInquiry => {}
            Purpose::Void
            | Purpose::Completion
            | Purpose::PreAuthorizationCancel
            | Purpose::CompletionCancel
            | Purpose::Refund
            | Purpose::Reversal
            | Purpose::Fault => found.causes.insert(Cause::NotSupported),
        }
        // Batches and payouts of our terminals are in one currency.
        let at_terminal = matches!(ask.place, Place::Terminal(_));
        if at_terminal && ask.amount.currency != self.policy.currency {
            found.causes.insert(Cause::NotSupported);
        }
        if ask.answer_by.is_some_and(|by| at > by) {
            found.causes.insert(Cause::TooLate);
        }
        match self.house {
            House::Open => {}
            House::Maintenance { until } => {
                found.causes.insert(Cause::HostMaintenance);
                found.facts.until = Some(until);
            }
            House::NetworkDown => found.causes.insert(Cause::NetworkDown),
            House::IssuerDown => found.causes.insert(Cause::IssuerDown),
            House::IssuerSilent => found.causes.insert(Cause::IssuerSilent),
        }
    }

    /// Terminal and merchant: enrolled, signed in, not frozen.
    pub(crate) fn weigh_place(&self, place: &Place, manner: Manner, at: Timestamp, found: &mut Weighed) {
        let stops = |freeze: &&Freeze| manner == Manner::New || freeze.reach == Reach::All;
        found.payee = self.payee(place);
        let merchant = match place {
            Place::Elsewhere { .. } => return,
            Place::Merchant(merchant) => self.merchant_slots.at(merchant),
            Place::Terminal(acceptor) => match self.terminal_slots.at(acceptor) {
                None => {
                    found.causes.insert(Cause::TerminalUnknown);
                    self.merchant_slots.at(&acceptor.merchant)
                }
                Some(slot) => {
                    let terminal = &self.terminals[slot as usize];
                    if terminal.standing == TerminalStanding::Out {
                        found.causes.insert(Cause::TerminalNotSignedIn);
                    }
                    if let Some(freeze) = self.holding(&terminal.freezes, at).find(stops) {
                        found.causes.insert(freeze.decline_cause());
                        found.facts.freeze = Some(freeze.id);
                    }
                    Some(terminal.merchant)
                }
            },
        };
        match merchant {
            None => found.causes.insert(Cause::MerchantUnknown),
            Some(slot) => {
                let freezes = &self.merchants[slot as usize].freezes;
                if let Some(freeze) = self.holding(freezes, at).find(stops) {
                    found.causes.insert(Cause::MerchantFrozen);
                    found.facts.freeze.get_or_insert(freeze.id);
                }
            }
        }
    }

    fn weigh_card(
        &self,
        ask: &Authorize,
        card: &Card,
        account: &Account,
        local: &Local,
        found: &mut Weighed,
    ) {
        match card.standing {
            CardStanding::Active => {}
            CardStanding::Inactive => found.causes.insert(Cause::CardInactive),
            CardStanding::Lost => found.causes.insert(Cause::CardLost),
            CardStanding::Stolen => found.causes.insert(Cause::CardStolen),
            CardStanding::Replaced(_) => found.causes.insert(Cause::CardReplaced),
        }
        if account.closed {
            found.causes.insert(Cause::AccountClosed);
        }
        if account.currency != ask.amount.currency {
            found.causes.insert(Cause::CurrencyMismatch);
        }
        if card.expiry.passed(local) {
            found.causes.insert(Cause::CardExpired);
        }
        if ask.expiry.is_some_and(|stated| stated != card.expiry) {
            found.causes.insert(Cause::VerificationFailed);
        }
        let stripe_of_chip = card.chip && ask.entry == Entry::Stripe;
        let too_many =
            card.chip && ask.entry == Entry::Fallback && card.fallbacks >= self.policy.fallbacks_max;
        if stripe_of_chip || too_many {
            found.causes.insert(Cause::FallbackRefused);
        }
    }

    /// Freezes in force among `ids`.
    pub(crate) fn holding<'a>(
        &'a self,
        ids: &'a [FreezeId],
        at: Timestamp,
    ) -> impl Iterator<Item = &'a Freeze> {
        ids.iter().filter_map(|id| self.freezes.get(id)).filter(move |freeze| freeze.holds_at(at))
    }

    fn weigh_freezes(
        &self,
        ask: &Authorize,
        card: &Card,
        account: &Account,
        at: Timestamp,
        found: &mut Weighed,
    ) {
        let spent = account.usage.on(&account.zone.local(at)).day_amount;
        // Terminal and merchant come before the card in order: their freeze stays the one that is named.
        let named = found.facts.freeze.is_some();
        let (mut decisive, mut until): (Option<Cause>, _) = (None, None);
        for freeze in self.holding(&card.freezes, at).chain(self.holding(&account.freezes, at)) {
            let reaches = match freeze.reach {
                Reach::PinUse => ask.checks.pin != PinCheck::Absent,
                Reach::NewDebits => debits(ask.purpose),
                Reach::All => true,
            };
            let allowed = freeze.allowance.is_some_and(|allowance| {
                debits(ask.purpose) && spent.saturating_add(ask.amount.minor) <= allowance.daily
            });
            if !reaches || allowed {
                continue;
            }
            let cause = freeze.decline_cause();
            found.causes.insert(cause);
            if !named && decisive.is_none_or(|before| cause < before) {
                decisive = Some(cause);
                found.facts.freeze = Some(freeze.id);
                until = freeze.expires_at;
            }
        }
        found.facts.until = found.facts.until.or(until);
    }

    fn weigh_checks(&self, ask: &Authorize, card: &Card, at: Timestamp, found: &mut Weighed) {
        match ask.checks.pin {
            PinCheck::Right => {}
            PinCheck::Wrong => {
                found.causes.insert(Cause::WrongPin);
                let tries = self.tries(card, at).saturating_add(1);
                found.facts.tries_left = Some(self.policy.pin_tries_max.saturating_sub(tries));
            }
            PinCheck::Absent => {
                if self.needs_pin(ask, card) {
                    found.causes.insert(Cause::PinMissing);
                }
            }
        }
        match ask.checks.value {
            ValueCheck::Absent | ValueCheck::Right => {}
            ValueCheck::Wrong => found.causes.insert(Cause::VerificationFailed),
        }
        match ask.checks.chip {
            ChipCheck::Absent => {}
            ChipCheck::Refused { .. } => found.causes.insert(Cause::CryptogramFailed),
            ChipCheck::Verified { counter } => {
                if card.counter.is_some_and(|seen| counter <= seen) {
                    found.causes.insert(Cause::CounterReplayed);
                }
            }
        }
    }

    /// A PIN is asked for at our own terminals where the card has one; small contactless and code payments go
    /// without. Elsewhere the other acquirer's rules hold.
    fn needs_pin(&self, ask: &Authorize, card: &Card) -> bool {
        let at_terminal = match ask.place {
            Place::Terminal(_) => true,
            Place::Elsewhere { .. } | Place::Merchant(_) => false,
        };
        let large = ask.amount.minor > self.policy.no_pin_max || ask.purpose == Purpose::BalanceInquiry;
        let by_entry = match ask.entry {
            Entry::Stripe | Entry::Fallback | Entry::Chip => true,
            Entry::Contactless | Entry::Code => large,
            Entry::Manual | Entry::OnFile => false,
        };
        card.pin.is_some() && at_terminal && by_entry && !ask.advice
    }

    fn weigh_switches(&self, ask: &Authorize, card: &Card, local: &Local, found: &mut Weighed) {
        let on = &card.switches;
        let channel = match ask.entry {
            Entry::Stripe | Entry::Fallback => on.stripe,
            Entry::Chip => true,
            Entry::Contactless => on.contactless,
            Entry::Code => on.code,
            Entry::Manual | Entry::OnFile => on.remote,
        };
        if !channel {
            found.causes.insert(Cause::ChannelOff);
        }
        let country = match ask.place {
            Place::Terminal(acceptor) => self.merchant(acceptor.merchant).map(|merchant| merchant.country),
            Place::Merchant(merchant) => self.merchant(merchant).map(|merchant| merchant.country),
            Place::Elsewhere { country, .. } => Some(country),
        };
        if !on.abroad && country.is_some_and(|country| country != self.policy.home_country) {
            found.causes.insert(Cause::CountryOff);
        }
        let (from, to) = (self.policy.night_from_hour, self.policy.night_to_hour);
        let hour = local.hour();
        let night = if from <= to { (from..to).contains(&hour) } else { hour >= from || hour < to };
        if !on.night && night {
            found.causes.insert(Cause::NightOff);
        }
    }

    fn weigh_limits(
        &self,
        ask: &Authorize,
        card: &Card,
        account: &Account,
        at: Timestamp,
        found: &mut Weighed,
    ) {
        let usage = account.usage.on(&account.zone.local(at));
        let limits = &account.limits;
        let amount = ask.amount.minor;
        let mut hit = |cause, reached: bool, limit: i64, used: i64| {
            if reached {
                found.causes.insert(cause);
                found.facts.limit.get_or_insert(limit);
                found.facts.used.get_or_insert(used);
            }
        };
        hit(Cause::SingleLimit, amount > limits.single, limits.single, 0);
        let day = usage.day_amount.saturating_add(amount);
        hit(Cause::DailyLimit, day > limits.daily, limits.daily, usage.day_amount);
        let month = usage.month_amount.saturating_add(amount);
        hit(Cause::MonthlyLimit, month > limits.monthly, limits.monthly, usage.month_amount);
        let (count, most) = (usage.day_count, limits.daily_count);
        hit(Cause::DailyCount, count >= most, i64::from(most), i64::from(count));
        let recent = within(&card.attempts, at, self.policy.burst_ms);
        let most = self.policy.burst_max;
        hit(Cause::TooFrequent, recent >= most, i64::from(most), i64::from(recent));
        let holds = account.holds.iter().filter(|hold| hold.expires_at > at).count();
        let full = ask.purpose == Purpose::PreAuthorization && holds >= HOLDS_MAX;
        hit(Cause::TooFrequent, full, HOLDS_MAX as i64, holds as i64);
        if card.hits.cool_until > at {
            found.causes.insert(Cause::CoolingDown);
            found.facts.until.get_or_insert(card.hits.cool_until);
        }
    }
}

/// Whether the purpose takes money from the holder, now or later.
pub(crate) const fn debits(purpose: Purpose) -> bool {
    match purpose {
        Purpose::Sale | Purpose::PreAuthorization => true,
        Purpose::BalanceInquiry
        | Purpose::Void
        | Purpose::Completion
        | Purpose::PreAuthorizationCancel
        | Purpose::CompletionCancel
        | Purpose::Refund
        | Purpose::Reversal
        | Purpose::Fault => false,
    }
}
