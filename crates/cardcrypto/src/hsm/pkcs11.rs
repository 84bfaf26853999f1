//! A key file's master key in a PKCS#11 token: it is made there, works there and never leaves.
//!
//! No key but that one lives in the token, and no payment operation runs there: PKCS#11 has no PIN
//! translation, retail MAC or SM4. The file's keys are opened through the token and work in the software
//! module.
//!
//! # What of X9.143 a token can do
//!
//! A key block of version D is opened by two keys that follow from the protection key by CMAC over
//! constants (6.3.2). If the token were asked for these CMACs (`CKM_AES_CMAC`), the two keys would come out
//! of it; and since the constants never change, whoever once saw them opens every block under that key, for
//! ever, without the token. The master would be out in all but name. Deriving them inside needs mechanisms
//! that certified tokens switch off (`CKM_AES_ECB_ENCRYPT_DATA`) or do not have yet
//! (`CKM_SP800_108_COUNTER_KDF`). Wrapping (`CKM_AES_KEY_WRAP_PAD`) would do, but what `C_UnwrapKey` makes
//! has to be readable for the software module to work with it, which tokens in their certified mode refuse.
//!
//! So the token does the one thing that all of them do: it encrypts and decrypts 32 bytes of data by
//! AES-GCM under a key that it made itself, which is sensitive, never extractable, and permits nothing
//! else: no wrapping (with decryption that would read out other keys), no signing, no derivation. These 32
//! bytes are the file's own master key: random, new each time the file is written, and in this process'
//! memory only beside the keys it protects anyway. Who copies the file without the token has nothing; who
//! reads this process' memory has the keys of today's file, as with every software module, and not those of
//! the next.
//!
//! The file holds the sealed master in a comment of its own ([`SealedMaster`]), so its form is the same.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::aead::GcmParams;
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::{AuthPin, Ulong};
use zeroize::Zeroizing;

use crate::hexadecimal;
use crate::key_store::{MASTER_BYTES, MasterKey};

/// Bytes of the initialization vector of AES-GCM (NIST SP 800-38D, 8.2.1 recommends 96 bits).
const VECTOR_BYTES: usize = 12;
/// Bytes of its authentication tag.
const TAG_BYTES: usize = 16;
/// Bytes of a sealed master key.
const SEALED_BYTES: usize = VECTOR_BYTES + MASTER_BYTES + TAG_BYTES;
/// How a sealed master key's line in a key file begins.
const SEALED_LINE: &str = "# master key in a token: ";
/// What is authenticated beside it, so that nothing else that this key ever encrypts is taken for a master
/// key.
const PURPOSE: &[u8] = b"cardwarden key file master 1";

/// Where the key is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenPlace {
    /// The token's library, such as `/usr/lib/softhsm/libsofthsm2.so`.
    pub module: PathBuf,
    /// The token's label. Slots are numbered anew by some libraries; labels stay.
    pub token: String,
    /// The key's label.
    pub key: String,
}

/// Why the token opened nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenError {
    /// The library cannot be loaded, or is none of PKCS#11.
    Library,
    /// No token has the label; it may have been taken out.
    NoToken,
    /// Several tokens have the label.
    TokenNotUnique,
    /// The PIN is wrong. After a few of these a token locks itself.
    WrongPin,
    /// The token has locked itself, or its PIN expired or was never set.
    PinLocked,
    /// The token has no key of the label; it may have been removed.
    NoKey,
    /// The token has several keys of the label, or already has one.
    KeyNotUnique,
    /// The key is not one that may hold a master: the text says what of it is wrong.
    UnfitKey(&'static str),
    /// The sealed master key is malformed, was changed, or belongs to another token.
    Sealed,
    /// The token refused; the text is its library's, about the call and not its data.
    Refused(String),
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TokenError::Library => f.write_str("the token's library cannot be loaded"),
            TokenError::NoToken => f.write_str("there is no token of this label"),
            TokenError::TokenNotUnique => f.write_str("several tokens have this label"),
            TokenError::WrongPin => f.write_str("the token's PIN is wrong"),
            TokenError::PinLocked => f.write_str("the token is locked, or its PIN expired or was never set"),
            TokenError::NoKey => f.write_str("the token has no key of this label"),
            TokenError::KeyNotUnique => f.write_str("the token has more than one key of this label"),
            TokenError::UnfitKey(why) => write!(f, "the token's key may not hold a master key: {why}"),
            TokenError::Sealed => f.write_str("the sealed master key does not open under the token's key"),
            TokenError::Refused(why) => write!(f, "the token refused: {why}"),
        }
    }
}

impl std::error::Error for TokenError {}

impl From<Error> for TokenError {
    fn from(error: Error) -> Self {
        if let Error::LibraryLoading(_) | Error::MissingSymbol(_) | Error::NullFunctionPointer = error {
            return Self::Library;
        }
        let Error::Pkcs11(why, _) = &error else { return Self::Refused(error.to_string()) };
        if matches!(why, RvError::PinIncorrect | RvError::PinInvalid | RvError::PinLenRange) {
            Self::WrongPin
        } else if matches!(why, RvError::PinLocked | RvError::PinExpired | RvError::UserPinNotInitialized) {
            Self::PinLocked
        } else if matches!(
            why,
            RvError::TokenNotPresent
                | RvError::TokenNotRecognized
                | RvError::SlotIdInvalid
                | RvError::DeviceRemoved
        ) {
            Self::NoToken
        } else if matches!(why, RvError::KeyHandleInvalid | RvError::ObjectHandleInvalid) {
            Self::NoKey
        } else {
            Self::Refused(error.to_string())
        }
    }
}

/// A master key as its file holds it: encrypted by the token.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedMaster([u8; SEALED_BYTES]);

impl SealedMaster {
    /// The sealed master key of a key file, if it has one.
    ///
    /// # Errors
    /// [`TokenError::Sealed`] for a line that is malformed, or a second one.
    pub fn of_file(text: &str) -> Result<Option<Self>, TokenError> {
        let mut lines = text.lines().filter_map(|line| line.strip_prefix(SEALED_LINE));
        let Some(digits) = lines.next() else { return Ok(None) };
        if lines.next().is_some() {
            return Err(TokenError::Sealed);
        }
        let bytes = hexadecimal::decode(digits.trim_end().as_bytes()).ok_or(TokenError::Sealed)?;
        bytes.try_into().map(|bytes| Some(Self(bytes))).map_err(|_| TokenError::Sealed)
    }

    /// A key file's text with this sealed master key behind its first line.
    pub fn into_file(&self, text: &str) -> String {
        let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
        format!("{first}\n{SEALED_LINE}{}\n{rest}", hexadecimal::encode(&self.0))
    }
}

impl fmt::Debug for SealedMaster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealedMaster(hidden)")
    }
}

/// An open session with the token, and the key in it. The session lasts as long as this value.
pub struct MasterToken {
    session: Mutex<Session>,
    key: ObjectHandle,
}

impl fmt::Debug for MasterToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterToken")
    }
}

impl MasterToken {
    /// Opens a token and finds the key, which must be one that never left and can do nothing but what it is
    /// for.
    ///
    /// # Errors
    /// [`TokenError`] names what is missing or wrong.
    pub fn open(place: &TokenPlace, pin: Zeroizing<String>) -> Result<Self, TokenError> {
        let session = log_in(place, pin)?;
        let found = session.find_objects(&named(place))?;
        let key = match found.as_slice() {
            [] => return Err(TokenError::NoKey),
            [key] => *key,
            [_, _, ..] => return Err(TokenError::KeyNotUnique),
        };
        check_fit(&session, key)?;
        Ok(Self { session: Mutex::new(session), key })
    }

    /// Makes the key in the token: AES of 256 bits, by the token's own generator.
    ///
    /// # Errors
    /// [`TokenError::KeyNotUnique`] when there is one of the label; otherwise as [`MasterToken::open`].
    pub fn create(place: &TokenPlace, pin: Zeroizing<String>) -> Result<Self, TokenError> {
        let session = log_in(place, pin)?;
        if !session.find_objects(&named(place))?.is_empty() {
            return Err(TokenError::KeyNotUnique);
        }
        let mut template = named(place);
        template.extend([
            Attribute::Token(true),
            Attribute::Private(true),
            Attribute::ValueLen(Ulong::new(MASTER_BYTES as u64)),
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
            Attribute::Encrypt(true),
            Attribute::Decrypt(true),
            Attribute::Wrap(false),
            Attribute::Unwrap(false),
            Attribute::Sign(false),
            Attribute::Verify(false),
            Attribute::Derive(false),
        ]);
        let key = session.generate_key(&Mechanism::AesKeyGen, &template)?;
        check_fit(&session, key)?;
        Ok(Self { session: Mutex::new(session), key })
    }

    /// A new master key from the token's generator, and its sealed form for the file.
    ///
    /// # Errors
    /// [`TokenError::NoKey`] when the key was removed meanwhile, [`TokenError::Refused`].
    pub fn seal_new(&self) -> Result<(MasterKey, SealedMaster), TokenError> {
        let session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let mut master = Zeroizing::new([0; MASTER_BYTES]);
        let mut vector = [0; VECTOR_BYTES];
        session.generate_random_slice(&mut *master)?;
        session.generate_random_slice(&mut vector)?;
        let mut sealed = [0; SEALED_BYTES];
        sealed[..VECTOR_BYTES].copy_from_slice(&vector);
        let mechanism = Mechanism::AesGcm(GcmParams::new(&mut vector, PURPOSE, TAG_BITS.into())?);
        let body = session.encrypt(&mechanism, self.key, &*master)?;
        if body.len() != SEALED_BYTES - VECTOR_BYTES {
            return Err(TokenError::Refused("the encryption has another length than AES-GCM's".to_owned()));
        }
        sealed[VECTOR_BYTES..].copy_from_slice(&body);
        Ok((MasterKey::from_bytes(&master), SealedMaster(sealed)))
    }

    /// Opens a sealed master key.
    ///
    /// # Errors
    /// [`TokenError::Sealed`], [`TokenError::NoKey`] when the key was removed meanwhile,
    /// [`TokenError::NoToken`].
    pub fn unseal(&self, sealed: &SealedMaster) -> Result<MasterKey, TokenError> {
        let session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let (vector, body) = sealed.0.split_at(VECTOR_BYTES);
        let mut vector = vector.to_vec();
        let mechanism = Mechanism::AesGcm(GcmParams::new(&mut vector, PURPOSE, TAG_BITS.into())?);
        // Libraries differ in how they say that the tag is wrong; what says something else is kept apart.
        let clear = session.decrypt(&mechanism, self.key, body).map_err(|error| {
            let why = TokenError::from(error);
            if matches!(why, TokenError::Refused(_)) { TokenError::Sealed } else { why }
        })?;
        let clear = Zeroizing::new(clear);
        let master = Zeroizing::new(clear.as_slice().try_into().map_err(|_| TokenError::Sealed)?);
        Ok(MasterKey::from_bytes(&master))
    }
}

/// Bits of the authentication tag.
const TAG_BITS: u64 = TAG_BYTES as u64 * 8;

fn named(place: &TokenPlace) -> Vec<Attribute> {
    vec![
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::KeyType(KeyType::AES),
        Attribute::Label(place.key.as_bytes().to_vec()),
    ]
}

fn log_in(place: &TokenPlace, pin: Zeroizing<String>) -> Result<Session, TokenError> {
    let context = Pkcs11::new(&place.module)?;
    let ready = context.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK));
    if let Err(error) = ready
        && !matches!(error, Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _))
    {
        return Err(error.into());
    }
    let slot = slot_of(&context, &place.token)?;
    let session = context.open_rw_session(slot)?;
    let entered = session.login(UserType::User, Some(&AuthPin::new(pin.as_str().into())));
    match entered {
        Err(error) if !matches!(error, Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Err(error.into()),
        Ok(()) | Err(_) => Ok(session),
    }
}

fn slot_of(context: &Pkcs11, label: &str) -> Result<Slot, TokenError> {
    let mut found = None;
    for slot in context.get_slots_with_initialized_token()? {
        if context.get_token_info(slot)?.label() == label && found.replace(slot).is_some() {
            return Err(TokenError::TokenNotUnique);
        }
    }
    found.ok_or(TokenError::NoToken)
}

/// What a key must be, and what each of it is refused with.
fn check_fit(session: &Session, key: ObjectHandle) -> Result<(), TokenError> {
    let length = Attribute::ValueLen(Ulong::new(MASTER_BYTES as u64));
    let wanted = [
        (length, "it is not of 256 bits"),
        (Attribute::Sensitive(true), "it is not sensitive"),
        (Attribute::Extractable(false), "it can be extracted"),
        (Attribute::AlwaysSensitive(true), "it was not always sensitive"),
        (Attribute::NeverExtractable(true), "it was not made in the token, or could once be extracted"),
        (Attribute::Encrypt(true), "it may not encrypt"),
        (Attribute::Decrypt(true), "it may not decrypt"),
        (Attribute::Wrap(false), "it may wrap other keys, which it could then decrypt"),
        (Attribute::Derive(false), "it may derive other keys"),
    ];
    let types: Vec<AttributeType> = wanted.iter().map(|(attribute, _)| attribute.attribute_type()).collect();
    let is = session.get_attributes(key, &types)?;
    match wanted.into_iter().find(|(attribute, _)| !is.contains(attribute)) {
        Some((_, why)) => Err(TokenError::UnfitKey(why)),
        None => Ok(()),
    }
}
