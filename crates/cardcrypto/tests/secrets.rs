//! No secret shows in what debugging prints.

use cardcrypto::cipher::{Aes, Sm4, Tdes};
use cardcrypto::cvv::Cvv;
use cardcrypto::hsm::{Hsm, MacAlgorithm, SoftHsm};
use cardcrypto::key::{AesKey, HmacKey, Key, KeyAlgorithm, Sm4Key, TdesKey};
use cardcrypto::key_store::{Component, MasterKey, StoredKey};
use cardcrypto::keyblock::{Header, KeyBlock, ProtectionKey, Version};
use cardcrypto::pin_block::PinBlock;
use cardcrypto::pin_verification::{PinOffset, Pvv};
use cardcrypto::sm::{SM2_DEFAULT_ID, Sm2PrivateKey};
use cardcrypto::token::CardHasher;
use cardcrypto::{
    Exportability, KeyAttributes, KeyMode, KeyStatus, KeyUsage, Pan, Pin, SystemEntropy, Track2,
};

/// Bytes whose decimal, hexadecimal and ASCII forms are easy to look for.
const BYTE: u8 = 0x9D;

fn hides(what: &str, shown: &str) {
    for trace in ["9D", "9d", "157", "9999", "88021234"] {
        assert!(!shown.contains(trace), "{what} shows {trace}: {shown}");
    }
}

#[test]
fn debugging_shows_no_digit_of_a_secret() {
    let tdes = TdesKey::new(&[BYTE; 24]).unwrap();
    let aes = AesKey::new(&[BYTE; 32]).unwrap();
    let sm4 = Sm4Key::new(&[BYTE; 16]).unwrap();
    let hmac = HmacKey::new(&[BYTE; 32]).unwrap();
    let component = Component::parse(&"9D".repeat(32), &Key::Aes(aes.clone()).check_value().to_string());
    let component = component.unwrap();
    let other = Component::generate(&SystemEntropy).unwrap();
    let master = MasterKey::from_components(&[component.clone(), other]).unwrap();
    hides("a key", &format!("{tdes:?} {aes:?} {sm4:?} {hmac:?} {:?}", Key::Tdes(tdes.clone())));
    hides("a schedule", &format!("{:?} {:?} {:?}", Tdes::new(&tdes), Aes::new(&aes), Sm4::new(&sm4)));
    hides("a master key", &format!("{component:?} {master:?}"));
    hides("a card hasher", &format!("{:?}", CardHasher::new(&hmac)));
    hides("an SM2 key", &format!("{:?}", Sm2PrivateKey::new(SM2_DEFAULT_ID, &[BYTE; 32]).unwrap()));

    let protection = ProtectionKey::Aes(aes.clone());
    let attributes = KeyAttributes::new(KeyUsage::MacCmac, KeyAlgorithm::Aes256, KeyMode::Generate)
        .exportable(Exportability::InKeyBlock);
    let header = Header::of(Version::D, &attributes);
    let text = KeyBlock::wrap(&protection, &header, aes.expose(), &SystemEntropy).unwrap();
    let block = KeyBlock::unwrap(&protection, &text).unwrap();
    hides("a key block", &format!("{protection:?} {block:?}"));
    let stored = StoredKey {
        label: "a".into(),
        attributes,
        status: KeyStatus::Active,
        created: "b".into(),
        key: Key::Aes(aes.clone()),
    };
    // The check value is public; everything else of the key is not.
    hides("a stored key", &format!("{stored:?}"));
    let hsm = SoftHsm::new(Box::new(SystemEntropy));
    let key = hsm.load(None, attributes, KeyStatus::Active, Key::Aes(aes)).unwrap();
    hides("the module", &format!("{hsm:?} {key:?}"));
    hides("a MAC", &format!("{:?}", hsm.make_mac(key.into(), MacAlgorithm::Cmac, &[BYTE]).unwrap()));

    let pan = Pan::parse("6225880212345675").unwrap();
    hides("a card number", &format!("{pan:?}"));
    assert_eq!(format!("{pan:?}"), "Pan(622588******5675)");
    let track = Track2::parse("6225880212345675D99991010000099990000").unwrap();
    hides("a track", &format!("{track:?}"));
    hides("a PIN", &format!("{:?}", Pin::parse("9999").unwrap()));
    hides("a PIN block", &format!("{:?}", PinBlock::new([0x99; 8])));
    hides("a verification value", &format!("{:?} {:?}", Pvv::parse("9999"), Cvv::parse("999")));
    hides("an offset", &format!("{:?}", PinOffset::parse("9999")));
}
