//! Why the module decided nothing.
//!
//! No verdict is an error, and no error carries bytes.

use std::fmt;

use crate::emv::EmvError;
use crate::keyblock::KeyBlockError;
use crate::pin_block::PinBlockError;

/// Why an operation came to nothing. All but [`HsmError::PinBlock`],
/// [`HsmError::Chip`], [`HsmError::KeyBlock`] and [`HsmError::Input`] are the house's own faults
/// and never the holder's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HsmError {
    /// No key has this handle (any more).
    UnknownKey,
    /// The key is for something else.
    WrongUsage,
    /// The key's mode of use does not permit this.
    WrongMode,
    /// The key's algorithm or length does not fit.
    WrongAlgorithm,
    /// The key's time is over, or it was replaced and this would make something new under it.
    KeyExpired,
    /// A person took the key out of use.
    KeyRetired,
    /// The key may not leave this way.
    NotExportable,
    /// The PIN block is malformed: wrong key or format at the sender.
    PinBlock(PinBlockError),
    /// The chip's data or a key for it does not fit.
    Chip(EmvError),
    /// The key block is malformed, or its protection key another.
    KeyBlock(KeyBlockError),
    /// What was given is malformed; the text says what.
    Input(&'static str),
    /// A key serial number that no terminal of the standard sends.
    KeySerialNumber,
    /// No room for another key.
    Full,
    /// The source of randomness gave nothing.
    NoEntropy,
    /// The module does not answer.
    Unreachable,
    /// The module cannot do this at all.
    Unsupported,
    /// The module refused with a code of its own.
    Refused(u16),
}

impl fmt::Display for HsmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HsmError::UnknownKey => f.write_str("no such key"),
            HsmError::WrongUsage => f.write_str("the key is for something else"),
            HsmError::WrongMode => f.write_str("the key's mode of use does not permit this"),
            HsmError::WrongAlgorithm => f.write_str("the key's algorithm or length does not fit"),
            HsmError::KeyExpired => f.write_str("the key has expired"),
            HsmError::KeyRetired => f.write_str("the key is retired"),
            HsmError::NotExportable => f.write_str("the key may not leave this way"),
            HsmError::PinBlock(why) => write!(f, "malformed PIN block: {why}"),
            HsmError::Chip(why) => write!(f, "chip data: {why}"),
            HsmError::KeyBlock(why) => write!(f, "key block: {why}"),
            HsmError::Input(why) => write!(f, "malformed input: {why}"),
            HsmError::KeySerialNumber => f.write_str("no terminal sends this key serial number"),
            HsmError::Full => f.write_str("no room for another key"),
            HsmError::NoEntropy => f.write_str("the source of randomness gave nothing"),
            HsmError::Unreachable => f.write_str("the security module does not answer"),
            HsmError::Unsupported => f.write_str("the security module cannot do this"),
            HsmError::Refused(code) => write!(f, "the security module refused with {code}"),
        }
    }
}

impl std::error::Error for HsmError {}

impl From<PinBlockError> for HsmError {
    fn from(why: PinBlockError) -> Self {
        Self::PinBlock(why)
    }
}

impl From<crate::entropy::EntropyFailed> for HsmError {
    fn from(_: crate::entropy::EntropyFailed) -> Self {
        Self::NoEntropy
    }
}

impl From<EmvError> for HsmError {
    fn from(why: EmvError) -> Self {
        match why {
            EmvError::Key => Self::WrongAlgorithm,
            EmvError::Sequence
            | EmvError::IssuerData
            | EmvError::ProprietaryData
            | EmvError::ArpcMethod
            | EmvError::ScriptData => Self::Chip(why),
        }
    }
}

impl From<KeyBlockError> for HsmError {
    fn from(why: KeyBlockError) -> Self {
        match why {
            KeyBlockError::ProtectionKey => Self::WrongAlgorithm,
            KeyBlockError::Entropy => Self::NoEntropy,
            KeyBlockError::Length
            | KeyBlockError::Version
            | KeyBlockError::Usage
            | KeyBlockError::Algorithm
            | KeyBlockError::Mode
            | KeyBlockError::Exportability
            | KeyBlockError::KeyVersion
            | KeyBlockError::OptionalCount
            | KeyBlockError::OptionalBlock
            | KeyBlockError::Hexadecimal
            | KeyBlockError::Authentication
            | KeyBlockError::KeyLength
            | KeyBlockError::ReadOnly
            | KeyBlockError::Unsupported => Self::KeyBlock(why),
        }
    }
}
