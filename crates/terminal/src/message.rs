//! Messages on their way out and back: fields by number, sealed with a MAC, and what every answer is checked for.
//!
//! No transaction is known here, and no state.

use iso8583::{Builder, Malformed, Message, Mti, Tpdu, Value};
use zeroize::Zeroizing;

use crate::fault::PosError;
use crate::keys::WorkingKeys;
use crate::settings::PosSettings;

/// A field's content.
#[derive(Clone, PartialEq, Eq)]
enum Content {
    Text(Zeroizing<String>),
    Bytes(Zeroizing<Vec<u8>>),
}

/// A message of the terminal before it is bytes. Kept for a reversal: it holds a card number, so it is never shown.
#[derive(Clone)]
pub(crate) struct Draft {
    mti: Mti,
    fields: Vec<(u8, Content)>,
}

impl std::fmt::Debug for Draft {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let numbers: Vec<u8> = self.fields.iter().map(|(number, _)| *number).collect();
        write!(f, "Draft({} {numbers:?})", self.mti)
    }
}

impl Draft {
    /// A message without fields. `mti` is one of this crate's own constants.
    pub(crate) fn new(mti: &str) -> Self {
        Self { mti: Mti::parse(mti).expect("our own message types are four digits"), fields: Vec::new() }
    }

    /// Puts text, in place of what was there.
    pub(crate) fn text(&mut self, number: u8, text: &str) -> &mut Self {
        self.put(number, Content::Text(Zeroizing::new(text.to_owned())))
    }

    /// Puts bytes, in place of what was there.
    pub(crate) fn bytes(&mut self, number: u8, bytes: &[u8]) -> &mut Self {
        self.put(number, Content::Bytes(Zeroizing::new(bytes.to_vec())))
    }

    /// Puts the same field as another message, where that one has it.
    pub(crate) fn same(&mut self, number: u8, other: &Self) -> &mut Self {
        match other.find(number) {
            Some(content) => self.put(number, content.clone()),
            None => self,
        }
    }

    /// The text of a field that was put as text.
    pub(crate) fn text_of(&self, number: u8) -> Option<&str> {
        match self.find(number)? {
            Content::Text(text) => Some(text),
            Content::Bytes(_) => None,
        }
    }

    /// The bytes of a field that was put as bytes.
    pub(crate) fn bytes_of(&self, number: u8) -> Option<&[u8]> {
        match self.find(number)? {
            Content::Bytes(bytes) => Some(bytes),
            Content::Text(_) => None,
        }
    }

    fn find(&self, number: u8) -> Option<&Content> {
        self.fields.iter().find(|(other, _)| *other == number).map(|(_, content)| content)
    }

    fn put(&mut self, number: u8, content: Content) -> &mut Self {
        self.fields.retain(|(other, _)| *other != number);
        self.fields.push((number, content));
        self
    }

    /// The frame, without the length in front; with DE64 where `keys` are given.
    pub(crate) fn seal(
        &self,
        settings: &PosSettings,
        keys: Option<&WorkingKeys>,
    ) -> Result<Vec<u8>, Malformed> {
        let mut builder = Builder::new(settings.dialect, self.mti);
        builder.tpdu(Tpdu(settings.tpdu)).header(&settings.header)?;
        for (number, content) in &self.fields {
            match content {
                Content::Text(text) => builder.put(*number, Value::Text(text))?,
                Content::Bytes(bytes) => builder.put(*number, Value::Bytes(bytes))?,
            };
        }
        let bytes = match keys {
            Some(keys) => builder.finish_with_mac(|data| keys.mac(data))?,
            None => builder.finish()?,
        };
        Ok(bytes.to_vec())
    }

    /// Whether a frame answers this message: transport address swapped, message type of the answer, same STAN,
    /// terminal and merchant.
    pub(crate) fn answered_by(&self, settings: &PosSettings, answer: &Message<'_>) -> Result<(), PosError> {
        if answer.tpdu() != Some(Tpdu(settings.tpdu).swapped()) {
            return Err(PosError::NotMine(1));
        }
        let expected = Mti::from_packed(self.mti.packed() + 0x0010);
        if Some(answer.mti()) != expected {
            return Err(PosError::NotMine(0));
        }
        for number in [11, 41, 42] {
            let said = answer.text(number);
            if self.text_of(number).is_some() && said.as_deref() != self.text_of(number) {
                return Err(PosError::NotMine(number));
            }
        }
        Ok(())
    }
}

/// Whether the MAC of an answer holds; `Ok(false)` where there is none.
pub(crate) fn mac_checked(answer: &Message<'_>, keys: Option<&WorkingKeys>) -> Result<bool, PosError> {
    match (answer.binary::<8>(64), keys) {
        (None, _) => Ok(false),
        (Some(code), Some(keys)) if keys.mac_holds(answer.mac_input(), &code) => Ok(true),
        (Some(_), _) => Err(PosError::MacWrong),
    }
}
