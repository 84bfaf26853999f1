//! What the reference makes of voids, completions, cancels, refunds and reversals.
//!
//! What the design leaves open was settled so: a completion neither uses nor gives back limits; what was
//! captured of a pre-authorization stands when its rest is reversed; what was released, given up or ran out in
//! the meantime is not held again; an advice that fits nothing moves money on the card it names, and is tied
//! to nothing.

use super::{Deed, Hold, Life, Reference, Said};
use machine::cause::Cause;
use machine::command::{Follow, Original, PinCheck, Purpose, Reverse};
use machine::freeze::{Reach, Scope};
use machine::ids::CardId;
use std::collections::BTreeSet;

/// The highest amount of one transaction: twelve digits.
const AMOUNT_MAX: i128 = 999_999_999_999;

impl Reference {
    fn original(&self, original: &Original, card: Option<CardId>) -> Option<usize> {
        match original {
            Original::Message(origin) => self.named.get(origin).copied(),
            Original::Number(number) => {
                (number.0 as usize).checked_sub(1).filter(|place| *place < self.deeds.len())
            }
            Original::Approval(code) => {
                let account = self.cards.get(&card?)?.account;
                let matches = |place: &usize| {
                    let deed = &self.deeds[*place];
                    let number = machine::ids::TransactionId(*place as u64 + 1);
                    deed.account == Some(account) && deed.life == Life::Held && number.approval() == *code
                };
                (0..self.deeds.len()).rev().find(matches)
            }
        }
    }

    pub(super) fn follow(&mut self, ask: &Follow) -> Said {
        let amount = i128::from(ask.amount.minor);
        if let Some(place) = self.named.get(&ask.origin).copied() {
            let deed = &self.deeds[place];
            let same = deed.amount == amount
                && deed.purpose == ask.purpose
                && (ask.card.is_none() || deed.card == ask.card);
            if same {
                return Said::Again(Box::new(deed.said.clone()));
            }
            let said = Said::Declined(self.deeds.len() as u64 + 1, Cause::DuplicateMismatch);
            self.push(ask, said.clone(), None, Life::Nothing);
            return said;
        }
        let found = self.original(&ask.original, ask.card);
        let card = ask.card.or(found.and_then(|place| self.deeds[place].card));
        let account = card.and_then(|card| self.cards.get(&card)).map(|card| card.account);
        if account.is_some() {
            self.let_run_out(|looked_at| looked_at == account);
            self.tidy();
        }
        // By its code only a hold that is still open is found.
        let found = self.original(&ask.original, ask.card).filter(|_| found.is_some());
        let mut causes = self.against_follow(ask, found, card);
        let early = self.early.get(&ask.origin).copied();
        if early.is_some() {
            causes.insert(Cause::ReversedBefore);
        }
        let possible = (1..=AMOUNT_MAX).contains(&amount) && kind(ask.purpose).is_some();
        let said = match causes.first().copied() {
            Some(cause) if !(ask.advice && early.is_none() && possible) => {
                let mut cause = cause;
                if let (Cause::WrongPin, Some(id)) = (cause, card) {
                    let card = self.cards.get_mut(&id).expect("a wrong PIN is that of a card");
                    card.wrong_in_row += 1;
                    if card.wrong_in_row >= self.policy.pin_tries_max {
                        self.own(Scope::Pin(id), Cause::PinTriesExceeded);
                        cause = Cause::PinTriesExceeded;
                    }
                }
                let said = Said::Declined(self.deeds.len() as u64 + 1, cause);
                self.push(ask, said.clone(), found, Life::Nothing);
                said
            }
            Some(_) | None => self.carry_out(ask, found, card, &causes),
        };
        let place = self.deeds.len() - 1;
        self.named.insert(ask.origin, place);
        if let Some(reversal) = early {
            self.deeds[place].reversal = Some((reversal, 0));
        }
        said
    }

    fn against_follow(&self, ask: &Follow, found: Option<usize>, card: Option<CardId>) -> BTreeSet<Cause> {
        let mut causes = self.against_place(&ask.place, false);
        let amount = i128::from(ask.amount.minor);
        if !(1..=AMOUNT_MAX).contains(&amount) {
            causes.insert(Cause::AmountInvalid);
        }
        if kind(ask.purpose).is_none() {
            causes.insert(Cause::NotSupported);
        }
        // What was advised on a card nobody knows is followed up where it waits.
        let of_it = found.is_some_and(|place| self.deeds[place].card == ask.card);
        if ask.card.is_some_and(|card| !self.cards.contains_key(&card)) && !of_it {
            causes.insert(Cause::CardUnknown);
        }
        if card.is_some_and(|card| self.pin(ask, card) == PinCheck::Wrong) {
            causes.insert(Cause::WrongPin);
        }
        let Some(place) = found else {
            causes.insert(Cause::OriginalUnknown);
            if matches!(ask.purpose, Purpose::Completion) {
                causes.insert(Cause::OriginalSpent);
            }
            return causes;
        };
        let deed = &self.deeds[place];
        let other_card = ask.card.is_some() && ask.card != deed.card;
        let elsewhere = deed
            .place
            .is_none_or(|place| Reference::merchant_of(&place) != Reference::merchant_of(&ask.place));
        let kinds = kind(ask.purpose).unwrap_or(&[]);
        if other_card || elsewhere || !kinds.contains(&deed.purpose) {
            causes.insert(Cause::OriginalMismatch);
        }
        if kinds.contains(&deed.purpose) {
            causes.extend(self.against_state(ask, deed));
        }
        let account = card.and_then(|card| self.cards.get(&card)).map(|card| card.account);
        let hold =
            deed.hold.filter(|_| deed.life == Life::Held && deed.account == account && account.is_some());
        match (ask.purpose, hold) {
            (Purpose::Completion | Purpose::PreAuthorizationCancel, None) => {
                causes.insert(Cause::OriginalSpent);
            }
            (Purpose::Completion, Some(hold)) => {
                let percent = i128::from(self.policy.completion_over_percent);
                if hold.captured + amount > hold.amount + hold.amount * percent / 100 {
                    causes.insert(Cause::AmountOverOriginal);
                }
                let more = amount - hold.open;
                if more > 0 && account.is_some_and(|account| self.available(account) < more) {
                    causes.insert(Cause::InsufficientFunds);
                }
            }
            (Purpose::PreAuthorizationCancel, Some(hold)) if hold.open != amount || hold.captured > 0 => {
                causes.insert(Cause::OriginalMismatch);
            }
            _ => {}
        }
        causes
    }

    fn against_state(&self, ask: &Follow, deed: &Deed) -> Option<Cause> {
        let amount = i128::from(ask.amount.minor);
        match (ask.purpose, deed.life) {
            (_, Life::Nothing) => Some(Cause::OriginalUnknown),
            (Purpose::Completion | Purpose::PreAuthorizationCancel, Life::Held) => None,
            (Purpose::Refund, Life::Taken { net, back, .. }) => {
                (back + amount > net).then_some(Cause::AmountOverOriginal)
            }
            (Purpose::Void | Purpose::CompletionCancel, Life::Taken { net, back, .. }) => {
                if back > 0 || self.settled(deed) {
                    Some(Cause::OriginalSpent)
                } else {
                    (net != amount).then_some(Cause::OriginalMismatch)
                }
            }
            _ => Some(Cause::OriginalSpent),
        }
    }

    /// A frozen PIN says nothing.
    fn pin(&self, ask: &Follow, card: CardId) -> PinCheck {
        let on_card = |scope: &Scope| *scope == Scope::Pin(card) || *scope == Scope::Card(card);
        let frozen = self.brakes_on(on_card).any(|(_, brake)| brake.reach == Reach::PinUse);
        if frozen || !self.cards.contains_key(&card) { PinCheck::Absent } else { ask.checks.pin }
    }

    fn push(&mut self, ask: &Follow, said: Said, about: Option<usize>, life: Life) {
        let card = ask.card.or(about.and_then(|place| self.deeds[place].card));
        self.deeds.push(Deed {
            at: self.now,
            purpose: ask.purpose,
            card,
            account: card.and_then(|card| self.cards.get(&card)).map(|card| card.account),
            place: Some(ask.place),
            amount: i128::from(ask.amount.minor),
            said,
            about,
            life,
            hold: None,
            used: (0, 0),
            batch: None,
            reversal: None,
        });
    }

    fn carry_out(
        &mut self,
        ask: &Follow,
        found: Option<usize>,
        card: Option<CardId>,
        causes: &BTreeSet<Cause>,
    ) -> Said {
        let amount = i128::from(ask.amount.minor);
        let about = found.filter(|_| !causes.contains(&Cause::OriginalMismatch));
        let account = card.and_then(|card| self.cards.get(&card)).map(|card| card.account);
        let sound = causes.is_empty();
        let mut counts = None;
        let life = match ask.purpose {
            Purpose::Completion => {
                let of_it = about.filter(|place| self.deeds[*place].account == account);
                let freed = of_it.map_or(0, |place| {
                    self.capture(place, amount, if ask.last { None } else { Some(amount) })
                });
                self.move_money(account, -amount);
                counts = Some(true);
                Life::Taken { net: amount, back: 0, freed }
            }
            Purpose::Refund => {
                self.move_money(account, amount);
                if let Some(Life::Taken { back, .. }) = about.map(|place| &mut self.deeds[place].life) {
                    *back += amount;
                }
                counts = Some(false);
                Life::Given(amount)
            }
            _ if sound => {
                let place = about.expect("a sound void or cancel has its original");
                let was = self.deeds[place].life;
                self.undo(place);
                self.deeds[place].life = match was {
                    Life::Taken { net, freed, .. } => Life::Undone { net, freed },
                    _ => Life::Undone { net: amount, freed: 0 },
                };
                counts = (ask.purpose != Purpose::PreAuthorizationCancel).then_some(false);
                Life::Undoes
            }
            _ => Life::Nothing,
        };
        if let Some(card) = card.filter(|card| self.pin(ask, *card) == PinCheck::Right) {
            self.cards.entry(card).and_modify(|card| card.wrong_in_row = 0);
        }
        let batch = counts.and_then(|debit| self.count(&ask.origin, &ask.place, debit, amount));
        let said = Said::Approved(self.deeds.len() as u64 + 1);
        self.push(ask, said.clone(), about, life);
        let place = self.deeds.len() - 1;
        self.deeds[place].batch = batch;
        if ask.card.is_none() && about.is_none() {
            self.deeds[place].account = account;
        }
        said
    }

    /// Takes a capture off a hold, all that is open of it where `freed` is none; says how much.
    fn capture(&mut self, place: usize, amount: i128, freed: Option<i128>) -> i128 {
        let deed = &mut self.deeds[place];
        let Some(hold) = &mut deed.hold else { return 0 };
        match deed.life {
            Life::Held => {
                let freed = freed.unwrap_or(hold.open).min(hold.open);
                hold.captured += amount;
                hold.open -= freed;
                if hold.open == 0 {
                    deed.life = Life::Captured;
                }
                freed
            }
            Life::Captured => {
                hold.captured += amount;
                0
            }
            _ => 0,
        }
    }

    /// Undoes the money, holds and limits of a deed; what it is then called is the caller's.
    fn undo(&mut self, place: usize) {
        let deed = self.deeds[place].clone();
        match deed.life {
            Life::Taken { net, back, freed } => {
                self.move_money(deed.account, net - back);
                if deed.purpose == Purpose::Completion {
                    self.uncapture(&deed, net, freed);
                } else {
                    self.deeds[place].used = (0, 0);
                }
            }
            Life::Held => {
                let hold = deed.hold.expect("what is held has a hold");
                let used = &mut self.deeds[place].used;
                used.0 -= hold.open;
                used.1 -= u32::from(hold.captured == 0);
                if let Some(hold) = &mut self.deeds[place].hold {
                    hold.open = 0;
                }
            }
            Life::Given(net) => {
                self.move_money(deed.account, -net);
                if let Some(Life::Taken { back, .. }) = deed.about.map(|about| &mut self.deeds[about].life) {
                    *back -= net;
                }
            }
            Life::Undoes => self.redo(deed.about.expect("what undoes is about something")),
            Life::Nothing | Life::Undone { .. } | Life::Captured | Life::Lapsed | Life::Gone => {}
        }
    }

    /// A completion is undone: what it took off the hold is held again, if the hold is still wanted.
    fn uncapture(&mut self, completion: &Deed, net: i128, freed: i128) {
        let now = self.now;
        let account = completion.account;
        let Some(original) = completion.about.map(|place| &mut self.deeds[place]) else { return };
        if original.account != account {
            return;
        }
        let Some(hold) = &mut original.hold else { return };
        match original.life {
            Life::Held => {
                hold.open += freed;
                hold.captured -= net;
            }
            Life::Captured => {
                hold.captured -= net;
                if hold.until > now && freed > 0 {
                    hold.open = freed;
                    original.life = Life::Held;
                } else if hold.captured == 0 {
                    original.life = Life::Lapsed;
                }
            }
            _ => {}
        }
    }

    /// What a void or cancel undid is back.
    fn redo(&mut self, place: usize) {
        let deed = self.deeds[place].clone();
        let Life::Undone { net, freed } = deed.life else { return };
        self.deeds[place].life = match deed.purpose {
            Purpose::PreAuthorization => {
                self.deeds[place].used = (net, 1);
                let until = deed.hold.map_or(self.now, |hold| hold.until);
                self.deeds[place].hold = Some(Hold { amount: net, open: net, captured: 0, until });
                Life::Held
            }
            Purpose::Completion => {
                self.move_money(deed.account, -net);
                let about = deed.about.filter(|about| self.deeds[*about].account == deed.account);
                let freed = about.map_or(0, |about| self.capture(about, net, Some(freed)));
                Life::Taken { net, back: 0, freed }
            }
            _ => {
                self.move_money(deed.account, -net);
                self.deeds[place].used = (net, 1);
                Life::Taken { net, back: 0, freed: 0 }
            }
        };
    }

    pub(super) fn reverse(&mut self, ask: &Reverse) -> Said {
        let place = match ask.original {
            Original::Approval(_) => None,
            Original::Message(_) | Original::Number(_) => self.original(&ask.original, None),
        };
        let number = self.deeds.len() as u64 + 1;
        let Some(place) = place else {
            let Original::Message(origin) = ask.original else {
                return self.push_reversal(ask, None, Said::Declined(number, Cause::OriginalUnknown));
            };
            if let Some(before) = self.early.get(&origin) {
                return Said::Again(Box::new(self.deeds[*before].said.clone()));
            }
            self.early.insert(origin, self.deeds.len());
            return self.push_reversal(ask, None, Said::Declined(number, Cause::OriginalUnknown));
        };
        let deed = self.deeds[place].clone();
        let keep = ask.remaining.map_or(0, |keep| i128::from(keep.minor));
        if let Some((before, left)) = deed.reversal {
            let early = !matches!(self.deeds[before].said, Said::Accepted(_));
            if early || left == keep || deed.life == Life::Gone {
                return Said::Again(Box::new(self.deeds[before].said.clone()));
            }
        }
        let in_force = match deed.life {
            Life::Taken { net, back, .. } => net - back,
            Life::Given(net) => net,
            Life::Held => deed.hold.map_or(0, |hold| hold.open),
            Life::Undoes => deed.amount,
            Life::Nothing | Life::Undone { .. } | Life::Captured | Life::Lapsed | Life::Gone => 0,
        };
        let mut causes = BTreeSet::new();
        let other = ask.card.is_some() && ask.card != deed.card
            || ask.amount.is_some_and(|amount| i128::from(amount.minor) != deed.amount);
        if other || matches!(deed.purpose, Purpose::Reversal | Purpose::Fault) {
            causes.insert(Cause::OriginalMismatch);
        }
        if matches!(deed.life, Life::Undone { .. } | Life::Captured) {
            causes.insert(Cause::OriginalSpent);
        }
        if ask.remaining.is_some() && (keep < 0 || keep > in_force) {
            causes.insert(Cause::AmountOverOriginal);
        }
        if deed.life == Life::Undoes && keep != 0 {
            causes.insert(Cause::NotSupported);
        }
        if let Some(cause) = causes.first() {
            return self.push_reversal(ask, Some(place), Said::Declined(number, *cause));
        }
        if keep > 0 {
            self.keep(place, in_force - keep);
        } else {
            self.undo(place);
            if !matches!(deed.life, Life::Nothing | Life::Lapsed | Life::Gone) {
                self.recount(place, None);
                self.deeds[place].life = Life::Gone;
            }
        }
        self.deeds[place].reversal = Some((self.deeds.len(), keep));
        self.push_reversal(ask, Some(place), Said::Accepted(number))
    }

    /// So much less of a deed is in force.
    fn keep(&mut self, place: usize, less: i128) {
        let deed = self.deeds[place].clone();
        match deed.life {
            Life::Taken { net, .. } => {
                self.move_money(deed.account, less);
                if let Life::Taken { net, .. } = &mut self.deeds[place].life {
                    *net -= less;
                }
                self.recount(place, Some(net - less));
                if deed.purpose == Purpose::Completion {
                    let original = deed.about.map(|about| &mut self.deeds[about]);
                    let original = original.filter(|original| original.account == deed.account);
                    let original =
                        original.filter(|original| matches!(original.life, Life::Held | Life::Captured));
                    if let Some(hold) = original.and_then(|original| original.hold.as_mut()) {
                        hold.captured -= less;
                    }
                } else {
                    self.deeds[place].used.0 -= less;
                }
            }
            Life::Given(net) => {
                self.move_money(deed.account, -less);
                self.deeds[place].life = Life::Given(net - less);
                self.recount(place, Some(net - less));
                if let Some(Life::Taken { back, .. }) = deed.about.map(|about| &mut self.deeds[about].life) {
                    *back -= less;
                }
            }
            Life::Held => {
                self.deeds[place].used.0 -= less;
                if let Some(hold) = &mut self.deeds[place].hold {
                    hold.open -= less;
                    hold.amount -= less;
                }
            }
            Life::Nothing
            | Life::Undoes
            | Life::Undone { .. }
            | Life::Captured
            | Life::Lapsed
            | Life::Gone => {}
        }
    }

    fn push_reversal(&mut self, ask: &Reverse, about: Option<usize>, said: Said) -> Said {
        let original = about.map(|place| &self.deeds[place]);
        self.deeds.push(Deed {
            at: self.now,
            purpose: Purpose::Reversal,
            card: ask.card.or(original.and_then(|deed| deed.card)),
            account: original.and_then(|deed| deed.account),
            place: ask.place.or(original.and_then(|deed| deed.place)),
            amount: ask.remaining.map_or(0, |keep| i128::from(keep.minor)),
            said: said.clone(),
            about,
            life: Life::Nothing,
            hold: None,
            used: (0, 0),
            batch: None,
            reversal: None,
        });
        said
    }
}

/// What each kind of follow-up may follow.
const fn kind(purpose: Purpose) -> Option<&'static [Purpose]> {
    Some(match purpose {
        Purpose::Void => &[Purpose::Sale],
        Purpose::Refund => &[Purpose::Sale, Purpose::Completion],
        Purpose::Completion | Purpose::PreAuthorizationCancel => &[Purpose::PreAuthorization],
        Purpose::CompletionCancel => &[Purpose::Completion],
        _ => return None,
    })
}
