//! Showing a message to people, with what must not be seen taken out by the table.
//!
//! Masking is the default everywhere: whoever wants all must say so.

use std::borrow::Cow;
use std::fmt::{self, Write};

use crate::field::{Coding, Field, Masking};
use crate::message::Message;
use crate::tags::{self, Sight};
use crate::tlv::{Element, PrivateTags, Tlv};

/// The shortest run of digits that is hidden in free text: the shortest card number. Pay codes are 16 to 24
/// digits, retrieval reference numbers (12) stay visible.
pub const HIDDEN_RUN_MIN: usize = 13;
/// Digits shown at the front of a card number.
const ENDS_FRONT: usize = 6;
/// Digits shown at its end.
const ENDS_BACK: usize = 4;

/// How much to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mask {
    /// Card numbers by their ends; no track, PIN block, key, pay code or telling chip data.
    Ends,
    /// Everything.
    Unmasked,
}

/// One field of a message, for those who write it in a form of their own (JSON).
#[derive(Clone, Copy)]
pub struct Entry<'m, 'a> {
    message: &'m Message<'a>,
    /// What the field is.
    pub field: &'static Field,
    content: &'a [u8],
}

impl<'m, 'a> Entry<'m, 'a> {
    /// Its number.
    #[must_use]
    pub const fn number(&self) -> u8 {
        self.field.number
    }

    /// Its text, all of it (see [`Message::text`]).
    #[must_use]
    pub fn text(&self) -> Cow<'a, str> {
        self.message.text(self.field.number).unwrap_or_default()
    }

    /// Its text with what must not be seen replaced by stars, character for character.
    #[must_use]
    pub fn masked(&self) -> Cow<'a, str> {
        let text = self.text();
        match self.field.masking {
            Masking::Open => text,
            Masking::Ends => Cow::Owned(ends(&text)),
            Masking::Track => Cow::Owned(track(&text)),
            Masking::Never => Cow::Owned(stars(text.chars().count())),
            Masking::Scan => scan_runs(text),
            Masking::Chip => Cow::Owned(self.chip(&text)),
        }
    }

    /// The text as `mask` says.
    #[must_use]
    pub fn shown(&self, mask: Mask) -> Cow<'a, str> {
        match mask {
            Mask::Ends => self.masked(),
            Mask::Unmasked => self.text(),
        }
    }

    /// Hexadecimal of chip data with stars for the values that must not be seen. Where the elements do not hold,
    /// everything is stars: nobody knows what it would be.
    fn chip(&self, text: &str) -> String {
        let mut shown: Vec<u8> = text.bytes().collect();
        let Some(bytes) = self.message.octets(self.field.number) else {
            return stars(text.len());
        };
        let tlv = Tlv::new(&bytes, self.message.dialect().private_tags());
        let walked = tlv.walk(&mut |_, element| {
            if element.is_constructed() {
                return;
            }
            let at = element.value_offset * 2;
            let place = &mut shown[at..at + element.value.len() * 2];
            match tags::sight(element.tag) {
                Sight::Shown => {}
                Sight::Hidden => place.fill(b'*'),
                Sight::Ends => mask_middle(place),
            }
        });
        if walked.is_err() {
            return stars(text.len());
        }
        String::from_utf8(shown).unwrap_or_default()
    }
}

impl fmt::Debug for Entry<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Entry({} [{} bytes])", self.field.number, self.content.len())
    }
}

impl<'a> Message<'a> {
    /// Its fields, ascending: number, name, text and masked text.
    pub fn entries<'m>(&'m self) -> impl Iterator<Item = Entry<'m, 'a>> {
        self.numbers().filter_map(|number| {
            self.part(number).map(|(field, content, _)| Entry { message: self, field, content })
        })
    }
}

fn stars(count: usize) -> String {
    "*".repeat(count)
}

/// Hides all but the ends; all where what is left between them would be guessed too easily.
fn mask_middle(characters: &mut [u8]) {
    let length = characters.len();
    if length < HIDDEN_RUN_MIN {
        characters.fill(b'*');
    } else {
        characters[ENDS_FRONT..length - ENDS_BACK].fill(b'*');
    }
}

/// The first six and the last four characters; only stars where it is shorter than a card number.
fn ends(text: &str) -> String {
    if !text.is_ascii() {
        return stars(text.chars().count());
    }
    let mut shown = text.as_bytes().to_vec();
    mask_middle(&mut shown);
    String::from_utf8(shown).unwrap_or_default()
}

/// The ends of the card number in front of the separator, and stars. Where there is no separator, or what stands
/// in front is no card number (the track is encrypted), only stars.
fn track(text: &str) -> String {
    match text.find(['=', 'D']) {
        Some(at) if text[..at].bytes().all(|byte| byte.is_ascii_digit()) => {
            ends(&text[..at]) + &stars(text.len() - at)
        }
        Some(_) | None => stars(text.chars().count()),
    }
}

/// Hides runs of digits long enough to be a card number or a pay code.
fn scan_runs(text: Cow<'_, str>) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let mut hidden: Option<Vec<u8>> = None;
    let mut at = 0;
    while at < bytes.len() {
        let run = bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if run >= HIDDEN_RUN_MIN {
            hidden.get_or_insert_with(|| bytes.to_vec())[at..at + run].fill(b'*');
        }
        at += run.max(1);
    }
    match hidden {
        Some(bytes) => Cow::Owned(String::from_utf8(bytes).unwrap_or_default()),
        None => text,
    }
}

/// Writes a message as a table: number, name, value; the elements of chip data below their field.
///
/// # Errors
/// Only those of `out`.
pub fn describe(message: &Message<'_>, out: &mut dyn Write, mask: Mask) -> fmt::Result {
    writeln!(out, "dialect  {}", message.dialect().name())?;
    if let Some(tpdu) = message.tpdu() {
        writeln!(out, "tpdu     {}", crate::scan::hex(&tpdu.0))?;
    }
    if !message.header().is_empty() {
        writeln!(out, "header   {}", crate::scan::hex(message.header()))?;
    }
    writeln!(out, "mti      {}", message.mti())?;
    let wide = message.bitmap() & crate::message::bit(1) != 0;
    let bitmap = message.bitmap().to_be_bytes();
    writeln!(out, "bitmap   {}", crate::scan::hex(&bitmap[..if wide { 16 } else { 8 }]))?;
    for entry in message.entries() {
        writeln!(out, "{:>4}  {:<40}  {}", entry.number(), entry.field.name, entry.shown(mask))?;
        if entry.field.masking == Masking::Chip {
            describe_chip(&entry, out, mask)?;
        }
    }
    Ok(())
}

fn describe_chip(entry: &Entry<'_, '_>, out: &mut dyn Write, mask: Mask) -> fmt::Result {
    let Some(bytes) = entry.message.octets(entry.field.number) else {
        return Ok(());
    };
    let private: PrivateTags = entry.message.dialect().private_tags();
    let mut written = Ok(());
    let walked = Tlv::new(&bytes, private).walk(&mut |depth, element| {
        if written.is_ok() {
            written = describe_element(depth, &element, out, mask);
        }
    });
    written?;
    match walked {
        Ok(()) => Ok(()),
        Err(malformed) => writeln!(out, "      {malformed}"),
    }
}

fn describe_element(depth: usize, element: &Element<'_>, out: &mut dyn Write, mask: Mask) -> fmt::Result {
    let name = tags::name(element.tag).unwrap_or("");
    let mut value = if element.is_constructed() { String::new() } else { crate::scan::hex(element.value) };
    if mask == Mask::Ends {
        value = match tags::sight(element.tag) {
            Sight::Shown => value,
            Sight::Ends => ends(&value),
            Sight::Hidden => stars(value.len()),
        };
    }
    let tag = element.tag.to_string();
    let line = format!("      {:depth$}{tag:<8}{name:<36}{value}", "", depth = depth * 2);
    writeln!(out, "{}", line.trim_end())
}

/// What a person reads of a field's definition: `n ..19 ll bcd`.
impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use crate::field::{Align, Class, Length};
        let class = match self.class {
            Class::N => "n",
            Class::A => "a",
            Class::An => "an",
            Class::Ans => "ans",
            Class::Z => "z",
            Class::Xn => "x+n",
            Class::B => "b",
            Class::Tlv => "tlv",
        };
        let coding = |coding| match coding {
            Coding::Bcd => "bcd",
            Coding::Ascii => "ascii",
            Coding::Ebcdic => "ebcdic",
            Coding::Gbk => "gbk",
            Coding::Binary => "binary",
            Coding::Hex => "hex",
        };
        let (length, prefix) = match self.length {
            Length::Fixed(length) => (format!("{length}"), String::new()),
            Length::Ll(max) => (format!("..{max}"), format!(" ll {}", coding(self.prefix))),
            Length::Lll(max) => (format!("...{max}"), format!(" lll {}", coding(self.prefix))),
            Length::Llll(max) => (format!("....{max}"), format!(" llll {}", coding(self.prefix))),
        };
        write!(f, "{class} {length} {}{prefix}", coding(self.coding))?;
        let can_be_odd = prefix_or_odd(self);
        if self.coding == Coding::Bcd && can_be_odd {
            f.write_str(match self.align {
                Align::Left => " left",
                Align::Right => " right",
            })?;
        }
        if self.filler_shown {
            f.write_str(" with filler")?;
        }
        f.write_str(match self.masking {
            Masking::Open => "",
            Masking::Ends => " [ends]",
            Masking::Track => " [track]",
            Masking::Never => " [never]",
            Masking::Chip => " [chip]",
            Masking::Scan => " [scan]",
        })
    }
}

/// Whether a packed field can hold an odd number of digits.
const fn prefix_or_odd(field: &Field) -> bool {
    let digits = match field.class {
        crate::field::Class::Xn => field.length.max() - 1,
        crate::field::Class::N
        | crate::field::Class::A
        | crate::field::Class::An
        | crate::field::Class::Ans
        | crate::field::Class::Z
        | crate::field::Class::B
        | crate::field::Class::Tlv => field.length.max(),
    };
    field.length.prefix_digits() > 0 || digits % 2 == 1
}
