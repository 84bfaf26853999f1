//! Check digits of identity numbers: citizens (GB 11643) and organizations (GB 32100, GB 11714).
//!
//! Whether the person or organization exists is asked elsewhere; nothing is stored here.

use std::fmt;

/// What is wrong with a number. The first two are sure; [`IdentityError::Check`] of an organization's number
/// is worth a warning only, since some real ones fail it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdentityError {
    /// Not as many characters as the number has.
    Length,
    /// A character that cannot stand where it stands.
    Character,
    /// No day of the calendar.
    Date,
    /// The check character is not the one of the others.
    Check,
}

impl fmt::Display for IdentityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            IdentityError::Length => "not as many characters as the number has",
            IdentityError::Character => "a character that cannot stand there",
            IdentityError::Date => "no day of the calendar",
            IdentityError::Check => "the check character is another",
        })
    }
}

impl std::error::Error for IdentityError {}

/// Weights of the first 17 digits (GB 11643-1999, 4.2: powers of two modulo 11).
const CITIZEN_WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
/// Check characters by remainder.
const CITIZEN_CHECK: &[u8; 11] = b"10X98765432";
/// Characters of an organization's number in the order of their values: no I, O, S, V, Z.
const ORGANIZATION_ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
/// Weights of the first 17 characters (GB 32100-2015, 4.2.5: powers of three modulo 31).
const ORGANIZATION_WEIGHTS: [usize; 17] = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];
/// Weights of the eight characters of the subject's own code (GB 11714-1997).
const SUBJECT_WEIGHTS: [u32; 8] = [3, 7, 9, 10, 5, 8, 4, 2];

fn days(year: u32, month: u32) -> u32 {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 0,
    }
}

fn number(digits: &[u8]) -> u32 {
    digits.iter().fold(0, |number, digit| number * 10 + u32::from(digit - b'0'))
}

fn citizen_check(digits: &[u8]) -> u8 {
    let sum: u32 =
        digits.iter().zip(CITIZEN_WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    CITIZEN_CHECK[(sum % 11) as usize]
}

/// A citizen's number (GB 11643-1999) in its form of eighteen characters. One of fifteen digits, of the first
/// generation, is completed by the century and the check character.
///
/// # Errors
/// [`IdentityError`] names what is wrong.
pub fn citizen_number(text: &str) -> Result<[u8; 18], IdentityError> {
    let text = text.as_bytes();
    let mut number18 = [0; 18];
    match text.len() {
        18 => number18.copy_from_slice(text),
        15 => {
            number18[..6].copy_from_slice(&text[..6]);
            number18[6..8].copy_from_slice(b"19");
            number18[8..17].copy_from_slice(&text[6..]);
        }
        _ => return Err(IdentityError::Length),
    }
    let digits = &number18[..17];
    if !digits.iter().all(u8::is_ascii_digit) || digits[0] == b'0' {
        return Err(IdentityError::Character);
    }
    let (year, month, day) = (number(&digits[6..10]), number(&digits[10..12]), number(&digits[12..14]));
    if day == 0 || day > days(year, month) {
        return Err(IdentityError::Date);
    }
    let check = citizen_check(digits);
    if text.len() == 18 {
        match number18[17] {
            last if last == check || (last == b'x' && check == b'X') => {}
            b'0'..=b'9' | b'X' | b'x' => return Err(IdentityError::Check),
            _ => return Err(IdentityError::Character),
        }
    }
    number18[17] = check;
    Ok(number18)
}

fn organization_value(character: u8) -> Option<usize> {
    ORGANIZATION_ALPHABET.iter().position(|known| *known == character)
}

/// An organization's unified social credit code (GB 32100-2015): eighteen characters of which the last is a
/// check.
///
/// # Errors
/// [`IdentityError`] names what is wrong. [`IdentityError::Check`] deserves a warning, not a refusal.
pub fn organization_code(text: &str) -> Result<(), IdentityError> {
    let text = text.as_bytes();
    if text.len() != 18 {
        return Err(IdentityError::Length);
    }
    let mut sum = 0;
    for (character, weight) in text.iter().zip(ORGANIZATION_WEIGHTS) {
        sum += organization_value(*character).ok_or(IdentityError::Character)? * weight;
    }
    let last = organization_value(text[17]).ok_or(IdentityError::Character)?;
    if last == (31 - sum % 31) % 31 { Ok(()) } else { Err(IdentityError::Check) }
}

/// The code of the subject itself, nine characters (GB 11714-1997): the ninth to the seventeenth of an
/// organization's code. Newer ones are assigned without regard to its check.
///
/// # Errors
/// [`IdentityError`] names what is wrong. [`IdentityError::Check`] deserves a warning, not a refusal.
pub fn subject_code(text: &str) -> Result<(), IdentityError> {
    let text = text.as_bytes();
    if text.len() != 9 {
        return Err(IdentityError::Length);
    }
    let mut sum = 0;
    for (character, weight) in text.iter().zip(SUBJECT_WEIGHTS) {
        let value = match character {
            b'0'..=b'9' => u32::from(character - b'0'),
            b'A'..=b'Z' => u32::from(character - b'A') + 10,
            _ => return Err(IdentityError::Character),
        };
        sum += value * weight;
    }
    let check = match 11 - sum % 11 {
        10 => b'X',
        11 => b'0',
        digit => b'0' + digit as u8,
    };
    if text[8] == check { Ok(()) } else { Err(IdentityError::Check) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn citizens_numbers() {
        let check =
            |text: &str| citizen_number(text).map(|number| String::from_utf8(number.to_vec()).unwrap());
        // GB 11643-1999, annex A.
        assert_eq!(check("11010519491231002X"), Ok("11010519491231002X".into()));
        assert_eq!(check("11010519491231002x"), Ok("11010519491231002X".into()));
        assert_eq!(check("440524188001010014"), Ok("440524188001010014".into()));
        assert_eq!(check("130503670401001"), Ok("130503196704010016".into()));
        assert_eq!(check("440524188001010015"), Err(IdentityError::Check));
        assert_eq!(check("440524188002300014"), Err(IdentityError::Date));
        assert_eq!(check("440524188013010014"), Err(IdentityError::Date));
        assert_eq!(check("44052418800101001Y"), Err(IdentityError::Character));
        assert_eq!(check("4405241880O1010014"), Err(IdentityError::Character));
        assert_eq!(check("44052418800101001"), Err(IdentityError::Length));
        assert_eq!(check("130503670431001"), Err(IdentityError::Date));
    }

    #[test]
    fn organizations_codes() {
        assert_eq!(organization_code("91350500798359476R"), Ok(()));
        assert_eq!(organization_code("91350203M0001QAY9B"), Err(IdentityError::Check));
        assert_eq!(organization_code("9135050079835947IR"), Err(IdentityError::Character));
        assert_eq!(organization_code("9135050079835947"), Err(IdentityError::Length));
        assert_eq!(subject_code("798359476"), Ok(()));
        assert_eq!(subject_code("MA1FL0000"), Err(IdentityError::Check));
        assert_eq!(subject_code("MA1FL000"), Err(IdentityError::Length));
        assert_eq!(subject_code("ma1fl0000"), Err(IdentityError::Character));
    }
}
