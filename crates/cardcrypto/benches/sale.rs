//! What one sale costs in the software module: PIN, MAC, cryptogram with its answer, verification value, card
//! hash.
//!
//! Bars on one core: PIN verification 8 us, retail MAC of 250 bytes 15 us, cryptogram check 10 us.

use cardcrypto::cvv::{Cvv, Expiry, ServiceCode};
use cardcrypto::dukpt::Direction;
use cardcrypto::dukpt::tdes::Ksn;
use cardcrypto::emv::cryptogram::{ArpcAsk, CardKeys, Cryptogram, IssuerKey};
use cardcrypto::emv::keys::CardSequence;
use cardcrypto::emv::{MasterKeyOption, Profile};
use cardcrypto::hsm::{CardData, EncryptedPin, Hsm, MacAlgorithm, SoftHsm, WorkingKey};
use cardcrypto::key::{Key, KeyAlgorithm, TdesKey};
use cardcrypto::mac::Padding;
use cardcrypto::pin_block::{PinBlock, PinFormat};
use cardcrypto::pin_verification::Pvv;
use cardcrypto::{
    KeyAttributes, KeyHandle, KeyMode, KeyStatus, KeyUsage, Pan, Pin, SystemEntropy,
    cipher::{BlockCipher, Tdes},
};
use divan::{Bencher, black_box};

fn main() {
    divan::main();
}

const DOUBLE: [u8; 16] =
    [0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF, 0xFE, 0xDC, 0xBA, 0x98, 0x76, 0x54, 0x32, 0x10];

struct House {
    hsm: SoftHsm,
    pan: Pan,
}

impl House {
    fn new() -> Self {
        let pan = Pan::parse("1122334455667788").expect("sixteen digits");
        Self { hsm: SoftHsm::new(Box::new(SystemEntropy)), pan }
    }

    fn key(&self, usage: KeyUsage) -> KeyHandle {
        let attributes = KeyAttributes::new(usage, KeyAlgorithm::TdesDouble, KeyMode::Unrestricted);
        let key = Key::new(attributes.algorithm, &DOUBLE).expect("sixteen bytes");
        self.hsm.load(None, attributes, KeyStatus::Active, key).expect("it fits")
    }

    fn made(&self, usage: KeyUsage, algorithm: KeyAlgorithm) -> KeyHandle {
        let attributes = KeyAttributes::new(usage, algorithm, KeyMode::Unrestricted);
        self.hsm.generate_key(attributes).expect("it fits")
    }

    fn encrypted_pin(&self) -> [u8; 8] {
        let pin = Pin::parse("4524").expect("four digits");
        let clear = PinBlock::encode(PinFormat::Iso0, &pin, &self.pan, &SystemEntropy).expect("no fill");
        cipher().encrypt(*clear.expose())
    }
}

fn cipher() -> Tdes {
    Tdes::new(&TdesKey::new(&DOUBLE).expect("sixteen bytes"))
}

#[divan::bench]
fn pin_by_pvv(bencher: Bencher<'_, '_>) {
    let house = House::new();
    let (pek, pvk) = (house.key(KeyUsage::PinEncryption), house.key(KeyUsage::PinVerificationVisa));
    let block = house.encrypted_pin();
    let pvv = Pvv::parse("8523").expect("four digits");
    let pin = EncryptedPin { key: pek.into(), format: PinFormat::Iso0, block: &block, pan: &house.pan };
    bencher.bench(|| {
        let verdict = house.hsm.verify_pin_pvv(black_box(&pin), pvk, 1, &pvv).expect("well formed");
        assert!(verdict.is_right());
    });
}

#[divan::bench]
fn retail_mac_of_250_bytes(bencher: Bencher<'_, '_>) {
    let house = House::new();
    let key = house.key(KeyUsage::MacAlgorithm3).into();
    let algorithm = MacAlgorithm::Retail { padding: Padding::OneThenZeros };
    bencher.bench(|| house.hsm.make_mac(key, algorithm, black_box(&[0x62; 250])).expect("a MAC"));
}

#[divan::bench]
fn unionpay_mac_of_250_bytes(bencher: Bencher<'_, '_>) {
    let house = House::new();
    let key = house.key(KeyUsage::MacUnionPay).into();
    bencher.bench(|| {
        house.hsm.make_mac(key, MacAlgorithm::UnionPayEcb, black_box(&[0x62; 250])).expect("a MAC")
    });
}

fn cryptogram(bencher: Bencher<'_, '_>, profile: Profile, ask: ArpcAsk<'_>) {
    let house = House::new();
    let issuer = house.key(KeyUsage::EmvCryptogram);
    let mut asked = Cryptogram {
        profile,
        master_key: MasterKeyOption::A,
        pan: &house.pan,
        sequence: CardSequence::new(1).expect("two digits"),
        atc: [0, 7],
        unpredictable: [1, 2, 3, 4],
        data: &[0x62; 37],
        arqc: [0; 8],
    };
    let clear = cipher();
    let card = CardKeys::derive(&IssuerKey::Tdes(&clear), &asked).expect("keys");
    asked.arqc = card.cryptogram(asked.data);
    bencher.bench(|| {
        let answer = house.hsm.answer_arqc(issuer, black_box(&asked), &ask).expect("well formed");
        assert!(answer.is_some());
    });
}

#[divan::bench]
fn cryptogram_and_answer_pboc(bencher: Bencher<'_, '_>) {
    cryptogram(bencher, Profile::Pboc, ArpcAsk::Code(*b"00"));
}

#[divan::bench]
fn cryptogram_and_answer_visa_22(bencher: Bencher<'_, '_>) {
    cryptogram(bencher, Profile::VisaCvn22, ArpcAsk::StatusUpdate { csu: [0; 4], proprietary: &[] });
}

#[divan::bench]
fn cvv(bencher: Bencher<'_, '_>) {
    let house = House::new();
    let cvk = house.key(KeyUsage::CardVerification);
    let card = CardData {
        pan: &house.pan,
        expiry: Expiry::parse("3012").expect("four digits"),
        service_code: ServiceCode::parse("201").expect("three digits"),
    };
    let value = Cvv::parse("000").expect("three digits");
    bencher.bench(|| house.hsm.verify_cvv(cvk, black_box(&card), &value).expect("a verdict").is_right());
}

#[divan::bench]
fn card_token(bencher: Bencher<'_, '_>) {
    let house = House::new();
    let key = house.made(KeyUsage::CardHash, KeyAlgorithm::HmacSha256);
    bencher.bench(|| house.hsm.hash_card(key, black_box(&house.pan)).expect("a token"));
}

#[divan::bench]
fn derive_and_forget_a_working_key(bencher: Bencher<'_, '_>) {
    let house = House::new();
    let base = house.made(KeyUsage::Derivation, KeyAlgorithm::Aes256);
    let attributes = KeyAttributes::new(KeyUsage::PinEncryption, KeyAlgorithm::TdesDouble, KeyMode::Decrypt);
    bencher.bench(|| {
        let key = house.hsm.derive_working_key(base, black_box(b"898510154110283|00000001|7"), attributes);
        house.hsm.forget(key.expect("a key")).expect("it is held");
    });
}

#[divan::bench]
fn dukpt_mac(bencher: Bencher<'_, '_>) {
    let house = House::new();
    let base = house.key(KeyUsage::DukptBase);
    // Ten ones in the counter: the longest derivation there is.
    let ksn = Ksn::new([0xFF, 0xFF, 0x98, 0x76, 0x54, 0x32, 0x10, 0xEF, 0xFC, 0x00]);
    let key = WorkingKey::DukptTdes { base, ksn, direction: Direction::Request };
    let algorithm = MacAlgorithm::Retail { padding: Padding::Zeros };
    bencher.bench(|| house.hsm.make_mac(black_box(key), algorithm, &[0x62; 250]).expect("a MAC"));
}
