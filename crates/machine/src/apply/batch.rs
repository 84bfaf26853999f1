//! Settlement of a terminal's batch, upload of one that does not agree, and signatures under sales.
//!
//! Money of a closed batch moves from the merchant's clearing book to what is to be paid out.

use crate::acceptance::{BATCH_MAX, BATCHES_KEPT, Batch, TerminalStanding};
use crate::command::{BatchTotals, Signature};
use crate::ids::{Acceptor, Origin};
use crate::ledger::Book;
use crate::machine::Machine;
use crate::outcome::{Outcome, Refusal, Subject};
use crate::time::Timestamp;

impl Machine {
    pub(crate) fn settle(
        &mut self,
        acceptor: Acceptor,
        batch: u32,
        totals: BatchTotals,
        at: Timestamp,
    ) -> Outcome {
        let Some(slot) = self.terminal_slots.at(&acceptor) else {
            return Outcome::Refused(Refusal::NotFound(Subject::Terminal));
        };
        if !self.may_settle(slot, batch) {
            return Outcome::Refused(Refusal::OutOfRange(Subject::Batch));
        }
        let record = self.batch_mut(slot, batch);
        let agree = record.totals == totals;
        let counted = record.totals;
        // The same question again is answered with the time of the first.
        let at = match record.compared {
            Some((first, was)) if was == agree => first,
            Some(_) | None => at,
        };
        record.compared = Some((at, agree));
        self.fold(u64::from(batch) << 1 | u64::from(agree));
        if agree {
            self.close(slot, batch);
        }
        Outcome::Settled { totals: counted, agree, at }
    }

    /// Whether a batch can be asked about: not one so long past that it is not kept any more.
    fn may_settle(&self, slot: u32, batch: u32) -> bool {
        let terminal = &self.terminals[slot as usize];
        let kept = terminal.batches.iter().any(|kept| kept.number == batch);
        batch <= BATCH_MAX && (kept || !terminal.has_closed(batch))
    }

    /// Closes a batch once: its money is settled, and the terminal goes on with the next number.
    fn close(&mut self, slot: u32, batch: u32) {
        let record = self.batch_mut(slot, batch);
        if record.closed {
            return;
        }
        record.closed = true;
        let net = record.totals.debit_amount - record.totals.credit_amount;
        let terminal = &mut self.terminals[slot as usize];
        let merchant = terminal.merchant;
        // On to the next one that is not closed: a terminal may have been ahead of us.
        while terminal.batches.iter().any(|kept| kept.number == terminal.batch && kept.closed) {
            terminal.batch = if terminal.batch >= BATCH_MAX { 1 } else { terminal.batch + 1 };
        }
        // Sales in other currencies were declined at our terminals.
        self.transfer(Book::Clearing(merchant), Book::Payable(merchant), self.policy.currency, net);
    }

    /// The record of batch `number`, begun if there is none. The oldest closed one makes room; where none is
    /// closed the oldest is, as it stands, so that no money is stuck in it.
    pub(crate) fn batch_mut(&mut self, slot: u32, number: u32) -> &mut Batch {
        let kept = &self.terminals[slot as usize].batches;
        let mut place = kept.iter().position(|batch| batch.number == number);
        if place.is_none() {
            if kept.len() >= BATCHES_KEPT {
                let oldest = kept.iter().position(|batch| batch.closed).unwrap_or(0);
                let gone = kept[oldest].number;
                self.close(slot, gone);
                self.terminals[slot as usize].batches.retain(|batch| batch.number != gone);
            }
            let kept = &mut self.terminals[slot as usize].batches;
            kept.push(Batch { number, ..Batch::default() });
            place = Some(kept.len() - 1);
        }
        let place = place.expect("it was found, or begun just above");
        &mut self.terminals[slot as usize].batches[place]
    }

    /// A transaction as the terminal has it, of a batch that did not agree.
    pub(crate) fn batch_detail(&mut self, origin: Origin, amount: i64, at: Timestamp) -> Outcome {
        let matched =
            self.stored(&origin).is_some_and(|t| t.answer.approved() && t.answer.amount.minor == amount);
        if matched {
            return Outcome::Done;
        }
        let acceptor = match origin {
            Origin::Terminal { acceptor, .. } => Some(acceptor),
            Origin::Host { .. } | Origin::Api(_) | Origin::House(_) => None,
        };
        self.fault(acceptor, Some(origin), crate::cause::Cause::OriginalMismatch, at)
    }

    pub(crate) fn close_batch(
        &mut self,
        acceptor: Acceptor,
        batch: u32,
        at: Timestamp,
    ) -> Result<(), Refusal> {
        let slot = self.terminal_slots.at(&acceptor).ok_or(Refusal::NotFound(Subject::Terminal))?;
        if !self.may_settle(slot, batch) {
            return Err(Refusal::OutOfRange(Subject::Batch));
        }
        if self.terminals[slot as usize].standing == TerminalStanding::Out {
            return Err(Refusal::StandingForbids);
        }
        let record = self.batch_mut(slot, batch);
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
