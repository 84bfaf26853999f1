//! The body of a record: time, commands with their outcomes, and the machine's trail after them.
//!
//! `version u8 | at i64 | entries u32 | (command | outcome)... | trail u64`, little-endian, commands and
//! outcomes in their canonical form. What surrounds a body is the journal's.

use machine::command::Command;
use machine::outcome::Outcome;
use machine::time::Timestamp;
use std::fmt;

/// Version of the form of a body.
pub const RECORD_VERSION: u8 = 1;
/// Bytes of a body beside its entries.
pub(crate) const FRAME_BYTES: usize = 1 + 8 + 4 + 8;

/// Writes a body at the end of a buffer.
pub(crate) struct Writer<'a> {
    body: &'a mut Vec<u8>,
    start: usize,
    entries: u32,
}

impl Writer<'_> {
    pub(crate) fn begin(body: &mut Vec<u8>, at: Timestamp) -> Writer<'_> {
        let start = body.len();
        body.push(RECORD_VERSION);
        body.extend_from_slice(&at.0.to_le_bytes());
        body.extend_from_slice(&[0; 4]);
        Writer { body, start, entries: 0 }
    }

    pub(crate) fn entry(&mut self, command: &Command, outcome: &Outcome) {
        command.encode(self.body);
        outcome.encode(self.body);
        self.entries += 1;
    }

    /// Ends the body; one without entries is taken back. Says whether there is one.
    pub(crate) fn end(self, trail: u64) -> bool {
        if self.entries == 0 {
            self.body.truncate(self.start);
            return false;
        }
        self.body[self.start + 9..self.start + 13].copy_from_slice(&self.entries.to_le_bytes());
        self.body.extend_from_slice(&trail.to_le_bytes());
        true
    }
}

/// A command with what came of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// What was asked.
    pub command: Command,
    /// What came of it.
    pub outcome: Outcome,
}

/// A body, read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Record {
    /// When its commands were applied.
    pub at: Timestamp,
    /// Its commands, in order.
    pub entries: Vec<Entry>,
    /// The machine's trail after them.
    pub trail: u64,
}

/// Why a body cannot be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Malformed {
    /// Which entry; the number of entries where the trail is meant.
    pub entry: u32,
    /// Byte within the body.
    pub offset: usize,
    /// What is wrong.
    pub why: &'static str,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "entry {} at byte {}: {}", self.entry, self.offset, self.why)
    }
}

impl std::error::Error for Malformed {}

impl Record {
    /// Reads a body.
    ///
    /// # Errors
    /// Where and why it is not one.
    pub fn decode(body: &[u8]) -> Result<Record, Malformed> {
        let mut rest = body;
        let mut entries = Vec::new();
        let malformed =
            |entry: u32, rest: &[u8], why| Malformed { entry, offset: body.len() - rest.len(), why };
        let [version, at @ ..] =
            take::<9>(&mut rest).ok_or_else(|| malformed(0, body, "ends before its time"))?;
        if version != RECORD_VERSION {
            return Err(malformed(0, body, "is of another version"));
        }
        let count = take::<4>(&mut rest).ok_or_else(|| malformed(0, rest, "ends before its count"))?;
        let count = u32::from_le_bytes(count);
        for entry in 0..count {
            let command =
                Command::decode(&mut rest).map_err(|_| malformed(entry, rest, "is not a command"))?;
            let outcome =
                Outcome::decode(&mut rest).map_err(|_| malformed(entry, rest, "is not an outcome"))?;
            entries.push(Entry { command, outcome });
        }
        let trail = take::<8>(&mut rest).ok_or_else(|| malformed(count, rest, "ends before its trail"))?;
        if !rest.is_empty() {
            return Err(malformed(count, rest, "goes on behind its end"));
        }
        Ok(Record { at: Timestamp(i64::from_le_bytes(at)), entries, trail: u64::from_le_bytes(trail) })
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (front, back) = rest.split_first_chunk::<N>()?;
    *rest = back;
    Some(*front)
}
