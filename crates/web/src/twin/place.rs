//! Merchants and terminals as they are asked for and told, and the place of a decision.
//!
//! No money: what is owed to a merchant is the ledger's.

use super::ids::{MerchantText, TerminalText};
use super::time::Moment;
use machine::acceptance::{Merchant, Terminal, TerminalStanding};
use machine::command::Place;
use machine::ids::Acceptor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A new merchant.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MerchantAsked {
    /// DE42.
    pub merchant: MerchantText,
    /// Name as printed, 1 to 40 bytes of UTF-8.
    pub name: String,
    /// Merchant category code, ISO 18245.
    pub mcc: u16,
    /// ISO 3166-1 numeric.
    #[serde(default = "home")]
    pub country: u16,
}

fn home() -> u16 {
    156
}

/// A merchant.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Merchant")]
pub struct MerchantTold {
    /// DE42.
    pub id: MerchantText,
    /// Name as printed.
    pub name: String,
    /// Merchant category code, ISO 18245.
    pub mcc: u16,
    /// ISO 3166-1 numeric.
    pub country: u16,
    /// Whether a freeze is in force on it.
    pub frozen: bool,
}

impl From<&Merchant> for MerchantTold {
    fn from(merchant: &Merchant) -> MerchantTold {
        MerchantTold {
            id: MerchantText(merchant.id),
            name: merchant.name.clone(),
            mcc: merchant.mcc,
            country: merchant.country,
            frozen: !merchant.freezes.is_empty(),
        }
    }
}

/// A new terminal.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TerminalAsked {
    /// Whose: DE42.
    pub merchant: MerchantText,
    /// DE41.
    pub terminal: TerminalText,
}

/// A terminal.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Terminal")]
pub struct TerminalTold {
    /// DE41.
    pub id: TerminalText,
    /// Whose: DE42.
    pub merchant: MerchantText,
    /// Since when it is signed in; none: it is not.
    pub signed_in_since: Option<Moment>,
    /// Its current batch.
    pub batch: u32,
    /// Whether a freeze is in force on it.
    pub frozen: bool,
}

impl From<&Terminal> for TerminalTold {
    fn from(terminal: &Terminal) -> TerminalTold {
        TerminalTold {
            id: TerminalText(terminal.id.terminal),
            merchant: MerchantText(terminal.id.merchant),
            signed_in_since: match terminal.standing {
                TerminalStanding::Out => None,
                TerminalStanding::In { since } => Some(Moment(since)),
            },
            batch: terminal.batch,
            frozen: !terminal.freezes.is_empty(),
        }
    }
}

/// Where a decision was asked for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Place")]
pub struct PlaceTold {
    /// DE42.
    pub merchant: MerchantText,
    /// Name as printed, where the merchant is enrolled here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// DE41, where there is a terminal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub terminal: Option<TerminalText>,
    /// Acquiring institution (DE32), where it is another's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acquirer: Option<String>,
}

/// Merchant and terminal of a place.
#[must_use]
pub fn acceptor(place: &Place) -> (machine::ids::MerchantId, Option<machine::ids::TerminalId>) {
    match place {
        Place::Terminal(Acceptor { merchant, terminal }) => (*merchant, Some(*terminal)),
        Place::Elsewhere { acceptor, .. } => (acceptor.merchant, Some(acceptor.terminal)),
        Place::Merchant(merchant) => (*merchant, None),
    }
}

/// Tells a place.
#[must_use]
pub fn tell(place: &Place, name: Option<&str>) -> PlaceTold {
    let (merchant, terminal) = acceptor(place);
    PlaceTold {
        merchant: MerchantText(merchant),
        name: name.map(str::to_owned),
        terminal: terminal.map(TerminalText),
        acquirer: match place {
            Place::Elsewhere { acquirer, .. } => Some(acquirer.to_string()),
            Place::Terminal(_) | Place::Merchant(_) => None,
        },
    }
}
