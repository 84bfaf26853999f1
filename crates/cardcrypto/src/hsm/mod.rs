//! The hardware security module as the host sees it: about twenty operations, keys only by handle.
//!
//! What must not live here: a clear key (it goes in through a key block, a key store or the software module's
//! own loader, and never out), a rule about who may pay, or any waiting that the caller did not ask for. A
//! wrong PIN, MAC or cryptogram is a [`Verdict`], not an error: an error means that nothing was decided.

mod ask;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod error;
#[cfg(feature = "payshield")]
pub mod payshield;
#[cfg(feature = "payshield")]
mod payshield_keys;
#[cfg(feature = "payshield")]
mod payshield_link;
#[cfg(feature = "payshield")]
mod payshield_text;
#[cfg(feature = "pkcs11")]
pub mod pkcs11;
mod prepared;
mod slots;
mod soft;

pub use ask::{
    CardData, DataMode, DukptAlgorithm, EncryptedPin, MacAlgorithm, MacCode, PinCipherBlock, ScriptPinKeys,
    WorkingKey, WrappedKey,
};
pub use error::HsmError;
pub use slots::KEYS_MAX;
pub use soft::{MAC_BYTES_MIN, SoftHsm};

use crate::cvv::Cvv;
use crate::emv::cryptogram::{Arpc, ArpcAsk, Cryptogram};
use crate::key::{CheckValue, KeyAlgorithm};
use crate::key_usage::{KeyAttributes, KeyStatus, KeyUsage};
use crate::pan::Pan;
use crate::pin_block::PinFormat;
use crate::pin_verification::{Ibm3624, PinOffset, Pvv};
use crate::token::CardToken;

/// A key inside the module. Meaningless to any other module, and after the key is forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeyHandle {
    pub(crate) slot: u32,
    /// How often the slot was used before, so that a stale handle finds nothing.
    pub(crate) generation: u32,
}

/// A key as an inventory shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyListing {
    /// The key.
    pub handle: KeyHandle,
    /// What it is called, if it is.
    pub label: Option<String>,
    /// What it is for.
    pub attributes: KeyAttributes,
    /// Where it is in its life.
    pub status: KeyStatus,
    /// Its check value.
    pub check_value: CheckValue,
}

/// What checking something said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a verdict that nobody reads lets everyone in"]
pub enum Verdict {
    /// It is what it should be.
    Right,
    /// It is not.
    Wrong,
}

impl Verdict {
    /// Whether it is [`Verdict::Right`].
    pub const fn is_right(self) -> bool {
        matches!(self, Self::Right)
    }

    pub(crate) fn of(right: subtle::Choice) -> Self {
        if right.into() { Self::Right } else { Self::Wrong }
    }
}

/// A module that holds keys and works with them. Shared between threads; every call answers or fails before
/// it returns.
///
/// Each call names the usage it needs; a key of another usage, mode, algorithm or status is refused, whatever
/// the bytes would have computed.
pub trait Hsm: Send + Sync {
    /// Which module this is, for the log at start.
    fn name(&self) -> &str;

    /// Whether a laboratory certified it. Software is not, and says so aloud at start.
    fn is_certified(&self) -> bool;

    /// Fills `out` with random bytes.
    ///
    /// # Errors
    /// [`HsmError::NoEntropy`], [`HsmError::Unreachable`].
    fn random(&self, out: &mut [u8]) -> Result<(), HsmError>;

    /// The key with a label, if there is an active one. All keys are looked through: for the start, not for
    /// each sale.
    fn find_key(&self, label: &str) -> Option<KeyHandle>;

    /// What a key is for.
    ///
    /// # Errors
    /// [`HsmError::UnknownKey`].
    fn attributes(&self, key: KeyHandle) -> Result<KeyAttributes, HsmError>;

    /// Makes a random key that lives until it is forgotten.
    ///
    /// # Errors
    /// [`HsmError::NoEntropy`], [`HsmError::Unreachable`].
    fn generate_key(&self, attributes: KeyAttributes) -> Result<KeyHandle, HsmError>;

    /// Derives a key by NIST SP 800-108 (counter mode, AES-CMAC) from a key of usage
    /// [`KeyUsage::Derivation`]. The same base, context, usage and algorithm give the same key again, so it
    /// need not be stored; two usages never share one.
    ///
    /// # Errors
    /// [`HsmError::WrongUsage`] and its kin about the base key; [`HsmError::Input`] for a context over
    /// [`crate::kdf::CONTEXT_BYTES_MAX`].
    fn derive_working_key(
        &self,
        base: KeyHandle,
        context: &[u8],
        attributes: KeyAttributes,
    ) -> Result<KeyHandle, HsmError>;

    /// Takes in a key from a key block under a key of usage [`KeyUsage::KeyBlockProtection`], with a label if
    /// it is to be found by one. What the block says of the key is what it may do here.
    ///
    /// # Errors
    /// [`HsmError::KeyBlock`] names what is malformed; [`HsmError::WrongAlgorithm`] for a key stronger than
    /// the one that protects it, or one that does not fit its usage; [`HsmError::WrongUsage`] and its kin.
    fn import_key(
        &self,
        protection: KeyHandle,
        block: &str,
        label: Option<&str>,
    ) -> Result<KeyHandle, HsmError>;

    /// A key in a key block (version D under AES, B under triple DES), if it may leave.
    ///
    /// # Errors
    /// [`HsmError::NotExportable`]; [`HsmError::WrongAlgorithm`] for a key stronger than the one that is to
    /// protect it; [`HsmError::WrongUsage`] and its kin.
    fn export_key(&self, protection: KeyHandle, key: KeyHandle) -> Result<String, HsmError>;

    /// Every key with what may be known of it, for inventories and audits.
    fn list_keys(&self) -> Vec<KeyListing>;

    /// Drops a key: its handle is unknown from now on, its bytes are wiped.
    ///
    /// # Errors
    /// [`HsmError::UnknownKey`].
    fn forget(&self, key: KeyHandle) -> Result<(), HsmError>;

    /// Moves a key on in its life.
    ///
    /// # Errors
    /// [`HsmError::UnknownKey`].
    fn set_status(&self, key: KeyHandle, status: KeyStatus) -> Result<(), HsmError>;

    /// The check value by the method usual for the algorithm (zeros for DES and SM4, CMAC for AES).
    ///
    /// # Errors
    /// [`HsmError::UnknownKey`].
    fn check_value(&self, key: KeyHandle) -> Result<CheckValue, HsmError>;

    /// A key under a terminal or zone master key (usage [`KeyUsage::KeyEncryption`]), each block for itself,
    /// as UnionPay sends working keys at sign-in; only a key that is [`crate::Exportability::Sensitive`].
    ///
    /// # Errors
    /// [`HsmError::NotExportable`]; [`HsmError::WrongAlgorithm`] when the master key is weaker than what it
    /// would carry or its blocks do not fit; [`HsmError::WrongUsage`] and its kin about either key.
    fn export_under(&self, kek: KeyHandle, key: KeyHandle) -> Result<WrappedKey, HsmError>;

    /// Whether the PIN in the block is the one that belongs to the verification value (key of usage
    /// [`KeyUsage::PinVerificationVisa`]).
    ///
    /// # Errors
    /// [`HsmError::PinBlock`] for a malformed block, which is the terminal's fault and no try of the
    /// holder's; [`HsmError::WrongUsage`] and its kin.
    fn verify_pin_pvv(
        &self,
        pin: &EncryptedPin<'_>,
        pvk: KeyHandle,
        key_index: u8,
        pvv: &Pvv,
    ) -> Result<Verdict, HsmError>;

    /// The verification value of the PIN in the block.
    ///
    /// # Errors
    /// As [`Hsm::verify_pin_pvv`].
    fn generate_pvv(&self, pin: &EncryptedPin<'_>, pvk: KeyHandle, key_index: u8) -> Result<Pvv, HsmError>;

    /// Whether the PIN in the block is the one that belongs to the IBM 3624 offset (key of usage
    /// [`KeyUsage::PinVerificationIbm3624`]). A PIN of another length than the offset is wrong.
    ///
    /// # Errors
    /// As [`Hsm::verify_pin_pvv`]; [`HsmError::Input`] when the rule does not fit the card number.
    fn verify_pin_offset(
        &self,
        pin: &EncryptedPin<'_>,
        pvk: KeyHandle,
        rule: &Ibm3624,
        offset: &PinOffset,
    ) -> Result<Verdict, HsmError>;

    /// The IBM 3624 offset of the PIN in the block.
    ///
    /// # Errors
    /// As [`Hsm::verify_pin_offset`].
    fn generate_offset(
        &self,
        pin: &EncryptedPin<'_>,
        pvk: KeyHandle,
        rule: &Ibm3624,
    ) -> Result<PinOffset, HsmError>;

    /// The PIN under another key and in another format, for whoever it goes to next.
    ///
    /// A block that is bound to a card number is never translated into one that is not ([`HsmError::Input`]):
    /// from such a block PINs could be looked up (ISO 9564-1:2017, 9.5).
    ///
    /// # Errors
    /// As [`Hsm::verify_pin_pvv`].
    fn translate_pin(
        &self,
        pin: &EncryptedPin<'_>,
        to: WorkingKey,
        format: PinFormat,
    ) -> Result<PinCipherBlock, HsmError>;

    /// Makes a MAC.
    ///
    /// # Errors
    /// [`HsmError::WrongUsage`] and its kin: each algorithm has its own usage, see [`MacAlgorithm::usages`].
    fn make_mac(&self, key: WorkingKey, algorithm: MacAlgorithm, data: &[u8]) -> Result<MacCode, HsmError>;

    /// Whether a MAC, or its first four bytes or more, belongs to the data.
    ///
    /// # Errors
    /// As [`Hsm::make_mac`]; [`HsmError::Input`] for a code too short or too long.
    fn verify_mac(
        &self,
        key: WorkingKey,
        algorithm: MacAlgorithm,
        data: &[u8],
        code: &[u8],
    ) -> Result<Verdict, HsmError>;

    /// The card's keyed hash (key of usage [`KeyUsage::CardHash`]).
    ///
    /// # Errors
    /// [`HsmError::WrongUsage`] and its kin.
    fn hash_card(&self, key: KeyHandle, pan: &Pan) -> Result<CardToken, HsmError>;

    /// The card verification value (key of usage [`KeyUsage::CardVerification`]).
    ///
    /// # Errors
    /// [`HsmError::WrongUsage`] and its kin.
    fn generate_cvv(&self, cvk: KeyHandle, card: &CardData<'_>) -> Result<Cvv, HsmError>;

    /// Whether a card verification value is the card's.
    ///
    /// # Errors
    /// As [`Hsm::generate_cvv`].
    fn verify_cvv(&self, cvk: KeyHandle, card: &CardData<'_>, cvv: &Cvv) -> Result<Verdict, HsmError>;

    /// Whether a chip's cryptogram is the one its keys make over its data (issuer key of usage
    /// [`KeyUsage::EmvCryptogram`]). The counter's history is the caller's to judge.
    ///
    /// # Errors
    /// [`HsmError::WrongUsage`] and its kin.
    fn verify_arqc(&self, issuer: KeyHandle, cryptogram: &Cryptogram<'_>) -> Result<Verdict, HsmError>;

    /// The issuer's answer to a cryptogram, or `None` when the cryptogram is wrong: nothing is answered
    /// unverified.
    ///
    /// # Errors
    /// As [`Hsm::verify_arqc`]; [`HsmError::Chip`] when the profile does not answer this way.
    fn answer_arqc(
        &self,
        issuer: KeyHandle,
        cryptogram: &Cryptogram<'_>,
        ask: &ArpcAsk<'_>,
    ) -> Result<Option<Arpc>, HsmError>;

    /// The MAC of an issuer script's command (issuer key of usage [`KeyUsage::EmvIntegrity`]): header and
    /// data as sent.
    ///
    /// # Errors
    /// [`HsmError::WrongUsage`] and its kin.
    fn make_script_mac(
        &self,
        integrity: KeyHandle,
        cryptogram: &Cryptogram<'_>,
        header: &[u8],
        data: &[u8],
    ) -> Result<[u8; 8], HsmError>;

    /// A new PIN, enciphered for the card, as the data of a PIN change command.
    ///
    /// # Errors
    /// [`HsmError::WrongUsage`] and its kin; [`HsmError::PinBlock`].
    fn encrypt_script_pin(
        &self,
        keys: ScriptPinKeys,
        cryptogram: &Cryptogram<'_>,
        pin: &EncryptedPin<'_>,
    ) -> Result<Vec<u8>, HsmError>;

    /// Encrypts data in place (key of usage [`KeyUsage::Data`], or DUKPT).
    ///
    /// # Errors
    /// [`HsmError::WrongUsage`] and its kin; [`HsmError::Input`] when the data does not fit the mode.
    fn encrypt_data(&self, key: WorkingKey, mode: DataMode, data: &mut [u8]) -> Result<(), HsmError>;

    /// Decrypts data in place, such as a track; what comes out is the caller's to wipe.
    ///
    /// # Errors
    /// As [`Hsm::encrypt_data`].
    fn decrypt_data(&self, key: WorkingKey, mode: DataMode, data: &mut [u8]) -> Result<(), HsmError>;
}

/// The algorithms a key of a usage can have, so that no nonsensical key is made or loaded.
pub(crate) const fn fits(usage: KeyUsage, algorithm: KeyAlgorithm) -> bool {
    let hmac = matches!(algorithm, KeyAlgorithm::HmacSha256);
    match usage {
        KeyUsage::CardHash | KeyUsage::MacHmac => hmac,
        KeyUsage::Derivation => algorithm.is_aes(),
        KeyUsage::MacAlgorithm3
        | KeyUsage::CardVerification
        | KeyUsage::PinVerificationVisa
        | KeyUsage::PinVerificationIbm3624 => algorithm.is_tdes(),
        KeyUsage::EmvCryptogram | KeyUsage::EmvConfidentiality | KeyUsage::EmvIntegrity => {
            matches!(algorithm, KeyAlgorithm::TdesDouble | KeyAlgorithm::Sm4)
        }
        KeyUsage::DukptBase => matches!(algorithm, KeyAlgorithm::TdesDouble) || algorithm.is_aes(),
        KeyUsage::MacUnionPay => algorithm.is_tdes() || matches!(algorithm, KeyAlgorithm::Sm4),
        KeyUsage::DukptInitial
        | KeyUsage::BaseVariant
        | KeyUsage::Data
        | KeyUsage::AsymmetricData
        | KeyUsage::DecimalizationTable
        | KeyUsage::SensitiveData
        | KeyUsage::EmvDataAuthentication
        | KeyUsage::EmvDynamicNumber
        | KeyUsage::EmvPersonalization
        | KeyUsage::EmvOther
        | KeyUsage::EmvAsymmetricPin
        | KeyUsage::InitializationVector
        | KeyUsage::KeyEncryption
        | KeyUsage::KeyBlockProtection
        | KeyUsage::Tr34Asymmetric
        | KeyUsage::AsymmetricAgreement
        | KeyUsage::Iso20038Protection
        | KeyUsage::MacIso16609
        | KeyUsage::MacAlgorithm1
        | KeyUsage::MacAlgorithm2
        | KeyUsage::MacAlgorithm4
        | KeyUsage::MacAlgorithm5
        | KeyUsage::MacCmac
        | KeyUsage::MacAlgorithm6
        | KeyUsage::PinEncryption
        | KeyUsage::PinGeneration
        | KeyUsage::Signature
        | KeyUsage::CertificateAuthority
        | KeyUsage::AsymmetricOther
        | KeyUsage::PinVerification
        | KeyUsage::PinVerificationX9132A1
        | KeyUsage::PinVerificationX9132A2
        | KeyUsage::PinVerificationX9132A3
        | KeyUsage::Proprietary(_) => !hmac,
    }
}
