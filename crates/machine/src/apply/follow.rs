//! What follows an earlier transaction: void, completion, cancel, refund.
//!
//! A freeze does not stop any of them: they belong to what was approved before it.

use super::money_back::Leave;
use super::weigh::{Manner, Weighed};
use crate::account::Hold;
use crate::cause::{Cause, CauseSet};
use crate::command::{Follow, Original, PinCheck, Place, Purpose};
use crate::freeze::{Reach, Scope};
use crate::ids::{FreezeId, TransactionId};
use crate::ledger::Book;
use crate::machine::{AMOUNT_MAX, Machine};
use crate::outcome::{Answer, Exception, Outcome, Verdict};
use crate::time::Timestamp;
use crate::transaction::{Counted, State, Transaction};

/// What a follow-up was found to be about.
struct Found {
    weighed: Weighed,
    original: Option<Transaction>,
    hold: Option<Hold>,
}

impl Machine {
    pub(crate) fn follow(&mut self, ask: &Follow, at: Timestamp) -> Outcome {
        if let Some(stored) = self.stored(&ask.origin) {
            let same = stored.answer.amount == ask.amount
                && stored.purpose == ask.purpose
                && (ask.card.is_none() || stored.card == ask.card);
            if same {
                return Outcome::Repeated(stored.answer);
            }
            let causes = CauseSet::from_iter([Cause::DuplicateMismatch]);
            let found =
                Found { weighed: Weighed { causes, ..Weighed::nothing() }, original: None, hold: None };
            return Outcome::Decided(self.refuse(ask, &found, None, at, false));
        }
        let original = self.followed(ask).and_then(|number| self.transaction(number));
        let card = ask.card.or(original.and_then(|original| original.card));
        if let Some(card) = card.and_then(|card| self.card_slots.at(&card)) {
            self.run_out(card, at);
        }
        let mut found = self.find(ask, at);
        let tombstone = self.tombstones.at(&ask.origin);
        if tombstone.is_some() {
            found.weighed.causes.insert(Cause::ReversedBefore);
        }
        let advised = ask.advice && tombstone.is_none() && can_be_posted(ask);
        let answer = match found.weighed.causes.is_empty() || advised {
            true => self.carry_out(ask, &found, at),
            false => self.decline_follow(ask, &found, at),
        };
        if let (Some(reversal), Some(transaction)) = (tombstone, self.transaction_mut(answer.number)) {
            transaction.reversed_by = Some(TransactionId(reversal));
        }
        Outcome::Decided(answer)
    }

    /// The number of what is followed.
    fn followed(&self, ask: &Follow) -> Option<TransactionId> {
        match ask.original {
            Original::Message(origin) => self.origins.at(&origin).map(TransactionId),
            Original::Number(number) => Some(number),
            Original::Approval(code) => {
                let card = self.card(ask.card?)?;
                let holds = &self.accounts[card.account as usize].holds;
                holds.iter().rev().find(|hold| hold.approval == code).map(|hold| hold.number)
            }
        }
    }

    /// Finds the original and every reason against the follow-up.
    fn find(&self, ask: &Follow, at: Timestamp) -> Found {
        let mut weighed = Weighed::nothing();
        self.weigh_place(&ask.place, Manner::Following, at, &mut weighed);
        if !(1..=AMOUNT_MAX).contains(&ask.amount.minor) {
            weighed.causes.insert(Cause::AmountInvalid);
        }
        let number = self.followed(ask);
        let original = number.and_then(|number| self.transaction(number)).copied();
        let card = ask.card.or(original.and_then(|original| original.card));
        weighed.card = card.and_then(|card| self.card_slots.at(&card));
        weighed.account = weighed.card.map(|card| self.cards[card as usize].account);
        // What was advised on a card nobody knows waits in suspense, and is followed up there.
        let known = weighed.card.is_some() || original.is_some_and(|original| original.card == ask.card);
        if ask.card.is_some() && !known {
            weighed.causes.insert(Cause::CardUnknown);
        }
        let hold = weighed.account.zip(number).and_then(|(account, number)| {
            self.accounts[account as usize].holds.iter().find(|hold| hold.number == number).copied()
        });
        match (&original, &hold) {
            (None, None) => weighed.causes.insert(Cause::OriginalUnknown),
            // The message is forgotten, its hold is not: it still belongs to whom it would pay.
            (None, Some(hold)) if weighed.payee != Some(hold.payee) => {
                weighed.causes.insert(Cause::OriginalMismatch);
            }
            (None, Some(_)) => {}
            (Some(original), _) => self.weigh_original(ask, original, &mut weighed),
        }
        if let (Some(slot), PinCheck::Wrong) = (weighed.card, self.pin_said(weighed.card, ask, at)) {
            weighed.causes.insert(Cause::WrongPin);
            let tries = self.tries(&self.cards[slot as usize], at).saturating_add(1);
            weighed.facts.tries_left = Some(self.policy.pin_tries_max.saturating_sub(tries));
        }
        if let Some(account) = weighed.account {
            let account = &self.accounts[account as usize];
            weighed.facts.available = Some(account.available(at));
            if account.currency != ask.amount.currency {
                weighed.causes.insert(Cause::CurrencyMismatch);
            }
        }
        match ask.purpose {
            Purpose::Completion => self.weigh_completion(ask, hold.as_ref(), &mut weighed),
            Purpose::PreAuthorizationCancel => {
                if hold.is_some_and(|hold| hold.open != ask.amount.minor || hold.captured != 0) {
                    weighed.causes.insert(Cause::OriginalMismatch);
                }
                if hold.is_none() && original.is_some() {
                    weighed.causes.insert(Cause::OriginalSpent);
                }
            }
            Purpose::Void | Purpose::CompletionCancel | Purpose::Refund => {}
            Purpose::Sale
            | Purpose::PreAuthorization
            | Purpose::BalanceInquiry
            | Purpose::Reversal
            | Purpose::Fault => weighed.causes.insert(Cause::NotSupported),
        }
        Found { weighed, original, hold }
    }

    /// What the PIN says: nothing, where it is frozen. A freeze stops no follow-up, and a frozen PIN is not to be
    /// found out by asking.
    fn pin_said(&self, card: Option<u32>, ask: &Follow, at: Timestamp) -> PinCheck {
        let frozen = |slot: u32| {
            let card = &self.cards[slot as usize];
            self.holding(&card.freezes, at).any(|freeze| freeze.reach == Reach::PinUse)
        };
        if card.is_some_and(frozen) { PinCheck::Absent } else { ask.checks.pin }
    }

    /// Whether the original is of the kind, the card, the merchant, the amount and in the state needed.
    fn weigh_original(&self, ask: &Follow, original: &Transaction, weighed: &mut Weighed) {
        let elsewhere =
            original.place.as_ref().is_none_or(|place| !Machine::same_merchant(place, &ask.place));
        let other_money = original.answer.amount.currency != ask.amount.currency;
        if ask.card.is_some_and(|card| original.card != Some(card)) || elsewhere || other_money {
            weighed.causes.insert(Cause::OriginalMismatch);
        }
        let kind = match ask.purpose {
            Purpose::Void => original.purpose == Purpose::Sale,
            Purpose::CompletionCancel => original.purpose == Purpose::Completion,
            Purpose::Refund => matches!(original.purpose, Purpose::Sale | Purpose::Completion),
            Purpose::Completion | Purpose::PreAuthorizationCancel => {
                original.purpose == Purpose::PreAuthorization
            }
            Purpose::Sale
            | Purpose::PreAuthorization
            | Purpose::BalanceInquiry
            | Purpose::Reversal
            | Purpose::Fault => false,
        };
        if !kind {
            weighed.causes.insert(Cause::OriginalMismatch);
            return;
        }
        let amount = ask.amount.minor;
        match (ask.purpose, original.state) {
            (Purpose::Void | Purpose::CompletionCancel, State::Posted { net, refunded, .. }) => {
                if refunded > 0 || self.settled(original) {
                    weighed.causes.insert(Cause::OriginalSpent);
                } else if net != amount {
                    weighed.causes.insert(Cause::OriginalMismatch);
                }
            }
            (Purpose::Refund, State::Posted { net, refunded, .. }) => {
                if amount > net - refunded {
                    weighed.causes.insert(Cause::AmountOverOriginal);
                    weighed.facts.limit = Some(net);
                    weighed.facts.used = Some(refunded);
                }
            }
            (Purpose::Completion | Purpose::PreAuthorizationCancel, State::Held) => {}
            (_, State::Idle) => weighed.causes.insert(Cause::OriginalUnknown),
            (
                _,
                State::Held
                | State::Posted { .. }
                | State::Refunded { .. }
                | State::Undid
                | State::Undone { .. }
                | State::Captured { .. }
                | State::Expired
                | State::Reversed,
            ) => weighed.causes.insert(Cause::OriginalSpent),
        }
    }

    /// A completion takes at most its hold and the policy's percentage more, and the more must be there.
    fn weigh_completion(&self, ask: &Follow, hold: Option<&Hold>, weighed: &mut Weighed) {
        let (Some(hold), Some(account)) = (hold, weighed.account) else {
            weighed.causes.insert(Cause::OriginalSpent);
            return;
        };
        let most = hold.amount
            + hold.amount / 100 * i64::from(self.policy.completion_over_percent)
            + hold.amount % 100 * i64::from(self.policy.completion_over_percent) / 100;
        if ask.amount.minor > most - hold.captured {
            weighed.causes.insert(Cause::AmountOverOriginal);
            weighed.facts.limit = Some(most);
            weighed.facts.used = Some(hold.captured);
        }
        let more = ask.amount.minor - hold.open;
        if more > 0 && self.accounts[account as usize].available(self.last_at) < more {
            weighed.causes.insert(Cause::InsufficientFunds);
        }
    }

    fn carry_out(&mut self, ask: &Follow, found: &Found, at: Timestamp) -> Answer {
        let number = TransactionId(self.next_number());
        let causes = found.weighed.causes;
        let sound = causes.is_empty();
        let mut exception = causes.first().map(|cause| {
            let unmatched = cause == Cause::OriginalUnknown;
            if unmatched { Exception::Unmatched } else { Exception::PostedDespite(cause) }
        });
        // What was advised and belongs to another card, shop or currency is posted, but not tied to it.
        let tied = !causes.contains(Cause::OriginalMismatch) && !causes.contains(Cause::CurrencyMismatch);
        let original = found.original.map(|original| original.answer.number).filter(|_| tied);
        let hold = found.hold.filter(|_| tied);
        let original = original.or(hold.map(|hold| hold.number));
        let account = found.weighed.account.filter(|_| !causes.contains(Cause::CurrencyMismatch));
        let minor = ask.amount.minor;
        let payee = found.weighed.payee.unwrap_or(Book::Suspense);
        if self.counted_late(&ask.origin) && ask.purpose != Purpose::PreAuthorizationCancel {
            exception = exception.or(Some(Exception::AfterSettlement));
        }

        // Nothing above this line changes anything; nothing below it can fail.
        let (state, counted) = match ask.purpose {
            Purpose::Void | Purpose::CompletionCancel | Purpose::PreAuthorizationCancel => {
                if let (true, Some(original)) = (sound, original) {
                    exception = self.undo(original, Leave::Undone(number)).or(exception);
                }
                let cancel = ask.purpose == Purpose::PreAuthorizationCancel;
                let counted = (sound && !cancel).then_some(Counted::Credit(minor));
                (if sound { State::Undid } else { State::Idle }, counted)
            }
            Purpose::Completion => {
                let open = hold.map_or(0, |hold| hold.open);
                let released = if ask.last { open } else { minor.min(open) };
                let released = match (account, original) {
                    (Some(account), Some(original)) => self.capture(account, original, minor, released),
                    (Some(_) | None, Some(_) | None) => 0,
                };
                self.take(account, payee, ask, minor);
                (State::Posted { net: minor, refunded: 0, released }, Some(Counted::Debit(minor)))
            }
            Purpose::Refund => {
                self.take(account, payee, ask, -minor);
                if let Some(State::Posted { refunded, .. }) =
                    original.and_then(|number| self.transaction_mut(number)).map(|stored| &mut stored.state)
                {
                    *refunded += minor;
                }
                (State::Refunded { net: minor }, Some(Counted::Credit(minor)))
            }
            Purpose::Sale
            | Purpose::PreAuthorization
            | Purpose::BalanceInquiry
            | Purpose::Reversal
            | Purpose::Fault => (State::Idle, None),
        };
        if let (Some(slot), PinCheck::Right) =
            (found.weighed.card, self.pin_said(found.weighed.card, ask, at))
        {
            self.cards[slot as usize].tries = 0;
        }
        let counted = counted.filter(|_| matches!(ask.place, Place::Terminal(_)));
        let counted = counted.and_then(|counted| self.count(&ask.origin, counted));
        let verdict = Verdict::Approved(number.approval());
        let facts = found.weighed.facts;
        let answer = Answer { number, at, verdict, amount: ask.amount, facts, original, exception };
        self.record(self.kept(ask, answer, account, state, counted), true);
        answer
    }

    /// Takes `minor` from the holder to the payee; negative: the other way.
    fn take(&mut self, account: Option<u32>, payee: Book, ask: &Follow, minor: i64) {
        match account {
            Some(account) => self.post(account, payee, -minor),
            None => self.transfer(Book::Suspense, payee, ask.amount.currency, minor),
        }
    }

    /// Declines; a wrong PIN counts here too, and may freeze it.
    fn decline_follow(&mut self, ask: &Follow, found: &Found, at: Timestamp) -> Answer {
        let slot = found.weighed.card.filter(|_| found.weighed.causes.first() == Some(Cause::WrongPin));
        let number = TransactionId(self.next_number());
        let freeze = slot.and_then(|slot| self.wrong_pin(slot, number, at));
        self.refuse(ask, found, freeze, at, true)
    }

    fn refuse(
        &mut self,
        ask: &Follow,
        found: &Found,
        freeze: Option<FreezeId>,
        at: Timestamp,
        indexed: bool,
    ) -> Answer {
        let (mut causes, mut facts) = (found.weighed.causes, found.weighed.facts);
        if causes.first() != Some(Cause::WrongPin) {
            facts.tries_left = None;
        }
        if freeze.is_some() {
            causes.insert(Cause::PinTriesExceeded);
            facts.freeze = freeze;
        }
        let answer = Answer {
            number: TransactionId(self.next_number()),
            at,
            verdict: Verdict::Declined(causes),
            amount: ask.amount,
            facts,
            original: found.original.map(|original| original.answer.number),
            exception: None,
        };
        self.record(self.kept(ask, answer, found.weighed.account, State::Idle, None), indexed);
        answer
    }

    /// Counts a wrong PIN; the last try freezes the PIN.
    fn wrong_pin(&mut self, slot: u32, number: TransactionId, at: Timestamp) -> Option<FreezeId> {
        let card = &mut self.cards[slot as usize];
        card.tries = card.tries.saturating_add(1);
        let (tries, scope) = (card.tries, Scope::Pin(card.id));
        self.fold(u64::from(tries));
        if tries < self.policy.pin_tries_max {
            return None;
        }
        self.freeze_from(scope, Cause::PinTriesExceeded, number, at)
    }

    fn kept(
        &self,
        ask: &Follow,
        answer: Answer,
        account: Option<u32>,
        state: State,
        counted: Option<Counted>,
    ) -> Transaction {
        let original = answer.original.and_then(|number| self.transaction(number));
        Transaction {
            answer,
            origin: Some(ask.origin),
            purpose: ask.purpose,
            card: ask.card.or(original.and_then(|original| original.card)),
            account: account.map(|slot| self.accounts[slot as usize].id),
            entry: ask.entry,
            place: Some(ask.place),
            state,
            reversed_by: None,
            counted,
            signature: None,
        }
    }
}

/// Whether it can be posted at all, once it is advised.
fn can_be_posted(ask: &Follow) -> bool {
    let known = match ask.purpose {
        Purpose::Void
        | Purpose::Completion
        | Purpose::PreAuthorizationCancel
        | Purpose::CompletionCancel
        | Purpose::Refund => true,
        Purpose::Sale
        | Purpose::PreAuthorization
        | Purpose::BalanceInquiry
        | Purpose::Reversal
        | Purpose::Fault => false,
    };
    known && (1..=AMOUNT_MAX).contains(&ask.amount.minor)
}
