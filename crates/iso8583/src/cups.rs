//! The 46-byte header in front of messages to and from the UnionPay centre (Q/CUP 006).
//!
//! Only its layout; who may talk to whom is not known here.

use crate::malformed::{Malformed, Part, Why};
use crate::scan;

/// Bytes of the header; its first byte says so.
pub const HEADER_BYTES: usize = 46;

/// Places of the parts within the header.
const TOTAL: std::ops::Range<usize> = 2..6;
const DESTINATION: std::ops::Range<usize> = 6..17;
const SOURCE: std::ops::Range<usize> = 17..28;
const REJECT: std::ops::Range<usize> = 41..46;

/// The header of a message with the centre. Its first byte is always 46 and is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CupsHeader {
    /// Version and flag, 2 in production.
    pub flag: u8,
    /// Bytes of header and message together, 0 to 9999. A builder sets it.
    pub total: u16,
    /// Institution the message goes to, 11 characters, filled with spaces on the right.
    pub destination: [u8; 11],
    /// Institution it comes from, 11 characters, filled with spaces on the right.
    pub source: [u8; 11],
    /// Reserved bits.
    pub reserved: [u8; 3],
    /// Batch number of the sender.
    pub batch: u8,
    /// Transaction information the centre sends back as it came.
    pub information: [u8; 8],
    /// Information for the users of the header.
    pub user: u8,
    /// Why the centre rejected the message; `00000` where it did not.
    pub reject: [u8; 5],
}

impl Default for CupsHeader {
    /// From nobody to nobody, not rejected.
    fn default() -> Self {
        Self {
            flag: 2,
            total: 0,
            destination: [b' '; 11],
            source: [b' '; 11],
            reserved: [0; 3],
            batch: 0,
            information: [b'0'; 8],
            user: 0,
            reject: [b'0'; 5],
        }
    }
}

impl CupsHeader {
    /// Reads a header.
    ///
    /// # Errors
    /// [`Part::Header`]: not 46 bytes, another first byte, a total length or a reject code that is not digits.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let Some(header) = bytes.first_chunk::<HEADER_BYTES>() else {
            let why = Why::Short { need: HEADER_BYTES, have: bytes.len() };
            return Err(Malformed::new(Part::Header, 0, why));
        };
        let total = read(header)?;
        let part = |range: std::ops::Range<usize>, into: &mut [u8]| into.copy_from_slice(&header[range]);
        let mut decoded =
            Self { flag: header[1], total, batch: header[31], user: header[40], ..Self::default() };
        part(DESTINATION, &mut decoded.destination);
        part(SOURCE, &mut decoded.source);
        part(28..31, &mut decoded.reserved);
        part(32..40, &mut decoded.information);
        part(REJECT, &mut decoded.reject);
        Ok(decoded)
    }

    /// Writes the header.
    #[must_use]
    pub fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut header = [0; HEADER_BYTES];
        header[0] = HEADER_BYTES as u8;
        header[1] = self.flag;
        put_total(usize::from(self.total), &mut header);
        header[DESTINATION].copy_from_slice(&self.destination);
        header[SOURCE].copy_from_slice(&self.source);
        header[28..31].copy_from_slice(&self.reserved);
        header[31] = self.batch;
        header[32..40].copy_from_slice(&self.information);
        header[40] = self.user;
        header[REJECT].copy_from_slice(&self.reject);
        header
    }

    /// The header of the answer: source and destination change places.
    #[must_use]
    pub const fn swapped(self) -> Self {
        Self { destination: self.source, source: self.destination, ..self }
    }
}

/// The total length that a header says.
fn read(header: &[u8; HEADER_BYTES]) -> Result<u16, Malformed> {
    if usize::from(header[0]) != HEADER_BYTES {
        return Err(Malformed::new(Part::Header, 0, Why::NotConstant));
    }
    for range in [TOTAL, REJECT] {
        if let Some(at) = scan::first_not_digit(&header[range.clone()]) {
            return Err(Malformed::new(Part::Header, range.start + at, Why::NotDigit));
        }
    }
    Ok(header[TOTAL].iter().fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0')))
}

/// Checks a header that stands at `at` in a message of `total` bytes.
pub(crate) fn check(header: &[u8], at: usize, total: usize) -> Result<(), Malformed> {
    let moved = |malformed: Malformed| Malformed { offset: malformed.offset + at, ..malformed };
    let stated = usize::from(CupsHeader::decode(header).map_err(moved)?.total);
    if stated != total - at {
        let why = Why::LengthDiffers { stated, found: total - at };
        return Err(Malformed::new(Part::Header, at + TOTAL.start, why));
    }
    Ok(())
}

fn put_total(total: usize, header: &mut [u8]) {
    for (digit, unit) in header[TOTAL].iter_mut().zip([1000, 100, 10, 1]) {
        *digit = b'0' + (total / unit % 10) as u8;
    }
}

/// Writes the total length into a header.
pub(crate) fn write_total(total: usize, header: &mut [u8]) -> Result<(), Malformed> {
    if total > 9999 {
        return Err(Malformed::new(Part::Length, 0, Why::TooLong { max: 9999, found: total }));
    }
    put_total(total, header);
    Ok(())
}

/// Swaps source and destination in place.
pub(crate) fn swap_ends(header: &mut [u8; HEADER_BYTES]) {
    let (front, back) = header.split_at_mut(SOURCE.start);
    front[DESTINATION].swap_with_slice(&mut back[..SOURCE.len()]);
}
