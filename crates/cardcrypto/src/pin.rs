//! The personal identification number in the clear.
//!
//! It lives for the length of one operation; nothing here formats, stores or counts tries of it.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Fewest digits of a PIN (ISO 9564-1, 8.1).
pub const PIN_DIGITS_MIN: usize = 4;
/// Most digits of a PIN (ISO 9564-1, 8.1).
pub const PIN_DIGITS_MAX: usize = 12;

/// A PIN of 4 to 12 digits. Compared in constant time, wiped on drop, never shown, not even its length.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Pin {
    /// Values 0 to 9; those past `len` are zero.
    digits: [u8; PIN_DIGITS_MAX],
    len: u8,
}

/// Why a text is no PIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PinError {
    /// Fewer than 4 or more than 12 characters.
    Length,
    /// A character that is no digit.
    Digit,
}

impl fmt::Display for PinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PinError::Length => "a PIN has 4 to 12 digits",
            PinError::Digit => "a PIN holds digits only",
        })
    }
}

impl std::error::Error for PinError {}

impl Pin {
    /// The PIN written in `text`.
    ///
    /// # Errors
    /// [`PinError`] names what is malformed.
    pub fn parse(text: &str) -> Result<Self, PinError> {
        let text = text.as_bytes();
        if !(PIN_DIGITS_MIN..=PIN_DIGITS_MAX).contains(&text.len()) {
            return Err(PinError::Length);
        }
        if !text.iter().all(u8::is_ascii_digit) {
            return Err(PinError::Digit);
        }
        let mut digits = [0; PIN_DIGITS_MAX];
        for (to, from) in digits.iter_mut().zip(text) {
            *to = from - b'0';
        }
        Ok(Self { digits, len: text.len() as u8 })
    }

    /// The PIN of digit values 0 to 9.
    ///
    /// # Errors
    /// [`PinError`] names what is malformed.
    pub fn from_values(values: &[u8]) -> Result<Self, PinError> {
        if !(PIN_DIGITS_MIN..=PIN_DIGITS_MAX).contains(&values.len()) {
            return Err(PinError::Length);
        }
        if values.iter().any(|value| *value > 9) {
            return Err(PinError::Digit);
        }
        let mut digits = [0; PIN_DIGITS_MAX];
        digits[..values.len()].copy_from_slice(values);
        Ok(Self { digits, len: values.len() as u8 })
    }

    /// The digits as values 0 to 9. The word an auditor looks for.
    pub fn expose(&self) -> &[u8] {
        &self.digits[..usize::from(self.len)]
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pin(hidden)")
    }
}

impl ConstantTimeEq for Pin {
    fn ct_eq(&self, other: &Self) -> subtle::Choice {
        self.digits.ct_eq(&other.digits) & self.len.ct_eq(&other.len)
    }
}

impl PartialEq for Pin {
    fn eq(&self, other: &Self) -> bool {
        self.ct_eq(other).into()
    }
}

impl Eq for Pin {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pins_are_parsed_or_refused_by_name() {
        let check = |text: &str| Pin::parse(text).err();
        assert_eq!(check("1234"), None);
        assert_eq!(check("123456789012"), None);
        assert_eq!(check("123"), Some(PinError::Length));
        assert_eq!(check("1234567890123"), Some(PinError::Length));
        assert_eq!(check("12a4"), Some(PinError::Digit));
        assert_eq!(Pin::from_values(&[1, 2, 3, 10]).err(), Some(PinError::Digit));
        assert_eq!(Pin::from_values(&[1, 2, 3, 4]), Ok(Pin::parse("1234").unwrap()));
        assert_ne!(Pin::parse("0000"), Pin::parse("00000"));
    }
}
