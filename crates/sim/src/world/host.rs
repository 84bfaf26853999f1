//! The host as production runs it: shard and journal, on a simulated disk, without threads.
//!
//! Planted bugs live here, on the way between them: never in what is tested.

use super::Plant;
use journal::{AppendError, DiskCause, Hash, Journal, JournalId, MemoryDisk, Options, ReadError, Seq, Spent};
use machine::Machine;
use machine::command::Command;
use machine::outcome::Outcome;
use machine::policy::Policy;
use machine::time::{HOUR_MS, Timestamp};
use shard::{Answered, Replay, Shard};

/// Short segments: a world of an hour fills several.
const SEGMENT_BYTES: u64 = 16 * 4096;

/// Shard and journal of one host. Whoever drives it says when records are made durable.
pub struct Host {
    /// The disk it lives on.
    pub disk: MemoryDisk,
    /// The last record somebody was told about.
    pub acknowledged: u64,
    journal: Option<Journal<MemoryDisk>>,
    shard: Shard<()>,
    plant: Option<Plant>,
    reversals: u32,
}

impl Host {
    /// Recovers what the disk holds; says the last record.
    ///
    /// # Errors
    /// What does not check, in words.
    pub fn start(disk: MemoryDisk, plant: Option<Plant>) -> Result<(Host, u64), String> {
        let id = JournalId(*b"a world's record");
        let options = Options { id, segment_bytes: SEGMENT_BYTES, spent: Spent::Recycled };
        let (journal, recovered) = Journal::open(disk.clone(), options).map_err(|error| error.to_string())?;
        let newest = journal.newest_snapshot().map_err(|error| error.to_string())?;
        let mut from = journal.first();
        let mut machine = super::empty();
        if let Some(snapshot) = newest.snapshot {
            let mut reader = journal.snapshots().read(&snapshot).map_err(|error| error.to_string())?;
            machine = Machine::read_snapshot(&mut reader).map_err(|error| error.to_string())?;
            if machine.digest() != snapshot.digest.0 {
                return Err(format!("{} is read as another state", snapshot.file()));
            }
            from = snapshot.seq.next();
        }
        if plant == Some(Plant::SkipsARecord) && recovered.head.seq > from {
            from = from.next();
        }
        let mut replay = Replay::from(machine);
        let forgets = plant == Some(Plant::ForgetsTheTail) && newest.snapshot.is_some();
        for record in journal.read(from).map_err(|error| error.to_string())? {
            let record = record.map_err(|error| error.to_string())?;
            if !forgets {
                replay.record(&record.body).map_err(|error| format!("record {}: {error}", record.seq))?;
            }
        }
        let mut machine = replay.into_machine();
        if plant == Some(Plant::ForgetsRepeats) {
            machine = forgetful(&machine);
        }
        machine.audit().map_err(|what| format!("after recovery: {what}"))?;
        let head = recovered.head.seq.0;
        let shard = Shard::new(machine);
        Ok((Host { disk, acknowledged: head, journal: Some(journal), shard, plant, reversals: 0 }, head))
    }

    /// The machine, as far as it has applied.
    #[must_use]
    pub fn machine(&self) -> &Machine {
        self.shard.machine()
    }

    /// Takes a command in.
    pub fn submit(&mut self, command: &Command) {
        let mut command = command.clone();
        if let Command::Reverse(reverse) = &mut command {
            self.reversals += 1;
            if self.plant == Some(Plant::DropsReversals) && self.reversals.is_multiple_of(4) {
                command = Command::Sweep;
            } else if self.plant == Some(Plant::GivesBackTooMuch)
                && let Some(remaining) = &mut reverse.remaining
            {
                remaining.minor -= remaining.minor / 2;
            }
        }
        self.shard.submit((), command);
    }

    /// Applies what waits; says how many commands, and the record.
    pub fn batch(&mut self, at: Timestamp) -> Option<(usize, Vec<u8>)> {
        let before = self.shard.waiting();
        let mut body = Vec::new();
        self.shard.batch(at, &mut body).then(|| (before - self.shard.waiting(), body))
    }

    /// Makes a record durable; says which it is.
    ///
    /// # Errors
    /// The disk failed; true if the power went with it.
    pub fn append(&mut self, body: &[u8]) -> Result<u64, bool> {
        let Some(journal) = &mut self.journal else { return Err(true) };
        match journal.append(body) {
            Ok(seq) => Ok(seq.0),
            Err(AppendError::Failed(error)) => Err(error.cause == DiskCause::Crashed),
            Err(_) => Err(true),
        }
    }

    /// The oldest record handed out is durable: its answers may leave.
    pub fn durable(&mut self) {
        self.shard.durable();
    }

    /// The shard is told, and everyone under way learns that nobody knows.
    pub fn failed(&mut self) {
        self.shard.failed();
        while self.shard.next_answer().is_some() {}
    }

    /// The next answer that may leave.
    pub fn next_answer(&mut self) -> Option<Answered<()>> {
        self.shard.next_answer()
    }

    /// One command alone, durable before it is answered.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn ask_at_once(&mut self, command: &Command, at: Timestamp) -> Result<Outcome, String> {
        self.shard.submit((), command.clone());
        let (_, body) = self.batch(at).ok_or("the shard takes nothing just after a start")?;
        self.acknowledged = self.append(&body).map_err(|_| "the disk failed without a plan")?;
        self.shard.durable();
        match self.shard.next_answer() {
            Some(Answered::Outcome { outcome, .. }) => Ok(outcome),
            _ => Err("no answer left".into()),
        }
    }

    /// The next segment is prepared a little.
    pub fn prepare(&mut self) {
        let failed = self.journal.as_mut().is_some_and(|journal| journal.prepare().is_err());
        if failed {
            self.journal = None;
        }
    }

    /// A snapshot of what is durable, and older ones are given up. Says whether it was taken.
    ///
    /// # Errors
    /// If the journal does not check.
    pub fn snapshot(&mut self) -> Result<bool, String> {
        let Some(journal) = &mut self.journal else { return Ok(false) };
        let mut content = Vec::new();
        let machine = self.shard.machine();
        machine.write_snapshot(&mut content).map_err(|error| error.to_string())?;
        let taken = journal
            .put_snapshot(Hash(machine.digest()), &content)
            .and_then(|_| journal.retain(2, Seq(u64::MAX)));
        match taken {
            Ok(()) => Ok(true),
            Err(ReadError::Disk(_)) => {
                self.journal = None;
                Ok(false)
            }
            Err(other) => Err(other.to_string()),
        }
    }

    /// The disk failed under something else than a record.
    #[must_use]
    pub fn is_down(&self) -> bool {
        self.journal.is_none()
    }

    /// The process is gone: nothing of it holds the folder any more.
    pub fn close_down(&mut self) {
        self.journal = None;
    }
}

/// The machine of a host that kept no answers: everything else is as it was.
fn forgetful(machine: &Machine) -> Machine {
    let mut copy = machine.clone();
    let (at, count) = (machine.last_at(), machine.transactions().count());
    let forgets = Policy { remember_ms: HOUR_MS, ..*machine.policy() };
    copy.apply(&Command::SetPolicy(forgets), at);
    // Every command forgets a few.
    for _ in 0..count {
        copy.apply(&Command::Sweep, at);
    }
    copy.apply(&Command::SetPolicy(*machine.policy()), at);
    copy
}
