//! Opening a data folder: newest sound snapshot, the records since, every stored answer proven again.
//!
//! Whatever does not check stops the start, by name: a host that guesses is worse than one that is down.

use journal::{Files, Journal, JournalId, OpenError, Options, ReadError, Recovered, Seq, Snapshot};
use machine::Machine;
use machine::policy::Policy;
use shard::{Diverged, Replay};
use std::fmt;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// A journal open for writing, and the machine as it says.
pub struct Recovery {
    /// The journal.
    pub journal: Journal<Files>,
    /// The machine, brought to the journal's end.
    pub machine: Machine,
    /// What was found and done.
    pub recovered: Recovered,
    /// Commands replayed since the snapshot.
    pub replayed: u64,
    /// The folder.
    pub folder: PathBuf,
}

/// Why a data folder cannot be opened.
#[derive(Debug)]
pub enum StartError {
    /// The journal refuses.
    Journal(OpenError),
    /// It cannot be read.
    Read(ReadError),
    /// A snapshot is sound in its bytes and yet not a state.
    Snapshot {
        /// Its file.
        file: String,
        /// Why.
        why: String,
    },
    /// A record comes to another answer than the stored one.
    Diverged {
        /// Which record.
        seq: u64,
        /// Where.
        diverged: Diverged,
    },
    /// The state does not hold together.
    Audit(String),
    /// The folder itself.
    Folder {
        /// Which.
        folder: PathBuf,
        /// Why.
        why: String,
    },
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::Journal(error) => write!(f, "the journal does not open: {error}"),
            StartError::Read(error) => write!(f, "the journal cannot be read: {error}"),
            StartError::Snapshot { file, why } => {
                write!(f, "snapshot {file} is not a state of this host: {why}")
            }
            StartError::Diverged { seq, diverged } => {
                write!(f, "record {seq} does not replay to its stored answers: {diverged}")
            }
            StartError::Audit(why) => write!(f, "the recovered state does not hold together: {why}"),
            StartError::Folder { folder, why } => write!(f, "{}: {why}", folder.display()),
        }
    }
}

impl std::error::Error for StartError {}

/// Opens `folder`, making a journal named `id` where there is none, and brings a machine to its end. A new
/// machine begins under the shipped policy; another one is a command in its journal.
///
/// # Errors
/// Whatever does not check, by name.
pub fn open(folder: &Path, id: JournalId) -> Result<Recovery, StartError> {
    let files = Files::create(folder)
        .map_err(|error| StartError::Folder { folder: folder.to_owned(), why: error.to_string() })?;
    let (journal, recovered) = Journal::open(files, Options::new(id)).map_err(StartError::Journal)?;
    let newest = journal.newest_snapshot().map_err(StartError::Read)?;
    for fault in &newest.damaged {
        tracing::warn!(%fault, "a damaged snapshot is passed over");
    }
    let (machine, from) = match newest.snapshot {
        None => (Machine::new(Policy::DEFAULT), Seq(1)),
        Some(snapshot) => (load(&journal, &snapshot)?, snapshot.seq.next()),
    };
    let mut replay = Replay::from(machine);
    for record in journal.read(from).map_err(StartError::Read)? {
        let record = record.map_err(StartError::Read)?;
        replay
            .record(&record.body)
            .map_err(|diverged| StartError::Diverged { seq: record.seq.0, diverged })?;
    }
    let replayed = replay.commands();
    let machine = replay.into_machine();
    machine.audit().map_err(StartError::Audit)?;
    Ok(Recovery { journal, machine, recovered, replayed, folder: folder.to_owned() })
}

fn load(journal: &Journal<Files>, snapshot: &Snapshot) -> Result<Machine, StartError> {
    let mut reader = Pieces {
        reader: journal.snapshots().read(snapshot).map_err(StartError::Read)?,
        rest: Vec::new(),
        at: 0,
    };
    Machine::read_snapshot(&mut reader)
        .map_err(|error| StartError::Snapshot { file: snapshot.file(), why: error.to_string() })
}

/// A snapshot's pieces as one stream of bytes, each checked before it is handed on.
pub(super) struct Pieces {
    pub(super) reader: journal::SnapshotReader<Files>,
    pub(super) rest: Vec<u8>,
    pub(super) at: usize,
}

impl Read for Pieces {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.at == self.rest.len() {
            self.rest.clear();
            self.at = 0;
            match self.reader.next_piece().map_err(io::Error::other)? {
                None => return Ok(0),
                Some(piece) => self.rest.extend_from_slice(piece),
            }
        }
        let take = out.len().min(self.rest.len() - self.at);
        out[..take].copy_from_slice(&self.rest[self.at..self.at + take]);
        self.at += take;
        Ok(take)
    }
}
