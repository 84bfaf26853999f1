//! A journal's life on a failing disk, and what must be true of it afterwards.

use journal::{
    AppendError, DiskCause, DiskError, Hash, Journal, JournalId, Lasts, MemoryDisk, OpenError, Options,
    ReadError, Reader, Seq, Spent,
};

pub const SEGMENT_BYTES: u64 = 8 * 4096;

pub fn options(spent: Spent) -> Options {
    Options { id: JournalId(*b"a journal's name"), segment_bytes: SEGMENT_BYTES, spent }
}

/// What the outside was told: the only thing a journal is held to.
#[derive(Clone, Default)]
pub struct Told {
    /// Bodies acknowledged, the first being record 1.
    pub acknowledged: Vec<Vec<u8>>,
    /// Appended without an answer, or with a failure: may be there or not.
    pub open: Option<Vec<u8>>,
    /// The newest snapshot that was acknowledged.
    pub snapshot: Option<(Seq, Vec<u8>)>,
    /// Records given up by retention, at most up to here.
    pub given_up: Seq,
    attempts: u64,
}

/// What ended a life.
#[derive(Debug, PartialEq, Eq)]
pub enum Stop {
    Open(OpenError),
    Append(AppendError),
    Read(ReadError),
    Disk(DiskError),
}

/// A body that says which record and which attempt it is, in many sizes.
pub fn body(seq: u64, attempt: u64) -> Vec<u8> {
    let len = [0, 1, 200, 3_967, 3_968, 3_969, 9_000, 40, 512, 8_064][usize::try_from(seq % 10).unwrap()];
    let mut bytes = format!("record {seq} attempt {attempt} ").into_bytes();
    while bytes.len() < len {
        bytes.push(u8::try_from((bytes.len() as u64 * 31 + seq * 7 + attempt) % 251).unwrap());
    }
    bytes.truncate(len);
    bytes
}

impl Told {
    pub fn append(&mut self, journal: &mut Journal<MemoryDisk>) -> Result<(), AppendError> {
        self.attempts += 1;
        let seq = self.acknowledged.len() as u64 + 1;
        let bytes = body(seq, self.attempts);
        match journal.append(&bytes) {
            Ok(told) => {
                assert_eq!(told, Seq(seq));
                self.acknowledged.push(bytes);
                Ok(())
            }
            // Nothing was written: the answer is a clear no.
            Err(AppendError::Full) => Err(AppendError::Full),
            Err(other) => {
                self.open = Some(bytes);
                Err(other)
            }
        }
    }

    fn snapshot(&mut self, journal: &Journal<MemoryDisk>) -> Result<(), ReadError> {
        let content = body(journal.head().seq.0 * 10 + 6, 0);
        let snapshot = journal.put_snapshot(Hash::of(&content), &content)?;
        self.snapshot = Some((snapshot.seq, content));
        Ok(())
    }

    /// Opens, appends over several segments, takes snapshots, gives up what is old, closes; three times over.
    pub fn live(&mut self, disk: &MemoryDisk, spent: Spent) -> Result<(), Stop> {
        for round in 0..3 {
            let (mut journal, recovered) = Journal::open(disk.clone(), options(spent)).map_err(Stop::Open)?;
            self.recovered(recovered.head.seq);
            for step in 0..14 {
                match self.append(&mut journal) {
                    Ok(()) => {}
                    Err(AppendError::Full) => self.append(&mut journal).map_err(Stop::Append)?,
                    Err(other) => {
                        assert!(journal.is_stopped());
                        assert_eq!(journal.append(b"more"), Err(AppendError::Stopped));
                        return Err(Stop::Append(other));
                    }
                }
                if step % 3 == 1 {
                    step_on(&mut journal)?;
                }
                if step % 5 == 4 {
                    // A snapshot that cannot be written is no reason to stop.
                    match self.snapshot(&journal) {
                        Ok(()) | Err(ReadError::Disk(DiskError { cause: DiskCause::Full, .. })) => {}
                        Err(other) => return Err(Stop::Read(other)),
                    }
                }
                if step % 7 == 6 {
                    self.given_up = self.snapshot.as_ref().map_or(Seq(0), |(seq, _)| *seq);
                    match journal.retain(2, Seq(u64::MAX)) {
                        Ok(()) | Err(ReadError::Disk(DiskError { cause: DiskCause::Full, .. })) => {}
                        Err(other) => return Err(Stop::Read(other)),
                    }
                }
            }
            if round == 1 {
                journal.close().map_err(Stop::Disk)?;
            }
        }
        Ok(())
    }

    /// A record without an answer turned out to be there, or not.
    pub fn recovered(&mut self, head: Seq) {
        if let Some(bytes) = self.open.take()
            && head.0 == self.acknowledged.len() as u64 + 1
        {
            self.acknowledged.push(bytes);
        }
    }

    /// What must hold of the disk after whatever happened; says what does not.
    pub fn examine(&mut self, disk: &MemoryDisk, spent: Spent) -> Result<(), String> {
        let opened = Journal::open(disk.clone(), options(spent));
        let (mut journal, recovered) = opened.map_err(|error| format!("refused: {error}"))?;
        self.recovered(recovered.head.seq);
        self.holds(&journal)?;
        for _ in 0..4 {
            self.append(&mut journal).map_err(|error| format!("not appended: {error}"))?;
            step_on(&mut journal).map_err(|error| format!("not prepared: {error:?}"))?;
        }
        self.holds(&journal)?;
        drop(journal);

        let again = disk.after_crash(Lasts::Nothing);
        let report = Reader::over(again.clone())
            .and_then(|reader| reader.verify())
            .map_err(|error| format!("not verified: {error}"))?;
        if !report.is_sound() || report.torn.is_some() {
            return Err(format!("not sound: {report:?}"));
        }
        let (journal, recovered) =
            Journal::open(again, options(spent)).map_err(|error| format!("refused again: {error}"))?;
        if recovered.tail_cut.is_some() {
            return Err(format!("a tail was cut twice: {recovered:?}"));
        }
        self.holds(&journal)
    }

    fn holds(&self, journal: &Journal<MemoryDisk>) -> Result<(), String> {
        let head = journal.head().seq;
        if head.0 != self.acknowledged.len() as u64 {
            return Err(format!("head is {head}, {} acknowledged", self.acknowledged.len()));
        }
        if journal.first() > self.given_up.next() {
            return Err(format!("begins with {}, given up only to {}", journal.first(), self.given_up));
        }
        let mut due = journal.first();
        for record in journal.read(due).map_err(|error| error.to_string())? {
            let record = record.map_err(|error| error.to_string())?;
            if record.seq != due || record.body != self.acknowledged[usize::try_from(due.0 - 1).unwrap()] {
                return Err(format!("record {due} is not what was acknowledged"));
            }
            due = due.next();
        }
        if due != head.next() {
            return Err(format!("reading ended before {due}"));
        }
        self.holds_snapshot(journal)
    }

    fn holds_snapshot(&self, journal: &Journal<MemoryDisk>) -> Result<(), String> {
        let newest = journal.newest_snapshot().map_err(|error| error.to_string())?;
        let Some((seq, content)) = &self.snapshot else {
            return Ok(());
        };
        let snapshot = newest.snapshot.ok_or("the snapshot is gone")?;
        if !newest.damaged.is_empty() || snapshot.seq < *seq {
            return Err(format!("snapshot {seq} was acknowledged, newest is {newest:?}"));
        }
        let mut reader = journal.snapshots().read(&snapshot).map_err(|error| error.to_string())?;
        let mut read = Vec::new();
        while let Some(piece) = reader.next_piece().map_err(|error| error.to_string())? {
            read.extend_from_slice(piece);
        }
        if snapshot.seq == *seq && read != *content {
            return Err(format!("snapshot {seq} is not what was written"));
        }
        Ok(())
    }
}

/// A few steps of preparation, as a host does between batches.
pub fn step_on(journal: &mut Journal<MemoryDisk>) -> Result<(), Stop> {
    for _ in 0..3 {
        match journal.prepare() {
            Ok(_) | Err(DiskError { cause: DiskCause::Full, .. }) => {}
            Err(error) => return Err(Stop::Disk(error)),
        }
    }
    Ok(())
}
