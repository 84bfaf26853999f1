//! How an issuer knows a PIN without keeping it: Visa's PIN verification value and IBM 3624's offset.
//!
//! PIN blocks are taken apart elsewhere, tries counted elsewhere still.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::cipher::{BlockCipher, Tdes};
use crate::pan::Pan;
use crate::pin::{PIN_DIGITS_MAX, PIN_DIGITS_MIN, Pin};

/// A PIN verification value: four digits kept beside the card. Not secret alone, but not shown either.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Pvv([u8; 4]);

impl Pvv {
    /// The value written as four digits; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let digits: [u8; 4] = text.as_bytes().try_into().ok()?;
        digits.iter().all(u8::is_ascii_digit).then_some(Self(digits))
    }

    /// The four ASCII digits.
    pub fn expose(&self) -> &[u8; 4] {
        &self.0
    }
}

impl ConstantTimeEq for Pvv {
    fn ct_eq(&self, other: &Self) -> subtle::Choice {
        self.0.ct_eq(&other.0)
    }
}

impl fmt::Debug for Pvv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pvv(hidden)")
    }
}

/// The first `count` decimal digits of `block`, first those that are digits, then `A` to `F` as 0 to 5.
pub(crate) fn decimalize<const COUNT: usize>(block: &[u8]) -> [u8; COUNT] {
    let mut digits = [0; COUNT];
    let mut found = 0;
    for letters in [false, true] {
        for nibble in block.iter().flat_map(|byte| [byte >> 4, byte & 0x0F]) {
            if found < COUNT && (nibble > 9) == letters {
                digits[found] = if letters { nibble - 10 } else { nibble };
                found += 1;
            }
        }
    }
    digits
}

/// Visa's PIN verification value (Visa PVV algorithm; ISO 9564 calls it a reference value): the 11 digits
/// before the check digit, the key index 0 to 9 and the first four PIN digits, encrypted and decimalized.
///
/// `key_index` is used as its last decimal digit.
pub fn visa_pvv(pvk: &Tdes, key_index: u8, pin: &Pin, pan: &Pan) -> Pvv {
    let account = pan.ascii();
    let mut security = Zeroizing::new([0_u8; 8]);
    let digits = account[account.len() - 12..account.len() - 1]
        .iter()
        .map(|digit| digit - b'0')
        .chain([key_index % 10])
        .chain(pin.expose()[..4].iter().copied());
    for (place, digit) in digits.enumerate() {
        security[place / 2] |= if place % 2 == 0 { digit << 4 } else { digit };
    }
    Pvv(decimalize::<4>(&pvk.encrypt(*security)).map(|digit| b'0' + digit))
}

/// How the IBM 3624 method takes its validation data from the card number and makes digits of the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ibm3624 {
    /// The digit, 0 to 9, for each half byte.
    table: [u8; 16],
    /// First digit of the card number that counts.
    first: u8,
    /// How many digits of the card number count; of more than 16 the first 16.
    count: u8,
    /// The half byte that fills the rest.
    fill: u8,
}

/// Why an IBM 3624 rule or offset is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ibm3624Error {
    /// The conversion table is not 16 decimal digits.
    Table,
    /// The fill is no half byte.
    Fill,
    /// The digits that count are not all within the card number.
    Range,
    /// The offset is not 4 to 12 digits.
    Offset,
}

impl fmt::Display for Ibm3624Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Ibm3624Error::Table => "a conversion table is 16 decimal digits",
            Ibm3624Error::Fill => "the fill is one hexadecimal digit",
            Ibm3624Error::Range => "the digits that count are not all in the card number",
            Ibm3624Error::Offset => "an offset has 4 to 12 digits",
        })
    }
}

impl std::error::Error for Ibm3624Error {}

/// An IBM 3624 offset: as many digits as the PIN.
#[derive(Clone, PartialEq, Eq)]
pub struct PinOffset {
    digits: [u8; PIN_DIGITS_MAX],
    len: u8,
}

impl PinOffset {
    /// The offset written in digits.
    ///
    /// # Errors
    /// [`Ibm3624Error::Offset`].
    pub fn parse(text: &str) -> Result<Self, Ibm3624Error> {
        let text = text.as_bytes();
        if !(PIN_DIGITS_MIN..=PIN_DIGITS_MAX).contains(&text.len()) || !text.iter().all(u8::is_ascii_digit) {
            return Err(Ibm3624Error::Offset);
        }
        let mut digits = [0; PIN_DIGITS_MAX];
        for (to, from) in digits.iter_mut().zip(text) {
            *to = from - b'0';
        }
        Ok(Self { digits, len: text.len() as u8 })
    }

    /// The digit values 0 to 9.
    pub fn expose(&self) -> &[u8] {
        &self.digits[..usize::from(self.len)]
    }
}

impl ConstantTimeEq for PinOffset {
    fn ct_eq(&self, other: &Self) -> subtle::Choice {
        self.digits.ct_eq(&other.digits) & self.len.ct_eq(&other.len)
    }
}

impl fmt::Debug for PinOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PinOffset(hidden)")
    }
}

impl Ibm3624 {
    /// A rule: the conversion table, the first digit of the card number that counts (from 0), how many count,
    /// and the hexadecimal digit that fills.
    ///
    /// # Errors
    /// [`Ibm3624Error::Table`], [`Ibm3624Error::Fill`].
    pub fn new(table: &str, first: u8, count: u8, fill: u8) -> Result<Self, Ibm3624Error> {
        let table: [u8; 16] = table.as_bytes().try_into().map_err(|_| Ibm3624Error::Table)?;
        if !table.iter().all(u8::is_ascii_digit) {
            return Err(Ibm3624Error::Table);
        }
        if fill > 15 {
            return Err(Ibm3624Error::Fill);
        }
        Ok(Self { table: table.map(|digit| digit - b'0'), first, count, fill })
    }

    /// The conversion table as sixteen characters.
    #[cfg(feature = "payshield")]
    pub(crate) fn table(&self) -> String {
        self.table.iter().map(|digit| char::from(digit + b'0')).collect()
    }

    /// What of a card number is encrypted, as sixteen hexadecimal characters.
    #[cfg(feature = "payshield")]
    pub(crate) fn validation(&self, pan: &Pan) -> Result<Zeroizing<String>, Ibm3624Error> {
        let (first, count) = (usize::from(self.first), usize::from(self.count));
        let counted = pan.ascii().get(first..first + count).ok_or(Ibm3624Error::Range)?;
        let fill = std::iter::repeat(crate::hexadecimal::digit(self.fill));
        Ok(Zeroizing::new(counted.iter().copied().chain(fill).take(16).map(char::from).collect()))
    }

    /// Sixteen digits of which the PIN's length is the natural PIN (IBM 3624 PIN verification).
    fn intermediate(&self, pvk: &Tdes, pan: &Pan) -> Result<Zeroizing<[u8; 16]>, Ibm3624Error> {
        let (first, count) = (usize::from(self.first), usize::from(self.count));
        let counted = pan.ascii().get(first..first + count).ok_or(Ibm3624Error::Range)?;
        let mut validation = [self.fill << 4 | self.fill; 8];
        for (place, digit) in counted.iter().take(16).enumerate() {
            let value = digit - b'0';
            let byte = &mut validation[place / 2];
            *byte = if place % 2 == 0 { value << 4 | (*byte & 0x0F) } else { (*byte & 0xF0) | value };
        }
        let encrypted = Zeroizing::new(pvk.encrypt(validation));
        let mut digits = Zeroizing::new([0; 16]);
        for (place, digit) in digits.iter_mut().enumerate() {
            let nibble = if place % 2 == 0 { encrypted[place / 2] >> 4 } else { encrypted[place / 2] & 0x0F };
            *digit = self.table[usize::from(nibble)];
        }
        Ok(digits)
    }

    /// The PIN that a card has by its number and offset; an offset of zeros gives the natural PIN.
    ///
    /// # Errors
    /// [`Ibm3624Error::Range`].
    pub fn pin(&self, pvk: &Tdes, pan: &Pan, offset: &PinOffset) -> Result<Pin, Ibm3624Error> {
        let natural = self.intermediate(pvk, pan)?;
        let mut digits = Zeroizing::new([0; PIN_DIGITS_MAX]);
        let len = offset.expose().len();
        for (place, shift) in offset.expose().iter().enumerate() {
            digits[place] = (natural[place] + shift) % 10;
        }
        Ok(Pin::from_values(&digits[..len]).expect("as many digits as the offset has"))
    }

    /// The offset that belongs to a PIN.
    ///
    /// # Errors
    /// [`Ibm3624Error::Range`].
    pub fn offset(&self, pvk: &Tdes, pan: &Pan, pin: &Pin) -> Result<PinOffset, Ibm3624Error> {
        let natural = self.intermediate(pvk, pan)?;
        let mut offset = PinOffset { digits: [0; PIN_DIGITS_MAX], len: pin.expose().len() as u8 };
        for (place, digit) in pin.expose().iter().enumerate() {
            offset.digits[place] = (10 + digit - natural[place]) % 10;
        }
        Ok(offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hexadecimal::decode;
    use crate::key::TdesKey;

    fn key(text: &str) -> Tdes {
        Tdes::new(&TdesKey::new(&decode(text.as_bytes()).unwrap()).unwrap())
    }

    const PVK: &str = "0123456789ABCDEFFEDCBA9876543210";

    /// Values of a published test suite of the algorithm (psec, tests of its PIN module).
    #[test]
    fn visa_values_are_as_published() {
        for (pvk, index, pin, pan, pvv) in [
            (PVK, 1, "4524", "1122334455667788", "8523"),
            (PVK, 1, "0570", "1122334455667718", "3144"),
            ("11111111111111112222222222222222", 3, "9999", "5555555551234567", "5435"),
            ("11111111111111112222222222222222", 3, "999912", "5555555551234567", "5435"),
        ] {
            let made = visa_pvv(&key(pvk), index, &Pin::parse(pin).unwrap(), &Pan::parse(pan).unwrap());
            assert_eq!(made.expose(), pvv.as_bytes());
        }
        assert!(Pvv::parse("852").is_none() && Pvv::parse("85231").is_none() && Pvv::parse("85a3").is_none());
    }

    #[test]
    fn letters_make_digits_when_digits_run_out() {
        assert_eq!(decimalize::<4>(&[0xAB, 0xCD, 0xEF, 0x1A]), [1, 0, 1, 2]);
        assert_eq!(decimalize::<3>(&[0xFF; 8]), [5, 5, 5]);
        assert_eq!(decimalize::<4>(&[0x1A, 0x2B, 0x3C, 0x4D]), [1, 2, 3, 4]);
    }

    /// Values of the same suite.
    #[test]
    fn ibm_offsets_are_as_published() {
        let pan = Pan::parse("1122334455667788").unwrap();
        for (first, count, fill, pin, offset) in [
            (0, 16, 0xF, "4524", "0000"),
            (0, 16, 0xF, "0000", "6586"),
            (0, 16, 0xF, "1234", "7710"),
            (1, 14, 0x1, "3675", "0000"),
        ] {
            let rule = Ibm3624::new("1234567890123456", first, count, fill).unwrap();
            let (pin, offset) = (Pin::parse(pin).unwrap(), PinOffset::parse(offset).unwrap());
            assert_eq!(rule.offset(&key(PVK), &pan, &pin), Ok(offset.clone()));
            assert_eq!(rule.pin(&key(PVK), &pan, &offset), Ok(pin));
        }
        let beyond = Ibm3624::new("1234567890123456", 4, 13, 0).unwrap();
        assert_eq!(beyond.offset(&key(PVK), &pan, &Pin::parse("1234").unwrap()), Err(Ibm3624Error::Range));
        assert_eq!(Ibm3624::new("123456789012345A", 0, 16, 0), Err(Ibm3624Error::Table));
        assert_eq!(Ibm3624::new("1234567890123456", 0, 16, 16), Err(Ibm3624Error::Fill));
    }
}
