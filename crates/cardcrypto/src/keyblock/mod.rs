//! Key blocks: a key with its purpose, bound together so that neither can be changed (ANSI X9.143:2021, TR-31
//! before it, ISO 20038 for version E).
//!
//! What the host lets a key do once it is in is said in [`crate::key_usage`] and enforced in [`crate::hsm`].

mod header;
mod protection;

use std::fmt;

use zeroize::Zeroizing;

pub use header::{BlockAlgorithm, Header, OptionalBlock, Version};
pub use protection::ProtectionKey;

use crate::entropy::Entropy;
use crate::hexadecimal;
use crate::key::{Key, KeyAlgorithm};
use crate::key_usage::KeyAttributes;

/// Most characters of a key block: four digits say its length.
pub const BLOCK_CHARACTERS_MAX: usize = 9999;
/// Identifier of the optional block that says an HMAC key's hash.
const HMAC_HASH: [u8; 2] = *b"HM";
/// SHA-256 in that block (X9.143:2021, table 9).
const HMAC_SHA_256: &str = "21";

/// What is malformed in a key block, or why none was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyBlockError {
    /// Not as long as it says, or of a length no block has.
    Length,
    /// Another version than A to E.
    Version,
    /// A key usage no block can have.
    Usage,
    /// An algorithm no block can have, or a key of a length the algorithm has not.
    Algorithm,
    /// A mode of use no block can have.
    Mode,
    /// An exportability no block can have.
    Exportability,
    /// A version number that is not two letters or digits, or a context that is not two digits.
    KeyVersion,
    /// The number of optional blocks is not two digits, or there are too many.
    OptionalCount,
    /// An optional block is malformed, or all of them are no whole number of cipher blocks.
    OptionalBlock,
    /// The key or its authentication code is not hexadecimal.
    Hexadecimal,
    /// The protection key is not of the version's cipher.
    ProtectionKey,
    /// The authentication code is wrong: another protection key, or something was changed.
    Authentication,
    /// The authenticated key says a length it has not.
    KeyLength,
    /// Version A is read, never written (X9.143 withdrew it).
    ReadOnly,
    /// The source of randomness gave nothing.
    Entropy,
    /// A key of a kind that this host has no use for.
    Unsupported,
}

impl fmt::Display for KeyBlockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            KeyBlockError::Length => "the key block is not as long as it says",
            KeyBlockError::Version => "no key block version of A to E",
            KeyBlockError::Usage => "no key usage",
            KeyBlockError::Algorithm => "no algorithm, or a key of another length than its algorithm's",
            KeyBlockError::Mode => "no mode of use",
            KeyBlockError::Exportability => "no exportability",
            KeyBlockError::KeyVersion => "no key version number or context",
            KeyBlockError::OptionalCount => "no number of optional blocks",
            KeyBlockError::OptionalBlock => "a malformed optional block",
            KeyBlockError::Hexadecimal => "not hexadecimal where it must be",
            KeyBlockError::ProtectionKey => "the protection key is not of the version's cipher",
            KeyBlockError::Authentication => "the authentication code is wrong",
            KeyBlockError::KeyLength => "the key says a length it has not",
            KeyBlockError::ReadOnly => "version A is only read",
            KeyBlockError::Entropy => "the source of randomness gave nothing",
            KeyBlockError::Unsupported => "a kind of key that has no use here",
        })
    }
}

impl std::error::Error for KeyBlockError {}

/// An opened key block.
pub struct KeyBlock {
    /// What is said of the key, authenticated.
    pub header: Header,
    secret: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for KeyBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyBlock({:?}, {} bits)", self.header, self.secret.len() * 8)
    }
}

impl KeyBlock {
    /// The clear bytes. The word an auditor looks for.
    pub fn expose(&self) -> &[u8] {
        &self.secret
    }

    /// Opens a block: its authentication code is checked, in constant time, before anything of the key is
    /// used.
    ///
    /// # Errors
    /// [`KeyBlockError`] names what is malformed.
    pub fn unwrap(protection: &ProtectionKey, text: &str) -> Result<Self, KeyBlockError> {
        let (header, header_len) = Header::parse(text)?;
        let (head, body) = text.as_bytes().split_at_checked(header_len).ok_or(KeyBlockError::Length)?;
        let body = hexadecimal::decode(body).ok_or(KeyBlockError::Hexadecimal)?;
        let clear = protection.open(header.version, head, &body)?;
        let (bits, rest) = clear.split_first_chunk::<2>().ok_or(KeyBlockError::KeyLength)?;
        let bits = usize::from(u16::from_be_bytes(*bits));
        if bits == 0 || bits % 8 != 0 || bits / 8 > rest.len() {
            return Err(KeyBlockError::KeyLength);
        }
        Ok(Self { header, secret: Zeroizing::new(rest[..bits / 8].to_vec()) })
    }

    /// Makes a block. The key is filled with random bytes to the longest of its algorithm, so that its length
    /// does not show (X9.143:2021, 5.2.2).
    ///
    /// # Errors
    /// [`KeyBlockError::ReadOnly`], [`KeyBlockError::ProtectionKey`], [`KeyBlockError::KeyLength`] for no key
    /// or one of over 8191 bytes, [`KeyBlockError::Length`] for a block of over 9999 characters, and what is
    /// malformed in the header.
    pub fn wrap(
        protection: &ProtectionKey,
        header: &Header,
        secret: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<String, KeyBlockError> {
        let bits = u16::try_from(secret.len() * 8).map_err(|_| KeyBlockError::KeyLength)?;
        if bits == 0 {
            return Err(KeyBlockError::KeyLength);
        }
        let filled = 2 + secret.len().max(header.algorithm.bytes_max());
        let mut clear = Zeroizing::new(vec![0; filled.next_multiple_of(header.version.block_bytes())]);
        let (used, fill) = clear.split_at_mut(2 + secret.len());
        used[..2].copy_from_slice(&bits.to_be_bytes());
        used[2..].copy_from_slice(secret);
        entropy.fill(fill).map_err(|_| KeyBlockError::Entropy)?;
        let body_characters = (clear.len() + header.version.code_bytes()) * 2;
        let mut text = header.write(body_characters)?;
        let sealed = protection.seal(header.version, text.as_bytes(), &clear)?;
        text.push_str(&hexadecimal::encode(&sealed));
        Ok(text)
    }

    /// What the host is told of a symmetric key.
    ///
    /// # Errors
    /// [`KeyBlockError::Unsupported`] for other kinds; [`KeyBlockError::Algorithm`] for a length it has not.
    pub fn attributes(&self) -> Result<KeyAttributes, KeyBlockError> {
        let bytes = self.secret.len();
        let algorithm = match self.header.algorithm {
            BlockAlgorithm::Tdea | BlockAlgorithm::Dea => KeyAlgorithm::tdes_of(bytes),
            BlockAlgorithm::Aes => KeyAlgorithm::aes_of(bytes),
            BlockAlgorithm::Sm4 => (bytes == 16).then_some(KeyAlgorithm::Sm4),
            BlockAlgorithm::Hmac => {
                let hash = self.header.optional.iter().find(|block| block.id == HMAC_HASH);
                if hash.is_some_and(|block| block.data != HMAC_SHA_256) {
                    return Err(KeyBlockError::Unsupported);
                }
                (bytes == 32).then_some(KeyAlgorithm::HmacSha256)
            }
            BlockAlgorithm::EllipticCurve
            | BlockAlgorithm::Rsa
            | BlockAlgorithm::Dsa
            | BlockAlgorithm::Proprietary(_) => return Err(KeyBlockError::Unsupported),
        };
        Ok(KeyAttributes {
            usage: self.header.usage,
            algorithm: algorithm.ok_or(KeyBlockError::Algorithm)?,
            mode: self.header.mode,
            exportability: self.header.exportability,
            version: self.header.key_version,
        })
    }

    /// The symmetric key.
    ///
    /// # Errors
    /// As [`KeyBlock::attributes`].
    pub fn key(&self) -> Result<Key, KeyBlockError> {
        Key::new(self.attributes()?.algorithm, &self.secret).map_err(|_| KeyBlockError::Algorithm)
    }
}

impl Header {
    /// The header of a key with these attributes.
    pub fn of(version: Version, attributes: &KeyAttributes) -> Self {
        let (algorithm, optional) = match attributes.algorithm {
            KeyAlgorithm::TdesSingle => (BlockAlgorithm::Dea, Vec::new()),
            KeyAlgorithm::TdesDouble | KeyAlgorithm::TdesTriple => (BlockAlgorithm::Tdea, Vec::new()),
            KeyAlgorithm::Aes128 | KeyAlgorithm::Aes192 | KeyAlgorithm::Aes256 => {
                (BlockAlgorithm::Aes, Vec::new())
            }
            KeyAlgorithm::Sm4 => (BlockAlgorithm::Sm4, Vec::new()),
            KeyAlgorithm::HmacSha256 => {
                let hash = OptionalBlock { id: HMAC_HASH, data: HMAC_SHA_256.to_owned() };
                (BlockAlgorithm::Hmac, vec![hash])
            }
        };
        Self {
            version,
            usage: attributes.usage,
            algorithm,
            mode: attributes.mode,
            key_version: attributes.version,
            exportability: attributes.exportability,
            context: *b"00",
            optional,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hexadecimal::{decode, encode};
    use crate::key::{AesKey, TdesKey};

    fn protection(text: &str, aes: bool) -> ProtectionKey {
        let bytes = decode(text.as_bytes()).unwrap();
        if aes {
            ProtectionKey::Aes(AesKey::new(&bytes).unwrap())
        } else {
            ProtectionKey::Tdes(TdesKey::new(&bytes).unwrap())
        }
    }

    /// One of each version: TR-31:2018 A.7.2, ANSI X9.143:2021 8.1, ISO 20038:2017 B.2, and openemv/tr31's
    /// own.
    const PUBLISHED: [(&str, &str, &str); 5] = [
        (
            "EFE0853B256B583D868F251CE99EA1D9",
            "A0072K0TN00N0000F40D5672C6D0EC86F860BA88D44D00F0CA9A8CE8CD2F640287A9A9EB",
            "5DB50B454F8389ADCE573BE50861F2BF",
        ),
        (
            "DD7515F2BFC17F85CE48F3CA25CB21F6",
            "B0080P0TE00E000094B420079CC80BA3461F86FE26EFC4A3B8E4FA4C5F5341176EED7B727B8A248E",
            "3F419E1CB7079442AA37474C2EFBF8B8",
        ),
        (
            "EFE0853B256B583D868F251CE99EA1D9",
            "C0072K0TN00N0000C9B875FF7A5316BF221C09ED52080DE0B45632A4EA9CE87699CB565E",
            "5DB50B454F8389ADCE573BE50861F2BF",
        ),
        (
            "88E1AB2A2E3DD38C1FA039A536500CC8A87AB9D62DC92C01058FA79F44657DE6",
            "D0144P0AE00E00002C77FA3F4A553BED6E88AE5C172A4166E3D4ACA8E2AC71C158A476FAC12C13C3829DE55D3AB54C48F4C4FEF\
             7AC75E90FC47F1B77E7B19A73ED46E64410082557",
            "3F419E1CB7079442AA37474C2EFBF8B8",
        ),
        (
            "3235362D62697420414553207772617070696E67202849534F20323030333829",
            "E0084B0TV16N0000B2AE5E26BBA7F246E84D5EA24167E208A6B66EF2E27E55A52DB52F0AEACB94C57547",
            "777261707065642033444553206B6579",
        ),
    ];

    #[test]
    fn published_blocks_open_and_changed_ones_do_not() {
        for (kbpk, text, key) in PUBLISHED {
            let kbpk = protection(kbpk, matches!(text.as_bytes()[0], b'D' | b'E'));
            let block = KeyBlock::unwrap(&kbpk, text).unwrap();
            assert_eq!(encode(block.expose()), key, "{text}");
            for at in 0..text.len() {
                let mut changed = text.as_bytes().to_vec();
                changed[at] = if changed[at] == b'0' { b'1' } else { b'0' };
                let changed = String::from_utf8(changed).unwrap();
                assert!(KeyBlock::unwrap(&kbpk, &changed).is_err(), "{changed}");
            }
            for len in 0..text.len() {
                assert!(KeyBlock::unwrap(&kbpk, &text[..len]).is_err());
            }
        }
    }

    #[test]
    fn malformed_headers_are_refused_by_name() {
        for (text, why) in [
            ("", KeyBlockError::Length),
            ("X0016P0TE00E0000", KeyBlockError::Version),
            ("B0017P0TE00E0000", KeyBlockError::Length),
            ("B00x6P0TE00E0000", KeyBlockError::Length),
            ("B0016Q9TE00E0000", KeyBlockError::Usage),
            ("B0016P0ZE00E0000", KeyBlockError::Algorithm),
            ("B0016P0TZ00E0000", KeyBlockError::Mode),
            ("B0016P0TE00Z0000", KeyBlockError::Exportability),
            ("B0016P0TE-0E0000", KeyBlockError::KeyVersion),
            ("B0016P0TE00E00x0", KeyBlockError::KeyVersion),
            ("B0016P0TE00Ex000", KeyBlockError::OptionalCount),
            ("B0016P0TE00E0100", KeyBlockError::OptionalBlock),
            ("B0024P0TE00E0100KS030000", KeyBlockError::OptionalBlock),
            ("B0024P0TE00E0100KS090000", KeyBlockError::OptionalBlock),
            ("B0024P0TE00E0100KS0001FF", KeyBlockError::OptionalBlock),
            ("B0024P0TE00E0100KS070000", KeyBlockError::OptionalBlock),
            ("B0024P0TE00E0100K-080000", KeyBlockError::OptionalBlock),
            ("B0016P0TE00E00é", KeyBlockError::Length),
        ] {
            assert_eq!(Header::parse(text).err(), Some(why), "{text}");
        }
    }
}
