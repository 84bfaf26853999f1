//! Commands and answers of a payShield-style module as text: fields one behind the other, each of a known
//! length.
//!
//! No socket and no key table: what is asked is decided in `payshield`.

use zeroize::Zeroizing;

use super::HsmError;
use crate::hexadecimal;
use crate::keyblock::KeyBlockError;
use crate::pin_block::PinBlockError;

/// Characters in front of a key block under the local master key: the scheme, the version, four digits of
/// length.
const KEY_BLOCK_FRONT: usize = 6;

/// A command as it is put together, wiped when it was sent: it may name a card.
pub(super) struct Ask(Zeroizing<Vec<u8>>);

impl Ask {
    /// A command with its two letters.
    pub(super) fn new(code: &[u8; 2]) -> Self {
        let mut bytes = Zeroizing::new(Vec::with_capacity(256));
        bytes.extend_from_slice(code);
        Self(bytes)
    }

    pub(super) fn text(self, text: &str) -> Self {
        self.bytes(text.as_bytes())
    }

    pub(super) fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    pub(super) fn hex(self, bytes: &[u8]) -> Self {
        let text = Zeroizing::new(hexadecimal::encode(bytes));
        self.text(&text)
    }

    /// The command's bytes.
    pub(super) fn sent(&self) -> &[u8] {
        &self.0
    }

    /// The two letters that its answer has: the second one further.
    pub(super) fn answered_by(&self) -> [u8; 2] {
        [self.0[0], self.0[1] + 1]
    }
}

/// What a module answered, read field by field. What does not read as an answer counts as none.
#[derive(Debug)]
pub(super) struct Answer {
    bytes: Zeroizing<Vec<u8>>,
    at: usize,
}

/// The two characters of an answer that say how it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    Done,
    /// The thing verified is wrong: a verdict.
    Wrong,
}

impl Answer {
    /// Takes an answer apart up to its error code.
    pub(super) fn read(bytes: Zeroizing<Vec<u8>>, code: [u8; 2]) -> Result<(Said, Self), HsmError> {
        let mut answer = Self { bytes, at: 0 };
        if answer.take(2)? != code {
            return Err(HsmError::Unreachable);
        }
        let error = answer.take(2)?;
        match [error[0], error[1]] {
            [b'0', b'0'] => Ok((Said::Done, answer)),
            [b'0', b'1'] => Ok((Said::Wrong, answer)),
            other => Err(refused(other)),
        }
    }

    pub(super) fn take(&mut self, count: usize) -> Result<&[u8], HsmError> {
        let end = self.at.checked_add(count).filter(|end| *end <= self.bytes.len());
        let end = end.ok_or(HsmError::Unreachable)?;
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    pub(super) fn text(&mut self, count: usize) -> Result<&str, HsmError> {
        std::str::from_utf8(self.take(count)?).map_err(|_| HsmError::Unreachable)
    }

    /// As many bytes as twice the hexadecimal characters say.
    pub(super) fn hex(&mut self, bytes: usize) -> Result<Vec<u8>, HsmError> {
        hexadecimal::decode(self.take(bytes * 2)?).ok_or(HsmError::Unreachable)
    }

    /// What is left of the answer.
    pub(super) fn rest(&mut self) -> &[u8] {
        let rest = &self.bytes[self.at..];
        self.at = self.bytes.len();
        rest
    }

    /// A key block with the letter of its scheme in front, which says its own length.
    pub(super) fn key_block(&mut self, scheme: u8) -> Result<String, HsmError> {
        let begun = self.at;
        let front = self.text(KEY_BLOCK_FRONT)?;
        let length: Option<usize> = front.get(2..).and_then(|digits| digits.parse().ok());
        if front.as_bytes()[0] != scheme {
            return Err(HsmError::Unreachable);
        }
        self.at = begun;
        Ok(self.text(length.ok_or(HsmError::Unreachable)? + 1)?.to_owned())
    }

    /// Nothing may be left but what a module appends: an end message delimiter and a trailer.
    pub(super) fn end(&mut self) -> Result<(), HsmError> {
        match self.rest().first() {
            None | Some(0x19) => Ok(()),
            Some(_) => Err(HsmError::Unreachable),
        }
    }
}

/// What an error code means here (published list of host command error codes). `01` never comes here: it is
/// a verdict.
pub(super) fn refused(code: [u8; 2]) -> HsmError {
    match &code {
        b"14" => HsmError::Input("the PIN under the local master key is invalid"),
        b"15" => HsmError::Input("the module found a field of its command invalid"),
        b"20" => HsmError::PinBlock(PinBlockError::Control),
        b"22" => HsmError::Input("the account number"),
        b"23" | b"69" => HsmError::Unsupported,
        b"24" => HsmError::PinBlock(PinBlockError::PinLength),
        b"25" => HsmError::Input("the conversion table is too weak for the module"),
        b"26" | b"27" | b"A5" | b"A7" => HsmError::WrongAlgorithm,
        b"28" | b"A6" => HsmError::WrongUsage,
        b"29" | b"A8" => HsmError::WrongMode,
        b"67" | b"68" => HsmError::Unsupported,
        b"80" => HsmError::Input("the length of the data"),
        b"A4" => HsmError::KeyBlock(KeyBlockError::Authentication),
        b"A9" => HsmError::KeyBlock(KeyBlockError::KeyVersion),
        b"AA" => HsmError::NotExportable,
        b"AB" | b"B3" => HsmError::KeyBlock(KeyBlockError::OptionalCount),
        b"AC" | b"B4" | b"BC" => HsmError::KeyBlock(KeyBlockError::OptionalBlock),
        other => match number(*other) {
            Some(code) => HsmError::Refused(code),
            None => HsmError::Unreachable,
        },
    }
}

/// An error code as a number: two digits are themselves, others count in base 36 and so begin at 360 (`A0`).
/// A letter behind a digit is no code.
fn number(code: [u8; 2]) -> Option<u16> {
    let value =
        |character: u8| char::from(character).to_digit(36).filter(|_| !character.is_ascii_lowercase());
    let (first, second) = (value(code[0])?, value(code[1])?);
    let base = if first < 10 { 10 } else { 36 };
    (first >= 10 || second < 10).then_some((first * base + second) as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_name_or_a_number() {
        let check = |code: &[u8; 2]| refused(*code);
        assert_eq!(check(b"10"), HsmError::Refused(10));
        assert_eq!(check(b"11"), HsmError::Refused(11));
        assert_eq!(check(b"13"), HsmError::Refused(13));
        assert_eq!(check(b"41"), HsmError::Refused(41));
        assert_eq!(check(b"A1"), HsmError::Refused(361));
        assert_eq!(check(b"20"), HsmError::PinBlock(PinBlockError::Control));
        assert_eq!(check(b"24"), HsmError::PinBlock(PinBlockError::PinLength));
        assert_eq!(check(b"68"), HsmError::Unsupported);
        for garbage in [b"1A", b"a1", b"\0\0", b"  ", b"\xff\xff"] {
            assert_eq!(check(garbage), HsmError::Unreachable, "{garbage:?}");
        }
    }

    #[test]
    fn answers_that_are_none_are_refused() {
        let read = |text: &str| Answer::read(Zeroizing::new(text.as_bytes().to_vec()), *b"A7");
        for malformed in ["", "A", "A7", "A70", "A900", "a700"] {
            assert_eq!(read(malformed).err(), Some(HsmError::Unreachable), "{malformed}");
        }
        let blocks = ["S", "S1", "S100", "S1002X", "U10020", "S10090ABC", "S1-001", "S19999"];
        for malformed in blocks {
            let (_, mut answer) = read(&format!("A700{malformed}")).unwrap();
            assert_eq!(answer.key_block(b'S').err(), Some(HsmError::Unreachable), "{malformed}");
        }
        let (_, mut answer) = read("A700S10008ab123456").unwrap();
        assert_eq!(answer.key_block(b'S').unwrap(), "S10008ab1");
        assert_eq!(answer.end(), Err(HsmError::Unreachable));
        let (said, mut answer) = read("A701\u{19}trailer").unwrap();
        assert_eq!((said, answer.end()), (Said::Wrong, Ok(())));
    }
}
