//! The catalogue of facts: everything a rule, a filter or a feature may ask about one transaction.
//!
//! One list, with types; no fact is computed here but the local clock. A fact is an `i64` whatever its type:
//! truth is 0 or 1, a code its letters packed, an id a keyed hash. [`MISSING`] is a value of its own.

use borsh::{BorshDeserialize, BorshSerialize};

pub use crate::model::MISSING;

/// Seconds in a day.
pub const DAY: i64 = 86_400;

/// What kind of value an expression has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// True or false.
    Truth,
    /// A plain number.
    Number,
    /// Minor units of the account's currency.
    Money,
    /// Seconds since 1970.
    Instant,
    /// Seconds.
    Span,
    /// Up to seven letters or digits, as "CN".
    Code,
    /// A keyed hash or number of somebody or something.
    Id,
}

impl std::fmt::Display for Type {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::Truth => "true or false",
            Self::Number => "a plain number",
            Self::Money => "money",
            Self::Instant => "a time",
            Self::Span => "a span of time",
            Self::Code => "a code",
            Self::Id => "an id",
        })
    }
}

macro_rules! facts {
    ($($variant:ident $name:literal $kind:ident $doc:literal;)*) => {
        /// A fact, by its place in a row of facts.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
        #[repr(u8)]
        pub enum Fact {
            $(#[doc = $doc] $variant,)*
        }

        impl Fact {
            /// All facts, in order.
            pub const ALL: &'static [Fact] = &[$(Fact::$variant,)*];

            /// Its name in the rule language.
            pub const fn name(self) -> &'static str {
                match self { $(Fact::$variant => $name,)* }
            }

            /// Its type.
            pub const fn kind(self) -> Type {
                match self { $(Fact::$variant => Type::$kind,)* }
            }

            /// What it says, in a sentence.
            pub const fn says(self) -> &'static str {
                match self { $(Fact::$variant => $doc,)* }
            }
        }
    };
}

facts! {
    Card "card" Id "The card, as its keyed hash.";
    Account "account" Id "The account behind the card.";
    Merchant "merchant" Id "The merchant.";
    Terminal "terminal" Id "The terminal.";
    Device "device" Id "The holder's device, where one is known.";
    Address "address" Id "The network address, as its keyed hash.";
    Amount "amount" Money "The amount asked for, in the account's currency.";
    Balance "balance" Money "What is available before this transaction.";
    Mcc "mcc" Number "The merchant's category code (ISO 18245).";
    Country "country" Code "The merchant's country (ISO 3166-1 alpha-2).";
    HomeCountry "home_country" Code "The holder's country (ISO 3166-1 alpha-2).";
    AddressCountry "address_country" Code "The country of the network address.";
    Currency "currency" Code "The currency asked in (ISO 4217).";
    Channel "channel" Code "How the card was used: chip, stripe, tap, code, online, moto.";
    PinUsed "pin_used" Truth "A PIN was entered and was right.";
    Fallback "fallback" Truth "A chip card was swiped.";
    ChipVerified "chip_verified" Truth "The cryptogram of the chip was right.";
    Recurring "recurring" Truth "A payment the holder agreed to be repeated.";
    CardAge "card_age" Span "Since the card was issued.";
    PhoneChanged "phone_changed" Span "Since the holder's phone number or device last changed.";
    Latitude "latitude" Number "Of the terminal, in millionths of a degree.";
    Longitude "longitude" Number "Of the terminal, in millionths of a degree.";
    ZoneOffset "zone_offset" Span "East of UTC: the account's zone.";
    Now "now" Instant "When the transaction was received.";
    Hour "hour" Number "Hour of the day in the account's zone, 0 to 23.";
    Weekday "weekday" Number "Day of the week in the account's zone, Monday is 1.";
    Score "score" Number "The model's probability of fraud, in parts per million.";
    Approved "approved" Truth "The transaction was approved (past ones only; missing while it is decided).";
    Declined "declined" Truth "The transaction was declined (past ones only; missing while it is decided).";
    Reversed "reversed" Truth "The event is a reversal (past ones only).";
}

/// How many facts there are.
pub const FACTS: usize = Fact::ALL.len();

impl Fact {
    /// A fact by its name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|fact| fact.name() == name)
    }
}

/// One transaction as the risk rules see it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Facts {
    values: [i64; FACTS],
}

impl Facts {
    /// Nothing known but the time, in seconds since 1970, and the zone, in seconds east of UTC. Hour and
    /// weekday follow from them.
    pub fn at(now: i64, zone_offset: i64) -> Self {
        let mut facts = Self { values: [MISSING; FACTS] };
        let local = now.saturating_add(zone_offset);
        // 1970-01-01 was a Thursday.
        let weekday = (local.div_euclid(DAY) + 3).rem_euclid(7) + 1;
        facts.set(Fact::Now, now);
        facts.set(Fact::ZoneOffset, zone_offset);
        facts.set(Fact::Hour, local.rem_euclid(DAY) / 3_600);
        facts.set(Fact::Weekday, weekday);
        facts
    }

    /// Says one fact.
    pub fn set(&mut self, fact: Fact, value: i64) {
        self.values[fact as usize] = value;
    }

    /// Says one fact, and returns the facts.
    pub fn with(mut self, fact: Fact, value: i64) -> Self {
        self.set(fact, value);
        self
    }

    /// One fact; [`MISSING`] where it is not known.
    pub fn of(&self, fact: Fact) -> i64 {
        self.values[fact as usize]
    }

    /// All of them, in the order of [`Fact::ALL`].
    pub fn values(&self) -> &[i64; FACTS] {
        &self.values
    }
}

/// Packs a code of up to seven ASCII letters or digits; `None` where it is longer, empty or something else.
pub fn code(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    if bytes.is_empty()
        || bytes.len() > 7
        || !bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
    {
        return None;
    }
    Some(bytes.iter().fold(0, |packed, byte| packed << 8 | i64::from(*byte)))
}

/// The text of a packed code; empty where it is none.
pub fn code_text(packed: i64) -> String {
    packed.to_be_bytes().into_iter().filter(|byte| byte.is_ascii_graphic()).map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::{Fact, Facts, code, code_text};

    #[test]
    fn the_local_clock() {
        // 2018-04-01 was a Sunday; 16:30 UTC is half past midnight on Monday in Shanghai.
        let sunday = 1_522_540_800 + 16 * 3_600 + 1_800;
        for (zone, weekday, hour) in [(0, 7, 16), (8 * 3_600, 1, 0), (-17 * 3_600, 6, 23)] {
            let facts = Facts::at(sunday, zone);
            assert_eq!((facts.of(Fact::Weekday), facts.of(Fact::Hour)), (weekday, hour), "{zone}");
        }
    }

    #[test]
    fn codes_pack_and_unpack() {
        for text in ["CN", "online", "A1_b"] {
            assert_eq!(code_text(code(text).expect("a code")), text);
        }
        assert_eq!((code(""), code("eightlet"), code("é")), (None, None, None));
    }

    #[test]
    fn names_are_unique() {
        for fact in Fact::ALL {
            assert_eq!(Fact::named(fact.name()), Some(*fact));
        }
    }
}
