//! Reversals: a message taken back because no answer came, or something failed.
//!
//! Known: reversed once, and the same answer every time. Unknown: refused, and a tombstone is kept, so that
//! the original arriving late is declined. Nobody's freeze, limit or shortage stops a reversal.

use super::money_back::Leave;
use crate::cause::{Cause, CauseSet};
use crate::command::{Entry, Original, Purpose, Reverse};
use crate::ids::{Origin, TransactionId};
use crate::machine::Machine;
use crate::money::{Currency, Money};
use crate::outcome::{Answer, Exception, Facts, Outcome, Verdict};
use crate::time::Timestamp;
use crate::transaction::{Counted, State, Transaction};

impl Machine {
    pub(crate) fn reverse(&mut self, ask: &Reverse, at: Timestamp) -> Outcome {
        let origin = match ask.original {
            Original::Message(origin) => Some(origin),
            Original::Number(_) | Original::Approval(_) => None,
        };
        let number = match ask.original {
            Original::Message(origin) => self.origins.at(&origin).map(TransactionId),
            Original::Number(number) => Some(number),
            Original::Approval(_) => None,
        };
        let original = number.and_then(|number| self.transaction(number)).copied();
        let Some(original) = original else {
            return self.reverse_unknown(ask, origin, at);
        };
        let remaining = ask.remaining.map_or(0, |remaining| remaining.minor);
        if let Some(stored) = original.reversed_by.and_then(|number| self.transaction(number)) {
            let same = stored.answer.verdict != Verdict::Accepted || stored.answer.amount.minor == remaining;
            if same || matches!(original.state, State::Reversed) {
                return Outcome::Repeated(stored.answer);
            }
        }
        let mut causes = CauseSet::EMPTY;
        let other_card = ask.card.is_some_and(|card| original.card != Some(card));
        let other_amount = ask.amount.is_some_and(|amount| amount != original.answer.amount);
        let other_money =
            ask.remaining.is_some_and(|remaining| remaining.currency != original.answer.amount.currency);
        if other_card || other_amount || other_money {
            causes.insert(Cause::OriginalMismatch);
        }
        if original.purpose == Purpose::Reversal || original.purpose == Purpose::Fault {
            causes.insert(Cause::OriginalMismatch);
        }
        // A void or cancel stands or does not: there is no part of it.
        if original.state == State::Undid && remaining != 0 {
            causes.insert(Cause::NotSupported);
        }
        let in_force = self.in_force(&original);
        if ask.remaining.is_some() && !(0..=in_force).contains(&remaining) {
            causes.insert(Cause::AmountOverOriginal);
        }
        if matches!(original.state, State::Undone { .. } | State::Captured { .. }) {
            causes.insert(Cause::OriginalSpent);
        }
        if !causes.is_empty() {
            return Outcome::Decided(self.record_reversal(ask, Some(&original), causes, None, at));
        }

        // Nothing above this line changes anything; nothing below it can fail.
        let mut exception = self.settled(&original).then_some(Exception::AfterSettlement);
        let undone = match remaining {
            0 => self.undo(original.answer.number, Leave::Reversed),
            _ => {
                self.reduce(&original, in_force - remaining);
                None
            }
        };
        exception = exception.or(undone);
        let answer = self.record_reversal(ask, Some(&original), CauseSet::EMPTY, exception, at);
        if let Some(stored) = self.transaction_mut(original.answer.number) {
            stored.reversed_by = Some(answer.number);
        }
        Outcome::Decided(answer)
    }

    /// The original has not arrived, or is forgotten: a tombstone is kept.
    fn reverse_unknown(&mut self, ask: &Reverse, origin: Option<Origin>, at: Timestamp) -> Outcome {
        let tombstone = origin.and_then(|origin| self.tombstones.at(&origin));
        if let Some(stored) = tombstone.and_then(|number| self.transaction(TransactionId(number))) {
            return Outcome::Repeated(stored.answer);
        }
        let causes = CauseSet::from_iter([Cause::OriginalUnknown]);
        let answer = self.record_reversal(ask, None, causes, None, at);
        if let Some(origin) = origin {
            self.tombstones.put(origin, answer.number.0);
        }
        Outcome::Decided(answer)
    }

    /// What of a transaction is in force and can be reversed, minor units.
    fn in_force(&self, transaction: &Transaction) -> i64 {
        match transaction.state {
            State::Posted { net, refunded, .. } => net - refunded,
            State::Refunded { net } => net,
            State::Held => {
                let holds = self.account_of(transaction).map(|slot| &self.accounts[slot as usize].holds);
                let number = transaction.answer.number;
                holds
                    .and_then(|holds| holds.iter().find(|hold| hold.number == number))
                    .map_or(0, |hold| hold.open)
            }
            State::Undid => transaction.answer.amount.minor,
            State::Idle
            | State::Undone { .. }
            | State::Captured { .. }
            | State::Expired
            | State::Reversed => 0,
        }
    }

    /// Takes `minor` back of what is in force; the rest stands.
    fn reduce(&mut self, original: &Transaction, minor: i64) {
        let account = self.account_of(original);
        let (state, counted) = match original.state {
            State::Posted { net, refunded, released } => {
                self.give_back(original, minor);
                match (original.purpose, account) {
                    (Purpose::Completion, Some(account)) => self.uncapture(original, account, minor),
                    (_, Some(account)) => self.give_back_limits(account, original.answer.at, minor, false),
                    (_, None) => {}
                }
                let net = net - minor;
                (State::Posted { net, refunded, released }, self.recount(original, Counted::Debit(net)))
            }
            State::Held => {
                if let Some(account) = account {
                    self.release(account, original.answer.number, minor, false);
                    let holds = &mut self.accounts[account as usize].holds;
                    if let Some(hold) = holds.iter_mut().find(|hold| hold.number == original.answer.number) {
                        hold.amount -= minor;
                    }
                    self.give_back_limits(account, original.answer.at, minor, false);
                }
                (State::Held, original.counted)
            }
            State::Refunded { net } => {
                self.give_back(original, -minor);
                self.unrefund(original, minor);
                let net = net - minor;
                (State::Refunded { net }, self.recount(original, Counted::Credit(net)))
            }
            State::Idle
            | State::Undid
            | State::Undone { .. }
            | State::Captured { .. }
            | State::Expired
            | State::Reversed => (original.state, original.counted),
        };
        self.set_state(original, state, counted);
    }

    /// A transaction counts with another amount from now on.
    fn recount(&mut self, original: &Transaction, counted: Counted) -> Option<Counted> {
        original.counted?;
        if self.settled(original) {
            return original.counted;
        }
        self.uncount(original);
        original.origin.and_then(|origin| self.count(&origin, counted))
    }

    /// So much less was captured of the hold a completion belongs to.
    fn uncapture(&mut self, completion: &Transaction, account: u32, minor: i64) {
        let Some(number) = completion.answer.original else { return };
        let holds = &mut self.accounts[account as usize].holds;
        if let Some(hold) = holds.iter_mut().find(|hold| hold.number == number) {
            hold.captured -= minor;
        } else if let Some(stored) = self.transaction_mut(number)
            && let State::Captured { captured, .. } = &mut stored.state
        {
            *captured -= minor;
        }
    }

    fn set_state(&mut self, original: &Transaction, state: State, counted: Option<Counted>) {
        if let Some(stored) = self.transaction_mut(original.answer.number) {
            stored.state = state;
            stored.counted = counted;
        }
    }

    fn record_reversal(
        &mut self,
        ask: &Reverse,
        original: Option<&Transaction>,
        causes: CauseSet,
        exception: Option<Exception>,
        at: Timestamp,
    ) -> Answer {
        let number = TransactionId(self.next_number());
        let currency = original.map(|original| original.answer.amount.currency);
        let currency = currency.or(ask.amount.map(|amount| amount.currency)).unwrap_or(Currency::CNY);
        let answer = Answer {
            number,
            at,
            verdict: if causes.is_empty() { Verdict::Accepted } else { Verdict::Declined(causes) },
            amount: Money::new(ask.remaining.map_or(0, |remaining| remaining.minor), currency),
            facts: Facts::default(),
            original: original.map(|original| original.answer.number),
            exception,
        };
        let origin = match (original, ask.original) {
            // A tombstone is forgotten together with its reversal.
            (None, Original::Message(origin)) => Some(origin),
            (None | Some(_), Original::Message(_) | Original::Number(_) | Original::Approval(_)) => None,
        };
        self.record(
            Transaction {
                answer,
                origin,
                purpose: Purpose::Reversal,
                card: ask.card.or(original.and_then(|original| original.card)),
                account: original.and_then(|original| original.account),
                entry: original.map_or(Entry::OnFile, |original| original.entry),
                place: ask.place.or(original.and_then(|original| original.place)),
                state: State::Idle,
                reversed_by: None,
                counted: None,
                signature: None,
            },
            false,
        );
        answer
    }
}
