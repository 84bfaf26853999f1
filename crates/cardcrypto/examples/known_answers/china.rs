//! What belongs to the first market: check digits, pay codes, sign-in, tracks, signatures.
//!
//! What response codes mean is the host's table and not tried here.

use cardcrypto::cipher::{BlockCipher, Sm4, Tdes};
use cardcrypto::esign;
use cardcrypto::hsm::{Hsm, SoftHsm};
use cardcrypto::identity::{citizen_number, organization_code, subject_code};
use cardcrypto::key::{Key, KeyAlgorithm, Sm4Key, TdesKey};
use cardcrypto::pan::{luhn_check_digit, luhn_valid};
use cardcrypto::pay_code::PayChannel;
use cardcrypto::sign_in::{SignInLayout, WorkingKeyRole};
use cardcrypto::track::{decrypt_packed, encrypt_packed};
use cardcrypto::{Exportability, KeyAttributes, KeyMode, KeyStatus, KeyUsage, SystemEntropy, Track2};

use crate::entry::{Entry, Stop, Tally, hex, refused};

pub fn luhn(entry: &Entry<'_>, tally: &mut Tally) -> Result<(), Stop> {
    let valid = luhn_valid(entry.text("number")?);
    let want = entry.truth("valid")?;
    tally.holds(entry, &format!("valid: {valid}"), valid == want);
    Ok(())
}

pub fn check_digit(entry: &Entry<'_>, tally: &mut Tally) -> Result<(), Stop> {
    let digit = luhn_check_digit(entry.text("payload")?).ok_or_else(|| refused("no digits"))?;
    tally.same(entry, "check_digit", &digit.to_string(), entry.text("check_digit")?);
    Ok(())
}

pub fn citizen(entry: &Entry<'_>, tally: &mut Tally) -> Result<(), Stop> {
    let made = citizen_number(entry.text("number")?);
    let want = entry.truth("valid")?;
    tally.holds(entry, &format!("valid: {made:?}"), made.is_ok() == want);
    let note = entry.maybe_text("note").unwrap_or_default();
    if let (Ok(made), Some(at)) = (made, note.find("18 digits "))
        && let Some(want) = note.get(at + 10..at + 28)
    {
        tally.same(entry, "completed", &String::from_utf8_lossy(&made), want);
    }
    Ok(())
}

pub fn organization(entry: &Entry<'_>, tally: &mut Tally) -> Result<(), Stop> {
    let code = entry.text("code")?;
    let valid = organization_code(code).is_ok();
    let want = entry.truth("valid")?;
    tally.holds(entry, &format!("valid: {valid}"), valid == want);
    if entry.has("org_check_valid") {
        let valid = code.get(8..17).is_some_and(|subject| subject_code(subject).is_ok());
        let want = entry.truth("org_check_valid")?;
        tally.holds(entry, &format!("org_check_valid: {valid}"), valid == want);
    }
    Ok(())
}

pub fn pay_code(entry: &Entry<'_>, tally: &mut Tally) -> Result<(), Stop> {
    let name = match PayChannel::of(entry.text("code")?) {
        Some(PayChannel::WeChat) => "wechat",
        Some(PayChannel::Alipay) => "alipay",
        Some(PayChannel::UnionPay) => "unionpay",
        None => "unknown",
    };
    tally.same(entry, "channel", name, entry.text("channel")?);
    Ok(())
}

pub fn response_code(entry: &Entry<'_>, tally: &mut Tally) -> Result<(), Stop> {
    let code = entry.text("code")?;
    if code.len() != 2 || !code.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        tally.fail(entry, "a response code has two letters or digits");
    }
    Err(Stop::Unsupported("response codes are the host's table of causes, not this library's".to_owned()))
}

pub fn feature_code(entry: &Entry<'_>, tally: &mut Tally) -> Result<(), Stop> {
    let made = esign::feature_code(entry.maybe_text("de15"), entry.text("de37")?);
    let made = made.ok_or_else(|| refused("neither date nor reference"))?;
    tally.same(entry, "code", &made, entry.text("code")?);
    Ok(())
}

pub fn layout(entry: &Entry<'_>, tally: &mut Tally) -> Result<(), Stop> {
    let layout = SignInLayout::of_network_code(entry.text("de60_3")?);
    let layout = layout.ok_or_else(|| refused("no layout of this network code"))?;
    tally.same(entry, "bytes", &layout.bytes().to_string(), &entry.number("bytes")?.to_string());
    let text = entry.text("layout")?;
    if text.contains('|') {
        let names: Vec<&str> = layout
            .roles()
            .iter()
            .map(|role| match role {
                WorkingKeyRole::Pin => "PIK",
                WorkingKeyRole::Mac => "MAK",
                WorkingKeyRole::Track => "TDK",
            })
            .collect();
        let parts: Vec<&str> = text.split('|').collect();
        let same =
            parts.len() == names.len() && parts.iter().zip(&names).all(|(part, name)| part.contains(name));
        tally.holds(entry, &format!("layout: {names:?}"), same);
    }
    Ok(())
}

/// The layout that the entry names, or the one with DES keys of the field's length.
fn layout_of(entry: &Entry<'_>, field: &[u8]) -> Result<SignInLayout, Stop> {
    let named = entry.maybe_text("de60_3").and_then(SignInLayout::of_network_code);
    let by_length = || {
        let all = [SignInLayout::Single, SignInLayout::Double, SignInLayout::DoubleWithTrack];
        all.into_iter().find(|layout| layout.bytes() == field.len())
    };
    named.or_else(by_length).ok_or_else(|| refused("no layout of this length"))
}

/// Opens the field as a terminal does, and makes it again as the host does.
pub fn sign_in(entry: &Entry<'_>, tally: &mut Tally) -> Result<(), Stop> {
    let field = entry.bytes("de62")?;
    let layout = layout_of(entry, &field)?;
    let national = matches!(layout, SignInLayout::Sm4 | SignInLayout::Sm4WithTrack);
    let master = entry.bytes("tmk")?;
    let key = |bytes: &[u8]| {
        let des = || KeyAlgorithm::tdes_of(bytes.len());
        let algorithm = if national { Some(KeyAlgorithm::Sm4) } else { des() };
        Key::new(algorithm.ok_or_else(|| refused("no key length"))?, bytes).map_err(refused)
    };
    let hsm = SoftHsm::new(Box::new(SystemEntropy));
    let load = |usage, key: Key| {
        let attributes = KeyAttributes::new(usage, key.algorithm(), KeyMode::Unrestricted);
        let attributes = attributes.exportable(Exportability::Sensitive);
        hsm.load(None, attributes, KeyStatus::Active, key).map_err(refused)
    };
    let kek = load(KeyUsage::KeyEncryption, key(&master)?)?;
    let mut wrapped = Vec::new();
    for sealed in layout.split(&field).map_err(refused)? {
        let (name, usage) = match sealed.role {
            WorkingKeyRole::Pin => ("clear_pik", KeyUsage::PinEncryption),
            WorkingKeyRole::Mac => ("clear_mak", KeyUsage::MacUnionPay),
            WorkingKeyRole::Track => ("clear_tdk", KeyUsage::Data),
        };
        let opened = match key(&master)? {
            Key::Tdes(master) => layout.open(&Tdes::new(&master), &sealed),
            Key::Sm4(master) => layout.open(&Sm4::new(&master), &sealed),
            Key::Aes(_) | Key::Hmac(_) => return Err(refused("no master key of a terminal")),
        };
        tally.field(entry, name, opened.map_err(refused)?.expose());
        wrapped.push(hsm.export_under(kek, load(usage, key(&entry.bytes(name)?)?)?).map_err(refused)?);
    }
    let parts: Vec<_> = wrapped.iter().map(|key| (key.cryptogram(), key.check_value)).collect();
    tally.field(entry, "de62", &layout.lay_out(&parts).map_err(refused)?);
    Ok(())
}

fn both_ways<const N: usize>(
    cipher: &impl BlockCipher<N>,
    entry: &Entry<'_>,
    tally: &mut Tally,
) -> Result<(), Stop> {
    let text = entry.text("track2")?;
    let track = Track2::parse(text).map_err(refused)?;
    let mut packed = track.packed();
    encrypt_packed(cipher, &mut packed).map_err(refused)?;
    let want = entry.text("encrypted")?;
    // An odd track fills its last byte; some write the fill down and some do not.
    tally.same(entry, "encrypted", &hex(&packed)[..want.len().min(packed.len() * 2)], want);
    decrypt_packed(cipher, &mut packed).map_err(refused)?;
    let back = Track2::from_packed(&packed, text.len()).map_err(refused)?;
    tally.holds(entry, "decrypted again it is another", back == track);
    Ok(())
}

pub fn track(entry: &Entry<'_>, tally: &mut Tally) -> Result<(), Stop> {
    let key = entry.bytes("tdk")?;
    let named = entry.maybe_text("alg").unwrap_or_default().to_ascii_uppercase();
    if named.contains("SM4") {
        return both_ways(&Sm4::new(&Sm4Key::new(&key).map_err(refused)?), entry, tally);
    }
    both_ways(&Tdes::new(&TdesKey::new(&key).map_err(refused)?), entry, tally)
}
