//! Where the software module keeps its keys, and the one place where their use is permitted.
//!
//! Nothing is computed here but what derives a working key.

use std::ops::Deref;

use super::ask::{MacAlgorithm, WorkingKey};
use super::prepared::Prepared;
use super::{HsmError, KeyHandle};
use crate::cipher::{Aes, Tdes};
use crate::dukpt::{Direction, aes, tdes};
use crate::key::{AesKey, Key, KeyAlgorithm, TdesKey};
use crate::key_usage::{Exportability, KeyAct, KeyAttributes, KeyStatus, KeyUsage};

/// Most keys held at once: two working keys for each of a hundred thousand terminals, and room to roll them
/// over.
pub const KEYS_MAX: usize = 1 << 20;

/// One key and all that is known of it.
pub(super) struct Held {
    pub(super) label: Option<String>,
    pub(super) attributes: KeyAttributes,
    pub(super) status: KeyStatus,
    pub(super) key: Key,
    pub(super) prepared: Prepared,
}

impl Held {
    /// A key never travels under a weaker one (PCI PIN security, annex C).
    pub(super) fn covers(&self, carried: KeyAlgorithm) -> Result<(), HsmError> {
        if carried.strength() > self.attributes.algorithm.strength() {
            return Err(HsmError::WrongAlgorithm);
        }
        Ok(())
    }
}

/// A place for a key; its generation grows each time it is emptied.
struct Slot {
    generation: u32,
    held: Option<Box<Held>>,
}

#[derive(Default)]
pub(super) struct Slots {
    slots: Vec<Slot>,
    free: Vec<u32>,
}

impl Slots {
    pub(super) fn held(&self, key: KeyHandle) -> Result<&Held, HsmError> {
        let slot = self.slots.get(key.slot as usize).filter(|slot| slot.generation == key.generation);
        slot.and_then(|slot| slot.held.as_deref()).ok_or(HsmError::UnknownKey)
    }

    /// The key, if it is for one of `usages` and permits `act` now. Everything that uses a key comes through
    /// here.
    pub(super) fn permit(&self, key: KeyHandle, usages: &[KeyUsage], act: KeyAct) -> Result<&Held, HsmError> {
        let held = self.held(key)?;
        if !usages.contains(&held.attributes.usage) {
            return Err(HsmError::WrongUsage);
        }
        if !act.permitted_by(held.attributes.mode) {
            return Err(HsmError::WrongMode);
        }
        Self::in_use(held, act)?;
        Ok(held)
    }

    /// A key that is to leave, with whatever usage: by a way its exportability names, and no stronger than
    /// its cover.
    pub(super) fn leaving(
        &self,
        key: KeyHandle,
        cover: &Held,
        ways: &[Exportability],
    ) -> Result<&Held, HsmError> {
        let held = self.held(key)?;
        if !ways.contains(&held.attributes.exportability) {
            return Err(HsmError::NotExportable);
        }
        Self::in_use(held, KeyAct::Decrypt)?;
        cover.covers(held.attributes.algorithm)?;
        Ok(held)
    }

    fn in_use(held: &Held, act: KeyAct) -> Result<(), HsmError> {
        match held.status {
            KeyStatus::Active => Ok(()),
            KeyStatus::Overlap if act.makes() => Err(HsmError::KeyExpired),
            KeyStatus::Overlap => Ok(()),
            KeyStatus::Expired => Err(HsmError::KeyExpired),
            KeyStatus::Retired => Err(HsmError::KeyRetired),
        }
    }

    pub(super) fn insert(&mut self, held: Held) -> Result<KeyHandle, HsmError> {
        let held = Some(Box::new(held));
        if let Some(slot) = self.free.pop() {
            let place = &mut self.slots[slot as usize];
            place.held = held;
            return Ok(KeyHandle { slot, generation: place.generation });
        }
        if self.slots.len() >= KEYS_MAX {
            return Err(HsmError::Full);
        }
        let slot = self.slots.len() as u32;
        self.slots.push(Slot { generation: 0, held });
        Ok(KeyHandle { slot, generation: 0 })
    }

    /// How many keys there are.
    pub(super) fn count(&self) -> usize {
        self.slots.iter().filter(|slot| slot.held.is_some()).count()
    }

    /// Every key with its handle.
    pub(super) fn all(&self) -> impl Iterator<Item = (KeyHandle, &Held)> {
        self.slots.iter().enumerate().filter_map(|(at, slot)| {
            let handle = KeyHandle { slot: at as u32, generation: slot.generation };
            Some((handle, slot.held.as_deref()?))
        })
    }

    pub(super) fn set_status(&mut self, key: KeyHandle, status: KeyStatus) -> Result<(), HsmError> {
        self.held(key)?;
        if let Some(held) = &mut self.slots[key.slot as usize].held {
            held.status = status;
        }
        Ok(())
    }

    pub(super) fn remove(&mut self, key: KeyHandle) -> Result<(), HsmError> {
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
pub(super) enum Ready<'a> {
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
pub(super) struct Wanted {
    usages: &'static [KeyUsage],
    act: KeyAct,
    tdes: fn(Direction) -> tdes::Purpose,
    aes: fn(Direction) -> aes::Purpose,
}

impl Wanted {
    pub(super) const fn pin(act: KeyAct) -> Self {
        Self {
            usages: &[KeyUsage::PinEncryption],
            act,
            tdes: |_| tdes::Purpose::Pin,
            aes: |_| aes::Purpose::Pin,
        }
    }

    pub(super) const fn mac(algorithm: MacAlgorithm, act: KeyAct) -> Self {
        Self { usages: algorithm.usages(), act, tdes: tdes::Purpose::Mac, aes: aes::Purpose::Mac }
    }

    pub(super) const fn data(act: KeyAct) -> Self {
        Self { usages: &[KeyUsage::Data], act, tdes: tdes::Purpose::Data, aes: aes::Purpose::Data }
    }
}

impl Slots {
    pub(super) fn ready(&self, key: WorkingKey, wanted: &Wanted) -> Result<Ready<'_>, HsmError> {
        match key {
            WorkingKey::Held(key) => Ok(Ready::Held(&self.permit(key, wanted.usages, wanted.act)?.prepared)),
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
            WorkingKey::DukptAes { base, ksn, direction, algorithm } => {
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
