//! PIN blocks: ISO 9564-1 formats 0 to 4 and UnionPay's without card number.
//!
//! Whether a PIN is right is not known here: see [`crate::pin_verification`].

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::cipher::{BlockCipher, xor};
use crate::entropy::{Entropy, EntropyFailed};
use crate::pan::Pan;
use crate::pin::{PIN_DIGITS_MAX, PIN_DIGITS_MIN, Pin};

/// How a PIN lies in its block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PinFormat {
    /// ISO 9564-1 format 0 (ANSI X9.8): length, PIN, fill `F`, folded with the card number.
    Iso0,
    /// ISO 9564-1 format 1: length, PIN, unique fill; no card number.
    Iso1,
    /// ISO 9564-1 format 2: length, PIN, fill `F`; to a chip card only.
    Iso2,
    /// ISO 9564-1 format 3: as 0, with random fill `A` to `F`.
    Iso3,
    /// ISO 9564-1 format 4: 16 bytes under a cipher of 16-byte blocks, bound to the card number.
    Iso4,
    /// Q/CUP 009.1, first digit of field 53 = 1: packed length, PIN, fill `F`; no card number.
    UnionPayNoPan,
}

impl PinFormat {
    /// Every format, for tables and tests.
    pub const ALL: [Self; 6] =
        [Self::Iso0, Self::Iso1, Self::Iso2, Self::Iso3, Self::Iso4, Self::UnionPayNoPan];

    /// Bytes of the encrypted block.
    pub const fn bytes(self) -> usize {
        match self {
            Self::Iso0 | Self::Iso1 | Self::Iso2 | Self::Iso3 | Self::UnionPayNoPan => 8,
            Self::Iso4 => 16,
        }
    }

    /// Whether the block is bound to the card number.
    pub const fn is_bound(self) -> bool {
        match self {
            Self::Iso0 | Self::Iso3 | Self::Iso4 => true,
            Self::Iso1 | Self::Iso2 | Self::UnionPayNoPan => false,
        }
    }

    /// The control field: the first four bits of the clear block.
    const fn control(self) -> u8 {
        match self {
            Self::Iso0 | Self::UnionPayNoPan => 0,
            Self::Iso1 => 1,
            Self::Iso2 => 2,
            Self::Iso3 => 3,
            Self::Iso4 => 4,
        }
    }

    /// Whether a half byte may fill the block behind the PIN.
    const fn may_fill(self, nibble: u8) -> bool {
        match self {
            Self::Iso0 | Self::Iso2 | Self::UnionPayNoPan => nibble == 0xF,
            Self::Iso1 => true,
            Self::Iso3 => nibble >= 0xA,
            Self::Iso4 => nibble == 0xA,
        }
    }
}

/// What is malformed about a PIN block.
///
/// A block decrypted under the wrong key looks malformed too: the sender and its key are meant, not the
/// holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PinBlockError {
    /// Not as many bytes as the format has.
    Size,
    /// The control field is not that of the format.
    Control,
    /// The PIN length is not 4 to 12.
    PinLength,
    /// A PIN digit is none.
    Digit,
    /// The fill behind the PIN is not what the format fills with.
    Fill,
    /// The format does not fit the cipher: format 4 needs blocks of 16 bytes, the others of 8.
    Cipher,
}

impl fmt::Display for PinBlockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PinBlockError::Size => "not as many bytes as the format has",
            PinBlockError::Control => "the control field is not that of the format",
            PinBlockError::PinLength => "the PIN length is not 4 to 12",
            PinBlockError::Digit => "a PIN digit is no digit",
            PinBlockError::Fill => "the fill is not that of the format",
            PinBlockError::Cipher => "the format does not fit the block size of the cipher",
        })
    }
}

impl std::error::Error for PinBlockError {}

/// A PIN block of 8 bytes in the clear: as secret as the PIN. Wiped on drop, never shown.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct PinBlock([u8; 8]);

impl PinBlock {
    /// The block of these clear bytes.
    pub fn new(bytes: [u8; 8]) -> Self {
        Self(bytes)
    }

    /// The clear bytes. The word an auditor looks for.
    pub fn expose(&self) -> &[u8; 8] {
        &self.0
    }

    /// Puts a PIN into a block of 8 bytes.
    ///
    /// # Errors
    /// [`EntropyFailed`] where the format has random fill.
    ///
    /// # Panics
    /// For [`PinFormat::Iso4`], which has no clear block of 8 bytes: see [`encipher_iso4`].
    pub fn encode(
        format: PinFormat,
        pin: &Pin,
        pan: &Pan,
        entropy: &dyn Entropy,
    ) -> Result<Self, EntropyFailed> {
        assert!(format.bytes() == 8, "format 4 is enciphered as a whole");
        let mut fill = [0xFF; 8];
        match format {
            PinFormat::Iso0 | PinFormat::Iso2 | PinFormat::UnionPayNoPan | PinFormat::Iso4 => {}
            PinFormat::Iso1 => entropy.fill(&mut fill)?,
            PinFormat::Iso3 => letters(entropy, &mut fill)?,
        }
        let mut block = Self(lay_out(format, pin, fill));
        if format.is_bound() {
            block.0 = xor(block.0, &pan.account_field());
        }
        Ok(block)
    }

    /// Takes the PIN out of a block of 8 bytes.
    ///
    /// # Errors
    /// [`PinBlockError`] names what is malformed; [`PinBlockError::Size`] for format 4.
    pub fn decode(&self, format: PinFormat, pan: &Pan) -> Result<Pin, PinBlockError> {
        if format.bytes() != 8 {
            return Err(PinBlockError::Size);
        }
        let mut clear = Zeroizing::new(self.0);
        if format.is_bound() {
            *clear = xor(*clear, &pan.account_field());
        }
        take_out(format, &*clear)
    }
}

impl fmt::Debug for PinBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PinBlock(hidden)")
    }
}

/// Control, length, PIN and fill, one after the other.
fn lay_out<const N: usize>(format: PinFormat, pin: &Pin, mut fill: [u8; N]) -> [u8; N] {
    let digits = pin.expose();
    fill[0] = format.control() << 4 | digits.len() as u8;
    for (place, digit) in digits.iter().enumerate() {
        let byte = &mut fill[1 + place / 2];
        *byte = if place % 2 == 0 { digit << 4 | (*byte & 0x0F) } else { (*byte & 0xF0) | digit };
    }
    fill
}

/// The PIN of a clear block of which the first eight bytes are control, length, PIN and fill.
fn take_out(format: PinFormat, clear: &[u8]) -> Result<Pin, PinBlockError> {
    let nibble = |at: usize| {
        if at.is_multiple_of(2) { clear[at / 2] >> 4 } else { clear[at / 2] & 0x0F }
    };
    if nibble(0) != format.control() {
        return Err(PinBlockError::Control);
    }
    let len = usize::from(nibble(1));
    if !(PIN_DIGITS_MIN..=PIN_DIGITS_MAX).contains(&len) {
        return Err(PinBlockError::PinLength);
    }
    let mut digits = Zeroizing::new([0; PIN_DIGITS_MAX]);
    for (place, digit) in digits[..len].iter_mut().enumerate() {
        *digit = nibble(2 + place);
    }
    if (2 + len..16).any(|at| !format.may_fill(nibble(at))) {
        return Err(PinBlockError::Fill);
    }
    Pin::from_values(&digits[..len]).map_err(|_| PinBlockError::Digit)
}

/// Fills with half bytes `A` to `F`, each as likely as the others.
fn letters(entropy: &dyn Entropy, out: &mut [u8; 8]) -> Result<(), EntropyFailed> {
    let mut at = 0;
    while at < 16 {
        let mut dice = [0; 16];
        entropy.fill(&mut dice)?;
        // 252 is the largest multiple of six in a byte; beyond it some letter would come more often.
        for die in dice.into_iter().filter(|die| *die < 252).take(16 - at) {
            let letter = 0xA + die % 6;
            out[at / 2] =
                if at % 2 == 0 { letter << 4 | (out[at / 2] & 0x0F) } else { (out[at / 2] & 0xF0) | letter };
            at += 1;
        }
    }
    Ok(())
}

/// The card number field of format 4 (ISO 9564-1:2017, 9.4.2.3): the number of digits beyond 12, the digits,
/// zeros; fewer than 12 digits are filled with zeros on the left. `None` for other characters or more than
/// 19.
pub fn iso4_pan_field(digits: &str) -> Option<[u8; 16]> {
    if digits.is_empty() || digits.len() > 19 || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let mut field = [0; 16];
    field[0] = (digits.len().saturating_sub(12) as u8) << 4;
    let first = 1 + 12_usize.saturating_sub(digits.len());
    for (place, digit) in (first..).zip(digits.bytes()) {
        let value = digit - b'0';
        field[place / 2] |= if place % 2 == 0 { value << 4 } else { value };
    }
    Some(field)
}

/// The PIN field of format 4 (ISO 9564-1:2017, 9.4.2.2): control 4, length, PIN, fill `A`, then `random`.
pub fn iso4_pin_field(pin: &Pin, random: [u8; 8]) -> Zeroizing<[u8; 16]> {
    let mut fill = [0xAA; 16];
    fill[8..].copy_from_slice(&random);
    Zeroizing::new(lay_out(PinFormat::Iso4, pin, fill))
}

/// Enciphers a PIN in format 4 (ISO 9564-1:2017, 9.4.2): the PIN field, enciphered, folded with the card
/// number field, enciphered again.
pub fn encipher_iso4(cipher: &impl BlockCipher<16>, pin: &Pin, pan: &Pan, random: [u8; 8]) -> [u8; 16] {
    let field = iso4_pan_field(pan.expose()).expect("a card number has at most 19 digits");
    cipher.encrypt(xor(cipher.encrypt(*iso4_pin_field(pin, random)), &field))
}

/// Deciphers a PIN of format 4.
///
/// # Errors
/// [`PinBlockError`] names what is malformed; another card number or key makes it so, too.
pub fn decipher_iso4(
    cipher: &impl BlockCipher<16>,
    block: [u8; 16],
    pan: &Pan,
) -> Result<Pin, PinBlockError> {
    let field = iso4_pan_field(pan.expose()).expect("a card number has at most 19 digits");
    let clear = Zeroizing::new(cipher.decrypt(xor(cipher.decrypt(block), &field)));
    take_out(PinFormat::Iso4, &*clear)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cipher::Aes;
    use crate::hexadecimal::{decode, encode};
    use crate::key::AesKey;

    /// Random bytes that are always the same, for blocks with random fill.
    struct Fixed(u8);

    impl Entropy for Fixed {
        fn fill(&self, out: &mut [u8]) -> Result<(), EntropyFailed> {
            out.fill(self.0);
            Ok(())
        }
    }

    #[test]
    fn clear_blocks_are_as_published() {
        let check = |format, pin: &str, pan: &str, block: &str| {
            let (pin, pan) = (Pin::parse(pin).unwrap(), Pan::parse(pan).unwrap());
            let made = PinBlock::encode(format, &pin, &pan, &Fixed(5)).unwrap();
            assert_eq!(encode(made.expose()), block);
            assert_eq!(made.decode(format, &pan), Ok(pin));
        };
        check(PinFormat::Iso0, "1234", "5555555551234567", "041261AAAAEDCBA9");
        check(PinFormat::Iso0, "123456", "6225880212345675", "06126CD6DEDCBA98");
        check(PinFormat::Iso0, "1234", "4000001234562", "041274FFFFEDCBA9");
        check(PinFormat::Iso0, "1234", "400000123456", "041230FFFFFEDCBA");
        check(PinFormat::Iso1, "12345", "5555555551234567", "1512345505050505");
        check(PinFormat::Iso2, "1234", "5555555551234567", "241234FFFFFFFFFF");
        check(PinFormat::Iso3, "1234", "5555555551234567", "341261AAAAEDCBA9");
        check(PinFormat::UnionPayNoPan, "123456", "6225880212345675", "06123456FFFFFFFF");
        check(PinFormat::UnionPayNoPan, "123456789012", "6225880212345675", "0C123456789012FF");
    }

    #[test]
    fn malformed_blocks_are_refused_by_name() {
        let pan = Pan::parse("5555555551234567").unwrap();
        for (format, block, why) in [
            (PinFormat::Iso0, "0F1261AAAAEDCBA9", PinBlockError::PinLength),
            (PinFormat::Iso0, "031261AAAAEDCBA9", PinBlockError::PinLength),
            (PinFormat::Iso0, "041261AAAAEDCBAA", PinBlockError::Fill),
            (PinFormat::Iso0, "141261AAAAEDCBA9", PinBlockError::Control),
            (PinFormat::Iso0, "04A261AAAAEDCBA9", PinBlockError::Digit),
            (PinFormat::Iso1, "14A23405050505FF", PinBlockError::Digit),
            (PinFormat::Iso1, "041234FFFFFFFFFF", PinBlockError::Control),
            (PinFormat::Iso2, "241234FFFFFFFFF0", PinBlockError::Fill),
            (PinFormat::Iso2, "2D1234FFFFFFFFFF", PinBlockError::PinLength),
            (PinFormat::Iso3, "341261AAAAEDCB56", PinBlockError::Fill),
            (PinFormat::Iso3, "341261AAAAEDCBC9", PinBlockError::Fill),
            (PinFormat::Iso4, "041261AAAAEDCBA9", PinBlockError::Size),
            (PinFormat::UnionPayNoPan, "06123456FFFFFFF1", PinBlockError::Fill),
            (PinFormat::UnionPayNoPan, "0612345AFFFFFFFF", PinBlockError::Digit),
            (PinFormat::UnionPayNoPan, "12123456FFFFFFFF", PinBlockError::Control),
        ] {
            let bytes = decode(block.as_bytes()).unwrap().try_into().unwrap();
            assert_eq!(PinBlock::new(bytes).decode(format, &pan).err(), Some(why), "{format:?} {block}");
        }
    }

    /// ANSI X9.24-3:2017, supplement: format 4 under a DUKPT PIN key.
    #[test]
    fn format_4_is_as_published() {
        let key = AesKey::new(&decode(b"AF8CB133A78F8DC2D1359F18527593FB").unwrap()).unwrap();
        let (pin, pan) = (Pin::parse("1234").unwrap(), Pan::parse("4111111111111111").unwrap());
        let random = decode(b"2F69ADDE2E9E7ACE").unwrap().try_into().unwrap();
        let block = encipher_iso4(&Aes::new(&key), &pin, &pan, random);
        assert_eq!(encode(&block), "A912150391AB65A67E52883D81CE2D15");
        assert_eq!(decipher_iso4(&Aes::new(&key), block, &pan), Ok(pin));
        let other = Pan::parse("4111111111111112").unwrap();
        assert!(decipher_iso4(&Aes::new(&key), block, &other).is_err());
        assert_eq!(encode(&iso4_pan_field("1").unwrap()), "00000000000010000000000000000000");
        assert_eq!(
            encode(&iso4_pan_field("1234567890123456789").unwrap()),
            "71234567890123456789000000000000"
        );
        assert_eq!(iso4_pan_field(""), None);
        assert_eq!(iso4_pan_field("12345678901234567890"), None);
    }
}
