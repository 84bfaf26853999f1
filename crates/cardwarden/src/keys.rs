//! The keys of a running host: where they come from and what each is called.
//!
//! No key is ever shown here; what is done with one is the module's. Labels are part of the key file's form.

use cardcrypto::cipher::{BlockCipher, Tdes};
use cardcrypto::emv::{MasterKeyOption, Profile};
use cardcrypto::hsm::{EncryptedPin, SoftHsm};
use cardcrypto::key::{Key, KeyAlgorithm, TdesKey};
use cardcrypto::key_store::StoredKey;
use cardcrypto::pin_block::{PinBlock, PinFormat};
use cardcrypto::{
    Hsm, HsmError, KeyAttributes, KeyHandle, KeyMode, KeyStatus, KeyUsage, Pan, Pin, SystemEntropy,
};
use gateway::{ChipProfile, IssuerRange, KeyRing, ValueProfile};
use machine::command::PinReference;
use machine::ids::{Acceptor, CardId};
use web::port::{NotACard, Token};

/// What went wrong with the keys, by label.
#[derive(Debug)]
pub struct KeysError {
    /// Which key.
    pub label: String,
    /// What.
    pub why: String,
}

impl std::fmt::Display for KeysError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "key `{}`: {}", self.label, self.why)
    }
}

impl std::error::Error for KeysError {}

/// Label of the key that makes card ids.
pub const CARD_HASH: &str = "card-hash";
/// Label of the key before it.
pub const CARD_HASH_BEFORE: &str = "card-hash-before";
/// Label of the key that working keys are derived from.
pub const WORKING_BASE: &str = "working-base";

/// Label of a PIN verification key.
pub fn pvk_label(index: u8) -> String {
    format!("pvk-{index}")
}

/// Label of a terminal's master key.
pub fn terminal_label(acceptor: Acceptor) -> String {
    format!("tmk/{}/{}", acceptor.merchant, acceptor.terminal)
}

/// The keys of a running host: the module that holds them, and who uses which.
pub struct Keys {
    /// The module.
    pub hsm: std::sync::Arc<SoftHsm>,
    /// Which key is for whom.
    pub ring: KeyRing,
}

impl Keys {
    /// Takes in the keys of a key file, by their labels:
    /// `card-hash`, `card-hash-before`, `working-base`, `pvk-1` to `pvk-6`, `tmk/MERCHANT/TERMINAL`,
    /// `imk-ac/PREFIX/PROFILE` and `cvk/PREFIX/PLACE`.
    ///
    /// # Errors
    /// Which key is missing, or what is wrong with one.
    pub fn of(stored: &[StoredKey]) -> Result<Keys, KeysError> {
        let hsm = SoftHsm::new(Box::new(SystemEntropy));
        hsm.load_store(stored).map_err(|error| wrong("*", error))?;
        let needed =
            |label: &str| hsm.find_key(label).ok_or_else(|| wrong(label, "is missing in the key file"));
        let mut ring = KeyRing::new(needed(CARD_HASH)?, needed(WORKING_BASE)?);
        ring.card_hash_before = hsm.find_key(CARD_HASH_BEFORE);
        for (place, slot) in ring.pin_verification.iter_mut().enumerate() {
            *slot = hsm.find_key(&pvk_label(place as u8 + 1));
        }
        for key in stored.iter().filter(|key| matches!(key.status, KeyStatus::Active | KeyStatus::Overlap)) {
            let Some(handle) = hsm.find_key(&key.label) else { continue };
            place(&mut ring, &key.label, handle)?;
        }
        Ok(Keys { hsm: std::sync::Arc::new(hsm), ring })
    }
}

/// Puts a key whose label says whose it is into the ring.
fn place(ring: &mut KeyRing, label: &str, handle: KeyHandle) -> Result<(), KeysError> {
    let parts: Vec<&str> = label.split('/').collect();
    match parts.as_slice() {
        ["tmk", merchant, terminal] => {
            let merchant = merchant.parse().map_err(|error| wrong(label, error))?;
            let terminal = terminal.parse().map_err(|error| wrong(label, error))?;
            ring.set_terminal_master(Acceptor { merchant, terminal }, handle);
        }
        ["imk-ac", prefix, profile] => {
            let profile = profile_named(profile).ok_or_else(|| wrong(label, "names no chip profile"))?;
            let chip = ChipProfile { key: handle, profile, master_key: MasterKeyOption::A };
            range(ring, prefix).chip = Some(chip);
        }
        ["cvk", prefix, place] => {
            let place = place.parse().map_err(|_| wrong(label, "does not say where the value stands"))?;
            range(ring, prefix).value = Some(ValueProfile { key: handle, place });
        }
        _ => {}
    }
    Ok(())
}

/// The issuer range of a prefix, begun if there is none.
fn range<'a>(ring: &'a mut KeyRing, prefix: &str) -> &'a mut IssuerRange {
    let known = ring.issuers.iter().position(|range| range.prefix == prefix);
    let place = known.unwrap_or_else(|| {
        ring.issuers.push(IssuerRange { prefix: prefix.to_owned(), value: None, chip: None });
        ring.issuers.len() - 1
    });
    &mut ring.issuers[place]
}

/// A chip profile by the word a label has for it.
fn profile_named(word: &str) -> Option<Profile> {
    Some(match word {
        "pboc" => Profile::Pboc,
        "pboc-sm4" => Profile::PbocSm4,
        "visa-cvn10" => Profile::VisaCvn10,
        "visa-cvn18" => Profile::VisaCvn18,
        "visa-cvn22" => Profile::VisaCvn22,
        "mastercard-cvn16" => Profile::MastercardCvn16,
        "mastercard-cvn17" => Profile::MastercardCvn17,
        "mastercard-cvn20" => Profile::MastercardCvn20,
        "mastercard-cvn21" => Profile::MastercardCvn21,
        _ => return None,
    })
}

fn wrong(label: &str, why: impl std::fmt::Display) -> KeysError {
    KeysError { label: label.to_owned(), why: why.to_string() }
}

/// What a key of each label is for.
pub fn attributes_of(label: &str) -> Option<KeyAttributes> {
    let (usage, algorithm, mode) = match label.split('/').next()? {
        CARD_HASH | CARD_HASH_BEFORE => (KeyUsage::CardHash, KeyAlgorithm::HmacSha256, KeyMode::Generate),
        WORKING_BASE => (KeyUsage::Derivation, KeyAlgorithm::Aes256, KeyMode::Derive),
        "tmk" => (KeyUsage::KeyEncryption, KeyAlgorithm::TdesDouble, KeyMode::Both),
        "imk-ac" => (KeyUsage::EmvCryptogram, KeyAlgorithm::TdesDouble, KeyMode::Derive),
        "cvk" => (KeyUsage::CardVerification, KeyAlgorithm::TdesDouble, KeyMode::GenerateAndVerify),
        pvk if pvk.starts_with("pvk-") => {
            (KeyUsage::PinVerificationVisa, KeyAlgorithm::TdesDouble, KeyMode::GenerateAndVerify)
        }
        _ => return None,
    };
    Some(KeyAttributes::new(usage, algorithm, mode))
}

/// The `CardId` of a card number, and what of the number may be shown.
///
/// # Errors
/// If it is no card number, or the module does not answer.
pub fn token(hsm: &dyn Hsm, ring: &KeyRing, card_number: &str) -> Result<Token, NotACard> {
    let pan =
        Pan::parse(card_number).map_err(|_| NotACard { why: "the card number is not 12 to 19 digits" })?;
    let token = hsm
        .hash_card(ring.card_hash, &pan)
        .map_err(|_| NotACard { why: "the security module does not answer" })?;
    let last4 =
        *pan.last4().as_bytes().last_chunk().ok_or(NotACard { why: "the card number is too short" })?;
    Ok(Token { card: CardId(token.0), last4 })
}

/// The verification value of a PIN. The clear PIN goes into the module under a key made for this one call.
///
/// # Errors
/// If either is malformed, there is no verification key, or the module does not answer.
pub fn pin_reference(
    hsm: &SoftHsm,
    ring: &KeyRing,
    card_number: &str,
    pin: &str,
) -> Result<PinReference, NotACard> {
    const INDEX: u8 = 1;
    let pan =
        Pan::parse(card_number).map_err(|_| NotACard { why: "the card number is not 12 to 19 digits" })?;
    let pin = Pin::parse(pin).map_err(|_| NotACard { why: "the PIN is not 4 to 12 digits" })?;
    let pvk = ring.pin_verification(INDEX).ok_or(NotACard { why: "there is no PIN verification key" })?;
    let silent = |_: HsmError| NotACard { why: "the security module does not answer" };
    let no_chance = |_| NotACard { why: "there is no randomness for a key" };
    let key =
        TdesKey::new(Key::generate(KeyAlgorithm::TdesDouble, &SystemEntropy).map_err(no_chance)?.expose())
            .map_err(|_| NotACard { why: "a key could not be made" })?;
    let clear = PinBlock::encode(PinFormat::Iso0, &pin, &pan, &SystemEntropy)
        .map_err(|_| NotACard { why: "the PIN cannot be put into a block" })?;
    let block = Tdes::new(&key).encrypt(*clear.expose());
    let usage = KeyAttributes::new(KeyUsage::PinEncryption, KeyAlgorithm::TdesDouble, KeyMode::Both);
    let handle = hsm.load(None, usage, KeyStatus::Active, Key::Tdes(key)).map_err(silent)?;
    let encrypted = EncryptedPin { key: handle.into(), format: PinFormat::Iso0, block: &block, pan: &pan };
    let pvv = hsm.generate_pvv(&encrypted, pvk, INDEX);
    hsm.forget(handle).map_err(silent)?;
    Ok(PinReference { key_index: INDEX, pvv: *pvv.map_err(silent)?.expose() })
}

/// The keys of an invented bank, from a seed: the same for the same seed, and worth as much as the seed is
/// secret, which is nothing. For demonstrations only.
pub fn invented(seed: u64, acceptors: &[Acceptor], prefixes: &[&str]) -> Vec<StoredKey> {
    let fixed = [CARD_HASH, WORKING_BASE].map(str::to_owned).into_iter().chain([pvk_label(1)]);
    let terminals = acceptors.iter().map(|acceptor| terminal_label(*acceptor));
    let chips = prefixes.iter().map(|prefix| format!("imk-ac/{prefix}/pboc"));
    let values = prefixes.iter().map(|prefix| format!("cvk/{prefix}/5"));
    fixed.chain(terminals).chain(chips).chain(values).filter_map(|label| invented_key(seed, &label)).collect()
}

/// One key of the invented bank, by its label; none for a label that names no kind of key.
pub fn invented_key(seed: u64, label: &str) -> Option<StoredKey> {
    let attributes = attributes_of(label)?;
    let mut bytes = vec![0; attributes.algorithm.bytes()];
    let mut stream = blake3::Hasher::new_derive_key("cardwarden demonstration keys, not secret");
    stream.update(&seed.to_le_bytes()).update(label.as_bytes()).finalize_xof().fill(&mut bytes);
    if attributes.algorithm.is_tdes() {
        cardcrypto::key::adjust_parity(&mut bytes);
    }
    let key = Key::new(attributes.algorithm, &bytes).ok()?;
    let created = "demonstration".to_owned();
    Some(StoredKey { label: label.to_owned(), attributes, status: KeyStatus::Active, created, key })
}

/// Says aloud which security module is used, and what it is not.
pub fn say_what_module(hsm: &dyn Hsm) {
    match hsm.is_certified() {
        true => tracing::info!(module = hsm.name(), "security module"),
        false => tracing::warn!(
            module = hsm.name(),
            "this is NO certified security module: keys are in this computer's memory; for development and small set-ups"
        ),
    }
}
