//! Keys by handle: which key is for whom, and the working keys of terminals, made when they are needed.
//!
//! No clear key ever: a handle means nothing outside the security module. Working keys are stored nowhere; they
//! follow from a base key, the terminal and a generation, so a restart changes nothing.

use crate::chip::IssuerRange;
use cardcrypto::key::KeyAlgorithm;
use cardcrypto::{Exportability, Hsm, HsmError, KeyAttributes, KeyHandle, KeyMode, KeyUsage};
use machine::ids::Acceptor;
use rustc_hash::FxHashMap;
use std::collections::VecDeque;

/// PIN verification keys are numbered 1 to 6.
pub const PVV_KEYS_MAX: usize = 6;

/// The keys of the edge.
#[derive(Clone, Debug)]
pub struct KeyRing {
    /// Makes the `CardId` of a card number (usage card hash).
    pub card_hash: KeyHandle,
    /// The key before a rotation: a card not found under the new one is looked for under this.
    pub card_hash_before: Option<KeyHandle>,
    /// Working keys of terminals are derived from it (usage derivation).
    pub working_base: KeyHandle,
    /// PIN verification keys by index; the first has index 1 (usage PIN verification, Visa).
    pub pin_verification: [Option<KeyHandle>; PVV_KEYS_MAX],
    /// What is known of the cards of an issuer: their chips and verification values.
    pub issuers: Vec<IssuerRange>,
    terminal_masters: FxHashMap<Acceptor, KeyHandle>,
}

impl KeyRing {
    /// A ring with the two keys nothing works without.
    #[must_use]
    pub fn new(card_hash: KeyHandle, working_base: KeyHandle) -> KeyRing {
        KeyRing {
            card_hash,
            card_hash_before: None,
            working_base,
            pin_verification: [None; PVV_KEYS_MAX],
            issuers: Vec::new(),
            terminal_masters: FxHashMap::default(),
        }
    }

    /// The master key of a terminal, under which its working keys travel.
    #[must_use]
    pub fn terminal_master(&self, acceptor: Acceptor) -> Option<KeyHandle> {
        self.terminal_masters.get(&acceptor).copied()
    }

    /// Sets the master key of a terminal; the one before, if there was one.
    pub fn set_terminal_master(&mut self, acceptor: Acceptor, key: KeyHandle) -> Option<KeyHandle> {
        self.terminal_masters.insert(acceptor, key)
    }

    /// The PIN verification key of an index.
    #[must_use]
    pub fn pin_verification(&self, index: u8) -> Option<KeyHandle> {
        let place = usize::from(index).checked_sub(1)?;
        self.pin_verification.get(place).copied().flatten()
    }
}

/// A working key of a terminal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Working {
    /// For MACs: single length in every variant of the protocol that is in use.
    Mac,
    /// For PIN blocks under DES.
    PinSingle,
    /// For PIN blocks under triple DES.
    PinDouble,
    /// For tracks.
    Track,
}

impl Working {
    /// What the key is to the security module. Never changed: keys in the field depend on it.
    const fn attributes(self) -> KeyAttributes {
        let (usage, algorithm, mode) = match self {
            Working::Mac => (KeyUsage::MacUnionPay, KeyAlgorithm::TdesSingle, KeyMode::GenerateAndVerify),
            Working::PinSingle => (KeyUsage::PinEncryption, KeyAlgorithm::TdesSingle, KeyMode::Both),
            Working::PinDouble => (KeyUsage::PinEncryption, KeyAlgorithm::TdesDouble, KeyMode::Both),
            Working::Track => (KeyUsage::Data, KeyAlgorithm::TdesDouble, KeyMode::Both),
        };
        KeyAttributes::new(usage, algorithm, mode).exportable(Exportability::Sensitive)
    }
}

/// A terminal and a generation of its working keys.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct KeySlot {
    pub acceptor: Acceptor,
    pub generation: u32,
}

impl KeySlot {
    /// What the keys are derived for: merchant, terminal, generation. Never changed either.
    fn context(&self) -> [u8; 27] {
        let mut context = [0; 27];
        context[..15].copy_from_slice(&self.acceptor.merchant.0);
        context[15..23].copy_from_slice(&self.acceptor.terminal.0);
        context[23..].copy_from_slice(&self.generation.to_be_bytes());
        context
    }
}

/// Derived working keys kept ready, so many terminals' and no more: the least lately used give way.
#[derive(Debug)]
pub(crate) struct WorkingKeys {
    max: usize,
    ready: FxHashMap<KeySlot, Ready>,
    /// Every slot of `ready` once, in the order of the second-chance round.
    round: VecDeque<KeySlot>,
    /// Keys made so far.
    pub derived: u64,
}

#[derive(Debug, Default)]
struct Ready {
    keys: [Option<KeyHandle>; 4],
    used: bool,
}

impl WorkingKeys {
    pub fn new(max: usize) -> WorkingKeys {
        WorkingKeys { max: max.max(1), ready: FxHashMap::default(), round: VecDeque::new(), derived: 0 }
    }

    /// A working key, derived if it is not ready.
    ///
    /// # Errors
    /// What the security module said.
    pub fn key(
        &mut self,
        hsm: &dyn Hsm,
        base: KeyHandle,
        slot: KeySlot,
        which: Working,
    ) -> Result<KeyHandle, HsmError> {
        if let Some(ready) = self.ready.get_mut(&slot) {
            ready.used = true;
            if let Some(key) = ready.keys[which as usize] {
                return Ok(key);
            }
        }
        let key = hsm.derive_working_key(base, &slot.context(), which.attributes())?;
        self.derived += 1;
        if !self.ready.contains_key(&slot) {
            self.make_room(hsm);
            self.round.push_back(slot);
        }
        self.ready.entry(slot).or_default().keys[which as usize] = Some(key);
        Ok(key)
    }

    fn make_room(&mut self, hsm: &dyn Hsm) {
        while self.ready.len() >= self.max {
            let Some(oldest) = self.round.pop_front() else { return };
            if let Some(ready) = self.ready.get_mut(&oldest)
                && std::mem::take(&mut ready.used)
            {
                self.round.push_back(oldest);
                continue;
            }
            let gone = self.ready.remove(&oldest).unwrap_or_default();
            for key in gone.keys.into_iter().flatten() {
                // The module may have forgotten it first, at a restart of its own: then there is nothing to do.
                let _ = hsm.forget(key);
            }
        }
    }
}
