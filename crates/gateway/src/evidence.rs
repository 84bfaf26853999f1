//! What the security module says of a request: which card it is, and whether its PIN is right.
//!
//! A module that fails is never taken for a holder who did: its errors become system causes.

use crate::directory::CardEntry;
use crate::edge::Edge;
use cardcrypto::hsm::EncryptedPin;
use cardcrypto::pin_verification::Pvv;
use cardcrypto::{HsmError, Pan};
use machine::cause::Cause;
use machine::command::PinCheck;
use machine::ids::CardId;

/// The cause of what the security module could not do. A malformed PIN block is the terminal's fault; everything
/// else is the house's.
pub(crate) const fn cause_of(error: HsmError) -> Cause {
    match error {
        HsmError::PinBlock(_) => Cause::PinFormatError,
        HsmError::UnknownKey
        | HsmError::WrongUsage
        | HsmError::WrongMode
        | HsmError::WrongAlgorithm
        | HsmError::KeyExpired
        | HsmError::KeyRetired
        | HsmError::NotExportable
        | HsmError::Input(_)
        | HsmError::Chip(_)
        | HsmError::KeyBlock(_)
        | HsmError::KeySerialNumber
        | HsmError::Full
        | HsmError::NoEntropy
        | HsmError::Unreachable
        | HsmError::Unsupported
        | HsmError::Refused(_) => Cause::SecurityModuleDown,
    }
}

/// A card that was stated, by the name everything behind this edge knows it by, and its entry if it is ours.
pub(crate) struct NamedCard {
    pub id: CardId,
    pub entry: Option<CardEntry>,
}

impl Edge {
    /// The keyed hash of a card number. A card that is not found under the key in force is looked for under the
    /// one before it.
    ///
    /// # Errors
    /// [`Cause::SecurityModuleDown`].
    pub fn name_card(&self, pan: &Pan) -> Result<NamedCard, Cause> {
        let id = CardId(self.hsm.hash_card(self.keys.card_hash, pan).map_err(cause_of)?.0);
        if let Some(entry) = self.directory.card(id) {
            return Ok(NamedCard { id, entry: Some(*entry) });
        }
        if let Some(before) = self.keys.card_hash_before {
            let old = CardId(self.hsm.hash_card(before, pan).map_err(cause_of)?.0);
            if let Some(entry) = self.directory.card(old) {
                return Ok(NamedCard { id: old, entry: Some(*entry) });
            }
        }
        Ok(NamedCard { id, entry: None })
    }

    /// Whether the PIN is the card's. `Absent` too where there is nothing to hold it against: a card that is not
    /// ours, or one without PIN; the machine then says what that means.
    ///
    /// # Errors
    /// [`Cause::PinFormatError`], [`Cause::SecurityModuleDown`].
    pub fn check_pin(&self, pin: &EncryptedPin<'_>, entry: Option<&CardEntry>) -> Result<PinCheck, Cause> {
        let Some(reference) = entry.and_then(|entry| entry.pin) else { return Ok(PinCheck::Absent) };
        let key = self.keys.pin_verification(reference.key_index).ok_or(Cause::SecurityModuleDown)?;
        let pvv = std::str::from_utf8(&reference.pvv).ok().and_then(Pvv::parse);
        let pvv = pvv.ok_or(Cause::SecurityModuleDown)?;
        let verdict = self.hsm.verify_pin_pvv(pin, key, reference.key_index, &pvv).map_err(cause_of)?;
        Ok(if verdict.is_right() { PinCheck::Right } else { PinCheck::Wrong })
    }
}
