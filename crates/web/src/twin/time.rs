//! Moments as RFC 3339 texts.
//!
//! No clock: the host's time comes with what it says.

use machine::time::{HOUR_MS, MINUTE_MS, Timestamp, Zone};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::borrow::Cow;
use std::fmt;

/// A moment: `2026-11-22T10:05:00.000Z`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Moment(pub Timestamp);

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let utc = Zone(0).local(self.0);
        let ms = utc.ms_of_day.rem_euclid(1000);
        let (hour, minute, second) = (utc.hour(), utc.minute(), utc.second());
        let (year, month, day) = (utc.year, utc.month, utc.day_of_month);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z")
    }
}

/// What to say of a text that is none.
pub const NOT_A_MOMENT: &str = "not a moment of RFC 3339, such as 2026-11-22T10:05:00Z";

/// Reads a moment of RFC 3339 with an offset; years 1970 to 9999, fractions cut to milliseconds.
#[must_use]
pub fn read_moment(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    let digits = |from: usize, to: usize| -> Option<i64> {
        let part = bytes.get(from..to)?;
        part.iter().all(u8::is_ascii_digit).then(|| part.iter().fold(0, |n, b| n * 10 + i64::from(b - b'0')))
    };
    let mark = |at: usize, allowed: &[u8]| bytes.get(at).is_some_and(|b| allowed.contains(b));
    if !(mark(4, b"-") && mark(7, b"-") && mark(10, b"Tt ") && mark(13, b":") && mark(16, b":")) {
        return None;
    }
    let (year, month, day) = (digits(0, 4)?, digits(5, 7)?, digits(8, 10)?);
    let (hour, minute, second) = (digits(11, 13)?, digits(14, 16)?, digits(17, 19)?);
    if !(1970..=9999).contains(&year) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let day_number = day_number(year, month, day)?;
    let mut at = 19;
    let mut ms = 0;
    if mark(at, b".") {
        let fraction = bytes[at + 1..].iter().take_while(|b| b.is_ascii_digit()).count();
        if fraction == 0 {
            return None;
        }
        for place in 0..3.min(fraction) {
            ms += i64::from(bytes[at + 1 + place] - b'0') * [100, 10, 1][place];
        }
        at += 1 + fraction;
    }
    let offset = match bytes.get(at)? {
        b'Z' | b'z' if bytes.len() == at + 1 => 0,
        sign @ (b'+' | b'-') if bytes.len() == at + 6 && mark(at + 3, b":") => {
            let (hours, minutes) = (digits(at + 1, at + 3)?, digits(at + 4, at + 6)?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            (hours * HOUR_MS + minutes * MINUTE_MS) * if *sign == b'+' { 1 } else { -1 }
        }
        _ => return None,
    };
    let of_day = hour * HOUR_MS + minute * MINUTE_MS + second * 1000 + ms;
    Some(Timestamp(day_number * machine::time::DAY_MS + of_day - offset))
}

/// Days since 1970-01-01 of a date of the proleptic Gregorian calendar; none of a date that is none.
/// Counted as `Zone::local` counts them back: years that begin in March, in eras of 400.
fn day_number(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let shifted = if month > 2 { year } else { year - 1 };
    let era = shifted.div_euclid(400);
    let of_era = shifted.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let number = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    let back = Zone(0).local(Timestamp(number * machine::time::DAY_MS));
    (i64::from(back.month) == month && i64::from(back.day_of_month) == day).then_some(number)
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Moment, D::Error> {
        let text = Cow::<'de, str>::deserialize(from)?;
        read_moment(&text).map(Moment).ok_or_else(|| de::Error::custom(NOT_A_MOMENT))
    }
}

impl JsonSchema for Moment {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Moment".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date-time", "examples": ["2026-11-22T10:05:00.000Z"] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_read_back_as_they_are_written() {
        for ms in [0, 1, 951_782_400_000, 1_795_341_900_123, 253_402_300_799_999] {
            let text = Moment(Timestamp(ms)).to_string();
            assert_eq!(read_moment(&text), Some(Timestamp(ms)), "{text}");
        }
        let at = |text| read_moment(text).map(|at| at.0);
        assert_eq!(at("1970-01-01T08:00:00+08:00"), Some(0));
        assert_eq!(at("1970-01-01T00:00:00.9999Z"), Some(999));
        assert_eq!(at("2024-02-29T00:00:00Z"), Some(1_709_164_800_000));
        for bad in [
            "",
            "2026",
            "2026-02-30T00:00:00Z",
            "2025-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-11-22T24:00:00Z",
            "2026-11-22T10:05:00",
            "2026-11-22T10:05:00.Z",
            "2026-11-22T10:05:00+8:00",
            "2026-11-22T10:05:00Zz",
            "二026-11-22T10:05:00Z",
            "1969-12-31T23:59:59Z",
        ] {
            assert_eq!(at(bad), None, "{bad}");
        }
    }
}
