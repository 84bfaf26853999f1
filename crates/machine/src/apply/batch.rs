//! Settlement of a terminal's batch, upload of one that does not agree, and signatures under sales.
//!
//! Money of a closed batch moves from the merchant's clearing book to what is to be paid out.

use crate::acceptance::{BATCH_MAX, TerminalStanding};
use crate::command::{BatchTotals, Signature};
use crate::ids::{Acceptor, Origin};
use crate::ledger::Book;
use crate::machine::Machine;
use crate::money::Currency;
use crate::outcome::{Outcome, Refusal, Subject};
use crate::time::Timestamp;

impl Machine {
    pub(crate) fn settle(&mut self, acceptor: Acceptor, batch: u32, totals: BatchTotals, at: Timestamp) -> Outcome {
        let Some(slot) = self.terminal_slots.at(&acceptor) else {
            return Outcome::Refused(Refusal::NotFound(Subject::Terminal));
        };
        if batch > BATCH_MAX {
            return Outcome::Refused(Refusal::OutOfRange(Subject::Batch));
        }
        let record = self.terminals[slot as usize].batch_mut(batch);
        let agree = record.totals == totals;
        let counted = record.totals;
        // The same question again is answered with the time of the first.
        let at = match record.compared {
            Some((first, was)) if was == agree => first,
            Some(_) | None => at,
        };
        record.compared = Some((at, agree));
        if agree {
            self.close(slot, batch);
        }
        Outcome::Settled { totals: counted, agree, at }
    }

    /// Closes a batch once: its money is settled, and the terminal goes on with the next number.
    fn close(&mut self, slot: u32, batch: u32) {
        let terminal = &mut self.terminals[slot as usize];
        let merchant = terminal.merchant;
        let record = terminal.batch_mut(batch);
        if record.closed {
            return;
        }
        record.closed = true;
        let net = record.totals.debit_amount - record.totals.credit_amount;
        if terminal.batch == batch {
            terminal.batch = if batch >= BATCH_MAX { 1 } else { batch + 1 };
        }
        // Terminals settle in the currency of the acquirer; cards of other currencies were declined.
        self.transfer(Book::Clearing(merchant), Book::Payable(merchant), Currency::CNY, net);
    }

    /// A transaction as the terminal has it, of a batch that did not agree.
    pub(crate) fn batch_detail(&mut self, origin: Origin, amount: i64, at: Timestamp) -> Outcome {
        let matched = self.stored(&origin).is_some_and(|t| t.answer.approved() && t.answer.amount.minor == amount);
        if matched {
            return Outcome::Done;
        }
        let acceptor = match origin {
            Origin::Terminal { acceptor, .. } => Some(acceptor),
            Origin::Host { .. } | Origin::Api(_) | Origin::House(_) => None,
        };
        self.fault(acceptor, Some(origin), crate::cause::Cause::OriginalMismatch, at)
    }

    pub(crate) fn close_batch(&mut self, acceptor: Acceptor, batch: u32, at: Timestamp) -> Result<(), Refusal> {
        let slot = self.terminal_slots.at(&acceptor).ok_or(Refusal::NotFound(Subject::Terminal))?;
        if batch > BATCH_MAX {
            return Err(Refusal::OutOfRange(Subject::Batch));
        }
        let terminal = &mut self.terminals[slot as usize];
        if terminal.standing == TerminalStanding::Out {
            return Err(Refusal::StandingForbids);
        }
        let record = terminal.batch_mut(batch);
        record.compared.get_or_insert((at, false));
        self.close(slot, batch);
        Ok(())
    }

    pub(crate) fn attach_signature(&mut self, signature: &Signature) -> Result<(), Refusal> {
        let number = self.origins.at(&signature.sale).ok_or(Refusal::NotFound(Subject::Transaction))?;
        let sale = self
            .transaction_mut(crate::ids::TransactionId(number))
            .ok_or(Refusal::NotFound(Subject::Transaction))?;
        let other_card = signature.card.is_some_and(|card| sale.card != Some(card));
        let other = sale.answer.number.rrn() != signature.rrn || sale.answer.amount.minor != signature.amount;
        if other || other_card || !sale.answer.approved() {
            return Err(Refusal::SignatureMismatch);
        }
        if sale.signature.is_some_and(|image| image != signature.image) {
            return Err(Refusal::Exists(Subject::Transaction));
        }
        sale.signature = Some(signature.image);
        self.fold(number);
        Ok(())
    }
}
