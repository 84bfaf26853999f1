//! What each command does, a file for each group of them.
//!
//! Every one has the same shape: a ladder of reasons to refuse, then one line, and below it changes that
//! cannot fail.

mod authorize;
mod batch;
mod enroll;
mod follow;
mod freeze;
mod money_back;
mod reverse;
mod weigh;

pub(crate) use authorize::Judged;

use crate::command::{Command, Place};
use crate::ledger::Book;
use crate::machine::{EPOCH_NEWEST, Keyed, Machine};
use crate::outcome::{Outcome, Refusal, Subject};
use crate::time::Timestamp;

impl Machine {
    pub(crate) fn dispatch(&mut self, command: &Command, at: Timestamp) -> Outcome {
        match command {
            Command::Epoch(epoch) => self.set_epoch(*epoch),
            Command::SetPolicy(policy) => match policy.sound() {
                true => {
                    self.policy = *policy;
                    Outcome::Done
                }
                false => Outcome::Refused(Refusal::OutOfRange(Subject::Policy)),
            },
            Command::SetHouse(house) => {
                self.house = *house;
                Outcome::Done
            }
            Command::OpenAccount(open) => done(self.open_account(open)),
            Command::CloseAccount(account) => done(self.close_account(*account, at)),
            Command::Fund { account, amount } => done(self.fund(*account, *amount, at)),
            Command::SetLimits { account, limits } => done(self.set_limits(*account, limits)),
            Command::SetZone { account, zone } => done(self.set_zone(*account, *zone)),
            Command::IssueCard(issue) => done(self.issue_card(issue, at)),
            Command::SetCardStanding { card, standing } => done(self.set_card_standing(*card, *standing, at)),
            Command::SetSwitches { card, switches } => done(self.set_switches(*card, *switches)),
            Command::SetPin { card, pin } => done(self.set_pin(*card, *pin, at)),
            Command::EnrollMerchant(merchant) => done(self.enroll_merchant(merchant)),
            Command::EnrollTerminal(acceptor) => done(self.enroll_terminal(*acceptor)),
            Command::SignIn { acceptor, .. } => self.sign_in(*acceptor, at).unwrap_or_else(Outcome::Refused),
            Command::SignOut(acceptor) => done(self.sign_out(*acceptor)),
            Command::Authorize(ask) => self.authorize(ask, at),
            Command::Follow(ask) => self.follow(ask, at),
            Command::Reverse(ask) => self.reverse(ask, at),
            Command::Settle { acceptor, batch, totals } => self.settle(*acceptor, *batch, *totals, at),
            Command::BatchDetail { origin, amount } => self.batch_detail(*origin, *amount, at),
            Command::CloseBatch { acceptor, batch } => done(self.close_batch(*acceptor, *batch, at)),
            Command::AttachSignature(signature) => done(self.attach_signature(signature)),
            Command::ScriptResult { original, .. } => match self.origins.at(original) {
                Some(_) => Outcome::Done,
                None => Outcome::Refused(Refusal::NotFound(Subject::Transaction)),
            },
            Command::Fault { acceptor, origin, cause } => self.fault(*acceptor, *origin, *cause, at),
            Command::PlaceFreeze(place) => {
                self.place_freeze(place, at).map_or_else(Outcome::Refused, Outcome::Frozen)
            }
            Command::LiftFreeze(lift) => self.lift_freeze(lift, at).unwrap_or_else(Outcome::Refused),
            Command::Sweep => self.sweep(at),
            Command::Keyed { key, body, command } => self.keyed(*key, *body, command, at),
        }
    }

    fn set_epoch(&mut self, epoch: u16) -> Outcome {
        if epoch == 0 || epoch > EPOCH_NEWEST {
            return Outcome::Refused(Refusal::UnknownEpoch);
        }
        self.epoch = epoch;
        Outcome::Done
    }

    /// A command under an idempotency key: the same again is answered from memory, nothing is done again.
    fn keyed(&mut self, key: [u8; 16], body: [u8; 16], command: &Command, at: Timestamp) -> Outcome {
        if let Some(number) = self.keys.at(&key) {
            let stored = &self.keyed[(number - self.first_key) as usize];
            return match stored.body == body {
                true => stored.outcome.clone(),
                false => Outcome::Refused(Refusal::KeyReused),
            };
        }
        if matches!(command, Command::Keyed { .. }) {
            return Outcome::Refused(Refusal::NestedKey);
        }

        let outcome = self.dispatch(command, at);
        self.keys.put(key, self.first_key + self.keyed.len() as u64);
        self.keyed.push_back(Keyed { key, body, at, outcome: outcome.clone() });
        outcome
    }

    /// Who is paid at `place`; none where terminal or merchant is not enrolled.
    pub(crate) fn payee(&self, place: &Place) -> Option<Book> {
        match place {
            Place::Terminal(acceptor) => {
                let slot = self.terminal_slots.at(acceptor)?;
                Some(Book::Clearing(self.terminals[slot as usize].merchant))
            }
            Place::Merchant(merchant) => self.merchant_slots.at(merchant).map(Book::Clearing),
            Place::Elsewhere { acquirer, .. } => Some(Book::Institution(*acquirer)),
        }
    }
}

fn done(result: Result<(), Refusal>) -> Outcome {
    result.map_or_else(Outcome::Refused, |()| Outcome::Done)
}
