//! Track 2 of a card, in the clear and as a UnionPay terminal encrypts it.
//!
//! What is written on it is not believed here: the verification value is checked by [`crate::cvv`].

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::cipher::BlockCipher;
use crate::cvv::{Expiry, ServiceCode};
use crate::pan::Pan;

/// Most characters of track 2 between its sentinels (ISO/IEC 7813).
pub const TRACK2_CHARACTERS_MAX: usize = 37;
/// Bytes behind the encrypted part of a packed track.
const BYTES_BEHIND: usize = 1;

/// Track 2, or the chip's image of it (tag 57): card number, expiry, service code and what the issuer adds.
/// Wiped on drop, shown masked; never stored once the sale is decided.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Track2 {
    /// ASCII digits with `D` as separator; those past `len` are zero bytes.
    text: [u8; TRACK2_CHARACTERS_MAX],
    len: u8,
    /// Where the separator is.
    separator: u8,
}

/// Why a text is no track 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrackError {
    /// More than 37 characters, or too few for expiry and service code.
    Length,
    /// No separator `=` or `D`, or more than one.
    Separator,
    /// Another character than a digit or the separator.
    Digit,
    /// What stands before the separator is no card number.
    Pan,
    /// A packed track has another filling than `F` or zero behind its last digit.
    Fill,
    /// Too short to hold an encrypted part.
    Block,
}

impl fmt::Display for TrackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TrackError::Length => "track 2 has at most 37 characters, with expiry and service code",
            TrackError::Separator => "track 2 has one separator",
            TrackError::Digit => "track 2 holds digits only",
            TrackError::Pan => "what stands before the separator is no card number",
            TrackError::Fill => "the packed track is not filled as it should be",
            TrackError::Block => "the packed track is too short to be encrypted",
        })
    }
}

impl std::error::Error for TrackError {}

impl Track2 {
    /// The track written with `=` or `D` as separator; one `F` at the end, a chip's filling, is dropped.
    ///
    /// # Errors
    /// [`TrackError`] names what is malformed.
    pub fn parse(text: &str) -> Result<Self, TrackError> {
        let text = text.as_bytes();
        let text = match text {
            [rest @ .., b'F' | b'f'] => rest,
            whole => whole,
        };
        if text.len() > TRACK2_CHARACTERS_MAX {
            return Err(TrackError::Length);
        }
        let is_separator = |byte: &u8| matches!(byte, b'=' | b'D' | b'd');
        let separator = text.iter().position(is_separator).ok_or(TrackError::Separator)?;
        let behind = &text[separator + 1..];
        if behind.iter().any(is_separator) {
            return Err(TrackError::Separator);
        }
        if !behind.iter().all(u8::is_ascii_digit) {
            return Err(TrackError::Digit);
        }
        if behind.len() < 7 {
            return Err(TrackError::Length);
        }
        Pan::from_ascii(&text[..separator]).map_err(|_| TrackError::Pan)?;
        let mut kept = [0; TRACK2_CHARACTERS_MAX];
        kept[..text.len()].copy_from_slice(text);
        kept[separator] = b'D';
        Ok(Self { text: kept, len: text.len() as u8, separator: separator as u8 })
    }

    /// The track of packed digits: `characters` of them, two a byte, the separator as half byte `D`.
    ///
    /// # Errors
    /// [`TrackError`] names what is malformed.
    pub fn from_packed(packed: &[u8], characters: usize) -> Result<Self, TrackError> {
        if characters > TRACK2_CHARACTERS_MAX || packed.len() != characters.div_ceil(2) {
            return Err(TrackError::Length);
        }
        let mut text = Zeroizing::new([0; TRACK2_CHARACTERS_MAX + 1]);
        for (pair, byte) in text.chunks_exact_mut(2).zip(packed) {
            pair[0] = crate::hexadecimal::digit(byte >> 4);
            pair[1] = crate::hexadecimal::digit(*byte);
        }
        if characters % 2 == 1 && !matches!(text[characters], b'0' | b'F') {
            return Err(TrackError::Fill);
        }
        let text = std::str::from_utf8(&text[..characters]).map_err(|_| TrackError::Digit)?;
        Self::parse(text)
    }

    /// All characters with `D` as separator. The word an auditor looks for.
    pub fn expose(&self) -> &str {
        std::str::from_utf8(&self.text[..usize::from(self.len)]).expect("only ASCII is ever stored")
    }

    /// Two characters a byte, filled with a zero half byte where they are odd: as field 35 carries them.
    pub fn packed(&self) -> Zeroizing<Vec<u8>> {
        let text = self.expose().as_bytes();
        let half = |at: usize| {
            text.get(at).map_or(0, |character| crate::hexadecimal::value(*character).unwrap_or(0))
        };
        Zeroizing::new((0..text.len()).step_by(2).map(|at| half(at) << 4 | half(at + 1)).collect())
    }

    /// The card number.
    pub fn pan(&self) -> Pan {
        Pan::parse(&self.expose()[..usize::from(self.separator)]).expect("checked when the track was parsed")
    }

    /// The expiry, YYMM.
    pub fn expiry(&self) -> Expiry {
        Expiry::parse(self.behind(0, 4)).expect("checked when the track was parsed")
    }

    /// The service code.
    pub fn service_code(&self) -> ServiceCode {
        ServiceCode::parse(self.behind(4, 7)).expect("checked when the track was parsed")
    }

    /// What the issuer adds: verification values among it. The word an auditor looks for.
    pub fn expose_discretionary(&self) -> &str {
        self.behind(7, usize::from(self.len - self.separator - 1))
    }

    fn behind(&self, from: usize, to: usize) -> &str {
        let first = usize::from(self.separator) + 1;
        &self.expose()[first + from..first + to]
    }
}

impl fmt::Debug for Track2 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Track2({})", self.pan().masked())
    }
}

impl ConstantTimeEq for Track2 {
    fn ct_eq(&self, other: &Self) -> subtle::Choice {
        self.text.ct_eq(&other.text) & self.len.ct_eq(&other.len)
    }
}

impl PartialEq for Track2 {
    fn eq(&self, other: &Self) -> bool {
        self.ct_eq(other).into()
    }
}

impl Eq for Track2 {}

fn encrypted_part<const N: usize>(packed: &mut [u8]) -> Result<&mut [u8; N], TrackError> {
    let end = packed.len().checked_sub(BYTES_BEHIND).ok_or(TrackError::Block)?;
    let start = end.checked_sub(N).ok_or(TrackError::Block)?;
    <&mut [u8; N]>::try_from(&mut packed[start..end]).map_err(|_| TrackError::Block)
}

/// Encrypts a packed track in place as UnionPay terminals do under the track key: one block, which ends one
/// byte before the last (Q/CUP 009.1; acquirers vary).
///
/// # Errors
/// [`TrackError::Block`] for fewer bytes than a block and one.
pub fn encrypt_packed<const N: usize>(
    tdk: &impl BlockCipher<N>,
    packed: &mut [u8],
) -> Result<(), TrackError> {
    let part = encrypted_part::<N>(packed)?;
    *part = tdk.encrypt(*part);
    Ok(())
}

/// Undoes [`encrypt_packed`].
///
/// # Errors
/// [`TrackError::Block`] for fewer bytes than a block and one.
pub fn decrypt_packed<const N: usize>(
    tdk: &impl BlockCipher<N>,
    packed: &mut [u8],
) -> Result<(), TrackError> {
    let part = encrypted_part::<N>(packed)?;
    *part = tdk.decrypt(*part);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cipher::Tdes;
    use crate::hexadecimal::{decode, encode};
    use crate::key::TdesKey;

    #[test]
    fn tracks_are_parsed_or_refused_by_name() {
        let check = |text: &str| Track2::parse(text).err();
        let track = Track2::parse("6225880212345675=30122010000012300000").unwrap();
        assert_eq!(track, Track2::parse("6225880212345675D30122010000012300000F").unwrap());
        assert_eq!(track.pan().expose(), "6225880212345675");
        assert_eq!((track.expiry().digits(), track.service_code().digits()), (b"3012", b"201"));
        assert_eq!(track.expose_discretionary(), "0000012300000");
        assert_eq!(check("6225880212345675=3012201"), None);
        assert_eq!(check("6225880212345675=301220"), Some(TrackError::Length));
        assert_eq!(check("6225880212345675=301220100000000000000000"), Some(TrackError::Length));
        assert_eq!(check("622588021234567530122010"), Some(TrackError::Separator));
        assert_eq!(check("6225880212345675=3012=201"), Some(TrackError::Separator));
        assert_eq!(check("6225880212345675=3012a201"), Some(TrackError::Digit));
        assert_eq!(check("62258802123=3012201"), Some(TrackError::Pan));
        assert_eq!(check("622588B212345675=3012201"), Some(TrackError::Pan));
        assert_eq!(check("F"), Some(TrackError::Separator));
        assert_eq!(check(""), Some(TrackError::Separator));
    }

    #[test]
    fn packing_is_undone() {
        for text in ["6225880212345675D30122010000012300000", "6225880212345675D3012201000001230000"] {
            let track = Track2::parse(text).unwrap();
            let packed = track.packed();
            assert_eq!(Track2::from_packed(&packed, text.len()), Ok(track));
            assert_eq!(Track2::from_packed(&packed[1..], text.len()).err(), Some(TrackError::Length));
        }
        let odd = decode(b"6225880212345675D30122010000012300005A").unwrap();
        assert_eq!(Track2::from_packed(&odd, 37).err(), Some(TrackError::Fill));
    }

    #[test]
    fn a_terminal_s_encryption_is_undone() {
        let key = TdesKey::new(&decode(b"89ABCDEF0123456776543210FEDCBA98").unwrap()).unwrap();
        let tdk = Tdes::new(&key);
        let mut packed = Track2::parse("6225880212345675D30122010000012300000").unwrap().packed();
        encrypt_packed(&tdk, &mut packed).unwrap();
        assert_eq!(encode(&packed), "6225880212345675D30131478A6EBB0E28E700");
        decrypt_packed(&tdk, &mut packed).unwrap();
        assert_eq!(encode(&packed), "6225880212345675D301220100000123000000");
        assert_eq!(encrypt_packed(&tdk, &mut [0; 8]), Err(TrackError::Block));
        assert_eq!(encrypt_packed(&tdk, &mut []), Err(TrackError::Block));
    }

    #[test]
    fn shown_masked() {
        let track = Track2::parse("6225880212345675D30122010000012300000").unwrap();
        assert_eq!(format!("{track:?}"), "Track2(622588******5675)");
    }
}
