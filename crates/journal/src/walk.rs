//! Reading one segment record by record, every byte checked.
//!
//! Reads only. What an end of the records means (a clean end, a torn write, rot) is decided by those who walk:
//! this says what stands there and whether anything sound follows.

use std::ops::Range;

use crate::block::{BLOCK_BYTES, HEADER_BYTES, Hash, Header, JournalId, Kind, NoHeader, Seq, all_zero, span};
use crate::disk::{Access, Disk, DiskError};
use crate::draft::RECORD_BYTES_MAX;
use crate::fault::{Fault, Part, ReadError, Why};

/// Bytes read from the disk at once.
const WINDOW_BYTES: usize = 256 << 10;
/// Bytes the disk is told of before they are read.
const AHEAD_BYTES: u64 = 2 << 20;

/// What all segments of one journal share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub id: JournalId,
    pub segment_bytes: u64,
}

impl Frame {
    /// The longest body that fits a segment: one block heads it, one is kept for the mark that ends it.
    pub(crate) fn record_bytes_max(&self) -> usize {
        let room = usize::try_from(self.segment_bytes).unwrap_or(usize::MAX) - 2 * BLOCK_BYTES - HEADER_BYTES;
        room.min(RECORD_BYTES_MAX)
    }
}

/// Between two records: all that decides which block may come next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    /// Where the next block stands.
    pub offset: u64,
    /// The last record before.
    pub seq: Seq,
    /// Its hash.
    pub chain: Hash,
    /// Its epoch.
    pub epoch: u32,
}

/// The name of a segment's file.
pub(crate) fn segment_name(index: u64) -> String {
    format!("{index:010}.segment")
}

/// A file read through a buffer.
pub(crate) struct Window<D: Disk> {
    disk: D,
    file: D::File,
    bytes: u64,
    start: u64,
    buffer: Vec<u8>,
}

impl<D: Disk> Window<D> {
    pub(crate) fn open(disk: &D, name: &str) -> Result<Window<D>, DiskError> {
        let file = disk.open(name, Access::Read)?;
        let bytes = disk.bytes(&file)?;
        Ok(Window { disk: disk.clone(), file, bytes, start: 0, buffer: Vec::new() })
    }

    /// Length of the file when it was opened.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Forgets what was read, so that it is read anew.
    pub(crate) fn forget(&mut self) {
        self.buffer.clear();
    }

    /// Makes sure `len` bytes at `offset` are held. The caller stays within the file's length.
    fn load(&mut self, offset: u64, len: usize) -> Result<(), DiskError> {
        let end = self.start + self.buffer.len() as u64;
        if offset >= self.start && offset + len as u64 <= end {
            return Ok(());
        }
        let left = usize::try_from(self.bytes.saturating_sub(offset)).unwrap_or(usize::MAX);
        self.start = offset;
        self.buffer.resize(left.min(WINDOW_BYTES.max(len)), 0);
        self.disk.expect_read(&self.file, offset + self.buffer.len() as u64, AHEAD_BYTES);
        let read = self.disk.read_at(&self.file, offset, &mut self.buffer);
        if read.is_err() {
            self.buffer.clear();
        }
        read
    }

    pub(crate) fn read(&mut self, offset: u64, len: usize) -> Result<&[u8], DiskError> {
        self.load(offset, len)?;
        Ok(self.held(offset, len))
    }

    fn held(&self, offset: u64, len: usize) -> &[u8] {
        let from = usize::try_from(offset - self.start).expect("a window is shorter than memory");
        &self.buffer[from..from + len]
    }
}

/// What stands where the next block is due.
pub(crate) enum Step {
    /// A record, its body at this range of the file, now passed.
    Record { header: Header, hash: Hash, body: Range<u64> },
    /// No record.
    End(End),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The next segment goes on.
    Continued,
    /// Closed in good order.
    Stopped,
    /// Zeros.
    Blank,
    /// What the file held before it was put to new use: a sound block of this other segment.
    Stale { segment: u64 },
    /// A block that does not check.
    Unsound { part: Part },
}

/// A walk over one segment.
pub(crate) struct Walk<D: Disk> {
    pub(crate) frame: Frame,
    index: u64,
    pub(crate) window: Window<D>,
    pub(crate) at: Position,
    depth: Depth,
}

/// How closely bodies are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Depth {
    /// CRC32C: finds what disks do.
    Checksum,
    /// BLAKE3 as well: finds what people do.
    Hash,
}

impl<D: Disk> Walk<D> {
    /// Begins at `at`, which is usually behind the segment's header.
    pub(crate) fn begin(window: Window<D>, frame: Frame, index: u64, at: Position, depth: Depth) -> Walk<D> {
        Walk { frame, index, window, at, depth }
    }

    /// A fault at the current place.
    pub(crate) fn fault(&self, why: Why) -> Fault {
        Fault { file: segment_name(self.index), offset: self.at.offset, seq: Some(self.at.seq.next()), why }
    }

    /// Looks at the next block; a sound record is passed, anything else stays where it is.
    pub(crate) fn step(&mut self) -> Result<Step, ReadError> {
        let at = self.at;
        if at.offset + BLOCK_BYTES as u64 > self.frame.segment_bytes {
            return Ok(Step::End(End::Unsound { part: Part::Header }));
        }
        let block = self.window.read(at.offset, BLOCK_BYTES)?;
        let header = match Header::decode(block) {
            Ok(header) => header,
            Err(NoHeader::Version(found)) => return Err(self.fault(Why::Version { found }).into()),
            Err(NoHeader::Unreadable) if all_zero(block) => return Ok(Step::End(End::Blank)),
            Err(NoHeader::Unreadable) => return Ok(Step::End(End::Unsound { part: Part::Header })),
        };
        let padded = all_zero(&block[HEADER_BYTES..]);
        if header.id != self.frame.id {
            return Err(self.fault(Why::Foreign).into());
        }
        if header.segment != self.index {
            return Ok(Step::End(End::Stale { segment: header.segment }));
        }
        if let Some(why) = self.misfit(&header) {
            return Err(self.fault(why).into());
        }
        match header.kind {
            Kind::Record => self.record(header),
            Kind::Continued | Kind::Stopped if !padded => Ok(Step::End(End::Unsound { part: Part::Padding })),
            Kind::Continued => Ok(Step::End(End::Continued)),
            Kind::Stopped => Ok(Step::End(End::Stopped)),
            Kind::Segment | Kind::Identity => {
                Err(self.fault(Why::Misplaced { written_for: header.offset }).into())
            }
        }
    }

    /// Why a sound header of this segment cannot stand here. None of it can come from a torn write.
    fn misfit(&self, header: &Header) -> Option<Why> {
        let at = &self.at;
        let room = self.frame.segment_bytes - BLOCK_BYTES as u64 - at.offset;
        let length = header.length as usize;
        if header.offset != at.offset {
            Some(Why::Misplaced { written_for: header.offset })
        } else if header.seq != at.seq.next() {
            Some(Why::OutOfOrder { found: header.seq })
        } else if header.chain != at.chain {
            Some(Why::ChainBroken)
        } else if header.epoch < at.epoch {
            Some(Why::EpochBack { found: header.epoch })
        } else if header.kind == Kind::Record
            && (length > self.frame.record_bytes_max() || span(length) as u64 > room)
        {
            Some(Why::LengthImpossible { found: u64::from(header.length) })
        } else {
            None
        }
    }

    fn record(&mut self, header: Header) -> Result<Step, ReadError> {
        let at = self.at;
        let length = header.length as usize;
        let bytes = self.window.read(at.offset, span(length))?;
        let (body, padding) = bytes[HEADER_BYTES..].split_at(length);
        let sound = crc32c::crc32c(body) == header.body_crc
            && (self.depth == Depth::Checksum || Hash::of(body) == header.body_hash);
        if !sound {
            return Ok(Step::End(End::Unsound { part: Part::Body }));
        }
        if !all_zero(padding) {
            return Ok(Step::End(End::Unsound { part: Part::Padding }));
        }
        let hash = Hash::of(&bytes[..HEADER_BYTES]);
        let start = at.offset + HEADER_BYTES as u64;
        self.at = Position {
            offset: at.offset + span(length) as u64,
            seq: header.seq,
            chain: hash,
            epoch: header.epoch,
        };
        Ok(Step::Record { header, hash, body: start..start + length as u64 })
    }

    /// The body of the record just passed.
    pub(crate) fn body(&mut self, range: &Range<u64>) -> Result<&[u8], DiskError> {
        let len = usize::try_from(range.end - range.start).expect("a body is shorter than memory");
        self.window.read(range.start, len)
    }

    /// The first sound block of this segment after the current place. With one write at a time in flight it
    /// proves that whatever stands here was acknowledged.
    pub(crate) fn later(&mut self) -> Result<Option<Seq>, DiskError> {
        let mut offset = self.at.offset + BLOCK_BYTES as u64;
        while offset + BLOCK_BYTES as u64 <= self.frame.segment_bytes {
            let header = Header::decode(self.window.read(offset, BLOCK_BYTES)?);
            if let Ok(Header { id, segment, offset: own, seq, .. }) = header
                && (id, segment, own) == (self.frame.id, self.index, offset)
            {
                return Ok(Some(seq));
            }
            offset += BLOCK_BYTES as u64;
        }
        Ok(None)
    }

    /// Whether anything but zeros stands in the next `len` bytes, as far as the segment goes.
    pub(crate) fn is_blank(&mut self, len: u64) -> Result<bool, DiskError> {
        let end = (self.at.offset + len).min(self.frame.segment_bytes);
        let mut offset = self.at.offset;
        while offset < end {
            if !all_zero(self.window.read(offset, BLOCK_BYTES)?) {
                return Ok(false);
            }
            offset += BLOCK_BYTES as u64;
        }
        Ok(true)
    }
}
