//! Decoding: a message that lies where it arrived, and the places of its fields.
//!
//! Nothing is copied and nothing is allocated; everything is checked once, here, so that reading a field cannot
//! fail for what it holds.

use std::borrow::Cow;
use std::fmt;

use crate::dialect::{Dialect, FIELD_NUMBER_MAX, Header};
use crate::field::{Align, Class, Coding, Field, Length};
use crate::framing::{FRAME_BYTES_MAX, TPDU_BYTES, Tpdu};
use crate::malformed::{Malformed, Part, Why};
use crate::mti::Mti;
use crate::scan;
use crate::text::{self, Digits};
use crate::tlv::Tlv;

/// Where the content of a field lies, and how long it is in the unit of the field. Bytes of content follow.
#[derive(Debug, Clone, Copy, Default)]
struct Span {
    at: u16,
    units: u16,
}

/// A decoded message: borrowed bytes, and where each field lies in them.
#[derive(Clone)]
pub struct Message<'a> {
    dialect: &'static Dialect,
    bytes: &'a [u8],
    mti: Mti,
    /// Field 1 is the highest bit.
    bitmap: u128,
    mti_at: u16,
    spans: [Span; FIELD_NUMBER_MAX + 1],
}

/// The bit of a field in the bitmap.
pub(crate) const fn bit(number: u8) -> u128 {
    1 << (FIELD_NUMBER_MAX as u8 - number)
}

impl Dialect {
    /// Decodes a message (without a length in front; see [`Dialect::decode_framed`]).
    ///
    /// Checked: the version of the message type, that every field present is defined, that lengths are within
    /// their limits, that content is of its class, that nothing follows. Not walked: TLV content
    /// ([`Message::tlv`]), and the header of a terminal, which is taken as it is.
    ///
    /// A dialect that its senders write in two ways (see [`crate::UNIONPAY_POS`]) takes both.
    ///
    /// # Errors
    /// The first thing that does not hold, with its place; of two ways, the one that held longer.
    pub fn decode<'a>(&'static self, bytes: &'a [u8]) -> Result<Message<'a>, Malformed> {
        let Some(variant) = self.variant() else { return self.decode_as_it_is(bytes) };
        let (first, second) = if self.looks_wide(bytes) { (variant, self) } else { (self, variant) };
        let result = first.decode_as_it_is(bytes);
        let Err(malformed) = result else { return result };
        second.decode_as_it_is(bytes).map_err(|other| {
            let tie = other.offset == malformed.offset && std::ptr::eq(second, self);
            if tie || other.offset > malformed.offset { other } else { malformed }
        })
    }

    /// Whether field 2 is there and its length begins with a zero byte: then it is most likely written with a byte
    /// for each digit. Only decides which way is tried first.
    fn looks_wide(&self, bytes: &[u8]) -> bool {
        let tpdu = if self.has_tpdu() { TPDU_BYTES } else { 0 };
        let bitmap_at = tpdu + self.header().bytes() + 2;
        let has_field_2 = bytes.get(bitmap_at).is_some_and(|byte| byte & 0x40 != 0);
        has_field_2 && bytes.get(bitmap_at + bitmap_word_bytes(self)) == Some(&0)
    }

    fn decode_as_it_is<'a>(&'static self, bytes: &'a [u8]) -> Result<Message<'a>, Malformed> {
        if bytes.len() > FRAME_BYTES_MAX {
            let why = Why::TooLong { max: FRAME_BYTES_MAX, found: bytes.len() };
            return Err(Malformed::new(Part::Length, 0, why));
        }
        let mut at = 0;
        if self.has_tpdu() {
            take(bytes, &mut at, TPDU_BYTES, Part::Tpdu)?;
        }
        let header_at = at;
        let header = take(bytes, &mut at, self.header().bytes(), Part::Header)?;
        match self.header() {
            Header::None | Header::UnionPay => {}
            Header::Cups => crate::cups::check(header, header_at, bytes.len())?,
        }
        let mti_at = at as u16;
        let mti = decode_mti(self, bytes, &mut at)?;
        let bitmap = decode_bitmap(self, bytes, &mut at)?;
        let mut spans = [Span::default(); FIELD_NUMBER_MAX + 1];
        let mut left = bitmap & !bit(1);
        while left != 0 {
            let number = left.leading_zeros() as u8 + 1;
            left &= !bit(number);
            // The bitmap was held against the table: every bit that is left has its field.
            if let Some(field) = self.field(number) {
                spans[usize::from(number)] = decode_field(field, bytes, &mut at)?;
            }
        }
        if at != bytes.len() {
            let why = Why::Trailing { bytes: bytes.len() - at };
            return Err(Malformed::new(Part::End, at, why));
        }
        Ok(Message { dialect: self, bytes, mti, bitmap, mti_at, spans })
    }
}

/// The next `count` bytes.
fn take<'a>(bytes: &'a [u8], at: &mut usize, count: usize, part: Part) -> Result<&'a [u8], Malformed> {
    match bytes.get(*at..*at + count) {
        Some(taken) => {
            *at += count;
            Ok(taken)
        }
        None => Err(Malformed::new(part, *at, Why::Short { need: count, have: bytes.len() - *at })),
    }
}

fn decode_mti(dialect: &Dialect, bytes: &[u8], at: &mut usize) -> Result<Mti, Malformed> {
    let start = *at;
    let not_digit = |offset| Malformed::new(Part::Mti, start + offset, Why::NotDigit);
    let mut packed = 0;
    if dialect.mti_coding() == Coding::Bcd {
        let taken = take(bytes, at, 2, Part::Mti)?;
        if let Some(offset) = scan::first_not_bcd(taken) {
            return Err(not_digit(offset));
        }
        packed = u16::from_be_bytes([taken[0], taken[1]]);
    } else {
        for (offset, byte) in take(bytes, at, 4, Part::Mti)?.iter().enumerate() {
            let digit = text::ascii_of(*byte, dialect.mti_coding()).filter(u8::is_ascii_digit);
            let digit = digit.ok_or_else(|| not_digit(offset))?;
            packed = packed << 4 | u16::from(digit - b'0');
        }
    }
    let mti = Mti::from_packed(packed).ok_or_else(|| not_digit(0))?;
    if mti.version() != dialect.version() {
        return Err(Malformed::new(Part::Mti, start, Why::Version));
    }
    Ok(mti)
}

/// Reads one or two words of bitmap; refuses bits without a field.
fn decode_bitmap(dialect: &Dialect, bytes: &[u8], at: &mut usize) -> Result<u128, Malformed> {
    let start = *at;
    let mut bitmap = u128::from(decode_bitmap_word(dialect, bytes, at)?) << 64;
    if bitmap & dialect.defined() & bit(1) != 0 {
        bitmap |= u128::from(decode_bitmap_word(dialect, bytes, at)?);
    }
    let undefined = bitmap & !dialect.defined();
    if undefined != 0 {
        let number = undefined.leading_zeros() as u8 + 1;
        let offset = start + usize::from(number - 1) * bitmap_word_bytes(dialect) / 64;
        let part = if number == 1 { Part::Bitmap } else { Part::Field(number) };
        return Err(Malformed::new(part, offset, Why::NotDefined));
    }
    Ok(bitmap)
}

/// Bytes of 64 bits of bitmap.
pub(crate) const fn bitmap_word_bytes(dialect: &Dialect) -> usize {
    match dialect.bitmap_coding() {
        Coding::Hex => 16,
        Coding::Binary | Coding::Bcd | Coding::Ascii | Coding::Ebcdic | Coding::Gbk => 8,
    }
}

fn decode_bitmap_word(dialect: &Dialect, bytes: &[u8], at: &mut usize) -> Result<u64, Malformed> {
    let start = *at;
    let taken = take(bytes, at, bitmap_word_bytes(dialect), Part::Bitmap)?;
    if dialect.bitmap_coding() != Coding::Hex {
        return Ok(taken.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)));
    }
    let mut word = 0;
    for (offset, byte) in taken.iter().enumerate() {
        let nibble = scan::hex_value(*byte)
            .ok_or_else(|| Malformed::new(Part::Bitmap, start + offset, Why::NotHex))?;
        word = word << 4 | u64::from(nibble);
    }
    Ok(word)
}

fn decode_field(field: &Field, bytes: &[u8], at: &mut usize) -> Result<Span, Malformed> {
    let part = Part::Field(field.number);
    let units = match field.length {
        Length::Fixed(units) => usize::from(units),
        Length::Ll(max) | Length::Lll(max) | Length::Llll(max) => {
            let start = *at;
            let units = decode_prefix(field, take(bytes, at, field.prefix_bytes(), part)?)
                .map_err(|(offset, why)| Malformed::new(part, start + offset, why))?;
            if units > usize::from(max) {
                let why = Why::TooLong { max: usize::from(max), found: units };
                return Err(Malformed::new(part, start, why));
            }
            units
        }
    };
    let start = *at;
    let content = take(bytes, at, field.content_bytes(units), part)?;
    text::check(field, content, units).map_err(|(offset, why)| Malformed::new(part, start + offset, why))?;
    Ok(Span { at: start as u16, units: units as u16 })
}

fn decode_prefix(field: &Field, prefix: &[u8]) -> Result<usize, (usize, Why)> {
    let mut length = 0;
    match field.prefix {
        Coding::Bcd => {
            if let Some(offset) = scan::first_not_bcd(prefix) {
                return Err((offset, Why::NotDigit));
            }
            for byte in prefix {
                length = length * 100 + usize::from(byte >> 4) * 10 + usize::from(byte & 0x0F);
            }
        }
        Coding::Binary => {
            for byte in prefix {
                length = length << 8 | usize::from(*byte);
            }
        }
        Coding::Ascii | Coding::Ebcdic | Coding::Gbk | Coding::Hex => {
            for (offset, byte) in prefix.iter().enumerate() {
                let digit = text::ascii_of(*byte, field.prefix).filter(u8::is_ascii_digit);
                let digit = digit.ok_or((offset, Why::NotDigit))?;
                length = length * 10 + usize::from(digit - b'0');
            }
        }
    }
    Ok(length)
}

impl<'a> Message<'a> {
    /// The dialect it was decoded in.
    #[must_use]
    pub const fn dialect(&self) -> &'static Dialect {
        self.dialect
    }

    /// All its bytes, from the transport address or header on.
    #[must_use]
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The message type.
    #[must_use]
    pub const fn mti(&self) -> Mti {
        self.mti
    }

    /// The transport address, where the dialect has one.
    #[must_use]
    pub fn tpdu(&self) -> Option<Tpdu> {
        if self.dialect.has_tpdu() { self.bytes.first_chunk().copied().map(Tpdu) } else { None }
    }

    /// The header; empty where the dialect has none.
    #[must_use]
    pub fn header(&self) -> &'a [u8] {
        let end = usize::from(self.mti_at);
        &self.bytes[end - self.dialect.header().bytes()..end]
    }

    /// The bitmap: field 1 is the highest bit, field 128 the lowest.
    #[must_use]
    pub const fn bitmap(&self) -> u128 {
        self.bitmap
    }

    /// Whether a field is there.
    #[must_use]
    pub const fn has(&self, number: u8) -> bool {
        number >= 2 && number <= FIELD_NUMBER_MAX as u8 && self.bitmap & bit(number) != 0
    }

    /// The numbers of the fields that are there, ascending, without the bit of the second bitmap.
    pub fn numbers(&self) -> impl Iterator<Item = u8> + use<> {
        let mut left = self.bitmap & !bit(1);
        std::iter::from_fn(move || {
            let number = left.leading_zeros() as u8 + 1;
            left &= !bit(number.min(FIELD_NUMBER_MAX as u8));
            (usize::from(number) <= FIELD_NUMBER_MAX).then_some(number)
        })
    }

    /// The definition, the content and its length in units.
    pub(crate) fn part(&self, number: u8) -> Option<(&'static Field, &'a [u8], usize)> {
        if !self.has(number) {
            return None;
        }
        let field = self.dialect.field(number)?;
        let span = self.spans[usize::from(number)];
        let (at, units) = (usize::from(span.at), usize::from(span.units));
        Some((field, &self.bytes[at..at + field.content_bytes(units)], units))
    }

    /// The content of a field as it lies on the wire, without its length.
    #[must_use]
    pub fn raw(&self, number: u8) -> Option<&'a [u8]> {
        self.part(number).map(|(_, content, _)| content)
    }

    /// The length of a field in its own unit: digits where packed, characters where text, bytes where binary.
    #[must_use]
    pub fn units(&self, number: u8) -> Option<usize> {
        self.part(number).map(|(_, _, units)| units)
    }

    /// A field with its length in front, as it lies on the wire.
    pub(crate) fn whole(&self, number: u8) -> Option<&'a [u8]> {
        let (field, content, _) = self.part(number)?;
        let at = usize::from(self.spans[usize::from(number)].at);
        Some(&self.bytes[at - field.prefix_bytes()..at + content.len()])
    }

    /// The text of a field, as it is shown and as [`crate::Builder::put_text`] takes it: digits and characters as
    /// they are, bytes as upper-case hexadecimal, the separator of a packed track as the dialect shows it, and
    /// with the filler nibble where the table says so (`0510`). Borrowed where the wire has it as ASCII.
    ///
    /// Unmasked: what is shown to people goes through [`crate::describe`] or [`crate::Entry::masked`].
    #[must_use]
    pub fn text(&self, number: u8) -> Option<Cow<'a, str>> {
        let (field, content, units) = self.part(number)?;
        Some(text::text(field, content, units, self.dialect))
    }

    /// Copies the text of a field into the caller's memory; `None` where the field is not there or does not fit.
    #[must_use]
    pub fn copy_text<'b>(&self, number: u8, into: &'b mut [u8]) -> Option<&'b str> {
        let (field, content, units) = self.part(number)?;
        let length = text::copy(field, content, units, self.dialect, into)?;
        std::str::from_utf8(&into[..length]).ok()
    }

    /// The digits of a field of digits, without a filler: `051` where the text is `0510`. `None` for other classes.
    #[must_use]
    pub fn digits(&self, number: u8) -> Option<Digits> {
        let (field, content, units) = self.part(number)?;
        Digits::read(field, content, units)
    }

    /// The value of a field of digits; `None` for other classes and where it is over 64 bits.
    #[must_use]
    pub fn number(&self, number: u8) -> Option<u64> {
        let (field, content, units) = self.part(number)?;
        if field.class == Class::N && field.coding == Coding::Bcd && units % 2 == 0 && units <= 18 {
            return Some(
                content
                    .iter()
                    .fold(0, |sum, byte| sum * 100 + u64::from(byte >> 4) * 10 + u64::from(byte & 0x0F)),
            );
        }
        let digits = Digits::read(field, content, units)?;
        digits.bytes().try_fold(0u64, |sum, digit| sum.checked_mul(10)?.checked_add(u64::from(digit - b'0')))
    }

    /// The bytes of a binary field of exactly that size (a MAC, a PIN block), also where the wire has hexadecimal.
    #[must_use]
    pub fn binary<const N: usize>(&self, number: u8) -> Option<[u8; N]> {
        let (field, content, _) = self.part(number)?;
        if !field.is_binary() {
            return None;
        }
        if field.coding != Coding::Hex {
            return content.try_into().ok();
        }
        let mut bytes = [0; N];
        (content.len() == 2 * N && text::unhex(content, &mut bytes)).then_some(bytes)
    }

    /// The bytes of a binary field, borrowed unless the wire has hexadecimal.
    #[must_use]
    pub fn octets(&self, number: u8) -> Option<Cow<'a, [u8]>> {
        let (field, content, _) = self.part(number)?;
        if !field.is_binary() {
            return None;
        }
        if field.coding != Coding::Hex {
            return Some(Cow::Borrowed(content));
        }
        let mut bytes = vec![0; content.len() / 2];
        text::unhex(content, &mut bytes).then_some(Cow::Owned(bytes))
    }

    /// The elements of a TLV field, read lazily; `None` where the field is not there, is no TLV, or lies as
    /// hexadecimal (then [`Message::octets`] has the bytes). Offsets in errors count from the field's content.
    #[must_use]
    pub fn tlv(&self, number: u8) -> Option<Tlv<'a>> {
        let (field, content, _) = self.part(number)?;
        (field.class == Class::Tlv && field.coding == Coding::Binary)
            .then(|| Tlv::new(content, self.dialect.private_tags()))
    }

    /// What a message authentication code is made over: from the message type up to, but without, field 64 or 128,
    /// whichever is there last; to the end where neither is.
    #[must_use]
    pub fn mac_input(&self) -> &'a [u8] {
        let end = [128, 64]
            .into_iter()
            .find(|number| self.has(*number))
            .map_or(self.bytes.len(), |number| usize::from(self.spans[usize::from(number)].at));
        &self.bytes[usize::from(self.mti_at)..end]
    }
}

impl fmt::Debug for Message<'_> {
    /// The type and the numbers of the fields, never their content.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Message({} {} {:?})", self.dialect.name(), self.mti, self.numbers().collect::<Vec<_>>())
    }
}

/// Whether the digits of an odd packed field stand behind the filler.
pub(crate) const fn filler_first(field: &Field, units: usize) -> bool {
    matches!(field.align, Align::Right) && units % 2 == 1
}
