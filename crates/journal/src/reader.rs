//! A journal read from outside: no lock is taken, nothing is written, and a writer may be at work meanwhile.
//!
//! For verifying, dumping and replaying.

use std::path::Path;

use crate::block::{JournalId, Seq};
use crate::disk::{Disk, DiskCause, DiskError, Operation};
use crate::fault::{Fault, ReadError};
use crate::files::Files;
use crate::journal::Head;
use crate::records::Records;
use crate::recovery::{TailCut, follow_from, torn};
use crate::snapshot::{self, Newest, Snapshot, SnapshotReader};
use crate::survey::{Found, Survey, survey};
use crate::walk::End;

/// How often a folder is looked at again that changed while it was looked at.
const LOOKS_MAX: u32 = 4;

/// A journal open for reading.
pub struct Reader<D: Disk> {
    disk: D,
    survey: Box<Survey>,
}

/// What verification found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The journal's name.
    pub id: JournalId,
    /// Segments in use.
    pub segments: usize,
    /// Segments ready for use.
    pub vacant: usize,
    /// Records that check, each linked to the one before.
    pub records: u64,
    /// The oldest record still here, or the next one where there is none.
    pub first: Seq,
    /// The last one.
    pub head: Head,
    /// It was closed in good order.
    pub closed: bool,
    /// A torn write at the end, which the next start will cut. Beside a live writer: the record being written.
    pub torn: Option<TailCut>,
    /// Snapshots that check in all their bytes, oldest first.
    pub snapshots: Vec<Snapshot>,
    /// What is wrong with others.
    pub damaged_snapshots: Vec<Fault>,
}

impl Reader<Files> {
    /// The journal in this folder.
    ///
    /// # Errors
    /// Where there is none, the disk fails, or it does not check.
    pub fn open(folder: &Path) -> Result<Reader<Files>, ReadError> {
        Reader::over(Files::open(folder)?)
    }
}

/// Reads a folder through and checks everything: identity, segments, records, chain, snapshots.
///
/// # Errors
/// The first fault, by file and offset; or where the disk fails.
pub fn verify(folder: &Path) -> Result<Report, ReadError> {
    Reader::open(folder)?.verify()
}

impl<D: Disk> Reader<D> {
    /// The journal on this disk.
    ///
    /// # Errors
    /// As [`Reader::open`].
    pub fn over(disk: D) -> Result<Reader<D>, ReadError> {
        let mut looks = 1;
        loop {
            match survey(&disk) {
                Ok(Found::Journal(survey)) => return Ok(Reader { disk, survey }),
                Ok(Found::Unborn) => {
                    let (operation, cause) = (Operation::Open, DiskCause::Missing);
                    return Err(
                        DiskError { operation, file: crate::survey::IDENTITY.to_owned(), cause }.into()
                    );
                }
                // A writer may have renamed a segment between the list and the look.
                Err(error) if looks == LOOKS_MAX => return Err(error),
                Err(_) => looks += 1,
            }
        }
    }

    /// The journal's name.
    #[must_use]
    pub fn id(&self) -> JournalId {
        self.survey.frame.id
    }

    /// The oldest record still here, or the next one where there is none.
    #[must_use]
    pub fn first(&self) -> Seq {
        self.survey.segments[0].first
    }

    /// The records from `from` on, up to the end as it is when it is reached. A tail that is torn, or being
    /// written, ends them.
    ///
    /// # Errors
    /// [`ReadError::Gone`] where they are no longer kept.
    pub fn records(&self, from: Seq) -> Result<Records<D>, ReadError> {
        match self.survey.holding(from.max(Seq(1))) {
            Some(place) => {
                Records::begin(&self.disk, self.survey.frame, self.survey.segments[place], from, None)
            }
            None => Err(ReadError::Gone { seq: from }),
        }
    }

    /// The newest snapshot that checks in all its bytes and that the records here lead on from.
    ///
    /// # Errors
    /// Where the disk fails, or no snapshot is good and the first record is gone.
    pub fn newest_snapshot(&self) -> Result<Newest, ReadError> {
        snapshot::newest(&self.disk, self.id(), self.first())
    }

    /// Begins reading a snapshot.
    ///
    /// # Errors
    /// Where it is gone or its table does not check.
    pub fn read_snapshot(&self, snapshot: &Snapshot) -> Result<SnapshotReader<D>, ReadError> {
        SnapshotReader::open(&self.disk, snapshot)
    }

    /// Checks everything: every record, the chain over all segments, every byte of every snapshot.
    ///
    /// # Errors
    /// The first fault in the records, by file and offset; or where the disk fails. Damaged snapshots are
    /// reported, for the records may do without them.
    pub fn verify(&self) -> Result<Report, ReadError> {
        let (mut trail, records) = follow_from(&self.disk, &self.survey, 0, 0)?;
        let at = trail.at();
        let (mut closed, mut cut, mut last) = (false, None, trail.segment().index);
        if let Some(ending) = trail.ending {
            closed = ending.end == End::Stopped;
            cut = torn(&mut trail, &ending)?;
            last = ending.segment.index;
        }
        let mut report = Report {
            id: self.id(),
            segments: usize::try_from(last - self.survey.segments[0].index + 1).unwrap_or(usize::MAX),
            vacant: self.survey.vacant.iter().filter(|vacant| vacant.index > last).count(),
            records,
            first: self.first(),
            head: Head { seq: at.seq, hash: at.chain, epoch: at.epoch },
            closed,
            torn: cut,
            snapshots: Vec::new(),
            damaged_snapshots: self.survey.damaged_snapshots.clone(),
        };
        for snapshot in &self.survey.snapshots {
            match snapshot::check(&self.disk, snapshot) {
                Ok(()) => report.snapshots.push(*snapshot),
                Err(ReadError::Damaged(fault)) => report.damaged_snapshots.push(fault),
                Err(ReadError::Disk(DiskError { cause: DiskCause::Missing, .. })) => {}
                Err(other) => return Err(other),
            }
        }
        Ok(report)
    }
}

impl Report {
    /// Nothing is wrong, not even with a snapshot.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.damaged_snapshots.is_empty()
    }
}
