//! The national algorithms: SM2 signatures, the SM3 digest, and the modes of SM4 that are in use.
//!
//! SM4 itself is with the other ciphers in [`crate::cipher`]; certificates are not read here.

use std::fmt;

use sm2::dsa::signature::{Signer, Verifier};
use sm2::dsa::{Signature, SigningKey, VerifyingKey};
use sm3::{Digest, Sm3};
use zeroize::Zeroizing;

use crate::cipher::BlockCipher;
use crate::entropy::{Entropy, EntropyFailed};

/// The identity that signer and verifier assume where none is agreed (GB/T 32918.5; GM/T 0009).
pub const SM2_DEFAULT_ID: &str = "1234567812345678";

/// The SM3 digest (GB/T 32905-2016) of the parts, one after the other.
pub fn sm3(parts: &[&[u8]]) -> [u8; 32] {
    let mut digest = Sm3::new();
    for part in parts {
        digest.update(part);
    }
    digest.finalize().into()
}

/// Why bytes are no SM2 key or signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sm2Error {
    /// No private key: not 32 bytes (33 with a zero in front), or not within the order of the curve.
    PrivateKey,
    /// No public key: not 64 bytes (65 with `04` in front), or no point of the curve.
    PublicKey,
    /// An identity of more than 8191 bytes.
    Identity,
    /// No signature was made; ask again.
    Signing,
}

impl fmt::Display for Sm2Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Sm2Error::PrivateKey => "no SM2 private key",
            Sm2Error::PublicKey => "no SM2 public key",
            Sm2Error::Identity => "the identity is too long",
            Sm2Error::Signing => "no signature was made",
        })
    }
}

impl std::error::Error for Sm2Error {}

/// A key that checks SM2 signatures (GB/T 32918.2-2016), with the signer's identity.
#[derive(Clone)]
pub struct Sm2PublicKey(VerifyingKey);

impl Sm2PublicKey {
    /// The key of a point's coordinates, 64 bytes, or 65 with `04` in front.
    ///
    /// # Errors
    /// [`Sm2Error::PublicKey`], [`Sm2Error::Identity`].
    pub fn new(identity: &str, point: &[u8]) -> Result<Self, Sm2Error> {
        if identity.len() * 8 > usize::from(u16::MAX) {
            return Err(Sm2Error::Identity);
        }
        let coordinates = match point {
            [4, rest @ ..] if rest.len() == 64 => rest,
            rest if rest.len() == 64 => rest,
            _ => return Err(Sm2Error::PublicKey),
        };
        let mut encoded = [4; 65];
        encoded[1..].copy_from_slice(coordinates);
        VerifyingKey::from_sec1_bytes(identity, &encoded).map(Self).map_err(|_| Sm2Error::PublicKey)
    }

    /// The point's coordinates, 64 bytes.
    pub fn point(&self) -> [u8; 64] {
        let encoded = self.0.to_sec1_bytes();
        let mut point = [0; 64];
        // Uncompressed points are what this library writes; a compressed one would be a fault of ours.
        assert_eq!(encoded.len(), 65, "an SM2 point is written uncompressed");
        point.copy_from_slice(&encoded[1..]);
        point
    }

    /// Whether `signature` (r, then s, 32 bytes each) is the signer's over the message; the digest covers the
    /// identity and key first (the Z value of GB/T 32918.2-2016, 5.5).
    pub fn is_right(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        Signature::from_slice(signature).is_ok_and(|signature| self.0.verify(message, &signature).is_ok())
    }
}

impl fmt::Debug for Sm2PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sm2PublicKey({}..)", crate::hexadecimal::encode(&self.point()[..4]))
    }
}

/// A key that makes SM2 signatures (GB/T 32918.2-2016), with the signer's identity. Wiped on drop, never
/// shown.
pub struct Sm2PrivateKey(SigningKey);

impl Sm2PrivateKey {
    /// The key of a big endian number, 32 bytes, or 33 with a zero in front.
    ///
    /// # Errors
    /// [`Sm2Error::PrivateKey`], [`Sm2Error::Identity`].
    pub fn new(identity: &str, number: &[u8]) -> Result<Self, Sm2Error> {
        if identity.len() * 8 > usize::from(u16::MAX) {
            return Err(Sm2Error::Identity);
        }
        let number = match number {
            [0, rest @ ..] if rest.len() == 32 => rest,
            rest => rest,
        };
        if number.len() != 32 {
            return Err(Sm2Error::PrivateKey);
        }
        SigningKey::from_slice(identity, number).map(Self).map_err(|_| Sm2Error::PrivateKey)
    }

    /// A random key.
    ///
    /// # Errors
    /// [`EntropyFailed`].
    pub fn generate(identity: &str, entropy: &dyn Entropy) -> Result<Self, EntropyFailed> {
        let mut number = Zeroizing::new([0; 32]);
        // Nearly every number is a key; a source that never gives one gives nothing.
        for _ in 0..64 {
            entropy.fill(&mut *number)?;
            if let Ok(key) = Self::new(identity, &*number) {
                return Ok(key);
            }
        }
        Err(EntropyFailed)
    }

    /// The key that checks what this one signs.
    pub fn public(&self) -> Sm2PublicKey {
        Sm2PublicKey(self.0.as_ref().clone())
    }

    /// The signature over the message: r, then s. Its secret number comes from key and message (RFC 6979), so
    /// no bad randomness gives the key away.
    ///
    /// # Errors
    /// [`Sm2Error::Signing`], which no one has ever seen.
    pub fn sign(&self, message: &[u8]) -> Result<[u8; 64], Sm2Error> {
        let signature: Signature = self.0.try_sign(message).map_err(|_| Sm2Error::Signing)?;
        Ok(signature.to_bytes().into())
    }
}

impl fmt::Debug for Sm2PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sm2PrivateKey(hidden)")
    }
}

/// Encrypts or decrypts in place by output feedback (ISO/IEC 10116, OFB). The last block may be partial.
pub fn ofb<const N: usize>(cipher: &impl BlockCipher<N>, iv: [u8; N], data: &mut [u8]) {
    let mut stream = iv;
    for chunk in data.chunks_mut(N) {
        stream = cipher.encrypt(stream);
        for (to, from) in chunk.iter_mut().zip(stream) {
            *to ^= from;
        }
    }
}

/// Encrypts in place by feedback of blocks (ISO/IEC 10116, CFB). The last block may be partial.
pub fn cfb_encrypt<const N: usize>(cipher: &impl BlockCipher<N>, iv: [u8; N], data: &mut [u8]) {
    let mut chain = iv;
    for chunk in data.chunks_mut(N) {
        chain = cipher.encrypt(chain);
        for (to, chained) in chunk.iter_mut().zip(&mut chain) {
            *to ^= *chained;
            *chained = *to;
        }
    }
}

/// Decrypts in place by feedback of blocks (ISO/IEC 10116, CFB). The last block may be partial.
pub fn cfb_decrypt<const N: usize>(cipher: &impl BlockCipher<N>, iv: [u8; N], data: &mut [u8]) {
    let mut chain = iv;
    for chunk in data.chunks_mut(N) {
        chain = cipher.encrypt(chain);
        for (to, chained) in chunk.iter_mut().zip(&mut chain) {
            let encrypted = *to;
            *to ^= *chained;
            *chained = encrypted;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cipher::Sm4;
    use crate::hexadecimal::{decode, encode};
    use crate::key::Sm4Key;

    #[test]
    fn sm3_and_sm4_are_as_published() {
        // GB/T 32905-2016, A.1; GB/T 32907-2016, A.1.
        assert_eq!(
            encode(&sm3(&[b"a", b"bc"])),
            "66C7F0F462EEEDD9D1F2D46BDC10E4E24167C4875CF2F7A2297DA02B8F4BA8E0"
        );
        let key = decode(b"0123456789ABCDEFFEDCBA9876543210").unwrap();
        let cipher = Sm4::new(&Sm4Key::new(&key).unwrap());
        let block: [u8; 16] = key.try_into().unwrap();
        let encrypted = cipher.encrypt(block);
        assert_eq!(encode(&encrypted), "681EDF34D206965E86B3E94F536E4246");
        assert_eq!(cipher.decrypt(encrypted), block);
    }

    #[test]
    fn signatures_are_checked_and_made() {
        let number = decode(b"00B9AB0B828FF68872F21A837FC303668428DEA11DCD1B24429D0C99E24EED83D5").unwrap();
        let point = decode(
            b"B9C9A6E04E9C91F7BA880429273747D7EF5DDEB0BB2FF6317EB00BEF331A83081A6994B8993F3F5D6EADDDB81872266C87C018FB416\
              2F5AF347B483E24620207",
        )
        .unwrap();
        // Made by gmssl 3.2.2.
        let theirs = decode(
            b"9899B087B3747EF40D83CD677E97ECFE9687338BCAF275AA8F7E72BF2A83FD7ED8FDD1FE58401688116F33393505DC10E64CA5B72B7\
              6526CD1A12672581A1F40",
        )
        .unwrap();
        let private = Sm2PrivateKey::new(SM2_DEFAULT_ID, &number).unwrap();
        let public = Sm2PublicKey::new(SM2_DEFAULT_ID, &point).unwrap();
        assert_eq!(private.public().point().as_slice(), point);
        let theirs: [u8; 64] = theirs.try_into().unwrap();
        assert!(public.is_right(b"111", &theirs) && !public.is_right(b"112", &theirs));
        let ours = private.sign(b"111").unwrap();
        assert!(public.is_right(b"111", &ours));
        let other = Sm2PublicKey::new("another", &point).unwrap();
        assert!(!other.is_right(b"111", &ours));
        for at in 0..64 {
            let mut changed = ours;
            changed[at] ^= 1;
            assert!(!public.is_right(b"111", &changed));
        }
        assert!(!public.is_right(b"111", &[0; 64]) && !public.is_right(b"111", &[0xFF; 64]));
    }

    #[test]
    fn other_keys_are_refused_by_name() {
        let private = |bytes: &[u8]| Sm2PrivateKey::new(SM2_DEFAULT_ID, bytes).err();
        assert_eq!(private(&[0; 32]), Some(Sm2Error::PrivateKey));
        assert_eq!(private(&[0xFF; 32]), Some(Sm2Error::PrivateKey));
        assert_eq!(private(&[1; 31]), Some(Sm2Error::PrivateKey));
        let public = |bytes: &[u8]| Sm2PublicKey::new(SM2_DEFAULT_ID, bytes).err();
        assert_eq!(public(&[1; 64]), Some(Sm2Error::PublicKey));
        assert_eq!(public(&[1; 63]), Some(Sm2Error::PublicKey));
        let long = "a".repeat(8192);
        assert_eq!(Sm2PublicKey::new(&long, &[1; 64]).err(), Some(Sm2Error::Identity));
    }
}
