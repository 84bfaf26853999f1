//! A security module on the network that speaks the payShield host commands.
//!
//! No clear key and no clear PIN ever reaches this process. Keys lie with the host, each in a key block
//! under the module's local master key (scheme `S`), so the module is given the key with each command;
//! which key may do what is checked here first, so that a refusal has a name, and by the module again.
//!
//! # Which commands
//!
//! | operation | command |
//! | --- | --- |
//! | verify a PIN by PVV, by IBM 3624 offset | `EC`, `EA`; from DUKPT `GQ`, `GO` |
//! | generate PVV, offset | `JE` to the local master key, then `DG`, `DE` |
//! | translate a PIN | `CC`; from DUKPT `G0` |
//! | verify a cryptogram, answer it | `KQ` (Visa CVN 10; Mastercard CVN 16 and 17) |
//! | CVV | `CW`, `CY` |
//! | MAC (ISO 9797-1 algorithms 1 and 3 with DES) | `M6`, `M8` |
//! | generate, import, export a key | `A0`, `A6`, `A8`; check value `BU` |
//! | random bytes, echo, diagnostics | `N0`, `B2`, `NC` |
//!
//! `DC`, `DA` and `CA` say the same of terminal keys where the local master key is of the variant kind; in key
//! blocks one usage (`P0`) covers both, and the interchange commands are used for both. Whatever has no such
//! command is refused as [`HsmError::Unsupported`]: UnionPay's ECB MAC, CMAC and HMAC, SM4, AES DUKPT, MACs
//! by DUKPT, PIN format 4 and UnionPay's, cryptograms with the common session key (the tree of `KW` as
//! published is the older EMV 2000 method), issuer scripts, derivation of working keys, card hashes, data.
//! `BE` compares with a PIN that the bank keeps, which Cardwarden never does.
//!
//! # What is not verified
//!
//! The formats follow published command descriptions; no real device was at hand. To be tried first on one:
//! the key block forms of `A0`, `A6`, `A8` and `BU` (delimiters, and sixteen characters of check value),
//! the KSN descriptor `A05`, `DE`'s check length, clear conversion tables (modules may demand encrypted
//! ones), and PIN format `47` in `G0`.
//!
//! A key block does not say how long its key is. Of an imported DES key double length is assumed, of AES
//! 128 bits; the module knows better and refuses what does not fit. [`PayShield::hold`] takes what the
//! operator knows.

use std::fmt;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use zeroize::Zeroizing;

use super::ask::{
    CardData, DataMode, EncryptedPin, MacAlgorithm, MacCode, PinCipherBlock, ScriptPinKeys, WorkingKey,
    WrappedKey,
};
use super::payshield_keys::HostKeys;
use super::payshield_link::Link;
use super::payshield_text::{Answer, Ask, Said};
use super::{Hsm, HsmError, KeyHandle, KeyListing, MAC_BYTES_MIN, Verdict, fits};
use crate::cvv::Cvv;
use crate::dukpt::tdes::Ksn;
use crate::emv::cryptogram::{Arpc, ArpcAsk, Cryptogram};
use crate::emv::{EmvError, MasterKeyOption, Profile};
use crate::hexadecimal;
use crate::key::{CheckValue, KeyAlgorithm};
use crate::key_usage::{Exportability, KeyAct, KeyAttributes, KeyStatus, KeyUsage};
use crate::keyblock::{BlockAlgorithm, Header, KeyBlockError};
use crate::mac::Padding;
use crate::pan::Pan;
use crate::pin::{PIN_DIGITS_MAX, PIN_DIGITS_MIN};
use crate::pin_block::{PinBlockError, PinFormat};
use crate::pin_verification::{Ibm3624, PinOffset, Pvv};
use crate::token::CardToken;

pub use super::payshield_keys::HostKey;
pub use super::payshield_link::{HEADER_BYTES_MAX, LinkSettings};

/// Most bytes that a MAC or an echo is asked over.
pub const MESSAGE_BYTES_MAX: usize = 32_000;
/// Stands for the key type where the local master key is one of key blocks.
const IN_KEY_BLOCK: &str = "FFF";
/// The scheme of key blocks under the local master key.
const LMK_BLOCK: u8 = b'S';
/// The scheme of X9.143 key blocks.
const X9_BLOCK: u8 = b'R';
/// Hexadecimal characters of a check value as the module answers with a key.
const CHECK_VALUE_CHARACTERS: usize = 6;
/// Ten digits of key set, none of sub-key, five of device, and the counter: all twenty of a key serial
/// number.
const KSN_DESCRIPTOR: &str = "A05";
const RULE_RANGE: HsmError = HsmError::Input("the digits that count are not all in the card number");

/// How the module is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How it is reached.
    pub link: LinkSettings,
    /// Digits of the issuer's PINs, 4 to 12: `DE` makes offsets of so many.
    pub pin_digits: u8,
    /// Whether a laboratory certified the module that is there; only the operator knows.
    pub certified: bool,
}

/// What a module says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostics {
    /// The check value of its local master key, 16 hexadecimal characters: another value, other keys.
    pub master_check: String,
    /// Its firmware.
    pub firmware: String,
}

/// The module.
pub struct PayShield {
    link: Link,
    keys: RwLock<HostKeys>,
    name: String,
    settings: Settings,
}

impl fmt::Debug for PayShield {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PayShield({})", self.settings.link.address)
    }
}

/// Where an encrypted PIN comes from: the key, or base key and serial number, as the commands have it.
enum PinSource {
    Zone(String),
    Dukpt { base: String, ksn: Ksn },
}

impl PayShield {
    /// A module at an address, and no keys yet. Nothing is sent.
    ///
    /// # Errors
    /// [`HsmError::Input`] for a setting out of its range.
    pub fn new(settings: Settings) -> Result<Self, HsmError> {
        if !(PIN_DIGITS_MIN..=PIN_DIGITS_MAX).contains(&usize::from(settings.pin_digits)) {
            return Err(HsmError::Input("a PIN has 4 to 12 digits"));
        }
        let name = format!("payShield host commands at {}", settings.link.address);
        Ok(Self { link: Link::new(settings.link.clone())?, keys: RwLock::default(), name, settings })
    }

    /// Takes a key in as it was kept: under the local master key, with what is known of it.
    ///
    /// # Errors
    /// [`HsmError::WrongAlgorithm`] when usage and algorithm do not fit, [`HsmError::KeyBlock`] when the
    /// text is no key block of scheme `S`, [`HsmError::Full`].
    pub fn hold(&self, key: HostKey) -> Result<KeyHandle, HsmError> {
        if !fits(key.attributes.usage, key.attributes.algorithm) {
            return Err(HsmError::WrongAlgorithm);
        }
        let said = key.under_lmk.strip_prefix(char::from(LMK_BLOCK)).and_then(|block| {
            let length: usize = block.get(1..5)?.parse().ok()?;
            Some(length == block.len())
        });
        if said != Some(true) || !key.under_lmk.is_ascii() {
            return Err(HsmError::KeyBlock(KeyBlockError::Length));
        }
        self.write().insert(key)
    }

    /// Whether the module is there and gives back what it is sent (`B2`).
    ///
    /// # Errors
    /// [`HsmError::Unreachable`], [`HsmError::Input`] for over [`MESSAGE_BYTES_MAX`].
    pub fn echo(&self, data: &[u8]) -> Result<(), HsmError> {
        let ask = Ask::new(b"B2").text(&length_4(data.len())?).bytes(data);
        let mut answer = self.done(&ask)?;
        if answer.take(data.len())? == data { answer.end() } else { Err(HsmError::Unreachable) }
    }

    /// What the module says of itself (`NC`).
    ///
    /// # Errors
    /// [`HsmError::Unreachable`], [`HsmError::Refused`].
    pub fn diagnostics(&self) -> Result<Diagnostics, HsmError> {
        let mut answer = self.done(&Ask::new(b"NC"))?;
        let master_check = hexadecimal::encode(&answer.hex(8)?);
        let firmware =
            answer.rest().iter().filter(|byte| byte.is_ascii_graphic()).map(|byte| char::from(*byte));
        Ok(Diagnostics { master_check, firmware: firmware.collect() })
    }

    fn read(&self) -> RwLockReadGuard<'_, HostKeys> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, HostKeys> {
        self.keys.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn say(&self, ask: &Ask) -> Result<(Said, Answer), HsmError> {
        Answer::read(self.link.exchange(ask.sent())?, ask.answered_by())
    }

    /// The answer of a command that verifies nothing.
    fn done(&self, ask: &Ask) -> Result<Answer, HsmError> {
        match self.say(ask)? {
            (Said::Done, answer) => Ok(answer),
            (Said::Wrong, _) => Err(HsmError::Refused(1)),
        }
    }

    fn verdict(&self, ask: &Ask) -> Result<Verdict, HsmError> {
        Ok(match self.say(ask)? {
            (Said::Done, _) => Verdict::Right,
            (Said::Wrong, _) => Verdict::Wrong,
        })
    }

    /// A key's text, if it may.
    fn permit(&self, key: KeyHandle, usage: KeyUsage, act: KeyAct) -> Result<String, HsmError> {
        Ok(self.read().permit(key, &[usage], act)?.under_lmk.clone())
    }

    fn pin_source(&self, pin: &EncryptedPin<'_>) -> Result<PinSource, HsmError> {
        let source = match pin.key {
            WorkingKey::Held(key) => {
                PinSource::Zone(self.permit(key, KeyUsage::PinEncryption, KeyAct::Decrypt)?)
            }
            WorkingKey::DukptTdes { base, ksn, direction: _ } => {
                let base = self.permit(base, KeyUsage::DukptBase, KeyAct::Derive)?;
                if !ksn.is_possible() {
                    return Err(HsmError::KeySerialNumber);
                }
                PinSource::Dukpt { base, ksn }
            }
            WorkingKey::DukptAes { .. } => return Err(HsmError::Unsupported),
        };
        if pin.block.len() != pin.format.bytes() {
            return Err(PinBlockError::Size.into());
        }
        Ok(source)
    }

    /// The PIN under the local master key, for `DG` and `DE`.
    fn pin_under_master(&self, pin: &EncryptedPin<'_>) -> Result<Zeroizing<String>, HsmError> {
        let PinSource::Zone(key) = self.pin_source(pin)? else { return Err(HsmError::Unsupported) };
        let ask =
            Ask::new(b"JE").text(&key).hex(pin.block).text(format_code(pin.format)?).text(&account(pin.pan));
        let mut answer = self.done(&ask)?;
        let digits: Zeroizing<Vec<u8>> =
            Zeroizing::new(answer.rest().iter().copied().take_while(|byte| *byte != 0x19).collect());
        if digits.is_empty() || !digits.iter().all(u8::is_ascii_hexdigit) {
            return Err(HsmError::Unreachable);
        }
        Ok(Zeroizing::new(digits.iter().map(|byte| char::from(*byte)).collect()))
    }

    /// The first characters of both ways to ask for a PIN's verification.
    fn verify_front(
        &self,
        pin: &EncryptedPin<'_>,
        pvk: &str,
        zone: &[u8; 2],
        dukpt: &[u8; 2],
        length: &str,
    ) -> Result<Ask, HsmError> {
        let code = format_code(pin.format)?;
        Ok(match self.pin_source(pin)? {
            PinSource::Zone(key) => Ask::new(zone).text(&key).text(pvk).text(length),
            PinSource::Dukpt { base, ksn } => {
                Ask::new(dukpt).text("0").text(&base).text(pvk).text(KSN_DESCRIPTOR).hex(ksn.bytes())
            }
        }
        .hex(pin.block)
        .text(code))
    }

    /// `KQ`: verification alone, or with an answer.
    fn cryptogram(
        &self,
        issuer: KeyHandle,
        cryptogram: &Cryptogram<'_>,
        code: Option<[u8; 2]>,
    ) -> Result<(Said, Answer), HsmError> {
        let issuer = self.permit(issuer, KeyUsage::EmvCryptogram, KeyAct::Derive)?;
        let scheme = scheme_of(cryptogram)?;
        let mut data = cryptogram.data.to_vec();
        // The module fills with zeros; the one bit in front of them is the host's to add.
        if cryptogram.profile.rules().padding == Padding::OneThenZeros {
            data.push(0x80);
            data.resize(data.len().next_multiple_of(8), 0);
        }
        let length = u8::try_from(data.len()).ok().filter(|length| *length > 0);
        let length = length.ok_or(HsmError::Input("a cryptogram covers 1 to 255 bytes"))?;
        let ask = Ask::new(b"KQ")
            .text(if code.is_some() { "1" } else { "0" })
            .text(scheme)
            .text(&issuer)
            .bytes(&*packed_card(cryptogram))
            .bytes(&cryptogram.atc)
            .bytes(&cryptogram.unpredictable)
            .hex(&[length])
            .bytes(&data)
            .text(";")
            .bytes(&cryptogram.arqc)
            .bytes(code.as_ref().map_or(&[], |code| &code[..]));
        self.say(&ask)
    }

    /// A check value of five bytes (`BU`), and the key with it.
    fn checked(&self, key: String, shown: &[u8]) -> Result<(String, CheckValue), HsmError> {
        let mut answer = self.done(&Ask::new(b"BU").text("FFF").text(&key).text("#0"))?;
        let whole = answer.hex(8).map_err(|_| HsmError::Unsupported)?;
        let value = CheckValue::first_of(&whole);
        if value.begins_with(shown) { Ok((key, value)) } else { Err(HsmError::Unreachable) }
    }

    /// What `A0` and `A6` answer: a key under the local master key and the beginning of its check value.
    fn new_key(&self, ask: &Ask) -> Result<(String, CheckValue), HsmError> {
        let mut answer = self.done(ask)?;
        let key = answer.key_block(LMK_BLOCK)?;
        let shown = answer.hex(CHECK_VALUE_CHARACTERS / 2)?;
        self.checked(key, &shown)
    }

    fn mac(
        &self,
        key: WorkingKey,
        algorithm: MacAlgorithm,
        act: KeyAct,
    ) -> Result<(String, &'static str), HsmError> {
        let WorkingKey::Held(key) = key else { return Err(HsmError::Unsupported) };
        let held = self.read();
        let held = held.permit(key, algorithm.usages(), act)?;
        if !held.attributes.algorithm.is_tdes() {
            return Err(HsmError::Unsupported);
        }
        let method = match algorithm {
            MacAlgorithm::Cbc { padding: Padding::Zeros } => "11",
            MacAlgorithm::Cbc { padding: Padding::OneThenZeros } => "12",
            MacAlgorithm::Cbc { padding: Padding::LengthInFront } => "13",
            MacAlgorithm::Retail { padding: Padding::Zeros } => "31",
            MacAlgorithm::Retail { padding: Padding::OneThenZeros } => "32",
            MacAlgorithm::Retail { padding: Padding::LengthInFront } => "33",
            MacAlgorithm::UnionPayEcb | MacAlgorithm::Cmac | MacAlgorithm::HmacSha256 => {
                return Err(HsmError::Unsupported);
            }
        };
        Ok((held.under_lmk.clone(), method))
    }
}

/// The module's code of a PIN block's form.
fn format_code(format: PinFormat) -> Result<&'static str, HsmError> {
    match format {
        PinFormat::Iso0 => Ok("01"),
        PinFormat::Iso1 => Ok("05"),
        PinFormat::Iso3 => Ok("47"),
        PinFormat::Iso2 | PinFormat::Iso4 | PinFormat::UnionPayNoPan => Err(HsmError::Unsupported),
    }
}

/// The twelve right-most digits of a card number without its check digit.
fn account(pan: &Pan) -> Zeroizing<String> {
    let digits = pan.expose();
    let end = digits.len() - 1;
    Zeroizing::new(format!("{:0>12}", &digits[end.saturating_sub(12)..end]))
}

/// Four hexadecimal characters of a length.
fn length_4(length: usize) -> Result<String, HsmError> {
    if length > MESSAGE_BYTES_MAX {
        return Err(HsmError::Input("the message is longer than a command takes"));
    }
    Ok(format!("{length:04X}"))
}

/// Validation data as `EA`, `GO` and `DE` take it: twelve characters of which `N` stands for the last five
/// digits of the account number, which must therefore be among the sixteen that are encrypted.
fn validation_data(rule: &Ibm3624, pan: &Pan) -> Result<Zeroizing<String>, HsmError> {
    let whole = rule.validation(pan).map_err(|_| RULE_RANGE)?;
    let account = account(pan);
    let place = whole.find(&account[7..]).ok_or(HsmError::Unsupported)?;
    Ok(Zeroizing::new(format!("{}N{}", &whole[..place], &whole[place + 5..])))
}

/// Card number and sequence, the right-most sixteen digits, packed (EMV Book 2, annex A1.4.1).
fn packed_card(cryptogram: &Cryptogram<'_>) -> Zeroizing<[u8; 8]> {
    let digits =
        Zeroizing::new(format!("{:0>14}{:02}", cryptogram.pan.expose(), cryptogram.sequence.number()));
    let last = &digits.as_bytes()[digits.len() - 16..];
    Zeroizing::new(std::array::from_fn(|at| (last[at * 2] - b'0') << 4 | (last[at * 2 + 1] - b'0')))
}

/// The scheme of `KQ` for a profile, where it has one.
fn scheme_of(cryptogram: &Cryptogram<'_>) -> Result<&'static str, HsmError> {
    if cryptogram.master_key != MasterKeyOption::A {
        return Err(HsmError::Unsupported);
    }
    match cryptogram.profile {
        Profile::VisaCvn10 => Ok("0"),
        Profile::MastercardCvn16 | Profile::MastercardCvn17 => Ok("1"),
        Profile::VisaCvn18
        | Profile::VisaCvn22
        | Profile::MastercardCvn20
        | Profile::MastercardCvn21
        | Profile::InteracCvn133
        | Profile::Pboc
        | Profile::PbocSm4 => Err(HsmError::Unsupported),
    }
}

/// The two characters for an algorithm in `A0`.
fn algorithm_code(algorithm: KeyAlgorithm) -> Result<&'static str, HsmError> {
    match algorithm {
        KeyAlgorithm::TdesSingle => Ok("DE"),
        KeyAlgorithm::TdesDouble => Ok("T2"),
        KeyAlgorithm::TdesTriple => Ok("T3"),
        KeyAlgorithm::Aes128 => Ok("A1"),
        KeyAlgorithm::Aes192 => Ok("A2"),
        KeyAlgorithm::Aes256 => Ok("A3"),
        KeyAlgorithm::Sm4 | KeyAlgorithm::HmacSha256 => Err(HsmError::Unsupported),
    }
}

/// What a key block says of its key, with the length that is assumed of one.
fn attributes_of(block: &str) -> Result<KeyAttributes, HsmError> {
    let (header, _) = Header::parse(block)?;
    let algorithm = match header.algorithm {
        BlockAlgorithm::Dea => KeyAlgorithm::TdesSingle,
        BlockAlgorithm::Tdea => KeyAlgorithm::TdesDouble,
        BlockAlgorithm::Aes => KeyAlgorithm::Aes128,
        BlockAlgorithm::Sm4 => KeyAlgorithm::Sm4,
        BlockAlgorithm::Hmac => KeyAlgorithm::HmacSha256,
        BlockAlgorithm::EllipticCurve
        | BlockAlgorithm::Rsa
        | BlockAlgorithm::Dsa
        | BlockAlgorithm::Proprietary(_) => return Err(KeyBlockError::Unsupported.into()),
    };
    Ok(KeyAttributes {
        usage: header.usage,
        algorithm,
        mode: header.mode,
        exportability: header.exportability,
        version: header.key_version,
    })
}

fn utf8(bytes: &[u8]) -> Result<&str, HsmError> {
    std::str::from_utf8(bytes).map_err(|_| HsmError::Unreachable)
}

impl Hsm for PayShield {
    fn name(&self) -> &str {
        &self.name
    }

    fn is_certified(&self) -> bool {
        self.settings.certified
    }

    fn random(&self, out: &mut [u8]) -> Result<(), HsmError> {
        for part in out.chunks_mut(255) {
            let mut answer = self.done(&Ask::new(b"N0").text(&format!("{:03}", part.len())))?;
            part.copy_from_slice(answer.take(part.len())?);
        }
        Ok(())
    }

    fn find_key(&self, label: &str) -> Option<KeyHandle> {
        self.read().find(label)
    }

    fn attributes(&self, key: KeyHandle) -> Result<KeyAttributes, HsmError> {
        Ok(self.read().get(key)?.attributes)
    }

    fn generate_key(&self, attributes: KeyAttributes) -> Result<KeyHandle, HsmError> {
        if !fits(attributes.usage, attributes.algorithm) {
            return Err(HsmError::WrongAlgorithm);
        }
        let ask = Ask::new(b"A0")
            .text("0")
            .text(IN_KEY_BLOCK)
            .bytes(&[LMK_BLOCK])
            .text("#")
            .bytes(&attributes.usage.code())
            .text(algorithm_code(attributes.algorithm)?)
            .bytes(&attributes.mode.code())
            .bytes(&attributes.version)
            .bytes(&[attributes.exportability.code()])
            .text("00");
        let (under_lmk, check_value) = self.new_key(&ask)?;
        self.write().insert(HostKey {
            label: None,
            attributes,
            status: KeyStatus::Active,
            under_lmk,
            check_value,
        })
    }

    fn derive_working_key(
        &self,
        _base: KeyHandle,
        _context: &[u8],
        _attributes: KeyAttributes,
    ) -> Result<KeyHandle, HsmError> {
        Err(HsmError::Unsupported)
    }

    fn import_key(
        &self,
        protection: KeyHandle,
        block: &str,
        label: Option<&str>,
    ) -> Result<KeyHandle, HsmError> {
        let cover = self.permit(protection, KeyUsage::KeyBlockProtection, KeyAct::Decrypt)?;
        let attributes = attributes_of(block)?;
        let ask = Ask::new(b"A6")
            .text(IN_KEY_BLOCK)
            .text(&cover)
            .bytes(&[X9_BLOCK])
            .text(block)
            .bytes(&[LMK_BLOCK]);
        let (under_lmk, check_value) = self.new_key(&ask)?;
        let (label, status) = (label.map(str::to_owned), KeyStatus::Active);
        self.write().insert(HostKey { label, attributes, status, under_lmk, check_value })
    }

    fn export_key(&self, protection: KeyHandle, key: KeyHandle) -> Result<String, HsmError> {
        let cover = self.permit(protection, KeyUsage::KeyBlockProtection, KeyAct::Encrypt)?;
        let held = self.read().leaving(key)?.clone();
        match held.attributes.exportability {
            Exportability::InKeyBlock | Exportability::Sensitive => {}
            Exportability::Never => return Err(HsmError::NotExportable),
        }
        let ask = Ask::new(b"A8").text(IN_KEY_BLOCK).text(&cover).text(&held.under_lmk).bytes(&[X9_BLOCK]);
        let mut answer = self.done(&ask)?;
        let block = answer.key_block(X9_BLOCK)?;
        Ok(block[1..].to_owned())
    }

    fn list_keys(&self) -> Vec<KeyListing> {
        self.read().list()
    }

    fn forget(&self, key: KeyHandle) -> Result<(), HsmError> {
        self.write().remove(key)
    }

    fn set_status(&self, key: KeyHandle, status: KeyStatus) -> Result<(), HsmError> {
        self.write().set_status(key, status)
    }

    fn check_value(&self, key: KeyHandle) -> Result<CheckValue, HsmError> {
        Ok(self.read().get(key)?.check_value)
    }

    fn export_under(&self, kek: KeyHandle, key: KeyHandle) -> Result<WrappedKey, HsmError> {
        let (kek, covers) = {
            let keys = self.read();
            let kek = keys.permit(kek, &[KeyUsage::KeyEncryption], KeyAct::Encrypt)?;
            (kek.under_lmk.clone(), kek.attributes.algorithm.is_tdes())
        };
        let held = self.read().leaving(key)?.clone();
        if held.attributes.exportability != Exportability::Sensitive {
            return Err(HsmError::NotExportable);
        }
        // Each block for itself (ANSI X9.17), with the scheme's letter where there is more than one.
        let (scheme, front) = match held.attributes.algorithm {
            KeyAlgorithm::TdesSingle => ("Z", 0),
            KeyAlgorithm::TdesDouble => ("X", 1),
            KeyAlgorithm::TdesTriple => ("Y", 1),
            KeyAlgorithm::Aes128
            | KeyAlgorithm::Aes192
            | KeyAlgorithm::Aes256
            | KeyAlgorithm::Sm4
            | KeyAlgorithm::HmacSha256 => return Err(HsmError::WrongAlgorithm),
        };
        if !covers {
            return Err(HsmError::Unsupported);
        }
        let ask = Ask::new(b"A8").text(IN_KEY_BLOCK).text(&kek).text(&held.under_lmk).text(scheme);
        let mut answer = self.done(&ask)?;
        answer.take(front)?;
        let cryptogram = answer.hex(held.attributes.algorithm.bytes())?;
        let shown = answer.hex(CHECK_VALUE_CHARACTERS / 2)?;
        if !held.check_value.begins_with(&shown) {
            return Err(HsmError::Unreachable);
        }
        Ok(WrappedKey::new(&cryptogram, held.check_value))
    }

    fn verify_pin_pvv(
        &self,
        pin: &EncryptedPin<'_>,
        pvk: KeyHandle,
        key_index: u8,
        pvv: &Pvv,
    ) -> Result<Verdict, HsmError> {
        self.pin_source(pin)?;
        let pvk = self.permit(pvk, KeyUsage::PinVerificationVisa, KeyAct::Verify)?;
        let ask = self.verify_front(pin, &pvk, b"EC", b"GQ", "")?;
        let ask = ask.text(&account(pin.pan)).text(&(key_index % 10).to_string()).bytes(pvv.expose());
        self.verdict(&ask)
    }

    fn generate_pvv(&self, pin: &EncryptedPin<'_>, pvk: KeyHandle, key_index: u8) -> Result<Pvv, HsmError> {
        self.pin_source(pin)?;
        let pvk = self.permit(pvk, KeyUsage::PinVerificationVisa, KeyAct::Generate)?;
        let under_master = self.pin_under_master(pin)?;
        let index = (key_index % 10).to_string();
        let ask = Ask::new(b"DG").text(&pvk).text(&under_master).text(&account(pin.pan)).text(&index);
        Pvv::parse(self.done(&ask)?.text(4)?).ok_or(HsmError::Unreachable)
    }

    fn verify_pin_offset(
        &self,
        pin: &EncryptedPin<'_>,
        pvk: KeyHandle,
        rule: &Ibm3624,
        offset: &PinOffset,
    ) -> Result<Verdict, HsmError> {
        self.pin_source(pin)?;
        let pvk = self.permit(pvk, KeyUsage::PinVerificationIbm3624, KeyAct::Verify)?;
        let digits = offset.expose();
        let text: Zeroizing<String> =
            Zeroizing::new(digits.iter().map(|digit| char::from(digit + b'0')).collect());
        let ask = self
            .verify_front(pin, &pvk, b"EA", b"GO", "12")?
            .text(&format!("{:02}", digits.len()))
            .text(&account(pin.pan))
            .text(&rule.table())
            .text(&validation_data(rule, pin.pan)?)
            .text(&Zeroizing::new(format!("{:F<12}", text.as_str())));
        self.verdict(&ask)
    }

    fn generate_offset(
        &self,
        pin: &EncryptedPin<'_>,
        pvk: KeyHandle,
        rule: &Ibm3624,
    ) -> Result<PinOffset, HsmError> {
        self.pin_source(pin)?;
        let pvk = self.permit(pvk, KeyUsage::PinVerificationIbm3624, KeyAct::Generate)?;
        let validation = validation_data(rule, pin.pan)?;
        let ask = Ask::new(b"DE")
            .text(&pvk)
            .text(&self.pin_under_master(pin)?)
            .text(&format!("{:02}", self.settings.pin_digits))
            .text(&account(pin.pan))
            .text(&rule.table())
            .text(&validation);
        let mut answer = self.done(&ask)?;
        let offset = answer.text(12)?.trim_end_matches('F');
        // An offset shorter than the PIN would check only its beginning.
        if offset.len() != usize::from(self.settings.pin_digits) {
            return Err(HsmError::Input("the PIN has not as many digits as the issuer's PINs"));
        }
        PinOffset::parse(offset).map_err(|_| HsmError::Unreachable)
    }

    fn translate_pin(
        &self,
        pin: &EncryptedPin<'_>,
        to: WorkingKey,
        format: PinFormat,
    ) -> Result<PinCipherBlock, HsmError> {
        if pin.format.is_bound() && !format.is_bound() {
            return Err(HsmError::Input("a PIN bound to its card number stays bound"));
        }
        let source = self.pin_source(pin)?;
        let WorkingKey::Held(to) = to else { return Err(HsmError::Unsupported) };
        let to = {
            let keys = self.read();
            let to = keys.permit(to, &[KeyUsage::PinEncryption], KeyAct::Encrypt)?;
            if format.bytes() == 8 && !to.attributes.algorithm.is_tdes() {
                return Err(PinBlockError::Cipher.into());
            }
            to.under_lmk.clone()
        };
        let (from_code, to_code) = (format_code(pin.format)?, format_code(format)?);
        let ask = match source {
            PinSource::Zone(from) => Ask::new(b"CC").text(&from).text(&to).text("12"),
            PinSource::Dukpt { base, ksn } => {
                Ask::new(b"G0").text(&base).text(&to).text(KSN_DESCRIPTOR).hex(ksn.bytes())
            }
        };
        let ask = ask.hex(pin.block).text(from_code).text(to_code).text(&account(pin.pan));
        let mut answer = self.done(&ask)?;
        answer.take(2)?;
        let block = answer.hex(8)?;
        if answer.text(2)? != to_code {
            return Err(HsmError::Unreachable);
        }
        Ok(PinCipherBlock::new(&block))
    }

    fn make_mac(&self, key: WorkingKey, algorithm: MacAlgorithm, data: &[u8]) -> Result<MacCode, HsmError> {
        let (key, method) = self.mac(key, algorithm, KeyAct::Generate)?;
        // One block of input, binary, sixteen characters of MAC.
        let ask = Ask::new(b"M6").text("001").text(method).text(IN_KEY_BLOCK).text(&key);
        let ask = ask.text(&length_4(data.len())?).bytes(data);
        Ok(MacCode::new(&self.done(&ask)?.hex(8)?))
    }

    fn verify_mac(
        &self,
        key: WorkingKey,
        algorithm: MacAlgorithm,
        data: &[u8],
        code: &[u8],
    ) -> Result<Verdict, HsmError> {
        let (key, method) = self.mac(key, algorithm, KeyAct::Verify)?;
        let size = match code.len() {
            4 => "0",
            8 => "1",
            len if (MAC_BYTES_MIN..=8).contains(&len) => return Err(HsmError::Unsupported),
            _ => return Err(HsmError::Input("not a length of this MAC")),
        };
        let ask = Ask::new(b"M8").text("00").text(size).text(method).text(IN_KEY_BLOCK).text(&key);
        self.verdict(&ask.text(&length_4(data.len())?).bytes(data).hex(code))
    }

    fn hash_card(&self, _key: KeyHandle, _pan: &Pan) -> Result<CardToken, HsmError> {
        Err(HsmError::Unsupported)
    }

    fn generate_cvv(&self, cvk: KeyHandle, card: &CardData<'_>) -> Result<Cvv, HsmError> {
        let cvk = self.permit(cvk, KeyUsage::CardVerification, KeyAct::Generate)?;
        let ask = Ask::new(b"CW").text(&cvk).text(card.pan.expose()).text(";");
        let ask = ask.bytes(card.expiry.digits()).bytes(card.service_code.digits());
        Cvv::parse(self.done(&ask)?.text(3)?).ok_or(HsmError::Unreachable)
    }

    fn verify_cvv(&self, cvk: KeyHandle, card: &CardData<'_>, cvv: &Cvv) -> Result<Verdict, HsmError> {
        let cvk = self.permit(cvk, KeyUsage::CardVerification, KeyAct::Verify)?;
        let ask = Ask::new(b"CY").text(&cvk).text(utf8(cvv.expose())?).text(card.pan.expose()).text(";");
        self.verdict(&ask.bytes(card.expiry.digits()).bytes(card.service_code.digits()))
    }

    fn verify_arqc(&self, issuer: KeyHandle, cryptogram: &Cryptogram<'_>) -> Result<Verdict, HsmError> {
        Ok(match self.cryptogram(issuer, cryptogram, None)? {
            (Said::Done, _) => Verdict::Right,
            (Said::Wrong, _) => Verdict::Wrong,
        })
    }

    fn answer_arqc(
        &self,
        issuer: KeyHandle,
        cryptogram: &Cryptogram<'_>,
        ask: &ArpcAsk<'_>,
    ) -> Result<Option<Arpc>, HsmError> {
        // A wrong cryptogram is worth no complaint about the answer, so it is asked with a code first.
        let code = match ask {
            ArpcAsk::Code(code) => Some(*code),
            ArpcAsk::StatusUpdate { .. } => None,
        };
        match (self.cryptogram(issuer, cryptogram, code)?, code) {
            ((Said::Wrong, _), _) => Ok(None),
            ((Said::Done, mut answer), Some(_)) => Ok(Some(Arpc::new(answer.take(8)?))),
            ((Said::Done, _), None) => Err(HsmError::Chip(EmvError::ArpcMethod)),
        }
    }

    fn make_script_mac(
        &self,
        _integrity: KeyHandle,
        _cryptogram: &Cryptogram<'_>,
        _header: &[u8],
        _data: &[u8],
    ) -> Result<[u8; 8], HsmError> {
        Err(HsmError::Unsupported)
    }

    fn encrypt_script_pin(
        &self,
        _keys: ScriptPinKeys,
        _cryptogram: &Cryptogram<'_>,
        _pin: &EncryptedPin<'_>,
    ) -> Result<Vec<u8>, HsmError> {
        Err(HsmError::Unsupported)
    }

    fn encrypt_data(&self, _key: WorkingKey, _mode: DataMode, _data: &mut [u8]) -> Result<(), HsmError> {
        Err(HsmError::Unsupported)
    }

    fn decrypt_data(&self, _key: WorkingKey, _mode: DataMode, _data: &mut [u8]) -> Result<(), HsmError> {
        Err(HsmError::Unsupported)
    }
}
