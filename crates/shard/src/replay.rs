//! Replay: the machine brought to where the journal says it was, every stored outcome and trail proven.
//!
//! What a record's bytes are kept in, and how far a snapshot goes, is known by whoever feeds it.

use crate::record::{Malformed, Record};
use machine::Machine;
use std::fmt;

/// Where replay and journal part.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Diverged {
    /// The body cannot be read.
    Malformed(Malformed),
    /// A command came to another outcome than the stored one.
    Outcome {
        /// Which entry of the record.
        entry: usize,
    },
    /// All outcomes are the same and yet the machine is not.
    Trail,
}

impl fmt::Display for Diverged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Diverged::Malformed(malformed) => malformed.fmt(f),
            Diverged::Outcome { entry } => {
                write!(f, "entry {entry} comes to another outcome than the stored one")
            }
            Diverged::Trail => f.write_str("the machine's trail is another than the stored one"),
        }
    }
}

impl std::error::Error for Diverged {}

/// A machine being brought forward, record by record.
pub struct Replay {
    machine: Machine,
    commands: u64,
}

impl Replay {
    /// From a machine as a snapshot, or nothing, left it.
    #[must_use]
    pub fn from(machine: Machine) -> Replay {
        Replay { machine, commands: 0 }
    }

    /// Applies one record's commands and proves that everything comes out as it did.
    ///
    /// # Errors
    /// Where it does not. The machine is then of no use.
    pub fn record(&mut self, body: &[u8]) -> Result<Record, Diverged> {
        let record = Record::decode(body).map_err(Diverged::Malformed)?;
        for (entry, stored) in record.entries.iter().enumerate() {
            if self.machine.apply(&stored.command, record.at) != stored.outcome {
                return Err(Diverged::Outcome { entry });
            }
        }
        if self.machine.trail() != record.trail {
            return Err(Diverged::Trail);
        }
        self.commands += record.entries.len() as u64;
        Ok(record)
    }

    /// Commands applied so far.
    #[must_use]
    pub fn commands(&self) -> u64 {
        self.commands
    }

    /// The machine so far.
    #[must_use]
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// The machine, brought forward.
    #[must_use]
    pub fn into_machine(self) -> Machine {
        self.machine
    }
}
