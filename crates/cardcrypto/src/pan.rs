//! The card number and its check digit.
//!
//! No rule about which ranges belong to whom lives here.

use std::fmt;
use std::hash::{Hash, Hasher};

use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Fewest digits of a card number that this host takes.
pub const PAN_DIGITS_MIN: usize = 12;
/// Most digits of a card number (ISO/IEC 7812-1).
pub const PAN_DIGITS_MAX: usize = 19;

/// A card number (primary account number, ISO/IEC 7812-1): 12 to 19 digits.
///
/// The check digit is not part of being well formed, because test numbers exist that fail it: see
/// [`Pan::luhn_valid`]. Compared in constant time, wiped on drop, shown masked.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Pan {
    /// ASCII digits; those past `len` are zero bytes.
    digits: [u8; PAN_DIGITS_MAX],
    len: u8,
}

/// Why a text is no card number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PanError {
    /// Fewer than 12 or more than 19 characters.
    Length,
    /// A character that is no digit.
    Digit,
}

impl fmt::Display for PanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PanError::Length => "a card number has 12 to 19 digits",
            PanError::Digit => "a card number holds digits only",
        })
    }
}

impl std::error::Error for PanError {}

impl Pan {
    /// The card number written in `text`, digits only.
    ///
    /// # Errors
    /// [`PanError`] names what is malformed.
    pub fn parse(text: &str) -> Result<Self, PanError> {
        Self::from_ascii(text.as_bytes())
    }

    /// The card number written in ASCII digits.
    ///
    /// # Errors
    /// [`PanError`] names what is malformed.
    pub fn from_ascii(text: &[u8]) -> Result<Self, PanError> {
        if !(PAN_DIGITS_MIN..=PAN_DIGITS_MAX).contains(&text.len()) {
            return Err(PanError::Length);
        }
        if !text.iter().all(u8::is_ascii_digit) {
            return Err(PanError::Digit);
        }
        let mut digits = [0; PAN_DIGITS_MAX];
        digits[..text.len()].copy_from_slice(text);
        Ok(Self { digits, len: text.len() as u8 })
    }

    /// All digits. The word an auditor looks for.
    pub fn expose(&self) -> &str {
        std::str::from_utf8(self.ascii()).expect("only ASCII digits are ever stored")
    }

    /// All digits as ASCII bytes.
    pub(crate) fn ascii(&self) -> &[u8] {
        &self.digits[..usize::from(self.len)]
    }

    /// How many digits, 12 to 19.
    pub fn digits(&self) -> usize {
        usize::from(self.len)
    }

    /// The first six digits (issuer identification number).
    pub fn bin(&self) -> &str {
        &self.expose()[..6]
    }

    /// The last four digits.
    pub fn last4(&self) -> &str {
        let all = self.expose();
        &all[all.len() - 4..]
    }

    /// First six and last four digits, the rest as `*`: the most that may be displayed (PCI DSS 3.4).
    pub fn masked(&self) -> String {
        format!("{}{}{}", self.bin(), "*".repeat(self.digits() - 10), self.last4())
    }

    /// Whether the last digit is the Luhn check digit of the others (ISO/IEC 7812-1, annex B).
    pub fn luhn_valid(&self) -> bool {
        luhn_valid(self.expose())
    }

    /// The 12 digits before the check digit, packed, with two zero bytes in front: the account field of
    /// ISO 9564-1 formats 0 and 3. A shorter number is filled with zeros on the left.
    pub(crate) fn account_field(&self) -> [u8; 8] {
        let all = self.ascii();
        let body = &all[..all.len() - 1];
        let mut packed = [0; 8];
        for (place, digit) in body.iter().rev().take(12).enumerate() {
            let value = digit - b'0';
            packed[7 - place / 2] |= if place % 2 == 0 { value } else { value << 4 };
        }
        packed
    }
}

impl fmt::Debug for Pan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pan({})", self.masked())
    }
}

impl ConstantTimeEq for Pan {
    fn ct_eq(&self, other: &Self) -> subtle::Choice {
        self.digits.ct_eq(&other.digits) & self.len.ct_eq(&other.len)
    }
}

impl PartialEq for Pan {
    fn eq(&self, other: &Self) -> bool {
        self.ct_eq(other).into()
    }
}

impl Eq for Pan {}

impl Hash for Pan {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.ascii().hash(state);
    }
}

/// The Luhn check digit, `'0'` to `'9'`, of a payload of digits (ISO/IEC 7812-1, annex B); `None` when a
/// character is no digit.
pub fn luhn_check_digit(payload: &str) -> Option<char> {
    let mut sum = 0_u32;
    for (place, character) in payload.bytes().rev().enumerate() {
        if !character.is_ascii_digit() {
            return None;
        }
        let digit = u32::from(character - b'0');
        // Every second digit, beginning beside the check digit, counts double, its digits summed.
        sum += if place % 2 == 0 { digit / 5 + digit * 2 % 10 } else { digit };
    }
    char::from_digit((10 - sum % 10) % 10, 10)
}

/// Whether the last digit of `number` is the Luhn check digit of those before it. An empty text or one with
/// another character is not valid.
pub fn luhn_valid(number: &str) -> bool {
    let Some(last) = number.chars().next_back() else {
        return false;
    };
    luhn_check_digit(&number[..number.len() - last.len_utf8()]) == Some(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn card_numbers_are_parsed_or_refused_by_name() {
        let check = |text: &str| Pan::parse(text).err();
        assert_eq!(check("622588021234"), None);
        assert_eq!(check("6225880212345678901"), None);
        assert_eq!(check("62258802123"), Some(PanError::Length));
        assert_eq!(check("62258802123456789012"), Some(PanError::Length));
        assert_eq!(check(""), Some(PanError::Length));
        assert_eq!(check("622588021234567a"), Some(PanError::Digit));
        assert_eq!(check("6225 8802 1234 56"), Some(PanError::Digit));
        assert_eq!(check("６225880212345"), Some(PanError::Digit));
    }

    #[test]
    fn luhn_knows_its_worked_examples() {
        for (number, valid) in [
            ("79927398713", true),
            ("79927398710", false),
            ("4111111111111111", true),
            ("4111111111111121", false),
            ("0", true),
            ("", false),
            ("4111a11111111111", false),
        ] {
            assert_eq!(luhn_valid(number), valid, "{number}");
        }
        assert_eq!(luhn_check_digit("622848040256489001"), Some('8'));
    }

    #[test]
    fn shown_masked_and_nothing_between() {
        let pan = Pan::parse("6225880212345675").unwrap();
        assert_eq!(format!("{pan:?}"), "Pan(622588******5675)");
        assert_eq!((pan.bin(), pan.last4()), ("622588", "5675"));
    }
}
