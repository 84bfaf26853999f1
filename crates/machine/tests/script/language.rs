//! The words of the scripts: figures, times, names, and what is said of an outcome.
//!
//! No machine is asked here.

use machine::cause::Cause;
use machine::freeze::{Actor, Exit, Reach};
use machine::money::{Currency, Money};
use machine::outcome::{Exception, Facts, Refusal};
use machine::time::{DAY_MS, HOUR_MS, Local, MINUTE_MS, Timestamp, Zone};
use std::fmt::Write;

/// The words behind a line's verb.
pub struct Words<'a> {
    words: Vec<&'a str>,
}

impl<'a> Words<'a> {
    pub fn of(line: &'a str) -> Words<'a> {
        Words { words: line.split_whitespace().collect() }
    }

    /// The next word.
    pub fn next(&mut self) -> &'a str {
        assert!(!self.words.is_empty(), "a word is missing");
        self.words.remove(0)
    }

    /// The next word, if it is of this kind.
    pub fn next_if(&mut self, kind: impl Fn(&str) -> bool) -> Option<&'a str> {
        self.words.first().is_some_and(|word| kind(word)).then(|| self.words.remove(0))
    }

    /// Takes an amount out wherever it stands.
    pub fn amount(&mut self) -> Option<i64> {
        let place = self.words.iter().position(|word| is_amount(word))?;
        Some(minor(self.words.remove(place)))
    }

    /// Takes a word out wherever it stands.
    pub fn has(&mut self, word: &str) -> bool {
        let place = self.words.iter().position(|&other| other == word);
        place.map(|place| self.words.remove(place)).is_some()
    }

    /// Takes `key=value` out wherever it stands.
    pub fn value(&mut self, key: &str) -> Option<&'a str> {
        let prefix = format!("{key}=");
        let place = self.words.iter().position(|word| word.starts_with(&prefix))?;
        Some(&self.words.remove(place)[prefix.len()..])
    }

    /// All that is left.
    pub fn rest(&mut self) -> String {
        self.words.drain(..).collect::<Vec<_>>().join(" ")
    }

    /// Nothing may be left: a word nobody understood is a mistake in the script.
    pub fn end(self) {
        assert!(self.words.is_empty(), "nobody understands {:?}", self.words);
    }
}

/// `60.00`, `-1.50`, `max` (no limit).
pub fn minor(text: &str) -> i64 {
    match text {
        "max" => i64::MAX,
        "min" => i64::MIN,
        _ => {
            let (whole, cents) = text.split_once('.').unwrap_or_else(|| panic!("{text} is no amount"));
            let sign = if whole.starts_with('-') { -1 } else { 1 };
            whole.parse::<i64>().unwrap() * 100 + sign * cents.parse::<i64>().unwrap()
        }
    }
}

fn is_amount(text: &str) -> bool {
    matches!(text, "max" | "min")
        || text.trim_start_matches('-').starts_with(|c: char| c.is_ascii_digit()) && text.contains('.')
}

pub fn money(minor: i64) -> String {
    Money::new(minor, Currency::CNY).to_string()
}

/// `3d`, `2h`, `10m`, `5s`, `7ms`.
pub fn span(text: &str) -> i64 {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "d" => DAY_MS,
        "h" => HOUR_MS,
        "m" => MINUTE_MS,
        "s" => 1000,
        "ms" => 1,
        other => panic!("{other} is no unit of time"),
    };
    digits.parse::<i64>().unwrap() * unit
}

/// `2026-03-10T10:00` at UTC+8.
pub fn moment(text: &str) -> Timestamp {
    let number = |range: std::ops::Range<usize>| text[range].parse::<i64>().unwrap();
    let (year, month, day) = (number(0..4), number(5..7), number(8..10));
    let of_day = number(11..13) * HOUR_MS + number(14..16) * MINUTE_MS;
    // Counted up from a day near it: the machine's own calendar is what is tested.
    let mut days = (year - 1970) * 365;
    loop {
        let Local { year: y, month: m, day_of_month: d, .. } = Zone(0).local(Timestamp(days * DAY_MS));
        if (y, i64::from(m), i64::from(d)) == (year, month, day) {
            return Timestamp(days * DAY_MS + of_day - 8 * HOUR_MS);
        }
        days += 1;
    }
}

/// A moment as the scripts write it.
pub fn written(at: Timestamp) -> String {
    let l = Zone::CHINA.local(at);
    format!("{:04}-{:02}-{:02}T{:02}:{:02}", l.year, l.month, l.day_of_month, l.hour(), l.minute())
}

pub fn actor(name: &str) -> Actor {
    name.parse().unwrap()
}

pub fn cause(slug: &str) -> Cause {
    Cause::by_slug(slug).unwrap_or_else(|| panic!("{slug} is no cause"))
}

pub fn reach(text: &str) -> Reach {
    match text {
        "pin" => Reach::PinUse,
        "debits" => Reach::NewDebits,
        "all" => Reach::All,
        other => panic!("{other} is no reach"),
    }
}

pub fn exit(text: &str) -> Exit {
    match text {
        "expires" => Exit::Expires,
        "confirms" => Exit::HolderConfirms,
        "review1" => Exit::Review { approvers: 1 },
        "review2" => Exit::Review { approvers: 2 },
        "review3" => Exit::Review { approvers: 3 },
        "holder" => Exit::HolderLifts,
        "replacement" => Exit::Replacement,
        "authority" => Exit::AuthorityOnly,
        "signin" => Exit::SignIn,
        other => panic!("{other} is no exit"),
    }
}

/// The figures of a decision, but for what is available; `counts` says whether the limit is a number of
/// payments.
pub fn facts(facts: &Facts, counts: bool) -> String {
    let mut told = String::new();
    let mut say = |word: &str, value: String| write!(told, ", {word} {value}").unwrap();
    let figure = |value: i64| if counts { value.to_string() } else { money(value) };
    if let Some(limit) = facts.limit {
        say("limit", figure(limit));
    }
    if let Some(used) = facts.used {
        say("used", figure(used));
    }
    if let Some(tries) = facts.tries_left {
        say("tries left", tries.to_string());
    }
    if let Some(freeze) = facts.freeze {
        say("freeze", format!("F{}", freeze.0));
    }
    if let Some(until) = facts.until {
        say("until", written(until));
    }
    told
}

pub fn exception(exception: Option<Exception>) -> String {
    match exception {
        None => String::new(),
        Some(Exception::PostedDespite(cause)) => format!(", despite {}", cause.slug()),
        Some(other) => format!(", exception {}", words(&format!("{other:?}"))),
    }
}

pub fn refusal(refusal: &Refusal) -> String {
    format!("refused: {}", words(&format!("{refusal:?}")))
}

/// `NotFound(Account)` as `not found account`.
fn words(name: &str) -> String {
    let mut told = String::new();
    for c in name.chars() {
        match c {
            '(' => told.push(' '),
            ')' => {}
            c if c.is_ascii_uppercase() && told.ends_with(|c: char| c.is_ascii_alphanumeric()) => {
                told.push(' ');
                told.push(c.to_ascii_lowercase());
            }
            c => told.push(c.to_ascii_lowercase()),
        }
    }
    told
}
