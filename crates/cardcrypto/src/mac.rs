//! Message authentication codes of the trade: ISO/IEC 9797-1, CMAC, HMAC, and UnionPay's own.
//!
//! Which key may make which code is not decided here: see [`crate::hsm::MacAlgorithm::usages`].

use hmac::{Hmac, KeyInit, Mac as _};
use sha2::Sha256;

use crate::cipher::{BlockCipher, Tdes, xor};
use crate::hexadecimal;
use crate::key::HmacKey;

/// How a message is filled to whole blocks (ISO/IEC 9797-1:2011, 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Padding {
    /// Method 1: zero bytes, none where the message ends with its block; an empty message is one block of
    /// zeros.
    Zeros,
    /// Method 2: one byte `80`, then zero bytes.
    OneThenZeros,
    /// Method 3: a block with the length in bits in front, then the message filled by method 1.
    LengthInFront,
}

impl Padding {
    /// Every method, in the order of their numbers.
    pub const ALL: [Self; 3] = [Self::Zeros, Self::OneThenZeros, Self::LengthInFront];

    /// The method with a number of the standard, 1 to 3.
    pub const fn of_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Zeros),
            2 => Some(Self::OneThenZeros),
            3 => Some(Self::LengthInFront),
            _ => None,
        }
    }
}

/// Calls `take` with every block of the filled message, in order.
fn each_block<const N: usize>(padding: Padding, data: &[u8], mut take: impl FnMut([u8; N])) {
    if padding == Padding::LengthInFront {
        let mut length = [0; N];
        length[N - 8..].copy_from_slice(&(data.len() as u64 * 8).to_be_bytes());
        take(length);
    }
    let (whole, rest) = data.as_chunks::<N>();
    for block in whole {
        take(*block);
    }
    let more = match padding {
        Padding::Zeros | Padding::LengthInFront => !rest.is_empty() || whole.is_empty(),
        Padding::OneThenZeros => true,
    };
    if more {
        let mut last = [0; N];
        last[..rest.len()].copy_from_slice(rest);
        if padding == Padding::OneThenZeros {
            last[rest.len()] = 0x80;
        }
        take(last);
    }
}

/// MAC algorithm 1 (ISO/IEC 9797-1:2011, 7.2): cipher block chaining, the last block. With triple DES and
/// [`Padding::Zeros`] it is the code between institutions of Q/CUP 006.4; the SM4 variant is cut to 8 bytes
/// there.
pub fn cbc_mac<const N: usize>(cipher: &impl BlockCipher<N>, padding: Padding, data: &[u8]) -> [u8; N] {
    let mut chain = [0; N];
    each_block(padding, data, |block| chain = cipher.encrypt(xor(block, &chain)));
    chain
}

/// MAC algorithm 3 (ISO/IEC 9797-1:2011, 7.4; ANSI X9.19, "retail MAC"): single DES chaining under the first
/// part of the key, then decryption under the second and encryption under the third (the first again, of a
/// double-length key). Under a key of single length it is algorithm 1.
pub fn retail_mac(key: &Tdes, padding: Padding, data: &[u8]) -> [u8; 8] {
    let mut chain = [0; 8];
    each_block(padding, data, |block| chain = key.encrypt_first(xor(block, &chain)));
    key.finish_retail(chain)
}

/// Doubles in the field of CMAC's blocks (NIST SP 800-38B, 6.1).
fn double<const N: usize>(block: [u8; N]) -> [u8; N] {
    let feedback = if N == 8 { 0x1B } else { 0x87 };
    let mut doubled = [0; N];
    for at in 0..N {
        let carry = if at + 1 < N { block[at + 1] >> 7 } else { 0 };
        doubled[at] = block[at] << 1 | carry;
    }
    // Without a branch on key material: the mask is all ones when the top bit was set.
    doubled[N - 1] ^= feedback & (block[0] >> 7).wrapping_neg();
    doubled
}

/// CMAC (NIST SP 800-38B; ISO/IEC 9797-1:2011 MAC algorithm 5) of the parts, one after the other.
pub fn cmac<const N: usize>(cipher: &impl BlockCipher<N>, parts: &[&[u8]]) -> [u8; N] {
    let whole_key = double(cipher.encrypt([0; N]));
    let mut chain = [0; N];
    let mut waiting = [0; N];
    let mut filled = 0;
    for byte in parts.iter().flat_map(|part| part.iter()) {
        if filled == N {
            chain = cipher.encrypt(xor(waiting, &chain));
            filled = 0;
        }
        waiting[filled] = *byte;
        filled += 1;
    }
    let last = if filled == N {
        xor(waiting, &whole_key)
    } else {
        waiting[filled] = 0x80;
        waiting[filled + 1..].fill(0);
        xor(waiting, &double(whole_key))
    };
    cipher.encrypt(xor(last, &chain))
}

/// HMAC with SHA-256 (FIPS 198-1) of the parts, one after the other.
pub fn hmac_sha256(key: &HmacKey, parts: &[&[u8]]) -> [u8; 32] {
    hmac_sha256_of(key.expose(), parts)
}

/// HMAC with SHA-256 under key bytes of any length.
pub fn hmac_sha256_of(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of every length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// UnionPay's MAC between terminal and centre ("ECB MAC", Q/CUP 009.1), with what is seen on the way.
///
/// The message, filled with zeros, is folded by exclusive or into one block; the block's hexadecimal text is
/// encrypted in two chained halves. The SM4 form over blocks of 16 bytes is built by analogy and varies by
/// acquirer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnionPayEcbMac<const N: usize> {
    /// All blocks of the message folded into one.
    pub folded: [u8; N],
    /// The encryption of the first half of the folded block's text.
    pub first: [u8; N],
    /// The encryption of that, folded with the second half of the text.
    pub second: [u8; N],
}

impl<const N: usize> UnionPayEcbMac<N> {
    /// The code over `data`: MTI to the field before 64, without TPDU and header.
    pub fn over(cipher: &impl BlockCipher<N>, data: &[u8]) -> Self {
        let mut folded = [0; N];
        each_block(Padding::Zeros, data, |block| folded = xor(folded, &block));
        let first = cipher.encrypt(Self::half(&folded[..N / 2]));
        let second = cipher.encrypt(xor(first, &Self::half(&folded[N / 2..])));
        Self { folded, first, second }
    }

    /// The text of half a block, as long as a block.
    fn half(bytes: &[u8]) -> [u8; N] {
        let mut text = [0; N];
        for (pair, byte) in text.chunks_exact_mut(2).zip(bytes) {
            pair[0] = hexadecimal::digit(byte >> 4);
            pair[1] = hexadecimal::digit(*byte);
        }
        text
    }

    /// Field 64: the first eight characters of the hexadecimal text of the end.
    pub fn field(&self) -> [u8; 8] {
        let mut text = [0; 8];
        for (pair, byte) in text.chunks_exact_mut(2).zip(self.second) {
            pair[0] = hexadecimal::digit(byte >> 4);
            pair[1] = hexadecimal::digit(byte);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cipher::{Aes, Sm4};
    use crate::hexadecimal::{decode, encode};
    use crate::key::{AesKey, Sm4Key, TdesKey};

    fn tdes(key: &str) -> Tdes {
        Tdes::new(&TdesKey::new(&decode(key.as_bytes()).unwrap()).unwrap())
    }

    /// The data strings of ISO/IEC 9797-1, annex B, under the key that the whole trade tests with.
    #[test]
    fn iso_9797_1_codes() {
        const DOUBLE: &str = "0123456789ABCDEFFEDCBA9876543210";
        let long = b"Now is the time for all ";
        let short = b"Now is the time for it";
        let retail = |padding, data: &[u8]| encode(&retail_mac(&tdes(DOUBLE), padding, data));
        let single = |padding, data: &[u8]| encode(&cbc_mac(&tdes("0123456789ABCDEF"), padding, data));
        assert_eq!(retail(Padding::Zeros, long), "A1C72E74EA3FA9B6");
        assert_eq!(retail(Padding::LengthInFront, long), "AB059463D7A7D170");
        assert_eq!(retail(Padding::OneThenZeros, short), "5A692CE64F404145");
        assert_eq!(single(Padding::OneThenZeros, long), "10E1F0F108341B6D");
        assert_eq!(single(Padding::Zeros, short), "E45B3AD2B7CC0856");
    }

    /// NIST SP 800-38B, D.1 and D.4.
    #[test]
    fn cmac_codes() {
        let aes = Aes::new(&AesKey::new(&decode(b"2B7E151628AED2A6ABF7158809CF4F3C").unwrap()).unwrap());
        let message =
            decode(b"6BC1BEE22E409F96E93D7E117393172AAE2D8A571E03AC9C9EB76FAC45AF8E5130C81C46A35CE411")
                .unwrap();
        assert_eq!(encode(&cmac(&aes, &[])), "BB1D6929E95937287FA37D129B756746");
        assert_eq!(encode(&cmac(&aes, &[&message[..7], &message[7..]])), "DFA66747DE9AE63030CA32611497C827");
        assert_eq!(encode(&cmac(&aes, &[&message[..16]])), "070A16B46B4D4144F79BDD9DD04A287C");
        let three = tdes("8AA83BF8CBDA10620BC1BF19FBB6CD58BC313D4A371CA8B5");
        assert_eq!(encode(&cmac(&three, &[])), "B7A688E122FFAF95");
    }

    #[test]
    fn unionpay_codes() {
        let data =
            decode(b"0200703C04800CC0800A166225880212345675000000000000000100000123301205100000").unwrap();
        let field = |key: &str| UnionPayEcbMac::over(&tdes(key), &data).field();
        assert_eq!(&field("5CBE7E38A146FD5C"), b"8F19350E");
        assert_eq!(&field("0123456789ABCDEFFEDCBA9876543210"), b"87B8D629");
        let key = decode(b"0123456789ABCDEFFEDCBA9876543210").unwrap();
        let sm4 = Sm4::new(&Sm4Key::new(&key).unwrap());
        assert_eq!(&UnionPayEcbMac::over(&sm4, &[1, 2, 3]).field(), b"80458DEC");
    }
}
