//! Lists cut into pages, newest first, and the short answer of a command of the house.
//!
//! What a cursor means belongs to each list; outside it is opaque.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Entries of a page where the caller does not say.
pub const LIMIT_DEFAULT: usize = 50;
/// Most entries of a page.
pub const LIMIT_MAX: usize = 200;

/// A page of a list, newest first.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[schemars(rename = "{T}Page")]
pub struct Page<T> {
    /// The entries.
    pub data: Vec<T>,
    /// Ask with this cursor for what comes after; none: that was all.
    pub next: Option<Cursor>,
}

/// A place in a list: what follows it is older.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cursor(pub u64);

impl Cursor {
    /// What to say of a text that is none.
    pub const NOT: &'static str = "not a cursor: take it from `next` of the page before";

    /// Reads one.
    #[must_use]
    pub fn read(text: &str) -> Option<Cursor> {
        let digits = text.strip_prefix("c_")?;
        (!digits.is_empty() && digits.len() <= 16)
            .then(|| u64::from_str_radix(digits, 36).ok())
            .flatten()
            .map(Cursor)
    }
}

impl Serialize for Cursor {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut digits = Vec::new();
        let mut rest = self.0;
        while rest > 0 || digits.is_empty() {
            digits.push(char::from_digit((rest % 36) as u32, 36).unwrap_or('0'));
            rest /= 36;
        }
        digits.push('_');
        digits.push('c');
        to.serialize_str(&digits.iter().rev().collect::<String>())
    }
}

impl<'de> Deserialize<'de> for Cursor {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Cursor, D::Error> {
        let text = String::deserialize(from)?;
        Cursor::read(&text).ok_or_else(|| serde::de::Error::custom(Cursor::NOT))
    }
}

impl JsonSchema for Cursor {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Cursor".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^c_[0-9a-z]{1,16}$" })
    }
}

/// A command of the house was done.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct Done {
    /// Always `done`.
    pub result: DoneWord,
    /// What it was done to.
    pub id: String,
    /// Where it can be looked at.
    pub href: String,
}

/// The one word of `Done`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DoneWord {
    /// Done.
    Done,
}

impl Done {
    /// Done to `id`, which lives under `href`.
    #[must_use]
    pub fn to(id: &str, href: String) -> Done {
        Done { result: DoneWord::Done, id: id.to_owned(), href }
    }
}
