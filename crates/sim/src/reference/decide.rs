//! The reference's decision on sales, pre-authorizations and inquiries.

use super::{Card, Deed, Hold, Life, Reference, Said};
use machine::cause::{Cause, Family};
use machine::command::{
    Authorize, CardStanding, ChipCheck, Entry, House, PinCheck, Place, Purpose, ValueCheck,
};
use machine::freeze::{PlacedBy, Reach, Scope};
use machine::ids::Acceptor;
use std::collections::BTreeSet;

/// The highest amount of one transaction: twelve digits.
const AMOUNT_MAX: i128 = 999_999_999_999;
/// Most open holds of one account.
const HOLDS_MAX: usize = 256;

impl Reference {
    pub(super) fn authorize(&mut self, ask: &Authorize) -> Said {
        if let Some(place) = self.named.get(&ask.origin).copied() {
            let deed = &self.deeds[place];
            let same = deed.card == Some(ask.card)
                && deed.amount == i128::from(ask.amount.minor)
                && deed.purpose == ask.purpose;
            return match same {
                true => Said::Again(Box::new(deed.said.clone())),
                false => self.push_declined(ask, Cause::DuplicateMismatch),
            };
        }
        let early = self.early.get(&ask.origin).copied();
        let mut causes = self.against(ask);
        if early.is_some() {
            causes.insert(Cause::ReversedBefore);
        }
        if let Some(card) = self.cards.get(&ask.card) {
            let account = card.account;
            self.let_run_out(|looked_at| looked_at == Some(account));
            self.tidy();
        }
        let amount = i128::from(ask.amount.minor);
        let debit = matches!(ask.purpose, Purpose::Sale | Purpose::PreAuthorization);
        let possible = ask.purpose == Purpose::BalanceInquiry || debit && (1..=AMOUNT_MAX).contains(&amount);
        let said = match causes.first().copied() {
            None => self.approve(ask),
            Some(_) if ask.advice && early.is_none() && possible => self.approve(ask),
            Some(cause) => {
                let cause = self.consequences(ask, cause);
                self.push_declined(ask, cause)
            }
        };
        let place = self.deeds.len() - 1;
        self.named.insert(ask.origin, place);
        if let Some(reversal) = early {
            self.deeds[place].reversal = Some((reversal, 0));
        }
        said
    }

    fn approve(&mut self, ask: &Authorize) -> Said {
        let amount = i128::from(ask.amount.minor);
        let account = self.cards.get(&ask.card).map(|card| card.account);
        let mut deed = self.deed(ask, Said::Approved(self.deeds.len() as u64 + 1));
        match (ask.purpose, account) {
            (Purpose::Sale, account) => {
                self.move_money(account, -amount);
                deed.life = Life::Taken { net: amount, back: 0, freed: 0 };
                deed.batch = self.count(&ask.origin, &ask.place, true, amount);
            }
            (Purpose::PreAuthorization, Some(_)) => {
                deed.life = Life::Held;
                let until = self.now.plus(self.policy.hold_ms);
                deed.hold = Some(Hold { amount, open: amount, captured: 0, until });
            }
            _ => {}
        }
        if let (Some(account), Purpose::Sale | Purpose::PreAuthorization) = (account, ask.purpose) {
            deed.used = (amount, 1);
            let place = self.deeds.len();
            self.accounts.entry(account).and_modify(|account| account.uses.push(place));
        }
        let second = self.now.0 / 1000;
        if let Some(card) = self.cards.get_mut(&ask.card) {
            card.attempts.push(second);
            if ask.checks.pin == PinCheck::Right {
                card.wrong_in_row = 0;
            }
            match ask.entry {
                Entry::Chip => card.fallbacks = 0,
                Entry::Fallback => card.fallbacks += 1,
                _ => {}
            }
            card.spend(&ask.checks.chip);
        }
        let said = deed.said.clone();
        self.deeds.push(deed);
        said
    }

    fn deed(&self, ask: &Authorize, said: Said) -> Deed {
        Deed {
            at: self.now,
            purpose: ask.purpose,
            card: Some(ask.card),
            account: self.cards.get(&ask.card).map(|card| card.account),
            place: Some(ask.place),
            amount: i128::from(ask.amount.minor),
            said,
            about: None,
            life: Life::Nothing,
            hold: None,
            used: (0, 0),
            batch: None,
            reversal: None,
        }
    }

    fn push_declined(&mut self, ask: &Authorize, cause: Cause) -> Said {
        let said = Said::Declined(self.deeds.len() as u64 + 1, cause);
        let deed = self.deed(ask, said.clone());
        self.deeds.push(deed);
        said
    }

    /// What a decline counts towards, and the freeze it may lead to; says which cause decides then.
    fn consequences(&mut self, ask: &Authorize, cause: Cause) -> Cause {
        if cause.entry().family == Family::System {
            return cause;
        }
        let (now, policy) = (self.now, self.policy);
        let Some(card) = self.cards.get_mut(&ask.card) else { return cause };
        card.spend(&ask.checks.chip);
        if cause.entry().feeds.velocity {
            card.attempts.push(now.0 / 1000);
        }
        match cause {
            Cause::WrongPin => {
                card.wrong_in_row += 1;
                if card.wrong_in_row >= policy.pin_tries_max {
                    self.own(Scope::Pin(ask.card), Cause::PinTriesExceeded);
                    return Cause::PinTriesExceeded;
                }
            }
            Cause::TooFrequent => {
                card.refusals.push(now.0 / 1000);
                if recent(&card.refusals, now.0, policy.burst_ms) >= usize::from(policy.testing_max) {
                    self.own(Scope::Card(ask.card), Cause::CardTesting);
                }
            }
            Cause::CryptogramFailed | Cause::CounterReplayed => self.own(Scope::Card(ask.card), cause),
            Cause::SingleLimit | Cause::DailyLimit | Cause::MonthlyLimit | Cause::DailyCount => {
                if card.hits.first().is_none_or(|first| now.since(*first) > policy.cool_window_ms) {
                    card.hits.clear();
                }
                card.hits.push(now);
                if policy.cool_hits_max > 0 && card.hits.len() >= usize::from(policy.cool_hits_max) {
                    card.hits.clear();
                    card.cool_until = now.plus(policy.cool_ms);
                }
            }
            _ => {}
        }
        cause
    }

    /// Everything that speaks against it.
    fn against(&self, ask: &Authorize) -> BTreeSet<Cause> {
        let mut causes = BTreeSet::new();
        let mut say = |yes: bool, cause: Cause| {
            if yes {
                causes.insert(cause);
            }
        };
        let amount = i128::from(ask.amount.minor);
        let debit = matches!(ask.purpose, Purpose::Sale | Purpose::PreAuthorization);
        say(debit && !(1..=AMOUNT_MAX).contains(&amount), Cause::AmountInvalid);
        say(!debit && ask.purpose != Purpose::BalanceInquiry, Cause::NotSupported);
        say(ask.answer_by.is_some_and(|by| self.now > by), Cause::TooLate);
        match self.house {
            House::Open => {}
            House::Maintenance { .. } => say(true, Cause::HostMaintenance),
            House::NetworkDown => say(true, Cause::NetworkDown),
            House::IssuerDown => say(true, Cause::IssuerDown),
            House::IssuerSilent => say(true, Cause::IssuerSilent),
        }
        causes.extend(self.against_place(&ask.place, true));
        let Some(card) = self.cards.get(&ask.card) else {
            causes.insert(Cause::CardUnknown);
            return causes;
        };
        causes.extend(self.against_card(ask, card));
        causes.extend(self.freezes_against(ask, card));
        causes.extend(self.checks_against(ask, card));
        causes.extend(self.switches_against(ask, card));
        if debit {
            causes.extend(self.limits_against(ask, card));
        }
        causes
    }

    /// What speaks against terminal and shop; what follows an earlier sale is stopped only by what stops all.
    pub(super) fn against_place(&self, place: &Place, new: bool) -> BTreeSet<Cause> {
        let mut causes = BTreeSet::new();
        let stopped = |on: Scope| {
            self.brakes_on(|scope| *scope == on).any(|(_, brake)| new || brake.reach == Reach::All)
        };
        let merchant = match place {
            Place::Elsewhere { .. } => return causes,
            Place::Merchant(merchant) => *merchant,
            Place::Terminal(acceptor) => {
                match self.tills.get(acceptor) {
                    None => causes.insert(Cause::TerminalUnknown),
                    Some(till) if !till.signed_in => causes.insert(Cause::TerminalNotSignedIn),
                    Some(_) => false,
                };
                if stopped(Scope::Terminal(*acceptor)) {
                    causes.insert(Cause::TerminalFrozen);
                }
                acceptor.merchant
            }
        };
        if !self.merchants.contains(&merchant) {
            causes.insert(Cause::MerchantUnknown);
        }
        if stopped(Scope::Merchant(merchant)) {
            causes.insert(Cause::MerchantFrozen);
        }
        causes
    }

    fn against_card(&self, ask: &Authorize, card: &Card) -> Vec<Cause> {
        let account = &self.accounts[&card.account];
        let mut causes = Vec::new();
        match card.standing {
            CardStanding::Active => {}
            CardStanding::Inactive => causes.push(Cause::CardInactive),
            CardStanding::Lost => causes.push(Cause::CardLost),
            CardStanding::Stolen => causes.push(Cause::CardStolen),
            CardStanding::Replaced(_) => causes.push(Cause::CardReplaced),
        }
        if account.closed {
            causes.push(Cause::AccountClosed);
        }
        let local = account.zone.local(self.now);
        if (local.year, i64::from(local.month))
            > (2000 + i64::from(card.expiry.year), i64::from(card.expiry.month))
        {
            causes.push(Cause::CardExpired);
        }
        if ask.expiry.is_some_and(|stated| stated != card.expiry) {
            causes.push(Cause::VerificationFailed);
        }
        let worn = ask.entry == Entry::Fallback && card.fallbacks >= self.policy.fallbacks_max;
        if card.chip && (ask.entry == Entry::Stripe || worn) {
            causes.push(Cause::FallbackRefused);
        }
        causes
    }

    fn freezes_against(&self, ask: &Authorize, card: &Card) -> Vec<Cause> {
        let debit = matches!(ask.purpose, Purpose::Sale | Purpose::PreAuthorization);
        let account = &self.accounts[&card.account];
        let today = self.used(account, |local| local.day).0 + i128::from(ask.amount.minor);
        let on = [Scope::Pin(ask.card), Scope::Card(ask.card), Scope::Account(card.account)];
        let stops = self.brakes_on(|scope| on.contains(scope)).filter(|(_, brake)| match brake.reach {
            Reach::PinUse => ask.checks.pin != PinCheck::Absent,
            Reach::NewDebits => debit,
            Reach::All => true,
        });
        let not_allowed = stops.filter(|(_, brake)| {
            !(debit && brake.allowance.is_some_and(|open| today <= i128::from(open.daily)))
        });
        not_allowed
            .map(|(_, brake)| match (brake.cause, brake.by) {
                (Cause::CardLost | Cause::CardStolen, _) => brake.cause,
                (_, PlacedBy::Authority(_)) => Cause::FrozenByAuthority,
                (_, PlacedBy::Agent(_)) => Cause::FrozenByBank,
                (_, PlacedBy::Holder) => Cause::FrozenByHolder,
                _ if matches!(brake.scope, Scope::Pin(_)) => Cause::PinTriesExceeded,
                _ => Cause::FrozenByRisk,
            })
            .collect()
    }

    fn checks_against(&self, ask: &Authorize, card: &Card) -> Vec<Cause> {
        let mut causes = Vec::new();
        let ours = matches!(ask.place, Place::Terminal(_));
        let large = ask.amount.minor > self.policy.no_pin_max || ask.purpose == Purpose::BalanceInquiry;
        let asked = match ask.entry {
            Entry::Stripe | Entry::Fallback | Entry::Chip => true,
            Entry::Contactless | Entry::Code => large,
            Entry::Manual | Entry::OnFile => false,
        };
        match ask.checks.pin {
            PinCheck::Wrong => causes.push(Cause::WrongPin),
            PinCheck::Absent if card.has_pin && ours && asked && !ask.advice => {
                causes.push(Cause::PinMissing)
            }
            PinCheck::Absent | PinCheck::Right => {}
        }
        if ask.checks.value == ValueCheck::Wrong {
            causes.push(Cause::VerificationFailed);
        }
        match ask.checks.chip {
            ChipCheck::Absent => {}
            ChipCheck::Refused { .. } => causes.push(Cause::CryptogramFailed),
            ChipCheck::Verified { counter } => {
                if card.counter.is_some_and(|seen| counter <= seen) {
                    causes.push(Cause::CounterReplayed);
                }
            }
        }
        causes
    }

    fn switches_against(&self, ask: &Authorize, card: &Card) -> Vec<Cause> {
        let mut causes = Vec::new();
        let on = card.switches;
        let channel = match ask.entry {
            Entry::Chip => true,
            Entry::Stripe | Entry::Fallback => on.stripe,
            Entry::Contactless => on.contactless,
            Entry::Code => on.code,
            Entry::Manual | Entry::OnFile => on.remote,
        };
        if !channel {
            causes.push(Cause::ChannelOff);
        }
        // All shops of a world are at home; only other institutions are abroad.
        let abroad =
            matches!(ask.place, Place::Elsewhere { country, .. } if country != self.policy.home_country);
        if abroad && !on.abroad {
            causes.push(Cause::CountryOff);
        }
        let hour = self.accounts[&card.account].zone.local(self.now).hour();
        let (from, to) = (self.policy.night_from_hour, self.policy.night_to_hour);
        let night =
            (0..24).cycle().skip(usize::from(from)).take_while(|h| *h != to).take(24).any(|h| h == hour);
        if night && !on.night {
            causes.push(Cause::NightOff);
        }
        causes
    }

    fn limits_against(&self, ask: &Authorize, card: &Card) -> Vec<Cause> {
        let account = &self.accounts[&card.account];
        let amount = i128::from(ask.amount.minor);
        let (today, count) = self.used(account, |local| local.day);
        let (month, _) = self.used(account, |local| local.month_number());
        let open = |deed: &&Deed| {
            let held = deed.life == Life::Held && deed.hold.is_some_and(|hold| hold.until > self.now);
            held && deed.account == Some(card.account)
        };
        let holds = self.deeds.iter().filter(open).count();
        let burst = recent(&card.attempts, self.now.0, self.policy.burst_ms);
        let limits = account.limits;
        let full = ask.purpose == Purpose::PreAuthorization && holds >= HOLDS_MAX;
        [
            (Cause::SingleLimit, amount > i128::from(limits.single)),
            (Cause::DailyLimit, today + amount > i128::from(limits.daily)),
            (Cause::MonthlyLimit, month + amount > i128::from(limits.monthly)),
            (Cause::DailyCount, count >= limits.daily_count),
            (Cause::TooFrequent, full || burst >= usize::from(self.policy.burst_max)),
            (Cause::CoolingDown, card.cool_until > self.now),
            (Cause::InsufficientFunds, self.available(card.account) < amount),
        ]
        .into_iter()
        .filter_map(|(cause, yes)| yes.then_some(cause))
        .collect()
    }

    /// The merchant of a place, for comparing.
    pub(super) fn merchant_of(place: &Place) -> machine::ids::MerchantId {
        match place {
            Place::Terminal(Acceptor { merchant, .. })
            | Place::Elsewhere { acceptor: Acceptor { merchant, .. }, .. }
            | Place::Merchant(merchant) => *merchant,
        }
    }
}

impl Card {
    /// A verified cryptogram is spent.
    fn spend(&mut self, chip: &ChipCheck) {
        if let ChipCheck::Verified { counter } = chip {
            self.counter = self.counter.max(Some(*counter));
        }
    }
}

/// How many of these seconds lie within `ms` before `now`.
fn recent(seconds: &[i64], now: i64, ms: i64) -> usize {
    seconds.iter().filter(|second| **second * 1000 > now - ms).count()
}
