//! The national algorithms.
//!
//! A cipher is tried in both directions, a key pair by a signature of its own as well.

use cardcrypto::cipher::{Aes, BlockCipher, Sm4, cbc_decrypt, cbc_encrypt, ctr, ecb_decrypt, ecb_encrypt};
use cardcrypto::key::{AesKey, Sm4Key};
use cardcrypto::sm::{SM2_DEFAULT_ID, Sm2PrivateKey, Sm2PublicKey, cfb_decrypt, cfb_encrypt, ofb, sm3};

use crate::entry::{Entry, Stop, Tally, hex, refused};

fn transform(
    cipher: &impl BlockCipher<16>,
    mode: &str,
    iv: [u8; 16],
    data: &mut [u8],
    back: bool,
) -> Result<(), Stop> {
    match (mode, back) {
        ("ECB" | "KCV", false) => ecb_encrypt(cipher, data).map_err(refused),
        ("ECB" | "KCV", true) => ecb_decrypt(cipher, data).map_err(refused),
        ("CBC", false) => cbc_encrypt(cipher, iv, data).map_err(refused),
        ("CBC", true) => cbc_decrypt(cipher, iv, data).map_err(refused),
        ("CTR", _) => {
            ctr(cipher, iv, data);
            Ok(())
        }
        ("OFB" | "OFB128", _) => {
            ofb(cipher, iv, data);
            Ok(())
        }
        ("CFB" | "CFB128", false) => {
            cfb_encrypt(cipher, iv, data);
            Ok(())
        }
        ("CFB" | "CFB128", true) => {
            cfb_decrypt(cipher, iv, data);
            Ok(())
        }
        (other, _) => Err(Stop::Unsupported(format!("mode {other}"))),
    }
}

fn both_ways(cipher: &impl BlockCipher<16>, entry: &Entry<'_>, tally: &mut Tally) -> Result<(), Stop> {
    let name = entry.text("mode")?.to_ascii_uppercase();
    let mode = name.split_ascii_whitespace().next().unwrap_or_default();
    let iv = if entry.has("iv") { entry.array("iv")? } else { [0; 16] };
    entry.value("iv");
    let plain = entry.bytes("plaintext")?;
    let mut data = plain.clone();
    transform(cipher, mode, iv, &mut data, false)?;
    tally.field(entry, "ciphertext", &data);
    tally.beginning(entry, "kcv3", &data);
    tally.beginning(entry, "kcv4", &data);
    if let Some(mut given) = entry.maybe_bytes("ciphertext")? {
        transform(cipher, mode, iv, &mut given, true)?;
        tally.same(entry, "plaintext", &hex(&given), &hex(&plain));
    }
    Ok(())
}

pub fn cipher(entry: &Entry<'_>, tally: &mut Tally) -> Result<(), Stop> {
    let key = entry.bytes("key")?;
    let named = entry.maybe_text("cipher").or_else(|| entry.maybe_text("alg")).unwrap_or("SM4");
    if named.to_ascii_uppercase().contains("AES") {
        return both_ways(&Aes::new(&AesKey::new(&key).map_err(refused)?), entry, tally);
    }
    both_ways(&Sm4::new(&Sm4Key::new(&key).map_err(refused)?), entry, tally)
}

pub fn digest(entry: &Entry<'_>, tally: &mut Tally) -> Result<(), Stop> {
    let message = entry.bytes("message")?;
    tally.field(entry, "digest", &sm3(&[&message]));
    let (first, second) = message.split_at(message.len() / 2);
    tally.field(entry, "digest", &sm3(&[first, second]));
    Ok(())
}

pub fn signature(entry: &Entry<'_>, tally: &mut Tally) -> Result<(), Stop> {
    let identity = entry.maybe_text("user_id").unwrap_or(SM2_DEFAULT_ID);
    let public = Sm2PublicKey::new(identity, &entry.bytes("public_key")?).map_err(refused)?;
    let message = entry.bytes("message")?;
    let right = public.is_right(&message, &entry.array("signature_r_s")?);
    let want = if entry.has("valid") { entry.truth("valid")? } else { true };
    tally.holds(entry, "the signature is judged otherwise", right == want);
    let mut other = message.clone();
    other.push(0);
    let taken = public.is_right(&other, &entry.array("signature_r_s")?);
    tally.holds(entry, "the signature is taken for another message", !taken);
    // A signature's number is never chosen by a caller here: with the one of the entry there is nothing to
    // compare.
    entry.value("k");
    if entry.has("private_key") {
        let private = Sm2PrivateKey::new(identity, &entry.bytes("private_key")?).map_err(refused)?;
        tally.holds(
            entry,
            "the private key has another public one",
            private.public().point() == public.point(),
        );
        let made = private.sign(&message).map_err(refused)?;
        tally.holds(entry, "a signature made here is not taken", public.is_right(&message, &made));
    }
    Ok(())
}
