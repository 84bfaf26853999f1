//! The key file on disk, and the master key it lies under: two components in the environment, or a token.
//!
//! What is done with the keys is not known here. No key, component or PIN is in any error.

use crate::commands::Stop;
use cardcrypto::SystemEntropy;
#[cfg(feature = "pkcs11")]
use cardcrypto::hsm::pkcs11::{MasterToken, SealedMaster, TokenPlace};
use cardcrypto::key_store::{self, Component, MasterKey, StoredKey};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Variables that hold the two components of the master key, and their check values behind a colon.
pub const COMPONENTS: [&str; 2] = ["CARDWARDEN_MASTER_1", "CARDWARDEN_MASTER_2"];
/// Variables that say where the master key is, if it is in a token: library, token's label, key's label, PIN.
const TOKEN: [&str; 4] =
    ["CARDWARDEN_PKCS11_MODULE", "CARDWARDEN_PKCS11_TOKEN", "CARDWARDEN_PKCS11_KEY", "CARDWARDEN_PKCS11_PIN"];
/// The key's label where none is said.
pub const TOKEN_KEY: &str = "cardwarden";
/// Most bytes of a key file that are read.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// Where a token is that holds the master key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The token's library.
    pub module: PathBuf,
    /// The token's label.
    pub token: String,
    /// The key's label.
    pub key: String,
}

impl Token {
    /// The token that the environment names, if it names one.
    ///
    /// # Errors
    /// If it names one by half.
    pub fn of_environment() -> Result<Option<Token>, Stop> {
        let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        match (set(TOKEN[0]), set(TOKEN[1])) {
            (None, None) => Ok(None),
            (Some(module), Some(token)) => {
                let key = set(TOKEN[2]).unwrap_or_else(|| TOKEN_KEY.to_owned());
                Ok(Some(Token { module: module.into(), token, key }))
            }
            (Some(_), None) | (None, Some(_)) => {
                Err(Stop::failed(format!("{} and {} are set together or not at all", TOKEN[0], TOKEN[1])))
            }
        }
    }
}

/// What opens and closes a key file.
pub enum Master {
    /// The components of two people.
    Components(MasterKey),
    /// A token; each time the file is written it is under a new key, which only the token opens.
    #[cfg(feature = "pkcs11")]
    Token(Box<MasterToken>),
}

impl Master {
    /// What opens files from now on: the token, if there is one, or else the components in the environment.
    ///
    /// # Errors
    /// Which component is missing or wrong, or what the token said.
    pub fn obtain(token: Option<&Token>) -> Result<Master, Stop> {
        match token {
            Some(token) => in_token(token, false),
            None => of_components().map(Master::Components),
        }
    }

    /// Makes a master key in a token, where there is none yet.
    ///
    /// # Errors
    /// What the token said.
    pub fn create(token: &Token) -> Result<Master, Stop> {
        in_token(token, true)
    }

    /// The keys of a key file's text.
    ///
    /// # Errors
    /// Which line is wrong and why, never what it says.
    pub fn read(&self, text: &str) -> Result<Vec<StoredKey>, String> {
        let keys = match self {
            Master::Components(master) => {
                #[cfg(feature = "pkcs11")]
                if SealedMaster::of_file(text).map_err(|error| error.to_string())?.is_some() {
                    return Err(format!("its master key is in a token: set {} and {}", TOKEN[0], TOKEN[1]));
                }
                key_store::read(text, master)
            }
            #[cfg(feature = "pkcs11")]
            Master::Token(token) => {
                let sealed = SealedMaster::of_file(text).map_err(|error| error.to_string())?;
                let sealed = sealed.ok_or("its master key is not in a token")?;
                key_store::read(text, &token.unseal(&sealed).map_err(|error| error.to_string())?)
            }
        };
        keys.map_err(|refused| refused.to_string())
    }

    /// The text of a key file.
    ///
    /// # Errors
    /// Which key cannot be written, by its label, or what the token said.
    pub fn write(&self, keys: &[StoredKey]) -> Result<String, String> {
        let named = |refused: key_store::Refused| {
            let label = keys.get(refused.line - 1).map_or("", |key| &key.label);
            format!("key `{label}`: {}", refused.why)
        };
        match self {
            Master::Components(master) => key_store::write(keys, master, &SystemEntropy).map_err(named),
            #[cfg(feature = "pkcs11")]
            Master::Token(token) => {
                let (master, sealed) = token.seal_new().map_err(|error| error.to_string())?;
                Ok(sealed.into_file(&key_store::write(keys, &master, &SystemEntropy).map_err(named)?))
            }
        }
    }
}

#[cfg(feature = "pkcs11")]
fn in_token(token: &Token, create: bool) -> Result<Master, Stop> {
    let pin = std::env::var(TOKEN[3]).map_err(|_| Stop::failed(format!("{} is not set", TOKEN[3])))?;
    let place =
        TokenPlace { module: token.module.clone(), token: token.token.clone(), key: token.key.clone() };
    let open = if create { MasterToken::create } else { MasterToken::open };
    let opened = open(&place, Zeroizing::new(pin));
    let opened = opened.map_err(|error| Stop::failed(format!("token `{}`: {error}", token.token)))?;
    Ok(Master::Token(Box::new(opened)))
}

#[cfg(not(feature = "pkcs11"))]
fn in_token(token: &Token, _create: bool) -> Result<Master, Stop> {
    let token = &token.token;
    Err(Stop::failed(format!("token `{token}`: this program was built without the feature `pkcs11`")))
}

/// The master key of the components in the environment.
fn of_components() -> Result<MasterKey, Stop> {
    let component = |name: &str| {
        let text = std::env::var(name);
        let text = text.map_err(|_| Stop::failed(format!("{name} is not set: COMPONENT:CHECKVALUE")))?;
        component_of(&Zeroizing::new(text)).map_err(|why| Stop::failed(format!("{name}: {why}")))
    };
    let components = [component(COMPONENTS[0])?, component(COMPONENTS[1])?];
    MasterKey::from_components(&components).map_err(|error| Stop::failed(format!("the master key: {error}")))
}

/// `COMPONENT:CHECKVALUE`.
fn component_of(text: &str) -> Result<Component, String> {
    let (component, check) = text.split_once(':').ok_or("it is not COMPONENT:CHECKVALUE")?;
    Component::parse(component, check).map_err(|error| error.to_string())
}

/// Opens a key file for a host that only reads it.
///
/// # Errors
/// Which component or line is wrong, never what it says.
pub fn open(file: &Path, token: Option<&Token>) -> Result<Vec<StoredKey>, Stop> {
    let text = text_of(file)?;
    let keys = Master::obtain(token)?.read(&text);
    keys.map_err(|why| Stop::failed(format!("key file {}: {why}", file.display())))
}

/// A key file's text.
///
/// # Errors
/// Why it cannot be read.
pub fn text_of(file: &Path) -> Result<String, Stop> {
    let failed = |error| {
        let how = "`cardwarden keys ceremony` makes one, `cardwarden keys new` one for development";
        Stop::failed(format!("key file {}: {error}; {how}", file.display()))
    };
    let opened = std::fs::File::open(file).map_err(failed)?;
    let mut text = String::new();
    opened.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(failed)?;
    Ok(text)
}

/// Writes a key file so that it is there whole or not at all, readable by its owner only.
///
/// # Errors
/// Why not.
pub fn put(file: &Path, text: &str) -> Result<(), Stop> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut part = file.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    let failed = |error: std::io::Error| Stop::failed(format!("key file {}: {error}", file.display()));
    // What a broken-off act left behind may be readable by others: it is never written into.
    match std::fs::remove_file(&part) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
        Ok(()) | Err(_) => {}
    }
    let mut out =
        std::fs::File::options().write(true).create_new(true).mode(0o600).open(&part).map_err(failed)?;
    out.write_all(text.as_bytes()).and_then(|()| out.sync_all()).map_err(failed)?;
    std::fs::rename(&part, file).map_err(failed)?;
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn malformed_components_are_refused_without_their_digits() {
        let component = Component::generate(&SystemEntropy).unwrap();
        let (digits, value) = (component.expose(), component.check_value().to_string());
        assert!(component_of(&format!("{}:{value}", *digits)).is_ok());
        for text in [
            String::new(),
            ":".to_owned(),
            digits.to_string(),
            format!("{}:", *digits),
            format!("{}:000000", &digits[1..]),
            format!("{}:{value}0", *digits),
            format!("{}x:{value}", &digits[1..]),
            format!("{value}:{}", *digits),
        ] {
            let why = component_of(&text).unwrap_err();
            assert!(!why.contains(&digits[4..12]), "{why}");
        }
    }

    #[test]
    fn a_file_is_its_owners_and_whole() {
        use std::os::unix::fs::PermissionsExt;
        let folder = std::env::temp_dir().join(format!("cardwarden-key-file-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("keys.txt");
        // A part that somebody left open to all is not written into.
        std::fs::write(folder.join("keys.txt.part"), "old").unwrap();
        for text in ["one\n", "two, which is longer\n", "3\n"] {
            put(&file, text).unwrap();
            assert_eq!(text_of(&file).unwrap(), text);
            assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert!(!folder.join("keys.txt.part").exists());
        assert!(put(&folder.join("nowhere/keys.txt"), "").is_err());
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
