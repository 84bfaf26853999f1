//! BER-TLV as chip cards use it (EMV Book 3, Annex B): read where it lies, written with definite lengths.
//!
//! What a tag means is not known here; the names and formats that describing and data object lists need are in
//! [`crate::tags`].

use std::fmt;

use crate::malformed::{Malformed, Part, Why};

/// The most bytes of a tag.
pub const TAG_BYTES_MAX: usize = 4;
/// The most constructed elements around one another.
pub const DEPTH_MAX: usize = 8;

/// How tags `FF00` to `FFFF` are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrivateTags {
    /// By BER: constructed, since the bit is set.
    Ber,
    /// Two bytes and primitive although the bit is set, as UnionPay's signature slips have them.
    Primitive,
}

/// A tag, its bytes as one number: `0x9F26`, `0x82`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag(pub u32);

impl Tag {
    /// Bytes of the tag.
    #[must_use]
    pub const fn bytes(self) -> usize {
        match self.0 {
            0..=0xFF => 1,
            0x100..=0xFFFF => 2,
            0x1_0000..=0xFF_FFFF => 3,
            0x100_0000..=u32::MAX => 4,
        }
    }

    /// Whether it holds other elements.
    #[must_use]
    pub const fn is_constructed(self, private: PrivateTags) -> bool {
        let first = (self.0 >> (8 * (self.bytes() - 1))) as u8;
        let exempt = matches!(private, PrivateTags::Primitive) && self.0 >> 8 == 0xFF;
        first & 0x20 != 0 && !exempt
    }

    /// Reads a tag at `at`; the tag and the place behind it.
    fn read(bytes: &[u8], at: usize, part: Part, private: PrivateTags) -> Result<(Self, usize), Malformed> {
        let short = |have| Malformed::new(part, at, Why::Short { need: have + 1, have });
        let first = *bytes.get(at).ok_or_else(|| short(0))?;
        let mut tag = u32::from(first);
        if first & 0x1F != 0x1F {
            return Ok((Self(tag), at + 1));
        }
        let mut end = at + 1;
        loop {
            let next = *bytes.get(end).ok_or_else(|| short(end - at))?;
            if end - at == TAG_BYTES_MAX {
                return Err(Malformed::new(part, at, Why::TooWide));
            }
            tag = tag << 8 | u32::from(next);
            end += 1;
            let two_bytes = first == 0xFF && private == PrivateTags::Primitive;
            if next & 0x80 == 0 || two_bytes {
                return Ok((Self(tag), end));
            }
        }
    }

    fn write(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0.to_be_bytes()[4 - self.bytes()..]);
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:0width$X}", self.0, width = self.bytes() * 2)
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tag({self})")
    }
}

/// One element: a tag and its value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Element<'a> {
    /// The tag.
    pub tag: Tag,
    /// The value; of a constructed element, the elements inside.
    pub value: &'a [u8],
    /// Where the tag begins in the string that was read first.
    pub offset: usize,
    /// Where the value begins in the string that was read first.
    pub value_offset: usize,
    private: PrivateTags,
}

impl<'a> Element<'a> {
    /// Whether the value is made of elements.
    #[must_use]
    pub const fn is_constructed(&self) -> bool {
        self.tag.is_constructed(self.private)
    }

    /// The elements inside; nothing for a primitive one.
    #[must_use]
    pub fn inside(&self) -> Tlv<'a> {
        let bytes: &[u8] = if self.is_constructed() { self.value } else { &[] };
        Tlv { bytes, at: 0, base: self.value_offset, private: self.private, broken: false }
    }
}

impl fmt::Debug for Element<'_> {
    /// The tag and the length, never the value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{} bytes]", self.tag, self.value.len())
    }
}

/// The elements of a TLV string, one after the other. Filler bytes `00` between elements are passed over (EMV
/// Book 3, Annex B1). After an error there is nothing more.
#[derive(Clone)]
pub struct Tlv<'a> {
    bytes: &'a [u8],
    at: usize,
    base: usize,
    private: PrivateTags,
    broken: bool,
}

impl<'a> Tlv<'a> {
    /// Reads a string of elements.
    #[must_use]
    pub const fn new(bytes: &'a [u8], private: PrivateTags) -> Self {
        Self { bytes, at: 0, base: 0, private, broken: false }
    }

    /// The value of the first element of that tag, not looking inside constructed ones; `None` too where the
    /// string is malformed before it.
    #[must_use]
    pub fn find(&self, tag: Tag) -> Option<&'a [u8]> {
        self.clone().map_while(Result::ok).find(|element| element.tag == tag).map(|element| element.value)
    }

    /// Shows every element, the constructed ones before what is inside, with the number of elements around it.
    ///
    /// # Errors
    /// [`Part::Tlv`] with the place of the element that does not hold, or that is nested deeper than [`DEPTH_MAX`].
    pub fn walk(&self, each: &mut dyn FnMut(usize, Element<'a>)) -> Result<(), Malformed> {
        self.walk_at(0, each)
    }

    fn walk_at(&self, depth: usize, each: &mut dyn FnMut(usize, Element<'a>)) -> Result<(), Malformed> {
        for element in self.clone() {
            let element = element?;
            if depth == DEPTH_MAX {
                return Err(Malformed::new(Part::Tlv, element.offset, Why::TooDeep));
            }
            each(depth, element);
            element.inside().walk_at(depth + 1, each)?;
        }
        Ok(())
    }

    fn read(&mut self) -> Result<Element<'a>, Malformed> {
        let start = self.at;
        let moved = |malformed: Malformed| Malformed { offset: malformed.offset + self.base, ..malformed };
        let (tag, end) = Tag::read(self.bytes, start, Part::Tlv, self.private).map_err(moved)?;
        let (length, value_at) = read_length(self.bytes, end).map_err(moved)?;
        let have = self.bytes.len() - value_at;
        if length > have {
            let why = Why::Short { need: length, have };
            return Err(Malformed::new(Part::Tlv, self.base + value_at, why));
        }
        self.at = value_at + length;
        Ok(Element {
            tag,
            value: &self.bytes[value_at..self.at],
            offset: self.base + start,
            value_offset: self.base + value_at,
            private: self.private,
        })
    }
}

impl<'a> Iterator for Tlv<'a> {
    type Item = Result<Element<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.bytes.get(self.at) == Some(&0) {
            self.at += 1;
        }
        if self.broken || self.at == self.bytes.len() {
            return None;
        }
        let element = self.read();
        self.broken = element.is_err();
        Some(element)
    }
}

/// Reads a length at `at`: the length and the place behind it.
fn read_length(bytes: &[u8], at: usize) -> Result<(usize, usize), Malformed> {
    let short = |need, have| Malformed::new(Part::Tlv, at, Why::Short { need, have });
    let first = *bytes.get(at).ok_or_else(|| short(1, 0))?;
    let count = usize::from(first & 0x7F);
    if first & 0x80 == 0 {
        return Ok((count, at + 1));
    }
    match count {
        0 => Err(Malformed::new(Part::Tlv, at, Why::Indefinite)),
        1..=4 => {
            let end = at + 1 + count;
            let digits = bytes.get(at + 1..end).ok_or_else(|| short(1 + count, bytes.len() - at))?;
            let length = digits.iter().fold(0u32, |sum, byte| sum << 8 | u32::from(*byte));
            Ok((length as usize, end))
        }
        _ => Err(Malformed::new(Part::Tlv, at, Why::TooWide)),
    }
}

fn write_length(length: usize, out: &mut Vec<u8>) {
    let bytes = (length as u32).to_be_bytes();
    match length {
        0..=0x7F => out.push(bytes[3]),
        0x80..=0xFF => out.extend_from_slice(&[0x81, bytes[3]]),
        0x100..=0xFFFF => out.extend_from_slice(&[0x82, bytes[2], bytes[3]]),
        0x1_0000..=0xFF_FFFF => out.extend_from_slice(&[0x83, bytes[1], bytes[2], bytes[3]]),
        _ => {
            out.push(0x84);
            out.extend_from_slice(&bytes);
        }
    }
}

/// Appends one element, its length in the shortest definite form.
///
/// # Panics
/// Where the value is longer than four bytes of length can say.
pub fn write(tag: Tag, value: &[u8], out: &mut Vec<u8>) {
    assert!(u32::try_from(value.len()).is_ok(), "a value is shorter than 4 GiB");
    tag.write(out);
    write_length(value.len(), out);
    out.extend_from_slice(value);
}

/// Appends a constructed element around what `inside` writes.
pub fn write_around(tag: Tag, out: &mut Vec<u8>, inside: impl FnOnce(&mut Vec<u8>)) {
    let mut value = Vec::new();
    inside(&mut value);
    write(tag, &value, out);
}

/// A data object list: tags and the lengths wanted of them (EMV Book 3, section 5.4).
#[derive(Clone)]
pub struct Dol<'a> {
    bytes: &'a [u8],
    at: usize,
    broken: bool,
}

impl<'a> Dol<'a> {
    /// Reads a list.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, broken: false }
    }

    /// Appends the data the list asks for. Each value is cut or filled by the format of its tag: numbers keep
    /// their right end and are filled with zeros on the left, compressed numbers keep their left end and are
    /// filled with `F`, anything else keeps its left end and is filled with zeros. What is not there is zeros.
    ///
    /// # Errors
    /// [`Part::Dol`] with the place of the entry that does not hold; what was appended before it stays.
    pub fn build<'v>(
        &self,
        value_of: impl Fn(Tag) -> Option<&'v [u8]>,
        out: &mut Vec<u8>,
    ) -> Result<(), Malformed> {
        for entry in self.clone() {
            let (tag, length) = entry?;
            fit(value_of(tag).unwrap_or(&[]), usize::from(length), crate::tags::format(tag), out);
        }
        Ok(())
    }
}

impl Iterator for Dol<'_> {
    type Item = Result<(Tag, u8), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.broken || self.at == self.bytes.len() {
            return None;
        }
        let entry = Tag::read(self.bytes, self.at, Part::Dol, PrivateTags::Ber).and_then(|(tag, end)| {
            match self.bytes.get(end) {
                Some(length) => {
                    self.at = end + 1;
                    Ok((tag, *length))
                }
                None => Err(Malformed::new(Part::Dol, end, Why::Short { need: 1, have: 0 })),
            }
        });
        self.broken = entry.is_err();
        Some(entry)
    }
}

/// Appends exactly `length` bytes of a value.
fn fit(value: &[u8], length: usize, format: crate::tags::Format, out: &mut Vec<u8>) {
    let missing = length.saturating_sub(value.len());
    let cut = value.len().saturating_sub(length);
    match format {
        // A value that is not there at all is zeros, whatever its format.
        crate::tags::Format::CompressedNumeric if !value.is_empty() => {
            out.extend_from_slice(&value[..value.len() - cut]);
            out.resize(out.len() + missing, 0xFF);
        }
        crate::tags::Format::Numeric => {
            out.resize(out.len() + missing, 0);
            out.extend_from_slice(&value[cut..]);
        }
        crate::tags::Format::CompressedNumeric | crate::tags::Format::Binary | crate::tags::Format::Text => {
            out.extend_from_slice(&value[..value.len() - cut]);
            out.resize(out.len() + missing, 0);
        }
    }
}
