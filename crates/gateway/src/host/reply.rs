//! From an outcome to the answer another host gets.
//!
//! The answer follows from the request and the stored outcome alone, so the answer to a repeat is the same bytes.

use super::{On, Waiting, mac_of};
use crate::chip::ISSUER_AUTHENTICATION;
use crate::edge::{Edge, Step};
use crate::fields::{balance, put, put_date, put_digits};
use iso8583::{Builder, Message, tlv};
use machine::cause::Cause;
use machine::ids::TransactionId;
use machine::outcome::{Answer, Outcome, Verdict};
use machine::time::Timestamp;

/// Fields an answer repeats from its request (ISO 8583:1987, "mandatory echo" and "conditional echo"). The local
/// time is the acceptor's own, and so is a reference number that came along.
const ECHOED: [u8; 17] = [2, 3, 4, 7, 11, 12, 13, 25, 32, 33, 37, 41, 42, 49, 70, 90, 95];
const FITS: &str = "values made here are made to fit their fields";

/// Puts what an answer repeats from its request.
pub(super) fn echo(reply: &mut Builder, message: &Message<'_>) {
    for number in ECHOED {
        reply.echo(message, number).expect("the answer is of the dialect of its request");
    }
}

impl Waiting {
    /// The answer.
    pub(crate) fn answer(self, edge: &mut Edge, outcome: &Outcome, now: Timestamp) -> Step {
        match (&self.on, outcome) {
            (On::Transaction(_), Outcome::Decided(answer) | Outcome::Repeated(answer)) => {
                decided(edge, self, answer)
            }
            // Decided before, and only now something stands in the way. Who did not prove to be the partner is
            // told nothing of it.
            (On::Refusal(cause), Outcome::Decided(answer) | Outcome::Repeated(answer))
                if *cause != Cause::MacError =>
            {
                decided(edge, self, answer)
            }
            (On::Refusal(cause), Outcome::Noted { number, .. }) => {
                let (cause, number) = (*cause, *number);
                refusal(edge, self, cause, Some(number))
            }
            (_, _) => self.refuse(edge, Cause::StorageFailed, now),
        }
    }

    /// The answer where the command could not be asked or not be made durable. A repeat is not answered then: what
    /// it repeats may have been approved, and a no would be believed.
    pub(crate) fn refuse(self, edge: &mut Edge, cause: Cause, _now: Timestamp) -> Step {
        edge.counters.refuse(cause);
        if self.repeat {
            edge.recycle(self.reply);
            return Step::Silence;
        }
        let cause = match self.on {
            On::Refusal(cause) => cause,
            On::Transaction(_) => cause,
        };
        refusal(edge, self, cause, None)
    }
}

/// The answer to a transaction, from its stored answer.
fn decided(edge: &mut Edge, mut waiting: Waiting, answer: &Answer) -> Step {
    let reply = &mut waiting.reply;
    put_date(reply, 15, edge.settings.zone.local(answer.at));
    if !reply.has(37) {
        put_digits(reply, 37, answer.number.rrn(), 12);
    }
    let cause = match answer.verdict {
        Verdict::Approved(code) => {
            put_digits(reply, 38, u64::from(code.0), 6);
            None
        }
        Verdict::Accepted => None,
        Verdict::Declined(causes) => Some(causes.first().unwrap_or(Cause::NotSupported)),
    };
    let code = cause.map_or("00", |cause| cause.entry().codes.iso87);
    put(reply, 39, code);
    if let (None, Some(_), Some(available)) = (cause, answer.facts.balance, answer.facts.available) {
        put(reply, 54, &balance(answer.amount.currency.0, available));
    }
    if let On::Transaction(Some(proof)) = &waiting.on {
        let decline = cause.and_then(|_| code.as_bytes().try_into().ok());
        if let Some(data) = proof.answer(edge, decline) {
            let mut field = Vec::with_capacity(data.len() + 2);
            tlv::write(ISSUER_AUTHENTICATION, &data, &mut field);
            reply.put_bytes(55, &field).expect(FITS);
        }
    }
    finish(edge, waiting)
}

/// A refusal by the gateway; with a number where it was recorded.
pub(super) fn refusal(
    edge: &mut Edge,
    mut waiting: Waiting,
    cause: Cause,
    number: Option<TransactionId>,
) -> Step {
    if let Some(number) = number
        && !waiting.reply.has(37)
    {
        put_digits(&mut waiting.reply, 37, number.rrn(), 12);
    }
    plain(edge, waiting, cause.entry().codes.iso87)
}

/// A plain answer.
pub(super) fn plain(edge: &mut Edge, mut waiting: Waiting, code: &str) -> Step {
    put(&mut waiting.reply, 39, code);
    finish(edge, waiting)
}

/// The bytes on the wire. An answer whose code cannot be made is not sent: it would not be believed.
fn finish(edge: &mut Edge, mut waiting: Waiting) -> Step {
    let mut failed = false;
    let message = match mac_of(waiting.mac) {
        None => waiting.reply.finish(),
        Some((key, algorithm)) => {
            let made = |data: &[u8]| match edge.hsm.make_mac(key.into(), algorithm, data) {
                Ok(code) => code.field64(),
                Err(_) => {
                    failed = true;
                    [0; 8]
                }
            };
            waiting.reply.finish_with_mac(made)
        }
    };
    let message = message.expect("an answer is shorter than a frame and of the version of its dialect");
    let mut bytes = Vec::with_capacity(message.len() + 9);
    let framed = match waiting.tpdu {
        None => waiting.framing.frame(message, &mut bytes),
        Some(address) => {
            let addressed = [&address.0[..], message].concat();
            waiting.framing.frame(&addressed, &mut bytes)
        }
    };
    framed.expect("an answer is shorter than a frame");
    edge.recycle(waiting.reply);
    if failed {
        edge.counters.refuse(Cause::SecurityModuleDown);
        return Step::Silence;
    }
    Step::Reply(bytes)
}
