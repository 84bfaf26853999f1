//! The message type indicator: version, class, function, origin.

use std::fmt;

use crate::malformed::{Malformed, Part, Why};

/// A message type: four digits, packed in a number (`0x0200`). Private field: every nibble is a digit.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mti(u16);

impl Mti {
    /// A message type known when the program is written: `Mti::new(0x0200)`.
    ///
    /// # Panics
    /// Where a nibble is not a digit.
    #[must_use]
    pub const fn new(packed: u16) -> Self {
        match Self::from_packed(packed) {
            Some(mti) => mti,
            None => panic!("a message type is four digits"),
        }
    }

    /// A message type from its packed digits.
    #[must_use]
    pub const fn from_packed(packed: u16) -> Option<Self> {
        if packed & ((packed << 1) | (packed << 2)) & 0x8888 == 0 { Some(Self(packed)) } else { None }
    }

    /// A message type from four digits.
    ///
    /// # Errors
    /// [`Part::Mti`], where the text is not four digits.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        if text.len() != 4 {
            return Err(Malformed::new(Part::Mti, 0, Why::LengthDiffers { stated: 4, found: text.len() }));
        }
        if let Some(at) = crate::scan::first_not_digit(text.as_bytes()) {
            return Err(Malformed::new(Part::Mti, at, Why::NotDigit));
        }
        Ok(Self(text.bytes().fold(0, |packed, digit| packed << 4 | u16::from(digit - b'0'))))
    }

    /// The four digits, packed.
    #[must_use]
    pub const fn packed(self) -> u16 {
        self.0
    }

    /// The four digits as ASCII.
    #[must_use]
    pub const fn digits(self) -> [u8; 4] {
        [b'0' + self.version(), b'0' + self.class(), b'0' + self.function(), b'0' + self.origin()]
    }

    /// First digit: 0 for 1987, 1 for 1993, 2 for 2003.
    #[must_use]
    pub const fn version(self) -> u8 {
        (self.0 >> 12) as u8
    }

    /// Second digit: 1 authorization, 2 financial, 3 file, 4 reversal, 5 reconciliation, 6 administrative,
    /// 8 network management.
    #[must_use]
    pub const fn class(self) -> u8 {
        (self.0 >> 8 & 0xF) as u8
    }

    /// Third digit: 0 request, 1 response, 2 advice, 3 advice response, 4 notification.
    #[must_use]
    pub const fn function(self) -> u8 {
        (self.0 >> 4 & 0xF) as u8
    }

    /// Fourth digit: 0 acquirer, 2 issuer, 4 other; odd where it is a repeat.
    #[must_use]
    pub const fn origin(self) -> u8 {
        (self.0 & 0xF) as u8
    }

    /// Whether the sender says that it sent this before.
    #[must_use]
    pub const fn is_repeat(self) -> bool {
        self.0 & 1 == 1
    }

    /// Whether it asks for an answer: a request (0) or an advice (2).
    #[must_use]
    pub const fn wants_response(self) -> bool {
        matches!(self.function(), 0 | 2)
    }

    /// The type of the answer: the function one higher, without the mark of a repeat; `None` for what is itself
    /// an answer or wants none.
    #[must_use]
    pub const fn response(self) -> Option<Self> {
        if self.wants_response() { Some(Self((self.0 & !1) + 0x10)) } else { None }
    }
}

impl fmt::Display for Mti {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04X}", self.0)
    }
}

impl fmt::Debug for Mti {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mti({self})")
    }
}
