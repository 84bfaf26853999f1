//! Undoing and redoing: the money of a transaction taken back, and a taking back taken back.
//!
//! Used by voids, cancels and reversals alike, so that there is one place where each kind of transaction
//! knows how it is undone. Nothing here can fail: whether it may is decided before.

use crate::acceptance::Batch;
use crate::account::Hold;
use crate::command::{Place, Purpose};
use crate::ids::{Origin, TransactionId};
use crate::ledger::Book;
use crate::machine::Machine;
use crate::outcome::Exception;
use crate::transaction::{Counted, State, Transaction};

/// How a transaction leaves: voided by another one, or reversed.
#[derive(Clone, Copy)]
pub(crate) enum Leave {
    /// Undone by a void or cancel, which can itself be reversed.
    Undone(TransactionId),
    /// Reversed.
    Reversed,
}

impl Machine {
    /// Slot of the transaction's account; none of an advice that waits in suspense.
    pub(crate) fn account_of(&self, transaction: &Transaction) -> Option<u32> {
        transaction.account.and_then(|account| self.account_slots.at(&account))
    }

    /// Moves `minor` from whoever was paid back to the holder (or with a negative sign, again to the payee).
    pub(crate) fn give_back(&mut self, transaction: &Transaction, minor: i64) {
        let payee = transaction.place.as_ref().and_then(|place| self.payee(place)).unwrap_or(Book::Suspense);
        match self.account_of(transaction) {
            Some(account) => self.post(account, payee, minor),
            None => self.transfer(payee, Book::Suspense, transaction.answer.amount.currency, minor),
        }
    }

    /// Undoes what `number` did. Says what has to be looked into.
    pub(crate) fn undo(&mut self, number: TransactionId, leave: Leave) -> Option<Exception> {
        let transaction = *self.transaction(number)?;
        let left = |net, released| match leave {
            Leave::Undone(by) => State::Undone { by, net, released },
            Leave::Reversed => State::Reversed,
        };
        let mut exception = None;
        let state = match transaction.state {
            State::Posted { net, refunded, released } => {
                self.give_back(&transaction, net - refunded);
                if refunded > 0 {
                    exception = Some(Exception::PostedDespite(crate::cause::Cause::OriginalSpent));
                }
                if transaction.purpose == Purpose::Completion {
                    self.reinstate(&transaction, net, released);
                } else if let Some(account) = self.account_of(&transaction) {
                    self.give_back_limits(account, transaction.answer.at, net, true);
                }
                left(net, released)
            }
            State::Held => {
                if let Some(account) = self.account_of(&transaction) {
                    // What was captured of it stands, and stays one of the day's payments.
                    let holds = &self.accounts[account as usize].holds;
                    let whole = !holds.iter().any(|hold| hold.number == number && hold.captured > 0);
                    let open = self.release(account, number, 0, true);
                    self.give_back_limits(account, transaction.answer.at, open, whole);
                    left(open, 0)
                } else {
                    left(0, 0)
                }
            }
            State::Refunded { net } => {
                exception = self.overdrawn_by(&transaction, net);
                self.give_back(&transaction, -net);
                self.unrefund(&transaction, net);
                left(net, 0)
            }
            State::Undid => {
                exception = match transaction.answer.original {
                    Some(original) => self.redo(original),
                    None => Some(Exception::Unmatched),
                };
                left(0, 0)
            }
            State::Idle
            | State::Undone { .. }
            | State::Captured { .. }
            | State::Expired
            | State::Reversed => return None,
        };
        if let Leave::Reversed = leave {
            self.uncount(&transaction);
        }
        if let Some(stored) = self.transaction_mut(number) {
            stored.state = state;
            if let Leave::Reversed = leave {
                stored.counted = None;
            }
        }
        exception
    }

    /// A refund, or so much of it, is taken back: so much less was refunded.
    pub(crate) fn unrefund(&mut self, refund: &Transaction, minor: i64) {
        if let Some(original) = refund.answer.original.and_then(|number| self.transaction_mut(number))
            && let State::Posted { refunded, .. } = &mut original.state
        {
            *refunded -= minor;
        }
    }

    /// Brings back what a void or cancel undid, whatever it costs: it was ours to answer for. What is forgotten
    /// is left to people.
    fn redo(&mut self, number: TransactionId) -> Option<Exception> {
        let Some(transaction) = self.transaction(number).copied() else { return Some(Exception::Unmatched) };
        let State::Undone { net, released, .. } = transaction.state else { return None };
        let Some(account) = self.account_of(&transaction) else { return Some(Exception::Unmatched) };
        let exception = self.overdrawn_by(&transaction, net);
        let state = match transaction.purpose {
            Purpose::PreAuthorization => {
                self.restore_hold(&transaction, account, Rest { amount: net, open: net, captured: 0 });
                self.use_limits_again(account, transaction.answer.at, net);
                State::Held
            }
            Purpose::Completion => {
                // Of the hold only what is still there can be taken again.
                let original = transaction.answer.original;
                let released = original.map_or(0, |original| self.capture(account, original, net, released));
                self.give_back(&transaction, -net);
                State::Posted { net, refunded: 0, released }
            }
            Purpose::Sale => {
                self.give_back(&transaction, -net);
                self.use_limits_again(account, transaction.answer.at, net);
                State::Posted { net, refunded: 0, released: 0 }
            }
            Purpose::BalanceInquiry
            | Purpose::Void
            | Purpose::PreAuthorizationCancel
            | Purpose::CompletionCancel
            | Purpose::Refund
            | Purpose::Reversal
            | Purpose::Fault => return None,
        };
        if let Some(stored) = self.transaction_mut(number) {
            stored.state = state;
        }
        exception
    }

    /// Whether taking `minor` from the holder now goes beyond what is available.
    pub(crate) fn overdrawn_by(&self, transaction: &Transaction, minor: i64) -> Option<Exception> {
        let account = &self.accounts[self.account_of(transaction)? as usize];
        (account.available(self.last_at) < minor).then_some(Exception::Overdrawn)
    }

    /// Takes `released` off the hold of pre-authorization `number` for a capture of `minor`; ends the hold
    /// when nothing of it is left. Says how much was taken off: nothing where there is no hold any more. What
    /// was captured is remembered all the same, so that it can be undone.
    pub(crate) fn capture(&mut self, account: u32, number: TransactionId, minor: i64, released: i64) -> i64 {
        let record = &mut self.accounts[account as usize];
        let Some(hold) = record.holds.iter_mut().find(|hold| hold.number == number) else {
            if let Some(State::Captured { captured, .. }) =
                self.transaction_mut(number).map(|original| &mut original.state)
            {
                *captured += minor;
            }
            return 0;
        };
        hold.captured += minor;
        let (captured, amount, ends) = (hold.captured, hold.amount, hold.open <= released);
        let taken = self.release(account, number, released, false);
        if ends && let Some(original) = self.transaction_mut(number) {
            original.state = State::Captured { captured, amount };
        }
        taken
    }

    /// A completion is undone: what it took off the hold is held again, unless the hold was given up or ran out
    /// since.
    fn reinstate(&mut self, completion: &Transaction, net: i64, released: i64) {
        let (Some(account), Some(number)) = (self.account_of(completion), completion.answer.original) else {
            return;
        };
        let record = &mut self.accounts[account as usize];
        if let Some(hold) = record.holds.iter_mut().find(|hold| hold.number == number) {
            hold.open += released;
            hold.captured -= net;
            record.held += released;
            let held = record.held;
            self.fold(held as u64);
            return;
        }
        let Some(original) = self.transaction(number).copied() else { return };
        let State::Captured { captured, amount } = original.state else { return };
        let captured = captured - net;
        let ran_out = original.answer.at.plus(self.policy.hold_ms) <= self.last_at;
        let state = if ran_out || released == 0 {
            if captured == 0 { State::Expired } else { State::Captured { captured, amount } }
        } else {
            self.restore_hold(&original, account, Rest { amount, open: released, captured });
            State::Held
        };
        if let Some(stored) = self.transaction_mut(number) {
            stored.state = state;
        }
    }

    fn restore_hold(&mut self, original: &Transaction, account: u32, rest: Rest) {
        let number = original.answer.number;
        let payee = original.place.as_ref().and_then(|place| self.payee(place)).unwrap_or(Book::Suspense);
        let card = original.card.and_then(|card| self.card_slots.at(&card)).unwrap_or(u32::MAX);
        let expires_at = original.answer.at.plus(self.policy.hold_ms);
        let approval = number.approval();
        let Rest { amount, open, captured } = rest;
        self.hold(account, Hold { number, approval, card, payee, amount, open, captured, expires_at });
    }

    /// Counts a transaction in its terminal's batch, and says as what; as nothing where the batch is closed: what
    /// both sides agreed on does not change any more.
    pub(crate) fn count(&mut self, origin: &Origin, counted: Counted) -> Option<Counted> {
        let Origin::Terminal { acceptor, batch, .. } = origin else { return None };
        let slot = self.terminal_slots.at(acceptor)?;
        if self.terminals[slot as usize].has_closed(*batch) {
            return None;
        }
        let record = self.batch_mut(slot, *batch);
        record.add(counted, 1);
        let folded = record.totals.debit_amount as u64 ^ (record.totals.credit_amount as u64).rotate_left(32);
        self.fold(folded);
        Some(counted)
    }

    /// Takes a transaction out of its batch's totals, if they are still open.
    pub(crate) fn uncount(&mut self, transaction: &Transaction) {
        let (Some(Origin::Terminal { acceptor, batch, .. }), Some(counted)) =
            (transaction.origin, transaction.counted)
        else {
            return;
        };
        let slot = self.terminal_slots.at(&acceptor);
        let batches = slot.map(|slot| &mut self.terminals[slot as usize].batches);
        let record =
            batches.and_then(|kept| kept.iter_mut().find(|kept| kept.number == batch && !kept.closed));
        if let Some(record) = record {
            record.add(counted, -1);
            let folded =
                record.totals.debit_amount as u64 ^ (record.totals.credit_amount as u64).rotate_left(32);
            self.fold(folded);
        }
    }

    /// Whether the batch a message belongs to is closed already.
    pub(crate) fn counted_late(&self, origin: &Origin) -> bool {
        let Origin::Terminal { acceptor, batch, .. } = origin else { return false };
        self.terminal(*acceptor).is_some_and(|terminal| terminal.has_closed(*batch))
    }

    /// Whether a transaction was counted in a batch that is closed.
    pub(crate) fn settled(&self, transaction: &Transaction) -> bool {
        let counted = transaction.origin.filter(|_| transaction.counted.is_some());
        counted.is_some_and(|origin| self.counted_late(&origin))
    }

    /// Whether two places belong to the same merchant.
    pub(crate) fn same_merchant(a: &Place, b: &Place) -> bool {
        let merchant = |place: &Place| match place {
            Place::Terminal(acceptor) => acceptor.merchant,
            Place::Merchant(merchant) => *merchant,
            Place::Elsewhere { acceptor, .. } => acceptor.merchant,
        };
        merchant(a) == merchant(b)
    }
}

/// What is left of a hold.
struct Rest {
    amount: i64,
    open: i64,
    captured: i64,
}

impl Batch {
    fn add(&mut self, counted: Counted, sign: i32) {
        let totals = &mut self.totals;
        let (amount, count, minor) = match counted {
            Counted::Debit(minor) => (&mut totals.debit_amount, &mut totals.debit_count, minor),
            Counted::Credit(minor) => (&mut totals.credit_amount, &mut totals.credit_count, minor),
        };
        *amount += i64::from(sign) * minor;
        *count = count.saturating_add_signed(sign);
    }
}
