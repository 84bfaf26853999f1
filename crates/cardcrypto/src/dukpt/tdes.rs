//! DUKPT with triple DES (ANSI X9.24-1:2009).
//!
//! The older of the two; AES DUKPT is its neighbour and shares nothing with it.

use std::fmt;

use zeroize::Zeroizing;

use super::Direction;
use crate::cipher::{BlockCipher, Tdes, xor};
use crate::key::{KeyError, TdesKey};

/// Folded into a key for the left half of what is derived from it (X9.24-1:2009, A.2).
const RIGHT_OF_REGISTER: [u8; 8] = [0xC0, 0xC0, 0xC0, 0xC0, 0, 0, 0, 0];
/// Bits of the transaction counter.
const COUNTER_BITS: u32 = 21;
/// Most ones a terminal ever has in its counter (X9.24-1:2009, A.3): others it skips.
const COUNTER_ONES_MAX: u32 = 10;

/// A key serial number: 59 bits name the terminal's first key, 21 bits count its messages.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ksn([u8; 10]);

impl Ksn {
    /// The number of these bytes.
    pub const fn new(bytes: [u8; 10]) -> Self {
        Self(bytes)
    }

    /// The bytes as they came.
    #[cfg(feature = "payshield")]
    pub(crate) const fn bytes(&self) -> &[u8; 10] {
        &self.0
    }

    /// The transaction counter, 21 bits.
    pub fn counter(&self) -> u32 {
        u32::from_be_bytes([0, self.0[7] & 0x1F, self.0[8], self.0[9]])
    }

    /// Whether a terminal of the standard can have sent it: a counter from 1 with at most ten ones.
    pub fn is_possible(&self) -> bool {
        (1..=COUNTER_ONES_MAX).contains(&self.counter().count_ones())
    }

    /// The number with its counter at zero.
    fn at_zero(self) -> [u8; 10] {
        let mut bytes = self.0;
        bytes[7] &= 0xE0;
        bytes[8] = 0;
        bytes[9] = 0;
        bytes
    }
}

impl fmt::Debug for Ksn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ksn({})", crate::hexadecimal::encode(&self.0))
    }
}

/// What a derived key is for (X9.24-1:2009, A.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Encrypting the PIN.
    Pin,
    /// Authenticating a message.
    Mac(Direction),
    /// Encrypting data; the variant is encrypted under itself.
    Data(Direction),
}

fn double_length(key: &TdesKey) -> Result<Zeroizing<[u8; 16]>, KeyError> {
    key.expose().try_into().map(Zeroizing::new).map_err(|_| KeyError::Length)
}

fn folded(key: &[u8; 16], mask: [u8; 8]) -> Zeroizing<[u8; 16]> {
    let mut out = Zeroizing::new(*key);
    for (byte, mask) in out.iter_mut().zip(mask.into_iter().chain(mask)) {
        *byte ^= mask;
    }
    out
}

fn tdes_key(bytes: &[u8; 16]) -> TdesKey {
    TdesKey::new(bytes).expect("sixteen bytes are a key of double length")
}

/// A terminal's first key (initial PIN encryption key) from its base key of double length (X9.24-1:2009,
/// A.6).
///
/// # Errors
/// [`KeyError::Length`] for a base key of another length.
pub fn initial_key(base: &TdesKey, ksn: Ksn) -> Result<TdesKey, KeyError> {
    let base = double_length(base)?;
    let zeroed = ksn.at_zero();
    let mut name = [0; 8];
    name.copy_from_slice(&zeroed[..8]);
    let mut out = Zeroizing::new([0; 16]);
    out[..8].copy_from_slice(&Tdes::new(&tdes_key(&base)).encrypt(name));
    out[8..].copy_from_slice(&Tdes::new(&tdes_key(&folded(&base, RIGHT_OF_REGISTER))).encrypt(name));
    Ok(tdes_key(&out))
}

/// Half of the non-reversible key generation (X9.24-1:2009, A.2).
fn non_reversible(key: &[u8; 16], register: &[u8; 8]) -> [u8; 8] {
    let (left, right) = key.split_at(8);
    let mut half = [0; 8];
    half.copy_from_slice(right);
    let des = Tdes::new(&TdesKey::new(left).expect("half a key of double length is one of single length"));
    xor(des.encrypt(xor(*register, &half)), &half)
}

/// The key of one transaction, before it is varied for a purpose, from a terminal's first key (X9.24-1:2009,
/// A.3).
///
/// # Errors
/// [`KeyError::Length`] for a first key of another than double length.
pub fn transaction_key(initial: &TdesKey, ksn: Ksn) -> Result<TdesKey, KeyError> {
    let mut key = double_length(initial)?;
    let zeroed = ksn.at_zero();
    let mut register = [0; 8];
    register.copy_from_slice(&zeroed[2..]);
    let counter = ksn.counter();
    for bit in (0..COUNTER_BITS).rev().map(|place| 1_u32 << place).filter(|bit| counter & bit != 0) {
        for (to, from) in register[5..].iter_mut().zip(&bit.to_be_bytes()[1..]) {
            *to |= from;
        }
        let right = non_reversible(&key, &register);
        let left = non_reversible(&folded(&key, RIGHT_OF_REGISTER), &register);
        key[..8].copy_from_slice(&left);
        key[8..].copy_from_slice(&right);
    }
    Ok(tdes_key(&key))
}

/// The transaction's key for a purpose (X9.24-1:2009, A.4.1).
///
/// # Errors
/// [`KeyError::Length`] for a key of another than double length.
pub fn working_key(transaction: &TdesKey, purpose: Purpose) -> Result<TdesKey, KeyError> {
    let mask = match purpose {
        Purpose::Pin => [0, 0, 0, 0, 0, 0, 0, 0xFF],
        Purpose::Mac(Direction::Request) => [0, 0, 0, 0, 0, 0, 0xFF, 0],
        Purpose::Mac(Direction::Response) => [0, 0, 0, 0, 0xFF, 0, 0, 0],
        Purpose::Data(Direction::Request) => [0, 0, 0, 0, 0, 0xFF, 0, 0],
        Purpose::Data(Direction::Response) => [0, 0, 0, 0xFF, 0, 0, 0, 0],
    };
    let mut key = folded(&*double_length(transaction)?, mask);
    match purpose {
        Purpose::Pin | Purpose::Mac(_) => {}
        Purpose::Data(_) => {
            let cipher = Tdes::new(&tdes_key(&key));
            crate::cipher::ecb_encrypt(&cipher, key.as_mut_slice()).expect("a key is two whole blocks");
        }
    }
    Ok(tdes_key(&key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hexadecimal::{decode, encode};

    fn key(text: &str) -> TdesKey {
        TdesKey::new(&decode(text.as_bytes()).unwrap()).unwrap()
    }

    fn ksn(text: &str) -> Ksn {
        Ksn::new(decode(text.as_bytes()).unwrap().try_into().unwrap())
    }

    /// ANSI X9.24-1:2009, A.4.2.
    #[test]
    fn keys_are_as_published() {
        let base = key("0123456789ABCDEFFEDCBA9876543210");
        for (number, transaction, pin) in [
            ("FFFF9876543210E00001", "042666B49184CFA368DE9628D0397BC9", "042666B49184CF5C68DE9628D0397B36"),
            ("FFFF9876543210E00013", "C3DF489FDF1153B4F03DE97C27DC4C2F", "C3DF489FDF11534BF03DE97C27DC4CD0"),
            ("FFFF9876543210F00000", "AA4D58DB653EC74A48C75F2F047DD2B5", "AA4D58DB653EC7B548C75F2F047DD24A"),
        ] {
            let initial = initial_key(&base, ksn(number)).unwrap();
            assert_eq!(encode(initial.expose()), "6AC292FAA1315B4D858AB3A3D7D5933A");
            let derived = transaction_key(&initial, ksn(number)).unwrap();
            assert_eq!(encode(derived.expose()), transaction);
            assert_eq!(encode(working_key(&derived, Purpose::Pin).unwrap().expose()), pin);
        }
    }

    #[test]
    fn keys_of_other_lengths_and_impossible_counters_are_known() {
        assert_eq!(initial_key(&key("0123456789ABCDEF"), ksn("FFFF9876543210E00001")), Err(KeyError::Length));
        assert!(ksn("FFFF9876543210E00001").is_possible());
        assert!(ksn("FFFF9876543210EFFC00").is_possible());
        assert!(!ksn("FFFF9876543210E00000").is_possible());
        assert!(!ksn("FFFF9876543210EFFE00").is_possible());
    }
}
