//! Amounts as they stand in JSON: whole minor units and a currency, with a display beside.
//!
//! No float, and no arithmetic.

use super::currency;
use machine::explain::{Quantity, show_money};
use machine::money::{Currency, Money};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::borrow::Cow;

/// A currency by its letters of ISO 4217, or its digits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CurrencyText(pub Currency);

/// What to say of a text that is none.
pub const NOT_A_CURRENCY: &str = "not a currency of ISO 4217: three letters, such as CNY";

impl Serialize for CurrencyText {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match currency::letters(self.0) {
            Some(letters) => to.serialize_str(letters),
            None => to.collect_str(&format_args!("{:03}", self.0.0)),
        }
    }
}

impl<'de> Deserialize<'de> for CurrencyText {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<CurrencyText, D::Error> {
        let text = Cow::<'de, str>::deserialize(from)?;
        currency::read(&text).map(CurrencyText).ok_or_else(|| de::Error::custom(NOT_A_CURRENCY))
    }
}

impl JsonSchema for CurrencyText {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Currency".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^([A-Z]{3}|[0-9]{3})$", "examples": ["CNY"] })
    }
}

/// An amount that is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AmountAsked {
    /// Whole minor units: fen, cent.
    pub minor: i64,
    /// Of which currency.
    pub currency: CurrencyText,
}

impl From<AmountAsked> for Money {
    fn from(asked: AmountAsked) -> Money {
        Money::new(asked.minor, asked.currency.0)
    }
}

/// An amount that is told.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct Amount {
    /// Whole minor units: fen, cent.
    pub minor: i64,
    /// Of which currency.
    pub currency: CurrencyText,
    /// As it is shown to people.
    pub display: String,
}

impl From<Money> for Amount {
    fn from(money: Money) -> Amount {
        Amount { minor: money.minor, currency: CurrencyText(money.currency), display: show_money(money) }
    }
}

/// How much, of money or of something counted.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum QuantityTold {
    /// Money.
    Amount(Amount),
    /// So many payments.
    Payments(u32),
    /// So many PIN tries.
    Tries(u32),
}

impl From<Quantity> for QuantityTold {
    fn from(quantity: Quantity) -> QuantityTold {
        match quantity {
            Quantity::Money(money) => QuantityTold::Amount(money.into()),
            Quantity::Payments(count) => QuantityTold::Payments(count),
            Quantity::Tries(count) => QuantityTold::Tries(count),
        }
    }
}
