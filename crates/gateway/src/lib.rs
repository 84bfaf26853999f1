//! The gateway: protocol sessions as values. Frames of terminals and other hosts become commands of the machine,
//! and its outcomes become their answers.
//!
//! No socket, clock, thread, runtime or SQL here; no key in the clear, and no card number in anything that leaves
//! but the answer on the wire. What needs the security module is found out before a command is asked, so that its
//! verdict travels in the command and a replay needs no keys.
//!
//! Card numbers are held as [`cardcrypto::Pan`], which wipes itself. Frames are not wiped: the memory they lie in
//! is used again for the next.

mod card;
mod chip;
mod counters;
mod directory;
mod edge;
mod evidence;
mod fields;
mod flights;
mod host;
mod keys;
mod link;
mod settings;
mod signature;
mod unionpay;

pub use chip::{ChipProfile, IssuerRange, ValueProfile};
pub use counters::{Counters, Hangup};
pub use directory::{CardEntry, Directory, TerminalEntry};
pub use keys::{KeyRing, PVV_KEYS_MAX};
pub use link::LinkKind;
pub use settings::{HostMac, HostProfile, Settings, SignatureLimits};

use cardcrypto::Hsm;
use edge::{Edge, Kept, Step, Taken, Waiting};
use flights::{Flight, Flights};
use link::Link;
use machine::cause::Cause;
use machine::command::Command;
use machine::outcome::Outcome;
use machine::time::{MINUTE_MS, Timestamp};
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::Arc;

/// How often idle connections, unfinished uploads and lost asks are looked for.
const SWEEP_MS: i64 = 1000;
/// An ask without an outcome for so long after its terminal stopped waiting is given up.
const LOST_MS: i64 = 5 * MINUTE_MS;

/// One connection, as its owner names it. Never used again for another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct LinkId(pub u64);

/// One ask, as the gateway names it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Ticket(pub u64);

/// What the owner of sockets, shards and stores is to do, in this order.
pub enum Output {
    /// Send these bytes; say so by [`Gateway::written`].
    Send {
        /// Where.
        link: LinkId,
        /// Whole frames.
        bytes: Vec<u8>,
    },
    /// Ask the machine; give the outcome to [`Gateway::answered`] once it is durable.
    Ask {
        /// Under which name.
        ticket: Ticket,
        /// What.
        command: Command,
    },
    /// Close the connection, after what was to be sent on it. The gateway has forgotten it.
    Hangup {
        /// Which.
        link: LinkId,
        /// Why.
        why: Hangup,
    },
    /// Keep this image durably before the ask that follows.
    Keep {
        /// BLAKE3 of the image.
        name: [u8; 32],
        /// The image, as it was uploaded.
        image: Vec<u8>,
    },
}

impl fmt::Debug for Output {
    /// What and how much, never the bytes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Output::Send { link, bytes } => write!(f, "Send({}, {} bytes)", link.0, bytes.len()),
            Output::Ask { ticket, command } => write!(f, "Ask({}, {command:?})", ticket.0),
            Output::Hangup { link, why } => write!(f, "Hangup({}, {})", link.0, why.slug()),
            Output::Keep { image, .. } => write!(f, "Keep({} bytes)", image.len()),
        }
    }
}

/// The edge as a value: feed it with bytes and outcomes, drain its outputs.
///
/// One gateway is one thread's. Several may stand side by side, each with its own connections, as long as each
/// observes every outcome; only signature parts must come to the same one.
pub struct Gateway {
    edge: Edge,
    links: BTreeMap<LinkId, Link>,
    flights: Flights,
    outputs: VecDeque<Output>,
    next_sweep: Option<Timestamp>,
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Gateway({} links, {} outputs)", self.links.len(), self.outputs.len())
    }
}

impl Gateway {
    /// A gateway without connections.
    #[must_use]
    pub fn new(hsm: Arc<dyn Hsm>, keys: KeyRing, directory: Directory, settings: Settings) -> Gateway {
        Gateway {
            edge: Edge::new(hsm, keys, directory, settings),
            links: BTreeMap::new(),
            flights: Flights::default(),
            outputs: VecDeque::new(),
            next_sweep: None,
        }
    }

    /// A connection was opened.
    pub fn connected(&mut self, link: LinkId, kind: LinkKind, now: Timestamp) {
        self.links.insert(link, Link::new(kind, &self.edge.settings, now));
        self.arm(now);
    }

    /// A connection was closed by the other end or by its owner. Outcomes still to come for it are not sent.
    pub fn closed(&mut self, link: LinkId) {
        self.links.remove(&link);
    }

    /// Bytes of a connection, split anywhere.
    pub fn receive(&mut self, link: LinkId, bytes: &[u8], now: Timestamp) {
        let Some(entry) = self.links.get_mut(&link) else { return };
        self.edge.counters.bytes_in += bytes.len() as u64;
        entry.heard = now;
        if entry.unread.is_empty() {
            self.read(link, bytes, now);
            return;
        }
        entry.unread.extend_from_slice(bytes);
        self.read_on(link, now);
    }

    /// Whether bytes may be read off a connection. While this says no, what is sent stays in the sender's own
    /// buffers, and nobody else waits for it.
    #[must_use]
    pub fn wants(&self, link: LinkId) -> bool {
        let ready = |entry: &Link| entry.unread.is_empty() && entry.may_proceed(&self.edge.settings);
        self.links.get(&link).is_some_and(ready)
    }

    /// So many bytes handed out for a connection were written to it.
    pub fn written(&mut self, link: LinkId, bytes: usize, now: Timestamp) {
        if let Some(entry) = self.links.get_mut(&link) {
            entry.unwritten = entry.unwritten.saturating_sub(bytes);
            self.read_on(link, now);
        }
    }

    /// The outcome of an ask is durable.
    pub fn answered(&mut self, ticket: Ticket, command: &Command, outcome: &Outcome, now: Timestamp) {
        self.observe(command, outcome);
        let Some(Flight { link, waiting, .. }) = self.flights.land(ticket) else {
            self.edge.counters.unanswered += 1;
            return;
        };
        let step = waiting.answer(&mut self.edge, outcome, now);
        self.landed(link, step, now);
    }

    /// An ask came to nothing: the shard is full ([`Cause::HostOverloaded`]) or its record could not be made
    /// durable ([`Cause::StorageFailed`]).
    pub fn refused(&mut self, ticket: Ticket, cause: Cause, now: Timestamp) {
        let Some(Flight { link, waiting, .. }) = self.flights.land(ticket) else {
            self.edge.counters.unanswered += 1;
            return;
        };
        let step = waiting.refuse(&mut self.edge, cause, now);
        self.landed(link, step, now);
    }

    /// An outcome is durable, whoever asked for it: keeps the directory true.
    pub fn observe(&mut self, command: &Command, outcome: &Outcome) {
        let overlap_ms = self.edge.settings.key_overlap_ms;
        self.edge.directory.observe(command, outcome, overlap_ms);
    }

    /// What is to be done next.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`Gateway::tick`] is wanted, if at all.
    #[must_use]
    pub fn deadline(&self) -> Option<Timestamp> {
        self.next_sweep
    }

    /// Time has passed: closes idle connections, drops unfinished uploads, gives up what is lost.
    pub fn tick(&mut self, now: Timestamp) {
        if self.next_sweep.is_none_or(|due| now < due) {
            return;
        }
        let idle_ms = self.edge.settings.idle_ms;
        let idle = |(link, entry): (&LinkId, &Link)| (now.since(entry.heard) >= idle_ms).then_some(*link);
        let idle: Vec<LinkId> = self.links.iter().filter_map(idle).collect();
        for link in idle {
            self.hang_up(link, Hangup::Idle);
        }
        for (key, sale, image) in self.edge.uploads.expire(now) {
            let (kept, command) = unionpay::attach(key, sale, image);
            self.edge.counters.images += 1;
            self.outputs.push_back(Output::Keep { name: kept.name, image: kept.image });
            self.ask(Flight { link: None, waiting: Waiting::Nobody, asked: now }, command);
        }
        self.edge.counters.uploads_dropped = self.edge.uploads.dropped;
        let lost = self.flights.overdue(now.plus(-self.edge.settings.answer_ms - LOST_MS));
        for link in lost {
            self.edge.counters.unanswered += 1;
            self.landed(link, Step::Silence, now);
        }
        self.next_sweep = None;
        self.arm(now);
    }

    /// What was counted.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.edge.counters
    }

    /// What the edge knows.
    #[must_use]
    pub fn directory(&self) -> &Directory {
        &self.edge.directory
    }

    /// What the edge knows, to set right what no outcome says (see [`Directory::set_pin`]).
    pub fn directory_mut(&mut self) -> &mut Directory {
        &mut self.edge.directory
    }

    /// The keys, to enrol terminals and to rotate.
    pub fn keys_mut(&mut self) -> &mut KeyRing {
        &mut self.edge.keys
    }

    fn arm(&mut self, now: Timestamp) {
        let quiet = self.links.is_empty() && self.flights.is_empty() && self.edge.uploads.is_empty();
        if !quiet && self.next_sweep.is_none() {
            self.next_sweep = Some(now.plus(SWEEP_MS));
        }
    }

    /// An ask of a connection has ended; what waited behind it may go on.
    fn landed(&mut self, link: Option<LinkId>, step: Step, now: Timestamp) {
        let Some(link) = link else { return };
        if let Some(entry) = self.links.get_mut(&link) {
            entry.in_flight = entry.in_flight.saturating_sub(1);
        }
        self.carry_out(link, step, now);
        self.read_on(link, now);
    }

    /// Goes on with what waits unread.
    fn read_on(&mut self, link: LinkId, now: Timestamp) {
        let Some(entry) = self.links.get_mut(&link) else { return };
        if entry.unread.is_empty() {
            return;
        }
        let bytes = std::mem::take(&mut entry.unread);
        self.read(link, &bytes, now);
    }

    /// Takes frames off `bytes` as long as more may be under way; the rest waits.
    fn read(&mut self, link: LinkId, bytes: &[u8], now: Timestamp) {
        let mut input = bytes;
        loop {
            let Some(entry) = self.links.get_mut(&link) else { return };
            if !entry.may_proceed(&self.edge.settings) {
                entry.unread.extend_from_slice(input);
                if entry.unread.len() > self.edge.settings.bytes_waiting_max {
                    self.hang_up(link, Hangup::Flood);
                }
                return;
            }
            let frame = match entry.deframer.next(&mut input) {
                Ok(Some(frame)) => frame,
                Ok(None) => return,
                Err(_) => return self.hang_up(link, Hangup::Framing),
            };
            self.edge.counters.frames_in += 1;
            let Taken { step, good } = match &entry.kind {
                LinkKind::UnionPayPos => unionpay::take(&mut self.edge, frame, now),
                LinkKind::Iso87Host(profile) => {
                    host::take(&mut self.edge, profile, &mut entry.signed_on, frame, now)
                }
            };
            entry.strikes = if good { 0 } else { entry.strikes.saturating_add(1) };
            let struck_out = entry.strikes >= self.edge.settings.strikes_max;
            self.carry_out(link, step, now);
            if struck_out {
                return self.hang_up(link, Hangup::Strikes);
            }
        }
    }

    fn carry_out(&mut self, link: LinkId, step: Step, now: Timestamp) {
        match step {
            Step::Reply(bytes) => self.send(link, bytes),
            Step::Ask(command, waiting) => {
                self.ask(Flight { link: Some(link), waiting, asked: now }, command)
            }
            Step::KeepAndAsk(Kept { name, image }, command, waiting) => {
                self.outputs.push_back(Output::Keep { name, image });
                self.ask(Flight { link: Some(link), waiting, asked: now }, command);
            }
            Step::Silence => {}
        }
    }

    fn ask(&mut self, flight: Flight, command: Command) {
        let now = flight.asked;
        if let Some(entry) = flight.link.and_then(|link| self.links.get_mut(&link)) {
            entry.in_flight += 1;
        }
        self.edge.counters.asked += 1;
        let ticket = self.flights.depart(flight);
        self.outputs.push_back(Output::Ask { ticket, command });
        self.arm(now);
    }

    fn send(&mut self, link: LinkId, bytes: Vec<u8>) {
        let Some(entry) = self.links.get_mut(&link) else {
            self.edge.counters.unanswered += 1;
            return;
        };
        entry.unwritten += bytes.len();
        let slow = entry.unwritten > self.edge.settings.bytes_unwritten_max;
        self.edge.counters.frames_out += 1;
        self.edge.counters.bytes_out += bytes.len() as u64;
        self.outputs.push_back(Output::Send { link, bytes });
        if slow {
            self.hang_up(link, Hangup::SlowReader);
        }
    }

    fn hang_up(&mut self, link: LinkId, why: Hangup) {
        if self.links.remove(&link).is_some() {
            self.edge.counters.hang_up(why);
            self.outputs.push_back(Output::Hangup { link, why });
        }
    }
}
