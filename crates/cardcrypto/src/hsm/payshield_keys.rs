//! The keys of a payShield-style module as its host keeps them: under the module's local master key, with
//! what each is for.
//!
//! No key in the clear, and nothing is asked of the module here.

use super::{HsmError, KEYS_MAX, KeyHandle, KeyListing};
use crate::key::CheckValue;
use crate::key_usage::{KeyAct, KeyAttributes, KeyStatus, KeyUsage};

/// A key as the host keeps it. Worth nothing without the module whose local master key it is under.
#[derive(Clone, PartialEq, Eq)]
pub struct HostKey {
    /// What it is called, if it is.
    pub label: Option<String>,
    /// What it is for.
    pub attributes: KeyAttributes,
    /// Where it is in its life.
    pub status: KeyStatus,
    /// The key block under the local master key, with the letter `S` in front.
    pub under_lmk: String,
    /// Its check value.
    pub check_value: CheckValue,
}

impl std::fmt::Debug for HostKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HostKey({:?}, {:?}, {:?})", self.label, self.attributes, self.check_value)
    }
}

/// A place for a key; its generation grows each time it is emptied.
#[derive(Default)]
struct Place {
    generation: u32,
    key: Option<Box<HostKey>>,
}

/// All keys the host holds for the module.
#[derive(Default)]
pub(super) struct HostKeys {
    places: Vec<Place>,
    free: Vec<u32>,
}

impl HostKeys {
    pub(super) fn get(&self, key: KeyHandle) -> Result<&HostKey, HsmError> {
        let place = self.places.get(key.slot as usize).filter(|place| place.generation == key.generation);
        place.and_then(|place| place.key.as_deref()).ok_or(HsmError::UnknownKey)
    }

    /// The key, if it is for one of `usages` and permits `act` now. The module checks again; this answers
    /// by name and without a round trip, and knows what the module does not: the key's status.
    pub(super) fn permit(
        &self,
        key: KeyHandle,
        usages: &[KeyUsage],
        act: KeyAct,
    ) -> Result<&HostKey, HsmError> {
        let held = self.get(key)?;
        if !usages.contains(&held.attributes.usage) {
            return Err(HsmError::WrongUsage);
        }
        if !act.permitted_by(held.attributes.mode) {
            return Err(HsmError::WrongMode);
        }
        in_use(held, act)?;
        Ok(held)
    }

    /// A key that is to leave.
    pub(super) fn leaving(&self, key: KeyHandle) -> Result<&HostKey, HsmError> {
        let held = self.get(key)?;
        in_use(held, KeyAct::Decrypt)?;
        Ok(held)
    }

    pub(super) fn insert(&mut self, key: HostKey) -> Result<KeyHandle, HsmError> {
        let key = Some(Box::new(key));
        if let Some(slot) = self.free.pop() {
            let place = &mut self.places[slot as usize];
            place.key = key;
            return Ok(KeyHandle { slot, generation: place.generation });
        }
        if self.places.len() >= KEYS_MAX {
            return Err(HsmError::Full);
        }
        let slot = self.places.len() as u32;
        self.places.push(Place { generation: 0, key });
        Ok(KeyHandle { slot, generation: 0 })
    }

    pub(super) fn set_status(&mut self, key: KeyHandle, status: KeyStatus) -> Result<(), HsmError> {
        self.get(key)?;
        if let Some(held) = &mut self.places[key.slot as usize].key {
            held.status = status;
        }
        Ok(())
    }

    pub(super) fn remove(&mut self, key: KeyHandle) -> Result<(), HsmError> {
        self.get(key)?;
        let place = &mut self.places[key.slot as usize];
        place.key = None;
        // A place whose generations are used up is never filled again, so a stale handle stays stale.
        if let Some(next) = place.generation.checked_add(1) {
            place.generation = next;
            self.free.push(key.slot);
        }
        Ok(())
    }

    pub(super) fn find(&self, label: &str) -> Option<KeyHandle> {
        let named = |key: &HostKey| key.status == KeyStatus::Active && key.label.as_deref() == Some(label);
        self.all().find(|(_, key)| named(key)).map(|(handle, _)| handle)
    }

    fn all(&self) -> impl Iterator<Item = (KeyHandle, &HostKey)> {
        self.places.iter().enumerate().filter_map(|(at, place)| {
            let handle = KeyHandle { slot: at as u32, generation: place.generation };
            Some((handle, place.key.as_deref()?))
        })
    }

    pub(super) fn list(&self) -> Vec<KeyListing> {
        let listing = |(handle, key): (KeyHandle, &HostKey)| KeyListing {
            handle,
            label: key.label.clone(),
            attributes: key.attributes,
            status: key.status,
            check_value: key.check_value,
        };
        self.all().map(listing).collect()
    }
}

fn in_use(held: &HostKey, act: KeyAct) -> Result<(), HsmError> {
    match held.status {
        KeyStatus::Active => Ok(()),
        KeyStatus::Overlap if act.makes() => Err(HsmError::KeyExpired),
        KeyStatus::Overlap => Ok(()),
        KeyStatus::Expired => Err(HsmError::KeyExpired),
        KeyStatus::Retired => Err(HsmError::KeyRetired),
    }
}
