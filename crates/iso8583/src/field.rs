//! What a field is on the wire: a length, a class of content, a coding of content and of its prefix, a side to
//! fill up on, and how much of it a person may see.
//!
//! No field is named for what it means to a card: that is the affair of who reads the message.

/// How long a field is, in its own unit: digits where packed, characters where text, bytes where binary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// Always this long.
    Fixed(u16),
    /// Two digits of length in front, at most this long.
    Ll(u16),
    /// Three digits of length in front, at most this long.
    Lll(u16),
    /// Four digits of length in front, at most this long.
    Llll(u16),
}

impl Length {
    /// The longest allowed.
    #[must_use]
    pub const fn max(self) -> u16 {
        match self {
            Self::Fixed(max) | Self::Ll(max) | Self::Lll(max) | Self::Llll(max) => max,
        }
    }

    /// Digits of the length in front; 0 for a fixed field.
    #[must_use]
    pub const fn prefix_digits(self) -> usize {
        match self {
            Self::Fixed(_) => 0,
            Self::Ll(_) => 2,
            Self::Lll(_) => 3,
            Self::Llll(_) => 4,
        }
    }

    /// The same length with another limit.
    pub(crate) const fn with_max(self, max: u16) -> Self {
        match self {
            Self::Fixed(_) => Self::Fixed(max),
            Self::Ll(_) => Self::Ll(max),
            Self::Lll(_) => Self::Lll(max),
            Self::Llll(_) => Self::Llll(max),
        }
    }
}

/// What a field may hold (ISO 8583, clause on representation of attributes).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Digits (`n`).
    N,
    /// Letters and spaces (`a`).
    A,
    /// Letters, digits and spaces (`an`, `anp`: fixed fields are filled with spaces on the right).
    An,
    /// Printable text (`ans`), GBK where the dialect's text is GBK.
    Ans,
    /// Track data (`z`): digits and separators; every nibble where packed, since an encrypted track has them all.
    Z,
    /// `C` or `D`, then digits (`x + n`). The length counts the sign.
    Xn,
    /// Bytes (`b`).
    B,
    /// Bytes that are BER-TLV. Read lazily with [`crate::Message::tlv`]: decoding does not walk it.
    Tlv,
}

/// How content or a prefix is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// Two digits a byte. The unit is the digit.
    Bcd,
    /// One ASCII character a byte.
    Ascii,
    /// One EBCDIC (code page 037) character a byte.
    Ebcdic,
    /// ASCII and two-byte GBK. The unit is the byte.
    Gbk,
    /// Bytes as they are; as a prefix, a big-endian number.
    Binary,
    /// Two hexadecimal ASCII characters for each byte. The unit is the character.
    Hex,
}

/// On which side the digits of an odd packed field stand; the filler nibble is on the other one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Digits first, filler last.
    Left,
    /// Filler first, digits last.
    Right,
}

/// How much of a field may be shown to a person who has not asked for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Masking {
    /// All of it.
    Open,
    /// A card number: the first six and the last four digits.
    Ends,
    /// A track: the ends of the card number in front of the separator, nothing behind it.
    Track,
    /// Nothing but the length.
    Never,
    /// Chip data: tags, and the values that say nothing about the card or its holder.
    Chip,
    /// Free text: digit runs long enough to be a card number or a pay code are hidden.
    Scan,
}

/// One data element of a dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Its number, 2 to 128.
    pub number: u8,
    /// Its name in the words of the standard.
    pub name: &'static str,
    /// How long it is.
    pub length: Length,
    /// What it may hold.
    pub class: Class,
    /// How its content is written.
    pub coding: Coding,
    /// How its length is written; without meaning for a fixed field.
    pub prefix: Coding,
    /// Bytes of its length in front; 0 for a fixed field.
    pub(crate) prefix_bytes: u8,
    /// Where an odd number of packed digits stands.
    pub align: Align,
    /// How much of it is shown.
    pub masking: Masking,
    /// Whether the text of the field includes the filler nibble (UnionPay writes `0510` for entry mode `051`).
    pub filler_shown: bool,
}

impl Field {
    /// Bytes of the length in front; 0 for a fixed field.
    #[must_use]
    pub const fn prefix_bytes(&self) -> usize {
        self.prefix_bytes as usize
    }

    /// Bytes that `units` digits, characters or bytes of content take on the wire.
    #[must_use]
    pub const fn content_bytes(&self, units: usize) -> usize {
        match self.coding {
            Coding::Bcd => match self.class {
                // The sign is one whole byte.
                Class::Xn => {
                    if units == 0 {
                        0
                    } else {
                        1 + (units - 1).div_ceil(2)
                    }
                }
                Class::N | Class::Z | Class::A | Class::An | Class::Ans | Class::B | Class::Tlv => {
                    units.div_ceil(2)
                }
            },
            Coding::Ascii | Coding::Ebcdic | Coding::Gbk | Coding::Binary | Coding::Hex => units,
        }
    }

    /// Whether the field is bytes, whose text is upper-case hexadecimal.
    #[must_use]
    pub const fn is_binary(&self) -> bool {
        matches!(self.class, Class::B | Class::Tlv)
    }
}
