//! Keys at rest: a text of key blocks under a master key that two people brought in parts.
//!
//! No file is read or written here; the text comes and goes as a string. Label, status and day of each key
//! are readable in its line and bound into its block, so that none can be changed without the master key.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::entropy::{Entropy, EntropyFailed};
use crate::hexadecimal;
use crate::key::{AesKey, CheckValue, Key, KeyError};
use crate::key_usage::{KeyAttributes, KeyStatus};
use crate::keyblock::{Header, KeyBlock, KeyBlockError, OptionalBlock, ProtectionKey, Version};

/// First line of a key store; the number grows with its form.
const FIRST_LINE: &str = "# cardwarden keys 1";
/// Most characters of a label or a day.
pub const WORD_CHARACTERS_MAX: usize = 64;
/// Most keys of a store.
pub const STORED_KEYS_MAX: usize = 65_536;
/// Bytes of the master key and of each component.
pub(crate) const MASTER_BYTES: usize = 32;

/// Optional blocks that bind what a line says: label and time of creation (X9.143:2021, table 6), and the
/// status under a number, which the standard leaves to vendors.
const LABEL: [u8; 2] = *b"LB";
const CREATED: [u8; 2] = *b"TC";
const STATUS: [u8; 2] = *b"01";

/// A part of the master key, brought by one person. Wiped on drop, never shown.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Component([u8; MASTER_BYTES]);

impl Component {
    /// The component typed as 64 hexadecimal characters, blanks disregarded, with the check value printed
    /// beside it.
    ///
    /// # Errors
    /// [`KeyError::Length`] for another length or character, [`KeyError::CheckValue`] for a typing mistake.
    pub fn parse(text: &str, check_value: &str) -> Result<Self, KeyError> {
        let digits: Zeroizing<Vec<u8>> =
            Zeroizing::new(text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect());
        let bytes = Zeroizing::new(hexadecimal::decode(&digits).ok_or(KeyError::Length)?);
        let component = Self(bytes.as_slice().try_into().map_err(|_| KeyError::Length)?);
        let shown = hexadecimal::decode(check_value.trim().as_bytes()).ok_or(KeyError::CheckValue)?;
        if component.check_value().begins_with(&shown) { Ok(component) } else { Err(KeyError::CheckValue) }
    }

    /// A random component.
    ///
    /// # Errors
    /// [`EntropyFailed`].
    pub fn generate(entropy: &dyn Entropy) -> Result<Self, EntropyFailed> {
        let mut component = Self([0; MASTER_BYTES]);
        entropy.fill(&mut component.0)?;
        Ok(component)
    }

    /// The 64 hexadecimal characters, for the one person who keeps it. The word an auditor looks for.
    pub fn expose(&self) -> Zeroizing<String> {
        Zeroizing::new(hexadecimal::encode(&self.0))
    }

    /// What is printed beside it.
    pub fn check_value(&self) -> CheckValue {
        Key::Aes(AesKey::new(&self.0).expect("a component is as long as the master key")).check_value()
    }
}

impl fmt::Debug for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Component(hidden)")
    }
}

/// The key that all others lie under: AES of 256 bits.
#[derive(Clone)]
pub struct MasterKey(ProtectionKey);

impl MasterKey {
    /// The master key of two or more components, folded by exclusive or, of which no proper part says
    /// anything.
    ///
    /// # Errors
    /// [`KeyError::Components`] for fewer than two, or when two are the same and would cancel out.
    pub fn from_components(components: &[Component]) -> Result<Self, KeyError> {
        let same = |(at, one): (usize, &Component)| {
            components[at + 1..].iter().any(|other| bool::from(one.0.ct_eq(&other.0)))
        };
        if components.len() < 2 || components.iter().enumerate().any(same) {
            return Err(KeyError::Components);
        }
        let mut bytes = Zeroizing::new([0; MASTER_BYTES]);
        for component in components {
            for (to, from) in bytes.iter_mut().zip(component.0) {
                *to ^= from;
            }
        }
        AesKey::new(&*bytes).map(|key| Self(ProtectionKey::Aes(key)))
    }

    /// A random master key that nobody can bring again: for development, and said so aloud by whoever uses
    /// it.
    ///
    /// # Errors
    /// [`EntropyFailed`].
    pub fn generate(entropy: &dyn Entropy) -> Result<Self, EntropyFailed> {
        let components = [Component::generate(entropy)?, Component::generate(entropy)?];
        Self::from_components(&components).map_err(|_| EntropyFailed)
    }

    /// The master key that a token opened.
    #[cfg(feature = "pkcs11")]
    pub(crate) fn from_bytes(bytes: &Zeroizing<[u8; MASTER_BYTES]>) -> Self {
        Self(ProtectionKey::Aes(AesKey::new(&**bytes).expect("as long as a key of 256 bits")))
    }

    /// What is written down at the ceremony.
    pub fn check_value(&self) -> CheckValue {
        match &self.0 {
            ProtectionKey::Aes(key) => Key::Aes(key.clone()).check_value(),
            ProtectionKey::Tdes(key) => Key::Tdes(key.clone()).check_value(),
        }
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(256 bits)")
    }
}

/// A key as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredKey {
    /// What it is called: 1 to 64 letters, digits, `.`, `-`, `_`, `/`.
    pub label: String,
    /// What it is for.
    pub attributes: KeyAttributes,
    /// Where it is in its life.
    pub status: KeyStatus,
    /// When it was made, in the same letters, such as `2026-03-01`; this crate knows no clock.
    pub created: String,
    /// The key.
    pub key: Key,
}

/// What is wrong with a key store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyStoreError {
    /// Its first line is not the one of this form.
    FirstLine,
    /// A line is not label, block, check value, status and day.
    Line,
    /// A label or day has other characters, none, or too many.
    Word,
    /// A key block does not open: another master key, or it was changed.
    Block(KeyBlockError),
    /// The line says something else than its block.
    Mismatch,
    /// The check value is not the key's.
    CheckValue,
    /// Two active keys have one label.
    Duplicate,
    /// More than [`STORED_KEYS_MAX`] keys.
    TooMany,
}

impl fmt::Display for KeyStoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeyStoreError::FirstLine => f.write_str("the first line is not that of a key store"),
            KeyStoreError::Line => f.write_str("a line is label, key block, check value, status and day"),
            KeyStoreError::Word => f.write_str("a label or day has other characters"),
            KeyStoreError::Block(why) => write!(f, "{why}"),
            KeyStoreError::Mismatch => f.write_str("the line says something else than its key block"),
            KeyStoreError::CheckValue => f.write_str("the check value is not the key's"),
            KeyStoreError::Duplicate => f.write_str("two active keys have one label"),
            KeyStoreError::TooMany => f.write_str("too many keys"),
        }
    }
}

/// A key store is refused: which line, counted from 1, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The line, or the place of the key that was to be written, from 1.
    pub line: usize,
    /// Why.
    pub why: KeyStoreError,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.why)
    }
}

impl std::error::Error for Refused {}

fn is_word(text: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"._-/".contains(&byte);
    (1..=WORD_CHARACTERS_MAX).contains(&text.len()) && text.bytes().all(known)
}

fn optional(id: [u8; 2], data: &str) -> OptionalBlock {
    OptionalBlock { id, data: data.to_owned() }
}

/// Writes the store: one line a key, each in a key block of version D.
///
/// # Errors
/// [`Refused`] names the key by its place, from 1.
pub fn write(keys: &[StoredKey], master: &MasterKey, entropy: &dyn Entropy) -> Result<String, Refused> {
    let mut text = String::from(FIRST_LINE);
    text.push('\n');
    for (at, stored) in keys.iter().enumerate() {
        let refused = |why| Refused { line: at + 1, why };
        if at == STORED_KEYS_MAX {
            return Err(refused(KeyStoreError::TooMany));
        }
        if !is_word(&stored.label) || !is_word(&stored.created) {
            return Err(refused(KeyStoreError::Word));
        }
        check_unique(&keys[..at], stored).map_err(refused)?;
        let mut header = Header::of(Version::D, &stored.attributes);
        header.optional.push(optional(LABEL, &stored.label));
        header.optional.push(optional(CREATED, &stored.created));
        header.optional.push(optional(STATUS, stored.status.word()));
        let block = KeyBlock::wrap(&master.0, &header, stored.key.expose(), entropy)
            .map_err(|why| refused(KeyStoreError::Block(why)))?;
        let (label, status, created) = (&stored.label, stored.status.word(), &stored.created);
        text.push_str(&format!("{label} {block} {} {status} {created}\n", stored.key.check_value()));
    }
    Ok(text)
}

/// Reads a store back. Empty lines and lines with `#` in front are passed over.
///
/// # Errors
/// [`Refused`] names the line and why; nothing is read of a store of which one line is wrong.
pub fn read(text: &str, master: &MasterKey) -> Result<Vec<StoredKey>, Refused> {
    let mut lines = text.lines().zip(1..);
    if lines.next().is_none_or(|(first, _)| first.trim_end() != FIRST_LINE) {
        return Err(Refused { line: 1, why: KeyStoreError::FirstLine });
    }
    let mut keys = Vec::new();
    for (line, number) in lines {
        let refused = |why| Refused { line: number, why };
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        if keys.len() == STORED_KEYS_MAX {
            return Err(refused(KeyStoreError::TooMany));
        }
        let stored = read_line(line, master).map_err(refused)?;
        check_unique(&keys, &stored).map_err(refused)?;
        keys.push(stored);
    }
    Ok(keys)
}

fn check_unique(before: &[StoredKey], stored: &StoredKey) -> Result<(), KeyStoreError> {
    let active = |key: &StoredKey| key.status == KeyStatus::Active;
    if active(stored) && before.iter().any(|other| active(other) && other.label == stored.label) {
        return Err(KeyStoreError::Duplicate);
    }
    Ok(())
}

fn read_line(line: &str, master: &MasterKey) -> Result<StoredKey, KeyStoreError> {
    let mut words = line.split_ascii_whitespace();
    let mut word = || words.next().ok_or(KeyStoreError::Line);
    let (label, block, check_value, status, created) = (word()?, word()?, word()?, word()?, word()?);
    if words.next().is_some() {
        return Err(KeyStoreError::Line);
    }
    if !is_word(label) || !is_word(created) {
        return Err(KeyStoreError::Word);
    }
    let status = KeyStatus::of_word(status).ok_or(KeyStoreError::Line)?;
    let opened = KeyBlock::unwrap(&master.0, block).map_err(KeyStoreError::Block)?;
    let says = |id: [u8; 2], what: &str| {
        opened.header.optional.iter().any(|block| block.id == id && block.data == what)
    };
    if !says(LABEL, label) || !says(CREATED, created) || !says(STATUS, status.word()) {
        return Err(KeyStoreError::Mismatch);
    }
    let attributes = opened.attributes().map_err(KeyStoreError::Block)?;
    let key = opened.key().map_err(KeyStoreError::Block)?;
    let shown = hexadecimal::decode(check_value.as_bytes()).ok_or(KeyStoreError::CheckValue)?;
    if !key.check_value().begins_with(&shown) {
        return Err(KeyStoreError::CheckValue);
    }
    Ok(StoredKey { label: label.to_owned(), attributes, status, created: created.to_owned(), key })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SystemEntropy;
    use crate::hsm::fits;
    use crate::key::KeyAlgorithm;
    use crate::key_usage::{Exportability, KeyMode, KeyUsage};

    fn stored(label: &str, usage: KeyUsage, algorithm: KeyAlgorithm, status: KeyStatus) -> StoredKey {
        assert!(fits(usage, algorithm));
        StoredKey {
            label: label.to_owned(),
            attributes: KeyAttributes::new(usage, algorithm, KeyMode::Unrestricted)
                .exportable(Exportability::InKeyBlock),
            status,
            created: "2026-03-01".to_owned(),
            key: Key::generate(algorithm, &SystemEntropy).unwrap(),
        }
    }

    fn some() -> Vec<StoredKey> {
        vec![
            stored("pvk/debit", KeyUsage::PinVerificationVisa, KeyAlgorithm::TdesDouble, KeyStatus::Active),
            stored("pvk/debit", KeyUsage::PinVerificationVisa, KeyAlgorithm::TdesDouble, KeyStatus::Overlap),
            stored("mak", KeyUsage::MacUnionPay, KeyAlgorithm::TdesSingle, KeyStatus::Retired),
            stored("zpk", KeyUsage::PinEncryption, KeyAlgorithm::TdesTriple, KeyStatus::Expired),
            stored("terminals", KeyUsage::Derivation, KeyAlgorithm::Aes256, KeyStatus::Active),
            stored("zak", KeyUsage::MacCmac, KeyAlgorithm::Aes192, KeyStatus::Active),
            stored("tmk-sm4", KeyUsage::KeyEncryption, KeyAlgorithm::Sm4, KeyStatus::Active),
            stored("cards", KeyUsage::CardHash, KeyAlgorithm::HmacSha256, KeyStatus::Active),
        ]
    }

    #[test]
    fn keys_come_back_as_they_went() {
        let master = MasterKey::generate(&SystemEntropy).unwrap();
        let keys = some();
        let text = write(&keys, &master, &SystemEntropy).unwrap();
        assert_eq!(read(&text, &master), Ok(keys.clone()));
        for key in &keys {
            assert!(!text.contains(&hexadecimal::encode(key.key.expose())));
        }
        let other = MasterKey::generate(&SystemEntropy).unwrap();
        let refused = Refused { line: 2, why: KeyStoreError::Block(KeyBlockError::Authentication) };
        assert_eq!(read(&text, &other), Err(refused));
    }

    #[test]
    fn changed_stores_are_refused_by_line_and_name() {
        let master = MasterKey::generate(&SystemEntropy).unwrap();
        let text = write(&some(), &master, &SystemEntropy).unwrap();
        let check = |from: &str, to: &str| {
            assert!(text.contains(from), "{from}");
            let refused = read(&text.replacen(from, to, 1), &master).unwrap_err();
            (refused.line, refused.why)
        };
        assert_eq!(check("keys 1", "keys 2"), (1, KeyStoreError::FirstLine));
        assert_eq!(check("mak ", "mac "), (4, KeyStoreError::Mismatch));
        assert_eq!(check(" retired ", " active "), (4, KeyStoreError::Mismatch));
        assert_eq!(check(" retired ", " lively "), (4, KeyStoreError::Line));
        assert_eq!(check(" 2026-03-01", " 2026-03-02"), (2, KeyStoreError::Mismatch));
        assert_eq!(check("mak ", "ma:k "), (4, KeyStoreError::Word));
        assert_eq!(check("mak ", "mak mak "), (4, KeyStoreError::Line));
        assert_eq!(check(" retired 2026-03-01", " retired"), (4, KeyStoreError::Line));
        let first = text.lines().nth(1).unwrap().to_owned();
        assert_eq!(check(&first, &format!("{first}\n{first}")), (3, KeyStoreError::Duplicate));
        let value = first.split(' ').nth(2).unwrap();
        let wrong = if value == "000000" { "111111" } else { "000000" };
        assert_eq!(check(&format!(" {value} "), &format!(" {wrong} ")), (2, KeyStoreError::CheckValue));
        assert!(read("", &master).is_err());
    }

    #[test]
    fn a_master_key_needs_two_people() {
        let parts: Vec<Component> = (0..3).map(|_| Component::generate(&SystemEntropy).unwrap()).collect();
        let whole = MasterKey::from_components(&parts).unwrap();
        let turned = MasterKey::from_components(&[parts[2].clone(), parts[0].clone(), parts[1].clone()]);
        assert_eq!(whole.check_value(), turned.unwrap().check_value());
        assert_eq!(MasterKey::from_components(&parts[..1]).err(), Some(KeyError::Components));
        let twice = [parts[0].clone(), parts[0].clone()];
        assert_eq!(MasterKey::from_components(&twice).err(), Some(KeyError::Components));
        let typed = Component::parse(&parts[0].expose(), &parts[0].check_value().to_string());
        assert_eq!(typed.unwrap().expose(), parts[0].expose());
        let text = parts[0].expose();
        assert_eq!(Component::parse(&text[1..], "000000").err(), Some(KeyError::Length));
        let wrong = parts[1].check_value().to_string();
        assert_eq!(Component::parse(&text, &wrong).err(), Some(KeyError::CheckValue));
        assert_eq!(Component::parse(&text, "").err(), Some(KeyError::CheckValue));
    }
}
