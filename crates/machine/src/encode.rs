//! Commands and outcomes as canonical bytes, as they stand in the journal.
//!
//! Form: borsh (fixed little-endian integers, one byte per variant). What the bytes are kept in is the
//! journal's business.

use crate::command::{COMMAND_BYTES_MAX, Command};
use crate::outcome::Outcome;
use borsh::{BorshDeserialize, BorshSerialize};
use std::io;

/// Longest canonical form of an outcome, bytes.
pub const OUTCOME_BYTES_MAX: usize = 256;

impl Command {
    /// Appends the canonical bytes.
    ///
    /// # Panics
    /// If they are longer than `COMMAND_BYTES_MAX`: names are bounded by the edges that take them.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let before = out.len();
        self.serialize(out).expect("a vector takes every byte");
        assert!(out.len() - before <= COMMAND_BYTES_MAX, "a command is longer than its bound");
    }

    /// Takes a command off the front of `bytes`.
    ///
    /// # Errors
    /// If they are not one, or one longer than `COMMAND_BYTES_MAX`: commands under keys within commands under
    /// keys cannot go on for ever.
    pub fn decode(bytes: &mut &[u8]) -> io::Result<Command> {
        let mut front = &bytes[..bytes.len().min(COMMAND_BYTES_MAX)];
        let before = front.len();
        let command = Command::deserialize(&mut front)?;
        *bytes = &bytes[before - front.len()..];
        Ok(command)
    }
}

impl Outcome {
    /// Appends the canonical bytes.
    ///
    /// # Panics
    /// If they are longer than `OUTCOME_BYTES_MAX`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let before = out.len();
        self.serialize(out).expect("a vector takes every byte");
        assert!(out.len() - before <= OUTCOME_BYTES_MAX, "an outcome is longer than its bound");
    }

    /// Takes an outcome off the front of `bytes`.
    ///
    /// # Errors
    /// If they are not one.
    pub fn decode(bytes: &mut &[u8]) -> io::Result<Outcome> {
        Outcome::deserialize(bytes)
    }
}
