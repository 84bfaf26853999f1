//! From an outcome to the answer a terminal gets.
//!
//! The answer follows from the request and the stored outcome alone, so the answer to a repeat is the same bytes.

use super::{On, Waiting, signing};
use crate::chip::ISSUER_AUTHENTICATION;
use crate::edge::{Edge, Step, Waiting as AnyWaiting};
use crate::fields::{balance, put, put_date, put_digits};
use crate::keys::{KeySlot, Working};
use crate::settings::Settings;
use cardcrypto::hsm::MacAlgorithm;
use encoding_rs::GBK;
use iso8583::tlv;
use iso8583::unionpay::{De44, De60, Totals};
use iso8583::{Builder, Message, Value};
use machine::cause::Cause;
use machine::command::KeySet;
use machine::explain::{Audience, Language, Quantity, Slots, say};
use machine::ids::TransactionId;
use machine::outcome::{Answer, Outcome, Refusal, Subject, Verdict};
use machine::time::Timestamp;

/// Fields an answer repeats from its request.
const ECHOED: [u8; 11] = [2, 3, 4, 11, 14, 23, 25, 41, 42, 49, 60];
/// Bytes of a remark in field 63.
const REMARK_BYTES_MAX: usize = 60;
/// What the header asks the terminal to do next: to sign in.
const ASK_SIGN_IN: u8 = 3;
const FITS: &str = "values made here are made to fit their fields";

/// Puts what an answer repeats from its request. A card number that came only on the track is told as well:
/// the slip is printed from the answer.
pub(super) fn echo(reply: &mut Builder, message: &Message<'_>) {
    for number in ECHOED {
        reply.echo(message, number).expect("the answer is of the dialect of its request");
    }
    let in_clear = message.digits(53).is_none_or(|digits| digits.as_bytes().get(2) != Some(&b'1'));
    if !reply.has(2)
        && in_clear
        && let Some(track) = message.text(35)
        && let Some((number, _)) = track.split_once(['D', '='])
        && reply.put_text(2, number).is_err()
    {
        // A track without a number in front has nothing to tell.
        reply.remove(2);
    }
}

impl Waiting {
    /// The answer, or what is asked before it.
    pub(crate) fn answer(mut self, edge: &mut Edge, outcome: &Outcome, now: Timestamp) -> Step {
        match (&self.on, outcome) {
            (On::Transaction(_), Outcome::Decided(answer) | Outcome::Repeated(answer)) => {
                decided(edge, self, answer)
            }
            // The message was decided before, and only now something stands in the way of asking it again. Who
            // did not prove to be the terminal is told nothing of it.
            (On::Refusal(cause), Outcome::Decided(answer) | Outcome::Repeated(answer))
                if *cause != Cause::MacError =>
            {
                decided(edge, self, answer)
            }
            (On::Refusal(cause), Outcome::Noted { number, at, .. }) => {
                let (cause, at) = (*cause, *at);
                refusal(edge, self, cause, Some(*number), at)
            }
            (On::Refusal(cause), _) => {
                let cause = *cause;
                refusal(edge, self, cause, None, now)
            }
            (On::SignIn(keys, de60), Outcome::SignedIn { generation, batch, at }) => {
                let (keys, de60) = (*keys, De60 { batch: *batch, ..*de60 });
                signed_in(edge, self, *generation, (keys, de60), *at)
            }
            (On::Settle(totals), Outcome::Settled { agree, at, .. }) => {
                let totals = *totals;
                settled(edge, self, totals, *agree, *at)
            }
            (On::Details, Outcome::Done | Outcome::Noted { .. }) => match self.more.pop() {
                Some(next) => Step::Ask(next, AnyWaiting::UnionPay(self)),
                None => plain(edge, self, "00", now),
            },
            (On::SignOut | On::CloseBatch | On::Script | On::Signature, Outcome::Done) => {
                plain(edge, self, "00", now)
            }
            (_, Outcome::Refused(why)) => {
                let cause = refusal_cause(why);
                edge.counters.refuse(cause);
                refusal(edge, self, cause, None, now)
            }
            (_, _) => self.refuse(edge, Cause::StorageFailed, now),
        }
    }

    /// The answer where the command could not be asked or not be made durable.
    pub(crate) fn refuse(self, edge: &mut Edge, cause: Cause, now: Timestamp) -> Step {
        edge.counters.refuse(cause);
        let cause = if let On::Refusal(first) = self.on { first } else { cause };
        refusal(edge, self, cause, None, now)
    }
}

impl Waiting {
    /// Has the header ask for a sign-in where only that helps (Q/CUP 009.1: processing request 3).
    fn ask_next(&mut self, cause: Option<Cause>) {
        if matches!(cause, Some(Cause::MacError | Cause::PinFormatError | Cause::TerminalNotSignedIn)) {
            self.header[2] = self.header[2] & 0xF0 | ASK_SIGN_IN;
            self.reply.header(&self.header).expect("a header as long as the one that came");
        }
    }
}

/// What a refused command of the house means to a terminal.
const fn refusal_cause(why: &Refusal) -> Cause {
    match why {
        Refusal::NotFound(Subject::Terminal) => Cause::TerminalUnknown,
        Refusal::NotFound(Subject::Merchant) => Cause::MerchantUnknown,
        Refusal::NotFound(_) => Cause::OriginalUnknown,
        Refusal::Exists(_) | Refusal::KeyReused => Cause::DuplicateMismatch,
        Refusal::SignatureMismatch => Cause::OriginalMismatch,
        Refusal::StandingForbids => Cause::TerminalNotSignedIn,
        Refusal::WrongCurrency => Cause::CurrencyMismatch,
        Refusal::FrozenAll => Cause::TerminalFrozen,
        Refusal::OutOfRange(_) => Cause::FormatError,
        Refusal::TooMany(_) => Cause::HostOverloaded,
        Refusal::NotEmpty
        | Refusal::AlreadyEnded
        | Refusal::ExitForbids
        | Refusal::SamePerson
        | Refusal::UnknownEpoch
        | Refusal::NestedKey => Cause::NotSupported,
    }
}

/// The answer to a transaction, from its stored answer.
fn decided(edge: &mut Edge, mut waiting: Waiting, answer: &Answer) -> Step {
    let reply = &mut waiting.reply;
    stamp(reply, &edge.settings, answer.at);
    put_digits(reply, 37, answer.number.rrn(), 12);
    put(reply, 44, &institutions(&edge.settings));
    let cause = match answer.verdict {
        Verdict::Approved(code) => {
            put_digits(reply, 38, u64::from(code.0), 6);
            None
        }
        Verdict::Accepted => None,
        Verdict::Declined(causes) => Some(causes.first().unwrap_or(Cause::NotSupported)),
    };
    put(reply, 39, cause.map_or("00", |cause| cause.entry().codes.unionpay));
    if let (None, Some(_), Some(available)) = (cause, answer.facts.balance, answer.facts.available) {
        put(reply, 54, &balance(answer.amount.currency.0, available));
    }
    if let On::Transaction(Some(proof)) = &waiting.on {
        let code = cause.and_then(|cause| cause.entry().codes.unionpay.as_bytes().try_into().ok());
        if let Some(data) = proof.answer(edge, code) {
            let mut field = Vec::with_capacity(data.len() + 2);
            tlv::write(ISSUER_AUTHENTICATION, &data, &mut field);
            reply.put_bytes(55, &field).expect(FITS);
        }
    }
    let left = answer.facts.tries_left.map(|left| Quantity::Tries(u32::from(left)));
    remark(reply, &edge.settings, cause, &Slots { left, ..Slots::default() });
    waiting.ask_next(cause);
    finish(edge, waiting)
}

/// A refusal by the gateway; with a number where it was recorded.
pub(super) fn refusal(
    edge: &mut Edge,
    mut waiting: Waiting,
    cause: Cause,
    number: Option<TransactionId>,
    at: Timestamp,
) -> Step {
    let reply = &mut waiting.reply;
    stamp(reply, &edge.settings, at);
    if let Some(number) = number {
        put_digits(reply, 37, number.rrn(), 12);
    }
    put(reply, 39, cause.entry().codes.unionpay);
    remark(reply, &edge.settings, Some(cause), &Slots::default());
    waiting.ask_next(Some(cause));
    finish(edge, waiting)
}

/// A plain answer.
pub(super) fn plain(edge: &mut Edge, mut waiting: Waiting, code: &str, at: Timestamp) -> Step {
    let reply = &mut waiting.reply;
    stamp(reply, &edge.settings, at);
    put(reply, 37, &serial(&edge.settings, at));
    put(reply, 39, code);
    finish(edge, waiting)
}

/// The answer to a sign-in: working keys, and the batch the terminal goes on with.
fn signed_in(
    edge: &mut Edge,
    mut waiting: Waiting,
    generation: u32,
    (keys, de60): (KeySet, De60),
    at: Timestamp,
) -> Step {
    let slot = KeySlot { acceptor: waiting.acceptor, generation };
    let field = match signing::working_keys(edge, slot, keys) {
        Ok(field) => field,
        Err(cause) => return waiting.refuse(edge, cause, at),
    };
    if let Ok(digits) = de60.digits() {
        put(&mut waiting.reply, 60, &digits);
    }
    waiting.reply.put_bytes(62, &field).expect(FITS);
    plain(edge, waiting, "00", at)
}

/// The answer to a settlement: the terminal's own totals, and whether they agree.
fn settled(edge: &mut Edge, mut waiting: Waiting, mut totals: Totals, agree: bool, at: Timestamp) -> Step {
    let result = if agree { 1 } else { 2 };
    totals.domestic.result = result;
    totals.foreign.result = result;
    let digits = totals.digits().expect("read from the same number of digits");
    put(&mut waiting.reply, 48, &digits);
    plain(edge, waiting, "00", at)
}

/// Time and date of the terminal, settlement date, and ourselves as acquirer.
fn stamp(reply: &mut Builder, settings: &Settings, at: Timestamp) {
    let local = settings.zone.local(at);
    let time = u64::from(local.hour()) * 10_000 + u64::from(local.minute()) * 100 + u64::from(local.second());
    reply.put_number(12, time).expect(FITS);
    put_date(reply, 13, local);
    put_date(reply, 15, local);
    put(reply, 32, &format!("{:08}", settings.acquirer));
}

/// The reference number of an answer that is no transaction: its second, YYMMDDhhmmss.
fn serial(settings: &Settings, at: Timestamp) -> String {
    let local = settings.zone.local(at);
    let (year, month, day) = (local.year.rem_euclid(100), local.month, local.day_of_month);
    format!("{year:02}{month:02}{day:02}{:02}{:02}{:02}", local.hour(), local.minute(), local.second())
}

fn institutions(settings: &Settings) -> String {
    let (issuer, acquirer) = (format!("{:08}", settings.issuer), format!("{:08}", settings.acquirer));
    De44 { issuer: &issuer, acquirer: &acquirer }.text()
}

/// Field 63: the card organisation, and of a decline the sentence for the cashier.
fn remark(reply: &mut Builder, settings: &Settings, cause: Option<Cause>, slots: &Slots<'_>) {
    let mut text = settings.organisation.to_vec();
    if let Some(cause) = cause {
        let said = say(cause, Audience::Cashier, Language::Zh, slots);
        let (bytes, _, _) = GBK.encode(&said);
        text.extend_from_slice(cut(&bytes, REMARK_BYTES_MAX));
    }
    reply.put(63, Value::Bytes(&text)).expect(FITS);
}

/// At most `max` bytes of GBK, and no half character.
fn cut(bytes: &[u8], max: usize) -> &[u8] {
    let mut end = 0;
    while end < bytes.len() {
        let width = if bytes[end] < 0x80 { 1 } else { 2 };
        if end + width > max.min(bytes.len()) {
            break;
        }
        end += width;
    }
    &bytes[..end]
}

/// The bytes on the wire. An answer whose MAC cannot be made is not sent: the terminal could not trust it, and
/// will take its message back.
fn finish(edge: &mut Edge, mut waiting: Waiting) -> Step {
    let mut failed = false;
    let message = match waiting.mac {
        None => waiting.reply.finish(),
        Some(slot) => match edge.working_key(slot, Working::Mac) {
            Err(_) => {
                failed = true;
                waiting.reply.finish()
            }
            Ok(key) => {
                let hsm = &edge.hsm;
                let made = |data: &[u8]| match hsm.make_mac(key.into(), MacAlgorithm::UnionPayEcb, data) {
                    Ok(code) => code.field64(),
                    Err(_) => {
                        failed = true;
                        [0; 8]
                    }
                };
                waiting.reply.finish_with_mac(made)
            }
        },
    };
    let message = message.expect("an answer is shorter than a frame and of the version of its dialect");
    let mut bytes = Vec::with_capacity(message.len() + 2);
    edge.settings
        .terminal_dialect
        .framing()
        .frame(message, &mut bytes)
        .expect("an answer is shorter than a frame");
    edge.recycle(waiting.reply);
    if failed {
        edge.counters.refuse(Cause::SecurityModuleDown);
        return Step::Silence;
    }
    Step::Reply(bytes)
}
