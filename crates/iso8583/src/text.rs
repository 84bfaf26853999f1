//! Content of one field: checking it, showing it as text, and writing it from text.
//!
//! What is shown here is what can be written again: the two directions stand side by side.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use crate::charset;
use crate::dialect::Dialect;
use crate::field::{Class, Coding, Field, Length};
use crate::malformed::{Malformed, Part, Why};
use crate::message::filler_first;
use crate::mti::Mti;
use crate::scan;

/// Digits that fit in [`Digits`]: the longest field of digits.
pub const DIGITS_MAX: usize = 322;

/// The digits of a field, held in place. Reads like a `str`; its `Debug` says only how many, since they may be a
/// card number.
#[derive(Clone)]
pub struct Digits {
    length: u16,
    ascii: [u8; DIGITS_MAX],
}

impl Digits {
    pub(crate) fn read(field: &Field, content: &[u8], units: usize) -> Option<Self> {
        if field.class != Class::N || units > DIGITS_MAX {
            return None;
        }
        let mut digits = Self { length: units as u16, ascii: [0; DIGITS_MAX] };
        match field.coding {
            Coding::Bcd => {
                let skip = usize::from(filler_first(field, units));
                for (at, slot) in digits.ascii[..units].iter_mut().enumerate() {
                    *slot = b'0' + nibble(content, at + skip);
                }
            }
            Coding::Ascii | Coding::Ebcdic | Coding::Gbk | Coding::Binary | Coding::Hex => {
                for (slot, byte) in digits.ascii.iter_mut().zip(content) {
                    *slot = ascii_of(*byte, field.coding)?;
                }
            }
        }
        Some(digits)
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.ascii[..usize::from(self.length)]).unwrap_or_default()
    }
}

impl Deref for Digits {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Debug for Digits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digits({})", self.length)
    }
}

/// The nibble at a place, counted from the left.
fn nibble(bytes: &[u8], at: usize) -> u8 {
    if at.is_multiple_of(2) { bytes[at / 2] >> 4 } else { bytes[at / 2] & 0x0F }
}

/// The ASCII character of a byte in a character coding.
pub(crate) const fn ascii_of(byte: u8, coding: Coding) -> Option<u8> {
    match coding {
        Coding::Ebcdic => charset::from_ebcdic(byte),
        Coding::Bcd | Coding::Ascii | Coding::Gbk | Coding::Binary | Coding::Hex => Some(byte),
    }
}

/// Bytes of hexadecimal characters; false where one is not.
pub(crate) fn unhex(characters: &[u8], bytes: &mut [u8]) -> bool {
    for (pair, byte) in characters.chunks_exact(2).zip(bytes) {
        let (Some(high), Some(low)) = (scan::hex_value(pair[0]), scan::hex_value(pair[1])) else {
            return false;
        };
        *byte = high << 4 | low;
    }
    true
}

/// Whether an ASCII character belongs to a class of characters.
const fn belongs(class: Class, ascii: u8) -> bool {
    match class {
        Class::N | Class::Xn => ascii.is_ascii_digit(),
        Class::A => ascii.is_ascii_alphabetic() || ascii == b' ',
        Class::An => ascii.is_ascii_alphanumeric() || ascii == b' ',
        Class::Ans => matches!(ascii, 0x20..=0x7E),
        // ISO 7811-2 characters 0x30 to 0x3F, and the letter some write for the separator.
        Class::Z => matches!(ascii, 0x30..=0x3F | b'D'),
        Class::B | Class::Tlv => ascii.is_ascii_hexdigit(),
    }
}

/// The classes of characters each byte belongs to, one bit a class.
const BELONGS: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut bits = 0;
        let classes = [Class::A, Class::An, Class::Ans, Class::Z];
        let mut at = 0;
        while at < classes.len() {
            if belongs(classes[at], byte as u8) {
                bits |= class_bit(classes[at]);
            }
            at += 1;
        }
        table[byte] = bits;
        byte += 1;
    }
    table
};

const fn class_bit(class: Class) -> u8 {
    match class {
        Class::A => 1,
        Class::An => 2,
        Class::Ans => 4,
        Class::Z => 8,
        // Checked in ways of their own.
        Class::N | Class::Xn | Class::B | Class::Tlv => 0,
    }
}

/// Whether all ASCII characters belong to the class, at a glance.
fn all_belong(class: Class, content: &[u8]) -> bool {
    let bit = class_bit(class);
    bit != 0 && content.iter().fold(bit, |all, byte| all & BELONGS[usize::from(*byte)]) != 0
}

/// Checks the content of a field as it lies on the wire; the byte of the content at fault, and why.
pub(crate) fn check(field: &Field, content: &[u8], units: usize) -> Result<(), (usize, Why)> {
    match field.coding {
        Coding::Binary => Ok(()),
        Coding::Bcd => check_packed(field, content, units),
        Coding::Gbk => first(charset::first_not_gbk(content), Why::NotText),
        Coding::Hex => {
            if units % 2 == 1 {
                return Err((0, Why::LengthDiffers { stated: units, found: units + 1 }));
            }
            first(scan::first_not_hex(content), Why::NotHex)
        }
        Coding::Ascii | Coding::Ebcdic => check_characters(field, content),
    }
}

fn first(found: Option<usize>, why: Why) -> Result<(), (usize, Why)> {
    match found {
        Some(at) => Err((at, why)),
        None => Ok(()),
    }
}

fn check_packed(field: &Field, content: &[u8], units: usize) -> Result<(), (usize, Why)> {
    let mut digits = content;
    let mut skipped = 0;
    if field.class == Class::Xn {
        match content.split_first() {
            Some((b'C' | b'D', rest)) => digits = rest,
            Some(_) => return Err((0, Why::NotSign)),
            None => return Ok(()),
        }
        skipped = 1;
    }
    let odd = (units - skipped) % 2 == 1;
    let Some(last) = digits.len().checked_sub(1) else {
        return Ok(());
    };
    if !odd || field.filler_shown {
        return if field.class == Class::Z {
            Ok(())
        } else {
            first(scan::first_not_bcd(digits).map(|at| at + skipped), Why::NotDigit)
        };
    }
    // The filler is zero; on the right, terminals write F too.
    let front = filler_first(field, units - skipped);
    let (at, filler, digit, rest) = if front {
        (0, digits[0] >> 4, digits[0] & 0x0F, &digits[1..])
    } else {
        (last, digits[last] & 0x0F, digits[last] >> 4, &digits[..last])
    };
    if field.class != Class::Z {
        if let Some(bad) = scan::first_not_bcd(rest) {
            return Err((bad + usize::from(front) + skipped, Why::NotDigit));
        }
        if digit > 9 {
            return Err((at + skipped, Why::NotDigit));
        }
    }
    if filler != 0 && (front || filler != 0x0F) {
        return Err((at + skipped, Why::Padding));
    }
    Ok(())
}

fn check_characters(field: &Field, content: &[u8]) -> Result<(), (usize, Why)> {
    if field.coding == Coding::Ascii && field.class == Class::N {
        return first(scan::first_not_digit(content), Why::NotDigit);
    }
    if field.coding == Coding::Ascii && all_belong(field.class, content) {
        return Ok(());
    }
    for (at, byte) in content.iter().enumerate() {
        let ascii = ascii_of(*byte, field.coding);
        let sign = at == 0 && field.class == Class::Xn;
        let good = match ascii {
            Some(ascii) if sign => matches!(ascii, b'C' | b'D'),
            Some(ascii) => belongs(field.class, ascii),
            None => false,
        };
        if !good {
            return Err((at, wrong(field.class, sign)));
        }
    }
    Ok(())
}

const fn wrong(class: Class, sign: bool) -> Why {
    match class {
        Class::N => Why::NotDigit,
        Class::Xn if sign => Why::NotSign,
        Class::Xn => Why::NotDigit,
        Class::A | Class::An | Class::Ans | Class::Z => Why::NotInClass,
        Class::B | Class::Tlv => Why::NotHex,
    }
}

/// Bytes of UTF-8 that the text of a field takes; an upper bound for GBK.
fn text_bytes(field: &Field, content: &[u8], units: usize) -> usize {
    match field.coding {
        Coding::Bcd if field.filler_shown => content.len() * 2,
        Coding::Bcd | Coding::Ascii | Coding::Ebcdic | Coding::Hex => units,
        Coding::Binary => units * 2,
        Coding::Gbk => content.len() * 2,
    }
}

/// Writes the text of a field whose text is ASCII, one character at a time.
fn each_ascii(field: &Field, content: &[u8], units: usize, dialect: &Dialect, put: &mut dyn FnMut(u8)) {
    match field.coding {
        Coding::Bcd => {
            let mut digits = content;
            let mut count = units;
            if field.class == Class::Xn && !content.is_empty() {
                put(content[0]);
                digits = &content[1..];
                count -= 1;
            }
            let (skip, count) = if field.filler_shown {
                (0, digits.len() * 2)
            } else {
                (usize::from(filler_first(field, count)), count)
            };
            for at in skip..skip + count {
                match nibble(digits, at) {
                    0x0D if field.class == Class::Z => put(dialect.track_separator() as u8),
                    digit => put(scan::hex_digit(digit)),
                }
            }
        }
        Coding::Binary => {
            for byte in content {
                put(scan::hex_digit(byte >> 4));
                put(scan::hex_digit(*byte));
            }
        }
        Coding::Ascii | Coding::Ebcdic | Coding::Gbk => {
            for byte in content {
                // Checked when it was decoded; a character that is none is not shown.
                put(ascii_of(*byte, field.coding).unwrap_or(b'?'));
            }
        }
        Coding::Hex => {
            for byte in content {
                put(byte.to_ascii_uppercase());
            }
        }
    }
}

/// The text of a field.
pub(crate) fn text<'a>(field: &Field, content: &'a [u8], units: usize, dialect: &Dialect) -> Cow<'a, str> {
    let lies_as_text = match field.coding {
        Coding::Ascii => true,
        Coding::Gbk => content.is_ascii(),
        Coding::Hex => !content.iter().any(u8::is_ascii_lowercase),
        Coding::Bcd | Coding::Ebcdic | Coding::Binary => false,
    };
    if lies_as_text && let Ok(text) = std::str::from_utf8(content) {
        return Cow::Borrowed(text);
    }
    if field.coding == Coding::Gbk {
        return Cow::Owned(charset::from_gbk(content));
    }
    let mut text = String::with_capacity(text_bytes(field, content, units));
    each_ascii(field, content, units, dialect, &mut |ascii| text.push(char::from(ascii)));
    Cow::Owned(text)
}

/// Copies the text of a field; its length, or `None` where it does not fit.
pub(crate) fn copy(
    field: &Field,
    content: &[u8],
    units: usize,
    dialect: &Dialect,
    into: &mut [u8],
) -> Option<usize> {
    if field.coding == Coding::Gbk && !content.is_ascii() {
        let text = charset::from_gbk(content);
        into.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
        return Some(text.len());
    }
    let length = match field.coding {
        Coding::Gbk => content.len(),
        Coding::Bcd | Coding::Ascii | Coding::Ebcdic | Coding::Binary | Coding::Hex => {
            text_bytes(field, content, units)
        }
    };
    let mut slots = into.get_mut(..length)?.iter_mut();
    each_ascii(field, content, units, dialect, &mut |ascii| {
        if let Some(slot) = slots.next() {
            *slot = ascii;
        }
    });
    Some(length)
}

/// What is put into a field.
#[derive(Clone, Copy)]
pub enum Value<'v> {
    /// The text of the field as [`crate::Message::text`] shows it. Of a packed track, `=` is taken for `D`; of a
    /// field whose text shows the filler, the digits alone are taken too; a fixed field of characters is filled
    /// with spaces on the right.
    Text(&'v str),
    /// A number for a field of digits, filled with zeros on the left where the field is fixed.
    Number(u64),
    /// Bytes for a binary field; for a packed field its digits in ASCII; for a text field its characters in the
    /// dialect's own character set.
    Bytes(&'v [u8]),
}

/// Appends a field with its length in front; where in the value it does not hold, and why.
pub(crate) fn encode(field: &Field, value: Value<'_>, out: &mut Vec<u8>) -> Result<(), (usize, Why)> {
    let start = out.len();
    let prefix = field.prefix_bytes();
    out.resize(start + prefix, 0);
    let units = encode_content(field, value, out)?;
    let max = usize::from(field.length.max());
    match field.length {
        Length::Fixed(_) if units < max => {
            return Err((0, Why::TooShort { min: max, found: units }));
        }
        Length::Fixed(_) | Length::Ll(_) | Length::Lll(_) | Length::Llll(_) => {}
    }
    if units > max {
        return Err((0, Why::TooLong { max, found: units }));
    }
    check(field, &out[start + prefix..], units)?;
    encode_prefix(field, units, &mut out[start..start + prefix]);
    Ok(())
}

/// Writes a length into its place.
fn encode_prefix(field: &Field, units: usize, place: &mut [u8]) {
    let mut left = units;
    for slot in place.iter_mut().rev() {
        match field.prefix {
            Coding::Bcd => {
                *slot = (((left / 10 % 10) << 4) | (left % 10)) as u8;
                left /= 100;
            }
            Coding::Binary => {
                *slot = left as u8;
                left >>= 8;
            }
            Coding::Ascii | Coding::Gbk | Coding::Hex => {
                *slot = b'0' + (left % 10) as u8;
                left /= 10;
            }
            Coding::Ebcdic => {
                *slot = 0xF0 + (left % 10) as u8;
                left /= 10;
            }
        }
    }
}

/// Appends content; its length in the unit of the field.
fn encode_content(field: &Field, value: Value<'_>, out: &mut Vec<u8>) -> Result<usize, (usize, Why)> {
    let start = out.len();
    match value {
        Value::Number(number) => {
            if field.class != Class::N {
                return Err((0, Why::WrongKind));
            }
            let mut ascii = [b'0'; DIGITS_MAX];
            let width = match field.length {
                Length::Fixed(width) => usize::from(width),
                Length::Ll(_) | Length::Lll(_) | Length::Llll(_) => 1,
            };
            let mut left = number;
            let mut length = 0;
            while left > 0 || length < width {
                length += 1;
                ascii[DIGITS_MAX - length] = b'0' + (left % 10) as u8;
                left /= 10;
            }
            encode_digits(field, &ascii[DIGITS_MAX - length..], out)
        }
        Value::Bytes(bytes) => match field.coding {
            Coding::Binary => {
                out.extend_from_slice(bytes);
                Ok(bytes.len())
            }
            Coding::Hex => {
                for byte in bytes {
                    out.extend_from_slice(&[scan::hex_digit(byte >> 4), scan::hex_digit(*byte)]);
                }
                Ok(bytes.len() * 2)
            }
            Coding::Bcd => encode_digits(field, bytes, out),
            Coding::Ascii | Coding::Ebcdic | Coding::Gbk => {
                out.extend_from_slice(bytes);
                fill_with_spaces(field, start, out);
                Ok(out.len() - start)
            }
        },
        Value::Text(text) => encode_text(field, text, out),
    }
}

fn encode_text(field: &Field, text: &str, out: &mut Vec<u8>) -> Result<usize, (usize, Why)> {
    let start = out.len();
    match field.coding {
        Coding::Bcd => encode_digits(field, text.as_bytes(), out),
        Coding::Gbk => {
            charset::to_gbk(text, out).map_err(|at| (at, Why::NotText))?;
            fill_with_spaces(field, start, out);
            Ok(out.len() - start)
        }
        Coding::Ascii | Coding::Ebcdic => {
            for (at, byte) in text.bytes().enumerate() {
                let sign = at == 0 && field.class == Class::Xn;
                let coded = match field.coding {
                    Coding::Ebcdic => charset::to_ebcdic(byte),
                    Coding::Bcd | Coding::Ascii | Coding::Gbk | Coding::Binary | Coding::Hex => Some(byte),
                };
                out.push(coded.ok_or((at, wrong(field.class, sign)))?);
            }
            fill_with_spaces(field, start, out);
            Ok(out.len() - start)
        }
        Coding::Binary | Coding::Hex => {
            if let Some(at) = scan::first_not_hex(text.as_bytes()) {
                return Err((at, Why::NotHex));
            }
            if text.len() % 2 == 1 {
                return Err((0, Why::LengthDiffers { stated: text.len(), found: text.len() + 1 }));
            }
            if field.coding == Coding::Hex {
                out.extend(text.bytes().map(|byte| byte.to_ascii_uppercase()));
                return Ok(text.len());
            }
            out.resize(start + text.len() / 2, 0);
            unhex(text.as_bytes(), &mut out[start..]);
            Ok(text.len() / 2)
        }
    }
}

/// Fills a fixed field of characters with spaces on the right (ISO 8583, justification of `a`, `an` and `ans`).
fn fill_with_spaces(field: &Field, start: usize, out: &mut Vec<u8>) {
    let Length::Fixed(width) = field.length else {
        return;
    };
    let filled = start + usize::from(width);
    if matches!(field.class, Class::A | Class::An | Class::Ans) && out.len() < filled {
        out.resize(filled, if field.coding == Coding::Ebcdic { 0x40 } else { b' ' });
    }
}

/// Packs digits (or appends them as characters, for a number in a text dialect).
fn encode_digits(field: &Field, digits: &[u8], out: &mut Vec<u8>) -> Result<usize, (usize, Why)> {
    if field.coding != Coding::Bcd {
        for digit in digits {
            out.push(if field.coding == Coding::Ebcdic { 0xC0 | digit } else { *digit });
        }
        return Ok(digits.len());
    }
    let mut packed = digits;
    let mut signed = 0;
    if field.class == Class::Xn {
        match digits.split_first() {
            Some((sign @ (b'C' | b'D'), rest)) => {
                out.push(*sign);
                packed = rest;
                signed = 1;
            }
            Some(_) => return Err((0, Why::NotSign)),
            None => return Ok(0),
        }
    }
    let mut units = packed.len();
    let width = usize::from(field.length.max());
    // The text with its filler, whose nibbles are the wire's.
    let with_filler = field.filler_shown && units == width + 1 && width % 2 == 1;
    if with_filler {
        units = width;
    }
    let filler_first = !with_filler && filler_first(field, units);
    let mut held = if filler_first { Some(0) } else { None };
    for (at, character) in packed.iter().enumerate() {
        let nibble = match (field.class, character) {
            (Class::Z, b'=') => 0x0D,
            (Class::Z, letter) => scan::hex_value(*letter).ok_or((at + signed, Why::NotInClass))?,
            (_, b'0'..=b'9') => character - b'0',
            (_, _) => return Err((at + signed, Why::NotDigit)),
        };
        match held.take() {
            Some(high) => out.push(high << 4 | nibble),
            None => held = Some(nibble),
        }
    }
    if let Some(high) = held {
        out.push(high << 4);
    }
    Ok(units + signed)
}

/// Writes groups of digits one behind the other.
pub(crate) struct DigitsWriter {
    field: u8,
    digits: Digits,
}

impl Digits {
    pub(crate) const fn writer(field: u8) -> DigitsWriter {
        DigitsWriter { field, digits: Self { length: 0, ascii: [b'0'; DIGITS_MAX] } }
    }
}

impl DigitsWriter {
    /// Appends a number with zeros on the left; refused where it has more digits than the group.
    pub(crate) fn group(&mut self, value: u64, width: usize) -> Result<(), Malformed> {
        let start = usize::from(self.digits.length);
        let mut left = value;
        for slot in self.digits.ascii[start..start + width].iter_mut().rev() {
            *slot = b'0' + (left % 10) as u8;
            left /= 10;
        }
        if left > 0 {
            let why = Why::TooLong { max: width, found: value.to_string().len() };
            return Err(Malformed::new(Part::Field(self.field), start, why));
        }
        self.digits.length += width as u16;
        Ok(())
    }

    /// Appends the four digits of a message type.
    pub(crate) fn mti(&mut self, mti: Mti) -> Result<(), Malformed> {
        mti.digits().iter().try_for_each(|digit| self.group(u64::from(digit - b'0'), 1))
    }

    pub(crate) fn done(self) -> Digits {
        self.digits
    }
}
