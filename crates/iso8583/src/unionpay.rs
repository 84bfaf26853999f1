//! The parts inside fields 44, 48, 53, 60, 61 and 63 of UnionPay terminals (Q/CUP 009.1).
//!
//! Only which digits stand where: what a type or a network code asks for is not known here. Offsets in errors
//! count digits or characters of the field's text; the part is the field.

use crate::malformed::{Malformed, Part, Why};
use crate::text::Digits;

/// Takes groups of digits off the front of a text.
pub(crate) struct Groups<'t> {
    field: u8,
    text: &'t str,
    at: usize,
}

impl<'t> Groups<'t> {
    pub(crate) const fn new(field: u8, text: &'t str) -> Self {
        Self { field, text, at: 0 }
    }

    pub(crate) fn left(&self) -> usize {
        self.text.len() - self.at
    }

    pub(crate) fn characters(&mut self, width: usize) -> Result<&'t str, Malformed> {
        let short = Why::Short { need: width, have: self.left() };
        let taken = self.text.get(self.at..self.at + width).ok_or(self.wrong(short))?;
        self.at += width;
        Ok(taken)
    }

    pub(crate) fn number(&mut self, width: usize) -> Result<u64, Malformed> {
        let start = self.at;
        let taken = self.characters(width)?;
        if let Some(at) = crate::scan::first_not_digit(taken.as_bytes()) {
            return Err(Malformed::new(Part::Field(self.field), start + at, Why::NotDigit));
        }
        Ok(taken.bytes().fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0')))
    }

    /// A group that may be missing at the end.
    fn maybe(&mut self, width: usize) -> Result<Option<u64>, Malformed> {
        if self.left() == 0 { Ok(None) } else { self.number(width).map(Some) }
    }

    pub(crate) fn wrong(&self, why: Why) -> Malformed {
        Malformed::new(Part::Field(self.field), self.at, why)
    }

    pub(crate) fn end(&self) -> Result<(), Malformed> {
        match self.left() {
            0 => Ok(()),
            bytes => Err(self.wrong(Why::Trailing { bytes })),
        }
    }
}

/// Field 60: what kind of transaction, in which batch, from what terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct De60 {
    /// 60.1, n2: type of the transaction.
    pub kind: u8,
    /// 60.2, n6: batch of the terminal.
    pub batch: u32,
    /// 60.3, n3: network management code.
    pub network: u16,
    /// 60.4, n1: what the terminal can read (6 chip and contactless).
    pub capability: Option<u8>,
    /// 60.5, n1: condition of the chip.
    pub chip: Option<u8>,
    /// 60.6, n1: flag of partial debit or balance.
    pub partial: Option<u8>,
    /// 60.7, n3: type of the account.
    pub account: Option<u16>,
}

impl De60 {
    /// Reads the digits of the field.
    ///
    /// # Errors
    /// [`Part::Field`] 60: too short, too long, or cut within a group.
    pub fn parse(digits: &str) -> Result<Self, Malformed> {
        let mut groups = Groups::new(60, digits);
        let parsed = Self {
            kind: groups.number(2)? as u8,
            batch: groups.number(6)? as u32,
            network: groups.number(3)? as u16,
            capability: groups.maybe(1)?.map(|digit| digit as u8),
            chip: groups.maybe(1)?.map(|digit| digit as u8),
            partial: groups.maybe(1)?.map(|digit| digit as u8),
            account: groups.maybe(3)?.map(|number| number as u16),
        };
        groups.end()?;
        Ok(parsed)
    }

    /// The digits of the field. Optional parts are written up to the first that is missing.
    ///
    /// # Errors
    /// [`Part::Field`] 60, where a part has more digits than its group.
    pub fn digits(&self) -> Result<Digits, Malformed> {
        let mut digits = Digits::writer(60);
        digits.group(u64::from(self.kind), 2)?;
        digits.group(u64::from(self.batch), 6)?;
        digits.group(u64::from(self.network), 3)?;
        let Some(capability) = self.capability else {
            return Ok(digits.done());
        };
        digits.group(u64::from(capability), 1)?;
        let Some(chip) = self.chip else {
            return Ok(digits.done());
        };
        digits.group(u64::from(chip), 1)?;
        let Some(partial) = self.partial else {
            return Ok(digits.done());
        };
        digits.group(u64::from(partial), 1)?;
        let Some(account) = self.account else {
            return Ok(digits.done());
        };
        digits.group(u64::from(account), 3)?;
        Ok(digits.done())
    }
}

/// Field 61: which message this one is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct De61 {
    /// 61.1, n6: batch of the original.
    pub batch: u32,
    /// 61.2, n6: trace number of the original.
    pub stan: u32,
    /// 61.3, n4: month and day of the original.
    pub date: Option<u16>,
    /// 61.4, n2: how the original was authorized.
    pub authorized_by: Option<u8>,
    /// 61.5, n11: who authorized it.
    pub authorizer: Option<u64>,
}

impl De61 {
    /// Reads the digits of the field.
    ///
    /// # Errors
    /// [`Part::Field`] 61: too short, too long, or cut within a group.
    pub fn parse(digits: &str) -> Result<Self, Malformed> {
        let mut groups = Groups::new(61, digits);
        let parsed = Self {
            batch: groups.number(6)? as u32,
            stan: groups.number(6)? as u32,
            date: groups.maybe(4)?.map(|date| date as u16),
            authorized_by: groups.maybe(2)?.map(|digits| digits as u8),
            authorizer: groups.maybe(11)?,
        };
        groups.end()?;
        Ok(parsed)
    }

    /// The digits of the field. Optional parts are written up to the first that is missing.
    ///
    /// # Errors
    /// [`Part::Field`] 61, where a part has more digits than its group.
    pub fn digits(&self) -> Result<Digits, Malformed> {
        let mut digits = Digits::writer(61);
        digits.group(u64::from(self.batch), 6)?;
        digits.group(u64::from(self.stan), 6)?;
        let Some(date) = self.date else {
            return Ok(digits.done());
        };
        digits.group(u64::from(date), 4)?;
        let Some(authorized_by) = self.authorized_by else {
            return Ok(digits.done());
        };
        digits.group(u64::from(authorized_by), 2)?;
        let Some(authorizer) = self.authorizer else {
            return Ok(digits.done());
        };
        digits.group(authorizer, 11)?;
        Ok(digits.done())
    }
}

/// Field 53: how PIN and track are protected. Sixteen digits, of which three say something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct De53 {
    /// 53.1, n1: 0 no PIN, 1 PIN block without card number, 2 with card number.
    pub pin_format: u8,
    /// 53.2, n1: 0 DES, 6 3DES, 3 or 4 SM4 (acquirers differ).
    pub algorithm: u8,
    /// 53.3, n1: 1 where the track is encrypted.
    pub track: u8,
}

impl De53 {
    /// Reads the digits of the field. What stands behind the third is reserved and not read.
    ///
    /// # Errors
    /// [`Part::Field`] 53, where there are not sixteen digits.
    pub fn parse(digits: &str) -> Result<Self, Malformed> {
        let mut groups = Groups::new(53, digits);
        let parsed = Self {
            pin_format: groups.number(1)? as u8,
            algorithm: groups.number(1)? as u8,
            track: groups.number(1)? as u8,
        };
        groups.number(13)?;
        groups.end()?;
        Ok(parsed)
    }

    /// The digits of the field.
    ///
    /// # Errors
    /// [`Part::Field`] 53, where a part is over nine.
    pub fn digits(&self) -> Result<Digits, Malformed> {
        let mut digits = Digits::writer(53);
        for part in [self.pin_format, self.algorithm, self.track] {
            digits.group(u64::from(part), 1)?;
        }
        digits.group(0, 13)?;
        Ok(digits.done())
    }
}

/// One side of the totals in field 48 of batch settlement: 31 digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Side {
    /// Sum of debits, in minor units, n12.
    pub debits: u64,
    /// How many, n3.
    pub debit_count: u16,
    /// Sum of credits, in minor units, n12.
    pub credits: u64,
    /// How many, n3.
    pub credit_count: u16,
    /// n1: 0 asked, 1 equal, 2 unequal, 3 error.
    pub result: u8,
}

/// Field 48 of batch settlement (0500, 0510): what terminal and host have counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Cards of the domestic network.
    pub domestic: Side,
    /// Cards of foreign networks.
    pub foreign: Side,
}

impl Totals {
    /// Reads the 62 digits of the field.
    ///
    /// # Errors
    /// [`Part::Field`] 48, where there are not 62 digits.
    pub fn parse(digits: &str) -> Result<Self, Malformed> {
        let mut groups = Groups::new(48, digits);
        let mut side = || -> Result<Side, Malformed> {
            Ok(Side {
                debits: groups.number(12)?,
                debit_count: groups.number(3)? as u16,
                credits: groups.number(12)?,
                credit_count: groups.number(3)? as u16,
                result: groups.number(1)? as u8,
            })
        };
        let parsed = Self { domestic: side()?, foreign: side()? };
        groups.end()?;
        Ok(parsed)
    }

    /// The 62 digits of the field.
    ///
    /// # Errors
    /// [`Part::Field`] 48, where a part has more digits than its group.
    pub fn digits(&self) -> Result<Digits, Malformed> {
        let mut digits = Digits::writer(48);
        for side in [self.domestic, self.foreign] {
            digits.group(side.debits, 12)?;
            digits.group(u64::from(side.debit_count), 3)?;
            digits.group(side.credits, 12)?;
            digits.group(u64::from(side.credit_count), 3)?;
            digits.group(u64::from(side.result), 1)?;
        }
        Ok(digits.done())
    }
}

/// Field 44 of an answer: who issued the card and who acquired the transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct De44<'t> {
    /// 44.1, an11: issuing institution, without the spaces on the right.
    pub issuer: &'t str,
    /// 44.2, an11: acquiring institution, without the spaces on the right.
    pub acquirer: &'t str,
}

impl<'t> De44<'t> {
    /// Reads the text of the field.
    ///
    /// # Errors
    /// [`Part::Field`] 44, where there are not 22 characters.
    pub fn parse(text: &'t str) -> Result<Self, Malformed> {
        let mut groups = Groups::new(44, text);
        let parsed =
            Self { issuer: groups.characters(11)?.trim_end(), acquirer: groups.characters(11)?.trim_end() };
        groups.end()?;
        Ok(parsed)
    }

    /// The text of the field.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{:<11.11}{:<11.11}", self.issuer, self.acquirer)
    }
}

/// Field 63: three characters, and what follows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct De63<'t> {
    /// 63.1, an3: of a request the operator, of an answer the card organisation (`CUP`, `VIS`).
    pub first: &'t str,
    /// 63.2: text of issuer, centre and acquirer; empty in a request.
    pub text: &'t str,
}

impl<'t> De63<'t> {
    /// Reads the text of the field.
    ///
    /// # Errors
    /// [`Part::Field`] 63, where there are less than three characters.
    pub fn parse(text: &'t str) -> Result<Self, Malformed> {
        let mut groups = Groups::new(63, text);
        let first = groups.characters(3)?;
        Ok(Self { first, text: &text[3..] })
    }
}
