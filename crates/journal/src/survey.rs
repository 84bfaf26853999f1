//! What a journal's folder holds, before any record is read: its identity, its segments in order, its
//! snapshots; and whether they can belong together.
//!
//! Reads only.

use std::collections::BTreeMap;

use crate::block::{
    BLOCK_BYTES, HEADER_BYTES, Hash, Header, JournalId, Kind, NoHeader, Seq, all_zero, genesis,
};
use crate::disk::{Disk, DiskCause, DiskError};
use crate::fault::{Fault, ReadError, Why};
use crate::snapshot::{self, SNAPSHOT_SUFFIX, Snapshot};
use crate::walk::{Depth, Frame, Position, Walk, Window, segment_name};

pub(crate) const IDENTITY: &str = "journal.identity";
pub(crate) const SEGMENT_SUFFIX: &str = ".segment";

/// Shortest segment, bytes: its header, one block of records, the mark that ends it.
pub const SEGMENT_BYTES_MIN: u64 = 3 * BLOCK_BYTES as u64;
/// Longest segment, bytes.
pub const SEGMENT_BYTES_MAX: u64 = 1 << 36;

/// A segment in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    pub index: u64,
    pub first: Seq,
    pub chain: Hash,
    pub epoch: u32,
    /// The file was in use before: what is not yet written holds older bytes instead of zeros.
    pub reused: bool,
}

impl Segment {
    /// The place of its first record.
    pub(crate) fn start(&self) -> Position {
        Position {
            offset: BLOCK_BYTES as u64,
            seq: Seq(self.first.0 - 1),
            chain: self.chain,
            epoch: self.epoch,
        }
    }
}

/// What the folder holds.
pub(crate) struct Survey {
    pub frame: Frame,
    /// In use, in order, without gaps; at least one.
    pub segments: Vec<Segment>,
    /// Ready for use, following on them.
    pub vacant: Vec<Vacant>,
    /// Whose headers check, oldest first.
    pub snapshots: Vec<Snapshot>,
    /// Whose headers do not.
    pub damaged_snapshots: Vec<Fault>,
}

/// A segment ready for use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Vacant {
    pub index: u64,
    pub reused: bool,
}

/// What the first block of a segment says.
pub(crate) enum Heading {
    Used(Segment),
    /// Nothing of this segment: zeros, or what the file held before.
    Vacant {
        stale: Option<u64>,
        reused: bool,
    },
}

/// What is in the folder as far as creation is concerned.
pub(crate) enum Found {
    /// Nothing, or what a creation left that did not finish.
    Unborn,
    /// A journal.
    Journal(Box<Survey>),
}

/// The segments by their names.
pub(crate) fn segment_files(names: &[String]) -> Result<BTreeMap<u64, String>, Fault> {
    let mut found = BTreeMap::new();
    for name in names {
        let Some(number) = name.strip_suffix(SEGMENT_SUFFIX) else {
            continue;
        };
        match number.parse::<u64>() {
            Ok(index) if index > 0 && segment_name(index) == *name => found.insert(index, name.clone()),
            Ok(_) | Err(_) => {
                return Err(Fault { file: name.clone(), offset: 0, seq: None, why: Why::NameUnknown });
            }
        };
    }
    Ok(found)
}

/// The block that says which journal this is.
pub(crate) fn identity_block(frame: Frame) -> Header {
    Header {
        kind: Kind::Identity,
        id: frame.id,
        segment: 0,
        offset: 0,
        seq: Seq(0),
        epoch: 0,
        length: blocks(frame.segment_bytes),
        chain: genesis(frame.id),
        body_crc: 0,
        body_hash: Hash::NONE,
    }
}

/// The block a segment begins with.
pub(crate) fn segment_block(frame: Frame, segment: &Segment) -> Header {
    Header {
        kind: Kind::Segment,
        id: frame.id,
        segment: segment.index,
        offset: 0,
        seq: segment.first,
        epoch: segment.epoch,
        length: blocks(frame.segment_bytes),
        chain: segment.chain,
        body_crc: u32::from(segment.reused),
        body_hash: Hash::NONE,
    }
}

fn blocks(bytes: u64) -> u32 {
    u32::try_from(bytes / BLOCK_BYTES as u64).expect("segments are bounded when a journal is created")
}

fn read_identity<D: Disk>(disk: &D) -> Result<Option<Frame>, ReadError> {
    let fault = |why| Fault { file: IDENTITY.to_owned(), offset: 0, seq: None, why };
    let mut window = match Window::open(disk, IDENTITY) {
        Ok(window) => window,
        Err(DiskError { cause: DiskCause::Missing, .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    if window.bytes() != BLOCK_BYTES as u64 {
        return Err(fault(Why::IdentityDamaged).into());
    }
    let block = window.read(0, BLOCK_BYTES)?;
    let header = match Header::decode(block) {
        Ok(header) => header,
        Err(NoHeader::Version(found)) => return Err(fault(Why::Version { found }).into()),
        Err(NoHeader::Unreadable) => return Err(fault(Why::IdentityDamaged).into()),
    };
    let segment_bytes = u64::from(header.length) * BLOCK_BYTES as u64;
    let frame = Frame { id: header.id, segment_bytes };
    let sound = (SEGMENT_BYTES_MIN..=SEGMENT_BYTES_MAX).contains(&segment_bytes)
        && header == identity_block(frame)
        && all_zero(&block[HEADER_BYTES..]);
    if sound { Ok(Some(frame)) } else { Err(fault(Why::IdentityDamaged).into()) }
}

/// Reads the first block of a segment.
pub(crate) fn read_heading<D: Disk>(
    window: &mut Window<D>,
    frame: Frame,
    index: u64,
) -> Result<Heading, ReadError> {
    let fault = |why| Fault { file: segment_name(index), offset: 0, seq: None, why };
    let block = window.read(0, BLOCK_BYTES)?;
    let header = match Header::decode(block) {
        Ok(header) => header,
        Err(NoHeader::Version(found)) => return Err(fault(Why::Version { found }).into()),
        Err(NoHeader::Unreadable) => {
            return Ok(Heading::Vacant { stale: None, reused: !all_zero(block) });
        }
    };
    if header.id != frame.id {
        return Err(fault(Why::Foreign).into());
    }
    if header.segment != index {
        return Ok(Heading::Vacant { stale: Some(header.segment), reused: true });
    }
    let segment = Segment {
        index,
        first: header.seq,
        chain: header.chain,
        epoch: header.epoch,
        reused: header.body_crc == 1,
    };
    if header != segment_block(frame, &segment) || header.seq == Seq(0) || !all_zero(&block[HEADER_BYTES..]) {
        return Err(fault(Why::SegmentHeaderDamaged).into());
    }
    Ok(Heading::Used(segment))
}

/// Whether a segment whose header does not read holds records all the same: then the header is rotten. It was
/// durable before the first of them was written.
fn vacant_but_written<D: Disk>(window: Window<D>, frame: Frame, index: u64) -> Result<bool, ReadError> {
    let at = Position { offset: 0, seq: Seq(0), chain: Hash::NONE, epoch: 0 };
    Ok(Walk::begin(window, frame, index, at, Depth::Checksum).later()?.is_some())
}

/// Looks at the folder.
pub(crate) fn survey<D: Disk>(disk: &D) -> Result<Found, ReadError> {
    let names = disk.list()?;
    let files = segment_files(&names)?;
    let Some(frame) = read_identity(disk)? else {
        return unborn(disk, &names, &files);
    };
    let mut segments: Vec<Segment> = Vec::new();
    let mut vacant: Vec<Vacant> = Vec::new();
    let oldest = files.keys().next().copied().unwrap_or(1);
    let fault = |index, why| Fault { file: segment_name(index), offset: 0, seq: None, why };
    for (due, index) in (oldest..).zip(files.keys().copied()) {
        if index != due {
            return Err(fault(due, Why::SegmentMissing).into());
        }
        match heading_of(disk, frame, index)? {
            Heading::Used(segment) => {
                if let Some(blank) = vacant.first() {
                    return Err(fault(blank.index, Why::SegmentHeaderDamaged).into());
                }
                if segments.last().is_some_and(|before| before.first > segment.first) {
                    return Err(fault(index, Why::OutOfOrder { found: segment.first }).into());
                }
                segments.push(segment);
            }
            Heading::Vacant { stale, reused } => {
                if let Some(holds) = stale.filter(|holds| *holds >= oldest) {
                    return Err(fault(index, Why::SegmentMisnamed { holds }).into());
                }
                vacant.push(Vacant { index, reused });
            }
        }
    }
    if segments.is_empty() {
        let why = if files.is_empty() { Why::SegmentMissing } else { Why::SegmentHeaderDamaged };
        return Err(fault(oldest, why).into());
    }
    let (snapshots, damaged_snapshots) = snapshots_of(disk, frame.id, &names)?;
    let survey = Survey { frame, segments, vacant, snapshots, damaged_snapshots };
    survey.reaches_back()?;
    Ok(Found::Journal(Box::new(survey)))
}

/// Reads what a segment's file says of itself; its length first.
pub(crate) fn heading_of<D: Disk>(disk: &D, frame: Frame, index: u64) -> Result<Heading, ReadError> {
    let mut window = Window::open(disk, &segment_name(index))?;
    if window.bytes() != frame.segment_bytes {
        let why = Why::SegmentLength { found: window.bytes(), expected: frame.segment_bytes };
        return Err(Fault { file: segment_name(index), offset: window.bytes(), seq: None, why }.into());
    }
    match read_heading(&mut window, frame, index)? {
        Heading::Used(segment) => Ok(Heading::Used(segment)),
        Heading::Vacant { stale, reused } => {
            window.forget();
            if !vacant_but_written(window, frame, index)? {
                return Ok(Heading::Vacant { stale, reused });
            }
            // Read again: a writer may have begun the segment since.
            let mut window = Window::open(disk, &segment_name(index))?;
            match read_heading(&mut window, frame, index)? {
                Heading::Used(segment) => Ok(Heading::Used(segment)),
                Heading::Vacant { .. } => {
                    let why = Why::SegmentHeaderDamaged;
                    Err(Fault { file: segment_name(index), offset: 0, seq: None, why }.into())
                }
            }
        }
    }
}

/// The identity is written last of all when a journal is created. Without it there is no journal, unless there
/// are records.
fn unborn<D: Disk>(disk: &D, names: &[String], files: &BTreeMap<u64, String>) -> Result<Found, ReadError> {
    let lost = Fault { file: IDENTITY.to_owned(), offset: 0, seq: None, why: Why::IdentityMissing };
    if names.iter().any(|name| name.ends_with(SNAPSHOT_SUFFIX)) {
        return Err(lost.into());
    }
    for (index, name) in files {
        let mut window = Window::open(disk, name)?;
        // Any sound block but the first segment's header is more than a creation writes.
        for offset in (0..window.bytes()).step_by(BLOCK_BYTES) {
            let len = usize::try_from(window.bytes() - offset).unwrap_or(BLOCK_BYTES).min(BLOCK_BYTES);
            match Header::decode(window.read(offset, len)?) {
                Ok(_) if offset > 0 || *index > 1 => return Err(lost.into()),
                Err(NoHeader::Version(_)) => return Err(lost.into()),
                Ok(_) | Err(NoHeader::Unreadable) => {}
            }
        }
    }
    Ok(Found::Unborn)
}

/// The snapshots whose headers check, oldest first, and what is wrong with the others.
pub(crate) fn snapshots_of<D: Disk>(
    disk: &D,
    id: JournalId,
    names: &[String],
) -> Result<(Vec<Snapshot>, Vec<Fault>), DiskError> {
    let mut sound = Vec::new();
    let mut damaged = Vec::new();
    for name in names.iter().filter(|name| name.ends_with(SNAPSHOT_SUFFIX)) {
        match snapshot::read_header(disk, id, name) {
            Ok(snapshot) => sound.push(snapshot),
            Err(ReadError::Damaged(fault)) => damaged.push(fault),
            // Retention takes snapshots away while others read.
            Err(ReadError::Disk(DiskError { cause: DiskCause::Missing, .. }) | ReadError::Gone { .. }) => {}
            Err(ReadError::Disk(error)) => return Err(error),
        }
    }
    sound.sort_by_key(|snapshot: &Snapshot| snapshot.seq);
    Ok((sound, damaged))
}

impl Survey {
    /// A journal that does not begin with its first record needs a snapshot that leads up to what is there.
    fn reaches_back(&self) -> Result<(), Fault> {
        let first = self.segments[0].first;
        let newest = self.snapshots.last().map_or(Seq(0), |snapshot| snapshot.seq);
        if first > newest.next() {
            let why = Why::NothingToStartFrom { first };
            return Err(Fault { file: segment_name(self.segments[0].index), offset: 0, seq: None, why });
        }
        Ok(())
    }

    /// The place among the segments of the one that holds this record, or would hold it next.
    pub(crate) fn holding(&self, seq: Seq) -> Option<usize> {
        self.segments.iter().rposition(|segment| segment.first <= seq)
    }
}
