//! Sessions of UnionPay terminals (Q/CUP 009.1): from a frame to a command, and from its outcome to the answer.
//!
//! A session keeps nothing of its own between messages: what must outlive a connection is the machine's, and
//! comes back through the directory.

mod asks;
mod reply;
mod settlement;
mod signing;
mod table;

use crate::chip::Proof;
use crate::edge::{Edge, Step, Taken, Waiting as AnyWaiting};
use crate::evidence::cause_of;
use crate::keys::{KeySlot, Working};
use cardcrypto::hsm::MacAlgorithm;
use iso8583::unionpay::{De60, Totals};
use iso8583::{Builder, Message, Mti};
use machine::cause::Cause;
use machine::command::{Command, KeySet};
use machine::ids::{Acceptor, MerchantId, Origin, TerminalId};
use machine::time::Timestamp;
use table::{Mac, What};

pub(crate) use asks::attach;

/// Bytes of the header.
const HEADER_BYTES: usize = 6;
/// Where the bitmap of a frame lies, behind transport address, header and message type.
const BITMAP_AT: usize = iso8583::TPDU_BYTES + HEADER_BYTES + 2;

/// A request, read so far that it can be answered.
pub(crate) struct Request<'a, 'm> {
    pub message: &'m Message<'a>,
    pub acceptor: Acceptor,
    pub stan: u32,
    pub de60: De60,
}

impl Request<'_, '_> {
    /// The message's own number.
    pub fn origin(&self) -> Origin {
        Origin::Terminal { acceptor: self.acceptor, batch: self.de60.batch, stan: self.stan }
    }
}

/// What an answer needs once the outcome is there.
pub(crate) struct Waiting {
    reply: Box<Builder>,
    /// The header as it came.
    header: [u8; HEADER_BYTES],
    /// The keys the request was verified with: its answer is made with the same.
    mac: Option<KeySlot>,
    acceptor: Acceptor,
    on: On,
    /// What is asked after this, last first.
    more: Vec<Command>,
}

/// What the outcome is awaited of.
enum On {
    /// With what its chip proved.
    Transaction(Option<Box<Proof>>),
    SignIn(KeySet, De60),
    SignOut,
    Settle(Totals),
    Details,
    CloseBatch,
    Script,
    Signature,
    /// A refusal that is being recorded.
    Refusal(Cause),
}

impl Waiting {
    fn new(
        edge: &mut Edge,
        message: &Message<'_>,
        mti: Mti,
        (acceptor, mac): (Acceptor, Option<KeySlot>),
        on: On,
    ) -> Waiting {
        let mut reply = edge.builder(message, mti);
        reply::echo(&mut reply, message);
        let mut header = [0; HEADER_BYTES];
        header.copy_from_slice(message.header());
        Waiting { reply, header, mac, acceptor, on, more: Vec::new() }
    }
}

/// Takes a frame.
pub(crate) fn take(edge: &mut Edge, frame: &[u8], now: Timestamp) -> Taken {
    let message = match edge.settings.terminal_dialect.decode(frame) {
        Ok(message) => message,
        Err(_) => return malformed(edge, frame, now),
    };
    let Some(mti) = message.mti().response() else {
        edge.counters.unexpected += 1;
        return Taken::bad(Step::Silence);
    };
    let (Some(acceptor), Some(stan)) = (acceptor_of(&message), stan_of(&message)) else {
        edge.counters.unreadable += 1;
        return Taken::bad(Step::Silence);
    };
    let Some(de60) = message.digits(60).and_then(|digits| De60::parse(&digits).ok()) else {
        return refuse_at_once(edge, &message, mti, acceptor, Cause::FormatError, now);
    };
    let request = Request { message: &message, acceptor, stan, de60 };
    match admit(edge, &request, now) {
        Ok((what, mac)) => {
            let waiting = Waiting::new(edge, &message, mti, (acceptor, mac), On::Transaction(None));
            proceed(edge, &request, what, waiting, now)
        }
        Err(cause) => refuse(edge, &request, mti, None, cause, now),
    }
}

/// Whether the request may be looked at, as what, and which keys its MAC was right under.
fn admit(
    edge: &mut Edge,
    request: &Request<'_, '_>,
    now: Timestamp,
) -> Result<(What, Option<KeySlot>), Cause> {
    if !edge.directory.knows_merchant(request.acceptor.merchant) {
        return Err(Cause::MerchantUnknown);
    }
    let Some(entry) = edge.directory.terminal(request.acceptor).copied() else {
        return Err(Cause::TerminalUnknown);
    };
    let message = request.message;
    let mti = message.mti().packed() & 0xFFFE;
    let found = table::find(mti, message.number(3), message.number(25), &request.de60);
    let (what, mac) = found.ok_or(Cause::NotSupported)?;
    let must = match mac {
        Mac::Never => return Ok((what, None)),
        Mac::Must => true,
        Mac::SignOut => edge.settings.sign_out_needs_mac,
        Mac::Settlement => edge.settings.settlement_needs_mac,
    };
    if !entry.signed_in || entry.generation == 0 {
        return Err(Cause::TerminalNotSignedIn);
    }
    let Some(code) = message.binary::<8>(64) else {
        return if must { Err(Cause::MacError) } else { Ok((what, None)) };
    };
    let before = entry.previous.filter(|(_, until)| now < *until).map(|(generation, _)| generation);
    for generation in [Some(entry.generation), before].into_iter().flatten() {
        let slot = KeySlot { acceptor: request.acceptor, generation };
        let key = edge.working_key(slot, Working::Mac).map_err(cause_of)?;
        let verdict = edge.hsm.verify_mac(key.into(), MacAlgorithm::UnionPayEcb, message.mac_input(), &code);
        if verdict.map_err(cause_of)?.is_right() {
            return Ok((what, Some(slot)));
        }
    }
    Err(Cause::MacError)
}

/// Makes a command of an admitted request, or refuses it after all.
fn proceed(
    edge: &mut Edge,
    request: &Request<'_, '_>,
    what: What,
    waiting: Waiting,
    now: Timestamp,
) -> Taken {
    let made = match what {
        What::Authorize { purpose, advice } => {
            asks::authorize(edge, request, purpose, advice, waiting.mac, now)
        }
        What::Adjust => asks::adjust(edge, request, now),
        What::Follow { purpose, advice } => asks::follow(edge, request, purpose, advice, waiting.mac),
        What::Reverse => asks::reverse(edge, request),
        What::Script => asks::script(request),
        What::Settle => settlement::settle(request),
        What::Details => settlement::details(request),
        What::CloseBatch => Ok(settlement::close(request)),
        What::SignIn(keys) => signing::sign_in(edge, request, keys),
        What::SignOut => Ok(Made::Ask(Command::SignOut(request.acceptor), On::SignOut)),
        What::Echo => Ok(Made::Say),
        What::Signature => asks::signature(edge, request, now),
    };
    let mut waiting = waiting;
    let made = match made {
        Ok(made) => made,
        Err(cause) => {
            let (mti, mac) = (request.message.mti(), waiting.mac);
            edge.recycle(waiting.reply);
            return refuse(edge, request, mti.response().unwrap_or(mti), mac, cause, now);
        }
    };
    Taken::good(match made {
        Made::Ask(command, on) => {
            waiting.on = on;
            Step::Ask(command, AnyWaiting::UnionPay(waiting))
        }
        Made::AskAll(mut commands, on) => {
            commands.reverse();
            waiting.on = on;
            waiting.more = commands;
            match waiting.more.pop() {
                Some(first) => Step::Ask(first, AnyWaiting::UnionPay(waiting)),
                None => reply::plain(edge, waiting, "00", now),
            }
        }
        Made::Keep(kept, command) => {
            waiting.on = On::Signature;
            edge.counters.images += 1;
            Step::KeepAndAsk(kept, command, AnyWaiting::UnionPay(waiting))
        }
        Made::Say => reply::plain(edge, waiting, "00", now),
    })
}

/// What a request came to.
enum Made {
    Ask(Command, On),
    AskAll(Vec<Command>, On),
    Keep(crate::edge::Kept, Command),
    /// Nothing to ask: a plain yes.
    Say,
}

/// Refuses a request. What speaks of a terminal in trouble is recorded first, so that it can be explained by its
/// number and a storm of it is seen; everything else, and too much of that, is answered at once.
fn refuse(
    edge: &mut Edge,
    request: &Request<'_, '_>,
    mti: Mti,
    verified: Option<KeySlot>,
    cause: Cause,
    now: Timestamp,
) -> Taken {
    edge.counters.refuse(cause);
    let of_keys = matches!(cause, Cause::MacError | Cause::PinFormatError | Cause::SecurityModuleDown);
    // What else is wrong is recorded only of one who proved to be the terminal: strangers fill no journal.
    let recorded = of_keys || (cause == Cause::FormatError && verified.is_some());
    let mac = verified.or_else(|| current_keys(edge, request.acceptor));
    let names = (request.acceptor, mac);
    let waiting = Waiting::new(edge, request.message, mti, names, On::Refusal(cause));
    if recorded && edge.may_record_fault(request.acceptor, now) {
        let origin = Some(request.origin());
        let command = Command::Fault { acceptor: Some(request.acceptor), origin, cause };
        return Taken::bad(Step::Ask(command, AnyWaiting::UnionPay(waiting)));
    }
    Taken::bad(reply::refusal(edge, waiting, cause, None, now))
}

/// Refuses a message of which only terminal and STAN are known.
fn refuse_at_once(
    edge: &mut Edge,
    message: &Message<'_>,
    mti: Mti,
    acceptor: Acceptor,
    cause: Cause,
    now: Timestamp,
) -> Taken {
    edge.counters.refuse(cause);
    let mac = current_keys(edge, acceptor);
    let waiting = Waiting::new(edge, message, mti, (acceptor, mac), On::Refusal(cause));
    Taken::bad(reply::refusal(edge, waiting, cause, None, now))
}

/// The keys a terminal holds now, where it is signed in.
fn current_keys(edge: &Edge, acceptor: Acceptor) -> Option<KeySlot> {
    let entry = edge.directory.terminal(acceptor)?;
    let held = entry.signed_in && entry.generation > 0;
    held.then_some(KeySlot { acceptor, generation: entry.generation })
}

/// A frame that cannot be read: 30 where terminal and STAN can, which stand in front of most of what goes wrong.
fn malformed(edge: &mut Edge, frame: &[u8], now: Timestamp) -> Taken {
    let dialect = edge.settings.terminal_dialect;
    let mut front = frame.to_vec();
    if let Some(bitmap) = front.get_mut(BITMAP_AT..BITMAP_AT + 8) {
        // Fields 1 to 42 and no more.
        bitmap[5] &= 0xC0;
        bitmap[6..].fill(0);
    }
    // What follows field 42 is cut off where decoding says that the message ends.
    if let Err(cut) = dialect.decode(&front)
        && let iso8583::Why::Trailing { bytes } = cut.why
    {
        front.truncate(front.len() - bytes);
    }
    let answered = dialect.decode(&front).ok().and_then(|message| {
        let mti = message.mti().response()?;
        let acceptor = acceptor_of(&message)?;
        stan_of(&message)?;
        Some(refuse_at_once(edge, &message, mti, acceptor, Cause::FormatError, now))
    });
    zeroize::Zeroize::zeroize(&mut front);
    answered.unwrap_or_else(|| {
        edge.counters.unreadable += 1;
        Taken::bad(Step::Silence)
    })
}

fn acceptor_of(message: &Message<'_>) -> Option<Acceptor> {
    let terminal = TerminalId(message.raw(41)?.try_into().ok()?);
    let merchant = MerchantId(message.raw(42)?.try_into().ok()?);
    Some(Acceptor { merchant, terminal })
}

fn stan_of(message: &Message<'_>) -> Option<u32> {
    message.number(11).and_then(|stan| u32::try_from(stan).ok())
}
