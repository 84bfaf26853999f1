//! Configuration of `serve`: a TOML file, and the environment over it. Every figure has a default, and
//! `serve --print-config` shows them all.
//!
//! An unknown name is an error: a misspelt limit must not silently be none.

use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Everything that can be set.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where the journal, its snapshots and the signatures are kept.
    pub data: PathBuf,
    /// Pages and API.
    pub http: Http,
    /// Terminals.
    pub pos: Pos,
    /// Another host's link; none unless it has an address.
    pub host_link: HostLink,
    /// Keys.
    pub keys: KeyFile,
    /// The journal.
    pub journal: Journal,
    /// The edge.
    pub edge: EdgeLimits,
    /// The bank's policy; what is not set keeps what the journal says.
    pub policy: Policy,
    /// Logs.
    pub log: Log,
}

/// Pages and API.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Http {
    /// Address and port.
    pub listen: SocketAddr,
    /// API keys, as `NAME:SCOPE+SCOPE:BLAKE3-HEX-OF-THE-KEY`; scopes are `read`, `write`, `agent`. Without any,
    /// the API may only listen on the loopback interface.
    pub api_keys: Vec<String>,
    /// Amounts whose cents are a response code are declined with it. For test systems.
    pub test_amounts: bool,
    /// Where a holder reaches the bank, as it stands in sentences.
    pub contact: Option<String>,
}

/// Terminals.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Pos {
    /// Address and port for the UnionPay terminal protocol.
    pub listen: SocketAddr,
    /// Our institution number as acquirer, DE32.
    pub acquirer: u64,
    /// Our institution number as issuer, DE44.
    pub issuer: u64,
    /// Offset of the terminals' clocks from UTC, minutes.
    pub zone_minutes: i16,
    /// Whether batch settlement must carry a MAC; the specification has none there, acquirers differ.
    pub settlement_needs_mac: bool,
}

/// A link to another host.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HostLink {
    /// Address and port; none: no such link.
    pub listen: Option<SocketAddr>,
    /// `iso87-binary`, `iso87-ascii`, `iso87-ascii-hex`, `iso87-ebcdic`, or `auto`: each message as its first
    /// bytes say.
    pub dialect: String,
    /// `binary2` or `ascii4`: how a frame's length is written.
    pub length: String,
    /// Its institution number where a message has none.
    pub acquirer: u64,
    /// The country of its merchants where a message has none, ISO 3166-1 numeric.
    pub country: u16,
    /// Whether it must sign on first.
    pub sign_on: bool,
}

/// Keys.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KeyFile {
    /// The key file.
    pub file: PathBuf,
    /// The library of the PKCS#11 token that holds the master key; none: two components in the environment. Its PIN
    /// is in the environment as `CARDWARDEN_PKCS11_PIN`.
    pub pkcs11_module: Option<PathBuf>,
    /// The token's label.
    pub pkcs11_token: Option<String>,
    /// The label of the key in it.
    pub pkcs11_key: String,
}

/// The journal.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Journal {
    /// A snapshot is taken after so many records; 0: never.
    pub snapshot_records: u64,
    /// Records kept at least; 0: all.
    pub keep_records: u64,
}

/// The edge.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EdgeLimits {
    /// Most open connections.
    pub links_max: usize,
    /// Frames of one connection that may be under way.
    pub frames_in_flight_max: u32,
    /// A connection that says nothing for so long is closed, milliseconds.
    pub idle_ms: i64,
    /// After so long a terminal no longer waits, milliseconds.
    pub answer_ms: i64,
    /// So long the working keys before the last sign-in are honoured, milliseconds.
    pub key_overlap_ms: i64,
}

/// The bank's policy, as far as it is set here. Money in minor units, times in milliseconds.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// ISO 3166-1 numeric.
    pub home_country: Option<u16>,
    /// Wrong PINs until the PIN is frozen, 1 to 15.
    pub pin_tries_max: Option<u8>,
    /// Contactless and code payments up to this need no PIN.
    pub no_pin_max: Option<i64>,
    /// First hour of the night.
    pub night_from_hour: Option<u8>,
    /// First hour of the day.
    pub night_to_hour: Option<u8>,
    /// Attempts within `burst_ms` that are too frequent, 2 to 8.
    pub burst_max: Option<u8>,
    /// See `burst_max`.
    pub burst_ms: Option<i64>,
    /// Fallbacks in a row until they are refused.
    pub fallbacks_max: Option<u8>,
    /// How long a pre-authorization holds.
    pub hold_ms: Option<i64>,
    /// Percent a completion may exceed its hold by.
    pub completion_over_percent: Option<u8>,
    /// How long an answer is remembered.
    pub remember_ms: Option<i64>,
    /// How many transactions are remembered at most.
    pub remember_max: Option<u32>,
}

/// Logs.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// `json` or `text`.
    pub format: String,
    /// What is logged: `info`, or as `tracing` filters read.
    pub filter: String,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            data: PathBuf::from("data"),
            http: Http::default(),
            pos: Pos::default(),
            host_link: HostLink::default(),
            keys: KeyFile::default(),
            journal: Journal::default(),
            edge: EdgeLimits::default(),
            policy: Policy::default(),
            log: Log::default(),
        }
    }
}

impl Default for Http {
    fn default() -> Http {
        let listen = SocketAddr::from(([127, 0, 0, 1], 8080));
        Http { listen, api_keys: Vec::new(), test_amounts: false, contact: None }
    }
}

impl Default for Pos {
    fn default() -> Pos {
        Pos {
            listen: SocketAddr::from(([127, 0, 0, 1], 8583)),
            acquirer: 48_020_000,
            issuer: 1_020_000,
            zone_minutes: 480,
            settlement_needs_mac: false,
        }
    }
}

impl Default for HostLink {
    fn default() -> HostLink {
        HostLink {
            listen: None,
            dialect: "iso87-binary".to_owned(),
            length: "binary2".to_owned(),
            acquirer: 48_020_000,
            country: 156,
            sign_on: false,
        }
    }
}

impl Default for KeyFile {
    fn default() -> KeyFile {
        KeyFile {
            file: PathBuf::from("keys.txt"),
            pkcs11_module: None,
            pkcs11_token: None,
            pkcs11_key: crate::key_file::TOKEN_KEY.to_owned(),
        }
    }
}

impl Default for Journal {
    fn default() -> Journal {
        Journal { snapshot_records: 100_000, keep_records: 0 }
    }
}

impl Default for EdgeLimits {
    fn default() -> EdgeLimits {
        EdgeLimits {
            links_max: 10_000,
            frames_in_flight_max: 64,
            idle_ms: 600_000,
            answer_ms: 50_000,
            key_overlap_ms: 120_000,
        }
    }
}

impl Default for Log {
    fn default() -> Log {
        Log { format: "json".to_owned(), filter: "info".to_owned() }
    }
}

/// Reads the file, then lets the environment speak.
///
/// # Errors
/// What is wrong, and where in the file or in which variable.
pub fn load(file: Option<&Path>) -> Result<Config, String> {
    let mut config = match file {
        None => Config::default(),
        Some(path) => {
            let text =
                std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
            toml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?
        }
    };
    let set = |name: &str| std::env::var(name).ok();
    if let Some(value) = set("CARDWARDEN_DATA") {
        config.data = value.into();
    }
    if let Some(value) = set("CARDWARDEN_KEYS") {
        config.keys.file = value.into();
    }
    if let Some(value) = set("CARDWARDEN_LOG") {
        config.log.filter = value;
    }
    let address = |name: &str| -> Result<Option<SocketAddr>, String> {
        set(name)
            .map(|value| value.parse().map_err(|_| format!("{name} is not an address and port")))
            .transpose()
    };
    if let Some(listen) = address("CARDWARDEN_HTTP")? {
        config.http.listen = listen;
    }
    if let Some(listen) = address("CARDWARDEN_POS")? {
        config.pos.listen = listen;
    }
    if let Some(listen) = address("CARDWARDEN_HOST_LINK")? {
        config.host_link.listen = Some(listen);
    }
    Ok(config)
}

impl Policy {
    /// `before` with what is set here.
    #[must_use]
    pub fn over(&self, before: machine::policy::Policy) -> machine::policy::Policy {
        machine::policy::Policy {
            home_country: self.home_country.unwrap_or(before.home_country),
            pin_tries_max: self.pin_tries_max.unwrap_or(before.pin_tries_max),
            no_pin_max: self.no_pin_max.unwrap_or(before.no_pin_max),
            night_from_hour: self.night_from_hour.unwrap_or(before.night_from_hour),
            night_to_hour: self.night_to_hour.unwrap_or(before.night_to_hour),
            burst_max: self.burst_max.unwrap_or(before.burst_max),
            burst_ms: self.burst_ms.unwrap_or(before.burst_ms),
            fallbacks_max: self.fallbacks_max.unwrap_or(before.fallbacks_max),
            hold_ms: self.hold_ms.unwrap_or(before.hold_ms),
            completion_over_percent: self.completion_over_percent.unwrap_or(before.completion_over_percent),
            remember_ms: self.remember_ms.unwrap_or(before.remember_ms),
            remember_max: self.remember_max.unwrap_or(before.remember_max),
            ..before
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_is_what_is_read() {
        let printed = toml::to_string(&Config::default()).unwrap();
        let read: Config = toml::from_str(&printed).unwrap();
        assert_eq!(format!("{read:?}"), format!("{:?}", Config::default()));
    }

    #[test]
    fn a_misspelt_name_is_refused_with_its_place() {
        let error = toml::from_str::<Config>("[edge]\nlinks_maxx = 3\n").unwrap_err().to_string();
        assert!(error.contains("line 2") && error.contains("links_maxx"), "{error}");
    }
}
