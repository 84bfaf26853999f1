//! The 128 bytes every block of a journal that means something begins with, and their meaning.
//!
//! Pure bytes: nothing here reads or writes a disk, and nothing here knows what a body holds.
//!
//! Layout, little endian, the same for all kinds:
//!
//! | at | bytes | what |
//! | --- | --- | --- |
//! | 0 | 4 | magic `CWJ1` |
//! | 4 | 4 | CRC32C of bytes 8..128 |
//! | 8 | 2 | format version |
//! | 10 | 2 | kind |
//! | 12 | 4 | CRC32C of the body; in a segment's header 1 where the file was in use before, else 0 |
//! | 16 | 16 | journal id |
//! | 32 | 8 | segment index |
//! | 40 | 8 | own offset in the file |
//! | 48 | 8 | sequence |
//! | 56 | 4 | epoch |
//! | 60 | 4 | length: of the body in bytes; of the segment in blocks where it heads one |
//! | 64 | 32 | hash of the previous record |
//! | 96 | 32 | BLAKE3 of the body |
//!
//! The hash of a record is BLAKE3 over its whole header, which holds the hash of its body and the hash of the
//! record before it: so the chain covers every byte, and the body can be hashed before its place is known.

use std::fmt;

/// What a record is aligned to, bytes. Four KiB although many disks take 512: it is the page of the cache and
/// the physical sector of today's flash, so a block that was acknowledged is never part of a later write,
/// and a power cut in the middle of one cannot tear its neighbour.
pub const BLOCK_BYTES: usize = 4096;

/// Length of the header at the start of a record, bytes.
pub const HEADER_BYTES: usize = 128;

/// The format this code writes and reads.
pub const FORMAT_VERSION: u16 = 1;

const MAGIC: [u8; 4] = *b"CWJ1";

/// The place of a record in the journal: 1 for the first, without gaps. 0 means "before the first".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seq(pub u64);

impl Seq {
    /// The one after this.
    ///
    /// # Panics
    /// After 2^64 - 1 records.
    #[must_use]
    pub fn next(self) -> Seq {
        Seq(self.0.checked_add(1).expect("no journal lives to hold 2^64 records"))
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The name of one journal: random bytes from whoever creates it. Every block carries it, so that a file of
/// another journal is never taken for one of this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct JournalId(pub [u8; 16]);

/// A BLAKE3 hash.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// All zero: stands where no hash is due.
    pub const NONE: Hash = Hash([0; 32]);

    /// The BLAKE3 hash of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Hash {
        Hash(*blake3::hash(bytes).as_bytes())
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What the chain of a journal starts from: the "hash of the record before the first".
#[must_use]
pub fn genesis(id: JournalId) -> Hash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"cardwarden journal, before the first record");
    hasher.update(&id.0);
    Hash(*hasher.finalize().as_bytes())
}

/// What kind of block a header begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The first block of a segment; `seq` is that of its first record, `chain` the hash before it.
    Segment,
    /// A record; its body follows.
    Record,
    /// No more records in this segment: the next one goes on. Everything before is acknowledged.
    Continued,
    /// The journal was closed in good order here; overwritten by the next record.
    Stopped,
    /// The block that says which journal a folder holds and how long its segments are.
    Identity,
}

impl Kind {
    fn code(self) -> u16 {
        match self {
            Kind::Segment => 1,
            Kind::Record => 2,
            Kind::Continued => 3,
            Kind::Stopped => 4,
            Kind::Identity => 5,
        }
    }

    fn of(code: u16) -> Option<Kind> {
        [Kind::Segment, Kind::Record, Kind::Continued, Kind::Stopped, Kind::Identity]
            .into_iter()
            .find(|kind| kind.code() == code)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub kind: Kind,
    pub id: JournalId,
    pub segment: u64,
    pub offset: u64,
    pub seq: Seq,
    pub epoch: u32,
    pub length: u32,
    pub chain: Hash,
    pub body_crc: u32,
    pub body_hash: Hash,
}

/// Why bytes are no header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoHeader {
    /// No magic, or the checksum does not hold.
    Unreadable,
    /// Sound, but of a format this code does not know.
    Version(u16),
}

impl Header {
    pub(crate) fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[0..4].copy_from_slice(&MAGIC);
        bytes[8..10].copy_from_slice(&FORMAT_VERSION.to_le_bytes());
        bytes[10..12].copy_from_slice(&self.kind.code().to_le_bytes());
        bytes[12..16].copy_from_slice(&self.body_crc.to_le_bytes());
        bytes[16..32].copy_from_slice(&self.id.0);
        bytes[32..40].copy_from_slice(&self.segment.to_le_bytes());
        bytes[40..48].copy_from_slice(&self.offset.to_le_bytes());
        bytes[48..56].copy_from_slice(&self.seq.0.to_le_bytes());
        bytes[56..60].copy_from_slice(&self.epoch.to_le_bytes());
        bytes[60..64].copy_from_slice(&self.length.to_le_bytes());
        bytes[64..96].copy_from_slice(&self.chain.0);
        bytes[96..128].copy_from_slice(&self.body_hash.0);
        let crc = crc32c::crc32c(&bytes[8..]);
        bytes[4..8].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// Reads a header from the first [`HEADER_BYTES`] of a block.
    pub(crate) fn decode(block: &[u8]) -> Result<Header, NoHeader> {
        let bytes = block.first_chunk::<HEADER_BYTES>().ok_or(NoHeader::Unreadable)?;
        let crc = u32::from_le_bytes(take(bytes, 4));
        if bytes[0..4] != MAGIC || crc32c::crc32c(&bytes[8..]) != crc {
            return Err(NoHeader::Unreadable);
        }
        let version = u16::from_le_bytes(take(bytes, 8));
        if version != FORMAT_VERSION {
            return Err(NoHeader::Version(version));
        }
        let kind = Kind::of(u16::from_le_bytes(take(bytes, 10))).ok_or(NoHeader::Unreadable)?;
        Ok(Header {
            kind,
            id: JournalId(take(bytes, 16)),
            segment: u64::from_le_bytes(take(bytes, 32)),
            offset: u64::from_le_bytes(take(bytes, 40)),
            seq: Seq(u64::from_le_bytes(take(bytes, 48))),
            epoch: u32::from_le_bytes(take(bytes, 56)),
            length: u32::from_le_bytes(take(bytes, 60)),
            chain: Hash(take(bytes, 64)),
            body_crc: u32::from_le_bytes(take(bytes, 12)),
            body_hash: Hash(take(bytes, 96)),
        })
    }
}

/// `N` bytes at `at`.
pub(crate) fn take<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    *bytes[at..].first_chunk().expect("every caller asks within a length it has checked")
}

/// Bytes a body takes on disk: header, body, zeros up to the block.
pub(crate) fn span(body_bytes: usize) -> usize {
    (HEADER_BYTES + body_bytes).next_multiple_of(BLOCK_BYTES)
}

pub(crate) fn all_zero(bytes: &[u8]) -> bool {
    // Sixteen at a time: the padding of every record and whole empty segments go through here.
    let (lanes, rest) = bytes.as_chunks::<16>();
    lanes.iter().all(|lane| u128::from_ne_bytes(*lane) == 0) && rest.iter().all(|byte| *byte == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> Header {
        Header {
            kind: Kind::Record,
            id: JournalId([0xA5; 16]),
            segment: 7,
            offset: 8192,
            seq: Seq(41),
            epoch: 3,
            length: 200,
            chain: Hash::of(b"before"),
            body_crc: 0x1234_5678,
            body_hash: Hash::of(b"body"),
        }
    }

    #[test]
    fn a_header_comes_back_and_no_flipped_bit_does() {
        let bytes = header().encode();
        assert_eq!(Header::decode(&bytes), Ok(header()));
        for bit in 0..HEADER_BYTES * 8 {
            let mut flipped = bytes;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Header::decode(&flipped), Err(NoHeader::Unreadable), "bit {bit}");
        }
        for len in 0..HEADER_BYTES {
            assert_eq!(Header::decode(&bytes[..len]), Err(NoHeader::Unreadable), "length {len}");
        }
    }

    #[test]
    fn a_sound_header_of_another_version_is_told_apart() {
        let mut bytes = header().encode();
        bytes[8] = 2;
        let crc = crc32c::crc32c(&bytes[8..]);
        bytes[4..8].copy_from_slice(&crc.to_le_bytes());
        assert_eq!(Header::decode(&bytes), Err(NoHeader::Version(2)));
    }

    #[test]
    fn the_layout_is_the_written_one() {
        // Format version 1, byte for byte: a change here is a new version.
        assert_eq!(
            Hash::of(&header().encode()).to_string(),
            "80470e7303cd832b7e8225f9c50b9fcba1e7fae55caf7b7642aa3ed37bca5ca4",
        );
    }

    #[test]
    fn zeros_are_told_from_anything_else() {
        for len in [0, 1, 15, 16, 17, 4096] {
            let mut bytes = vec![0; len];
            assert!(all_zero(&bytes));
            if let Some(last) = bytes.last_mut() {
                *last = 1;
                assert!(!all_zero(&bytes), "{len}");
            }
        }
    }
}
