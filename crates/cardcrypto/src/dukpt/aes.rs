//! DUKPT with AES (ANSI X9.24-3:2017).
//!
//! Keys of every algorithm come out; only AES keys go in.

use std::fmt;

use zeroize::Zeroizing;

use super::Direction;
use crate::cipher::{Aes, BlockCipher};
use crate::key::{AesKey, KEY_BYTES_MAX};

/// Most ones a terminal ever has in its counter (X9.24-3:2017, 6.1): others it skips.
const COUNTER_ONES_MAX: u32 = 16;

/// A key serial number: the name of the terminal's first key, and the number of the message.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ksn {
    /// The name of the terminal's first key: base key (4 bytes) and derivation number (4 bytes).
    pub initial_key_id: [u8; 8],
    /// The transaction counter.
    pub counter: u32,
}

impl Ksn {
    /// The number of these bytes.
    pub fn new(bytes: [u8; 12]) -> Self {
        let [a, b, c, d, e, f, g, h, counter @ ..] = bytes;
        Self { initial_key_id: [a, b, c, d, e, f, g, h], counter: u32::from_be_bytes(counter) }
    }

    /// Whether a terminal of the standard can have sent it: a counter from 1 with at most sixteen ones.
    pub fn is_possible(&self) -> bool {
        (1..=COUNTER_ONES_MAX).contains(&self.counter.count_ones())
    }
}

impl fmt::Debug for Ksn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ksn({}{:08X})", crate::hexadecimal::encode(&self.initial_key_id), self.counter)
    }
}

/// What a derived key is for (X9.24-3:2017, table 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Encrypting keys.
    KeyEncryption,
    /// Encrypting the PIN.
    Pin,
    /// Authenticating a message of one direction ("generation" is the terminal's).
    Mac(Direction),
    /// Authenticating messages of both directions.
    MacBoth,
    /// Encrypting data of one direction ("encrypt" is the terminal's).
    Data(Direction),
    /// Encrypting data of both directions.
    DataBoth,
    /// Deriving further keys.
    Derivation,
    /// Deriving further keys, as a terminal's first key.
    Initial,
}

impl Purpose {
    /// The number in derivation data.
    pub const fn code(self) -> u16 {
        match self {
            Self::KeyEncryption => 0x0002,
            Self::Pin => 0x1000,
            Self::Mac(Direction::Request) => 0x2000,
            Self::Mac(Direction::Response) => 0x2001,
            Self::MacBoth => 0x2002,
            Self::Data(Direction::Request) => 0x3000,
            Self::Data(Direction::Response) => 0x3001,
            Self::DataBoth => 0x3002,
            Self::Derivation => 0x8000,
            Self::Initial => 0x8001,
        }
    }
}

/// What a derived key is a key of (X9.24-3:2017, tables 3 and 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DerivedType {
    /// Two-key triple DES, 16 bytes.
    Tdes2,
    /// Three-key triple DES, 24 bytes.
    Tdes3,
    /// AES, 16 bytes.
    Aes128,
    /// AES, 24 bytes.
    Aes192,
    /// AES, 32 bytes.
    Aes256,
    /// HMAC, 16 bytes.
    Hmac128,
    /// HMAC, 24 bytes.
    Hmac192,
    /// HMAC, 32 bytes.
    Hmac256,
}

impl DerivedType {
    /// Every type, for tables and tests.
    pub const ALL: [Self; 8] = [
        Self::Tdes2,
        Self::Tdes3,
        Self::Aes128,
        Self::Aes192,
        Self::Aes256,
        Self::Hmac128,
        Self::Hmac192,
        Self::Hmac256,
    ];

    /// Bytes of such a key.
    pub const fn bytes(self) -> usize {
        match self {
            Self::Tdes2 | Self::Aes128 | Self::Hmac128 => 16,
            Self::Tdes3 | Self::Aes192 | Self::Hmac192 => 24,
            Self::Aes256 | Self::Hmac256 => 32,
        }
    }

    /// Bits of security such a key offers at most, by which a base key is too weak for it (X9.24-3:2017,
    /// 6.2).
    pub const fn strength(self) -> usize {
        match self {
            Self::Tdes2 => 80,
            Self::Tdes3 => 112,
            Self::Aes128 | Self::Hmac128 => 128,
            Self::Aes192 | Self::Hmac192 => 192,
            Self::Aes256 | Self::Hmac256 => 256,
        }
    }

    /// The number in derivation data.
    pub const fn code(self) -> u16 {
        match self {
            Self::Tdes2 => 0,
            Self::Tdes3 => 1,
            Self::Aes128 => 2,
            Self::Aes192 => 3,
            Self::Aes256 => 4,
            Self::Hmac128 | Self::Hmac192 | Self::Hmac256 => 5,
        }
    }

    /// The AES type of a key's own length.
    fn of(key: &AesKey) -> Self {
        match key.expose().len() {
            16 => Self::Aes128,
            24 => Self::Aes192,
            _ => Self::Aes256,
        }
    }
}

/// The derived bytes: `AES(key, 01 | block | purpose | algorithm | bits | tail)`, block after block
/// (X9.24-3:2017, 6.3.2 and 6.3.3).
fn derive(key: &AesKey, purpose: Purpose, what: DerivedType, tail: [u8; 8]) -> Zeroizing<Vec<u8>> {
    let cipher = Aes::new(key);
    let mut data = [0; 16];
    data[0] = 1;
    data[2..4].copy_from_slice(&purpose.code().to_be_bytes());
    data[4..6].copy_from_slice(&what.code().to_be_bytes());
    data[6..8].copy_from_slice(&(what.bytes() as u16 * 8).to_be_bytes());
    data[8..].copy_from_slice(&tail);
    let mut out = Zeroizing::new(Vec::with_capacity(KEY_BYTES_MAX));
    for number in 1..=what.bytes().div_ceil(16) {
        data[1] = number as u8;
        out.extend_from_slice(&cipher.encrypt(data));
    }
    out.truncate(what.bytes());
    out
}

fn aes_key(bytes: &[u8]) -> AesKey {
    AesKey::new(bytes).expect("as many bytes as the key it was derived from")
}

/// A terminal's first key from its base key (X9.24-3:2017, 6.3.1).
pub fn initial_key(base: &AesKey, initial_key_id: [u8; 8]) -> AesKey {
    aes_key(&derive(base, Purpose::Initial, DerivedType::of(base), initial_key_id))
}

fn tail(ksn: Ksn, counter: u32) -> [u8; 8] {
    let mut tail = [0; 8];
    tail[..4].copy_from_slice(&ksn.initial_key_id[4..]);
    tail[4..].copy_from_slice(&counter.to_be_bytes());
    tail
}

/// The derivation key of one transaction from a terminal's first key (X9.24-3:2017, 6.3.1, host's way).
pub fn derivation_key(initial: &AesKey, ksn: Ksn) -> AesKey {
    let what = DerivedType::of(initial);
    let mut key = initial.clone();
    let mut reached = 0;
    for bit in (0..32).rev().map(|place| 1_u32 << place).filter(|bit| ksn.counter & bit != 0) {
        reached |= bit;
        key = aes_key(&derive(&key, Purpose::Derivation, what, tail(ksn, reached)));
    }
    key
}

/// The bytes of a transaction's key for a purpose. DES keys are as derived, without parity.
///
/// That `what` is not stronger than the base key is the caller's to see to: see [`DerivedType::strength`].
pub fn working_key(derivation: &AesKey, purpose: Purpose, what: DerivedType, ksn: Ksn) -> Zeroizing<Vec<u8>> {
    derive(derivation, purpose, what, tail(ksn, ksn.counter))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hexadecimal::{decode, encode};

    /// ANSI X9.24-3:2017, supplement of test vectors.
    #[test]
    fn keys_are_as_published() {
        let base = AesKey::new(&decode(b"FEDCBA9876543210F1F1F1F1F1F1F1F1").unwrap()).unwrap();
        let ksn = |text: &str| Ksn::new(decode(text.as_bytes()).unwrap().try_into().unwrap());
        let first = ksn("123456789012345600000001");
        let initial = initial_key(&base, first.initial_key_id);
        assert_eq!(encode(initial.expose()), "1273671EA26AC29AFA4D1084127652A1");
        let key = derivation_key(&initial, first);
        assert_eq!(encode(key.expose()), "4F21B565BAD9835E112B6465635EAE44");
        let pin = |what| encode(&working_key(&key, Purpose::Pin, what, first));
        assert_eq!(pin(DerivedType::Aes128), "AF8CB133A78F8DC2D1359F18527593FB");
        assert_eq!(pin(DerivedType::Tdes2), "630C706D9546E47D4449313F61C4D4AB");
        let far = derivation_key(&initial, ksn("1234567890123456FFFF0000"));
        assert_eq!(encode(far.expose()), "F6BA59389BD14A9855BE9727E7C52E3C");
    }

    #[test]
    fn impossible_counters_are_known() {
        let possible = |counter| Ksn { initial_key_id: [0; 8], counter }.is_possible();
        assert!(possible(1) && possible(0xFFFF_0000));
        assert!(!possible(0) && !possible(0xFFFF_8000));
    }
}
