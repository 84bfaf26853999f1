//! The journal as its one writer holds it: records appended, segments begun, snapshots beside it.
//!
//! A value without threads or clock. What a record means is not known here; whether it is durable is.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use crate::aligned::Aligned;
use crate::block::{BLOCK_BYTES, HEADER_BYTES, Hash, Header, JournalId, Kind, Seq, span};
use crate::disk::{Access, Disk, DiskCause, DiskError};
use crate::draft::Draft;
use crate::fault::ReadError;
use crate::preparation::{Preparation, Prepared, Spent};
use crate::records::Records;
use crate::snapshot::{self, Newest, Snapshot, Snapshots};
use crate::survey::{Segment, Vacant, segment_block};
use crate::walk::{Frame, Position, segment_name};

/// How a journal is made and kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// The journal's name if it is created now: random bytes. An existing one keeps its own.
    pub id: JournalId,
    /// Length of a segment if the journal is created now: whole blocks, from
    /// [`SEGMENT_BYTES_MIN`](crate::SEGMENT_BYTES_MIN) to [`SEGMENT_BYTES_MAX`](crate::SEGMENT_BYTES_MAX).
    pub segment_bytes: u64,
    /// What becomes of segments no longer needed.
    pub spent: Spent,
}

impl Options {
    /// Length of a segment unless told otherwise: 64 MiB.
    pub const SEGMENT_BYTES: u64 = 64 << 20;

    /// The defaults, under this name.
    #[must_use]
    pub fn new(id: JournalId) -> Options {
        Options { id, segment_bytes: Options::SEGMENT_BYTES, spent: Spent::Recycled }
    }
}

/// The last durable record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Its place; 0 where there is none yet.
    pub seq: Seq,
    /// Its hash; of an empty journal [`genesis`](crate::genesis).
    pub hash: Hash,
    /// The epoch in force after it.
    pub epoch: u32,
}

/// Why a record was not appended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AppendError {
    /// Longer than a record may be. Nothing was written; the journal goes on.
    TooLong {
        /// Bytes of the body.
        found: usize,
        /// Bytes allowed.
        max: usize,
    },
    /// No space for another segment. Nothing was written; reading goes on, and so does appending once there is
    /// space.
    Full,
    /// The next segment is still being prepared by whoever took the [`Preparation`]. Nothing was written.
    Unprepared,
    /// The disk failed. Whether the record lasted is for the next start to find out; the journal is stopped.
    Failed(DiskError),
    /// It failed before.
    Stopped,
}

impl fmt::Display for AppendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AppendError::TooLong { found, max } => {
                write!(f, "a record of {found} bytes, where {max} are allowed")
            }
            AppendError::Full => f.write_str("no space left for the journal's next segment"),
            AppendError::Unprepared => f.write_str("the journal's next segment is still being prepared"),
            AppendError::Failed(error) => write!(f, "the journal failed and is stopped: {error}"),
            AppendError::Stopped => f.write_str("the journal is stopped since its disk failed"),
        }
    }
}

impl std::error::Error for AppendError {}

/// The epoch asked for is lower than the one in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochPassed {
    /// The epoch in force.
    pub current: u32,
}

impl fmt::Display for EpochPassed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "epoch {} is already in force", self.current)
    }
}

impl std::error::Error for EpochPassed {}

/// A journal open for appending. Made by [`Journal::open`].
pub struct Journal<D: Disk> {
    pub(crate) disk: D,
    pub(crate) lock: Arc<D::Lock>,
    pub(crate) frame: Frame,
    pub(crate) spent: Spent,
    /// In use, oldest first; the last is written to. Never empty.
    pub(crate) segments: VecDeque<Segment>,
    /// Ready for use, following on them.
    pub(crate) vacant: VecDeque<Vacant>,
    /// Given up but still there, oldest first, all before `segments`.
    pub(crate) retired: VecDeque<u64>,
    pub(crate) preparing: Preparing<D>,
    /// The segment written to; gone for good after a failure.
    pub(crate) file: Option<D::File>,
    pub(crate) at: Position,
    /// The segment written to is ended; the next has no header yet.
    pub(crate) continued: bool,
    pub(crate) draft: Option<Draft>,
}

pub(crate) enum Preparing<D: Disk> {
    Nothing,
    Here(Preparation<D>),
    Elsewhere,
}

impl<D: Disk> Journal<D> {
    /// The journal's name.
    #[must_use]
    pub fn id(&self) -> JournalId {
        self.frame.id
    }

    /// The last durable record.
    #[must_use]
    pub fn head(&self) -> Head {
        Head { seq: self.at.seq, hash: self.at.chain, epoch: self.at.epoch }
    }

    /// The oldest record still here, or the next one where there is none.
    #[must_use]
    pub fn first(&self) -> Seq {
        self.segments[0].first
    }

    /// The longest body a record of this journal may have, bytes.
    #[must_use]
    pub fn record_bytes_max(&self) -> usize {
        self.frame.record_bytes_max()
    }

    /// Whether a failure has stopped it for good.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.file.is_none()
    }

    /// Puts a higher epoch in force, from the next record on.
    ///
    /// # Errors
    /// Where it is lower than the one in force.
    pub fn set_epoch(&mut self, epoch: u32) -> Result<(), EpochPassed> {
        if epoch < self.at.epoch {
            return Err(EpochPassed { current: self.at.epoch });
        }
        self.at.epoch = epoch;
        Ok(())
    }

    /// Appends one record; durable when this returns. One write of whole blocks, except where a segment ends.
    ///
    /// # Errors
    /// See [`AppendError`].
    pub fn append(&mut self, body: &[u8]) -> Result<Seq, AppendError> {
        self.admit(body.len())?;
        let mut draft = self.draft.take().unwrap_or_default();
        draft.clear();
        draft.extend(body);
        let appended = self.append_draft(&mut draft);
        self.draft = Some(draft);
        appended
    }

    /// Appends a record that was drafted, and maybe sealed, elsewhere; durable when this returns.
    ///
    /// # Errors
    /// See [`AppendError`]; the draft is as it was.
    pub fn append_draft(&mut self, draft: &mut Draft) -> Result<Seq, AppendError> {
        let length = draft.body().len();
        self.admit(length)?;
        let blocks = span(length) as u64;
        if self.continued || self.at.offset + blocks + BLOCK_BYTES as u64 > self.frame.segment_bytes {
            self.turn()?;
        }
        let seal = draft.sealed();
        let seq = self.at.seq.next();
        let header = Header {
            length: u32::try_from(length).expect("admitted bodies are far shorter than 4 GiB"),
            body_crc: seal.crc,
            body_hash: seal.hash,
            ..self.mark(Kind::Record)
        };
        // There is always room for the zeros: the segment's last block is kept for the mark that ends it.
        let (blocks, hash) = draft.headed(&header, self.current().reused);
        let written = match &self.file {
            Some(file) => self.disk.write_durable(file, self.at.offset, blocks),
            None => return Err(AppendError::Stopped),
        };
        if let Err(error) = written {
            return Err(self.stop(error));
        }
        self.at.offset += span(length) as u64;
        (self.at.seq, self.at.chain) = (seq, hash);
        Ok(seq)
    }

    fn admit(&self, found: usize) -> Result<(), AppendError> {
        let max = self.record_bytes_max();
        if self.is_stopped() {
            return Err(AppendError::Stopped);
        }
        if found > max {
            return Err(AppendError::TooLong { found, max });
        }
        Ok(())
    }

    /// The header of a block without a body at the current place.
    fn mark(&self, kind: Kind) -> Header {
        Header {
            kind,
            id: self.frame.id,
            segment: self.current().index,
            offset: self.at.offset,
            seq: self.at.seq.next(),
            epoch: self.at.epoch,
            length: 0,
            chain: self.at.chain,
            body_crc: 0,
            body_hash: Hash::NONE,
        }
    }

    fn current(&self) -> &Segment {
        self.segments.back().expect("a journal always has a segment it writes to")
    }

    /// Never again is the file written to: what stands in it is for recovery to find out.
    fn stop(&mut self, error: DiskError) -> AppendError {
        self.file = None;
        AppendError::Failed(error)
    }

    /// Ends the current segment and begins the next.
    fn turn(&mut self) -> Result<(), AppendError> {
        let vacant = self.have_vacant()?;
        // Nothing above this line writes to the journal; what is below either is durable or stops it.
        if !self.continued {
            self.put_mark(Kind::Continued).map_err(|error| self.stop(error))?;
            self.continued = true;
        }
        let segment = Segment {
            index: vacant.index,
            first: self.at.seq.next(),
            chain: self.at.chain,
            epoch: self.at.epoch,
            reused: vacant.reused,
        };
        let file = self.begin_segment(&segment).map_err(|error| self.stop(error))?;
        self.file = Some(file);
        self.vacant.pop_front();
        self.segments.push_back(segment);
        self.at = segment.start();
        self.continued = false;
        Ok(())
    }

    /// The mark that the next segment goes on is only written when there is one.
    fn have_vacant(&mut self) -> Result<Vacant, AppendError> {
        loop {
            if let Some(vacant) = self.vacant.front() {
                return Ok(*vacant);
            }
            if matches!(self.preparing, Preparing::Elsewhere) {
                return Err(AppendError::Unprepared);
            }
            match self.prepare() {
                Ok(_) => {}
                Err(error) if error.cause == DiskCause::Full => return Err(AppendError::Full),
                Err(error) => return Err(self.stop(error)),
            }
        }
    }

    fn put_mark(&mut self, kind: Kind) -> Result<(), DiskError> {
        let room = self.at.offset + 2 * BLOCK_BYTES as u64 <= self.frame.segment_bytes;
        match &self.file {
            Some(file) => put_mark(&self.disk, file, &self.mark(kind), room && self.current().reused),
            None => Ok(()),
        }
    }

    fn begin_segment(&self, segment: &Segment) -> Result<D::File, DiskError> {
        let file = self.disk.open(&segment_name(segment.index), Access::Durable)?;
        put_mark(&self.disk, &file, &segment_block(self.frame, segment), segment.reused)?;
        Ok(file)
    }

    /// Closes it in good order: a mark after the last record proves that record whole, so that later damage to
    /// it is told from a torn write. A stopped journal is only dropped.
    ///
    /// # Errors
    /// Where the mark could not be written; nothing is lost.
    pub fn close(mut self) -> Result<(), DiskError> {
        if self.continued { Ok(()) } else { self.put_mark(Kind::Stopped) }
    }

    /// One step towards having the next segment ready and spent ones cleared away; cheap where all is. A host
    /// calls it whenever it has a moment; appending does all that is missing itself, which then takes its time.
    ///
    /// # Errors
    /// [`DiskCause::Full`] leaves the journal as it is. Any other failure stops it.
    pub fn prepare(&mut self) -> Result<Prepared, DiskError> {
        let Some(mut preparation) = self.take_preparation() else {
            let more = matches!(self.preparing, Preparing::Elsewhere);
            return Ok(if more { Prepared::More } else { Prepared::Ready });
        };
        let stepped = preparation.step();
        self.give_preparation(preparation);
        stepped
    }

    /// The preparation that is due, for another thread to step; it must come back by
    /// [`Journal::give_preparation`]. `None` where nothing is due or it is out already.
    pub fn take_preparation(&mut self) -> Option<Preparation<D>> {
        match std::mem::replace(&mut self.preparing, Preparing::Elsewhere) {
            Preparing::Elsewhere => None,
            Preparing::Here(preparation) => Some(preparation),
            Preparing::Nothing => {
                let target = self.vacant.is_empty().then(|| self.current().index + 1);
                let bytes = self.frame.segment_bytes;
                let begun = Preparation::begin(&self.disk, bytes, target, self.spent, &mut self.retired);
                if self.is_stopped() || begun.is_ready() {
                    self.preparing = Preparing::Nothing;
                    return None;
                }
                Some(begun)
            }
        }
    }

    /// Takes a preparation back, finished or not. One whose disk failed stops the journal.
    pub fn give_preparation(&mut self, preparation: Preparation<D>) {
        if preparation.failure().is_some() {
            self.file = None;
        }
        self.preparing = if preparation.is_ready() {
            self.vacant.extend(preparation.made());
            Preparing::Nothing
        } else {
            Preparing::Here(preparation)
        };
    }

    /// The records from `from` on to the current head, while appending goes on; usable on any thread.
    ///
    /// # Errors
    /// [`ReadError::Gone`] where they are no longer kept.
    pub fn read(&self, from: Seq) -> Result<Records<D>, ReadError> {
        match self.segments.iter().rfind(|segment| segment.first <= from.max(Seq(1))) {
            Some(segment) => Records::begin(&self.disk, self.frame, *segment, from, Some(self.at.seq)),
            None => Err(ReadError::Gone { seq: from }),
        }
    }

    /// The snapshots beside this journal, for use on any thread.
    #[must_use]
    pub fn snapshots(&self) -> Snapshots<D> {
        Snapshots { disk: self.disk.clone(), id: self.frame.id, lock: Arc::clone(&self.lock) }
    }

    /// The newest snapshot that checks in all its bytes and that the records here lead on from.
    ///
    /// # Errors
    /// Where the disk fails, or no snapshot is good and the first record is gone.
    pub fn newest_snapshot(&self) -> Result<Newest, ReadError> {
        snapshot::newest(&self.disk, self.frame.id, self.first())
    }

    /// Writes a whole snapshot of the state after the current head. Large ones are better written on another
    /// thread through [`Journal::snapshots`].
    ///
    /// # Errors
    /// Where the disk fails; the journal itself goes on.
    pub fn put_snapshot(&self, digest: Hash, content: &[u8]) -> Result<Snapshot, ReadError> {
        let mut writer = self.snapshots().begin(&self.head(), digest)?;
        writer.write(content)?;
        writer.finish()
    }

    /// Keeps the newest snapshots and gives up the records before the oldest of them, but none from `from` on.
    /// The files are cleared away by the next [`Journal::prepare`].
    ///
    /// # Errors
    /// Where the disk fails, or the oldest snapshot to keep does not check: then nothing was given up.
    pub fn retain(&mut self, snapshots: usize, from: Seq) -> Result<(), ReadError> {
        if let Some(oldest) = self.snapshots().retain(snapshots)? {
            self.retire(&oldest, from);
        }
        Ok(())
    }

    /// Gives up the segments that end before this snapshot's record and before `from`, given the oldest
    /// snapshot kept by [`Snapshots::retain`]. Touches no disk.
    pub fn retire(&mut self, oldest: &Snapshot, from: Seq) {
        let floor = oldest.seq.min(self.at.seq).next().min(from);
        while let Some(second) = self.segments.get(1)
            && second.first <= floor
        {
            self.retired.extend(self.segments.pop_front().map(|segment| segment.index));
        }
    }
}

/// Writes one block that is only a header, and where the file was in use before a block of zeros behind it, so
/// that what is met there later is known to be neither.
pub(crate) fn put_mark<D: Disk>(
    disk: &D,
    file: &D::File,
    header: &Header,
    zeros: bool,
) -> Result<(), DiskError> {
    let mut blocks = Aligned::zeroed(BLOCK_BYTES * if zeros { 2 } else { 1 });
    blocks.as_mut()[..HEADER_BYTES].copy_from_slice(&header.encode());
    disk.write_durable(file, header.offset, blocks.as_ref())
}
