//! What the security module is asked for on the way of a sale, in the software module.
//!
//! The keys are invented; nothing is measured of a module in hardware.

use super::results::Results;
use super::{Part, Plan, load};
use cardcrypto::cipher::{BlockCipher, Tdes};
use cardcrypto::emv::cryptogram::{ArpcAsk, CardKeys, Cryptogram, IssuerKey};
use cardcrypto::emv::keys::CardSequence;
use cardcrypto::emv::{MasterKeyOption, Profile};
use cardcrypto::hsm::{EncryptedPin, MacAlgorithm, SoftHsm};
use cardcrypto::key::{Key, KeyAlgorithm, TdesKey};
use cardcrypto::mac::Padding;
use cardcrypto::pin_block::{PinBlock, PinFormat};
use cardcrypto::{Hsm, KeyAttributes, KeyHandle, KeyMode, KeyStatus, KeyUsage, Pan, Pin, SystemEntropy};
use std::hint::black_box;

/// Done between two looks at the clock.
const CHUNK: u32 = 16;
/// Bytes under a MAC.
const MESSAGE_BYTES: usize = 250;
/// What a cryptogram covers here, bytes.
const COVERED_BYTES: usize = 37;
const DOUBLE: [u8; 16] =
    [0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF, 0xFE, 0xDC, 0xBA, 0x98, 0x76, 0x54, 0x32, 0x10];
const SINGLE: [u8; 8] = [0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF];

/// A module with a key for each use.
pub struct Crypto {
    hsm: SoftHsm,
    pan: Pan,
    pin_block: [u8; 8],
    pin_key: KeyHandle,
    pvk: KeyHandle,
    retail: KeyHandle,
    unionpay: KeyHandle,
    issuer: KeyHandle,
    card_hash: KeyHandle,
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

impl Crypto {
    pub fn new() -> Result<Crypto, String> {
        let hsm = SoftHsm::new(Box::new(SystemEntropy));
        let pan = Pan::parse("6225880212345675").map_err(text)?;
        let pin = Pin::parse("123456").map_err(text)?;
        let clear = PinBlock::encode(PinFormat::Iso0, &pin, &pan, &SystemEntropy).map_err(text)?;
        let pin_block = cipher()?.encrypt(*clear.expose());
        let key = |usage, algorithm: KeyAlgorithm, bytes: &[u8]| {
            let attributes = KeyAttributes::new(usage, algorithm, KeyMode::Unrestricted);
            let key = Key::new(algorithm, bytes).map_err(text)?;
            hsm.load(None, attributes, KeyStatus::Active, key).map_err(text)
        };
        Ok(Crypto {
            pin_key: key(KeyUsage::PinEncryption, KeyAlgorithm::TdesDouble, &DOUBLE)?,
            pvk: key(KeyUsage::PinVerificationVisa, KeyAlgorithm::TdesDouble, &DOUBLE)?,
            retail: key(KeyUsage::MacAlgorithm3, KeyAlgorithm::TdesDouble, &DOUBLE)?,
            unionpay: key(KeyUsage::MacUnionPay, KeyAlgorithm::TdesSingle, &SINGLE)?,
            issuer: key(KeyUsage::EmvCryptogram, KeyAlgorithm::TdesDouble, &DOUBLE)?,
            card_hash: key(KeyUsage::CardHash, KeyAlgorithm::HmacSha256, &[0x5A; 32])?,
            hsm,
            pan,
            pin_block,
        })
    }
}

fn cipher() -> Result<Tdes, String> {
    Ok(Tdes::new(&TdesKey::new(&DOUBLE).map_err(text)?))
}

impl Part for Crypto {
    fn turn(&mut self, plan: &Plan, results: &mut Results) -> Result<(), String> {
        let seconds = plan.seconds * 0.1;
        let Crypto { hsm, pan, .. } = self;
        let pin =
            EncryptedPin { key: self.pin_key.into(), format: PinFormat::Iso0, block: &self.pin_block, pan };
        let pvv = hsm.generate_pvv(&pin, self.pvk, 1).map_err(text)?;
        let reading = load::chunks(seconds, CHUNK, || hsm.verify_pin_pvv(black_box(&pin), self.pvk, 1, &pvv));
        results.put("crypto.pin", "verify a PIN (format 0, PVV)", reading);

        let message = [0x62; MESSAGE_BYTES];
        let algorithm = MacAlgorithm::Retail { padding: Padding::OneThenZeros };
        let key = self.retail.into();
        let reading = load::chunks(seconds, CHUNK, || hsm.make_mac(key, algorithm, black_box(&message)));
        results.put("crypto.retail", "retail MAC of 250 bytes (ISO 9797-1 algorithm 3)", reading);
        let key = self.unionpay.into();
        let reading = load::chunks(seconds, CHUNK, || {
            hsm.make_mac(key, MacAlgorithm::UnionPayEcb, black_box(&message))
        });
        results.put("crypto.unionpay", "UnionPay ECB MAC of 250 bytes", reading);
        let reading = load::chunks(seconds, CHUNK, || hsm.hash_card(self.card_hash, black_box(pan)));
        results.put("crypto.token", "keyed hash of a card number", reading);

        let mut asked = Cryptogram {
            profile: Profile::Pboc,
            master_key: MasterKeyOption::A,
            pan,
            sequence: CardSequence::new(1).map_err(text)?,
            atc: [0, 7],
            unpredictable: [1, 2, 3, 4],
            data: &[0x62; COVERED_BYTES],
            arqc: [0; 8],
        };
        let clear = cipher()?;
        asked.arqc = CardKeys::derive(&IssuerKey::Tdes(&clear), &asked).map_err(text)?.cryptogram(asked.data);
        let issuer = self.issuer;
        let verdict = hsm.verify_arqc(issuer, &asked).map_err(text)?;
        if !verdict.is_right() {
            return Err("a cryptogram of our own is not right".to_owned());
        }
        let reading = load::chunks(seconds, CHUNK, || hsm.verify_arqc(issuer, black_box(&asked)));
        results.put("crypto.arqc", "check a cryptogram (PBOC, key of the card derived)", reading);
        let ask = ArpcAsk::Code(*b"00");
        let reading = load::chunks(seconds, CHUNK, || hsm.answer_arqc(issuer, black_box(&asked), &ask));
        results.put("crypto.arpc", "check a cryptogram and make its answer", reading);
        Ok(())
    }

    fn end(self: Box<Self>) -> Result<(), String> {
        Ok(())
    }
}
