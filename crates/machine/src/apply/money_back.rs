//! Undoing and redoing: the money of a transaction taken back, and a taking back taken back.
//!
//! Used by voids, cancels and reversals alike, so that there is one place where each kind of transaction
//! knows how it is undone. Nothing here can fail: whether it may is decided before.

use crate::account::Hold;
use crate::command::{Place, Purpose};
use crate::ids::{Origin, TransactionId};
use crate::ledger::Book;
use crate::machine::Machine;
use crate::outcome::Exception;
use crate::transaction::{Counted, State, Transaction};
use std::cmp::Reverse;

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
                    let open = self.release(account, number, 0, true);
                    self.give_back_limits(account, transaction.answer.at, open, true);
                    left(open, 0)
                } else {
                    left(0, 0)
                }
            }
            State::Refunded { net } => {
                exception = self.overdrawn_by(&transaction, net);
                self.give_back(&transaction, -net);
                if let Some(original) = transaction.answer.original.and_then(|n| self.transaction_mut(n))
                    && let State::Posted { refunded, .. } = &mut original.state
                {
                    *refunded -= net;
                }
                left(net, 0)
            }
            State::Undid => {
                if let Some(original) = transaction.answer.original {
                    exception = self.redo(original);
                }
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

    /// Brings back what a void or cancel undid, whatever it costs: it was ours to answer for.
    fn redo(&mut self, number: TransactionId) -> Option<Exception> {
        let transaction = *self.transaction(number)?;
        let State::Undone { net, released, .. } = transaction.state else { return None };
        let account = self.account_of(&transaction)?;
        let exception = self.overdrawn_by(&transaction, net);
        let state = match transaction.purpose {
            Purpose::PreAuthorization => {
                self.restore_hold(&transaction, account, net, 0);
                self.use_limits(account, transaction.answer.at, net, 1);
                State::Held
            }
            Purpose::Completion => {
                if let Some(original) = transaction.answer.original {
                    self.capture(account, original, net, released);
                }
                self.give_back(&transaction, -net);
                State::Posted { net, refunded: 0, released }
            }
            Purpose::Sale => {
                self.give_back(&transaction, -net);
                self.use_limits(account, transaction.answer.at, net, 1);
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
    /// when nothing of it is left. Says whether it is still open.
    pub(crate) fn capture(&mut self, account: u32, number: TransactionId, minor: i64, released: i64) -> bool {
        let record = &mut self.accounts[account as usize];
        let mut captured = minor;
        if let Some(hold) = record.holds.iter_mut().find(|hold| hold.number == number) {
            hold.captured += minor;
            captured = hold.captured;
        }
        self.release(account, number, released, false);
        let open = self.accounts[account as usize].holds.iter().any(|hold| hold.number == number);
        if !open && let Some(original) = self.transaction_mut(number) {
            original.state = State::Captured { captured };
        }
        open
    }

    /// A completion is undone: what it took off the hold is held again.
    fn reinstate(&mut self, completion: &Transaction, net: i64, released: i64) {
        let (Some(account), Some(number)) = (self.account_of(completion), completion.answer.original) else { return };
        let Some(original) = self.transaction(number).copied() else { return };
        let captured = match original.state {
            State::Captured { captured } => captured - net,
            State::Idle
            | State::Held
            | State::Posted { .. }
            | State::Refunded { .. }
            | State::Undid
            | State::Undone { .. }
            | State::Expired
            | State::Reversed => 0,
        };
        let record = &mut self.accounts[account as usize];
        if let Some(hold) = record.holds.iter_mut().find(|hold| hold.number == number) {
            hold.open += released;
            hold.captured -= net;
            record.held += released;
            let held = record.held;
            self.fold(held as u64);
        } else {
            self.restore_hold(&original, account, released, captured);
        }
        if let Some(stored) = self.transaction_mut(number) {
            stored.state = State::Held;
        }
    }

    fn restore_hold(&mut self, original: &Transaction, account: u32, open: i64, captured: i64) {
        if open == 0 {
            return;
        }
        let number = original.answer.number;
        let payee = original.place.as_ref().and_then(|place| self.payee(place)).unwrap_or(Book::Suspense);
        let card = original.card.and_then(|card| self.card_slots.at(&card)).unwrap_or(u32::MAX);
        let expires_at = original.answer.at.plus(self.policy.hold_ms);
        let amount = original.answer.amount.minor;
        let approval = number.approval();
        self.hold(account, Hold { number, approval, card, payee, amount, open, captured, expires_at });
    }

    /// Counts a transaction in its terminal's batch; `sign` -1 takes it out.
    pub(crate) fn count(&mut self, origin: &Origin, counted: Option<Counted>, sign: i64) {
        let (Origin::Terminal { acceptor, batch, .. }, Some(counted)) = (origin, counted) else { return };
        let Some(slot) = self.terminal_slots.at(acceptor) else { return };
        let totals = &mut self.terminals[slot as usize].batch_mut(*batch).totals;
        let change = |amount: &mut i64, count: &mut u32, minor: i64| {
            *amount += sign * minor;
            *count = count.saturating_add_signed(sign as i32);
        };
        match counted {
            Counted::Debit(minor) => change(&mut totals.debit_amount, &mut totals.debit_count, minor),
            Counted::Credit(minor) => change(&mut totals.credit_amount, &mut totals.credit_count, minor),
        }
        let folded = totals.debit_amount as u64 ^ (totals.credit_amount as u64).rotate_left(32);
        self.fold(folded);
    }

    fn uncount(&mut self, transaction: &Transaction) {
        if let Some(origin) = transaction.origin {
            self.count(&origin, transaction.counted, -1);
        }
    }

    /// Whether the batch that `origin` belongs to is closed.
    pub(crate) fn settled(&self, origin: Option<&Origin>) -> bool {
        let Some(Origin::Terminal { acceptor, batch, .. }) = origin else { return false };
        self.terminal(*acceptor)
            .is_some_and(|terminal| terminal.batches.iter().any(|b| b.number == *batch && b.closed))
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

impl crate::acceptance::Terminal {
    /// The record of batch `number`, begun if there is none; the oldest closed one makes room.
    pub(crate) fn batch_mut(&mut self, number: u32) -> &mut crate::acceptance::Batch {
        use crate::acceptance::{BATCHES_KEPT, Batch};
        if let Some(place) = self.batches.iter().position(|batch| batch.number == number) {
            return &mut self.batches[place];
        }
        if self.batches.len() >= BATCHES_KEPT {
            let oldest = self.batches.iter().enumerate().min_by_key(|(place, batch)| (Reverse(batch.closed), *place));
            let place = oldest.map_or(0, |(place, _)| place);
            self.batches.remove(place);
        }
        self.batches.push(Batch { number, ..Batch::default() });
        self.batches.last_mut().expect("one was just pushed")
    }
}
