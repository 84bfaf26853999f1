//! The closed lists of words of the API, each one a twin of an enum of the machine.
//!
//! A new variant of the machine does not compile until it has its word here.

use machine::cause::{Disclosure, Document, Family, Fixer, OperatorClass, Retry, Text};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A text in both languages.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct Messages {
    /// Simplified Chinese.
    #[serde(rename = "zh-CN")]
    pub zh: String,
    /// English.
    pub en: String,
}

impl From<Text> for Messages {
    fn from(text: Text) -> Messages {
        Messages { zh: text.zh.to_owned(), en: text.en.to_owned() }
    }
}

/// Declares a word list as the twin of an enum without fields.
macro_rules! twins {
    ($( $(#[$doc:meta])* $name:ident = $of:ty { $( $(#[$variant_doc:meta])* $variant:ident ),* $(,)? } )*) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $( $(#[$variant_doc])* $variant ),* }

        impl From<$of> for $name {
            fn from(of: $of) -> $name {
                match of { $( <$of>::$variant => $name::$variant ),* }
            }
        }

        impl From<$name> for $of {
            fn from(word: $name) -> $of {
                match word { $( $name::$variant => <$of>::$variant ),* }
            }
        }
    )* };
}

twins! {
    /// How the card came in.
    EntryWord = machine::command::Entry {
        /// Magnetic stripe of a card without chip.
        Stripe,
        /// Magnetic stripe of a chip card whose chip failed.
        Fallback,
        /// Chip with contacts.
        Chip,
        /// Contactless.
        Contactless,
        /// Shown as a code.
        Code,
        /// Typed in.
        Manual,
        /// On file: no card present.
        OnFile,
    }
    /// What was asked for.
    PurposeWord = machine::command::Purpose {
        /// Money now.
        Sale,
        /// A hold, to be captured later.
        PreAuthorization,
        /// What is there.
        BalanceInquiry,
        /// A sale undone on the same day.
        Void,
        /// A hold captured.
        Completion,
        /// A hold given up.
        PreAuthorizationCancel,
        /// A capture undone.
        CompletionCancel,
        /// Money back.
        Refund,
        /// A message taken back.
        Reversal,
        /// A message that could not be taken.
        Fault,
    }
    /// How far a freeze reaches.
    ReachWord = machine::freeze::Reach {
        /// Whatever needs the PIN.
        PinUse,
        /// New payments out; credits arrive.
        NewDebits,
        /// Payments out and in.
        All,
    }
    /// Who answers for the next step of a freeze.
    OwnerWord = machine::freeze::Owner {
        /// The holder.
        Holder,
        /// The bank's service agents.
        Service,
        /// Risk control.
        Risk,
        /// The legal desk.
        Legal,
        /// Those who run terminals and host.
        Operations,
    }
    /// On what ground a freeze is lifted.
    GroundWord = machine::freeze::Ground {
        /// The holder confirmed by a second factor.
        HolderConfirmed,
        /// Identity proven before an agent.
        IdentityProven,
        /// The case was reviewed.
        Reviewed,
        /// The holder asked for it and had placed it.
        HolderAsked,
        /// Reviewed and found to be a mistake of ours.
        FalsePositive,
        /// The authority released it.
        AuthorityReleased,
        /// The terminal signed in again.
        SignedIn,
        /// A new PIN was set.
        NewPin,
        /// The card was replaced.
        Replaced,
    }
    /// A family of causes.
    FamilyWord = Family {
        /// The card or what is on it.
        Card,
        /// This transaction: amount, count, time, place, kind.
        Transaction,
        /// Terminal, network, host, issuer: never the holder's doing.
        System,
        /// Someone may be misusing the card.
        Security,
    }
    /// A paper a lift may need.
    DocumentWord = Document {
        /// Identity paper.
        Identity,
        /// The receipt of the purchase in question.
        Receipt,
        /// A statement of the account.
        Statement,
        /// A police report.
        PoliceReport,
        /// The card itself.
        Card,
        /// The authority's order.
        Order,
        /// Papers on where the money comes from.
        SourceOfFunds,
        /// The merchant's business licence.
        BusinessLicence,
    }
}

/// Who can fix it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FixerWord {
    /// The cardholder.
    Cardholder,
    /// The cashier.
    Cashier,
    /// The merchant.
    Merchant,
    /// The issuing bank.
    Bank,
    /// Whoever runs the host, the network or the calling system.
    Operator,
}

impl From<Fixer> for FixerWord {
    fn from(fixer: Fixer) -> FixerWord {
        match fixer {
            Fixer::Holder => FixerWord::Cardholder,
            Fixer::Cashier => FixerWord::Cashier,
            Fixer::Merchant => FixerWord::Merchant,
            Fixer::Bank => FixerWord::Bank,
            Fixer::Operator => FixerWord::Operator,
        }
    }
}

/// Whether trying again helps.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "when")]
pub enum RetryWord {
    /// The same again will be refused again.
    Never,
    /// At once.
    Now,
    /// After about so many seconds.
    After {
        /// Seconds.
        seconds: u32,
    },
    /// When the next day (or month) of the account begins.
    NextPeriod,
    /// Once the remedy was followed.
    AfterRemedy,
}

impl From<Retry> for RetryWord {
    fn from(retry: Retry) -> RetryWord {
        match retry {
            Retry::Never => RetryWord::Never,
            Retry::Now => RetryWord::Now,
            Retry::After(seconds) => RetryWord::After { seconds },
            Retry::NextPeriod => RetryWord::NextPeriod,
            Retry::AfterRemedy => RetryWord::AfterRemedy,
        }
    }
}

/// How much of a cause holder and cashier may be told.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DisclosureWord {
    /// All of it.
    Full,
    /// All but the reason.
    Category,
    /// The same, and the agent is not shown the reason either.
    Silent,
}

impl From<Disclosure> for DisclosureWord {
    fn from(disclosure: Disclosure) -> DisclosureWord {
        match disclosure {
            Disclosure::Full { .. } => DisclosureWord::Full,
            Disclosure::Category => DisclosureWord::Category,
            Disclosure::Silent => DisclosureWord::Silent,
        }
    }
}

/// The letter of an operator class.
#[must_use]
pub const fn class(class: OperatorClass) -> &'static str {
    match class {
        OperatorClass::A => "A",
        OperatorClass::B => "B",
        OperatorClass::C => "C",
        OperatorClass::D => "D",
        OperatorClass::E => "E",
    }
}
