//! Cards as they are asked for and told: a hashed name and the last four digits.
//!
//! A card number or PIN comes in here once, as a `Secret`, and is in nothing that goes out.

use super::ids::{AccountText, CardText};
use machine::account::Card;
use machine::command::{CardStanding, Switches};
use machine::ids::AccountId;
use machine::time::Expiry;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::borrow::Cow;
use std::fmt;

/// A card number or PIN on its way to the host that hashes it. Shows nothing of itself.
#[derive(Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The text itself: for the host's token and PIN reference, and nothing else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl JsonSchema for Secret {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Secret".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "password", "writeOnly": true })
    }
}

/// `2029-11`: the last month a card is good in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ExpiryText(pub Expiry);

const NOT_AN_EXPIRY: &str = "not an expiry: year and month, such as 2029-11";

impl Serialize for ExpiryText {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&format_args!("20{:02}-{:02}", self.0.year, self.0.month))
    }
}

impl<'de> Deserialize<'de> for ExpiryText {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<ExpiryText, D::Error> {
        let text = Cow::<'de, str>::deserialize(from)?;
        let read = || {
            let (year, month) = text.strip_prefix("20")?.split_once('-')?;
            let two =
                |part: &str| (part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit())).then_some(());
            two(year).and(two(month))?;
            let expiry = Expiry { year: year.parse().ok()?, month: month.parse().ok()? };
            (1..=12).contains(&expiry.month).then_some(ExpiryText(expiry))
        };
        read().ok_or_else(|| de::Error::custom(NOT_AN_EXPIRY))
    }
}

impl JsonSchema for ExpiryText {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Expiry".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^20[0-9]{2}-(0[1-9]|1[0-2])$", "examples": ["2029-11"] })
    }
}

/// A new card.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CardAsked {
    /// Whose.
    pub account: AccountText,
    /// The number on the card. It is hashed at once and kept nowhere.
    pub card_number: Secret,
    /// Its PIN; none for a card without one. Only a verification value is kept.
    #[serde(default)]
    pub pin: Option<Secret>,
    /// The last month it is good in.
    pub expiry: ExpiryText,
    /// Whether it is active at once.
    #[serde(default)]
    pub active: bool,
    /// Whether it has a chip.
    #[serde(default = "yes")]
    pub chip: bool,
    /// The card it replaces.
    #[serde(default)]
    pub replaces: Option<CardText>,
}

fn yes() -> bool {
    true
}

/// A new PIN.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PinAsked {
    /// The number on the card, which the verification value hangs on. It has to be this card's.
    pub card_number: Secret,
    /// The new PIN.
    pub pin: Secret,
}

/// Ways of use the holder can switch off.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SwitchesTwin {
    /// Magnetic stripe.
    pub stripe: bool,
    /// Contactless.
    pub contactless: bool,
    /// Shown as a code.
    pub code: bool,
    /// Typed in, or on file.
    pub remote: bool,
    /// Outside the home country.
    pub abroad: bool,
    /// At night.
    pub night: bool,
}

impl From<Switches> for SwitchesTwin {
    fn from(switches: Switches) -> SwitchesTwin {
        let Switches { stripe, contactless, code, remote, abroad, night } = switches;
        SwitchesTwin { stripe, contactless, code, remote, abroad, night }
    }
}

impl From<SwitchesTwin> for Switches {
    fn from(twin: SwitchesTwin) -> Switches {
        let SwitchesTwin { stripe, contactless, code, remote, abroad, night } = twin;
        Switches { stripe, contactless, code, remote, abroad, night }
    }
}

/// What a card is good for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StandingWord {
    /// Not yet activated.
    Inactive,
    /// In use.
    Active,
    /// Reported lost.
    Lost,
    /// Reported stolen.
    Stolen,
    /// Replaced by another.
    Replaced,
}

/// A card.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Card")]
pub struct CardTold {
    /// Its hashed name.
    pub id: CardText,
    /// Its account.
    pub account: AccountText,
    /// The last four digits.
    pub last4: String,
    /// The last month it is good in.
    pub expiry: ExpiryText,
    /// What it is good for.
    pub standing: StandingWord,
    /// The card it was replaced by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<CardText>,
    /// Whether it has a chip.
    pub chip: bool,
    /// Whether it has a PIN.
    pub has_pin: bool,
    /// Wrong PINs in a row.
    pub wrong_pins: u8,
    /// Ways of use.
    pub switches: SwitchesTwin,
    /// Whether a freeze is in force on the card or its PIN.
    pub frozen: bool,
}

/// The last four digits as a text.
#[must_use]
pub fn last4(digits: [u8; 4]) -> String {
    digits.iter().map(|digit| char::from(*digit)).collect()
}

/// Tells a card.
#[must_use]
pub fn tell(card: &Card, account: AccountId) -> CardTold {
    let (standing, replaced_by) = match card.standing {
        CardStanding::Inactive => (StandingWord::Inactive, None),
        CardStanding::Active => (StandingWord::Active, None),
        CardStanding::Lost => (StandingWord::Lost, None),
        CardStanding::Stolen => (StandingWord::Stolen, None),
        CardStanding::Replaced(by) => (StandingWord::Replaced, Some(CardText(by))),
    };
    CardTold {
        id: CardText(card.id),
        account: AccountText(account),
        last4: last4(card.last4),
        expiry: ExpiryText(card.expiry),
        standing,
        replaced_by,
        chip: card.chip,
        has_pin: card.pin.is_some(),
        wrong_pins: card.tries,
        switches: card.switches.into(),
        frozen: !card.freezes.is_empty(),
    }
}
