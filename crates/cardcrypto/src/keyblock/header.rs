//! A key block's header and optional blocks, read and written.
//!
//! Nothing is encrypted or authenticated here.

use super::{BLOCK_CHARACTERS_MAX, KeyBlockError};
use crate::hexadecimal;
use crate::key_usage::{Exportability, KeyMode, KeyUsage};

/// Characters of a header without optional blocks.
const FIXED_CHARACTERS: usize = 16;
/// Identifier of the block that fills the others to whole cipher blocks.
const PADDING: [u8; 2] = *b"PB";
/// Most optional blocks: two digits say how many.
const OPTIONAL_BLOCKS_MAX: usize = 99;

/// How a block is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Version {
    /// Triple DES, key variants; withdrawn, only read.
    A,
    /// Triple DES, derived keys, CMAC.
    B,
    /// Triple DES, key variants, as A.
    C,
    /// AES, derived keys, CMAC.
    D,
    /// AES in counter mode, derived keys, CMAC (ISO 20038).
    E,
}

impl Version {
    /// The letter.
    pub const fn code(self) -> u8 {
        match self {
            Self::A => b'A',
            Self::B => b'B',
            Self::C => b'C',
            Self::D => b'D',
            Self::E => b'E',
        }
    }

    const fn of_code(code: u8) -> Option<Self> {
        match code {
            b'A' => Some(Self::A),
            b'B' => Some(Self::B),
            b'C' => Some(Self::C),
            b'D' => Some(Self::D),
            b'E' => Some(Self::E),
            _ => None,
        }
    }

    /// Bytes that the encrypted key is a multiple of; one in counter mode.
    pub(super) const fn block_bytes(self) -> usize {
        match self {
            Self::A | Self::B | Self::C => 8,
            Self::D => 16,
            Self::E => 1,
        }
    }

    /// Characters that all optional blocks together are a multiple of.
    const fn optional_multiple(self) -> usize {
        match self {
            Self::A | Self::B | Self::C => 8,
            Self::D | Self::E => 16,
        }
    }

    /// Bytes of the authentication code.
    pub(super) const fn code_bytes(self) -> usize {
        match self {
            Self::A | Self::C => 4,
            Self::B => 8,
            Self::D | Self::E => 16,
        }
    }
}

/// What a key in a block is a key of (X9.143:2021, table 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BlockAlgorithm {
    /// `A`: AES.
    Aes,
    /// `D`: single DES.
    Dea,
    /// `E`: elliptic curves.
    EllipticCurve,
    /// `H`: HMAC.
    Hmac,
    /// `R`: RSA.
    Rsa,
    /// `S`: DSA.
    Dsa,
    /// `T`: triple DES.
    Tdea,
    /// `4`: SM4, for which the standard has no letter: a digit, which it leaves to vendors.
    Sm4,
    /// Another vendor's digit.
    Proprietary(u8),
}

impl BlockAlgorithm {
    /// The letter or digit.
    pub const fn code(self) -> u8 {
        match self {
            Self::Aes => b'A',
            Self::Dea => b'D',
            Self::EllipticCurve => b'E',
            Self::Hmac => b'H',
            Self::Rsa => b'R',
            Self::Dsa => b'S',
            Self::Tdea => b'T',
            Self::Sm4 => b'4',
            Self::Proprietary(code) => code,
        }
    }

    /// The one with this letter or digit.
    pub const fn of_code(code: u8) -> Option<Self> {
        match code {
            b'A' => Some(Self::Aes),
            b'D' => Some(Self::Dea),
            b'E' => Some(Self::EllipticCurve),
            b'H' => Some(Self::Hmac),
            b'R' => Some(Self::Rsa),
            b'S' => Some(Self::Dsa),
            b'T' => Some(Self::Tdea),
            b'4' => Some(Self::Sm4),
            b'0'..=b'9' => Some(Self::Proprietary(code)),
            _ => None,
        }
    }

    /// Bytes that keys are filled to, so that a shorter one does not show.
    pub(super) const fn bytes_max(self) -> usize {
        match self {
            Self::Tdea | Self::Dea => 24,
            Self::Aes | Self::Hmac => 32,
            Self::Sm4 => 16,
            Self::EllipticCurve | Self::Rsa | Self::Dsa | Self::Proprietary(_) => 0,
        }
    }
}

/// Something more that is said of a key, in printable ASCII (X9.143:2021, 4.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptionalBlock {
    /// Two letters or digits.
    pub id: [u8; 2],
    /// What is said, without identifier and length.
    pub data: String,
}

/// What a block says of its key. Optional blocks that this host does not know are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// How the block is protected.
    pub version: Version,
    /// What the key is for.
    pub usage: KeyUsage,
    /// What it is a key of.
    pub algorithm: BlockAlgorithm,
    /// What may be done with it.
    pub mode: KeyMode,
    /// Two letters or digits, `00` where no version is kept.
    pub key_version: [u8; 2],
    /// Whether the key may leave again.
    pub exportability: Exportability,
    /// Two digits: the context in which the key is stored or exchanged, and one that is reserved.
    pub context: [u8; 2],
    /// The optional blocks, without the one that only fills.
    pub optional: Vec<OptionalBlock>,
}

fn two_digits(from: [u8; 2]) -> Option<usize> {
    let all = from.iter().all(u8::is_ascii_digit);
    all.then(|| usize::from(from[0] - b'0') * 10 + usize::from(from[1] - b'0'))
}

/// A number of hexadecimal digits.
fn hexadecimal_number(text: &[u8]) -> Option<usize> {
    text.iter()
        .try_fold(0, |number, character| Some(number << 4 | usize::from(hexadecimal::value(*character)?)))
}

impl Header {
    /// Reads the header of a block, and says how many characters it has. Nothing of it is authenticated.
    ///
    /// # Errors
    /// [`KeyBlockError`] names what is malformed; [`KeyBlockError::Length`] also when the text is not as long
    /// as the header says.
    pub fn parse(text: &str) -> Result<(Self, usize), KeyBlockError> {
        if !text.is_ascii() {
            return Err(KeyBlockError::Length);
        }
        let (fixed, rest) =
            text.as_bytes().split_first_chunk::<FIXED_CHARACTERS>().ok_or(KeyBlockError::Length)?;
        let &[v, l1, l2, l3, l4, u1, u2, algorithm, mode, k1, k2, export, n1, n2, c1, c2] = fixed;
        let version = Version::of_code(v).ok_or(KeyBlockError::Version)?;
        let high = two_digits([l1, l2]).ok_or(KeyBlockError::Length)?;
        let low = two_digits([l3, l4]).ok_or(KeyBlockError::Length)?;
        if high * 100 + low != text.len() {
            return Err(KeyBlockError::Length);
        }
        if ![k1, k2].iter().all(u8::is_ascii_alphanumeric) || ![c1, c2].iter().all(u8::is_ascii_digit) {
            return Err(KeyBlockError::KeyVersion);
        }
        let count = two_digits([n1, n2]).ok_or(KeyBlockError::OptionalCount)?;
        let (optional, len) = parse_optional(rest, count)?;
        if len % version.optional_multiple() != 0 {
            return Err(KeyBlockError::OptionalBlock);
        }
        let header = Self {
            version,
            usage: KeyUsage::of_code([u1, u2]).ok_or(KeyBlockError::Usage)?,
            algorithm: BlockAlgorithm::of_code(algorithm).ok_or(KeyBlockError::Algorithm)?,
            mode: KeyMode::of_code(mode).ok_or(KeyBlockError::Mode)?,
            key_version: [k1, k2],
            exportability: Exportability::of_code(export).ok_or(KeyBlockError::Exportability)?,
            context: [c1, c2],
            optional,
        };
        Ok((header, FIXED_CHARACTERS + len))
    }

    /// Writes the header of a block whose encrypted key and code have `body` characters.
    pub(super) fn write(&self, body: usize) -> Result<String, KeyBlockError> {
        let (count, optional) = self.write_optional()?;
        let total = FIXED_CHARACTERS + optional.len() + body;
        if total > BLOCK_CHARACTERS_MAX {
            return Err(KeyBlockError::Length);
        }
        if !self.key_version.iter().all(u8::is_ascii_alphanumeric)
            || !self.context.iter().all(u8::is_ascii_digit)
        {
            return Err(KeyBlockError::KeyVersion);
        }
        let usage = self.usage.code();
        let letters = |bytes: &[u8]| bytes.iter().map(|byte| char::from(*byte)).collect::<String>();
        Ok(format!(
            "{}{total:04}{}{}{}{}{}{count:02}{}{optional}",
            char::from(self.version.code()),
            letters(&usage),
            char::from(self.algorithm.code()),
            letters(&self.mode.code()),
            letters(&self.key_version),
            char::from(self.exportability.code()),
            letters(&self.context),
        ))
    }

    fn write_optional(&self) -> Result<(usize, String), KeyBlockError> {
        let mut text = String::new();
        for block in &self.optional {
            let printable = block.data.bytes().all(|byte| (0x20..0x7F).contains(&byte));
            if !block.id.iter().all(u8::is_ascii_alphanumeric) || !printable || block.id == PADDING {
                return Err(KeyBlockError::OptionalBlock);
            }
            text.extend(block.id.map(char::from));
            let short = block.data.len() + 4;
            if short <= 0xFF {
                text.push_str(&format!("{short:02X}"));
            } else {
                text.push_str(&format!("0002{:04X}", block.data.len() + 10));
            }
            text.push_str(&block.data);
            if text.len() > BLOCK_CHARACTERS_MAX {
                return Err(KeyBlockError::Length);
            }
        }
        let mut count = self.optional.len();
        let multiple = self.version.optional_multiple();
        if !text.len().is_multiple_of(multiple) {
            let fill = (text.len() + 4).next_multiple_of(multiple) - text.len() - 4;
            text.push_str(&format!("PB{:02X}{}", fill + 4, "0".repeat(fill)));
            count += 1;
        }
        if count > OPTIONAL_BLOCKS_MAX {
            return Err(KeyBlockError::OptionalCount);
        }
        Ok((count, text))
    }
}

/// The optional blocks at the beginning of `text`, and how many characters they have.
fn parse_optional(text: &[u8], count: usize) -> Result<(Vec<OptionalBlock>, usize), KeyBlockError> {
    let malformed = KeyBlockError::OptionalBlock;
    let mut blocks = Vec::new();
    let mut at = 0;
    for _ in 0..count {
        let take = |from: usize, len: usize| text.get(from..from + len).ok_or(malformed);
        let id: [u8; 2] = take(at, 2)?.try_into().map_err(|_| malformed)?;
        let mut len = hexadecimal_number(take(at + 2, 2)?).ok_or(malformed)?;
        let mut head = 4;
        if len == 0 {
            // A length over 255 is said in four characters. The number in front of them counts bytes in some
            // programs (02) and characters in the standard's own example (04).
            let [b'0', b'2' | b'4'] = take(at + 4, 2)? else {
                return Err(malformed);
            };
            len = hexadecimal_number(take(at + 6, 4)?).ok_or(malformed)?;
            head = 10;
        }
        let data = take(at + head, len.checked_sub(head).ok_or(malformed)?)?;
        let printable = data.iter().all(|byte| (0x20..0x7F).contains(byte));
        if !id.iter().all(u8::is_ascii_alphanumeric) || !printable {
            return Err(malformed);
        }
        at += len;
        if id != PADDING {
            blocks.push(OptionalBlock { id, data: data.iter().map(|byte| char::from(*byte)).collect() });
        }
    }
    Ok((blocks, at))
}
