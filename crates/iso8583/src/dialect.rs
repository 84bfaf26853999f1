//! Dialects: which fields there are, and the four small choices (length, coding, prefix, alignment) for each.
//!
//! Everything is a table that the compiler has checked; nothing is read or changed at run time.

use crate::field::{Align, Class, Coding, Field, Length, Masking};
use crate::framing::{Framing, LengthPrefix};
use crate::message::bit;
use crate::tables::{cups, iso87, iso93, iso2003, unionpay};
use crate::tlv::PrivateTags;

/// The highest field number any dialect has.
pub const FIELD_NUMBER_MAX: usize = 128;

/// One line of a version's table: what the standard says of a field, before it is packed in some way.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Element {
    number: u8,
    name: &'static str,
    length: Length,
    class: Class,
    masking: Masking,
    align: Option<Align>,
}

/// A line of a table.
pub(crate) const fn de(
    number: u8,
    name: &'static str,
    class: Class,
    length: Length,
    masking: Masking,
) -> Element {
    Element { number, name, length, class, masking, align: None }
}

impl Element {
    /// This element stands on that side, and its text shows the filler.
    pub(crate) const fn filled(mut self, align: Align) -> Self {
        self.align = Some(align);
        self
    }
}

/// How a dialect writes what its table lists.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Packing {
    /// Message type, digits and tracks.
    digits: Coding,
    /// Letters.
    letters: Coding,
    /// Free text.
    text: Coding,
    /// Bytes.
    bytes: Coding,
    /// Lengths.
    prefix: Coding,
    /// Whether a packed length takes a byte for each of its digits (`000011`), and not half a byte (`0011`).
    generous_prefix: bool,
    /// The bitmap: binary or hexadecimal.
    bitmap: Coding,
    /// An odd number of packed digits.
    align: Align,
}

const ASCII: Packing = Packing {
    digits: Coding::Ascii,
    letters: Coding::Ascii,
    text: Coding::Ascii,
    bytes: Coding::Binary,
    prefix: Coding::Ascii,
    generous_prefix: false,
    bitmap: Coding::Binary,
    align: Align::Right,
};
const ASCII_HEX: Packing = Packing { bytes: Coding::Hex, bitmap: Coding::Hex, ..ASCII };
const BINARY: Packing = Packing { digits: Coding::Bcd, prefix: Coding::Bcd, ..ASCII };
const EBCDIC: Packing = Packing {
    digits: Coding::Ebcdic,
    letters: Coding::Ebcdic,
    text: Coding::Ebcdic,
    prefix: Coding::Ebcdic,
    ..ASCII
};
const UNIONPAY: Packing = Packing { text: Coding::Gbk, align: Align::Left, ..BINARY };
const UNIONPAY_WIDE: Packing = Packing { generous_prefix: true, ..UNIONPAY };
const CENTRE: Packing = Packing { text: Coding::Gbk, ..ASCII };

/// What stands between the transport address and the message type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Header {
    /// Nothing.
    None,
    /// Six bytes of digits: application class, version, terminal state, processing request (Q/CUP 009.1).
    UnionPay,
    /// The 46 bytes of the centre (Q/CUP 006); see [`crate::cups::CupsHeader`].
    Cups,
}

impl Header {
    /// Bytes of the header.
    #[must_use]
    pub const fn bytes(self) -> usize {
        match self {
            Self::None => 0,
            Self::UnionPay => 6,
            Self::Cups => crate::cups::HEADER_BYTES,
        }
    }
}

/// A way to write ISO 8583 messages.
#[derive(Debug)]
pub struct Dialect {
    name: &'static str,
    version: u8,
    tpdu: bool,
    header: Header,
    mti: Coding,
    bitmap: Coding,
    wide: bool,
    track_separator: u8,
    private_tags: PrivateTags,
    framing: Framing,
    /// A variant that senders of this dialect also write, tried where this one does not hold.
    variant: Option<&'static Dialect>,
    /// The bitmap with every field there, and the bit of a second bitmap where there can be one.
    defined: u128,
    fields: [Option<Field>; FIELD_NUMBER_MAX + 1],
}

/// Terminal to acquirer in China (Q/CUP 009.1): TPDU, six-byte header, 64-bit bitmap, packed digits, GBK text.
///
/// A length of two digits takes one byte (`16`), one of three digits two (`0011`). Some senders write a byte for
/// each digit (`0016`, `000011`): decoding takes those messages as well, and such a message says that its dialect
/// is [`UNIONPAY_POS_WIDE`], so that the answer goes back the same way.
pub static UNIONPAY_POS: Dialect =
    Dialect { variant: Some(&UNIONPAY_POS_WIDE), ..unionpay("unionpay-pos", UNIONPAY) };
/// [`UNIONPAY_POS`] with a byte for each digit of a length.
pub static UNIONPAY_POS_WIDE: Dialect = unionpay("unionpay-pos-wide", UNIONPAY_WIDE);
/// Acquirer or issuer to the centre (Q/CUP 006): 46-byte header, ASCII, binary bitmap of up to 128 bits, GBK text.
pub static CUPS: Dialect = Dialect {
    header: Header::Cups,
    private_tags: PrivateTags::Primitive,
    framing: Framing { length: LengthPrefix::Ascii4, tpdu: false },
    ..Dialect::new("cups", 0, CENTRE, &cups::FIELDS)
};
/// ISO 8583:1987, ASCII, binary bitmap, binary fields as bytes.
pub static ISO87_ASCII: Dialect = Dialect::new("iso87-ascii", 0, ASCII, &iso87::FIELDS);
/// ISO 8583:1987, ASCII, hexadecimal bitmap, binary fields as hexadecimal text.
pub static ISO87_ASCII_HEX: Dialect = Dialect::new("iso87-ascii-hex", 0, ASCII_HEX, &iso87::FIELDS);
/// ISO 8583:1987, packed digits and lengths, binary bitmap.
pub static ISO87_BINARY: Dialect = Dialect::new("iso87-binary", 0, BINARY, &iso87::FIELDS);
/// ISO 8583:1987, EBCDIC (code page 037), binary bitmap.
pub static ISO87_EBCDIC: Dialect = Dialect::new("iso87-ebcdic", 0, EBCDIC, &iso87::FIELDS);
/// ISO 8583:1993, ASCII, binary bitmap.
pub static ISO93_ASCII: Dialect = Dialect::new("iso93-ascii", 1, ASCII, &iso93::FIELDS);
/// ISO 8583:1993, packed digits and lengths, binary bitmap.
pub static ISO93_BINARY: Dialect = Dialect::new("iso93-binary", 1, BINARY, &iso93::FIELDS);
/// ISO 8583-1:2003, packed digits and lengths, binary bitmap.
pub static ISO2003_BINARY: Dialect = Dialect::new("iso2003-binary", 2, BINARY, &iso2003::FIELDS);

/// A dialect of UnionPay terminals. Runs in the compiler.
const fn unionpay(name: &'static str, packing: Packing) -> Dialect {
    let dialect = Dialect::new(name, 0, packing, &unionpay::FIELDS);
    Dialect {
        defined: dialect.defined & !bit(1),
        tpdu: true,
        header: Header::UnionPay,
        wide: false,
        track_separator: b'D',
        private_tags: PrivateTags::Primitive,
        framing: Framing { length: LengthPrefix::Binary2, tpdu: true },
        ..Dialect::new(name, 0, packing, &unionpay::FIELDS)
    }
}

impl Dialect {
    /// Every dialect, in the order they are listed to people.
    pub const ALL: [&'static Dialect; 10] = [
        &UNIONPAY_POS,
        &UNIONPAY_POS_WIDE,
        &CUPS,
        &ISO87_ASCII,
        &ISO87_ASCII_HEX,
        &ISO87_BINARY,
        &ISO87_EBCDIC,
        &ISO93_ASCII,
        &ISO93_BINARY,
        &ISO2003_BINARY,
    ];

    /// The dialect of that name, as on a command line: `unionpay-pos`, `iso87-ascii-hex`.
    #[must_use]
    pub fn by_name(name: &str) -> Option<&'static Dialect> {
        Self::ALL.into_iter().find(|dialect| dialect.name == name)
    }

    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The first digit of its message types: 0 for 1987, 1 for 1993, 2 for 2003.
    #[must_use]
    pub const fn version(&self) -> u8 {
        self.version
    }

    /// Whether every message starts with a transport address of five bytes.
    #[must_use]
    pub const fn has_tpdu(&self) -> bool {
        self.tpdu
    }

    /// The header behind the transport address.
    #[must_use]
    pub const fn header(&self) -> Header {
        self.header
    }

    /// Whether bit 1 announces a second bitmap; otherwise there are 64 bits and no more.
    #[must_use]
    pub const fn is_wide(&self) -> bool {
        self.wide
    }

    /// How message types are written.
    #[must_use]
    pub const fn mti_coding(&self) -> Coding {
        self.mti
    }

    /// How the bitmap is written.
    #[must_use]
    pub const fn bitmap_coding(&self) -> Coding {
        self.bitmap
    }

    /// What the text of a packed track shows for the separator nibble `D`: `D` for UnionPay terminals, else `=`.
    #[must_use]
    pub const fn track_separator(&self) -> char {
        self.track_separator as char
    }

    /// How the private tags of its chip data are read.
    #[must_use]
    pub const fn private_tags(&self) -> PrivateTags {
        self.private_tags
    }

    /// The bitmap with every field there.
    pub(crate) const fn defined(&self) -> u128 {
        self.defined
    }

    /// The variant that senders of this dialect also write.
    pub(crate) const fn variant(&self) -> Option<&'static Dialect> {
        self.variant
    }

    /// How its messages are usually framed on a connection. A setting of the link may say otherwise.
    #[must_use]
    pub const fn framing(&self) -> Framing {
        self.framing
    }

    /// A field of that number, if the dialect defines one.
    #[must_use]
    pub fn field(&self, number: u8) -> Option<&Field> {
        self.fields.get(usize::from(number)).and_then(Option::as_ref)
    }

    /// All fields, ascending.
    pub fn fields(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter().flatten()
    }

    /// A dialect of a table and a packing, without header or transport address. Runs in the compiler.
    const fn new(name: &'static str, version: u8, packing: Packing, elements: &[Element]) -> Self {
        let mut fields = [None; FIELD_NUMBER_MAX + 1];
        let mut at = 0;
        let mut last = 1;
        let mut defined = bit(1);
        while at < elements.len() {
            let element = elements[at];
            assert!(element.number > last, "field numbers ascend from 2");
            assert!(element.number as usize <= FIELD_NUMBER_MAX, "a field number is at most 128");
            assert!(element.number != 65, "field 65 would announce a third bitmap");
            last = element.number;
            defined |= bit(element.number);
            fields[element.number as usize] = Some(pack(element, packing));
            at += 1;
        }
        Self {
            name,
            version,
            tpdu: false,
            header: Header::None,
            mti: packing.digits,
            bitmap: packing.bitmap,
            wide: true,
            track_separator: b'=',
            private_tags: PrivateTags::Ber,
            framing: Framing { length: LengthPrefix::Binary2, tpdu: false },
            variant: None,
            defined,
            fields,
        }
    }
}

/// One field of a table, packed. Limits are checked here, by the compiler.
const fn pack(element: Element, packing: Packing) -> Field {
    let coding = match element.class {
        Class::N | Class::Z | Class::Xn => packing.digits,
        Class::A | Class::An => packing.letters,
        Class::Ans => packing.text,
        Class::B | Class::Tlv => packing.bytes,
    };
    let said = match element.length {
        Length::Fixed(_) => u16::MAX as usize,
        Length::Ll(_) => 99,
        Length::Lll(_) => 999,
        Length::Llll(_) => 9999,
    };
    let max = element.length.max() as usize;
    assert!(max > 0 && max <= said, "a limit fits in the digits of its prefix");
    let length = match coding {
        // Two characters for each byte, as many whole bytes as the prefix can say.
        Coding::Hex => {
            let doubled = if max * 2 > said { said / 2 * 2 } else { max * 2 };
            element.length.with_max(doubled as u16)
        }
        Coding::Bcd | Coding::Ascii | Coding::Ebcdic | Coding::Gbk | Coding::Binary => element.length,
    };
    let (align, filler_shown) = match element.align {
        Some(align) => (align, true),
        None => (packing.align, false),
    };
    Field {
        number: element.number,
        name: element.name,
        length,
        class: element.class,
        coding,
        prefix: packing.prefix,
        prefix_bytes: prefix_bytes(length.prefix_digits(), packing) as u8,
        align,
        masking: element.masking,
        filler_shown,
    }
}

/// Bytes of a length of so many digits.
const fn prefix_bytes(digits: usize, packing: Packing) -> usize {
    match packing.prefix {
        Coding::Bcd if packing.generous_prefix => digits,
        Coding::Bcd | Coding::Binary => digits.div_ceil(2),
        Coding::Ascii | Coding::Ebcdic | Coding::Gbk | Coding::Hex => digits,
    }
}
