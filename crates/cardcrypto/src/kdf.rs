//! Keys out of keys: NIST SP 800-108 in counter mode with AES-CMAC.
//!
//! What a context means is the caller's; that two usages never share a key is seen to here, by the label.

use crate::cipher::Aes;
use crate::key::{KEY_BYTES_MAX, Key, KeyAlgorithm, adjust_parity};
use crate::mac::cmac;

/// Most bytes of a derivation context.
pub const CONTEXT_BYTES_MAX: usize = 256;

/// Derives a key by NIST SP 800-108r1, 4.1: blocks `CMAC(base, i | label | 00 | context | L)` with a 32-bit
/// counter from 1 and the length `L` in bits as 32 bits. DES keys are given odd parity.
///
/// `label` says what the key is for; the algorithm's number is appended, so that keys of two algorithms from
/// one context are unrelated.
pub fn derive(base: &Aes, label: &[u8], context: &[u8], algorithm: KeyAlgorithm) -> Key {
    let mut out = zeroize::Zeroizing::new([0_u8; KEY_BYTES_MAX]);
    let out = &mut out[..algorithm.bytes()];
    let bits = (algorithm.bytes() as u32 * 8).to_be_bytes();
    for (at, chunk) in out.chunks_mut(16).enumerate() {
        let counter = (at as u32 + 1).to_be_bytes();
        let block = cmac(base, &[&counter, label, &[number(algorithm)], &[0], context, &bits]);
        chunk.copy_from_slice(&block[..chunk.len()]);
    }
    if algorithm.is_tdes() {
        adjust_parity(out);
    }
    Key::new(algorithm, out).expect("as many bytes as the algorithm has")
}

/// The number of an algorithm in derivations. Never changed: keys in the field depend on it.
const fn number(algorithm: KeyAlgorithm) -> u8 {
    match algorithm {
        KeyAlgorithm::TdesSingle => 1,
        KeyAlgorithm::TdesDouble => 2,
        KeyAlgorithm::TdesTriple => 3,
        KeyAlgorithm::Aes128 => 4,
        KeyAlgorithm::Aes192 => 5,
        KeyAlgorithm::Aes256 => 6,
        KeyAlgorithm::Sm4 => 7,
        KeyAlgorithm::HmacSha256 => 8,
    }
}
