//! One entry of a file of known answers, and the count of what became of them.
//!
//! No algorithm is tried here.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt::Display;

use cardcrypto::Pan;
use cardcrypto::emv::keys::CardSequence;
use cardcrypto::key::TdesKey;
use serde_json::{Map, Value};

/// Why an entry was not tried to its end.
pub enum Stop {
    /// The library refused it: right where it must be refused.
    Refused(String),
    /// The entry lacks a field or holds none of its kind.
    Unreadable(String),
    /// The entry asks for what the library does not offer.
    Unsupported(String),
}

/// Turns a refusal of the library into a [`Stop`].
pub fn refused(why: impl Display) -> Stop {
    Stop::Refused(why.to_string())
}

/// Fields that say something about an entry and are nothing to compute.
const REMARKS: &[&str] =
    &["source", "verified_by", "note", "label", "confidence", "why", "expect", "rule", "op"];

/// An entry with its place.
pub struct Entry<'a> {
    place: String,
    list: String,
    fields: &'a Map<String, Value>,
    tried: RefCell<BTreeSet<String>>,
}

impl<'a> Entry<'a> {
    pub fn new(place: &str, list: &str, fields: &'a Map<String, Value>) -> Self {
        Self { place: place.to_owned(), list: list.to_owned(), fields, tried: RefCell::default() }
    }

    /// An object inside this entry.
    pub fn inner(&self, field: &str) -> Option<Entry<'a>> {
        let fields = self.value(field)?.as_object()?;
        Some(Entry::new(&format!("{}.{field}", self.place), &self.list, fields))
    }

    /// The name of the list it stands in.
    pub fn list(&self) -> &str {
        &self.list
    }

    /// Names of all its fields.
    pub fn names(&self) -> impl Iterator<Item = &'a str> {
        self.fields.keys().map(String::as_str)
    }

    pub fn must_be_refused(&self) -> bool {
        let says = self.fields.get("expect").and_then(Value::as_str);
        matches!(says, Some("error" | "reject" | "refuse" | "invalid" | "fail"))
    }

    pub fn has(&self, field: &str) -> bool {
        self.fields.get(field).is_some_and(|value| !value.is_null())
    }

    pub fn value(&self, field: &str) -> Option<&'a Value> {
        self.tried.borrow_mut().insert(field.to_owned());
        self.fields.get(field).filter(|value| !value.is_null())
    }

    /// Fields that no one asked for.
    pub fn untried(&self) -> Vec<String> {
        let tried = self.tried.borrow();
        let left =
            self.fields.keys().filter(|name| !tried.contains(*name) && !REMARKS.contains(&name.as_str()));
        left.cloned().collect()
    }

    pub fn maybe_text(&self, field: &str) -> Option<&'a str> {
        self.value(field).and_then(Value::as_str)
    }

    pub fn text(&self, field: &str) -> Result<&'a str, Stop> {
        self.maybe_text(field).ok_or_else(|| Stop::Unreadable(format!("field {field} is missing")))
    }

    pub fn number(&self, field: &str) -> Result<u64, Stop> {
        let value = self.value(field).and_then(Value::as_u64);
        value.ok_or_else(|| Stop::Unreadable(format!("field {field} is no number")))
    }

    pub fn truth(&self, field: &str) -> Result<bool, Stop> {
        let value = self.value(field).and_then(Value::as_bool);
        value.ok_or_else(|| Stop::Unreadable(format!("field {field} is neither true nor false")))
    }

    pub fn bytes(&self, field: &str) -> Result<Vec<u8>, Stop> {
        unhex(self.text(field)?).ok_or_else(|| Stop::Unreadable(format!("field {field} is not hexadecimal")))
    }

    pub fn maybe_bytes(&self, field: &str) -> Result<Option<Vec<u8>>, Stop> {
        if self.has(field) { self.bytes(field).map(Some) } else { Ok(None) }
    }

    pub fn array<const N: usize>(&self, field: &str) -> Result<[u8; N], Stop> {
        let bytes = self.bytes(field)?;
        bytes.try_into().map_err(|_| Stop::Refused(format!("field {field} has not {N} bytes")))
    }

    pub fn pan(&self) -> Result<Pan, Stop> {
        Pan::parse(self.text("pan")?).map_err(refused)
    }

    pub fn tdes(&self, field: &str) -> Result<TdesKey, Stop> {
        TdesKey::new(&self.bytes(field)?).map_err(refused)
    }

    pub fn sequence(&self) -> Result<CardSequence, Stop> {
        let number = match self.maybe_text("psn") {
            None => 0,
            Some(text) => text.parse().map_err(|_| Stop::Refused("psn is no number".to_owned()))?,
        };
        CardSequence::new(number).map_err(refused)
    }
}

/// What became of the entries of a file.
pub struct Tally {
    pub passed: usize,
    pub failed: usize,
    pub skipped: usize,
    path: Option<String>,
}

impl Tally {
    /// One that prints what fails and what is passed over.
    pub fn loud(path: &str) -> Self {
        Self { passed: 0, failed: 0, skipped: 0, path: Some(path.to_owned()) }
    }

    /// One that only counts.
    pub fn quiet() -> Self {
        Self { passed: 0, failed: 0, skipped: 0, path: None }
    }

    pub fn pass(&mut self) {
        self.passed += 1;
    }

    pub fn fail(&mut self, entry: &Entry<'_>, why: &str) {
        self.failed += 1;
        self.say("FAILED", entry, why);
    }

    pub fn skip(&mut self, entry: &Entry<'_>, why: &str) {
        self.skipped += 1;
        self.say("skipped", entry, why);
    }

    fn say(&self, what: &str, entry: &Entry<'_>, why: &str) {
        if let Some(path) = &self.path {
            println!("{path}: {what} {}: {why}", entry.place);
        }
    }

    /// Passes when both texts are the same, letters of either case.
    pub fn same(&mut self, entry: &Entry<'_>, what: &str, got: &str, want: &str) {
        if got.eq_ignore_ascii_case(want) {
            self.pass();
        } else {
            self.fail(entry, &format!("{what}: {got} instead of {want}"));
        }
    }

    pub fn holds(&mut self, entry: &Entry<'_>, what: &str, holds: bool) {
        if holds { self.pass() } else { self.fail(entry, what) }
    }

    /// Compares bytes with the field's, where the entry has it.
    pub fn field(&mut self, entry: &Entry<'_>, field: &str, got: &[u8]) {
        if let Some(want) = entry.maybe_text(field) {
            self.same(entry, field, &hex(got), want);
        }
    }

    /// Compares a code with the field's, which may be cut to its first bytes.
    pub fn beginning(&mut self, entry: &Entry<'_>, field: &str, got: &[u8]) {
        if let Some(want) = entry.maybe_text(field) {
            let len = (want.len() / 2).min(got.len());
            self.same(entry, field, &hex(&got[..len]), want);
        }
    }

    /// Compares DES keys but for their parity, where the entry has the field.
    pub fn des_key(&mut self, entry: &Entry<'_>, field: &str, got: &TdesKey) -> Result<(), Stop> {
        if entry.has(field) {
            let want = entry.tdes(field)?;
            let (got, want) = (got.with_odd_parity(), want.with_odd_parity());
            self.same(entry, field, &hex(got.expose()), &hex(want.expose()));
        }
        Ok(())
    }
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

pub fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}

pub fn block<const N: usize>(bytes: &[u8]) -> Result<[u8; N], Stop> {
    bytes.try_into().map_err(|_| Stop::Refused(format!("not {N} bytes")))
}
