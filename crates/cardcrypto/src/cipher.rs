//! The block ciphers with their key schedules kept, and the modes that more than one algorithm needs.
//!
//! No standard of the card trade lives here, and no key outlives its schedule: both are wiped on drop.

use std::fmt;

use ::cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use aes::{Aes128, Aes192, Aes256};
use des::Des;

use crate::key::{AesKey, Sm4Key, TdesKey};

/// A block cipher under one key, over blocks of `N` bytes.
pub trait BlockCipher<const N: usize> {
    /// Encrypts one block.
    fn encrypt(&self, block: [u8; N]) -> [u8; N];
    /// Decrypts one block.
    fn decrypt(&self, block: [u8; N]) -> [u8; N];
}

/// DES or triple DES under a key of one, two or three parts (ISO/IEC 18033-3), schedules kept.
pub struct Tdes {
    first: Des,
    /// Second and third part; absent under a key of single length.
    rest: Option<(Des, Des)>,
}

impl Tdes {
    /// The schedules of `key`; a double-length key uses its first part again as third.
    pub fn new(key: &TdesKey) -> Self {
        let bytes = key.expose();
        let part = |at: usize| {
            Des::new_from_slice(&bytes[at..at + 8]).expect("each part of a DES key has eight bytes")
        };
        let rest = match bytes.len() {
            8 => None,
            16 => Some((part(8), part(0))),
            _ => Some((part(8), part(16))),
        };
        Self { first: part(0), rest }
    }

    /// Single DES with the first part alone, as CVV and MAC algorithm 3 use it.
    pub(crate) fn encrypt_first(&self, block: [u8; 8]) -> [u8; 8] {
        des_encrypt(&self.first, block)
    }

    /// What MAC algorithm 3 does at its end: decrypt under the second part, encrypt under the third (the
    /// first again under a key of double length). Nothing under a key of single length, which makes it
    /// algorithm 1.
    pub(crate) fn finish_retail(&self, block: [u8; 8]) -> [u8; 8] {
        match &self.rest {
            None => block,
            Some((second, third)) => des_encrypt(third, des_decrypt(second, block)),
        }
    }
}

fn des_encrypt(des: &Des, block: [u8; 8]) -> [u8; 8] {
    let mut block = block.into();
    des.encrypt_block(&mut block);
    block.into()
}

fn des_decrypt(des: &Des, block: [u8; 8]) -> [u8; 8] {
    let mut block = block.into();
    des.decrypt_block(&mut block);
    block.into()
}

impl BlockCipher<8> for Tdes {
    fn encrypt(&self, block: [u8; 8]) -> [u8; 8] {
        self.finish_retail(des_encrypt(&self.first, block))
    }

    fn decrypt(&self, block: [u8; 8]) -> [u8; 8] {
        let block = match &self.rest {
            None => block,
            Some((second, third)) => des_encrypt(second, des_decrypt(third, block)),
        };
        des_decrypt(&self.first, block)
    }
}

/// AES under a key of any length (FIPS 197), schedule kept.
pub enum Aes {
    /// 128 bits.
    Aes128(Aes128),
    /// 192 bits.
    Aes192(Aes192),
    /// 256 bits.
    Aes256(Aes256),
}

impl Aes {
    /// The schedule of `key`.
    pub fn new(key: &AesKey) -> Self {
        const WHY: &str = "an AES key has one of the three lengths";
        let bytes = key.expose();
        match bytes.len() {
            16 => Self::Aes128(Aes128::new_from_slice(bytes).expect(WHY)),
            24 => Self::Aes192(Aes192::new_from_slice(bytes).expect(WHY)),
            _ => Self::Aes256(Aes256::new_from_slice(bytes).expect(WHY)),
        }
    }
}

impl BlockCipher<16> for Aes {
    fn encrypt(&self, block: [u8; 16]) -> [u8; 16] {
        let mut block = block.into();
        match self {
            Self::Aes128(aes) => aes.encrypt_block(&mut block),
            Self::Aes192(aes) => aes.encrypt_block(&mut block),
            Self::Aes256(aes) => aes.encrypt_block(&mut block),
        }
        block.into()
    }

    fn decrypt(&self, block: [u8; 16]) -> [u8; 16] {
        let mut block = block.into();
        match self {
            Self::Aes128(aes) => aes.decrypt_block(&mut block),
            Self::Aes192(aes) => aes.decrypt_block(&mut block),
            Self::Aes256(aes) => aes.decrypt_block(&mut block),
        }
        block.into()
    }
}

/// SM4 (GB/T 32907-2016), schedule kept.
pub struct Sm4(sm4::Sm4);

impl Sm4 {
    /// The schedule of `key`.
    pub fn new(key: &Sm4Key) -> Self {
        Self(sm4::Sm4::new_from_slice(key.expose()).expect("an SM4 key has sixteen bytes"))
    }
}

impl BlockCipher<16> for Sm4 {
    fn encrypt(&self, block: [u8; 16]) -> [u8; 16] {
        let mut block = block.into();
        self.0.encrypt_block(&mut block);
        block.into()
    }

    fn decrypt(&self, block: [u8; 16]) -> [u8; 16] {
        let mut block = block.into();
        self.0.decrypt_block(&mut block);
        block.into()
    }
}

macro_rules! hidden_debug {
    ($($name:ident),*) => {
        $(impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(schedule)"))
            }
        })*
    };
}

hidden_debug!(Tdes, Aes, Sm4);

/// Data is not a whole number of blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartialBlock;

impl fmt::Display for PartialBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the data is not a whole number of blocks")
    }
}

impl std::error::Error for PartialBlock {}

pub(crate) fn xor<const N: usize>(mut left: [u8; N], right: &[u8; N]) -> [u8; N] {
    for (to, from) in left.iter_mut().zip(right) {
        *to ^= from;
    }
    left
}

fn blocks<const N: usize>(data: &mut [u8]) -> Result<&mut [[u8; N]], PartialBlock> {
    match data.as_chunks_mut() {
        (blocks, []) => Ok(blocks),
        _ => Err(PartialBlock),
    }
}

/// Encrypts in place, each block for itself (ISO/IEC 10116, ECB).
///
/// # Errors
/// [`PartialBlock`].
pub fn ecb_encrypt<const N: usize>(
    cipher: &impl BlockCipher<N>,
    data: &mut [u8],
) -> Result<(), PartialBlock> {
    for block in blocks::<N>(data)? {
        *block = cipher.encrypt(*block);
    }
    Ok(())
}

/// Decrypts in place, each block for itself (ISO/IEC 10116, ECB).
///
/// # Errors
/// [`PartialBlock`].
pub fn ecb_decrypt<const N: usize>(
    cipher: &impl BlockCipher<N>,
    data: &mut [u8],
) -> Result<(), PartialBlock> {
    for block in blocks::<N>(data)? {
        *block = cipher.decrypt(*block);
    }
    Ok(())
}

/// Encrypts in place, each block chained to the one before (ISO/IEC 10116, CBC).
///
/// # Errors
/// [`PartialBlock`].
pub fn cbc_encrypt<const N: usize>(
    cipher: &impl BlockCipher<N>,
    iv: [u8; N],
    data: &mut [u8],
) -> Result<(), PartialBlock> {
    let mut chain = iv;
    for block in blocks::<N>(data)? {
        chain = cipher.encrypt(xor(*block, &chain));
        *block = chain;
    }
    Ok(())
}

/// Decrypts in place, each block chained to the one before (ISO/IEC 10116, CBC).
///
/// # Errors
/// [`PartialBlock`].
pub fn cbc_decrypt<const N: usize>(
    cipher: &impl BlockCipher<N>,
    iv: [u8; N],
    data: &mut [u8],
) -> Result<(), PartialBlock> {
    let mut chain = iv;
    for block in blocks::<N>(data)? {
        let next = *block;
        *block = xor(cipher.decrypt(next), &chain);
        chain = next;
    }
    Ok(())
}

/// Encrypts or decrypts in place by the stream of encrypted counters, which begin at `counter` and count as
/// one big endian number (ISO/IEC 10116, CTR). The last block may be partial.
pub fn ctr<const N: usize>(cipher: &impl BlockCipher<N>, mut counter: [u8; N], data: &mut [u8]) {
    for chunk in data.chunks_mut(N) {
        let stream = cipher.encrypt(counter);
        for (to, from) in chunk.iter_mut().zip(stream) {
            *to ^= from;
        }
        for byte in counter.iter_mut().rev() {
            *byte = byte.wrapping_add(1);
            if *byte != 0 {
                break;
            }
        }
    }
}
