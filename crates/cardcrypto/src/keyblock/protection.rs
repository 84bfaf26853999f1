//! How a key block's key is encrypted and bound to its header.
//!
//! What the header says is not looked at here.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::KeyBlockError;
use super::header::Version;
use crate::cipher::{Aes, BlockCipher, Tdes, cbc_decrypt, cbc_encrypt, ctr};
use crate::key::{AesKey, Key, TdesKey};
use crate::mac::{Padding, cbc_mac, cmac};

/// A key block protection key.
#[derive(Clone, PartialEq, Eq)]
pub enum ProtectionKey {
    /// Triple DES, for versions A, B and C.
    Tdes(TdesKey),
    /// AES, for versions D and E.
    Aes(AesKey),
}

impl fmt::Debug for ProtectionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tdes(key) => write!(f, "ProtectionKey({key:?})"),
            Self::Aes(key) => write!(f, "ProtectionKey({key:?})"),
        }
    }
}

impl TryFrom<&Key> for ProtectionKey {
    type Error = KeyBlockError;

    fn try_from(key: &Key) -> Result<Self, KeyBlockError> {
        match key {
            Key::Tdes(key) => Ok(Self::Tdes(key.clone())),
            Key::Aes(key) => Ok(Self::Aes(key.clone())),
            Key::Sm4(_) | Key::Hmac(_) => Err(KeyBlockError::ProtectionKey),
        }
    }
}

/// What a key derived from the protection key is for (X9.143:2021, 6.2 and 6.3; ISO 20038).
#[derive(Clone, Copy)]
enum DerivedUse {
    Chaining = 0,
    Authentication = 1,
    Counter = 2,
}

/// The pair of keys that encrypt and authenticate.
struct Pair<C> {
    encryption: C,
    authentication: C,
}

fn varied(key: &TdesKey, mask: u8) -> Tdes {
    let bytes = Zeroizing::new(key.expose().iter().map(|byte| byte ^ mask).collect::<Vec<u8>>());
    Tdes::new(&TdesKey::new(&bytes).expect("as many bytes as the key it varies"))
}

/// Versions A and C: the protection key folded with `E` and `M` (X9.143:2021, 6.1).
fn variants(key: &TdesKey) -> Pair<Tdes> {
    Pair { encryption: varied(key, b'E'), authentication: varied(key, b'M') }
}

/// The data that CMAC turns into a block of derived key.
fn derivation_data(number: u8, what: DerivedUse, algorithm: u8, bytes: usize) -> [u8; 8] {
    let [high, low] = (bytes as u16 * 8).to_be_bytes();
    [number, 0, what as u8, 0, 0, algorithm, high, low]
}

fn derived_tdes(key: &TdesKey, what: DerivedUse) -> Tdes {
    let len = key.expose().len();
    let algorithm = if len == 16 { 0 } else { 1 };
    let cipher = Tdes::new(key);
    let mut bytes = Zeroizing::new([0; 24]);
    for (number, chunk) in (1..).zip(bytes[..len].chunks_mut(8)) {
        chunk.copy_from_slice(&cmac(&cipher, &[&derivation_data(number, what, algorithm, len)]));
    }
    Tdes::new(&TdesKey::new(&bytes[..len]).expect("as many bytes as the key it is derived from"))
}

fn derived_aes(key: &AesKey, what: DerivedUse) -> Aes {
    let len = key.expose().len();
    let algorithm = match len {
        16 => 2,
        24 => 3,
        _ => 4,
    };
    let cipher = Aes::new(key);
    let mut bytes = Zeroizing::new([0; 32]);
    for (number, chunk) in (1..).zip(bytes[..len].chunks_mut(16)) {
        let block = cmac(&cipher, &[&derivation_data(number, what, algorithm, len)]);
        chunk.copy_from_slice(&block[..chunk.len()]);
    }
    Aes::new(&AesKey::new(&bytes[..len]).expect("as many bytes as the key it is derived from"))
}

enum Method {
    Variants(Pair<Tdes>),
    DerivedTdes(Pair<Tdes>),
    DerivedAes(Pair<Aes>),
    CounterAes(Pair<Aes>),
}

impl ProtectionKey {
    fn method(&self, version: Version) -> Result<Method, KeyBlockError> {
        use DerivedUse::{Authentication, Chaining, Counter};
        match (version, self) {
            (Version::A | Version::C, Self::Tdes(key)) => Ok(Method::Variants(variants(key))),
            (Version::B, Self::Tdes(key)) if key.expose().len() > 8 => Ok(Method::DerivedTdes(Pair {
                encryption: derived_tdes(key, Chaining),
                authentication: derived_tdes(key, Authentication),
            })),
            (Version::D, Self::Aes(key)) => Ok(Method::DerivedAes(Pair {
                encryption: derived_aes(key, Chaining),
                authentication: derived_aes(key, Authentication),
            })),
            (Version::E, Self::Aes(key)) => Ok(Method::CounterAes(Pair {
                encryption: derived_aes(key, Counter),
                authentication: derived_aes(key, Authentication),
            })),
            (
                Version::A | Version::B | Version::C | Version::D | Version::E,
                Self::Tdes(_) | Self::Aes(_),
            ) => Err(KeyBlockError::ProtectionKey),
        }
    }

    /// Encrypts and authenticates; the code comes behind.
    pub(super) fn seal(
        &self,
        version: Version,
        header: &[u8],
        clear: &[u8],
    ) -> Result<Vec<u8>, KeyBlockError> {
        let partial = |_| KeyBlockError::Length;
        let mut data = clear.to_vec();
        let code = match (version, self.method(version)?) {
            (Version::A, _) => {
                zeroize::Zeroize::zeroize(&mut data);
                return Err(KeyBlockError::ReadOnly);
            }
            (_, Method::Variants(pair)) => {
                cbc_encrypt(&pair.encryption, first(header)?, &mut data).map_err(partial)?;
                variant_code(&pair, header, &data).to_vec()
            }
            (_, Method::DerivedTdes(pair)) => {
                let code = cmac(&pair.authentication, &[header, clear]);
                cbc_encrypt(&pair.encryption, code, &mut data).map_err(partial)?;
                code.to_vec()
            }
            (_, Method::DerivedAes(pair)) => {
                let code = cmac(&pair.authentication, &[header, clear]);
                cbc_encrypt(&pair.encryption, code, &mut data).map_err(partial)?;
                code.to_vec()
            }
            (_, Method::CounterAes(pair)) => {
                let code = cmac(&pair.authentication, &[header, clear]);
                ctr(&pair.encryption, code, &mut data);
                code.to_vec()
            }
        };
        data.extend_from_slice(&code);
        Ok(data)
    }

    /// Decrypts what authenticates.
    pub(super) fn open(
        &self,
        version: Version,
        header: &[u8],
        body: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, KeyBlockError> {
        let method = self.method(version)?;
        let split = body.len().checked_sub(version.code_bytes()).ok_or(KeyBlockError::Length)?;
        let (encrypted, code) = body.split_at(split);
        if encrypted.is_empty() || !encrypted.len().is_multiple_of(version.block_bytes()) {
            return Err(KeyBlockError::Length);
        }
        let partial = |_| KeyBlockError::Length;
        let mut data = Zeroizing::new(encrypted.to_vec());
        let right = match method {
            Method::Variants(pair) => {
                let right = variant_code(&pair, header, encrypted).ct_eq(code);
                cbc_decrypt(&pair.encryption, first(header)?, &mut data).map_err(partial)?;
                right
            }
            Method::DerivedTdes(pair) => {
                cbc_decrypt(&pair.encryption, first(code)?, &mut data).map_err(partial)?;
                bound(&pair.authentication, header, &data, code)
            }
            Method::DerivedAes(pair) => {
                cbc_decrypt(&pair.encryption, first(code)?, &mut data).map_err(partial)?;
                bound(&pair.authentication, header, &data, code)
            }
            Method::CounterAes(pair) => {
                ctr(&pair.encryption, first(code)?, &mut data);
                bound(&pair.authentication, header, &data, code)
            }
        };
        if bool::from(right) { Ok(data) } else { Err(KeyBlockError::Authentication) }
    }
}

fn bound<const N: usize>(
    key: &impl BlockCipher<N>,
    header: &[u8],
    clear: &[u8],
    code: &[u8],
) -> subtle::Choice {
    cmac(key, &[header, clear]).ct_eq(code)
}

/// The first block of a header or code, as initialization vector.
fn first<const N: usize>(from: &[u8]) -> Result<[u8; N], KeyBlockError> {
    from.first_chunk().copied().ok_or(KeyBlockError::Length)
}

/// The code of versions A and C: chained over header and encrypted key, its left half.
fn variant_code(pair: &Pair<Tdes>, header: &[u8], encrypted: &[u8]) -> [u8; 4] {
    let covered = [header, encrypted].concat();
    let [a, b, c, d, ..] = cbc_mac(&pair.authentication, Padding::Zeros, &covered);
    [a, b, c, d]
}
