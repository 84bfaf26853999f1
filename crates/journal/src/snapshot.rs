//! Snapshots beside the journal: written under a temporary name, made durable, then named; read piece by piece,
//! each piece checked before it is handed out.
//!
//! What the content means is the caller's. A snapshot holds the state after one record and names its hash, so
//! it belongs to exactly one history.
//!
//! File: one block of header; the content in pieces of [`SNAPSHOT_PIECE_BYTES`], zeros up to the block; the
//! table of the pieces' BLAKE3 hashes, zeros up to the block. The header holds the hash of the table.

use std::io;
use std::sync::Arc;

use crate::aligned::Aligned;
use crate::block::{BLOCK_BYTES, FORMAT_VERSION, Hash, JournalId, Seq, all_zero, take};
use crate::disk::{Access, Disk, DiskCause, DiskError};
use crate::fault::{Fault, ReadError, Why};
use crate::journal::Head;
use crate::survey::snapshots_of;
use crate::walk::Window;

/// Content of a snapshot that shares one hash, bytes.
pub const SNAPSHOT_PIECE_BYTES: usize = 1 << 20;
/// Longest content, bytes: what keeps the table of hashes within 32 MiB.
pub const SNAPSHOT_BYTES_MAX: u64 = 1 << 40;

/// Bytes the disk is told of before they are read.
const AHEAD_BYTES: u64 = 8 << 20;

pub(crate) const SNAPSHOT_SUFFIX: &str = ".snapshot";
const MAGIC: [u8; 4] = *b"CWS1";
const HEADER_BYTES: usize = 152;

/// A snapshot as its header describes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The last record whose effect it holds.
    pub seq: Seq,
    /// The epoch of that record.
    pub epoch: u32,
    /// The hash of that record.
    pub record: Hash,
    /// The caller's digest of the state.
    pub digest: Hash,
    /// Length of the content, bytes.
    pub bytes: u64,
    /// Hash over the hashes of the content's pieces.
    pub root: Hash,
}

impl Snapshot {
    /// The name of its file.
    #[must_use]
    pub fn file(&self) -> String {
        name_of(self.seq)
    }

    fn encode(&self, id: JournalId) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[0..4].copy_from_slice(&MAGIC);
        bytes[8..10].copy_from_slice(&FORMAT_VERSION.to_le_bytes());
        bytes[16..32].copy_from_slice(&id.0);
        bytes[32..40].copy_from_slice(&self.seq.0.to_le_bytes());
        bytes[40..44].copy_from_slice(&self.epoch.to_le_bytes());
        bytes[48..56].copy_from_slice(&self.bytes.to_le_bytes());
        bytes[56..88].copy_from_slice(&self.record.0);
        bytes[88..120].copy_from_slice(&self.digest.0);
        bytes[120..152].copy_from_slice(&self.root.0);
        let crc = crc32c::crc32c(&bytes[8..]);
        bytes[4..8].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    fn decode(block: &[u8], id: JournalId) -> Result<Snapshot, Why> {
        let bytes = &block[..HEADER_BYTES];
        let crc = u32::from_le_bytes(take(bytes, 4));
        if bytes[0..4] != MAGIC || crc32c::crc32c(&bytes[8..]) != crc {
            return Err(Why::SnapshotHeader);
        }
        let version = u16::from_le_bytes(take(bytes, 8));
        if version != FORMAT_VERSION {
            return Err(Why::Version { found: version });
        }
        if JournalId(take(bytes, 16)) != id {
            return Err(Why::Foreign);
        }
        let snapshot = Snapshot {
            seq: Seq(u64::from_le_bytes(take(bytes, 32))),
            epoch: u32::from_le_bytes(take(bytes, 40)),
            record: Hash(take(bytes, 56)),
            digest: Hash(take(bytes, 88)),
            bytes: u64::from_le_bytes(take(bytes, 48)),
            root: Hash(take(bytes, 120)),
        };
        if snapshot.bytes > SNAPSHOT_BYTES_MAX || !all_zero(&block[HEADER_BYTES..]) {
            return Err(Why::SnapshotHeader);
        }
        Ok(snapshot)
    }

    fn pieces(&self) -> u64 {
        self.bytes.div_ceil(SNAPSHOT_PIECE_BYTES as u64)
    }

    fn table_offset(&self) -> u64 {
        BLOCK_BYTES as u64 + self.bytes.next_multiple_of(BLOCK_BYTES as u64)
    }

    fn file_bytes(&self) -> u64 {
        self.table_offset() + (self.pieces() * 32).next_multiple_of(BLOCK_BYTES as u64)
    }

    fn fault(&self, offset: u64, why: Why) -> Fault {
        Fault { file: self.file(), offset, seq: Some(self.seq), why }
    }
}

fn name_of(seq: Seq) -> String {
    format!("{:020}{SNAPSHOT_SUFFIX}", seq.0)
}

/// Reads and checks the header of one snapshot, and the length of its file.
pub(crate) fn read_header<D: Disk>(disk: &D, id: JournalId, name: &str) -> Result<Snapshot, ReadError> {
    let fault = |why| Fault { file: name.to_owned(), offset: 0, seq: None, why };
    let mut window = Window::open(disk, name)?;
    let found = window.bytes();
    if found < BLOCK_BYTES as u64 {
        return Err(fault(Why::SnapshotLength { found, expected: BLOCK_BYTES as u64 }).into());
    }
    let snapshot = Snapshot::decode(window.read(0, BLOCK_BYTES)?, id).map_err(fault)?;
    if found != snapshot.file_bytes() {
        return Err(fault(Why::SnapshotLength { found, expected: snapshot.file_bytes() }).into());
    }
    if snapshot.file() != name {
        return Err(fault(Why::OutOfOrder { found: snapshot.seq }).into());
    }
    Ok(snapshot)
}

/// The content of a snapshot, piece by piece; nothing unchecked is ever handed out.
pub struct SnapshotReader<D: Disk> {
    disk: D,
    file: D::File,
    snapshot: Snapshot,
    table: Vec<u8>,
    piece: u64,
    buffer: Vec<u8>,
    /// Where [`io::Read`] stands in the piece.
    taken: usize,
}

impl<D: Disk> SnapshotReader<D> {
    pub(crate) fn open(disk: &D, snapshot: &Snapshot) -> Result<SnapshotReader<D>, ReadError> {
        let file = disk.open(&snapshot.file(), Access::Read)?;
        let padded = usize::try_from(snapshot.file_bytes() - snapshot.table_offset())
            .map_err(|_| snapshot.fault(0, Why::SnapshotHeader))?;
        let mut table = vec![0; padded];
        disk.read_at(&file, snapshot.table_offset(), &mut table)?;
        let used = padded.min(usize::try_from(snapshot.pieces() * 32).unwrap_or(padded));
        if Hash::of(&table[..used]) != snapshot.root || !all_zero(&table[used..]) {
            return Err(snapshot.fault(snapshot.table_offset(), Why::SnapshotTable).into());
        }
        let (disk, snapshot) = (disk.clone(), *snapshot);
        Ok(SnapshotReader { disk, file, snapshot, table, piece: 0, buffer: Vec::new(), taken: 0 })
    }

    /// The next piece, at most [`SNAPSHOT_PIECE_BYTES`] long; `None` after the last.
    ///
    /// # Errors
    /// [`ReadError::Damaged`] where it does not check; what was handed out before was good.
    pub fn next_piece(&mut self) -> Result<Option<&[u8]>, ReadError> {
        let start = self.piece * SNAPSHOT_PIECE_BYTES as u64;
        if start >= self.snapshot.bytes {
            self.buffer.clear();
            return Ok(None);
        }
        let left = self.snapshot.bytes - start;
        let len = usize::try_from(left).unwrap_or(usize::MAX).min(SNAPSHOT_PIECE_BYTES);
        let offset = BLOCK_BYTES as u64 + start;
        self.buffer.resize(len.next_multiple_of(BLOCK_BYTES), 0);
        self.disk.expect_read(&self.file, offset + len as u64, AHEAD_BYTES);
        self.disk.read_at(&self.file, offset, &mut self.buffer)?;
        let at = usize::try_from(self.piece * 32).expect("the table of hashes is in memory");
        let sound =
            Hash::of(&self.buffer[..len]) == Hash(take(&self.table, at)) && all_zero(&self.buffer[len..]);
        self.buffer.truncate(len);
        if !sound {
            self.buffer.clear();
            return Err(self.snapshot.fault(offset, Why::SnapshotContent).into());
        }
        self.piece += 1;
        Ok(Some(&self.buffer))
    }
}

impl<D: Disk> io::Read for SnapshotReader<D> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.buffer.len() {
            self.taken = 0;
            if self.next_piece().map_err(io::Error::other)?.is_none() {
                return Ok(0);
            }
        }
        let len = into.len().min(self.buffer.len() - self.taken);
        into[..len].copy_from_slice(&self.buffer[self.taken..self.taken + len]);
        self.taken += len;
        Ok(len)
    }
}

/// Reads all of a snapshot and checks it.
pub(crate) fn check<D: Disk>(disk: &D, snapshot: &Snapshot) -> Result<(), ReadError> {
    let mut reader = SnapshotReader::open(disk, snapshot)?;
    while reader.next_piece()?.is_some() {}
    Ok(())
}

/// The newest snapshot that checks in all its bytes, and what is wrong with newer ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Newest {
    /// `None` where there is none: begin with the first record.
    pub snapshot: Option<Snapshot>,
    /// Why newer ones, or others that cannot even be dated, were passed over.
    pub damaged: Vec<Fault>,
}

/// The newest sound snapshot that the journal, whose first record is `first`, leads on from.
pub(crate) fn newest<D: Disk>(disk: &D, id: JournalId, first: Seq) -> Result<Newest, ReadError> {
    let (sound, mut damaged) = snapshots_of(disk, id, &disk.list()?)?;
    for snapshot in sound.into_iter().rev() {
        if snapshot.seq.next() < first {
            break;
        }
        match check(disk, &snapshot) {
            Ok(()) => {
                return Ok(Newest { snapshot: Some(snapshot), damaged });
            }
            Err(ReadError::Damaged(fault)) => damaged.push(fault),
            Err(other) => return Err(other),
        }
    }
    match damaged.first() {
        // Not even the first record is left to start from.
        Some(fault) if first > Seq(1) => Err(fault.clone().into()),
        Some(_) | None => Ok(Newest { snapshot: None, damaged }),
    }
}

/// The snapshots of an open journal, for use on any thread beside it.
pub struct Snapshots<D: Disk> {
    pub(crate) disk: D,
    pub(crate) id: JournalId,
    /// No other process writes here while this lives.
    pub(crate) lock: Arc<D::Lock>,
}

impl<D: Disk> Clone for Snapshots<D> {
    fn clone(&self) -> Snapshots<D> {
        Snapshots { disk: self.disk.clone(), id: self.id, lock: Arc::clone(&self.lock) }
    }
}

impl<D: Disk> Snapshots<D> {
    /// Begins a snapshot of the state after record `head`, which must be durable; `digest` is the caller's.
    ///
    /// # Errors
    /// Where the file cannot be made.
    pub fn begin(&self, head: &Head, digest: Hash) -> Result<SnapshotWriter<D>, DiskError> {
        let part = format!("{}.part", name_of(head.seq));
        remove_if_there(&self.disk, &part)?;
        let file = self.disk.create(&part, 0)?;
        Ok(SnapshotWriter {
            disk: self.disk.clone(),
            id: self.id,
            file,
            part,
            snapshot: Snapshot {
                seq: head.seq,
                epoch: head.epoch,
                record: head.hash,
                digest,
                bytes: 0,
                root: Hash::NONE,
            },
            piece: Aligned::zeroed(SNAPSHOT_PIECE_BYTES),
            filled: 0,
            table: Vec::new(),
            failed: None,
            named: false,
        })
    }

    /// Begins reading a snapshot.
    ///
    /// # Errors
    /// Where it is gone or its table does not check.
    pub fn read(&self, snapshot: &Snapshot) -> Result<SnapshotReader<D>, ReadError> {
        SnapshotReader::open(&self.disk, snapshot)
    }

    /// All whose headers check, oldest first; their content is checked as it is read.
    ///
    /// # Errors
    /// Where the disk fails.
    pub fn list(&self) -> Result<Vec<Snapshot>, DiskError> {
        Ok(snapshots_of(&self.disk, self.id, &self.disk.list()?)?.0)
    }

    /// Removes all but the newest `keep` (at least one) and gives the oldest one kept, which was read through
    /// and is good: [`crate::Journal::retire`] takes it as leave to give up the records before it.
    ///
    /// # Errors
    /// [`ReadError::Damaged`] where the oldest one to keep does not check: then nothing was removed.
    pub fn retain(&self, keep: usize) -> Result<Option<Snapshot>, ReadError> {
        let (mut sound, damaged) = snapshots_of(&self.disk, self.id, &self.disk.list()?)?;
        let kept = sound.split_off(sound.len().saturating_sub(keep.max(1)));
        let Some(oldest) = kept.first() else {
            return Ok(None);
        };
        check(&self.disk, oldest)?;
        let surplus = sound.iter().map(Snapshot::file);
        let ruined = damaged.into_iter().map(|fault| fault.file).filter(|name| *name < oldest.file());
        let mut removed = false;
        for name in surplus.chain(ruined) {
            remove_if_there(&self.disk, &name)?;
            removed = true;
        }
        if removed {
            self.disk.sync_dir()?;
        }
        Ok(Some(*oldest))
    }
}

pub(crate) fn remove_if_there<D: Disk>(disk: &D, name: &str) -> Result<(), DiskError> {
    match disk.remove(name) {
        Ok(()) | Err(DiskError { cause: DiskCause::Missing, .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

/// A snapshot being written. Dropped before [`SnapshotWriter::finish`], it leaves nothing that counts.
pub struct SnapshotWriter<D: Disk> {
    disk: D,
    id: JournalId,
    file: D::File,
    part: String,
    snapshot: Snapshot,
    piece: Aligned,
    filled: usize,
    table: Vec<u8>,
    /// After a failed write the file is not written again.
    failed: Option<DiskError>,
    named: bool,
}

impl<D: Disk> Drop for SnapshotWriter<D> {
    fn drop(&mut self) {
        if !self.named {
            // Where even this fails the next start clears it away.
            let _ = remove_if_there(&self.disk, &self.part);
        }
    }
}

impl<D: Disk> SnapshotWriter<D> {
    /// Adds to the content.
    ///
    /// # Errors
    /// Where the disk fails; every later call then fails the same way.
    pub fn write(&mut self, mut bytes: &[u8]) -> Result<(), DiskError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        while !bytes.is_empty() {
            let len = bytes.len().min(SNAPSHOT_PIECE_BYTES - self.filled);
            let (now, rest) = bytes.split_at(len);
            self.piece.as_mut()[self.filled..self.filled + len].copy_from_slice(now);
            self.filled += len;
            bytes = rest;
            if self.filled == SNAPSHOT_PIECE_BYTES {
                self.put_piece()?;
            }
        }
        Ok(())
    }

    fn put(&mut self, offset: u64, len: usize) -> Result<(), DiskError> {
        let written = self.disk.write_at(&self.file, offset, &self.piece.as_ref()[..len]);
        if let Err(error) = &written {
            self.failed = Some(error.clone());
        }
        written
    }

    fn put_piece(&mut self) -> Result<(), DiskError> {
        if self.filled == 0 {
            return Ok(());
        }
        let padded = self.filled.next_multiple_of(BLOCK_BYTES);
        self.piece.as_mut()[self.filled..padded].fill(0);
        let hash = Hash::of(&self.piece.as_ref()[..self.filled]);
        self.put(BLOCK_BYTES as u64 + self.snapshot.bytes, padded)?;
        self.table.extend_from_slice(&hash.0);
        self.snapshot.bytes += self.filled as u64;
        self.filled = 0;
        Ok(())
    }

    /// Makes it durable and gives it its name. A sound snapshot that already has the name is kept and returned.
    ///
    /// # Errors
    /// Where the disk fails; then there is no such snapshot.
    pub fn finish(mut self) -> Result<Snapshot, ReadError> {
        if let Some(error) = self.failed.take() {
            return Err(error.into());
        }
        self.put_piece()?;
        let table = std::mem::take(&mut self.table);
        self.snapshot.root = Hash::of(&table);
        let mut offset = self.snapshot.table_offset();
        for run in table.chunks(SNAPSHOT_PIECE_BYTES) {
            let padded = run.len().next_multiple_of(BLOCK_BYTES);
            self.piece.as_mut()[..run.len()].copy_from_slice(run);
            self.piece.as_mut()[run.len()..padded].fill(0);
            self.put(offset, padded)?;
            offset += padded as u64;
        }
        let header = self.snapshot.encode(self.id);
        self.piece.as_mut()[..HEADER_BYTES].copy_from_slice(&header);
        self.piece.as_mut()[HEADER_BYTES..BLOCK_BYTES].fill(0);
        self.put(0, BLOCK_BYTES)?;
        self.disk.sync(&self.file)?;
        self.name()
    }

    fn name(&mut self) -> Result<Snapshot, ReadError> {
        let name = self.snapshot.file();
        match self.disk.rename(&self.part, &name) {
            Ok(()) => {}
            Err(error) if error.cause == DiskCause::Exists => {
                let there = read_header(&self.disk, self.id, &name);
                if let Ok(there) = there
                    && check(&self.disk, &there).is_ok()
                {
                    return Ok(there);
                }
                remove_if_there(&self.disk, &name)?;
                self.disk.rename(&self.part, &name)?;
            }
            Err(error) => return Err(error.into()),
        }
        self.named = true;
        self.disk.sync_dir()?;
        Ok(self.snapshot)
    }
}

impl<D: Disk> io::Write for SnapshotWriter<D> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        SnapshotWriter::write(self, bytes).map_err(io::Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
