//! The software module: keys in this process' memory, key schedules kept, wiped when dropped.
//!
//! For development and small set-ups. It is no certified module, and nothing here pretends so: whoever reads this
//! process' memory reads the keys.

use std::fmt;
use std::ops::Deref;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use hmac::{Hmac, KeyInit, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::ask::{EncryptedPin, MacAlgorithm, MacCode, PinCipherBlock, WorkingKey, WrappedKey};
use super::{Hsm, HsmError, KeyHandle, Verdict, fits};
use crate::cipher::{Aes, BlockCipher, Sm4, Tdes, ecb_encrypt};
use crate::dukpt::{aes, tdes};
use crate::entropy::Entropy;
use crate::kdf::{self, CONTEXT_BYTES_MAX};
use crate::key::{AesKey, CheckValue, Key, TdesKey};
use crate::key_usage::{Exportability, KeyAct, KeyAttributes, KeyStatus, KeyUsage};
use crate::mac::{UnionPayEcbMac, cbc_mac, cmac, retail_mac};
use crate::pan::Pan;
use crate::pin::Pin;
use crate::pin_block::{PinBlock, PinBlockError, PinFormat, decipher_iso4, encipher_iso4};
use crate::pin_verification::{Ibm3624, PinOffset, Pvv, visa_pvv};
use crate::token::{CardHasher, CardToken};

/// Most keys held at once: two working keys for each of a hundred thousand terminals, and room to roll them over.
pub const KEYS_MAX: usize = 1 << 20;
/// Fewest bytes of a received MAC that count as one.
pub const MAC_BYTES_MIN: usize = 4;

/// A key ready for use.
pub(super) enum Prepared {
    Tdes(Tdes),
    Aes(Box<Aes>),
    Sm4(Sm4),
    Hmac(Box<Hmac<Sha256>>),
    Card(Box<CardHasher>),
}

impl Prepared {
    fn new(usage: KeyUsage, key: &Key) -> Self {
        match key {
            Key::Tdes(key) => Self::Tdes(Tdes::new(key)),
            Key::Aes(key) => Self::Aes(Box::new(Aes::new(key))),
            Key::Sm4(key) => Self::Sm4(Sm4::new(key)),
            Key::Hmac(key) if usage == KeyUsage::CardHash => Self::Card(Box::new(CardHasher::new(key))),
            Key::Hmac(key) => Self::hmac(key.expose()),
        }
    }

    fn hmac(key: &[u8]) -> Self {
        Self::Hmac(Box::new(
            Hmac::new_from_slice(key).expect("HMAC takes keys of every length"),
        ))
    }

    fn tdes(&self) -> Result<&Tdes, HsmError> {
        match self {
            Self::Tdes(tdes) => Ok(tdes),
            Self::Aes(_) | Self::Sm4(_) | Self::Hmac(_) | Self::Card(_) => Err(HsmError::WrongAlgorithm),
        }
    }

    fn mac(&self, algorithm: MacAlgorithm, data: &[u8]) -> Result<MacCode, HsmError> {
        Ok(match (algorithm, self) {
            (MacAlgorithm::UnionPayEcb, Self::Tdes(key)) => {
                MacCode::new(&UnionPayEcbMac::over(key, data).field())
            }
            (MacAlgorithm::UnionPayEcb, Self::Sm4(key)) => {
                MacCode::new(&UnionPayEcbMac::over(key, data).field())
            }
            (MacAlgorithm::Retail { padding }, Self::Tdes(key)) => {
                MacCode::new(&retail_mac(key, padding, data))
            }
            (MacAlgorithm::Cbc { padding }, Self::Tdes(key)) => MacCode::new(&cbc_mac(key, padding, data)),
            (MacAlgorithm::Cbc { padding }, Self::Aes(key)) => MacCode::new(&cbc_mac(&**key, padding, data)),
            (MacAlgorithm::Cbc { padding }, Self::Sm4(key)) => MacCode::new(&cbc_mac(key, padding, data)),
            (MacAlgorithm::Cmac, Self::Tdes(key)) => MacCode::new(&cmac(key, &[data])),
            (MacAlgorithm::Cmac, Self::Aes(key)) => MacCode::new(&cmac(&**key, &[data])),
            (MacAlgorithm::Cmac, Self::Sm4(key)) => MacCode::new(&cmac(key, &[data])),
            (MacAlgorithm::HmacSha256, Self::Hmac(key)) => {
                let mut mac = (**key).clone();
                mac.update(data);
                MacCode::new(&mac.finalize().into_bytes())
            }
            (
                MacAlgorithm::UnionPayEcb
                | MacAlgorithm::Retail { .. }
                | MacAlgorithm::Cbc { .. }
                | MacAlgorithm::Cmac
                | MacAlgorithm::HmacSha256,
                Self::Tdes(_) | Self::Aes(_) | Self::Sm4(_) | Self::Hmac(_) | Self::Card(_),
            ) => return Err(HsmError::WrongAlgorithm),
        })
    }

    fn open_pin(&self, pin: &EncryptedPin<'_>) -> Result<Pin, HsmError> {
        if pin.block.len() != pin.format.bytes() {
            return Err(PinBlockError::Size.into());
        }
        match (pin.format, self) {
            (PinFormat::Iso4, Self::Aes(key)) => open_iso4(&**key, pin),
            (PinFormat::Iso4, Self::Sm4(key)) => open_iso4(key, pin),
            (format, Self::Tdes(key)) if format.bytes() == 8 => {
                let block: [u8; 8] = pin.block.try_into().map_err(|_| PinBlockError::Size)?;
                Ok(PinBlock::new(key.decrypt(block)).decode(format, pin.pan)?)
            }
            (_, Self::Tdes(_) | Self::Aes(_) | Self::Sm4(_) | Self::Hmac(_) | Self::Card(_)) => {
                Err(PinBlockError::Cipher.into())
            }
        }
    }

    fn close_pin(
        &self,
        pin: &Pin,
        pan: &Pan,
        format: PinFormat,
        entropy: &dyn Entropy,
    ) -> Result<PinCipherBlock, HsmError> {
        let mut random = [0; 8];
        match (format, self) {
            (PinFormat::Iso4, Self::Aes(key)) => {
                entropy.fill(&mut random)?;
                Ok(PinCipherBlock::new(&encipher_iso4(&**key, pin, pan, random)))
            }
            (PinFormat::Iso4, Self::Sm4(key)) => {
                entropy.fill(&mut random)?;
                Ok(PinCipherBlock::new(&encipher_iso4(key, pin, pan, random)))
            }
            (format, Self::Tdes(key)) if format.bytes() == 8 => {
                let clear = PinBlock::encode(format, pin, pan, entropy)?;
                Ok(PinCipherBlock::new(&key.encrypt(*clear.expose())))
            }
            (_, Self::Tdes(_) | Self::Aes(_) | Self::Sm4(_) | Self::Hmac(_) | Self::Card(_)) => {
                Err(PinBlockError::Cipher.into())
            }
        }
    }
}

fn open_iso4(key: &impl BlockCipher<16>, pin: &EncryptedPin<'_>) -> Result<Pin, HsmError> {
    let block = pin.block.try_into().map_err(|_| PinBlockError::Size)?;
    Ok(decipher_iso4(key, block, pin.pan)?)
}

/// One key and all that is known of it.
struct Held {
    label: Option<String>,
    attributes: KeyAttributes,
    status: KeyStatus,
    key: Key,
    prepared: Prepared,
}

/// A place for a key; its generation grows each time it is emptied.
struct Slot {
    generation: u32,
    held: Option<Box<Held>>,
}

#[derive(Default)]
struct Slots {
    slots: Vec<Slot>,
    free: Vec<u32>,
}

impl Slots {
    fn held(&self, key: KeyHandle) -> Result<&Held, HsmError> {
        let slot = self
            .slots
            .get(key.slot as usize)
            .filter(|slot| slot.generation == key.generation);
        slot.and_then(|slot| slot.held.as_deref())
            .ok_or(HsmError::UnknownKey)
    }

    /// The key, if it is for one of `usages` and permits `act` now. Everything that uses a key comes through here.
    fn permit(&self, key: KeyHandle, usages: &[KeyUsage], act: KeyAct) -> Result<&Held, HsmError> {
        let held = self.held(key)?;
        if !usages.contains(&held.attributes.usage) {
            return Err(HsmError::WrongUsage);
        }
        if !act.permitted_by(held.attributes.mode) {
            return Err(HsmError::WrongMode);
        }
        match held.status {
            KeyStatus::Active => Ok(held),
            KeyStatus::Overlap if act.makes() => Err(HsmError::KeyExpired),
            KeyStatus::Overlap => Ok(held),
            KeyStatus::Expired => Err(HsmError::KeyExpired),
            KeyStatus::Retired => Err(HsmError::KeyRetired),
        }
    }

    fn insert(&mut self, held: Held) -> Result<KeyHandle, HsmError> {
        let held = Some(Box::new(held));
        if let Some(slot) = self.free.pop() {
            let place = &mut self.slots[slot as usize];
            place.held = held;
            return Ok(KeyHandle {
                slot,
                generation: place.generation,
            });
        }
        if self.slots.len() >= KEYS_MAX {
            return Err(HsmError::Full);
        }
        let slot = self.slots.len() as u32;
        self.slots.push(Slot { generation: 0, held });
        Ok(KeyHandle { slot, generation: 0 })
    }

    fn remove(&mut self, key: KeyHandle) -> Result<(), HsmError> {
        self.held(key)?;
        let place = &mut self.slots[key.slot as usize];
        place.held = None;
        // A slot whose generations are used up is never filled again, so a stale handle stays stale.
        if let Some(next) = place.generation.checked_add(1) {
            place.generation = next;
            self.free.push(key.slot);
        }
        Ok(())
    }
}

/// A working key: borrowed from its slot, or derived for this message.
enum Ready<'a> {
    Held(&'a Prepared),
    Derived(Box<Prepared>),
}

impl Deref for Ready<'_> {
    type Target = Prepared;

    fn deref(&self) -> &Prepared {
        match self {
            Self::Held(prepared) => prepared,
            Self::Derived(prepared) => prepared,
        }
    }
}

/// What a working key is wanted for: the usages of a held key, and the purposes of a derived one.
struct Wanted {
    usages: &'static [KeyUsage],
    act: KeyAct,
    tdes: fn(crate::dukpt::Direction) -> tdes::Purpose,
    aes: fn(crate::dukpt::Direction) -> aes::Purpose,
}

impl Wanted {
    const fn pin(act: KeyAct) -> Self {
        Self {
            usages: &[KeyUsage::PinEncryption],
            act,
            tdes: |_| tdes::Purpose::Pin,
            aes: |_| aes::Purpose::Pin,
        }
    }

    const fn mac(algorithm: MacAlgorithm, act: KeyAct) -> Self {
        Self {
            usages: algorithm.usages(),
            act,
            tdes: tdes::Purpose::Mac,
            aes: aes::Purpose::Mac,
        }
    }
}

impl Slots {
    fn ready(&self, key: WorkingKey, wanted: &Wanted) -> Result<Ready<'_>, HsmError> {
        match key {
            WorkingKey::Held(key) => Ok(Ready::Held(
                &self.permit(key, wanted.usages, wanted.act)?.prepared,
            )),
            WorkingKey::DukptTdes { base, ksn, direction } => {
                let base = self.permit(base, &[KeyUsage::DukptBase], KeyAct::Derive)?;
                if !ksn.is_possible() {
                    return Err(HsmError::KeySerialNumber);
                }
                let Key::Tdes(base) = &base.key else {
                    return Err(HsmError::WrongAlgorithm);
                };
                let derived = derive_tdes(base, ksn, (wanted.tdes)(direction))?;
                Ok(Ready::Derived(Box::new(Prepared::Tdes(Tdes::new(&derived)))))
            }
            WorkingKey::DukptAes {
                base,
                ksn,
                direction,
                algorithm,
            } => {
                let base = self.permit(base, &[KeyUsage::DukptBase], KeyAct::Derive)?;
                if !ksn.is_possible() {
                    return Err(HsmError::KeySerialNumber);
                }
                let Key::Aes(base) = &base.key else {
                    return Err(HsmError::WrongAlgorithm);
                };
                let derived = derive_aes(base, ksn, (wanted.aes)(direction), algorithm)?;
                Ok(Ready::Derived(Box::new(derived)))
            }
        }
    }
}

fn derive_tdes(base: &TdesKey, ksn: tdes::Ksn, purpose: tdes::Purpose) -> Result<TdesKey, HsmError> {
    tdes::initial_key(base, ksn)
        .and_then(|initial| tdes::transaction_key(&initial, ksn))
        .and_then(|transaction| tdes::working_key(&transaction, purpose))
        .map_err(|_| HsmError::WrongAlgorithm)
}

fn derive_aes(
    base: &AesKey,
    ksn: aes::Ksn,
    purpose: aes::Purpose,
    what: aes::DerivedType,
) -> Result<Prepared, HsmError> {
    use aes::DerivedType as Type;
    if what.strength() > base.expose().len() * 8 {
        return Err(HsmError::WrongAlgorithm);
    }
    let derivation = aes::derivation_key(&aes::initial_key(base, ksn.initial_key_id), ksn);
    let bytes = aes::working_key(&derivation, purpose, what, ksn);
    const WHY: &str = "a derived key has the length of its type";
    Ok(match what {
        Type::Tdes2 | Type::Tdes3 => Prepared::Tdes(Tdes::new(&TdesKey::new(&bytes).expect(WHY))),
        Type::Aes128 | Type::Aes192 | Type::Aes256 => {
            Prepared::Aes(Box::new(Aes::new(&AesKey::new(&bytes).expect(WHY))))
        }
        Type::Hmac128 | Type::Hmac192 | Type::Hmac256 => Prepared::hmac(&bytes),
    })
}

/// The software module.
pub struct SoftHsm {
    slots: RwLock<Slots>,
    entropy: Box<dyn Entropy>,
}

impl fmt::Debug for SoftHsm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slots = self.read();
        write!(f, "SoftHsm({} keys)", slots.slots.len() - slots.free.len())
    }
}

impl SoftHsm {
    /// A module without keys.
    pub fn new(entropy: Box<dyn Entropy>) -> Self {
        Self {
            slots: RwLock::default(),
            entropy,
        }
    }

    /// Puts a clear key in, with a label if it is to be found by one. For key stores, ceremonies and tests; what comes
    /// from outside comes in key blocks.
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
        self.write().insert(Held {
            label: label.map(str::to_owned),
            attributes,
            status,
            key,
            prepared,
        })
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
        slots.slots.iter().enumerate().find_map(|(at, slot)| {
            let held = slot.held.as_deref()?;
            let found = held.status == KeyStatus::Active && held.label.as_deref() == Some(label);
            found.then_some(KeyHandle {
                slot: at as u32,
                generation: slot.generation,
            })
        })
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
            let Prepared::Aes(base) = &slots
                .permit(base, &[KeyUsage::Derivation], KeyAct::Derive)?
                .prepared
            else {
                return Err(HsmError::WrongAlgorithm);
            };
            kdf::derive(base, &attributes.usage.code(), context, attributes.algorithm)
        };
        self.load(None, attributes, KeyStatus::Active, key)
    }

    fn forget(&self, key: KeyHandle) -> Result<(), HsmError> {
        self.write().remove(key)
    }

    fn set_status(&self, key: KeyHandle, status: KeyStatus) -> Result<(), HsmError> {
        let mut slots = self.write();
        slots.held(key)?;
        if let Some(held) = &mut slots.slots[key.slot as usize].held {
            held.status = status;
        }
        Ok(())
    }

    fn check_value(&self, key: KeyHandle) -> Result<CheckValue, HsmError> {
        Ok(self.read().held(key)?.key.check_value())
    }

    fn export_under(&self, kek: KeyHandle, key: KeyHandle) -> Result<WrappedKey, HsmError> {
        let slots = self.read();
        let kek = slots.permit(kek, &[KeyUsage::KeyEncryption], KeyAct::Encrypt)?;
        let held = slots.held(key)?;
        if held.attributes.exportability != Exportability::Sensitive {
            return Err(HsmError::NotExportable);
        }
        match held.status {
            KeyStatus::Active | KeyStatus::Overlap => {}
            KeyStatus::Expired => return Err(HsmError::KeyExpired),
            KeyStatus::Retired => return Err(HsmError::KeyRetired),
        }
        // A key never travels under a weaker one (PCI PIN security, annex C).
        if held.attributes.algorithm.strength() > kek.attributes.algorithm.strength() {
            return Err(HsmError::WrongAlgorithm);
        }
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
        let clear = slots
            .ready(pin.key, &Wanted::pin(KeyAct::Decrypt))?
            .open_pin(pin)?;
        let pvk = slots.permit(pvk, &[KeyUsage::PinVerificationVisa], KeyAct::Verify)?;
        Ok(Verdict::of(
            visa_pvv(pvk.prepared.tdes()?, key_index, &clear, pin.pan).ct_eq(pvv),
        ))
    }

    fn generate_pvv(&self, pin: &EncryptedPin<'_>, pvk: KeyHandle, key_index: u8) -> Result<Pvv, HsmError> {
        let slots = self.read();
        let clear = slots
            .ready(pin.key, &Wanted::pin(KeyAct::Decrypt))?
            .open_pin(pin)?;
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
        let clear = slots
            .ready(pin.key, &Wanted::pin(KeyAct::Decrypt))?
            .open_pin(pin)?;
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
        let clear = slots
            .ready(pin.key, &Wanted::pin(KeyAct::Decrypt))?
            .open_pin(pin)?;
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
        self.read()
            .ready(key, &Wanted::mac(algorithm, KeyAct::Generate))?
            .mac(algorithm, data)
    }

    fn verify_mac(
        &self,
        key: WorkingKey,
        algorithm: MacAlgorithm,
        data: &[u8],
        code: &[u8],
    ) -> Result<Verdict, HsmError> {
        let right = self
            .read()
            .ready(key, &Wanted::mac(algorithm, KeyAct::Verify))?
            .mac(algorithm, data)?;
        if !(MAC_BYTES_MIN..=right.bytes().len()).contains(&code.len()) {
            return Err(HsmError::Input("not a length of this MAC"));
        }
        Ok(Verdict::of(right.bytes()[..code.len()].ct_eq(code)))
    }

    fn hash_card(&self, key: KeyHandle, pan: &Pan) -> Result<CardToken, HsmError> {
        let slots = self.read();
        match &slots
            .permit(key, &[KeyUsage::CardHash], KeyAct::Generate)?
            .prepared
        {
            Prepared::Card(hasher) => Ok(hasher.token(pan)),
            Prepared::Tdes(_) | Prepared::Aes(_) | Prepared::Sm4(_) | Prepared::Hmac(_) => {
                Err(HsmError::WrongAlgorithm)
            }
        }
    }
}
