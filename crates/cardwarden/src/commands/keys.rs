//! `keys …`: the key file of a host: made by two people, shown by check values, extended by terminals.
//!
//! A key block leaves this module, a clear key only as a component for the two people at a ceremony.

use super::{Stop, say};
use crate::keys::{CARD_HASH, WORKING_BASE, attributes_of, pvk_label, terminal_label};
use cardcrypto::SystemEntropy;
use cardcrypto::key::Key;
use cardcrypto::key_store::{self, Component, MasterKey, StoredKey};
use cardcrypto::KeyStatus;
use std::path::Path;

/// Variables that hold the two components of the master key, and their check values behind a colon.
pub const COMPONENTS: [&str; 2] = ["CARDWARDEN_MASTER_1", "CARDWARDEN_MASTER_2"];

/// Opens a key file under the master key that the environment's two components make.
///
/// # Errors
/// Which component or line is wrong, never what it says.
pub fn open(file: &Path) -> Result<Vec<StoredKey>, Stop> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        Stop::failed(format!("key file {}: {error}; `cardwarden keys new` makes one", file.display()))
    })?;
    key_store::read(&text, &master()?).map_err(|refused| Stop::failed(format!("key file {}: {refused}", file.display())))
}

/// The master key of the components in the environment.
///
/// # Errors
/// Which one is missing or wrong.
pub fn master() -> Result<MasterKey, Stop> {
    let component = |name: &str| {
        let text = std::env::var(name).map_err(|_| Stop::failed(format!("{name} is not set: COMPONENT:CHECKVALUE")))?;
        let text = zeroize::Zeroizing::new(text);
        let (component, check) =
            text.split_once(':').ok_or_else(|| Stop::failed(format!("{name} is not COMPONENT:CHECKVALUE")))?;
        Component::parse(component, check).map_err(|error| Stop::failed(format!("{name}: {error}")))
    };
    let components = [component(COMPONENTS[0])?, component(COMPONENTS[1])?];
    MasterKey::from_components(&components).map_err(|error| Stop::failed(format!("the master key: {error}")))
}

/// Writes a key file so that it is there whole or not at all, readable by its owner only.
///
/// # Errors
/// Why not.
pub fn save(file: &Path, keys: &[StoredKey], master: &MasterKey) -> Result<(), Stop> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let text = key_store::write(keys, master, &SystemEntropy).map_err(Stop::failed)?;
    let part = file.with_extension("part");
    let failed = |error: std::io::Error| Stop::failed(format!("key file {}: {error}", file.display()));
    let mut out = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&part)
        .map_err(failed)?;
    out.write_all(text.as_bytes()).and_then(|()| out.sync_all()).map_err(failed)?;
    std::fs::rename(&part, file).map_err(failed)
}
