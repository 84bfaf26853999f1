//! Clear keys as types that cannot leak, and their check values.
//!
//! No key is stored, chosen or permitted anything here: see [`crate::hsm`] for who may do what with which
//! key.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::cipher::{Aes, BlockCipher, Sm4, Tdes};
use crate::entropy::{Entropy, EntropyFailed};
use crate::mac::cmac;

/// Most bytes of a key.
pub const KEY_BYTES_MAX: usize = 32;

/// What a key is a key of, with its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyAlgorithm {
    /// DES, 8 bytes. Only where a terminal knows nothing else.
    TdesSingle,
    /// Two-key triple DES, 16 bytes (ISO/IEC 18033-3).
    TdesDouble,
    /// Three-key triple DES, 24 bytes (ISO/IEC 18033-3).
    TdesTriple,
    /// AES, 16 bytes (FIPS 197).
    Aes128,
    /// AES, 24 bytes (FIPS 197).
    Aes192,
    /// AES, 32 bytes (FIPS 197).
    Aes256,
    /// SM4, 16 bytes (GB/T 32907).
    Sm4,
    /// HMAC with SHA-256, 32 bytes (FIPS 198-1).
    HmacSha256,
}

impl KeyAlgorithm {
    /// Every algorithm, for tables and tests.
    pub const ALL: [Self; 8] = [
        Self::TdesSingle,
        Self::TdesDouble,
        Self::TdesTriple,
        Self::Aes128,
        Self::Aes192,
        Self::Aes256,
        Self::Sm4,
        Self::HmacSha256,
    ];

    /// Bytes of a key of this algorithm.
    pub const fn bytes(self) -> usize {
        match self {
            Self::TdesSingle => 8,
            Self::TdesDouble | Self::Aes128 | Self::Sm4 => 16,
            Self::TdesTriple | Self::Aes192 => 24,
            Self::Aes256 | Self::HmacSha256 => 32,
        }
    }

    /// Bits of security at most (NIST SP 800-57 part 1; GB/T 32907 for SM4), to tell the weaker of two keys.
    pub const fn strength(self) -> usize {
        match self {
            Self::TdesSingle => 56,
            Self::TdesDouble => 80,
            Self::TdesTriple => 112,
            Self::Aes128 | Self::Sm4 => 128,
            Self::Aes192 => 192,
            Self::Aes256 | Self::HmacSha256 => 256,
        }
    }

    /// Whether it is DES of any length.
    pub const fn is_tdes(self) -> bool {
        matches!(self, Self::TdesSingle | Self::TdesDouble | Self::TdesTriple)
    }

    /// Whether it is AES of any length.
    pub const fn is_aes(self) -> bool {
        matches!(self, Self::Aes128 | Self::Aes192 | Self::Aes256)
    }

    /// DES of a length in bytes, if there is one.
    pub const fn tdes_of(bytes: usize) -> Option<Self> {
        match bytes {
            8 => Some(Self::TdesSingle),
            16 => Some(Self::TdesDouble),
            24 => Some(Self::TdesTriple),
            _ => None,
        }
    }

    /// AES of a length in bytes, if there is one.
    pub const fn aes_of(bytes: usize) -> Option<Self> {
        match bytes {
            16 => Some(Self::Aes128),
            24 => Some(Self::Aes192),
            32 => Some(Self::Aes256),
            _ => None,
        }
    }
}

/// Why bytes are no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyError {
    /// Not a length of the algorithm.
    Length,
    /// Components that are combined differ in length, or there are fewer than two.
    Components,
    /// A component or key does not have the check value it was given with.
    CheckValue,
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            KeyError::Length => "not a key length of the algorithm",
            KeyError::Components => "two or more components of one length make a key",
            KeyError::CheckValue => "the check value does not belong to the key",
        })
    }
}

impl std::error::Error for KeyError {}

/// The bytes behind every key type.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
struct KeyBytes {
    bytes: [u8; KEY_BYTES_MAX],
    len: u8,
}

impl KeyBytes {
    fn new(from: &[u8]) -> Self {
        let mut bytes = [0; KEY_BYTES_MAX];
        bytes[..from.len()].copy_from_slice(from);
        Self { bytes, len: from.len() as u8 }
    }

    fn get(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

macro_rules! key_type {
    ($(#[$docs:meta])* $name:ident, $lengths:pat, $shown:literal) => {
        $(#[$docs])*
        #[derive(Clone, Zeroize, ZeroizeOnDrop)]
        pub struct $name(KeyBytes);

        impl $name {
            /// The key of these bytes.
            ///
            /// # Errors
            /// [`KeyError::Length`].
            pub fn new(bytes: &[u8]) -> Result<Self, KeyError> {
                match bytes.len() {
                    $lengths => Ok(Self(KeyBytes::new(bytes))),
                    _ => Err(KeyError::Length),
                }
            }

            /// The clear bytes. The word an auditor looks for.
            pub fn expose(&self) -> &[u8] {
                self.0.get()
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($shown, "({} bits)"), self.expose().len() * 8)
            }
        }

        impl ConstantTimeEq for $name {
            fn ct_eq(&self, other: &Self) -> subtle::Choice {
                self.0.bytes.ct_eq(&other.0.bytes) & self.0.len.ct_eq(&other.0.len)
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.ct_eq(other).into()
            }
        }

        impl Eq for $name {}
    };
}

key_type!(
    /// A DES key of single (8), double (16) or triple (24 bytes) length.
    ///
    /// Parity is neither demanded nor changed: keys in the field differ. See [`TdesKey::parity_is_odd`].
    TdesKey, 8 | 16 | 24, "TdesKey"
);
key_type!(
    /// An AES key of 128, 192 or 256 bits.
    AesKey, 16 | 24 | 32, "AesKey"
);
key_type!(
    /// An SM4 key of 128 bits.
    Sm4Key, 16, "Sm4Key"
);
key_type!(
    /// A key of HMAC with SHA-256, 256 bits.
    HmacKey, 32, "HmacKey"
);

impl TdesKey {
    /// Whether each byte has odd parity (FIPS 46-3).
    pub fn parity_is_odd(&self) -> bool {
        self.expose().iter().all(|byte| byte.count_ones() % 2 == 1)
    }

    /// The same key with odd parity in each byte.
    pub fn with_odd_parity(&self) -> Self {
        let mut adjusted = self.clone();
        let len = usize::from(adjusted.0.len);
        adjust_parity(&mut adjusted.0.bytes[..len]);
        adjusted
    }

    /// Whether two keys are equal but for the parity bits that DES does not use.
    pub fn same_but_for_parity(&self, other: &Self) -> bool {
        self.with_odd_parity() == other.with_odd_parity()
    }

    /// The algorithm with its length.
    pub fn algorithm(&self) -> KeyAlgorithm {
        match self.expose().len() {
            8 => KeyAlgorithm::TdesSingle,
            16 => KeyAlgorithm::TdesDouble,
            _ => KeyAlgorithm::TdesTriple,
        }
    }
}

impl AesKey {
    /// The algorithm with its length.
    pub fn algorithm(&self) -> KeyAlgorithm {
        match self.expose().len() {
            16 => KeyAlgorithm::Aes128,
            24 => KeyAlgorithm::Aes192,
            _ => KeyAlgorithm::Aes256,
        }
    }
}

/// Sets the lowest bit of each byte so that it has an odd number of ones (FIPS 46-3).
pub fn adjust_parity(bytes: &mut [u8]) {
    for byte in bytes {
        *byte = (*byte & 0xFE) | u8::from((*byte & 0xFE).count_ones() % 2 == 0);
    }
}

/// A clear key of any algorithm.
#[derive(Clone, PartialEq, Eq)]
pub enum Key {
    /// DES.
    Tdes(TdesKey),
    /// AES.
    Aes(AesKey),
    /// SM4.
    Sm4(Sm4Key),
    /// HMAC.
    Hmac(HmacKey),
}

impl Key {
    /// The key of these bytes.
    ///
    /// # Errors
    /// [`KeyError::Length`] when they are not as many as the algorithm has.
    pub fn new(algorithm: KeyAlgorithm, bytes: &[u8]) -> Result<Self, KeyError> {
        if bytes.len() != algorithm.bytes() {
            return Err(KeyError::Length);
        }
        match algorithm {
            KeyAlgorithm::TdesSingle | KeyAlgorithm::TdesDouble | KeyAlgorithm::TdesTriple => {
                TdesKey::new(bytes).map(Self::Tdes)
            }
            KeyAlgorithm::Aes128 | KeyAlgorithm::Aes192 | KeyAlgorithm::Aes256 => {
                AesKey::new(bytes).map(Self::Aes)
            }
            KeyAlgorithm::Sm4 => Sm4Key::new(bytes).map(Self::Sm4),
            KeyAlgorithm::HmacSha256 => HmacKey::new(bytes).map(Self::Hmac),
        }
    }

    /// A random key; DES keys with odd parity.
    ///
    /// # Errors
    /// [`EntropyFailed`].
    pub fn generate(algorithm: KeyAlgorithm, entropy: &dyn Entropy) -> Result<Self, EntropyFailed> {
        let mut bytes = zeroize::Zeroizing::new([0; KEY_BYTES_MAX]);
        let bytes = &mut bytes[..algorithm.bytes()];
        entropy.fill(bytes)?;
        if algorithm.is_tdes() {
            adjust_parity(bytes);
        }
        Ok(Self::new(algorithm, bytes).expect("as many bytes as the algorithm has"))
    }

    /// The algorithm with its length.
    pub fn algorithm(&self) -> KeyAlgorithm {
        match self {
            Self::Tdes(key) => key.algorithm(),
            Self::Aes(key) => key.algorithm(),
            Self::Sm4(_) => KeyAlgorithm::Sm4,
            Self::Hmac(_) => KeyAlgorithm::HmacSha256,
        }
    }

    /// The clear bytes. The word an auditor looks for.
    pub fn expose(&self) -> &[u8] {
        match self {
            Self::Tdes(key) => key.expose(),
            Self::Aes(key) => key.expose(),
            Self::Sm4(key) => key.expose(),
            Self::Hmac(key) => key.expose(),
        }
    }

    /// The check value by the method usual for the algorithm: zeros for DES and SM4, CMAC for AES and HMAC
    /// keys.
    pub fn check_value(&self) -> CheckValue {
        match self {
            Self::Tdes(key) => CheckValue::of_zeros(&Tdes::new(key)),
            Self::Aes(key) => CheckValue::by_cmac(&Aes::new(key)),
            Self::Sm4(key) => CheckValue::of_zeros(&Sm4::new(key)),
            Self::Hmac(key) => {
                let code = crate::mac::hmac_sha256(key, &[]);
                CheckValue::first_of(&code)
            }
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tdes(key) => key.fmt(f),
            Self::Aes(key) => key.fmt(f),
            Self::Sm4(key) => key.fmt(f),
            Self::Hmac(key) => key.fmt(f),
        }
    }
}

/// A key check value: up to five bytes that tell a key from another without telling the key.
///
/// Three bytes are shown for DES, five for AES (X9.24-1:2017, annex A); UnionPay terminals compare four.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct CheckValue([u8; 5]);

impl CheckValue {
    pub(crate) fn first_of(bytes: &[u8]) -> Self {
        let mut first = [0; 5];
        first.copy_from_slice(&bytes[..5]);
        Self(first)
    }

    /// The beginning of the encryption of a block of zeros (X9.24-1:2017, annex A).
    pub fn of_zeros<const N: usize>(cipher: &impl BlockCipher<N>) -> Self {
        Self::first_of(&cipher.encrypt([0; N]))
    }

    /// The beginning of the CMAC of one block of zeros (X9.24-1:2017, annex A; X9.143).
    pub fn by_cmac<const N: usize>(cipher: &impl BlockCipher<N>) -> Self {
        Self::first_of(&cmac(cipher, &[&[0; N]]))
    }

    /// All five bytes.
    pub fn bytes(&self) -> [u8; 5] {
        self.0
    }

    /// Whether a shown check value of 2 to 5 bytes is the beginning of this one.
    pub fn begins_with(&self, shown: &[u8]) -> bool {
        (2..=5).contains(&shown.len()) && bool::from(self.0[..shown.len()].ct_eq(shown))
    }
}

impl fmt::Display for CheckValue {
    /// The first three bytes, as they are read aloud at a key ceremony.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::hexadecimal::encode(&self.0[..3]))
    }
}

impl fmt::Debug for CheckValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CheckValue({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_of_the_algorithm() {
        for algorithm in KeyAlgorithm::ALL {
            for len in 0..=40 {
                let key = Key::new(algorithm, &vec![7; len]);
                assert_eq!(key.is_ok(), len == algorithm.bytes(), "{algorithm:?} {len}");
                assert!(key.is_err() || key.unwrap().algorithm() == algorithm);
            }
        }
    }

    #[test]
    fn parity_is_adjusted_and_disregarded() {
        let even = TdesKey::new(&[0x00; 16]).unwrap();
        let odd = TdesKey::new(&[0x01; 16]).unwrap();
        assert!(!even.parity_is_odd() && odd.parity_is_odd());
        assert_eq!(even.with_odd_parity(), odd);
        assert!(even.same_but_for_parity(&odd) && even != odd);
        assert!(!odd.same_but_for_parity(&TdesKey::new(&[0x02; 16]).unwrap()));
    }

    #[test]
    fn check_values_of_published_keys() {
        // DES of zeros under 0123456789ABCDEF FEDCBA9876543210 begins 08D7B4 (a much quoted test key).
        let test_key =
            [0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF, 0xFE, 0xDC, 0xBA, 0x98, 0x76, 0x54, 0x32, 0x10];
        let value = Key::new(KeyAlgorithm::TdesDouble, &test_key).unwrap().check_value();
        assert_eq!(value.to_string(), "08D7B4");
        assert!(value.begins_with(&[0x08, 0xD7, 0xB4, 0xFB]));
        assert!(!value.begins_with(&[0x08, 0xD7, 0xB4, 0xFC]) && !value.begins_with(&[0x08]));
    }
}
