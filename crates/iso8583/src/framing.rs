//! Frames on a stream: a length in front, and how to take whole frames out of bytes that come in pieces.
//!
//! No socket and no clock: bytes go in, frames come out. Memory is bounded by the largest frame.

use crate::dialect::{Dialect, FIELD_NUMBER_MAX};
use crate::malformed::{Malformed, Part, Why};

/// The largest frame any dialect here takes, in bytes, without the length in front.
pub const FRAME_BYTES_MAX: usize = 16 * 1024;
/// The smallest: a packed message type and one bitmap.
pub const FRAME_BYTES_MIN: usize = 2 + 8;
/// Bytes of a transport address.
pub const TPDU_BYTES: usize = 5;

const _: () = assert!(FRAME_BYTES_MAX <= u16::MAX as usize, "offsets within a frame fit in 16 bits");
const _: () =
    assert!(FRAME_BYTES_MAX > 9999 + 4 + FIELD_NUMBER_MAX, "the longest single field fits in a frame");

/// How the length in front of a frame is written. It never counts itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LengthPrefix {
    /// Two bytes, big endian.
    Binary2,
    /// Four ASCII digits. `0000` is a sign of life between members and the centre, and is passed over.
    Ascii4,
}

impl LengthPrefix {
    /// Bytes of the length itself.
    #[must_use]
    pub const fn bytes(self) -> usize {
        match self {
            Self::Binary2 => 2,
            Self::Ascii4 => 4,
        }
    }

    /// The largest frame whose length can be written.
    #[must_use]
    pub const fn max(self) -> usize {
        match self {
            Self::Binary2 => 0xFFFF,
            Self::Ascii4 => 9999,
        }
    }

    /// The length that the bytes in front say, where they are all there and well formed.
    fn read(self, bytes: &[u8]) -> Result<usize, Malformed> {
        match self {
            Self::Binary2 => Ok(usize::from(u16::from_be_bytes([bytes[0], bytes[1]]))),
            Self::Ascii4 => match crate::scan::first_not_digit(&bytes[..4]) {
                Some(at) => Err(Malformed::new(Part::Length, at, Why::NotDigit)),
                None => Ok(bytes[..4].iter().fold(0, |sum, digit| sum * 10 + usize::from(digit - b'0'))),
            },
        }
    }
}

/// How frames stand on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Framing {
    /// The length in front.
    pub length: LengthPrefix,
    /// Whether each frame begins with a transport address, which stays part of the frame that is handed out.
    /// The dialect `unionpay-pos` reads it itself; for another dialect on such a link, see [`Tpdu::split`].
    pub tpdu: bool,
}

impl Framing {
    /// The smallest frame on such a connection.
    #[must_use]
    pub const fn min(self) -> usize {
        FRAME_BYTES_MIN + if self.tpdu { TPDU_BYTES } else { 0 }
    }

    /// Appends a frame, with its length in front.
    ///
    /// # Errors
    /// [`Part::Length`], where the message is longer or shorter than a frame may be.
    pub fn frame(self, message: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
        self.check(message.len(), FRAME_BYTES_MAX)?;
        match self.length {
            LengthPrefix::Binary2 => out.extend_from_slice(&(message.len() as u16).to_be_bytes()),
            LengthPrefix::Ascii4 => {
                for unit in [1000, 100, 10, 1] {
                    out.push(b'0' + (message.len() / unit % 10) as u8);
                }
            }
        }
        out.extend_from_slice(message);
        Ok(())
    }

    fn check(self, length: usize, limit: usize) -> Result<(), Malformed> {
        let max = limit.min(self.length.max());
        if length > max {
            return Err(Malformed::new(Part::Length, 0, Why::TooLong { max, found: length }));
        }
        if length < self.min() {
            return Err(Malformed::new(Part::Length, 0, Why::TooShort { min: self.min(), found: length }));
        }
        Ok(())
    }
}

/// A transport address: `60`, destination, source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tpdu(pub [u8; TPDU_BYTES]);

impl Tpdu {
    /// The address of the answer: source and destination change places.
    #[must_use]
    pub const fn swapped(self) -> Self {
        let [class, to_high, to_low, from_high, from_low] = self.0;
        Self([class, from_high, from_low, to_high, to_low])
    }

    /// Takes the address off the front of a frame whose dialect does not read it itself.
    ///
    /// # Errors
    /// [`Part::Tpdu`], where the frame is shorter than an address.
    pub fn split(frame: &[u8]) -> Result<(Self, &[u8]), Malformed> {
        match frame.split_first_chunk::<TPDU_BYTES>() {
            Some((address, rest)) => Ok((Self(*address), rest)),
            None => Err(Malformed::new(Part::Tpdu, 0, Why::Short { need: TPDU_BYTES, have: frame.len() })),
        }
    }
}

/// Takes a stream apart into frames. A frame that arrives whole is handed out where it lies; only a frame that
/// arrives in pieces is gathered here.
#[derive(Debug)]
pub struct Deframer {
    framing: Framing,
    limit: usize,
    gathered: Vec<u8>,
    /// The gathered frame was handed out and is to be forgotten.
    taken: bool,
    broken: Option<Malformed>,
}

impl Deframer {
    /// A deframer that takes frames of up to `limit` bytes, at most [`FRAME_BYTES_MAX`].
    #[must_use]
    pub fn new(framing: Framing, limit: usize) -> Self {
        Self { framing, limit: limit.min(FRAME_BYTES_MAX), gathered: Vec::new(), taken: false, broken: None }
    }

    /// The next frame without its length, or `None` when `input` is used up and the frame is not whole yet.
    /// Takes from `input` what it uses. Call again until it says `None`, then feed the next bytes.
    ///
    /// # Errors
    /// [`Part::Length`], where the stream says a length that no frame has. Nothing behind it can be trusted: every
    /// later call says the same, and the connection is to be closed.
    pub fn next<'b, 'i: 'b>(&'b mut self, input: &mut &'i [u8]) -> Result<Option<&'b [u8]>, Malformed> {
        if let Some(malformed) = self.broken {
            return Err(malformed);
        }
        if self.taken {
            self.gathered.clear();
            self.taken = false;
        }
        let prefix = self.framing.length.bytes();
        loop {
            // The length, from what was gathered and what is there.
            let have = self.gathered.len();
            if have < prefix {
                let take = (prefix - have).min(input.len());
                if have == 0 && take == prefix {
                    // Whole in the input, it may be handed out from there.
                } else {
                    self.gather(input, take);
                    if self.gathered.len() < prefix {
                        return Ok(None);
                    }
                }
            }
            let front = if self.gathered.is_empty() { *input } else { &self.gathered };
            let length = match self.length_of(front) {
                Ok(length) => length,
                Err(malformed) => {
                    self.broken = Some(malformed);
                    return Err(malformed);
                }
            };
            let Some(length) = length else {
                // A sign of life.
                if self.gathered.is_empty() {
                    *input = &input[prefix..];
                } else {
                    self.gathered.clear();
                }
                continue;
            };
            let whole = prefix + length;
            if self.gathered.is_empty() {
                if input.len() >= whole {
                    let (frame, rest) = input.split_at(whole);
                    *input = rest;
                    return Ok(Some(&frame[prefix..]));
                }
                self.gather(input, input.len());
                return Ok(None);
            }
            let take = (whole - self.gathered.len()).min(input.len());
            self.gather(input, take);
            if self.gathered.len() < whole {
                return Ok(None);
            }
            self.taken = true;
            return Ok(Some(&self.gathered[prefix..]));
        }
    }

    /// Bytes held of a frame that is not whole yet.
    #[must_use]
    pub fn gathered(&self) -> usize {
        if self.taken { 0 } else { self.gathered.len() }
    }

    fn gather(&mut self, input: &mut &[u8], take: usize) {
        let (piece, rest) = input.split_at(take);
        self.gathered.extend_from_slice(piece);
        *input = rest;
    }

    /// The length at the front, `None` for a sign of life.
    fn length_of(&self, front: &[u8]) -> Result<Option<usize>, Malformed> {
        let length = self.framing.length.read(front)?;
        if length == 0 && self.framing.length == LengthPrefix::Ascii4 {
            return Ok(None);
        }
        self.framing.check(length, self.limit)?;
        Ok(Some(length))
    }
}

/// The frame without the length in front of it, where there is one that fits the bytes exactly; otherwise the
/// bytes as they are. Two binary bytes are tried first, then four digits.
///
/// A bare message can look like that by chance; [`Dialect::decode_framed`] decides by decoding.
#[must_use]
pub fn strip_frame(bytes: &[u8]) -> &[u8] {
    for length in [LengthPrefix::Binary2, LengthPrefix::Ascii4] {
        let prefix = length.bytes();
        if bytes.len() >= prefix + FRAME_BYTES_MIN && length.read(bytes) == Ok(bytes.len() - prefix) {
            return &bytes[prefix..];
        }
    }
    bytes
}

impl Dialect {
    /// Decodes a message that may have its length in front, as people paste them.
    ///
    /// # Errors
    /// As [`Dialect::decode`]. Where neither reading holds, of the reading without the length if it was there.
    pub fn decode_framed<'a>(&'static self, bytes: &'a [u8]) -> Result<crate::Message<'a>, Malformed> {
        let stripped = strip_frame(bytes);
        let message = self.decode(stripped);
        if message.is_err()
            && stripped.len() != bytes.len()
            && let Ok(bare) = self.decode(bytes)
        {
            return Ok(bare);
        }
        message
    }
}
