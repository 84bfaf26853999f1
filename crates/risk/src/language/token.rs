//! Words of the rule language, each with its line and column.
//!
//! No meaning is given to a word here.

use super::Fault;

/// Where something stands: line and column, both from 1. Two texts that differ only in layout are equal, so
/// all places are.
#[derive(Clone, Copy, Debug, Default)]
pub struct Place {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

impl PartialEq for Place {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Place {}

/// A word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Word {
    Name(String),
    Number(i64),
    /// Seconds.
    Span(i64),
    Text(String),
    /// `#` and up to 16 hexadecimal digits.
    Id(u64),
    /// `2026-12-31`: seconds since 1970 of its first moment, UTC.
    Date(i64),
    Sign(&'static str),
    /// A line that begins with `#` and a blank: kept for the printer.
    Note(String),
    End,
}

impl Word {
    /// As a message names it.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Name(name) => format!("`{name}`"),
            Self::Number(number) => format!("`{number}`"),
            Self::Span(seconds) => format!("`{}`", super::print::span(*seconds)),
            Self::Text(text) => format!("\"{text}\""),
            Self::Id(id) => format!("`#{id:x}`"),
            Self::Date(at) => format!("`{}`", super::print::date(*at)),
            Self::Sign(sign) => format!("`{sign}`"),
            Self::Note(_) => "a comment".to_owned(),
            Self::End => "the end of the file".to_owned(),
        }
    }
}

const SIGNS: [&str; 23] = [
    "&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "(", ")", "[", "]", "{", "}", ",", "+", "-", "*", "/",
    "%", "=", ":",
];

/// Largest rule file, in bytes.
pub const RULES_BYTES_MAX: usize = 1 << 20;

/// Splits a text into words. The last is [`Word::End`].
pub(super) fn words(text: &str) -> Result<Vec<(Word, Place)>, Fault> {
    let mut words = Vec::new();
    if text.len() > RULES_BYTES_MAX {
        return Err(Fault::new(Place { line: 1, column: 1 }, "the file is longer than a mebibyte: split it"));
    }
    let mut last = 0;
    for (number, line) in text.lines().enumerate() {
        last = number as u32 + 1;
        let mut rest = line;
        loop {
            let trimmed = rest.trim_start();
            if trimmed.is_empty() {
                break;
            }
            let before = &line[..line.len() - trimmed.len()];
            let place = Place { line: last, column: before.chars().count() as u32 + 1 };
            let (word, length) = word(trimmed, before.trim().is_empty(), place)?;
            if let Some(word) = word {
                words.push((word, place));
            }
            rest = &trimmed[length..];
        }
    }
    words.push((Word::End, Place { line: last + 1, column: 1 }));
    Ok(words)
}

/// The first word of a non-empty text and its length in bytes; no word for a comment behind something.
fn word(text: &str, first: bool, place: Place) -> Result<(Option<Word>, usize), Fault> {
    let whole = |keep: fn(char) -> bool| text.find(|c: char| !keep(c)).unwrap_or(text.len());
    let initial = text.chars().next().unwrap_or(' ');
    if initial == '#' {
        let digits = text[1..].find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(text.len() - 1);
        if digits > 0 && !text[1 + digits..].starts_with(|c: char| c.is_alphanumeric()) {
            let id = u64::from_str_radix(&text[1..=digits], 16)
                .ok()
                .filter(|id| *id <= i64::MAX as u64)
                .ok_or_else(|| {
                    Fault::new(place, "an id has at most 63 bits: 16 digits, the first up to 7")
                })?;
            return Ok((Some(Word::Id(id)), digits + 1));
        }
        let note = text[1..].strip_prefix(' ').unwrap_or(&text[1..]).trim_end().to_owned();
        return Ok((first.then_some(Word::Note(note)), text.len()));
    }
    if initial.is_ascii_alphabetic() || initial == '_' {
        let length = whole(|c| c.is_ascii_alphanumeric() || c == '_');
        return Ok((Some(Word::Name(text[..length].to_owned())), length));
    }
    if initial.is_ascii_digit() {
        let length = whole(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.');
        if let Some(day) = text.get(..10).and_then(date) {
            return Ok((Some(Word::Date(day)), 10));
        }
        return Ok((Some(number(&text[..length], place)?), length));
    }
    if initial == '"' {
        let Some(end) = text[1..].find('"') else {
            return Err(Fault::new(place, "this text has no end: a `\"` is missing on the line"));
        };
        return Ok((Some(Word::Text(text[1..=end].to_owned())), end + 2));
    }
    match SIGNS.iter().find(|sign| text.starts_with(**sign)) {
        Some(sign) => Ok((Some(Word::Sign(sign)), sign.len())),
        None => Err(Fault::new(place, format!("`{initial}` means nothing here"))),
    }
}

/// A number or a span.
fn number(text: &str, place: Place) -> Result<Word, Fault> {
    if text.contains('.') {
        return Err(Fault::new(place, "no decimals: money is whole minor units (22000 for 220.00)"));
    }
    let (digits, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let too_large = || Fault::new(place, format!("`{text}` is too large"));
    let number: i64 = digits.parse().map_err(|_| too_large())?;
    let seconds = match unit {
        "" => return Ok(Word::Number(number)),
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => {
            return Err(Fault::new(
                place,
                format!("`{text}` is neither a number nor a span: spans are 30s, 10m, 1h, 7d"),
            ));
        }
    };
    number.checked_mul(seconds).map(Word::Span).ok_or_else(too_large)
}

/// `YYYY-MM-DD` as seconds since 1970.
pub(crate) fn date(text: &str) -> Option<i64> {
    let mut parts = text.split('-');
    let mut next = |length: usize| parts.next().filter(|part| part.len() == length)?.parse::<i64>().ok();
    let (year, month, day) = (next(4)?, next(2)?, next(2)?);
    let days = days_of(year, month, day);
    ((1..=12).contains(&month) && super::print::civil(days) == (year, month, day)).then_some(days * 86_400)
}

/// Days since 1970-01-01 of a Gregorian date (Hinnant: "chrono-compatible low-level date algorithms").
fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}
