//! A record in the making: the body is written straight into the aligned buffer that goes to the disk.
//!
//! Its checksum and hash can be made before its place in the journal is known, and on another thread than the
//! one that writes: while one record is made durable the next is sealed. No disk here.

use std::io;

use crate::aligned::Aligned;
use crate::block::{BLOCK_BYTES, HEADER_BYTES, Hash, Header, span};

/// The longest body a record may have, bytes. A segment too short for it bounds bodies further: see
/// [`crate::Journal::record_bytes_max`].
pub const RECORD_BYTES_MAX: usize = 4 << 20;

/// A record in the making. Write the body into it ([`io::Write`]), [`seal`](Draft::seal) it, hand it to
/// [`crate::Journal::append_draft`], [`clear`](Draft::clear) it, use it again.
pub struct Draft {
    blocks: Aligned,
    body_bytes: usize,
    seal: Option<Seal>,
}

#[derive(Clone, Copy)]
pub(crate) struct Seal {
    pub crc: u32,
    pub hash: Hash,
}

impl Default for Draft {
    fn default() -> Draft {
        Draft::new()
    }
}

impl Draft {
    /// An empty draft.
    #[must_use]
    pub fn new() -> Draft {
        Draft { blocks: Aligned::zeroed(BLOCK_BYTES * 16), body_bytes: 0, seal: None }
    }

    /// Empties it, keeping its memory.
    pub fn clear(&mut self) {
        self.body_bytes = 0;
        self.seal = None;
    }

    /// The body so far.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.blocks.as_ref()[HEADER_BYTES..HEADER_BYTES + self.body_bytes]
    }

    /// Adds to the body. Longer than [`RECORD_BYTES_MAX`] is refused when it is appended, not here.
    pub fn extend(&mut self, bytes: &[u8]) {
        let from = HEADER_BYTES + self.body_bytes;
        self.blocks.grow(span(self.body_bytes + bytes.len()), from);
        self.blocks.as_mut()[from..from + bytes.len()].copy_from_slice(bytes);
        self.body_bytes += bytes.len();
        self.seal = None;
    }

    /// Makes checksum and hash of the body and the padding behind it. Appending does it where it was not done.
    pub fn seal(&mut self) {
        if self.seal.is_none() {
            let (from, end) = (HEADER_BYTES + self.body_bytes, span(self.body_bytes));
            self.blocks.as_mut()[from..end].fill(0);
            let body = self.body();
            self.seal = Some(Seal { crc: crc32c::crc32c(body), hash: Hash::of(body) });
        }
    }

    pub(crate) fn sealed(&mut self) -> Seal {
        self.seal();
        self.seal.expect("the line above seals")
    }

    /// Puts the header before the body and gives the blocks as they go to the disk; with a block of zeros behind
    /// them where the file was in use before, so that older bytes there are not taken for a torn record.
    pub(crate) fn headed(&mut self, header: &Header, zeros: bool) -> (&[u8], Hash) {
        let bytes = header.encode();
        let mut end = span(self.body_bytes);
        if zeros {
            self.blocks.grow(end + BLOCK_BYTES, end);
            self.blocks.as_mut()[end..end + BLOCK_BYTES].fill(0);
            end += BLOCK_BYTES;
        }
        self.blocks.as_mut()[..HEADER_BYTES].copy_from_slice(&bytes);
        (&self.blocks.as_ref()[..end], Hash::of(&bytes))
    }
}

impl io::Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.body_bytes + bytes.len() > RECORD_BYTES_MAX {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
