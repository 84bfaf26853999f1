//! The journal: ordered, durable, hash-chained records in preallocated segments, and snapshots beside them.
//!
//! What the bytes of a record mean is never known here; nor are threads, clocks and chance.
//!
//! # What is promised
//!
//! A record is durable when [`Journal::append`] returns. [`Journal::open`] finds every such record again, in
//! order and byte for byte, or refuses and names the file, the offset and the record that does not check. The one
//! thing it drops is a torn last write, of which nobody was told that it had ended; it says so
//! ([`Recovered::tail_cut`]) and overwrites it. After a failed write nothing is written any more: what lasted is
//! for the next start to find out.
//!
//! # On disk
//!
//! A folder holds `journal.identity` (which journal, how long its segments are; written last when it is created),
//! `NNNNNNNNNN.segment` without gaps, and `NNNNNNNNNNNNNNNNNNNN.snapshot` by the record they follow. A segment
//! begins with a block that names its first record and the hash before it, so that it can be checked by itself;
//! its records follow, each in whole blocks of [`BLOCK_BYTES`]; a mark says that the next segment goes on, or that
//! the journal was closed. Each block names journal, segment and its own offset, so nothing a recycled segment
//! held before is taken for a record, nor a file under a wrong name for the right one. A segment's mark "goes on"
//! is written before the next one is begun, so a missing last segment is missed.
//!
//! Ways in: [`Journal`] for the one writer, [`Reader`] for everyone else, [`Disk`] for whoever simulates.

mod aligned;
mod block;
mod disk;
mod draft;
mod fault;
mod files;
mod journal;
mod memory;
mod preparation;
mod reader;
mod records;
mod recovery;
mod snapshot;
mod survey;
mod trail;
mod walk;

pub use block::{BLOCK_BYTES, FORMAT_VERSION, HEADER_BYTES, Hash, JournalId, Seq, genesis};
pub use disk::{Access, Disk, DiskCause, DiskError, Operation, SECTOR_BYTES};
pub use draft::{Draft, RECORD_BYTES_MAX};
pub use fault::{Fault, Part, ReadError, Why};
pub use files::{Files, FolderLock, OpenFile};
pub use journal::{AppendError, EpochPassed, Head, Journal, Options};
pub use memory::{Failure, Faults, Lasts, MemoryDisk, MemoryFile, MemoryLock};
pub use preparation::{PREPARE_STEP_BYTES, Preparation, Prepared, Spent};
pub use reader::{Reader, Report, verify};
pub use records::{Record, Records};
pub use recovery::{OpenError, Recovered, TailCut};
pub use snapshot::{
    Newest, SNAPSHOT_BYTES_MAX, SNAPSHOT_PIECE_BYTES, Snapshot, SnapshotReader, SnapshotWriter, Snapshots,
};
pub use survey::{SEGMENT_BYTES_MAX, SEGMENT_BYTES_MIN};
