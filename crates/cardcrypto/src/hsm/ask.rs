//! What is asked of a module, and what it hands back.
//!
//! No key and no PIN in the clear is ever among them.

use std::fmt;

use crate::cvv::{Expiry, ServiceCode};
use crate::dukpt::Direction;
use crate::dukpt::aes::{DerivedType, Ksn as AesKsn};
use crate::dukpt::tdes::Ksn as TdesKsn;
use crate::key::{CheckValue, KEY_BYTES_MAX};
use crate::key_usage::KeyUsage;
use crate::mac::Padding;
use crate::pan::Pan;
use crate::pin_block::PinFormat;

use super::KeyHandle;

/// What a derived key of AES DUKPT is a key of.
pub type DukptAlgorithm = DerivedType;

/// The key of one message: one that is held, or one derived for the message from its key serial number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkingKey {
    /// A key of the usage that the operation needs (master/session terminals, zones).
    Held(KeyHandle),
    /// DUKPT with triple DES, from a base key of usage [`KeyUsage::DukptBase`].
    DukptTdes {
        /// The base key.
        base: KeyHandle,
        /// The message's key serial number.
        ksn: TdesKsn,
        /// Whose message it is.
        direction: Direction,
    },
    /// DUKPT with AES, from a base key of usage [`KeyUsage::DukptBase`].
    DukptAes {
        /// The base key.
        base: KeyHandle,
        /// The message's key serial number.
        ksn: AesKsn,
        /// Whose message it is.
        direction: Direction,
        /// What the derived key is a key of; never stronger than the base key.
        algorithm: DukptAlgorithm,
    },
}

impl From<KeyHandle> for WorkingKey {
    fn from(key: KeyHandle) -> Self {
        Self::Held(key)
    }
}

/// An encrypted PIN as it came in.
#[derive(Clone, Copy, Debug)]
pub struct EncryptedPin<'a> {
    /// The key it is under: usage [`KeyUsage::PinEncryption`], or DUKPT.
    pub key: WorkingKey,
    /// How the PIN lies in the block.
    pub format: PinFormat,
    /// The encrypted block, 8 bytes or (format 4) 16.
    pub block: &'a [u8],
    /// The card that the PIN belongs to.
    pub pan: &'a Pan,
}

/// An encrypted PIN block on its way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PinCipherBlock {
    bytes: [u8; 16],
    len: u8,
}

impl PinCipherBlock {
    pub(crate) fn new(block: &[u8]) -> Self {
        let mut bytes = [0; 16];
        bytes[..block.len()].copy_from_slice(block);
        Self { bytes, len: block.len() as u8 }
    }

    /// The encrypted bytes, 8 or 16.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

/// How a message authentication code is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MacAlgorithm {
    /// UnionPay between terminal and centre: 8 ASCII characters (DES of any length, or SM4).
    UnionPayEcb,
    /// ISO 9797-1 algorithm 3: 8 bytes (DES).
    Retail {
        /// How the message is filled.
        padding: Padding,
    },
    /// ISO 9797-1 algorithm 1: a block (DES, AES or SM4).
    Cbc {
        /// How the message is filled.
        padding: Padding,
    },
    /// CMAC: a block (DES, AES or SM4).
    Cmac,
    /// HMAC with SHA-256: 32 bytes.
    HmacSha256,
}

impl MacAlgorithm {
    /// One of each kind, for tables and tests.
    pub const SAMPLES: [Self; 5] = [
        Self::UnionPayEcb,
        Self::Retail { padding: Padding::OneThenZeros },
        Self::Cbc { padding: Padding::Zeros },
        Self::Cmac,
        Self::HmacSha256,
    ];

    /// The usages of held keys that may make it. A derived key is bound to its message and may make any.
    pub const fn usages(self) -> &'static [KeyUsage] {
        match self {
            Self::UnionPayEcb => &[KeyUsage::MacUnionPay],
            Self::Retail { .. } => &[KeyUsage::MacAlgorithm3],
            Self::Cbc { .. } => &[KeyUsage::MacAlgorithm1, KeyUsage::MacIso16609],
            Self::Cmac => &[KeyUsage::MacCmac],
            Self::HmacSha256 => &[KeyUsage::MacHmac],
        }
    }
}

/// How data is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DataMode {
    /// Each block for itself.
    Ecb,
    /// Chained; as many bytes of the vector as a block has are used.
    Cbc {
        /// The initialization vector.
        iv: [u8; 16],
    },
    /// A packed track of a UnionPay terminal: see [`crate::track::encrypt_packed`].
    UnionPayTrack,
}

/// What a card verification value is computed from.
#[derive(Clone, Copy, Debug)]
pub struct CardData<'a> {
    /// The card.
    pub pan: &'a Pan,
    /// Its expiry, in the issuer's order.
    pub expiry: Expiry,
    /// Its service code, or one of those that stand for the other values.
    pub service_code: ServiceCode,
}

/// The issuer's keys for a new PIN on a chip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScriptPinKeys {
    /// The key of usage [`KeyUsage::EmvConfidentiality`].
    pub confidentiality: KeyHandle,
    /// The key of usage [`KeyUsage::EmvCryptogram`], which Visa's PIN block is bound to.
    pub cryptogram: KeyHandle,
}

/// A message authentication code of 8, 16 or 32 bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct MacCode {
    bytes: [u8; 32],
    len: u8,
}

impl MacCode {
    pub(crate) fn new(code: &[u8]) -> Self {
        let mut bytes = [0; 32];
        bytes[..code.len()].copy_from_slice(code);
        Self { bytes, len: code.len() as u8 }
    }

    /// The whole code.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    /// Its first eight bytes, as field 64 holds them.
    pub fn field64(&self) -> [u8; 8] {
        let mut field = [0; 8];
        field.copy_from_slice(&self.bytes[..8]);
        field
    }
}

impl fmt::Debug for MacCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MacCode({} bytes)", self.len)
    }
}

/// A key encrypted under another, block by block, with its check value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrappedKey {
    bytes: [u8; KEY_BYTES_MAX],
    len: u8,
    /// The check value of the clear key; terminals compare its first three or four bytes.
    pub check_value: CheckValue,
}

impl WrappedKey {
    pub(crate) fn new(cryptogram: &[u8], check_value: CheckValue) -> Self {
        let mut bytes = [0; KEY_BYTES_MAX];
        bytes[..cryptogram.len()].copy_from_slice(cryptogram);
        Self { bytes, len: cryptogram.len() as u8, check_value }
    }

    /// The encrypted key, as many bytes as the key has.
    pub fn cryptogram(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}
