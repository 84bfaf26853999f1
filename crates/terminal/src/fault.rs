//! Everything that can go wrong on this side of the line, and whose fault it is.
//!
//! No bytes of a message and nothing of a card in any of them.

use std::fmt;

use iso8583::Malformed;

/// What is wrong with the card in hand, as the cashier sees it before anything is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CardFault {
    /// The chip gives no answer; the stripe may be used instead ([`crate::Entry::Fallback`]).
    ChipUnreadable,
    /// No chip.
    NoChip,
    /// No contactless interface.
    NoContactless,
    /// No magnetic stripe.
    NoStripe,
    /// The stripe says that there is a chip: insert it first.
    ChipFirst,
}

/// Why an act was refused, or what is wrong with what came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PosError {
    /// A setting does not fit its field.
    Setting(&'static str),
    /// Nobody has signed in, or the host has asked for it again (DE39 = A0 or 99).
    NotSignedIn,
    /// An answer is awaited: hand it in, or say that none came.
    AwaitingAnswer,
    /// No answer is awaited.
    NothingAwaited,
    /// A reversal is to be sent first.
    ReversalDue,
    /// The amount is zero, or has more than twelve digits.
    Amount,
    /// The card in hand.
    Card(CardFault),
    /// No such transaction in the batch, or none that can be followed up or signed.
    NoSuchOriginal,
    /// Tracks are to be encrypted and the sign-in brought no track key.
    NoTrackKey,
    /// More than [`crate::SIGNATURE_BYTES_MAX`] bytes, none, or a part size of none.
    SignatureSize,
    /// The frame cannot be read.
    Malformed(Malformed),
    /// A well-formed frame that answers something else: which field says so (0: the message type, 1: the transport
    /// address). The awaited answer may still come.
    NotMine(u8),
    /// The answer belongs to the request, yet this field is missing or contradicts it.
    Contradicts(u8),
    /// The answer has no MAC and needs one.
    MacMissing,
    /// The MAC of the answer is wrong.
    MacWrong,
    /// The working keys do not have the length of what was asked for.
    KeysLength,
    /// A working key does not have its check value: `PIK`, `MAK` or `TDK`.
    KeyCheck(&'static str),
    /// The chip did not believe the issuer's cryptogram (tag 91): the approval is void and reversed.
    IssuerNotAuthentic,
}

impl fmt::Display for PosError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Setting(name) => write!(f, "setting {name} does not fit its field"),
            Self::NotSignedIn => f.write_str("sign in first"),
            Self::AwaitingAnswer => f.write_str("an answer is awaited"),
            Self::NothingAwaited => f.write_str("no answer is awaited"),
            Self::ReversalDue => f.write_str("a reversal is to be sent first"),
            Self::Amount => f.write_str("the amount is not 1 to 999999999999 minor units"),
            Self::Card(CardFault::ChipUnreadable) => f.write_str("the chip gives no answer"),
            Self::Card(CardFault::NoChip) => f.write_str("the card has no chip"),
            Self::Card(CardFault::NoContactless) => f.write_str("the card is not contactless"),
            Self::Card(CardFault::NoStripe) => f.write_str("the card has no stripe"),
            Self::Card(CardFault::ChipFirst) => f.write_str("insert the chip first"),
            Self::NoSuchOriginal => f.write_str("no such transaction in the batch"),
            Self::NoTrackKey => f.write_str("no track key"),
            Self::SignatureSize => f.write_str("the signature has no bytes or too many"),
            Self::Malformed(why) => write!(f, "{why}"),
            Self::NotMine(field) => write!(f, "not the answer that is awaited (field {field})"),
            Self::Contradicts(field) => write!(f, "the answer contradicts its request in field {field}"),
            Self::MacMissing => f.write_str("the answer has no MAC"),
            Self::MacWrong => f.write_str("the MAC of the answer is wrong"),
            Self::KeysLength => f.write_str("the working keys have another length"),
            Self::KeyCheck(key) => write!(f, "the check value of the {key} is wrong"),
            Self::IssuerNotAuthentic => f.write_str("the chip did not believe the issuer"),
        }
    }
}

impl std::error::Error for PosError {}

impl From<Malformed> for PosError {
    fn from(why: Malformed) -> Self {
        Self::Malformed(why)
    }
}
