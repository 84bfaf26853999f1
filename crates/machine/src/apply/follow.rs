//! What follows an earlier transaction: void, completion, cancel, refund.
//!
//! A freeze does not stop any of them: they belong to what was approved before it.

use super::money_back::Leave;
use super::weigh::Weighed;
use crate::account::Hold;
use crate::cause::{Cause, CauseSet};
use crate::command::{Follow, Original, PinCheck, Place, Purpose};
use crate::ids::TransactionId;
use crate::ledger::Book;
use crate::machine::{AMOUNT_MAX, Machine};
use crate::outcome::{Answer, Exception, Facts, Outcome, Verdict};
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
            return Outcome::Decided(self.refuse(ask, None, CauseSet::from_iter([Cause::DuplicateMismatch]), at, false));
        }
        if let Some(account) = ask.card.and_then(|card| self.card(card)).map(|card| card.account) {
            self.expire_holds(account, at);
        }
        let mut found = self.find(ask, at);
        let tombstone = self.tombstones.at(&ask.origin);
        if tombstone.is_some() {
            found.weighed.causes.insert(Cause::ReversedBefore);
        }
        let force = ask.advice && tombstone.is_none() && found.weighed.payee.is_some();
        let answer = match found.weighed.causes.is_empty() || force {
            true => self.carry_out(ask, &found, at),
            false => {
                let causes = found.weighed.causes;
                let account = found.weighed.account;
                let mut answer = self.refuse(ask, account, causes, at, true);
                if causes.first() == Some(Cause::WrongPin) {
                    answer = self.count_wrong_pin(answer, &found, at);
                }
                answer
            }
        };
        if let (Some(reversal), Some(transaction)) = (tombstone, self.transaction_mut(answer.number)) {
            transaction.reversed_by = Some(TransactionId(reversal));
        }
        Outcome::Decided(answer)
    }

    /// Finds the original and every reason against the follow-up.
    fn find(&self, ask: &Follow, at: Timestamp) -> Found {
        let mut weighed =
            Weighed { causes: CauseSet::EMPTY, facts: Facts::default(), card: None, account: None, payee: None };
        self.weigh_place(&ask.place, at, &mut weighed);
        if !(1..=AMOUNT_MAX).contains(&ask.amount.minor) {
            weighed.causes.insert(Cause::AmountInvalid);
        }
        let number = match ask.original {
            Original::Message(origin) => self.origins.at(&origin).map(TransactionId),
            Original::Number(number) => Some(number),
            Original::Approval(code) => ask.card.and_then(|card| {
                let card = self.card(card)?;
                let holds = &self.accounts[card.account as usize].holds;
                holds.iter().rev().find(|hold| hold.approval == code).map(|hold| hold.number)
            }),
        };
        let original = number.and_then(|number| self.transaction(number)).copied();
        let card = ask.card.or(original.and_then(|original| original.card));
        weighed.card = card.and_then(|card| self.card_slots.at(&card));
        weighed.account = weighed.card.map(|card| self.cards[card as usize].account);
        if ask.card.is_some() && weighed.card.is_none() {
            weighed.causes.insert(Cause::CardUnknown);
        }
        let hold = weighed.account.zip(number).and_then(|(account, number)| {
            self.accounts[account as usize].holds.iter().find(|hold| hold.number == number).copied()
        });
        if original.is_none() && hold.is_none() {
            weighed.causes.insert(Cause::OriginalUnknown);
        }
        if let (Some(slot), PinCheck::Wrong) = (weighed.card, ask.checks.pin) {
            weighed.causes.insert(Cause::WrongPin);
            let tries = self.cards[slot as usize].tries;
            weighed.facts.tries_left = Some(self.policy.pin_tries_max.saturating_sub(tries + 1));
        }
        if let Some(original) = &original {
            self.weigh_original(ask, original, &mut weighed);
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

    /// Whether the original is of the kind, the card, the merchant, the amount and in the state needed.
    fn weigh_original(&self, ask: &Follow, original: &Transaction, weighed: &mut Weighed) {
        let elsewhere = original.place.as_ref().is_none_or(|place| !Machine::same_merchant(place, &ask.place));
        if ask.card.is_some_and(|card| original.card != Some(card)) || elsewhere {
            weighed.causes.insert(Cause::OriginalMismatch);
        }
        let kind = match ask.purpose {
            Purpose::Void => original.purpose == Purpose::Sale,
            Purpose::CompletionCancel => original.purpose == Purpose::Completion,
            Purpose::Refund => matches!(original.purpose, Purpose::Sale | Purpose::Completion),
            Purpose::Completion | Purpose::PreAuthorizationCancel => original.purpose == Purpose::PreAuthorization,
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
                if refunded > 0 || self.settled(original.origin.as_ref()) {
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
        let most = hold.amount + hold.amount / 100 * i64::from(self.policy.completion_over_percent)
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
        let mut exception = found.weighed.causes.first().map(|cause| {
            let unmatched = cause == Cause::OriginalUnknown;
            if unmatched { Exception::Unmatched } else { Exception::PostedDespite(cause) }
        });
        let original = found.original.map(|original| original.answer.number).or(found.hold.map(|hold| hold.number));
        let minor = ask.amount.minor;
        let payee = found.weighed.payee.unwrap_or(Book::Suspense);
        let sound = found.weighed.causes.is_empty();

        // Nothing above this line changes anything; nothing below it can fail.
        let (state, counted) = match ask.purpose {
            Purpose::Void | Purpose::CompletionCancel | Purpose::PreAuthorizationCancel => {
                if let (true, Some(original)) = (sound, original) {
                    exception = self.undo(original, Leave::Undone(number));
                }
                let hold = ask.purpose == Purpose::PreAuthorizationCancel;
                (if sound { State::Undid } else { State::Idle }, (sound && !hold).then_some(Counted::Credit(minor)))
            }
            Purpose::Completion => {
                let released = match (found.weighed.account, found.hold) {
                    (Some(account), Some(hold)) => {
                        let released = if ask.last { hold.open } else { minor.min(hold.open) };
                        self.capture(account, hold.number, minor, released);
                        released
                    }
                    _ => 0,
                };
                self.take(found, payee, ask, minor);
                (State::Posted { net: minor, refunded: 0, released }, Some(Counted::Debit(minor)))
            }
            Purpose::Refund => {
                self.take(found, payee, ask, -minor);
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
        if let (Some(slot), PinCheck::Right) = (found.weighed.card, ask.checks.pin) {
            self.cards[slot as usize].tries = 0;
        }
        let counted = counted.filter(|_| matches!(ask.place, Place::Terminal(_)));
        self.count(&ask.origin, counted, 1);
        let verdict = Verdict::Approved(number.approval());
        let answer = Answer { number, at, verdict, amount: ask.amount, facts: found.weighed.facts, original, exception };
        self.record(self.kept(ask, answer, found.weighed.account, state, counted), true);
        answer
    }

    /// Takes `minor` from the holder to the payee; negative: the other way.
    fn take(&mut self, found: &Found, payee: Book, ask: &Follow, minor: i64) {
        match found.weighed.account {
            Some(account) => self.post(account, payee, -minor),
            None => self.transfer(Book::Suspense, payee, ask.amount.currency, minor),
        }
    }

    fn refuse(&mut self, ask: &Follow, account: Option<u32>, causes: CauseSet, at: Timestamp, indexed: bool) -> Answer {
        let number = TransactionId(self.next_number());
        let verdict = Verdict::Declined(causes);
        let answer =
            Answer { number, at, verdict, amount: ask.amount, facts: Facts::default(), original: None, exception: None };
        self.record(self.kept(ask, answer, account, State::Idle, None), indexed);
        answer
    }

    /// A wrong PIN counts here too. The stored answer learns what followed.
    fn count_wrong_pin(&mut self, mut answer: Answer, found: &Found, at: Timestamp) -> Answer {
        let Some(slot) = found.weighed.card else { return answer };
        let mut causes = found.weighed.causes;
        answer.facts = found.weighed.facts;
        if let Some(freeze) = self.wrong_pin(slot, answer.number, at) {
            causes.insert(Cause::PinTriesExceeded);
            answer.facts.freeze = Some(freeze);
        }
        answer.verdict = Verdict::Declined(causes);
        if let Some(stored) = self.transaction_mut(answer.number) {
            stored.answer = answer;
        }
        answer
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
