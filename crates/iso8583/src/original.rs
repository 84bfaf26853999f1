//! Fields by which hosts name the message they mean: 90 and 95 of 1987, 56 of 1993.
//!
//! Only which digits stand where; looking for the original is not done here.

use crate::malformed::{Malformed, Part, Why};
use crate::mti::Mti;
use crate::text::Digits;
use crate::unionpay::Groups;

/// Field 90 of ISO 8583:1987, n42: the message a reversal or a repeat is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OriginalData {
    /// Its type, n4.
    pub mti: Mti,
    /// Its trace number, n6.
    pub stan: u32,
    /// When it was transmitted, n10 as `MMDDhhmmss`.
    pub transmitted: u64,
    /// Acquiring institution, n11 with zeros on the left; 0 where unknown.
    pub acquirer: u64,
    /// Forwarding institution, n11 with zeros on the left; 0 where unknown.
    pub forwarder: u64,
}

impl OriginalData {
    /// Reads the 42 digits of the field.
    ///
    /// # Errors
    /// [`Part::Field`] 90, where there are not 42 digits.
    pub fn parse(digits: &str) -> Result<Self, Malformed> {
        let mut groups = Groups::new(90, digits);
        let parsed = Self {
            mti: read_mti(&mut groups)?,
            stan: groups.number(6)? as u32,
            transmitted: groups.number(10)?,
            acquirer: groups.number(11)?,
            forwarder: groups.number(11)?,
        };
        groups.end()?;
        Ok(parsed)
    }

    /// The 42 digits of the field.
    ///
    /// # Errors
    /// [`Part::Field`] 90, where a part has more digits than its group.
    pub fn digits(&self) -> Result<Digits, Malformed> {
        let mut digits = Digits::writer(90);
        digits.mti(self.mti)?;
        digits.group(u64::from(self.stan), 6)?;
        digits.group(self.transmitted, 10)?;
        digits.group(self.acquirer, 11)?;
        digits.group(self.forwarder, 11)?;
        Ok(digits.done())
    }
}

fn read_mti(groups: &mut Groups<'_>) -> Result<Mti, Malformed> {
    let start = groups.wrong(Why::NotDigit);
    let text = groups.characters(4)?;
    Mti::parse(text).map_err(|malformed| Malformed { offset: malformed.offset, ..start })
}

/// Field 56 of ISO 8583:1993, n..35: the message this one is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OriginalElements {
    /// Its type, n4.
    pub mti: Mti,
    /// Its trace number, n6.
    pub stan: u32,
    /// Its local date and time, n12 as `YYMMDDhhmmss`.
    pub local: u64,
    /// Acquiring institution, n..11; `None` where the part is missing or empty.
    pub acquirer: Option<u64>,
    /// How many digits the institution was written with, 0 to 11.
    pub acquirer_digits: u8,
}

impl OriginalElements {
    /// Reads the digits of the field.
    ///
    /// # Errors
    /// [`Part::Field`] 56: too short, too long, or an institution longer than eleven digits.
    pub fn parse(digits: &str) -> Result<Self, Malformed> {
        let mut groups = Groups::new(56, digits);
        let mti = read_mti(&mut groups)?;
        let stan = groups.number(6)? as u32;
        let local = groups.number(12)?;
        let mut parsed = Self { mti, stan, local, acquirer: None, acquirer_digits: 0 };
        if groups.left() > 0 {
            let width = groups.number(2)?;
            if width > 11 {
                return Err(groups.wrong(Why::TooLong { max: 11, found: width as usize }));
            }
            parsed.acquirer_digits = width as u8;
            if width > 0 {
                parsed.acquirer = Some(groups.number(width as usize)?);
            }
        }
        groups.end()?;
        Ok(parsed)
    }

    /// The digits of the field.
    ///
    /// # Errors
    /// [`Part::Field`] 56, where a part has more digits than its group.
    pub fn digits(&self) -> Result<Digits, Malformed> {
        let mut digits = Digits::writer(56);
        digits.mti(self.mti)?;
        digits.group(u64::from(self.stan), 6)?;
        digits.group(self.local, 12)?;
        digits.group(u64::from(self.acquirer_digits), 2)?;
        digits.group(self.acquirer.unwrap_or(0), usize::from(self.acquirer_digits))?;
        Ok(digits.done())
    }
}

/// Which way a fee goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// `C`.
    Credit,
    /// `D`.
    Debit,
}

/// Field 95 of ISO 8583:1987, an42: the amounts that take the place of the original's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplacementAmounts {
    /// Actual amount, transaction, in minor units, n12.
    pub transaction: u64,
    /// Actual amount, settlement, in minor units, n12.
    pub settlement: u64,
    /// Actual amount, transaction fee, x + n8; `None` where the sign is filled with a zero or a space.
    pub transaction_fee: Option<(Sign, u32)>,
    /// Actual amount, settlement fee, x + n8; `None` where the sign is filled with a zero or a space.
    pub settlement_fee: Option<(Sign, u32)>,
}

impl ReplacementAmounts {
    /// Reads the 42 characters of the field.
    ///
    /// # Errors
    /// [`Part::Field`] 95: not 42 characters, not digits, not a sign.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let mut groups = Groups::new(95, text);
        let parsed = Self {
            transaction: groups.number(12)?,
            settlement: groups.number(12)?,
            transaction_fee: read_fee(&mut groups)?,
            settlement_fee: read_fee(&mut groups)?,
        };
        groups.end()?;
        Ok(parsed)
    }

    /// The 42 characters of the field. A fee that is not there is nine zeros.
    ///
    /// # Errors
    /// [`Part::Field`] 95, where an amount has more digits than its group.
    pub fn text(&self) -> Result<String, Malformed> {
        let too_long = |offset, max, value: u64| {
            let found = value.to_string().len();
            Malformed::new(Part::Field(95), offset, Why::TooLong { max, found })
        };
        let mut text = String::with_capacity(42);
        for (offset, amount) in [(0, self.transaction), (12, self.settlement)] {
            if amount > 999_999_999_999 {
                return Err(too_long(offset, 12, amount));
            }
            text.push_str(&format!("{amount:012}"));
        }
        for (offset, fee) in [(24, self.transaction_fee), (33, self.settlement_fee)] {
            let Some((sign, amount)) = fee else {
                text.push_str("000000000");
                continue;
            };
            if amount > 99_999_999 {
                return Err(too_long(offset, 8, u64::from(amount)));
            }
            let letter = match sign {
                Sign::Credit => 'C',
                Sign::Debit => 'D',
            };
            text.push_str(&format!("{letter}{amount:08}"));
        }
        Ok(text)
    }
}

fn read_fee(groups: &mut Groups<'_>) -> Result<Option<(Sign, u32)>, Malformed> {
    let wrong = groups.wrong(Why::NotSign);
    let sign = match groups.characters(1)? {
        "C" => Sign::Credit,
        "D" => Sign::Debit,
        "0" | " " => {
            groups.characters(8)?;
            return Ok(None);
        }
        _ => return Err(wrong),
    };
    Ok(Some((sign, groups.number(8)? as u32)))
}
