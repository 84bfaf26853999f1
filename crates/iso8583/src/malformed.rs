//! What is wrong with bytes or with a value, where, and why.
//!
//! Never the bytes themselves: an error may be logged, and the byte at fault may be part of a card number.

use std::fmt;

/// The part of a frame, a message or a TLV string that does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// The length in front of a frame.
    Length,
    /// The five bytes of the transport address (TPDU).
    Tpdu,
    /// The header of the dialect.
    Header,
    /// The message type indicator.
    Mti,
    /// The bitmap.
    Bitmap,
    /// A data element, 2 to 128.
    Field(u8),
    /// What follows the last data element.
    End,
    /// An element of a TLV string.
    Tlv,
    /// A data object list.
    Dol,
}

/// Why a part does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Why {
    /// The bytes end before the part does.
    Short {
        /// Bytes the part needs from the offset on.
        need: usize,
        /// Bytes that are there.
        have: usize,
    },
    /// Longer than the table allows.
    TooLong {
        /// The longest allowed, in the unit of the field (digits, characters or bytes).
        max: usize,
        /// What was said or given.
        found: usize,
    },
    /// Shorter than the part must be.
    TooShort {
        /// The shortest allowed, in the unit of the field.
        min: usize,
        /// What was said or given.
        found: usize,
    },
    /// A digit was expected.
    NotDigit,
    /// A hexadecimal digit was expected.
    NotHex,
    /// A character outside the class of the field.
    NotInClass,
    /// Not well-formed text in the character set of the dialect.
    NotText,
    /// The sign of an amount is neither `C` nor `D`.
    NotSign,
    /// The nibble that fills up an odd number of digits is not the filler.
    Padding,
    /// The dialect does not define this field.
    NotDefined,
    /// The version digit of the message type belongs to another version of the standard.
    Version,
    /// Bytes follow where the message should have ended.
    Trailing {
        /// How many.
        bytes: usize,
    },
    /// A constant part has another value.
    NotConstant,
    /// A length stated inside disagrees with the length that is there.
    LengthDiffers {
        /// The length stated.
        stated: usize,
        /// The length found.
        found: usize,
    },
    /// The indefinite form of a BER length, which card data never uses.
    Indefinite,
    /// A tag or a length of more bytes than this product takes.
    TooWide,
    /// Nested deeper than [`crate::tlv::DEPTH_MAX`].
    TooDeep,
    /// A value of this kind cannot be put into a field of this class.
    WrongKind,
}

/// A part that does not hold, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Malformed {
    /// The part at fault.
    pub field: Part,
    /// When reading: the byte, counted from the start of the frame (of the TLV string for [`Part::Tlv`]).
    /// When writing: the character or byte of the value that was given.
    pub offset: usize,
    /// Why.
    pub why: Why,
}

impl Malformed {
    pub(crate) const fn new(field: Part, offset: usize, why: Why) -> Self {
        Self { field, offset, why }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length => f.write_str("frame length"),
            Self::Tpdu => f.write_str("TPDU"),
            Self::Header => f.write_str("header"),
            Self::Mti => f.write_str("message type"),
            Self::Bitmap => f.write_str("bitmap"),
            Self::Field(number) => write!(f, "field {number}"),
            Self::End => f.write_str("end of message"),
            Self::Tlv => f.write_str("TLV element"),
            Self::Dol => f.write_str("data object list"),
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short { need, have } => write!(f, "{need} bytes needed, {have} left"),
            Self::TooLong { max, found } => write!(f, "at most {max} allowed, {found} found"),
            Self::TooShort { min, found } => write!(f, "at least {min} needed, {found} found"),
            Self::NotDigit => f.write_str("not a digit"),
            Self::NotHex => f.write_str("not a hexadecimal digit"),
            Self::NotInClass => f.write_str("not a character of the field's class"),
            Self::NotText => f.write_str("not text in the dialect's character set"),
            Self::NotSign => f.write_str("the sign is neither C nor D"),
            Self::Padding => f.write_str("the filler nibble is not the filler"),
            Self::NotDefined => f.write_str("not defined in this dialect"),
            Self::Version => f.write_str("of another version of the standard"),
            Self::Trailing { bytes } => write!(f, "{bytes} bytes too many"),
            Self::NotConstant => f.write_str("a constant has another value"),
            Self::LengthDiffers { stated, found } => write!(f, "length {stated} stated, {found} found"),
            Self::Indefinite => f.write_str("indefinite length"),
            Self::TooWide => f.write_str("too many bytes in a tag or a length"),
            Self::TooDeep => f.write_str("nested too deep"),
            Self::WrongKind => f.write_str("a value of another kind"),
        }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}: {}", self.field, self.offset, self.why)
    }
}

impl std::error::Error for Malformed {}
