//! What can be wrong with a journal on disk, said by file, offset and record.
//!
//! A closed list: no strings made up elsewhere, and never any of the bytes themselves.

use std::fmt;

use crate::block::Seq;
use crate::disk::DiskError;

/// One thing that does not check. The journal is refused for it; nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file it was found in, or that is missing.
    pub file: String,
    /// Where in it, bytes from its start.
    pub offset: u64,
    /// The record concerned, or the next one due there.
    pub seq: Option<Seq>,
    /// What does not hold.
    pub why: Why,
}

/// What does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Segments are here, the identity is not.
    IdentityMissing,
    /// The identity does not check.
    IdentityDamaged,
    /// A segment between the first and the last, or after a "goes on in the next", is not there.
    SegmentMissing,
    /// A file named like a segment whose number cannot be read.
    NameUnknown,
    /// Shorter or longer than all segments of this journal are.
    SegmentLength {
        /// Bytes found.
        found: u64,
        /// Bytes due.
        expected: u64,
    },
    /// The first block of a segment that holds records does not check.
    SegmentHeaderDamaged,
    /// The file holds another segment than its name says: swapped, copied or renamed.
    SegmentMisnamed {
        /// The segment it holds.
        holds: u64,
    },
    /// Sound, but of another journal.
    Foreign,
    /// Sound, but of a format this version does not read.
    Version {
        /// The format found.
        found: u16,
    },
    /// A record, or the mark that ends a segment, does not check, though what follows proves that it was
    /// acknowledged.
    Rotten {
        /// Which part of it.
        part: Part,
        /// Where what follows stands: the first block after it that checks, or the next segment's.
        proof: Seq,
    },
    /// A sound record that says it belongs elsewhere in this file.
    Misplaced {
        /// The offset it was written for.
        written_for: u64,
    },
    /// A sound record out of its order.
    OutOfOrder {
        /// The sequence found.
        found: Seq,
    },
    /// A sound record that does not name the hash of the one before.
    ChainBroken,
    /// An epoch lower than the one before.
    EpochBack {
        /// The epoch found.
        found: u32,
    },
    /// A length no record here can have.
    LengthImpossible {
        /// Bytes said.
        found: u64,
    },
    /// The segment holds records that continue nothing: the one before does not say that it goes on.
    NotContinued,
    /// A record that was durable a moment ago, in this process, is not there.
    Lost,
    /// The journal begins later than every snapshot that could start it.
    NothingToStartFrom {
        /// The first record that is here.
        first: Seq,
    },
    /// A snapshot of a state the journal never reached: its tail was taken away.
    SnapshotAhead {
        /// The last record that is here.
        head: Seq,
    },
    /// The snapshot's own header does not check.
    SnapshotHeader,
    /// The snapshot's file is shorter or longer than its header says.
    SnapshotLength {
        /// Bytes found.
        found: u64,
        /// Bytes due.
        expected: u64,
    },
    /// The snapshot's table of hashes does not check.
    SnapshotTable,
    /// A piece of the snapshot's content does not check.
    SnapshotContent,
    /// The snapshot names another hash for its record than the journal holds: it is of another history.
    SnapshotChain,
}

/// Which part of a record does not check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Its header: nothing at this place reads as one.
    Header,
    /// Its body does not have the checksum or hash its header names.
    Body,
    /// The bytes between its end and the block's are not zero.
    Padding,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Part::Header => "header",
            Part::Body => "body",
            Part::Padding => "padding",
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at offset {}", self.file, self.offset)?;
        if let Some(seq) = self.seq {
            write!(f, ", record {seq}")?;
        }
        write!(f, ": {}", self.why)
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Why::IdentityMissing => f.write_str("the journal's identity is missing beside its segments"),
            Why::IdentityDamaged => f.write_str("the journal's identity does not check"),
            Why::SegmentMissing => f.write_str("the segment is missing"),
            Why::NameUnknown => f.write_str("named like a segment, but without a number"),
            Why::SegmentLength { found, expected } => {
                write!(f, "the segment has {found} bytes instead of {expected}")
            }
            Why::SegmentHeaderDamaged => f.write_str("the segment's header does not check"),
            Why::SegmentMisnamed { holds } => {
                write!(f, "the file holds segment {holds}, not what its name says")
            }
            Why::Foreign => f.write_str("this belongs to another journal"),
            Why::Version { found } => write!(f, "format version {found} is not one this version reads"),
            Why::Rotten { part, proof } => {
                write!(
                    f,
                    "the {part} does not check, yet what follows (record {proof}) proves it was acknowledged"
                )
            }
            Why::Misplaced { written_for } => {
                write!(f, "a record written for offset {written_for} stands here")
            }
            Why::OutOfOrder { found } => write!(f, "record {found} stands here"),
            Why::ChainBroken => f.write_str("the hash of the record before does not match"),
            Why::EpochBack { found } => write!(f, "epoch {found} is lower than the one before"),
            Why::LengthImpossible { found } => write!(f, "a length of {found} bytes is impossible here"),
            Why::NotContinued => {
                f.write_str("the segment is in use, but the one before does not say that it goes on")
            }
            Why::Lost => f.write_str("the record was durable and is not there"),
            Why::NothingToStartFrom { first } => {
                write!(f, "the journal begins with record {first} and no snapshot leads up to it")
            }
            Why::SnapshotAhead { head } => {
                write!(f, "the snapshot is of a later state than the journal, which ends with record {head}")
            }
            Why::SnapshotHeader => f.write_str("the snapshot's header does not check"),
            Why::SnapshotLength { found, expected } => {
                write!(f, "the snapshot has {found} bytes instead of {expected}")
            }
            Why::SnapshotTable => f.write_str("the snapshot's table of hashes does not check"),
            Why::SnapshotContent => f.write_str("the snapshot's content does not check"),
            Why::SnapshotChain => f.write_str("the snapshot is of another history than the journal"),
        }
    }
}

impl std::error::Error for Fault {}

/// Why reading did not go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadError {
    /// The disk failed.
    Disk(DiskError),
    /// The journal does not check.
    Damaged(Fault),
    /// The segment was put to new use while it was read, or the records asked for were given up before:
    /// begin again from a snapshot.
    Gone {
        /// The record that is no longer kept.
        seq: Seq,
    },
}

impl From<DiskError> for ReadError {
    fn from(error: DiskError) -> ReadError {
        ReadError::Disk(error)
    }
}

impl From<Fault> for ReadError {
    fn from(fault: Fault) -> ReadError {
        ReadError::Damaged(fault)
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadError::Disk(error) => error.fmt(f),
            ReadError::Damaged(fault) => write!(f, "the journal is damaged: {fault}"),
            ReadError::Gone { seq } => write!(f, "record {seq} is no longer kept"),
        }
    }
}

impl std::error::Error for ReadError {}
