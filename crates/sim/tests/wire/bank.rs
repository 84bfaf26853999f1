//! The bank of a wired world: its security module, the keys of its terminals, and the cards in people's pockets.
//!
//! Keys are invented here and known to both ends, as an installer and a bureau would have brought them.

use cardcrypto::cipher::Tdes;
use cardcrypto::cvv::{self, SERVICE_CODE_ICVV, ServiceCode, card_verification_value};
use cardcrypto::emv::{MasterKeyOption, Profile};
use cardcrypto::hsm::SoftHsm;
use cardcrypto::key::{Key, KeyAlgorithm, TdesKey};
use cardcrypto::pin_verification::visa_pvv;
use cardcrypto::{
    Exportability, Hsm, KeyAttributes, KeyHandle, KeyMode, KeyStatus, KeyUsage, Pan, Pin, SystemEntropy,
};
use gateway::{ChipProfile, IssuerRange, KeyRing, ValueProfile};
use machine::command::PinReference;
use machine::ids::{Acceptor, CardId};
use sim::population::Card;
use std::sync::Arc;
use terminal::{CardInHand, Chip};

const PVK: [u8; 16] = *b"\x11\x23\x45\x67\x89\xAB\xCD\xEF\xFE\xDC\xBA\x98\x76\x54\x32\x10";
const CVK: [u8; 16] = *b"\x21\x23\x45\x67\x89\xAB\xCD\xEF\xFE\xDC\xBA\x98\x76\x54\x32\x10";
const IMK: [u8; 16] = *b"\x31\x23\x45\x67\x89\xAB\xCD\xEF\xFE\xDC\xBA\x98\x76\x54\x32\x10";

pub struct Bank {
    pub hsm: Arc<SoftHsm>,
    pub ring: KeyRing,
}

fn load(hsm: &SoftHsm, usage: KeyUsage, mode: KeyMode, key: Key) -> KeyHandle {
    let attributes = KeyAttributes::new(usage, key.algorithm(), mode).exportable(Exportability::Never);
    hsm.load(None, attributes, KeyStatus::Active, key).unwrap()
}

fn double(bytes: &[u8]) -> Key {
    Key::new(KeyAlgorithm::TdesDouble, bytes).unwrap()
}

fn filled(algorithm: KeyAlgorithm, fill: u8) -> Key {
    Key::new(algorithm, &vec![fill; algorithm.bytes()]).unwrap()
}

impl Bank {
    pub fn found() -> Bank {
        let hsm = Arc::new(SoftHsm::new(Box::new(SystemEntropy)));
        let hash = load(&hsm, KeyUsage::CardHash, KeyMode::Generate, filled(KeyAlgorithm::HmacSha256, 0x51));
        let base = load(&hsm, KeyUsage::Derivation, KeyMode::Derive, filled(KeyAlgorithm::Aes256, 0x61));
        let pvk = load(&hsm, KeyUsage::PinVerificationVisa, KeyMode::Unrestricted, double(&PVK));
        let cvk = load(&hsm, KeyUsage::CardVerification, KeyMode::Unrestricted, double(&CVK));
        let imk = load(&hsm, KeyUsage::EmvCryptogram, KeyMode::Derive, double(&IMK));
        let mut ring = KeyRing::new(hash, base);
        ring.pin_verification[0] = Some(pvk);
        for prefix in ["622588", "621626"] {
            ring.issuers.push(IssuerRange {
                prefix: prefix.to_owned(),
                value: Some(ValueProfile { key: cvk, place: 5 }),
                chip: Some(ChipProfile { key: imk, profile: Profile::Pboc, master_key: MasterKeyOption::A }),
            });
        }
        Bank { hsm, ring }
    }

    pub fn card_id(&self, number: &str) -> CardId {
        CardId(self.hsm.hash_card(self.ring.card_hash, &Pan::parse(number).unwrap()).unwrap().0)
    }

    pub fn pin_reference(&self, number: &str, pin: &str) -> PinReference {
        let (key, pan) = (Tdes::new(&TdesKey::new(&PVK).unwrap()), Pan::parse(number).unwrap());
        PinReference { key_index: 1, pvv: *visa_pvv(&key, 1, &Pin::parse(pin).unwrap(), &pan).expose() }
    }

    /// A terminal is installed: its master key is in the security module, and goes into the terminal.
    pub fn install(&mut self, acceptor: Acceptor, place: u8) -> TdesKey {
        let master: Vec<u8> = [0x70 + place * 2; 8].into_iter().chain([0x15; 8]).collect();
        let handle = load(&self.hsm, KeyUsage::KeyEncryption, KeyMode::Both, double(&master));
        self.ring.set_terminal_master(acceptor, handle);
        TdesKey::new(&master).unwrap()
    }

    /// A card as the bureau sends it.
    pub fn in_hand(&self, card: &Card) -> CardInHand {
        let pan = Pan::parse(&card.number).unwrap();
        let expiry = format!("{:02}{:02}", card.expiry_year, card.expiry_month);
        let striped = CardInHand::striped(pan.clone(), &expiry, &track(card, &expiry, false)).unwrap();
        if !card.chip {
            return striped;
        }
        let chip = Chip::of_issuer(&TdesKey::new(&IMK).unwrap(), &pan, 0);
        striped.with_chip(chip, 0).with_chip_track2(&track(card, &expiry, true)).unwrap()
    }
}

/// Track 2 with a right verification value: of the stripe, or of the chip's image of it.
fn track(card: &Card, expiry: &str, image: bool) -> String {
    let key = Tdes::new(&TdesKey::new(&CVK).unwrap());
    let service = ServiceCode::parse(card.service_code()).unwrap();
    let computed = if image { SERVICE_CODE_ICVV } else { service };
    let (pan, date) = (Pan::parse(&card.number).unwrap(), cvv::Expiry::parse(expiry).unwrap());
    let value = card_verification_value(&key, &pan, date, computed);
    let value = std::str::from_utf8(value.expose()).unwrap();
    format!("{}D{expiry}{}00000{value}", card.number, card.service_code())
}
