//! A growable run of bytes that starts on a block boundary, as direct I/O demands.
//!
//! No unsafe code: the buffer is over-allocated by one block and used from the first aligned byte on.

use crate::block::BLOCK_BYTES;

/// Bytes whose first lies on a [`BLOCK_BYTES`] boundary of memory. Its length is a whole number of blocks.
pub(crate) struct Aligned {
    store: Vec<u8>,
    start: usize,
    len: usize,
}

impl Aligned {
    /// `len` zero bytes, rounded up to whole blocks.
    pub(crate) fn zeroed(len: usize) -> Aligned {
        let len = len.next_multiple_of(BLOCK_BYTES);
        let store = vec![0; len + BLOCK_BYTES];
        // `align_offset` may answer `usize::MAX` where it cannot tell; the sum of addresses always can.
        let start = (BLOCK_BYTES - store.as_ptr().addr() % BLOCK_BYTES) % BLOCK_BYTES;
        Aligned { store, start, len }
    }

    /// Makes room for at least `len` bytes, keeping the first `keep`. The rest of new room is zero.
    pub(crate) fn grow(&mut self, len: usize, keep: usize) {
        if len > self.len {
            let mut larger = Aligned::zeroed(len.max(self.len * 2));
            larger.as_mut()[..keep].copy_from_slice(&self.as_ref()[..keep]);
            *self = larger;
        }
    }
}

impl AsRef<[u8]> for Aligned {
    fn as_ref(&self) -> &[u8] {
        &self.store[self.start..self.start + self.len]
    }
}

impl AsMut<[u8]> for Aligned {
    fn as_mut(&mut self) -> &mut [u8] {
        &mut self.store[self.start..self.start + self.len]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_buffer_starts_on_a_block() {
        let mut kept = Vec::new();
        for len in [1, 4095, 4096, 4097, 100_000] {
            let mut bytes = Aligned::zeroed(len);
            bytes.as_mut()[0] = 7;
            bytes.grow(len * 3, 1);
            assert_eq!(bytes.as_ref().as_ptr().addr() % BLOCK_BYTES, 0);
            assert!(bytes.as_ref().len() >= len * 3 && bytes.as_ref().len().is_multiple_of(BLOCK_BYTES));
            assert_eq!((bytes.as_ref()[0], bytes.as_ref()[1]), (7, 0));
            kept.push(bytes);
        }
    }
}
