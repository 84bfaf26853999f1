//! Sessions of other hosts (ISO 8583:1987): from a frame to a command, and from its outcome to the answer.
//!
//! A message is known again by what DE90 would name: acquirer, forwarder, STAN, transmission date and time. Nothing
//! is kept of a connection but whether its host has signed on.

mod asks;
mod reply;

use crate::chip::Proof;
use crate::edge::{Edge, Step, Taken, Waiting as AnyWaiting};
use crate::evidence::cause_of;
use crate::settings::{HostMac, HostProfile};
use cardcrypto::KeyHandle;
use cardcrypto::hsm::MacAlgorithm;
use cardcrypto::mac::Padding;
use iso8583::{Builder, Framing, Message, Tpdu};
use machine::cause::Cause;
use machine::command::Command;
use machine::ids::Origin;
use machine::time::Timestamp;

/// Sign-on, sign-off and echo, DE70.
const SIGN_ON: u64 = 1;
const SIGN_OFF: u64 = 2;
const ECHO: u64 = 301;

/// What an answer needs once the outcome is there.
pub(crate) struct Waiting {
    reply: Box<Builder>,
    tpdu: Option<Tpdu>,
    framing: Framing,
    mac: HostMac,
    /// The sender says that it sent this before.
    repeat: bool,
    on: On,
}

/// What the outcome is awaited of.
enum On {
    /// With what its chip proved.
    Transaction(Option<Box<Proof>>),
    /// A refusal that is being recorded.
    Refusal(Cause),
}

/// How a host link's code is made, and with which key.
const fn mac_of(mac: HostMac) -> Option<(KeyHandle, MacAlgorithm)> {
    match mac {
        HostMac::None => None,
        HostMac::Retail(key) => Some((key, MacAlgorithm::Retail { padding: Padding::Zeros })),
        HostMac::Cbc(key) => Some((key, MacAlgorithm::Cbc { padding: Padding::Zeros })),
    }
}

/// Takes a frame.
pub(crate) fn take(
    edge: &mut Edge,
    profile: &HostProfile,
    signed_on: &mut bool,
    frame: &[u8],
    now: Timestamp,
) -> Taken {
    let own_address = profile.framing.tpdu && !profile.dialect.has_tpdu();
    let (tpdu, bytes) = match Tpdu::split(frame) {
        Ok((address, rest)) if own_address => (Some(address.swapped()), rest),
        Ok(_) | Err(_) => (None, frame),
    };
    let Ok(message) = profile.dialect_of(bytes).decode(bytes) else {
        edge.counters.unreadable += 1;
        return Taken::bad(Step::Silence);
    };
    let Some(mti) = message.mti().response() else {
        edge.counters.unexpected += 1;
        return Taken::bad(Step::Silence);
    };
    let reply = edge.builder(&message, mti);
    let mut waiting = Waiting {
        reply,
        tpdu,
        framing: profile.framing,
        mac: profile.mac,
        repeat: message.mti().is_repeat(),
        on: On::Transaction(None),
    };
    reply::echo(&mut waiting.reply, &message);
    if message.mti().class() == 8 {
        return network(edge, waiting, &message, signed_on, now);
    }
    if profile.sign_on && !*signed_on {
        return refuse(edge, waiting, (Cause::TerminalNotSignedIn, None), now);
    }
    let origin = asks::origin_of(&message, profile);
    let made = verify(edge, profile, &message).and_then(|()| {
        let origin = origin.ok_or(Cause::FormatError)?;
        asks::command(edge, profile, &message, origin, now)
    });
    match made {
        Ok((command, proof)) => {
            waiting.on = On::Transaction(proof);
            Taken::good(Step::Ask(command, AnyWaiting::Host(waiting)))
        }
        Err(cause) => refuse(edge, waiting, (cause, origin), now),
    }
}

/// Whether the code over a message is right, where the link has one.
fn verify(edge: &Edge, profile: &HostProfile, message: &Message<'_>) -> Result<(), Cause> {
    let Some((key, algorithm)) = mac_of(profile.mac) else { return Ok(()) };
    let code = message.binary::<8>(128).or_else(|| message.binary::<8>(64)).ok_or(Cause::MacError)?;
    let verdict = edge.hsm.verify_mac(key.into(), algorithm, message.mac_input(), &code).map_err(cause_of)?;
    if verdict.is_right() { Ok(()) } else { Err(Cause::MacError) }
}

/// Sign-on, sign-off and echo are answered here. They carry no code: what they change is this connection's only.
fn network(
    edge: &mut Edge,
    mut waiting: Waiting,
    message: &Message<'_>,
    signed_on: &mut bool,
    now: Timestamp,
) -> Taken {
    match message.number(70) {
        Some(SIGN_ON) => *signed_on = true,
        Some(SIGN_OFF) => *signed_on = false,
        Some(ECHO) => {}
        Some(_) | None => return refuse(edge, waiting, (Cause::NotSupported, None), now),
    }
    waiting.mac = HostMac::None;
    Taken::good(reply::plain(edge, waiting, "00"))
}

/// Refuses a message. What speaks of keys in trouble is recorded first, as long as it is no flood.
fn refuse(
    edge: &mut Edge,
    mut waiting: Waiting,
    (cause, origin): (Cause, Option<Origin>),
    now: Timestamp,
) -> Taken {
    edge.counters.refuse(cause);
    let of_keys = matches!(cause, Cause::MacError | Cause::PinFormatError | Cause::SecurityModuleDown);
    waiting.on = On::Refusal(cause);
    if of_keys && edge.may_record_host_fault(now) {
        let command = Command::Fault { acceptor: None, origin, cause };
        return Taken::bad(Step::Ask(command, AnyWaiting::Host(waiting)));
    }
    Taken::bad(reply::refusal(edge, waiting, cause, None))
}
