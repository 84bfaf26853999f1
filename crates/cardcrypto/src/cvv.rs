//! Card verification values: on the stripe (CVV), on the back (CVV2), in the chip (iCVV), and Mastercard's
//! dynamic one.
//!
//! Which of them a sale must bring is not known here.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::cipher::{BlockCipher, Tdes, xor};
use crate::mac::{Padding, retail_mac};
use crate::pan::Pan;
use crate::pin_verification::decimalize;

/// The service code that stands for the value printed on the card (CVV2, CVC2, CVN2).
pub const SERVICE_CODE_CVV2: ServiceCode = ServiceCode(*b"000");
/// The service code that stands for the value in a chip's track image (iCVV).
pub const SERVICE_CODE_ICVV: ServiceCode = ServiceCode(*b"999");

/// A card verification value of three digits: sensitive, never stored, never shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Cvv([u8; 3]);

impl Cvv {
    /// The value written as three digits; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let digits: [u8; 3] = text.as_bytes().try_into().ok()?;
        digits.iter().all(u8::is_ascii_digit).then_some(Self(digits))
    }

    /// The three ASCII digits. The word an auditor looks for.
    pub fn expose(&self) -> &[u8; 3] {
        &self.0
    }
}

impl ConstantTimeEq for Cvv {
    fn ct_eq(&self, other: &Self) -> subtle::Choice {
        self.0.ct_eq(&other.0)
    }
}

impl fmt::Debug for Cvv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cvv(hidden)")
    }
}

/// An expiry of four digits, in the order the issuer computes with (YYMM on the stripe).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expiry([u8; 4]);

impl Expiry {
    /// The expiry written as four digits; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let digits: [u8; 4] = text.as_bytes().try_into().ok()?;
        digits.iter().all(u8::is_ascii_digit).then_some(Self(digits))
    }

    /// The four ASCII digits.
    pub const fn digits(&self) -> &[u8; 4] {
        &self.0
    }
}

/// A service code of three digits (ISO/IEC 7813).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServiceCode([u8; 3]);

impl ServiceCode {
    /// The code written as three digits; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let digits: [u8; 3] = text.as_bytes().try_into().ok()?;
        digits.iter().all(u8::is_ascii_digit).then_some(Self(digits))
    }

    /// The three ASCII digits.
    pub const fn digits(&self) -> &[u8; 3] {
        &self.0
    }

    /// Whether the card has a chip that is to be used where it can be (first digit 2 or 6).
    pub const fn has_chip(&self) -> bool {
        matches!(self.0[0], b'2' | b'6')
    }
}

/// The card verification value (Visa CVV, Mastercard CVC, UnionPay CVN; one algorithm): number, expiry and
/// service code in two blocks, the first under the left key half, both folded under the whole key of double
/// length, decimalized.
pub fn card_verification_value(cvk: &Tdes, pan: &Pan, expiry: Expiry, service_code: ServiceCode) -> Cvv {
    let mut blocks = Zeroizing::new([0_u8; 16]);
    let digits = pan.ascii().iter().chain(&expiry.0).chain(&service_code.0);
    for (place, digit) in digits.enumerate() {
        let value = digit - b'0';
        blocks[place / 2] |= if place % 2 == 0 { value << 4 } else { value };
    }
    let (mut first, mut second) = ([0; 8], [0; 8]);
    first.copy_from_slice(&blocks[..8]);
    second.copy_from_slice(&blocks[8..]);
    let folded = xor(cvk.encrypt_first(first), &second);
    Cvv(decimalize::<3>(&cvk.encrypt(folded)).map(|digit| b'0' + digit))
}

/// Mastercard's dynamic value of a contactless stripe (CVC3, PayPass - Mag Stripe): 0 to 65535, of which the
/// card sends the last digits it has room for. `track` is the track template in the clear, `master` the
/// card's own key.
pub fn dynamic_cvc3(master: &Tdes, track: &[u8], unpredictable: [u8; 4], atc: [u8; 2]) -> u16 {
    let code = retail_mac(master, Padding::OneThenZeros, track);
    let mut block = [0; 8];
    block[..2].copy_from_slice(&code[6..]);
    block[2..6].copy_from_slice(&unpredictable);
    block[6..].copy_from_slice(&atc);
    let encrypted = master.encrypt(block);
    u16::from_be_bytes([encrypted[6], encrypted[7]])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hexadecimal::decode;
    use crate::key::TdesKey;

    /// The first is the worked example much reprinted from IBM's manuals; the others are psec's.
    #[test]
    fn values_are_as_published() {
        for (cvk, pan, expiry, code, value) in [
            ("0123456789ABCDEFFEDCBA9876543210", "4123456789012345", "8701", "101", "561"),
            ("0123456789ABCDEFFEDCBA9876543210", "4999988887777000", "9105", "111", "245"),
            ("0123456789ABCDEFFEDCBA9876543210", "4999988887777000", "9105", "999", "604"),
            ("5BA68323EF80573B7A3BA83E40B5E03E", "4000001234562", "2512", "201", "390"),
        ] {
            let key = Tdes::new(&TdesKey::new(&decode(cvk.as_bytes()).unwrap()).unwrap());
            let made = card_verification_value(
                &key,
                &Pan::parse(pan).unwrap(),
                Expiry::parse(expiry).unwrap(),
                ServiceCode::parse(code).unwrap(),
            );
            assert_eq!(Some(made), Cvv::parse(value));
        }
    }

    #[test]
    fn other_texts_are_refused() {
        assert!(Cvv::parse("12").is_none() && Cvv::parse("12a").is_none());
        assert!(Expiry::parse("123").is_none() && Expiry::parse("12 4").is_none());
        assert!(ServiceCode::parse("2011").is_none());
        assert!(ServiceCode::parse("201").is_some_and(|code| code.has_chip()));
        assert!(ServiceCode::parse("101").is_some_and(|code| !code.has_chip()));
    }
}
