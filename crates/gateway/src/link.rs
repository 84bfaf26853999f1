//! One connection: its stream taken apart into frames, and how much of it may be under way.
//!
//! No socket: bytes come in, and whoever owns the socket is told what to send and when to stop reading.

use crate::settings::{HostProfile, Settings};
use iso8583::{Deframer, FRAME_BYTES_MAX, Framing};
use machine::time::Timestamp;

/// Who is at the other end.
#[derive(Clone, Debug)]
pub enum LinkKind {
    /// UnionPay terminals, or a concentrator of them (Q/CUP 009.1).
    UnionPayPos,
    /// Another host (ISO 8583:1987).
    Iso87Host(HostProfile),
}

impl LinkKind {
    fn framing(&self, settings: &Settings) -> Framing {
        match self {
            LinkKind::UnionPayPos => settings.terminal_dialect.framing(),
            LinkKind::Iso87Host(profile) => profile.framing,
        }
    }
}

/// A connection.
pub(crate) struct Link {
    pub kind: LinkKind,
    pub deframer: Deframer,
    /// Bytes read and not yet looked at: too much is under way.
    pub unread: Vec<u8>,
    /// Asks under way.
    pub in_flight: u32,
    /// Bytes handed out and not yet written.
    pub unwritten: usize,
    /// Refused frames in a row.
    pub strikes: u8,
    /// When it last said something.
    pub heard: Timestamp,
    /// Whether the host at the other end has signed on.
    pub signed_on: bool,
}

impl Link {
    pub fn new(kind: LinkKind, settings: &Settings, now: Timestamp) -> Link {
        Link {
            deframer: Deframer::new(kind.framing(settings), FRAME_BYTES_MAX),
            kind,
            unread: Vec::new(),
            in_flight: 0,
            unwritten: 0,
            strikes: 0,
            heard: now,
            signed_on: false,
        }
    }

    /// Whether another frame may be looked at.
    pub fn may_proceed(&self, settings: &Settings) -> bool {
        self.in_flight < settings.frames_in_flight_max && self.unwritten <= settings.bytes_unwritten_max / 2
    }
}
