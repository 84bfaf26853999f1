//! Opening: a new journal is made, an existing one is checked, a torn tail is cut; anything else that does not
//! check is refused by name.
//!
//! Nothing is written before everything was read, and nothing that did not check is ever made to check.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::Arc;

use crate::aligned::Aligned;
use crate::block::{BLOCK_BYTES, Seq, genesis, span};
use crate::disk::{Access, Disk, DiskCause, DiskError};
use crate::fault::{Fault, Part, ReadError, Why};
use crate::journal::{Head, Journal, Options, Preparing, put_mark};
use crate::preparation::{PART_SUFFIX, Preparation, Prepared};
use crate::snapshot::{Snapshot, remove_if_there};
use crate::survey::{
    Found, IDENTITY, SEGMENT_BYTES_MAX, SEGMENT_BYTES_MIN, Segment, Survey, identity_block, segment_block,
    segment_files, survey,
};
use crate::trail::{Ending, Trail};
use crate::walk::{End, Frame, Position, segment_name};

/// Why a journal was not opened. Nothing was changed, except that a creation may be half done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpenError {
    /// Another process, or another journal of this one, has it open.
    Busy,
    /// The disk failed.
    Disk(DiskError),
    /// It does not check. Repair is for people: from a copy, or by accepting the loss.
    Damaged(Fault),
    /// A segment length that cannot be: whole blocks between the bounds are asked.
    SegmentBytes {
        /// Bytes asked for.
        found: u64,
    },
}

impl From<DiskError> for OpenError {
    fn from(error: DiskError) -> OpenError {
        match error.cause {
            DiskCause::Busy => OpenError::Busy,
            DiskCause::Full
            | DiskCause::Missing
            | DiskCause::Exists
            | DiskCause::Short
            | DiskCause::Failed(_)
            | DiskCause::Crashed => OpenError::Disk(error),
        }
    }
}

impl From<ReadError> for OpenError {
    fn from(error: ReadError) -> OpenError {
        match error {
            ReadError::Disk(error) => error.into(),
            ReadError::Damaged(fault) => OpenError::Damaged(fault),
            // Only retention makes records go, and the lock is ours: the folder changed under us.
            ReadError::Gone { seq } => OpenError::Damaged(Fault {
                file: String::new(),
                offset: 0,
                seq: Some(seq),
                why: Why::SegmentMissing,
            }),
        }
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OpenError::Busy => f.write_str("the journal is open elsewhere"),
            OpenError::Disk(error) => error.fmt(f),
            OpenError::Damaged(fault) => write!(f, "the journal is damaged and was left as it is: {fault}"),
            OpenError::SegmentBytes { found } => write!(
                f,
                "segments of {found} bytes, where whole blocks of {BLOCK_BYTES} from {SEGMENT_BYTES_MIN} to \
                 {SEGMENT_BYTES_MAX} are possible"
            ),
        }
    }
}

impl std::error::Error for OpenError {}

/// What opening found and did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// There was no journal; there is now.
    pub created: bool,
    /// The last record.
    pub head: Head,
    /// The oldest record still here, or the next one where there is none.
    pub first: Seq,
    /// Records read and checked: those since the newest snapshot, and the rest of its segment.
    pub checked: u64,
    /// It was closed in good order.
    pub closed: bool,
    /// What was cut off.
    pub tail_cut: Option<TailCut>,
    /// Snapshots whose headers check, oldest first.
    pub snapshots: Vec<Snapshot>,
    /// What is wrong with others.
    pub damaged_snapshots: Vec<Fault>,
}

/// The torn end of a journal, overwritten with zeros.
///
/// It was the last block written and nothing proves that its write had ended; so nobody had been told that it
/// was durable - unless the disk damaged, afterwards, the very last record of a journal that was not closed.
/// From what is on the disk these two are the same; a following record, the mark of a close, the next segment or
/// a snapshot tells them apart, and then it is refused as rot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TailCut {
    /// The segment's file.
    pub file: String,
    /// Where it was cut, bytes.
    pub offset: u64,
    /// The record that would have stood there.
    pub seq: Seq,
    /// What of it did not check.
    pub part: Part,
    /// The segment was in use before: where not even a header reads, these may be older bytes, and only the
    /// zeros that go with every record there were torn off.
    pub reused: bool,
}

impl fmt::Display for TailCut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TailCut { file, offset, seq, part, reused } = self;
        write!(f, "cut {file} at offset {offset}: the {part} of record {seq} does not check")?;
        if *reused && *part == Part::Header {
            f.write_str(" (or is left from the segment's earlier use)")?;
        }
        f.write_str("; it had not been acknowledged")
    }
}

impl<D: Disk> Journal<D> {
    /// Opens the journal of this disk, or makes one where there is none.
    ///
    /// Every segment's header is checked, and every record since the newest snapshot: its header, the chain, the
    /// body's checksum. Reading a record checks its hash too; [`crate::Reader::verify`] checks everything.
    ///
    /// # Errors
    /// See [`OpenError`]. Records are refused, never repaired; only a torn tail is cut, and said.
    pub fn open(disk: D, options: Options) -> Result<(Journal<D>, Recovered), OpenError> {
        let found = options.segment_bytes;
        if !found.is_multiple_of(BLOCK_BYTES as u64)
            || !(SEGMENT_BYTES_MIN..=SEGMENT_BYTES_MAX).contains(&found)
        {
            return Err(OpenError::SegmentBytes { found });
        }
        let lock = Arc::new(disk.lock()?);
        let (survey, created) = match survey(&disk)? {
            Found::Journal(survey) => (survey, false),
            Found::Unborn => {
                create(&disk, &options)?;
                match survey(&disk)? {
                    Found::Journal(survey) => (survey, true),
                    Found::Unborn => {
                        let why = Why::IdentityMissing;
                        let fault = Fault { file: IDENTITY.to_owned(), offset: 0, seq: None, why };
                        return Err(OpenError::Damaged(fault));
                    }
                }
            }
        };
        let (mut trail, checked) = follow(&disk, &survey)?;
        let ending = trail.ending.expect("a trail that was followed to its end has one");
        let tail = torn(&mut trail, &ending)?;

        // Everything was read and checks; from here on the disk is written to.
        sweep(&disk)?;
        // What was read may be in memory only: names and a last record that a process left which was ended in the
        // middle of it. Before anyone builds on them they are made durable.
        disk.sync_dir()?;
        let file = disk.open(&segment_name(ending.segment.index), Access::Durable)?;
        if tail.is_some() {
            blank(&disk, &file, survey.frame, ending.at)?;
        }
        disk.sync(&file)?;
        let Survey { frame, mut segments, vacant, snapshots, damaged_snapshots } = *survey;
        segments.truncate(1 + segments.iter().position(|s| *s == ending.segment).unwrap_or(segments.len()));
        let journal = Journal {
            lock,
            frame,
            spent: options.spent,
            segments: segments.into(),
            vacant: vacant.into(),
            retired: VecDeque::new(),
            preparing: Preparing::Nothing,
            file: Some(file),
            at: ending.at,
            continued: ending.end == End::Continued,
            draft: None,
            disk,
        };
        let recovered = Recovered {
            created,
            head: journal.head(),
            first: journal.first(),
            checked,
            closed: ending.end == End::Stopped,
            tail_cut: tail,
            snapshots,
            damaged_snapshots,
        };
        Ok((journal, recovered))
    }
}

/// Makes an empty journal. The identity comes last and makes it one: a crash before leaves nothing that counts.
fn create<D: Disk>(disk: &D, options: &Options) -> Result<(), OpenError> {
    let frame = Frame { id: options.id, segment_bytes: options.segment_bytes };
    for name in segment_files(&disk.list()?).map_err(OpenError::Damaged)?.into_values() {
        disk.remove(&name)?;
    }
    sweep(disk)?;
    disk.sync_dir()?;
    let mut first =
        Preparation::begin(disk, frame.segment_bytes, Some(1), options.spent, &mut VecDeque::new());
    while first.step()? == Prepared::More {}
    let segment = Segment { index: 1, first: Seq(1), chain: genesis(frame.id), epoch: 0, reused: false };
    let file = disk.open(&segment_name(1), Access::Durable)?;
    put_mark(disk, &file, &segment_block(frame, &segment), false)?;

    let part = format!("{IDENTITY}{PART_SUFFIX}");
    let mut block = Aligned::zeroed(BLOCK_BYTES);
    let header = identity_block(frame).encode();
    block.as_mut()[..header.len()].copy_from_slice(&header);
    let file = disk.create(&part, 0)?;
    disk.write_at(&file, 0, block.as_ref())?;
    disk.sync(&file)?;
    disk.rename(&part, IDENTITY)?;
    disk.sync_dir()?;
    Ok(())
}

/// Removes what earlier runs began and did not finish.
fn sweep<D: Disk>(disk: &D) -> Result<(), DiskError> {
    disk.list()?
        .iter()
        .filter(|name| name.ends_with(PART_SUFFIX))
        .try_for_each(|name| remove_if_there(disk, name))
}

/// Reads every record from the newest snapshot's segment on, and holds the snapshots against them.
pub(crate) fn follow<D: Disk>(disk: &D, survey: &Survey) -> Result<(Trail<D>, u64), ReadError> {
    let newest = survey.snapshots.last().map_or(Seq(0), |snapshot| snapshot.seq);
    let start = survey.holding(newest.next()).unwrap_or(0);
    // The host reads the records back next, and their hashes are checked then. Only where the records end, which
    // decides what is cut, nothing less will do.
    let last = survey.segments.last().map_or(0, |segment| segment.index);
    follow_from(disk, survey, start, last)
}

/// Reads every record from one segment on; bodies are hashed from segment `hashed_from` on.
pub(crate) fn follow_from<D: Disk>(
    disk: &D,
    survey: &Survey,
    start: usize,
    hashed_from: u64,
) -> Result<(Trail<D>, u64), ReadError> {
    let anchors: BTreeMap<Seq, &Snapshot> = survey.snapshots.iter().map(|s| (s.seq, s)).collect();
    let held = |at: Position| match anchors.get(&at.seq) {
        Some(snapshot) if snapshot.record != at.chain => {
            Err(Fault { file: snapshot.file(), offset: 0, seq: Some(snapshot.seq), why: Why::SnapshotChain })
        }
        Some(_) | None => Ok(()),
    };
    let mut trail = Trail::begin(disk, survey.frame, survey.segments[start], hashed_from)?;
    held(trail.at())?;
    let mut records = 0;
    while trail.next()?.is_some() {
        records += 1;
        held(trail.at())?;
    }
    let head = trail.at().seq;
    match survey.snapshots.last() {
        Some(snapshot) if snapshot.seq > head => {
            let why = Why::SnapshotAhead { head };
            Err(Fault { file: snapshot.file(), offset: 0, seq: Some(snapshot.seq), why }.into())
        }
        Some(_) | None => Ok((trail, records)),
    }
}

/// Whether the records end in something torn.
pub(crate) fn torn<D: Disk>(trail: &mut Trail<D>, ending: &Ending) -> Result<Option<TailCut>, ReadError> {
    let walk = trail.walk();
    let (part, reused) = match ending.end {
        End::Continued | End::Stopped | End::Stale { .. } => return Ok(None),
        End::Unsound { part } => (part, ending.segment.reused),
        End::Blank => {
            // The first block of a long record may be missing and others be there. Where older bytes follow
            // anyway that cannot be told, and need not be: nothing of it can be taken for a record.
            if ending.segment.reused || walk.is_blank(span(walk.frame.record_bytes_max()) as u64)? {
                return Ok(None);
            }
            (Part::Header, false)
        }
    };
    let file = segment_name(ending.segment.index);
    Ok(Some(TailCut { file, offset: ending.at.offset, seq: ending.at.seq.next(), part, reused }))
}

/// Overwrites with zeros all that a torn record can have reached.
fn blank<D: Disk>(disk: &D, file: &D::File, frame: Frame, at: Position) -> Result<(), DiskError> {
    const STEP: usize = 256 << 10;
    let end = (at.offset + span(frame.record_bytes_max()) as u64).min(frame.segment_bytes);
    let zeros = Aligned::zeroed(STEP);
    let mut offset = at.offset;
    while offset < end {
        let len = usize::try_from(end - offset).unwrap_or(STEP).min(STEP);
        disk.write_durable(file, offset, &zeros.as_ref()[..len])?;
        offset += len as u64;
    }
    Ok(())
}
