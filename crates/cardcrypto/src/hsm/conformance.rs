//! What every module must do, run on any of them: known answers, refusals, and who may use which key for
//! what.
//!
//! No knowledge of a back end lives here: keys come in through the trait, wrapped by a key that the back end
//! gives.

use super::{
    CardData, DataMode, EncryptedPin, Hsm, HsmError, KeyHandle, MacAlgorithm, ScriptPinKeys, WorkingKey,
};
use crate::cipher::{BlockCipher, Tdes};
use crate::cvv::{Cvv, Expiry, ServiceCode};
use crate::dukpt::{Direction, aes, tdes};
use crate::emv::cryptogram::{ArpcAsk, CardKeys, Cryptogram, IssuerKey};
use crate::emv::keys::CardSequence;
use crate::emv::{MasterKeyOption, Profile};
use crate::entropy::SystemEntropy;
use crate::key::{AesKey, Key, KeyAlgorithm, TdesKey};
use crate::key_usage::{Exportability, KeyAct, KeyAttributes, KeyMode, KeyStatus, KeyUsage};
use crate::keyblock::{Header, KeyBlock, ProtectionKey, Version};
use crate::mac::Padding;
use crate::pan::Pan;
use crate::pin::Pin;
use crate::pin_block::{PinBlock, PinFormat};
use crate::pin_verification::{Ibm3624, PinOffset, Pvv};

/// A module under test: it, and the key that wraps what the suite brings in.
pub struct Subject<'a> {
    /// The module.
    pub hsm: &'a dyn Hsm,
    /// A key of usage [`KeyUsage::KeyBlockProtection`] inside it, AES of 256 bits.
    pub protection: KeyHandle,
    /// The same key in the clear.
    pub clear_protection: AesKey,
}

const DOUBLE: [u8; 16] =
    [0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF, 0xFE, 0xDC, 0xBA, 0x98, 0x76, 0x54, 0x32, 0x10];
const PAN: &str = "1122334455667788";

impl Subject<'_> {
    /// Brings a key in by a key block.
    fn bring(&self, attributes: KeyAttributes, key: &[u8]) -> Result<KeyHandle, HsmError> {
        let protection = ProtectionKey::Aes(self.clear_protection.clone());
        let header = Header::of(Version::D, &attributes);
        let block = KeyBlock::wrap(&protection, &header, key, &SystemEntropy)?;
        self.hsm.import_key(self.protection, &block, None)
    }

    fn double(&self, usage: KeyUsage) -> KeyHandle {
        let attributes = KeyAttributes::new(usage, KeyAlgorithm::TdesDouble, KeyMode::Unrestricted);
        self.bring(attributes, &DOUBLE).expect("a key block of the suite is taken")
    }

    fn of(&self, usage: KeyUsage, algorithm: KeyAlgorithm, mode: KeyMode) -> KeyHandle {
        let key = Key::generate(algorithm, &SystemEntropy).expect("the system has randomness");
        let attributes = KeyAttributes::new(usage, algorithm, mode).exportable(Exportability::Sensitive);
        self.bring(attributes, key.expose()).expect("a key block of the suite is taken")
    }
}

fn pan() -> Pan {
    Pan::parse(PAN).expect("sixteen digits")
}

/// Runs the whole suite.
///
/// # Panics
/// At the first thing that is not as it must be.
pub fn run(subject: &Subject<'_>) {
    pins(subject);
    dukpt(subject);
    codes(subject);
    cards(subject);
    chips(subject);
    scripts(subject);
    data(subject);
    keys_in_and_out(subject);
    derived_keys(subject);
    lives(subject);
    usages(subject);
    modes(subject);
}

fn encrypted(key: &[u8], pin: &str) -> [u8; 8] {
    let pin = Pin::parse(pin).expect("a PIN of the suite");
    let clear = PinBlock::encode(PinFormat::Iso0, &pin, &pan(), &SystemEntropy).expect("no fill is random");
    Tdes::new(&TdesKey::new(key).expect("a key of the suite")).encrypt(*clear.expose())
}

fn pins(subject: &Subject<'_>) {
    let hsm = subject.hsm;
    let (pek, pvk) = (subject.double(KeyUsage::PinEncryption), subject.double(KeyUsage::PinVerificationVisa));
    let ibm = subject.double(KeyUsage::PinVerificationIbm3624);
    let pan = pan();
    let (right, wrong) = (encrypted(&DOUBLE, "4524"), encrypted(&DOUBLE, "4525"));
    let ask = |block| EncryptedPin { key: pek.into(), format: PinFormat::Iso0, block, pan: &pan };
    let pvv = Pvv::parse("8523").expect("four digits");
    let check = |block| hsm.verify_pin_pvv(&ask(block), pvk, 1, &pvv).map(super::Verdict::is_right);
    assert_eq!(check(&right), Ok(true));
    assert_eq!(check(&wrong), Ok(false));
    assert_eq!(hsm.generate_pvv(&ask(&right), pvk, 1), Ok(pvv));
    assert!(matches!(check(&[0; 8]), Err(HsmError::PinBlock(_))), "another key's block is malformed");
    assert!(matches!(check(&right[..7]), Err(HsmError::PinBlock(_))));

    let rule = Ibm3624::new("1234567890123456", 0, 16, 0xF).expect("a rule of the suite");
    let offset = PinOffset::parse("0000").expect("four digits");
    let by_offset = |block, offset: &PinOffset| hsm.verify_pin_offset(&ask(block), ibm, &rule, offset);
    assert!(by_offset(&right, &offset).expect("well formed").is_right());
    assert!(!by_offset(&wrong, &offset).expect("well formed").is_right());
    let longer = PinOffset::parse("00000").expect("five digits");
    assert!(!by_offset(&right, &longer).expect("well formed").is_right());
    assert_eq!(hsm.generate_offset(&ask(&right), ibm, &rule), Ok(offset));

    translated(subject, &ask(&right), pvk, pvv);
}

/// A PIN goes on under other keys and in other formats, and is still the right one.
fn translated(subject: &Subject<'_>, pin: &EncryptedPin<'_>, pvk: KeyHandle, pvv: Pvv) {
    let hsm = subject.hsm;
    let other = subject.of(KeyUsage::PinEncryption, KeyAlgorithm::TdesTriple, KeyMode::Both);
    let wide = subject.of(KeyUsage::PinEncryption, KeyAlgorithm::Aes128, KeyMode::Both);
    for (key, format) in [(other, PinFormat::Iso0), (other, PinFormat::Iso3), (wide, PinFormat::Iso4)] {
        let block = hsm.translate_pin(pin, key.into(), format).expect("a translation that is allowed");
        let again = EncryptedPin { key: key.into(), format, block: block.bytes(), pan: pin.pan };
        assert!(hsm.verify_pin_pvv(&again, pvk, 1, &pvv).expect("well formed").is_right(), "{format:?}");
    }
    for format in [PinFormat::Iso1, PinFormat::Iso2, PinFormat::UnionPayNoPan] {
        let refused = hsm.translate_pin(pin, other.into(), format);
        assert!(matches!(refused, Err(HsmError::Input(_))), "a bound PIN stays bound: {format:?}");
    }
    assert!(hsm.translate_pin(pin, wide.into(), PinFormat::Iso0).is_err());
    assert!(hsm.translate_pin(pin, other.into(), PinFormat::Iso4).is_err());
}

fn dukpt(subject: &Subject<'_>) {
    let hsm = subject.hsm;
    let base = subject.double(KeyUsage::DukptBase);
    let pan = Pan::parse("4012345678909").expect("thirteen digits");
    let ksn = |counter: u8| tdes::Ksn::new([0xFF, 0xFF, 0x98, 0x76, 0x54, 0x32, 0x10, 0xE0, 0, counter]);
    let key = |counter, direction| WorkingKey::DukptTdes { base, ksn: ksn(counter), direction };
    // ANSI X9.24-1:2009, A.4.2: the PIN block and MACs of the first message.
    let block = [0x1B, 0x9C, 0x18, 0x45, 0xEB, 0x99, 0x3A, 0x7A];
    let pin =
        EncryptedPin { key: key(1, Direction::Request), format: PinFormat::Iso0, block: &block, pan: &pan };
    let to = subject.of(KeyUsage::PinEncryption, KeyAlgorithm::TdesDouble, KeyMode::Encrypt);
    assert!(hsm.translate_pin(&pin, to.into(), PinFormat::Iso0).is_ok());
    let later = EncryptedPin { key: key(3, Direction::Request), ..pin };
    assert!(matches!(hsm.translate_pin(&later, to.into(), PinFormat::Iso0), Err(HsmError::PinBlock(_))));
    let retail = MacAlgorithm::Retail { padding: Padding::Zeros };
    for (direction, code) in
        [(Direction::Request, [0x9C, 0xCC, 0x78, 0x17]), (Direction::Response, [0x20, 0x36, 0x42, 0x23])]
    {
        let verdict = hsm.verify_mac(key(1, direction), retail, b"4012345678909D987", &code);
        assert!(verdict.expect("well formed").is_right());
    }
    for impossible in [ksn(0), tdes::Ksn::new([0xFF; 10])] {
        let key = WorkingKey::DukptTdes { base, ksn: impossible, direction: Direction::Request };
        assert_eq!(hsm.make_mac(key, retail, b"").err(), Some(HsmError::KeySerialNumber));
    }

    let attributes = KeyAttributes::new(KeyUsage::DukptBase, KeyAlgorithm::Aes128, KeyMode::Derive);
    let bytes =
        [0xFE, 0xDC, 0xBA, 0x98, 0x76, 0x54, 0x32, 0x10, 0xF1, 0xF1, 0xF1, 0xF1, 0xF1, 0xF1, 0xF1, 0xF1];
    let base = subject.bring(attributes, &bytes).expect("a base key is taken");
    let ksn = aes::Ksn { initial_key_id: [0x12, 0x34, 0x56, 0x78, 0x90, 0x12, 0x34, 0x56], counter: 1 };
    let key = |algorithm| WorkingKey::DukptAes { base, ksn, direction: Direction::Request, algorithm };
    // ANSI X9.24-3:2017, supplement.
    let block =
        [0xA9, 0x12, 0x15, 0x03, 0x91, 0xAB, 0x65, 0xA6, 0x7E, 0x52, 0x88, 0x3D, 0x81, 0xCE, 0x2D, 0x15];
    let pan = Pan::parse("4111111111111111").expect("sixteen digits");
    let pin = EncryptedPin {
        key: key(aes::DerivedType::Aes128),
        format: PinFormat::Iso4,
        block: &block,
        pan: &pan,
    };
    assert!(hsm.translate_pin(&pin, to.into(), PinFormat::Iso0).is_ok());
    let code = hsm.make_mac(key(aes::DerivedType::Aes128), MacAlgorithm::Cmac, b"4012345678909D987");
    assert_eq!(code.expect("a derived key makes a MAC").bytes()[..4], [0xA2, 0xEB, 0x5C, 0x1C]);
    let strong = hsm.make_mac(key(aes::DerivedType::Aes256), MacAlgorithm::Cmac, b"");
    assert_eq!(strong.err(), Some(HsmError::WrongAlgorithm), "no key is stronger than its base");
}

fn codes(subject: &Subject<'_>) {
    let hsm = subject.hsm;
    for (algorithm, usage, kind) in [
        (MacAlgorithm::UnionPayEcb, KeyUsage::MacUnionPay, KeyAlgorithm::TdesSingle),
        (MacAlgorithm::UnionPayEcb, KeyUsage::MacUnionPay, KeyAlgorithm::TdesDouble),
        (MacAlgorithm::UnionPayEcb, KeyUsage::MacUnionPay, KeyAlgorithm::Sm4),
        (
            MacAlgorithm::Retail { padding: Padding::OneThenZeros },
            KeyUsage::MacAlgorithm3,
            KeyAlgorithm::TdesDouble,
        ),
        (MacAlgorithm::Cbc { padding: Padding::Zeros }, KeyUsage::MacAlgorithm1, KeyAlgorithm::TdesTriple),
        (
            MacAlgorithm::Cbc { padding: Padding::LengthInFront },
            KeyUsage::MacIso16609,
            KeyAlgorithm::TdesDouble,
        ),
        (MacAlgorithm::Cmac, KeyUsage::MacCmac, KeyAlgorithm::Aes256),
        (MacAlgorithm::HmacSha256, KeyUsage::MacHmac, KeyAlgorithm::HmacSha256),
    ] {
        let key: WorkingKey = subject.of(usage, kind, KeyMode::GenerateAndVerify).into();
        let code = hsm.make_mac(key, algorithm, b"a message").expect("a MAC");
        let check = |data: &[u8], code: &[u8]| {
            hsm.verify_mac(key, algorithm, data, code).map(super::Verdict::is_right)
        };
        assert_eq!(check(b"a message", code.bytes()), Ok(true), "{algorithm:?}");
        assert_eq!(check(b"a message", &code.bytes()[..4]), Ok(true), "{algorithm:?}");
        assert_eq!(check(b"b message", code.bytes()), Ok(false), "{algorithm:?}");
        assert!(matches!(check(b"a message", &code.bytes()[..3]), Err(HsmError::Input(_))));
        assert!(matches!(check(b"a message", &[0; 33]), Err(HsmError::Input(_))));
    }
    let key = subject.double(KeyUsage::MacUnionPay);
    let code = hsm.make_mac(key.into(), MacAlgorithm::UnionPayEcb, &[1, 2, 3]).expect("a MAC");
    assert_eq!(code.bytes().len(), 8);
    assert!(code.bytes().iter().all(u8::is_ascii_hexdigit));
}

fn cards(subject: &Subject<'_>) {
    let hsm = subject.hsm;
    let cvk = subject.double(KeyUsage::CardVerification);
    let pan = Pan::parse("4123456789012345").expect("sixteen digits");
    let card = CardData {
        pan: &pan,
        expiry: Expiry::parse("8701").expect("four digits"),
        service_code: ServiceCode::parse("101").expect("three digits"),
    };
    let value = Cvv::parse("561").expect("three digits");
    assert_eq!(hsm.generate_cvv(cvk, &card), Ok(value));
    assert!(hsm.verify_cvv(cvk, &card, &value).expect("a verdict").is_right());
    let other = Cvv::parse("562").expect("three digits");
    assert!(!hsm.verify_cvv(cvk, &card, &other).expect("a verdict").is_right());

    let one = subject.of(KeyUsage::CardHash, KeyAlgorithm::HmacSha256, KeyMode::Generate);
    let two = subject.of(KeyUsage::CardHash, KeyAlgorithm::HmacSha256, KeyMode::Generate);
    let token = |key| hsm.hash_card(key, &pan).expect("a token");
    assert_eq!(token(one), token(one));
    assert_ne!(token(one), token(two));
}

/// What the suite's cryptograms cover.
const COVERED: &[u8] = b"what the cryptogram covers";

fn cryptogram(profile: Profile, pan: &Pan) -> Cryptogram<'_> {
    Cryptogram {
        profile,
        master_key: MasterKeyOption::A,
        pan,
        sequence: CardSequence::new(1).expect("two digits"),
        atc: [0, 7],
        unpredictable: [1, 2, 3, 4],
        data: COVERED,
        arqc: [0; 8],
    }
}

fn chips(subject: &Subject<'_>) {
    let hsm = subject.hsm;
    let issuer = subject.double(KeyUsage::EmvCryptogram);
    let clear = Tdes::new(&TdesKey::new(&DOUBLE).expect("a key of the suite"));
    let pan = pan();
    for profile in Profile::ALL.into_iter().filter(|profile| *profile != Profile::PbocSm4) {
        let mut cryptogram = cryptogram(profile, &pan);
        let card = CardKeys::derive(&IssuerKey::Tdes(&clear), &cryptogram).expect("a card's keys");
        cryptogram.arqc = card.cryptogram(COVERED);
        assert!(hsm.verify_arqc(issuer, &cryptogram).expect("a verdict").is_right(), "{profile:?}");
        let asks = [ArpcAsk::Code(*b"00"), ArpcAsk::StatusUpdate { csu: [1, 2, 3, 4], proprietary: &[5] }];
        let answers = asks.map(|ask| hsm.answer_arqc(issuer, &cryptogram, &ask));
        assert_eq!(answers.iter().filter(|answer| matches!(answer, Ok(Some(_)))).count(), 1, "{profile:?}");
        for (answer, ask) in answers.into_iter().zip(&asks) {
            assert_eq!(answer.ok().flatten(), card.answer(cryptogram.arqc, ask).ok(), "{profile:?}");
        }
        cryptogram.arqc[0] ^= 1;
        assert!(!hsm.verify_arqc(issuer, &cryptogram).expect("a verdict").is_right());
        assert_eq!(
            hsm.answer_arqc(issuer, &cryptogram, &asks[0]),
            Ok(None),
            "nothing is answered unverified"
        );
    }
    let national = subject.of(KeyUsage::EmvCryptogram, KeyAlgorithm::Sm4, KeyMode::Derive);
    let mixed = hsm.verify_arqc(national, &cryptogram(Profile::Pboc, &pan));
    assert_eq!(mixed.err(), Some(HsmError::WrongAlgorithm));
    let verdict = hsm.verify_arqc(national, &cryptogram(Profile::PbocSm4, &pan));
    assert!(!verdict.expect("a verdict").is_right());
}

fn scripts(subject: &Subject<'_>) {
    let hsm = subject.hsm;
    let integrity = subject.double(KeyUsage::EmvIntegrity);
    let keys = ScriptPinKeys {
        confidentiality: subject.double(KeyUsage::EmvConfidentiality),
        cryptogram: subject.double(KeyUsage::EmvCryptogram),
    };
    let pek = subject.double(KeyUsage::PinEncryption);
    let pan = pan();
    let block = encrypted(&DOUBLE, "123456");
    let pin = EncryptedPin { key: pek.into(), format: PinFormat::Iso0, block: &block, pan: &pan };
    for profile in Profile::ALL.into_iter().filter(|profile| *profile != Profile::PbocSm4) {
        let cryptogram = cryptogram(profile, &pan);
        let code = hsm.make_script_mac(integrity, &cryptogram, &[0x84, 0x24, 0, 2, 0x18], &[1; 16]);
        let other = hsm.make_script_mac(integrity, &cryptogram, &[0x84, 0x24, 0, 2, 0x18], &[2; 16]);
        assert!(code.is_ok() && other.is_ok() && code != other, "{profile:?}");
        let enciphered = hsm.encrypt_script_pin(keys, &cryptogram, &pin).expect("a new PIN");
        assert!(matches!(enciphered.len(), 8 | 16), "{profile:?}");
    }
}

fn data(subject: &Subject<'_>) {
    let hsm = subject.hsm;
    for algorithm in [KeyAlgorithm::TdesDouble, KeyAlgorithm::Aes128, KeyAlgorithm::Sm4] {
        let key: WorkingKey = subject.of(KeyUsage::Data, algorithm, KeyMode::Both).into();
        for mode in [DataMode::Ecb, DataMode::Cbc { iv: [7; 16] }] {
            let mut text = [0x62; 32];
            hsm.encrypt_data(key, mode, &mut text).expect("whole blocks");
            assert_ne!(text, [0x62; 32]);
            hsm.decrypt_data(key, mode, &mut text).expect("whole blocks");
            assert_eq!(text, [0x62; 32]);
            assert!(matches!(hsm.encrypt_data(key, mode, &mut text[..31]), Err(HsmError::Input(_))));
        }
        let mut track = [0x62; 19];
        hsm.encrypt_data(key, DataMode::UnionPayTrack, &mut track).expect("long enough");
        assert_eq!((track[0], track[18]), (0x62, 0x62));
        hsm.decrypt_data(key, DataMode::UnionPayTrack, &mut track).expect("long enough");
        assert_eq!(track, [0x62; 19]);
        assert!(hsm.encrypt_data(key, DataMode::UnionPayTrack, &mut track[..8]).is_err());
    }
}

fn keys_in_and_out(subject: &Subject<'_>) {
    let hsm = subject.hsm;
    let pin_key = |exportability| {
        let attributes = KeyAttributes::new(KeyUsage::PinEncryption, KeyAlgorithm::TdesDouble, KeyMode::Both);
        subject
            .bring(attributes.exportable(exportability), &DOUBLE)
            .expect("a key block of the suite is taken")
    };
    let sensitive = pin_key(Exportability::Sensitive);
    let block = hsm.export_key(subject.protection, sensitive).expect("it may leave");
    let back = hsm.import_key(subject.protection, &block, Some("brought back")).expect("our own block");
    assert_eq!(hsm.attributes(back), hsm.attributes(sensitive));
    assert_eq!(hsm.check_value(back), hsm.check_value(sensitive));
    assert_eq!(hsm.find_key("brought back"), Some(back));
    assert!(hsm.list_keys().iter().any(|key| key.handle == back && key.label.is_some()));
    let changed = block.replacen("P0", "D0", 1);
    assert!(matches!(hsm.import_key(subject.protection, &changed, None), Err(HsmError::KeyBlock(_))));

    let kek = subject.double(KeyUsage::KeyEncryption);
    let wrapped = hsm.export_under(kek, sensitive).expect("it may leave so");
    let cipher = Tdes::new(&TdesKey::new(&DOUBLE).expect("a key of the suite"));
    let (first, second) = DOUBLE.split_at(8);
    let half = |bytes: &[u8]| cipher.encrypt(bytes.try_into().expect("eight bytes"));
    assert_eq!(wrapped.cryptogram(), [half(first), half(second)].concat());
    assert!(wrapped.check_value.begins_with(&[0x08, 0xD7, 0xB4, 0xFB]));

    let blocked = pin_key(Exportability::InKeyBlock);
    assert!(hsm.export_key(subject.protection, blocked).is_ok());
    assert_eq!(hsm.export_under(kek, blocked).err(), Some(HsmError::NotExportable));
    let kept = pin_key(Exportability::Never);
    assert_eq!(hsm.export_key(subject.protection, kept).err(), Some(HsmError::NotExportable));
    assert_eq!(hsm.export_under(kek, kept).err(), Some(HsmError::NotExportable));
    let strong = subject.of(KeyUsage::PinEncryption, KeyAlgorithm::Aes128, KeyMode::Both);
    assert_eq!(
        hsm.export_under(kek, strong).err(),
        Some(HsmError::WrongAlgorithm),
        "never under a weaker key"
    );
}

fn derived_keys(subject: &Subject<'_>) {
    let hsm = subject.hsm;
    let base = subject.of(KeyUsage::Derivation, KeyAlgorithm::Aes256, KeyMode::Derive);
    let derive = |context: &[u8], usage, algorithm| {
        let attributes = KeyAttributes::new(usage, algorithm, KeyMode::Unrestricted);
        hsm.derive_working_key(base, context, attributes).expect("a derived key")
    };
    let value = |key| hsm.check_value(key).expect("a key that is held");
    let one = derive(b"terminal 1, first", KeyUsage::PinEncryption, KeyAlgorithm::TdesDouble);
    let same = derive(b"terminal 1, first", KeyUsage::PinEncryption, KeyAlgorithm::TdesDouble);
    assert_ne!(one, same);
    assert_eq!(value(one), value(same));
    for other in [
        derive(b"terminal 1, second", KeyUsage::PinEncryption, KeyAlgorithm::TdesDouble),
        derive(b"terminal 1, first", KeyUsage::MacUnionPay, KeyAlgorithm::TdesDouble),
        derive(b"terminal 1, first", KeyUsage::PinEncryption, KeyAlgorithm::TdesTriple),
        derive(b"terminal 1, first", KeyUsage::PinEncryption, KeyAlgorithm::Aes128),
    ] {
        assert_ne!(value(one), value(other));
    }
    hsm.forget(one).expect("it was held");
    assert_eq!(hsm.check_value(one), Err(HsmError::UnknownKey));
    assert_eq!(hsm.forget(one), Err(HsmError::UnknownKey));
    let next = derive(b"terminal 2", KeyUsage::PinEncryption, KeyAlgorithm::TdesDouble);
    assert_ne!(next, one, "a stale handle finds nothing");
    assert_eq!(hsm.check_value(one), Err(HsmError::UnknownKey));
    let attributes = KeyAttributes::new(KeyUsage::PinEncryption, KeyAlgorithm::TdesDouble, KeyMode::Both);
    assert!(hsm.derive_working_key(base, &[0; 257], attributes).is_err());
    let hashing = KeyAttributes { usage: KeyUsage::CardHash, ..attributes };
    assert_eq!(hsm.derive_working_key(base, b"", hashing).err(), Some(HsmError::WrongAlgorithm));
    let made = hsm.generate_key(attributes).expect("a random key");
    assert_ne!(value(made), value(next));
}

/// A replaced key checks and makes nothing; an expired or retired one does neither.
fn lives(subject: &Subject<'_>) {
    let hsm = subject.hsm;
    let key = subject.of(KeyUsage::MacCmac, KeyAlgorithm::Aes128, KeyMode::GenerateAndVerify);
    let make = || hsm.make_mac(key.into(), MacAlgorithm::Cmac, b"x");
    let code = make().expect("an active key");
    let check = || hsm.verify_mac(key.into(), MacAlgorithm::Cmac, b"x", code.bytes());
    for (status, making, checking) in [
        (KeyStatus::Active, None, None),
        (KeyStatus::Overlap, Some(HsmError::KeyExpired), None),
        (KeyStatus::Expired, Some(HsmError::KeyExpired), Some(HsmError::KeyExpired)),
        (KeyStatus::Retired, Some(HsmError::KeyRetired), Some(HsmError::KeyRetired)),
    ] {
        hsm.set_status(key, status).expect("it is held");
        assert_eq!((make().err(), check().err()), (making, checking), "{status:?}");
    }
}

/// An operation, tried with one key in the place of the one it needs.
struct Operation<'a> {
    name: &'static str,
    usages: &'static [KeyUsage],
    act: KeyAct,
    run: Box<dyn Fn(KeyHandle) -> Result<(), HsmError> + 'a>,
}

/// What every operation that uses a key needs, and the operation.
#[expect(clippy::too_many_lines, reason = "one table of all operations")]
fn operations<'a>(subject: &'a Subject<'a>, pan: &'a Pan, block: &'a [u8]) -> Vec<Operation<'a>> {
    let hsm = subject.hsm;
    let pek = subject.double(KeyUsage::PinEncryption);
    let pvk = subject.double(KeyUsage::PinVerificationVisa);
    let sensitive = subject.of(KeyUsage::PinEncryption, KeyAlgorithm::TdesDouble, KeyMode::Both);
    let pin = move |key: KeyHandle| EncryptedPin { key: key.into(), format: PinFormat::Iso0, block, pan };
    let pvv = Pvv::parse("8523").expect("four digits");
    let rule = Ibm3624::new("1234567890123456", 0, 16, 0xF).expect("a rule of the suite");
    let offset = PinOffset::parse("0000").expect("four digits");
    let card = CardData {
        pan,
        expiry: Expiry::parse("8701").expect("four digits"),
        service_code: ServiceCode::parse("101").expect("three digits"),
    };
    let attributes = KeyAttributes::new(KeyUsage::PinEncryption, KeyAlgorithm::TdesDouble, KeyMode::Both);
    let chip = move || cryptogram(Profile::Pboc, pan);
    let mut all: Vec<Operation<'a>> = Vec::new();
    let mut add = |name, usages, act, run: Box<dyn Fn(KeyHandle) -> Result<(), HsmError> + 'a>| {
        all.push(Operation { name, usages, act, run });
    };
    use KeyAct::{Decrypt, Derive, Encrypt, Generate, Verify};
    add(
        "verify a PIN: its key",
        &[KeyUsage::PinEncryption],
        Decrypt,
        Box::new(move |key| hsm.verify_pin_pvv(&pin(key), pvk, 1, &pvv).map(drop)),
    );
    add(
        "verify a PIN by PVV",
        &[KeyUsage::PinVerificationVisa],
        Verify,
        Box::new(move |key| hsm.verify_pin_pvv(&pin(pek), key, 1, &pvv).map(drop)),
    );
    add(
        "generate a PVV",
        &[KeyUsage::PinVerificationVisa],
        Generate,
        Box::new(move |key| hsm.generate_pvv(&pin(pek), key, 1).map(unit_of)),
    );
    add(
        "verify a PIN by offset",
        &[KeyUsage::PinVerificationIbm3624],
        Verify,
        Box::new({
            let offset = offset.clone();
            move |key| hsm.verify_pin_offset(&pin(pek), key, &rule, &offset).map(drop)
        }),
    );
    add(
        "generate an offset",
        &[KeyUsage::PinVerificationIbm3624],
        Generate,
        Box::new(move |key| hsm.generate_offset(&pin(pek), key, &rule).map(unit_of)),
    );
    add(
        "translate a PIN: to",
        &[KeyUsage::PinEncryption],
        Encrypt,
        Box::new(move |key| hsm.translate_pin(&pin(pek), key.into(), PinFormat::Iso0).map(unit_of)),
    );
    for algorithm in MacAlgorithm::SAMPLES {
        add(
            "make a MAC",
            algorithm.usages(),
            Generate,
            Box::new(move |key| hsm.make_mac(key.into(), algorithm, b"x").map(unit_of)),
        );
        add(
            "verify a MAC",
            algorithm.usages(),
            Verify,
            Box::new(move |key| hsm.verify_mac(key.into(), algorithm, b"x", &[0; 8]).map(drop)),
        );
    }
    add(
        "hash a card",
        &[KeyUsage::CardHash],
        Generate,
        Box::new(move |key| hsm.hash_card(key, pan).map(unit_of)),
    );
    add(
        "generate a CVV",
        &[KeyUsage::CardVerification],
        Generate,
        Box::new(move |key| hsm.generate_cvv(key, &card).map(unit_of)),
    );
    let cvv = Cvv::parse("561").expect("three digits");
    add(
        "verify a CVV",
        &[KeyUsage::CardVerification],
        Verify,
        Box::new(move |key| hsm.verify_cvv(key, &card, &cvv).map(drop)),
    );
    add(
        "verify a cryptogram",
        &[KeyUsage::EmvCryptogram],
        Derive,
        Box::new(move |key| hsm.verify_arqc(key, &chip()).map(drop)),
    );
    add(
        "answer a cryptogram",
        &[KeyUsage::EmvCryptogram],
        Derive,
        Box::new(move |key| hsm.answer_arqc(key, &chip(), &ArpcAsk::Code(*b"00")).map(unit_of)),
    );
    add(
        "make a script MAC",
        &[KeyUsage::EmvIntegrity],
        Derive,
        Box::new(move |key| hsm.make_script_mac(key, &chip(), &[0; 5], &[]).map(unit_of)),
    );
    add(
        "encrypt a script's PIN",
        &[KeyUsage::EmvConfidentiality],
        Derive,
        Box::new(move |key| {
            let keys = ScriptPinKeys { confidentiality: key, cryptogram: key };
            hsm.encrypt_script_pin(keys, &chip(), &pin(pek)).map(unit_of)
        }),
    );
    add(
        "encrypt data",
        &[KeyUsage::Data],
        Encrypt,
        Box::new(move |key| hsm.encrypt_data(key.into(), DataMode::Ecb, &mut [0; 16])),
    );
    add(
        "decrypt data",
        &[KeyUsage::Data],
        Decrypt,
        Box::new(move |key| hsm.decrypt_data(key.into(), DataMode::Ecb, &mut [0; 16])),
    );
    add(
        "derive a working key",
        &[KeyUsage::Derivation],
        Derive,
        Box::new(move |key| {
            hsm.derive_working_key(key, b"x", attributes).and_then(|derived| hsm.forget(derived))
        }),
    );
    add(
        "export under a master key",
        &[KeyUsage::KeyEncryption],
        Encrypt,
        Box::new(move |key| hsm.export_under(key, sensitive).map(unit_of)),
    );
    add(
        "export in a key block",
        &[KeyUsage::KeyBlockProtection],
        Encrypt,
        Box::new(move |key| hsm.export_key(key, sensitive).map(unit_of)),
    );
    add(
        "import from a key block",
        &[KeyUsage::KeyBlockProtection],
        Decrypt,
        Box::new(move |key| match hsm.import_key(key, "D0016K0AN00N0000", None) {
            // The block is none of this key's, but the key was permitted to try.
            Err(HsmError::KeyBlock(_)) => Ok(()),
            other => other.map(unit_of),
        }),
    );
    add(
        "derive by DUKPT",
        &[KeyUsage::DukptBase],
        Derive,
        Box::new(move |base| {
            let ksn = tdes::Ksn::new([0xFF, 0xFF, 0x98, 0x76, 0x54, 0x32, 0x10, 0xE0, 0, 1]);
            let key = WorkingKey::DukptTdes { base, ksn, direction: Direction::Request };
            hsm.make_mac(key, MacAlgorithm::Cmac, b"x").map(unit_of)
        }),
    );
    all
}

fn unit_of<T>(_: T) {}

/// An algorithm that a key of the usage can have and the suite's operations take.
fn algorithm_for(usage: KeyUsage) -> KeyAlgorithm {
    if matches!(usage, KeyUsage::CardHash | KeyUsage::MacHmac) {
        KeyAlgorithm::HmacSha256
    } else if matches!(usage, KeyUsage::Derivation | KeyUsage::KeyBlockProtection) {
        KeyAlgorithm::Aes256
    } else {
        KeyAlgorithm::TdesDouble
    }
}

/// Every operation with a key of every usage: done with its own, refused by name with any other.
fn usages(subject: &Subject<'_>) {
    let (pan, block) = (pan(), encrypted(&DOUBLE, "4524"));
    let operations = operations(subject, &pan, &block);
    for usage in KeyUsage::NAMED {
        // The PIN key of the suite's block, so that the block opens.
        let key = if *usage == KeyUsage::PinEncryption {
            subject.double(*usage)
        } else {
            subject.of(*usage, algorithm_for(*usage), KeyMode::Unrestricted)
        };
        for operation in &operations {
            let done = (operation.run)(key);
            if operation.usages.contains(usage) {
                assert_eq!(done, Ok(()), "{} with a key of {usage}", operation.name);
            } else {
                assert_eq!(done, Err(HsmError::WrongUsage), "{} with a key of {usage}", operation.name);
            }
        }
    }
}

/// Every operation with a key of every mode.
fn modes(subject: &Subject<'_>) {
    let (pan, block) = (pan(), encrypted(&DOUBLE, "4524"));
    for operation in operations(subject, &pan, &block) {
        let usage = operation.usages[0];
        for mode in KeyMode::NAMED {
            let attributes = KeyAttributes::new(usage, algorithm_for(usage), *mode);
            let key = if usage == KeyUsage::PinEncryption {
                subject.bring(attributes, &DOUBLE).expect("a key block of the suite is taken")
            } else {
                subject.of(usage, attributes.algorithm, *mode)
            };
            let want = if operation.act.permitted_by(*mode) { Ok(()) } else { Err(HsmError::WrongMode) };
            assert_eq!((operation.run)(key), want, "{} with a key of mode {mode:?}", operation.name);
        }
    }
}
