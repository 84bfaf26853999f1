//! Names of things as they stand in JSON: prefixed texts.
//!
//! An error names the form that is expected, never what came.

use machine::freeze::Actor;
use machine::ids::{AccountId, CardId, FreezeId, MerchantId, TerminalId, TransactionId};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::borrow::Cow;

/// Declares a text twin: the machine's own spelling, with the pattern that describes it.
macro_rules! texts {
    ($( $(#[$doc:meta])* $name:ident = $of:ty, $pattern:literal, $example:literal, $not:literal; )*) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub struct $name(pub $of);

        impl $name {
            /// What to say of a text that is none.
            pub const NOT: &'static str = $not;

            /// Reads one.
            #[must_use]
            pub fn read(text: &str) -> Option<$of> {
                text.parse().ok()
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<$name, D::Error> {
                let text = Cow::<'de, str>::deserialize(from)?;
                text.parse().map($name).map_err(|_| de::Error::custom($not))
            }
        }

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "pattern": $pattern, "examples": [$example] })
            }
        }
    )* };
}

texts! {
    /// `acc_` and the account's number.
    AccountText = AccountId, "^acc_[0-9]{1,20}$", "acc_1001", "not an account: acc_ and digits";
    /// `card_` and the keyed hash of the card's number.
    CardText = CardId, "^card_[0-9a-f]{32}$", "card_0f1e2d3c4b5a69788796a5b4c3d2e1f0",
        "not a card: card_ and 32 hexadecimal digits";
    /// `auth_` and the transaction's number.
    DecisionText = TransactionId, "^auth_[0-9]{1,20}$", "auth_42", "not a decision: auth_ and digits";
    /// `frz_` and the freeze's number.
    FreezeText = FreezeId, "^frz_[0-9]{1,20}$", "frz_7", "not a freeze: frz_ and digits";
    /// DE42: up to 15 printable characters.
    MerchantText = MerchantId, "^[ -~]{1,15}$", "898310148160568", "not a merchant: 1 to 15 printable ASCII characters";
    /// DE41: up to 8 printable characters.
    TerminalText = TerminalId, "^[ -~]{1,8}$", "00000001", "not a terminal: 1 to 8 printable ASCII characters";
    /// A person of the bank: up to 24 printable characters.
    ActorText = Actor, "^[!-~]{1,24}$", "wang.min", "not a person's name: 1 to 24 visible ASCII characters";
}
