//! Time as the journal knows it, and the calendar of an account.
//!
//! No clock lives here: a `Timestamp` comes in with the command. No time zone database either: an account
//! keeps its offset from UTC, and a change of it (daylight saving, a move) is a command like any other.

use borsh::{BorshDeserialize, BorshSerialize};

/// Milliseconds in a day.
pub const DAY_MS: i64 = 86_400_000;
/// Milliseconds in an hour.
pub const HOUR_MS: i64 = 3_600_000;
/// Milliseconds in a minute.
pub const MINUTE_MS: i64 = 60_000;

/// Milliseconds since 1970-01-01T00:00:00Z, without leap seconds.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, BorshSerialize, BorshDeserialize,
)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Later by `ms` milliseconds; stays within `i64`.
    #[must_use]
    pub const fn plus(self, ms: i64) -> Timestamp {
        Timestamp(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to this; negative if this is earlier.
    #[must_use]
    pub const fn since(self, earlier: Timestamp) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// Offset from UTC in minutes, east positive: China is 480. Range -1080 to 1080.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, BorshSerialize, BorshDeserialize)]
pub struct Zone(pub i16);

impl Zone {
    /// China Standard Time, UTC+8 all year.
    pub const CHINA: Zone = Zone(480);
    /// Largest offset taken, either way, in minutes.
    pub const MINUTES_MAX: i16 = 1080;

    /// The civil time at `at` here.
    #[must_use]
    pub const fn local(self, at: Timestamp) -> Local {
        let ms = at.0.saturating_add(self.0 as i64 * MINUTE_MS);
        let day = ms.div_euclid(DAY_MS);
        let of_day = ms.rem_euclid(DAY_MS);
        let (year, month, day_of_month) = civil(day);
        Local { day, year, month, day_of_month, ms_of_day: of_day }
    }
}

/// A civil date and time of day.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Local {
    /// Days since 1970-01-01.
    pub day: i64,
    /// Year.
    pub year: i64,
    /// Month, 1 to 12.
    pub month: u8,
    /// Day of the month, 1 to 31.
    pub day_of_month: u8,
    /// Milliseconds since midnight.
    pub ms_of_day: i64,
}

impl Local {
    /// Hour of the day, 0 to 23.
    #[must_use]
    pub const fn hour(&self) -> u8 {
        (self.ms_of_day / HOUR_MS) as u8
    }

    /// Minute of the hour, 0 to 59.
    #[must_use]
    pub const fn minute(&self) -> u8 {
        (self.ms_of_day % HOUR_MS / MINUTE_MS) as u8
    }

    /// Second of the minute, 0 to 59.
    #[must_use]
    pub const fn second(&self) -> u8 {
        (self.ms_of_day % MINUTE_MS / 1000) as u8
    }

    /// Months since year 0: equal within one calendar month.
    #[must_use]
    pub const fn month_number(&self) -> i64 {
        self.year * 12 + self.month as i64 - 1
    }
}

/// Days since 1970-01-01 to (year, month, day) of the proleptic Gregorian calendar, by counting eras of
/// 400 years that begin on the first of March.
const fn civil(day: i64) -> (i64, u8, u8) {
    let z = day + 719_468;
    let era = z.div_euclid(146_097);
    let of_era = z.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day_of_month = (of_year - (153 * shifted + 2) / 5 + 1) as u8;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 } as u8;
    let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month, day_of_month)
}

/// Expiry as printed on a card: the last month it is valid in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, BorshSerialize, BorshDeserialize)]
pub struct Expiry {
    /// Two digits, 00 to 99, of this century.
    pub year: u8,
    /// 1 to 12.
    pub month: u8,
}

impl Expiry {
    /// Whether the month has passed at `local`.
    #[must_use]
    pub const fn passed(self, local: &Local) -> bool {
        let last = (2000 + self.year as i64) * 12 + self.month as i64 - 1;
        local.month_number() > last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_calendar_agrees_with_known_days() {
        let check = |ms: i64, zone: i16, expected: (i64, u8, u8, u8, u8)| {
            let l = Zone(zone).local(Timestamp(ms));
            assert_eq!((l.year, l.month, l.day_of_month, l.hour(), l.minute()), expected, "{ms} at {zone}");
        };
        check(0, 0, (1970, 1, 1, 0, 0));
        check(0, 480, (1970, 1, 1, 8, 0));
        check(-1, 0, (1969, 12, 31, 23, 59));
        check(951_782_400_000, 0, (2000, 2, 29, 0, 0));
        check(1_709_164_800_000 - 8 * HOUR_MS, 480, (2024, 2, 29, 0, 0));
        check(4_107_542_400_000, 0, (2100, 3, 1, 0, 0));
        check(1_735_689_599_999, 0, (2024, 12, 31, 23, 59));
        check(1_735_689_599_999, 480, (2025, 1, 1, 7, 59));
    }

    #[test]
    fn a_card_is_good_through_its_last_month() {
        let expiry = Expiry { year: 26, month: 11 };
        let local = |ms| Zone::CHINA.local(Timestamp(ms));
        assert!(!expiry.passed(&local(1_796_054_399_999)), "2026-11-30 23:59:59 at UTC+8");
        assert!(expiry.passed(&local(1_796_054_400_000)), "2026-12-01 00:00:00 at UTC+8");
    }
}
