//! A terminal at its till and the line to the host: bytes are cut, late, lost or flipped on their way.
//!
//! What a line does is a TCP connection's: in order, or not at all.

use gateway::LinkId;
use machine::ids::Acceptor;
use machine::time::Timestamp;
use sim::dice::Dice;
use std::collections::VecDeque;
use terminal::{Answered, Original, Pos, PosError};

/// A terminal waits so long for an answer (facts of the trade: about a minute).
pub const PATIENCE_MS: i64 = 60_000;

/// What the terminal is after.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Doing {
    /// Waiting for customers.
    Open,
    /// Closing its batch, and nothing else.
    Settling,
}

/// A request and the bytes it was answered with.
#[derive(Clone)]
pub struct Exchange {
    pub request: Vec<u8>,
    pub reply: Vec<u8>,
    /// The generation of working keys of then.
    pub keys: u32,
}

pub struct Till {
    pub pos: Pos,
    pub acceptor: Acceptor,
    pub shop: usize,
    pub link: LinkId,
    pub doing: Doing,
    /// Bytes on their way, with the moment they arrive and the connection they are on.
    pub to_host: Way,
    pub to_pos: Way,
    /// Bytes that arrived and are no whole frame yet.
    heard: Vec<u8>,
    pub waiting_since: Timestamp,
    /// What is awaited can be taken back.
    pub reversible: bool,
    /// The request was sent more than once: whether an answer is to the first or the second cannot be seen.
    pub repeated: bool,
    /// A bit of the request or its answer was flipped.
    pub flipped: bool,
    /// An answer that could not be believed was to something that cannot be taken back: only settlement finds out.
    pub excused: bool,
    /// What was approved and may be followed up, by serial.
    pub sales: Vec<(u64, Original, usize)>,
    pub holds: Vec<(u64, Original, usize)>,
    /// The last request, to be paired with its answer.
    pub asked: Vec<u8>,
    pub exchanges: Vec<Exchange>,
    /// The generation of working keys it signed in with last, as the host counts.
    pub keys: u32,
    /// Money this terminal settled, net, minor units.
    pub settled: i64,
}

impl Till {
    pub fn new(pos: Pos, acceptor: Acceptor, shop: usize, link: LinkId) -> Till {
        Till {
            pos,
            acceptor,
            shop,
            link,
            doing: Doing::Open,
            to_host: VecDeque::new(),
            to_pos: VecDeque::new(),
            heard: Vec::new(),
            waiting_since: Timestamp(0),
            reversible: true,
            repeated: false,
            flipped: false,
            excused: false,
            sales: Vec::new(),
            holds: Vec::new(),
            asked: Vec::new(),
            exchanges: Vec::new(),
            keys: 0,
            settled: 0,
        }
    }

    /// Sends a frame of the terminal's: cut anywhere, each piece a little later, all of it after `held_ms`.
    pub fn send(&mut self, frame: &[u8], held_ms: i64, dice: &mut Dice, now: Timestamp) {
        self.repeated = self.asked == frame;
        self.flipped &= self.repeated;
        self.asked = frame.to_vec();
        self.waiting_since = now;
        let mut due = last(&self.to_host, self.link, now).plus(held_ms);
        for piece in cut(&Pos::framed(frame), dice) {
            due = due.plus(dice.between(0, 300));
            self.to_host.push_back((due, self.link, piece));
        }
    }

    /// What the host sends, likewise.
    pub fn carry_back(&mut self, link: LinkId, bytes: &[u8], dice: &mut Dice, now: Timestamp) {
        let mut due = last(&self.to_pos, link, now);
        for piece in cut(bytes, dice) {
            due = due.plus(dice.between(0, 300));
            self.to_pos.push_back((due, link, piece));
        }
    }

    /// The connection is gone as far as the terminal knows; a new one begins. What it had sent may still arrive.
    pub fn reconnect(&mut self, link: LinkId) {
        self.link = link;
        self.heard.clear();
    }

    /// Whole frames among what arrived on the present connection.
    pub fn hear(&mut self, link: LinkId, bytes: &[u8]) -> Vec<Vec<u8>> {
        if link != self.link {
            return Vec::new();
        }
        self.heard.extend_from_slice(bytes);
        let mut frames = Vec::new();
        while let Some((length, rest)) = self.heard.split_first_chunk::<2>() {
            let length = usize::from(u16::from_be_bytes(*length));
            if rest.len() < length {
                break;
            }
            frames.push(rest[..length].to_vec());
            self.heard.drain(..2 + length);
        }
        frames
    }

    /// Takes a frame; says what it meant, if it was for us. `keys` is the generation the host gave out last.
    pub fn take(&mut self, frame: &[u8], keys: u32) -> Option<Result<terminal::Reply, PosError>> {
        match self.pos.receive(frame) {
            Err(PosError::NothingAwaited | PosError::NotMine(_)) => None,
            Ok(reply) => {
                if reply.to == Answered::SignIn && reply.approved() {
                    self.keys = keys;
                }
                if let (Answered::Transaction(_), false) = (reply.to, self.flipped) {
                    let (request, reply) = (self.asked.clone(), frame.to_vec());
                    self.exchanges.push(Exchange { request, reply, keys: self.keys });
                }
                Some(Ok(reply))
            }
            Err(error) => {
                self.excused |= !self.reversible;
                Some(Err(error))
            }
        }
    }
}

/// Bytes on their way, by connection.
type Way = VecDeque<(Timestamp, LinkId, Vec<u8>)>;

/// When what was sent last on a connection arrives: nothing overtakes it there.
fn last(way: &Way, link: LinkId, now: Timestamp) -> Timestamp {
    way.iter().filter(|(_, on, _)| *on == link).map(|(due, ..)| *due).fold(now, Timestamp::max)
}

/// The next bytes that have arrived, whichever connection they are on.
pub fn arrived(way: &mut Way, now: Timestamp) -> Option<(LinkId, Vec<u8>)> {
    let place = way.iter().position(|(due, ..)| *due <= now)?;
    way.remove(place).map(|(_, link, bytes)| (link, bytes))
}

/// In one to four pieces.
fn cut(bytes: &[u8], dice: &mut Dice) -> Vec<Vec<u8>> {
    let mut pieces = Vec::new();
    let mut rest = bytes;
    for _ in 0..dice.below(4) {
        let (piece, after) = rest.split_at(dice.place(rest.len() + 1));
        pieces.push(piece.to_vec());
        rest = after;
    }
    pieces.push(rest.to_vec());
    pieces
}
