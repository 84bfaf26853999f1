//! The software module: keys in this process' memory, key schedules kept, wiped when dropped.
//!
//! For development and small set-ups. It is no certified module, and nothing here pretends so: whoever reads
//! this process' memory reads the keys.

use std::fmt;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::ask::{
    CardData, DataMode, EncryptedPin, MacAlgorithm, MacCode, PinCipherBlock, ScriptPinKeys, WorkingKey,
    WrappedKey,
};
use super::prepared::Prepared;
use super::slots::{Held, Slots, Wanted};
use super::{Hsm, HsmError, KeyHandle, KeyListing, Verdict, fits};
use crate::cipher::ecb_encrypt;
use crate::cvv::{Cvv, card_verification_value};
use crate::emv::cryptogram::{Arpc, ArpcAsk, CardKeys, Cryptogram, IssuerKey};
use crate::emv::keys::card_master_key;
use crate::emv::script;
use crate::entropy::Entropy;
use crate::kdf::{self, CONTEXT_BYTES_MAX};
use crate::key::{CheckValue, Key};
use crate::key_store::StoredKey;
use crate::key_usage::{Exportability, KeyAct, KeyAttributes, KeyStatus, KeyUsage};
use crate::keyblock::{Header, KeyBlock, ProtectionKey, Version};
use crate::pan::Pan;
use crate::pin_block::PinFormat;
use crate::pin_verification::{Ibm3624, PinOffset, Pvv, visa_pvv};
use crate::token::CardToken;

/// Fewest bytes of a received MAC that count as one.
pub const MAC_BYTES_MIN: usize = 4;

/// The software module.
pub struct SoftHsm {
    slots: RwLock<Slots>,
    entropy: Box<dyn Entropy>,
}

impl fmt::Debug for SoftHsm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SoftHsm({} keys)", self.read().count())
    }
}

impl SoftHsm {
    /// A module without keys.
    pub fn new(entropy: Box<dyn Entropy>) -> Self {
        Self { slots: RwLock::default(), entropy }
    }

    /// Puts a clear key in, with a label if it is to be found by one. For key stores, ceremonies and tests;
    /// what comes from outside comes in key blocks.
    ///
    /// # Errors
    /// [`HsmError::WrongAlgorithm`] when key, algorithm and usage do not fit; [`HsmError::Full`].
    pub fn load(
        &self,
        label: Option<&str>,
        attributes: KeyAttributes,
        status: KeyStatus,
        key: Key,
    ) -> Result<KeyHandle, HsmError> {
        if key.algorithm() != attributes.algorithm || !fits(attributes.usage, attributes.algorithm) {
            return Err(HsmError::WrongAlgorithm);
        }
        let prepared = Prepared::new(attributes.usage, &key);
        self.write().insert(Held { label: label.map(str::to_owned), attributes, status, key, prepared })
    }

    /// Loads the keys of a store.
    ///
    /// # Errors
    /// As [`SoftHsm::load`]; what came before stays loaded.
    pub fn load_store(&self, keys: &[StoredKey]) -> Result<Vec<KeyHandle>, HsmError> {
        let load = |key: &StoredKey| self.load(Some(&key.label), key.attributes, key.status, key.key.clone());
        keys.iter().map(load).collect()
    }

    // A poisoned lock guards nothing half done: slots are changed in one step each.
    fn read(&self) -> RwLockReadGuard<'_, Slots> {
        self.slots.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Slots> {
        self.slots.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hsm for SoftHsm {
    fn name(&self) -> &str {
        "software, in this process"
    }

    fn is_certified(&self) -> bool {
        false
    }

    fn random(&self, out: &mut [u8]) -> Result<(), HsmError> {
        Ok(self.entropy.fill(out)?)
    }

    fn find_key(&self, label: &str) -> Option<KeyHandle> {
        let slots = self.read();
        let mut found = slots
            .all()
            .filter(|(_, held)| held.status == KeyStatus::Active && held.label.as_deref() == Some(label));
        found.next().map(|(handle, _)| handle)
    }

    fn attributes(&self, key: KeyHandle) -> Result<KeyAttributes, HsmError> {
        Ok(self.read().held(key)?.attributes)
    }

    fn generate_key(&self, attributes: KeyAttributes) -> Result<KeyHandle, HsmError> {
        let key = Key::generate(attributes.algorithm, &*self.entropy)?;
        self.load(None, attributes, KeyStatus::Active, key)
    }

    fn derive_working_key(
        &self,
        base: KeyHandle,
        context: &[u8],
        attributes: KeyAttributes,
    ) -> Result<KeyHandle, HsmError> {
        if context.len() > CONTEXT_BYTES_MAX {
            return Err(HsmError::Input("the derivation context is too long"));
        }
        let key = {
            let slots = self.read();
            let Prepared::Aes(base) = &slots.permit(base, &[KeyUsage::Derivation], KeyAct::Derive)?.prepared
            else {
                return Err(HsmError::WrongAlgorithm);
            };
            kdf::derive(base, &attributes.usage.code(), context, attributes.algorithm)
        };
        self.load(None, attributes, KeyStatus::Active, key)
    }

    fn import_key(
        &self,
        protection: KeyHandle,
        block: &str,
        label: Option<&str>,
    ) -> Result<KeyHandle, HsmError> {
        let opened = {
            let slots = self.read();
            let cover = slots.permit(protection, &[KeyUsage::KeyBlockProtection], KeyAct::Decrypt)?;
            let opened = KeyBlock::unwrap(&ProtectionKey::try_from(&cover.key)?, block)?;
            cover.covers(opened.attributes()?.algorithm)?;
            opened
        };
        self.load(label, opened.attributes()?, KeyStatus::Active, opened.key()?)
    }

    fn export_key(&self, protection: KeyHandle, key: KeyHandle) -> Result<String, HsmError> {
        let slots = self.read();
        let cover = slots.permit(protection, &[KeyUsage::KeyBlockProtection], KeyAct::Encrypt)?;
        let ways = [Exportability::InKeyBlock, Exportability::Sensitive];
        let held = slots.leaving(key, cover, &ways)?;
        let protection = ProtectionKey::try_from(&cover.key)?;
        let version = match &protection {
            ProtectionKey::Tdes(_) => Version::B,
            ProtectionKey::Aes(_) => Version::D,
        };
        let header = Header::of(version, &held.attributes);
        Ok(KeyBlock::wrap(&protection, &header, held.key.expose(), &*self.entropy)?)
    }

    fn list_keys(&self) -> Vec<KeyListing> {
        let slots = self.read();
        let listing = |(handle, held): (KeyHandle, &Held)| KeyListing {
            handle,
            label: held.label.clone(),
            attributes: held.attributes,
            status: held.status,
            check_value: held.key.check_value(),
        };
        slots.all().map(listing).collect()
    }

    fn forget(&self, key: KeyHandle) -> Result<(), HsmError> {
        self.write().remove(key)
    }

    fn set_status(&self, key: KeyHandle, status: KeyStatus) -> Result<(), HsmError> {
        self.write().set_status(key, status)
    }

    fn check_value(&self, key: KeyHandle) -> Result<CheckValue, HsmError> {
        Ok(self.read().held(key)?.key.check_value())
    }

    fn export_under(&self, kek: KeyHandle, key: KeyHandle) -> Result<WrappedKey, HsmError> {
        let slots = self.read();
        let kek = slots.permit(kek, &[KeyUsage::KeyEncryption], KeyAct::Encrypt)?;
        let held = slots.leaving(key, kek, &[Exportability::Sensitive])?;
        let mut bytes = Zeroizing::new(held.key.expose().to_vec());
        let done = match &kek.prepared {
            Prepared::Tdes(kek) => ecb_encrypt(kek, &mut bytes),
            Prepared::Aes(kek) => ecb_encrypt(&**kek, &mut bytes),
            Prepared::Sm4(kek) => ecb_encrypt(kek, &mut bytes),
            Prepared::Hmac(_) | Prepared::Card(_) => return Err(HsmError::WrongAlgorithm),
        };
        done.map_err(|_| HsmError::WrongAlgorithm)?;
        Ok(WrappedKey::new(&bytes, held.key.check_value()))
    }

    fn verify_pin_pvv(
        &self,
        pin: &EncryptedPin<'_>,
        pvk: KeyHandle,
        key_index: u8,
        pvv: &Pvv,
    ) -> Result<Verdict, HsmError> {
        let slots = self.read();
        let clear = slots.ready(pin.key, &Wanted::pin(KeyAct::Decrypt))?.open_pin(pin)?;
        let pvk = slots.permit(pvk, &[KeyUsage::PinVerificationVisa], KeyAct::Verify)?;
        Ok(Verdict::of(visa_pvv(pvk.prepared.tdes()?, key_index, &clear, pin.pan).ct_eq(pvv)))
    }

    fn generate_pvv(&self, pin: &EncryptedPin<'_>, pvk: KeyHandle, key_index: u8) -> Result<Pvv, HsmError> {
        let slots = self.read();
        let clear = slots.ready(pin.key, &Wanted::pin(KeyAct::Decrypt))?.open_pin(pin)?;
        let pvk = slots.permit(pvk, &[KeyUsage::PinVerificationVisa], KeyAct::Generate)?;
        Ok(visa_pvv(pvk.prepared.tdes()?, key_index, &clear, pin.pan))
    }

    fn verify_pin_offset(
        &self,
        pin: &EncryptedPin<'_>,
        pvk: KeyHandle,
        rule: &Ibm3624,
        offset: &PinOffset,
    ) -> Result<Verdict, HsmError> {
        let slots = self.read();
        let clear = slots.ready(pin.key, &Wanted::pin(KeyAct::Decrypt))?.open_pin(pin)?;
        let pvk = slots.permit(pvk, &[KeyUsage::PinVerificationIbm3624], KeyAct::Verify)?;
        let right = rule
            .pin(pvk.prepared.tdes()?, pin.pan, offset)
            .map_err(|_| HsmError::Input("the digits that count are not all in the card number"))?;
        Ok(Verdict::of(right.ct_eq(&clear)))
    }

    fn generate_offset(
        &self,
        pin: &EncryptedPin<'_>,
        pvk: KeyHandle,
        rule: &Ibm3624,
    ) -> Result<PinOffset, HsmError> {
        let slots = self.read();
        let clear = slots.ready(pin.key, &Wanted::pin(KeyAct::Decrypt))?.open_pin(pin)?;
        let pvk = slots.permit(pvk, &[KeyUsage::PinVerificationIbm3624], KeyAct::Generate)?;
        rule.offset(pvk.prepared.tdes()?, pin.pan, &clear)
            .map_err(|_| HsmError::Input("the digits that count are not all in the card number"))
    }

    fn translate_pin(
        &self,
        pin: &EncryptedPin<'_>,
        to: WorkingKey,
        format: PinFormat,
    ) -> Result<PinCipherBlock, HsmError> {
        if pin.format.is_bound() && !format.is_bound() {
            return Err(HsmError::Input("a PIN bound to its card number stays bound"));
        }
        let slots = self.read();
        let from = slots.ready(pin.key, &Wanted::pin(KeyAct::Decrypt))?;
        let to = slots.ready(to, &Wanted::pin(KeyAct::Encrypt))?;
        to.close_pin(&from.open_pin(pin)?, pin.pan, format, &*self.entropy)
    }

    fn make_mac(&self, key: WorkingKey, algorithm: MacAlgorithm, data: &[u8]) -> Result<MacCode, HsmError> {
        self.read().ready(key, &Wanted::mac(algorithm, KeyAct::Generate))?.mac(algorithm, data)
    }

    fn verify_mac(
        &self,
        key: WorkingKey,
        algorithm: MacAlgorithm,
        data: &[u8],
        code: &[u8],
    ) -> Result<Verdict, HsmError> {
        let right = self.read().ready(key, &Wanted::mac(algorithm, KeyAct::Verify))?.mac(algorithm, data)?;
        if !(MAC_BYTES_MIN..=right.bytes().len()).contains(&code.len()) {
            return Err(HsmError::Input("not a length of this MAC"));
        }
        Ok(Verdict::of(right.bytes()[..code.len()].ct_eq(code)))
    }

    fn hash_card(&self, key: KeyHandle, pan: &Pan) -> Result<CardToken, HsmError> {
        let slots = self.read();
        match &slots.permit(key, &[KeyUsage::CardHash], KeyAct::Generate)?.prepared {
            Prepared::Card(hasher) => Ok(hasher.token(pan)),
            Prepared::Tdes(_) | Prepared::Aes(_) | Prepared::Sm4(_) | Prepared::Hmac(_) => {
                Err(HsmError::WrongAlgorithm)
            }
        }
    }

    fn generate_cvv(&self, cvk: KeyHandle, card: &CardData<'_>) -> Result<Cvv, HsmError> {
        self.cvv(cvk, card, KeyAct::Generate)
    }

    fn verify_cvv(&self, cvk: KeyHandle, card: &CardData<'_>, cvv: &Cvv) -> Result<Verdict, HsmError> {
        Ok(Verdict::of(self.cvv(cvk, card, KeyAct::Verify)?.ct_eq(cvv)))
    }

    fn verify_arqc(&self, issuer: KeyHandle, cryptogram: &Cryptogram<'_>) -> Result<Verdict, HsmError> {
        let slots = self.read();
        let issuer = slots.permit(issuer, &[KeyUsage::EmvCryptogram], KeyAct::Derive)?;
        let keys = CardKeys::derive(&issuer.prepared.issuer()?, cryptogram)?;
        Ok(Verdict::of(keys.is_right(cryptogram.data, &cryptogram.arqc)))
    }

    fn answer_arqc(
        &self,
        issuer: KeyHandle,
        cryptogram: &Cryptogram<'_>,
        ask: &ArpcAsk<'_>,
    ) -> Result<Option<Arpc>, HsmError> {
        let slots = self.read();
        let issuer = slots.permit(issuer, &[KeyUsage::EmvCryptogram], KeyAct::Derive)?;
        let keys = CardKeys::derive(&issuer.prepared.issuer()?, cryptogram)?;
        if !bool::from(keys.is_right(cryptogram.data, &cryptogram.arqc)) {
            return Ok(None);
        }
        Ok(Some(keys.answer(cryptogram.arqc, ask)?))
    }

    fn make_script_mac(
        &self,
        integrity: KeyHandle,
        cryptogram: &Cryptogram<'_>,
        header: &[u8],
        data: &[u8],
    ) -> Result<[u8; 8], HsmError> {
        let slots = self.read();
        let issuer = slots.permit(integrity, &[KeyUsage::EmvIntegrity], KeyAct::Derive)?;
        let key = script::script_key(issuer.prepared.tdes()?, cryptogram)?;
        Ok(script::command_mac(&crate::cipher::Tdes::new(&key), cryptogram, header, data))
    }

    fn encrypt_script_pin(
        &self,
        keys: ScriptPinKeys,
        cryptogram: &Cryptogram<'_>,
        pin: &EncryptedPin<'_>,
    ) -> Result<Vec<u8>, HsmError> {
        let slots = self.read();
        let rules = cryptogram.profile.rules();
        let clear = slots.ready(pin.key, &Wanted::pin(KeyAct::Decrypt))?.open_pin(pin)?;
        let issuer = slots.permit(keys.confidentiality, &[KeyUsage::EmvConfidentiality], KeyAct::Derive)?;
        let key = script::script_key(issuer.prepared.tdes()?, cryptogram)?;
        let block = if rules.visa_pin_block {
            let issuer = slots.permit(keys.cryptogram, &[KeyUsage::EmvCryptogram], KeyAct::Derive)?;
            let IssuerKey::Tdes(issuer) = issuer.prepared.issuer()? else {
                return Err(HsmError::WrongAlgorithm);
            };
            let card = card_master_key(issuer, cryptogram.master_key, cryptogram.pan, cryptogram.sequence);
            script::visa_pin_block(&card, &clear, None)?
        } else {
            script::format_2_pin_block(&clear)
        };
        Ok(script::encipher(&crate::cipher::Tdes::new(&key), rules.script_cipher, &*block)?)
    }

    fn encrypt_data(&self, key: WorkingKey, mode: DataMode, data: &mut [u8]) -> Result<(), HsmError> {
        self.read().ready(key, &Wanted::data(KeyAct::Encrypt))?.encrypt_data(mode, data)
    }

    fn decrypt_data(&self, key: WorkingKey, mode: DataMode, data: &mut [u8]) -> Result<(), HsmError> {
        self.read().ready(key, &Wanted::data(KeyAct::Decrypt))?.decrypt_data(mode, data)
    }
}

impl SoftHsm {
    fn cvv(&self, cvk: KeyHandle, card: &CardData<'_>, act: KeyAct) -> Result<Cvv, HsmError> {
        let slots = self.read();
        let cvk = slots.permit(cvk, &[KeyUsage::CardVerification], act)?;
        Ok(card_verification_value(cvk.prepared.tdes()?, card.pan, card.expiry, card.service_code))
    }
}

#[cfg(test)]
mod tests {
    use super::super::conformance::{Subject, run};
    use super::*;
    use crate::entropy::SystemEntropy;
    use crate::key::AesKey;
    use crate::key_usage::KeyMode;

    #[test]
    fn the_software_module_conforms() {
        let hsm = SoftHsm::new(Box::new(SystemEntropy));
        let clear_protection = AesKey::new(&[0x42; 32]).unwrap();
        let usage = KeyUsage::KeyBlockProtection;
        let key = Key::Aes(clear_protection.clone());
        let attributes = KeyAttributes::new(usage, key.algorithm(), KeyMode::Both);
        let protection = hsm.load(None, attributes, KeyStatus::Active, key).unwrap();
        run(&Subject { hsm: &hsm, protection, clear_protection });
    }
}
