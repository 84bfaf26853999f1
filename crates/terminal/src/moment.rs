//! The moment of an act as the terminal's clock and dice had it: given, never taken.
//!
//! No clock is read and no number is drawn here.

/// A local date and time, to the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalTime {
    year: u8,
    month: u8,
    day: u8,
    hour: u8,
    minute: u8,
    second: u8,
}

impl LocalTime {
    /// A date (`year` 0 to 99 of this century, `month` 1 to 12, `day` 1 to 31) and a time (hours, minutes, seconds).
    /// `None` outside these ranges; whether the month has the day is not asked.
    pub fn new(date: (u8, u8, u8), time: (u8, u8, u8)) -> Option<Self> {
        let ((year, month, day), (hour, minute, second)) = (date, time);
        let holds = year <= 99
            && (1..=12).contains(&month)
            && (1..=31).contains(&day)
            && hour <= 23
            && minute <= 59
            && second <= 59;
        holds.then_some(Self { year, month, day, hour, minute, second })
    }

    /// `YYMMDD`.
    pub fn yymmdd(&self) -> String {
        format!("{:02}{:02}{:02}", self.year, self.month, self.day)
    }

    /// `MMDD`.
    pub fn mmdd(&self) -> String {
        format!("{:02}{:02}", self.month, self.day)
    }

    /// `hhmmss`.
    pub fn hhmmss(&self) -> String {
        format!("{:02}{:02}{:02}", self.hour, self.minute, self.second)
    }

    /// `20YYMMDDhhmmss`, as slips and their chip data have it.
    pub fn full(&self) -> String {
        format!("20{}{}", self.yymmdd(), self.hhmmss())
    }
}

/// When an act happens, and the unpredictable number of its chip transaction (tag 9F37).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The terminal's clock.
    pub at: LocalTime,
    /// The terminal's dice.
    pub nonce: u32,
}
