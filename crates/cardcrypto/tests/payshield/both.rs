//! A module made of two: what the device under test can do, it does; what its protocol cannot express is
//! done by the software module and counted by name.
//!
//! So the conformance suite runs whole, and a test can say which of it the device answered.

use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;

use cardcrypto::cvv::Cvv;
use cardcrypto::emv::cryptogram::{Arpc, ArpcAsk, Cryptogram};
use cardcrypto::hsm::payshield::PayShield;
use cardcrypto::hsm::{
    CardData, DataMode, EncryptedPin, KeyListing, MacAlgorithm, MacCode, PinCipherBlock, ScriptPinKeys,
    SoftHsm, WorkingKey, WrappedKey,
};
use cardcrypto::key::CheckValue;
use cardcrypto::pin_block::PinFormat;
use cardcrypto::pin_verification::{Ibm3624, PinOffset, Pvv};
use cardcrypto::token::CardToken;
use cardcrypto::{Hsm, HsmError, KeyAttributes, KeyHandle, KeyStatus, Pan, Verdict};

/// How often the device answered an operation, and how often it was not able to.
pub type Counts = BTreeMap<&'static str, [u32; 2]>;

/// The two.
pub struct Both {
    pub device: PayShield,
    pub soft: SoftHsm,
    /// The device's handle of each of the software module's.
    twins: Mutex<HashMap<KeyHandle, KeyHandle>>,
    counts: Mutex<Counts>,
}

impl Both {
    pub fn new(device: PayShield, soft: SoftHsm) -> Self {
        Self { device, soft, twins: Mutex::default(), counts: Mutex::default() }
    }

    pub fn pair(&self, soft: KeyHandle, device: KeyHandle) {
        self.twins.lock().unwrap().insert(soft, device);
    }

    pub fn counts(&self) -> Counts {
        self.counts.lock().unwrap().clone()
    }

    fn twin(&self, key: KeyHandle) -> Result<KeyHandle, HsmError> {
        self.twins.lock().unwrap().get(&key).copied().ok_or(HsmError::Unsupported)
    }

    fn working(&self, key: WorkingKey) -> Result<WorkingKey, HsmError> {
        Ok(match key {
            WorkingKey::Held(key) => WorkingKey::Held(self.twin(key)?),
            WorkingKey::DukptTdes { base, ksn, direction } => {
                WorkingKey::DukptTdes { base: self.twin(base)?, ksn, direction }
            }
            WorkingKey::DukptAes { base, ksn, direction, algorithm } => {
                WorkingKey::DukptAes { base: self.twin(base)?, ksn, direction, algorithm }
            }
        })
    }

    fn pin<'a>(&self, pin: &EncryptedPin<'a>) -> Result<EncryptedPin<'a>, HsmError> {
        Ok(EncryptedPin { key: self.working(pin.key)?, ..*pin })
    }

    /// The device's answer, or the software module's where the device has none.
    fn either<T>(
        &self,
        name: &'static str,
        device: impl FnOnce() -> Result<T, HsmError>,
        soft: impl FnOnce() -> Result<T, HsmError>,
    ) -> Result<T, HsmError> {
        let answer = device();
        let able = answer.as_ref().err() != Some(&HsmError::Unsupported);
        self.counts.lock().unwrap().entry(name).or_default()[usize::from(!able)] += 1;
        if able { answer } else { soft() }
    }
}

impl Hsm for Both {
    fn name(&self) -> &str {
        self.device.name()
    }

    fn is_certified(&self) -> bool {
        false
    }

    fn random(&self, out: &mut [u8]) -> Result<(), HsmError> {
        self.device.random(out)
    }

    fn find_key(&self, label: &str) -> Option<KeyHandle> {
        self.soft.find_key(label)
    }

    fn attributes(&self, key: KeyHandle) -> Result<KeyAttributes, HsmError> {
        self.soft.attributes(key)
    }

    fn generate_key(&self, attributes: KeyAttributes) -> Result<KeyHandle, HsmError> {
        self.soft.generate_key(attributes)
    }

    fn derive_working_key(
        &self,
        base: KeyHandle,
        context: &[u8],
        is: KeyAttributes,
    ) -> Result<KeyHandle, HsmError> {
        self.either(
            "derive_working_key",
            || self.device.derive_working_key(self.twin(base)?, context, is),
            || self.soft.derive_working_key(base, context, is),
        )
    }

    fn import_key(
        &self,
        protection: KeyHandle,
        block: &str,
        label: Option<&str>,
    ) -> Result<KeyHandle, HsmError> {
        let mut answer = None;
        let given = self.either(
            "import_key",
            || {
                self.device
                    .import_key(self.twin(protection)?, block, label)
                    .inspect(|key| answer = Some(*key))
            },
            || Err(HsmError::Unsupported),
        );
        match given {
            Ok(_) | Err(HsmError::Unsupported) => {}
            Err(refused) => return Err(refused),
        }
        let soft = self.soft.import_key(protection, block, label)?;
        if let Some(device) = answer {
            assert_eq!(self.device.check_value(device), self.soft.check_value(soft));
            self.pair(soft, device);
        }
        Ok(soft)
    }

    fn export_key(&self, protection: KeyHandle, key: KeyHandle) -> Result<String, HsmError> {
        self.either(
            "export_key",
            || self.device.export_key(self.twin(protection)?, self.twin(key)?),
            || self.soft.export_key(protection, key),
        )
    }

    fn list_keys(&self) -> Vec<KeyListing> {
        self.soft.list_keys()
    }

    fn forget(&self, key: KeyHandle) -> Result<(), HsmError> {
        if let Ok(twin) = self.twin(key) {
            self.device.forget(twin)?;
            self.twins.lock().unwrap().remove(&key);
        }
        self.soft.forget(key)
    }

    fn set_status(&self, key: KeyHandle, status: KeyStatus) -> Result<(), HsmError> {
        self.device.set_status(self.twin(key)?, status)?;
        self.soft.set_status(key, status)
    }

    fn check_value(&self, key: KeyHandle) -> Result<CheckValue, HsmError> {
        self.soft.check_value(key)
    }

    fn export_under(&self, kek: KeyHandle, key: KeyHandle) -> Result<WrappedKey, HsmError> {
        self.either(
            "export_under",
            || self.device.export_under(self.twin(kek)?, self.twin(key)?),
            || self.soft.export_under(kek, key),
        )
    }

    fn verify_pin_pvv(
        &self,
        pin: &EncryptedPin<'_>,
        pvk: KeyHandle,
        index: u8,
        pvv: &Pvv,
    ) -> Result<Verdict, HsmError> {
        self.either(
            "verify_pin_pvv",
            || self.device.verify_pin_pvv(&self.pin(pin)?, self.twin(pvk)?, index, pvv),
            || self.soft.verify_pin_pvv(pin, pvk, index, pvv),
        )
    }

    fn generate_pvv(&self, pin: &EncryptedPin<'_>, pvk: KeyHandle, index: u8) -> Result<Pvv, HsmError> {
        self.either(
            "generate_pvv",
            || self.device.generate_pvv(&self.pin(pin)?, self.twin(pvk)?, index),
            || self.soft.generate_pvv(pin, pvk, index),
        )
    }

    fn verify_pin_offset(
        &self,
        pin: &EncryptedPin<'_>,
        pvk: KeyHandle,
        rule: &Ibm3624,
        offset: &PinOffset,
    ) -> Result<Verdict, HsmError> {
        self.either(
            "verify_pin_offset",
            || self.device.verify_pin_offset(&self.pin(pin)?, self.twin(pvk)?, rule, offset),
            || self.soft.verify_pin_offset(pin, pvk, rule, offset),
        )
    }

    fn generate_offset(
        &self,
        pin: &EncryptedPin<'_>,
        pvk: KeyHandle,
        rule: &Ibm3624,
    ) -> Result<PinOffset, HsmError> {
        self.either(
            "generate_offset",
            || self.device.generate_offset(&self.pin(pin)?, self.twin(pvk)?, rule),
            || self.soft.generate_offset(pin, pvk, rule),
        )
    }

    fn translate_pin(
        &self,
        pin: &EncryptedPin<'_>,
        to: WorkingKey,
        format: PinFormat,
    ) -> Result<PinCipherBlock, HsmError> {
        self.either(
            "translate_pin",
            || self.device.translate_pin(&self.pin(pin)?, self.working(to)?, format),
            || self.soft.translate_pin(pin, to, format),
        )
    }

    fn make_mac(&self, key: WorkingKey, algorithm: MacAlgorithm, data: &[u8]) -> Result<MacCode, HsmError> {
        self.either(
            "make_mac",
            || self.device.make_mac(self.working(key)?, algorithm, data),
            || self.soft.make_mac(key, algorithm, data),
        )
    }

    fn verify_mac(
        &self,
        key: WorkingKey,
        with: MacAlgorithm,
        data: &[u8],
        code: &[u8],
    ) -> Result<Verdict, HsmError> {
        self.either(
            "verify_mac",
            || self.device.verify_mac(self.working(key)?, with, data, code),
            || self.soft.verify_mac(key, with, data, code),
        )
    }

    fn hash_card(&self, key: KeyHandle, pan: &Pan) -> Result<CardToken, HsmError> {
        self.either(
            "hash_card",
            || self.device.hash_card(self.twin(key)?, pan),
            || self.soft.hash_card(key, pan),
        )
    }

    fn generate_cvv(&self, cvk: KeyHandle, card: &CardData<'_>) -> Result<Cvv, HsmError> {
        self.either(
            "generate_cvv",
            || self.device.generate_cvv(self.twin(cvk)?, card),
            || self.soft.generate_cvv(cvk, card),
        )
    }

    fn verify_cvv(&self, cvk: KeyHandle, card: &CardData<'_>, cvv: &Cvv) -> Result<Verdict, HsmError> {
        self.either(
            "verify_cvv",
            || self.device.verify_cvv(self.twin(cvk)?, card, cvv),
            || self.soft.verify_cvv(cvk, card, cvv),
        )
    }

    fn verify_arqc(&self, issuer: KeyHandle, cryptogram: &Cryptogram<'_>) -> Result<Verdict, HsmError> {
        self.either(
            "verify_arqc",
            || self.device.verify_arqc(self.twin(issuer)?, cryptogram),
            || self.soft.verify_arqc(issuer, cryptogram),
        )
    }

    fn answer_arqc(
        &self,
        issuer: KeyHandle,
        cryptogram: &Cryptogram<'_>,
        ask: &ArpcAsk<'_>,
    ) -> Result<Option<Arpc>, HsmError> {
        self.either(
            "answer_arqc",
            || self.device.answer_arqc(self.twin(issuer)?, cryptogram, ask),
            || self.soft.answer_arqc(issuer, cryptogram, ask),
        )
    }

    fn make_script_mac(
        &self,
        key: KeyHandle,
        cryptogram: &Cryptogram<'_>,
        header: &[u8],
        data: &[u8],
    ) -> Result<[u8; 8], HsmError> {
        self.either(
            "make_script_mac",
            || self.device.make_script_mac(self.twin(key)?, cryptogram, header, data),
            || self.soft.make_script_mac(key, cryptogram, header, data),
        )
    }

    fn encrypt_script_pin(
        &self,
        keys: ScriptPinKeys,
        cryptogram: &Cryptogram<'_>,
        pin: &EncryptedPin<'_>,
    ) -> Result<Vec<u8>, HsmError> {
        self.either(
            "encrypt_script_pin",
            || self.device.encrypt_script_pin(keys, cryptogram, &self.pin(pin)?),
            || self.soft.encrypt_script_pin(keys, cryptogram, pin),
        )
    }

    fn encrypt_data(&self, key: WorkingKey, mode: DataMode, data: &mut [u8]) -> Result<(), HsmError> {
        self.counts.lock().unwrap().entry("encrypt_data").or_default()[1] += 1;
        assert_eq!(self.device.encrypt_data(key, mode, data), Err(HsmError::Unsupported));
        self.soft.encrypt_data(key, mode, data)
    }

    fn decrypt_data(&self, key: WorkingKey, mode: DataMode, data: &mut [u8]) -> Result<(), HsmError> {
        self.counts.lock().unwrap().entry("decrypt_data").or_default()[1] += 1;
        assert_eq!(self.device.decrypt_data(key, mode, data), Err(HsmError::Unsupported));
        self.soft.decrypt_data(key, mode, data)
    }
}
