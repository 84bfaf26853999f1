//! DUKPT of both kinds.
//!
//! Which of the two it is shows in the length of the key serial number.

use cardcrypto::cipher::{Aes, Tdes, cbc_encrypt};
use cardcrypto::dukpt::aes::{self, DerivedType};
use cardcrypto::dukpt::{Direction, tdes};
use cardcrypto::key::{AesKey, TdesKey};
use cardcrypto::mac::{Padding, cmac, hmac_sha256_of, retail_mac};
use cardcrypto::pin_block::decipher_iso4;
use cardcrypto::{Pin, pin_block};
use serde_json::{Map, Value};

use crate::entry::{Entry, Stop, Tally, block, hex, refused};
use crate::pins;

pub fn dukpt(entry: &Entry<'_>, tally: &mut Tally) -> Result<(), Stop> {
    match entry.bytes("ksn")?.len() {
        10 => tdes_keys(entry, tally),
        12 => aes_keys(entry, tally),
        _ => Err(refused("no length of a key serial number")),
    }
}

fn tdes_keys(entry: &Entry<'_>, tally: &mut Tally) -> Result<(), Stop> {
    let ksn = tdes::Ksn::new(entry.array("ksn")?);
    let initial = if entry.has("bdk") {
        let initial = tdes::initial_key(&entry.tdes("bdk")?, ksn).map_err(refused)?;
        tally.des_key(entry, "ipek", &initial)?;
        initial
    } else {
        entry.tdes("ipek")?
    };
    let transaction = tdes::transaction_key(&initial, ksn).map_err(refused)?;
    tally.field(entry, "transaction_key", transaction.expose());
    if entry.has("counter") {
        tally.same(entry, "counter", &ksn.counter().to_string(), &entry.number("counter")?.to_string());
    }
    let key = |purpose| tdes::working_key(&transaction, purpose).map_err(refused);
    let pin_key = key(tdes::Purpose::Pin)?;
    tally.field(entry, "pin_key", pin_key.expose());
    if entry.has("pin") {
        pins::encrypted_iso0(entry, &Tdes::new(&pin_key), tally)?;
    }
    for (direction, name) in [(Direction::Request, "request"), (Direction::Response, "response")] {
        let mac_key = key(tdes::Purpose::Mac(direction))?;
        let data_key = key(tdes::Purpose::Data(direction))?;
        tally.field(entry, &format!("mac_key_{name}"), mac_key.expose());
        tally.field(entry, &format!("mac_{name}_key"), mac_key.expose());
        tally.field(entry, &format!("data_key_{name}"), data_key.expose());
        tally.field(entry, &format!("data_{name}_key"), data_key.expose());
        let Some(data) = message(entry)? else {
            continue;
        };
        let cipher = Tdes::new(&mac_key);
        tally.beginning(entry, &format!("mac_{name}"), &retail_mac(&cipher, Padding::Zeros, &data));
        tally.beginning(entry, &format!("cmac_{name}"), &cmac(&cipher, &[&data]));
        let mut filled = data.clone();
        filled.resize(data.len().next_multiple_of(8), 0);
        cbc_encrypt(&Tdes::new(&data_key), [0; 8], &mut filled).map_err(refused)?;
        tally.field(entry, &format!("encrypted_{name}"), &filled);
    }
    Ok(())
}

/// What is authenticated or encrypted.
fn message(entry: &Entry<'_>) -> Result<Option<Vec<u8>>, Stop> {
    for field in ["mac_data_ascii", "data_ascii"] {
        if let Some(text) = entry.maybe_text(field) {
            return Ok(Some(text.as_bytes().to_vec()));
        }
    }
    match entry.maybe_bytes("mac_data")? {
        Some(data) => Ok(Some(data)),
        None => entry.maybe_bytes("data"),
    }
}

fn aes_keys(entry: &Entry<'_>, tally: &mut Tally) -> Result<(), Stop> {
    let ksn = aes::Ksn::new(entry.array("ksn")?);
    if entry.has("counter") {
        tally.same(entry, "counter", &ksn.counter.to_string(), &entry.number("counter")?.to_string());
    }
    if entry.has("initial_key_id") {
        tally.field(entry, "initial_key_id", &ksn.initial_key_id);
    }
    let mut initial = entry.maybe_bytes("initial_key")?;
    if let Some(base) = entry.maybe_bytes("bdk")? {
        let derived = aes::initial_key(&AesKey::new(&base).map_err(refused)?, ksn.initial_key_id);
        tally.field(entry, "initial_key", derived.expose());
        initial = Some(derived.expose().to_vec());
    }
    let derivation = match initial {
        Some(initial) => {
            let key = aes::derivation_key(&AesKey::new(&initial).map_err(refused)?, ksn);
            tally.field(entry, "derivation_key", key.expose());
            key
        }
        None => AesKey::new(&entry.bytes("derivation_key")?).map_err(refused)?,
    };
    for name in entry.names() {
        if let Some((purpose, what)) = working_key_named(name) {
            tally.field(entry, name, &aes::working_key(&derivation, purpose, what, ksn));
        }
    }
    if entry.has("encrypted_pin_block_iso4") {
        pin_of_format_4(entry, &derivation, ksn, tally)?;
    }
    if let Some(data) = message(entry)? {
        for (direction, name) in [(Direction::Request, "request"), (Direction::Response, "response")] {
            let key = |what| aes::working_key(&derivation, aes::Purpose::Mac(direction), what, ksn);
            let size = match derivation.expose().len() {
                16 => (DerivedType::Aes128, DerivedType::Hmac128),
                24 => (DerivedType::Aes192, DerivedType::Hmac192),
                _ => (DerivedType::Aes256, DerivedType::Hmac256),
            };
            let cipher = Aes::new(&AesKey::new(&key(size.0)).map_err(refused)?);
            tally.beginning(entry, &format!("cmac_{name}"), &cmac(&cipher, &[&data]));
            tally.beginning(entry, &format!("hmac_{name}"), &hmac_sha256_of(&key(size.1), &[&data]));
        }
    }
    Ok(())
}

/// The PIN in a block of format 4 under one of the transaction's PIN keys; which of them the entry does not
/// say.
fn pin_of_format_4(
    entry: &Entry<'_>,
    derivation: &AesKey,
    ksn: aes::Ksn,
    tally: &mut Tally,
) -> Result<(), Stop> {
    let pin = Pin::parse(entry.text("pin")?).map_err(refused)?;
    let pan = entry.pan()?;
    let given = block(&entry.bytes("encrypted_pin_block_iso4")?)?;
    let mut found = false;
    for what in [DerivedType::Aes128, DerivedType::Aes192, DerivedType::Aes256] {
        let key = aes::working_key(derivation, aes::Purpose::Pin, what, ksn);
        let cipher = Aes::new(&AesKey::new(&key).map_err(refused)?);
        found |= decipher_iso4(&cipher, given, &pan) == Ok(pin.clone());
        let again = pin_block::encipher_iso4(&cipher, &pin, &pan, [7; 8]);
        let back = decipher_iso4(&cipher, again, &pan);
        tally.holds(entry, "the block made here holds another PIN", back == Ok(pin.clone()));
    }
    tally.holds(entry, &format!("no PIN key opens {}", hex(&given)), found);
    Ok(())
}

/// The purpose and type that a field's name means, such as `pin_key_aes128` or `tdes2_pin_key`.
fn working_key_named(name: &str) -> Option<(aes::Purpose, DerivedType)> {
    let words: Vec<&str> = name.split('_').collect();
    let has = |known: &[&str]| words.iter().any(|word| known.contains(word));
    if !has(&["key", "kek"]) {
        return None;
    }
    let what = words.iter().find_map(|word| match *word {
        "tdes2" | "2tdea" | "tdea2" => Some(DerivedType::Tdes2),
        "tdes3" | "3tdea" | "tdea3" => Some(DerivedType::Tdes3),
        "aes128" => Some(DerivedType::Aes128),
        "aes192" => Some(DerivedType::Aes192),
        "aes256" => Some(DerivedType::Aes256),
        "hmac128" => Some(DerivedType::Hmac128),
        "hmac192" => Some(DerivedType::Hmac192),
        "hmac256" => Some(DerivedType::Hmac256),
        _ => None,
    })?;
    let hmac = matches!(what, DerivedType::Hmac128 | DerivedType::Hmac192 | DerivedType::Hmac256);
    let direction = if has(&["verify", "ver", "verification", "decrypt", "dec", "response"]) {
        Direction::Response
    } else {
        Direction::Request
    };
    let purpose = if has(&["pin"]) {
        aes::Purpose::Pin
    } else if has(&["data"]) {
        if has(&["both"]) { aes::Purpose::DataBoth } else { aes::Purpose::Data(direction) }
    } else if has(&["mac", "cmac", "hmac"]) || hmac {
        if has(&["both"]) { aes::Purpose::MacBoth } else { aes::Purpose::Mac(direction) }
    } else if has(&["kek", "encryption"]) {
        aes::Purpose::KeyEncryption
    } else if has(&["derivation"]) {
        aes::Purpose::Derivation
    } else {
        return None;
    };
    Some((purpose, what))
}

/// Whether an object is the table of usages or of algorithms that derivation data is made of.
pub fn is_code_table(list: &str, fields: &Map<String, Value>) -> bool {
    let named = list.ends_with("key_usage") || list.ends_with("algorithm");
    named && !fields.is_empty() && fields.values().all(Value::is_string)
}

/// Compares such a table with the library's numbers.
pub fn code_table(entry: &Entry<'_>, tally: &mut Tally) {
    for name in entry.names() {
        let code = match name {
            "pin" => aes::Purpose::Pin.code(),
            "mac_gen" => aes::Purpose::Mac(Direction::Request).code(),
            "mac_ver" => aes::Purpose::Mac(Direction::Response).code(),
            "mac_both" => aes::Purpose::MacBoth.code(),
            "data_enc" => aes::Purpose::Data(Direction::Request).code(),
            "data_dec" => aes::Purpose::Data(Direction::Response).code(),
            "data_both" => aes::Purpose::DataBoth.code(),
            "kek" => aes::Purpose::KeyEncryption.code(),
            "2TDEA" => DerivedType::Tdes2.code(),
            "3TDEA" => DerivedType::Tdes3.code(),
            "AES128" => DerivedType::Aes128.code(),
            "AES192" => DerivedType::Aes192.code(),
            "AES256" => DerivedType::Aes256.code(),
            "HMAC" => DerivedType::Hmac128.code(),
            _ => {
                tally.skip(entry, &format!("no number for {name}"));
                continue;
            }
        };
        tally.field(entry, name, &code.to_be_bytes());
    }
}

/// A key of DES, for the neighbours.
pub fn double_length(key: &TdesKey) -> Result<(), Stop> {
    if key.expose().len() == 16 { Ok(()) } else { Err(refused("not a key of double length")) }
}
