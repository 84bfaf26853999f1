//! Key blocks and message authentication codes.
//!
//! A key block is opened, made again, and opened again.

use cardcrypto::SystemEntropy;
use cardcrypto::cipher::{Aes, BlockCipher, Sm4, Tdes};
use cardcrypto::key::{AesKey, Sm4Key, TdesKey};
use cardcrypto::keyblock::{KeyBlock, KeyBlockError, ProtectionKey, Version};
use cardcrypto::mac::{Padding, UnionPayEcbMac, cbc_mac, cmac, hmac_sha256_of, retail_mac};
use serde_json::Value;

use crate::entry::{Entry, Stop, Tally, hex, refused};

fn protection(text: &str, key: &[u8]) -> Result<ProtectionKey, Stop> {
    match text.as_bytes().first() {
        Some(b'D' | b'E') => AesKey::new(key).map(ProtectionKey::Aes).map_err(refused),
        Some(_) | None => TdesKey::new(key).map(ProtectionKey::Tdes).map_err(refused),
    }
}

pub fn key_block(entry: &Entry<'_>, tally: &mut Tally) -> Result<(), Stop> {
    let text = entry.text("key_block")?;
    let protection = protection(text, &entry.bytes("kbpk")?)?;
    let opened = KeyBlock::unwrap(&protection, text).map_err(refused)?;
    tally.field(entry, "key", opened.expose());
    if let Some(header) = entry.inner("header") {
        compare_header(&header, &opened, tally);
        for field in header.untried() {
            tally.skip(&header, &format!("field {field}: nothing here computes it"));
        }
    }
    let again = KeyBlock::wrap(&protection, &opened.header, opened.expose(), &SystemEntropy);
    match (opened.header.version, again) {
        (Version::A, again) => {
            tally.holds(entry, "version A was written", again.err() == Some(KeyBlockError::ReadOnly));
        }
        (Version::B | Version::C | Version::D | Version::E, again) => {
            let back = KeyBlock::unwrap(&protection, &again.map_err(refused)?).map_err(refused)?;
            let same = back.header == opened.header && back.expose() == opened.expose();
            tally.holds(entry, "wrapped again it opens to something else", same);
        }
    }
    Ok(())
}

fn compare_header(entry: &Entry<'_>, opened: &KeyBlock, tally: &mut Tally) {
    let header = &opened.header;
    let letters = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    for (field, got) in [
        ("version", letters(&[header.version.code()])),
        ("usage", letters(&header.usage.code())),
        ("algorithm", letters(&[header.algorithm.code()])),
        ("mode", letters(&header.mode.code())),
        ("key_version", letters(&header.key_version)),
        ("exportability", letters(&[header.exportability.code()])),
    ] {
        if let Some(want) = entry.maybe_text(field) {
            // Letters, not hexadecimal: their case counts.
            tally.holds(entry, &format!("{field}: {got} instead of {want}"), got == want);
        }
    }
    if let Some(blocks) = entry.value("blocks").and_then(Value::as_object) {
        tally.same(entry, "optional blocks", &header.optional.len().to_string(), &blocks.len().to_string());
        for block in &header.optional {
            let want = blocks.get(letters(&block.id).as_str()).and_then(Value::as_str);
            let what = format!("optional block {}: {} instead of {want:?}", letters(&block.id), block.data);
            tally.holds(entry, &what, want == Some(block.data.as_str()));
        }
    }
}

/// A key of the cipher that an algorithm's name means.
#[expect(clippy::large_enum_variant, reason = "lives for one entry")]
enum Cipher {
    Tdes(Tdes),
    Aes(Aes),
    Sm4(Sm4),
}

fn cipher(name: &str, key: &[u8]) -> Result<Cipher, Stop> {
    if name.contains("SM4") {
        return Sm4Key::new(key).map(|key| Cipher::Sm4(Sm4::new(&key))).map_err(refused);
    }
    if name.contains("AES") {
        return AesKey::new(key).map(|key| Cipher::Aes(Aes::new(&key))).map_err(refused);
    }
    TdesKey::new(key).map(|key| Cipher::Tdes(Tdes::new(&key))).map_err(refused)
}

fn unionpay<const N: usize>(cipher: &impl BlockCipher<N>, data: &[u8], entry: &Entry<'_>, tally: &mut Tally) {
    let made = UnionPayEcbMac::over(cipher, data);
    if let Some(want) = entry.maybe_text("mac_ascii") {
        tally.same(entry, "mac_ascii", &String::from_utf8_lossy(&made.field()), want);
    }
    tally.field(entry, "field64_hex", &made.field());
    if let Some(steps) = entry.inner("steps") {
        tally.field(&steps, "xor_block", &made.folded);
        tally.field(&steps, "hex_ascii", hex(&made.folded).as_bytes());
        tally.field(&steps, "enc1", &made.first);
        tally.field(&steps, "enc2", &made.second);
        for field in steps.untried() {
            tally.skip(&steps, &format!("field {field}: nothing here computes it"));
        }
    }
}

fn padding(entry: &Entry<'_>, name: &str) -> Result<Padding, Stop> {
    match entry.value("padding") {
        None if name.contains("ZERO PAD") => Ok(Padding::Zeros),
        None => Err(Stop::Unreadable("field padding is missing".to_owned())),
        Some(value) => {
            let text = value.to_string();
            let number = text.bytes().rev().find(u8::is_ascii_digit).map(|digit| digit - b'0');
            number.and_then(Padding::of_number).ok_or_else(|| refused("no padding method"))
        }
    }
}

pub fn mac(entry: &Entry<'_>, tally: &mut Tally) -> Result<(), Stop> {
    let name = entry.text("alg")?.to_ascii_uppercase();
    let key = entry.bytes("key")?;
    let data = match entry.maybe_text("data_ascii") {
        Some(text) => text.as_bytes().to_vec(),
        None => entry.bytes("data")?,
    };
    if name.contains("HMAC") {
        tally.beginning(entry, "mac", &hmac_sha256_of(&key, &[&data]));
        return Ok(());
    }
    let cipher = cipher(&name, &key)?;
    if name.contains("ECB") {
        match &cipher {
            Cipher::Tdes(cipher) => unionpay(cipher, &data, entry, tally),
            Cipher::Sm4(cipher) => unionpay(cipher, &data, entry, tally),
            Cipher::Aes(_) => return Err(Stop::Unsupported("no ECB MAC with AES".to_owned())),
        }
        return Ok(());
    }
    let made = if name.contains("CMAC") || name.contains("ALG 5") {
        match &cipher {
            Cipher::Tdes(cipher) => cmac(cipher, &[&data]).to_vec(),
            Cipher::Aes(cipher) => cmac(cipher, &[&data]).to_vec(),
            Cipher::Sm4(cipher) => cmac(cipher, &[&data]).to_vec(),
        }
    } else if name.contains("ALG 3") || name.contains("RETAIL") || name.contains("X9.19") {
        match &cipher {
            Cipher::Tdes(cipher) => retail_mac(cipher, padding(entry, &name)?, &data).to_vec(),
            Cipher::Aes(_) | Cipher::Sm4(_) => {
                return Err(Stop::Unsupported("algorithm 3 is DES".to_owned()));
            }
        }
    } else if name.contains("ALG 1") || name.contains("CBC") {
        let padding = padding(entry, &name)?;
        match &cipher {
            Cipher::Tdes(cipher) => cbc_mac(cipher, padding, &data).to_vec(),
            Cipher::Aes(cipher) => cbc_mac(cipher, padding, &data).to_vec(),
            Cipher::Sm4(cipher) => cbc_mac(cipher, padding, &data).to_vec(),
        }
    } else {
        return Err(Stop::Unsupported("this MAC algorithm".to_owned()));
    };
    tally.beginning(entry, "mac", &made);
    Ok(())
}
