//! What the binary decides about the API and the pages: who may call, what is shown, how much is kept.
//!
//! No secret in clear: keys are known by their hashes.

use machine::freeze::Actor;
use machine::time::Zone;
use std::fmt;

/// Largest body of a request, bytes.
pub const BODY_BYTES_MAX: usize = 64 * 1024;
/// Decisions kept for search, unless told otherwise.
pub const HISTORY_DEFAULT: usize = 200_000;

/// What a caller may do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Scopes {
    /// Look at accounts, cards, decisions, freezes.
    pub read: bool,
    /// Move money and state.
    pub write: bool,
    /// Act and read as an agent of the bank: place and lift freezes, read the agent's words.
    pub agent: bool,
    /// Act and read as the legal desk: an authority's freezes and what is told silently.
    pub legal: bool,
}

impl Scopes {
    /// All that a demo without keys lets everybody do.
    pub const DEMO: Scopes = Scopes { read: true, write: true, agent: true, legal: false };
}

/// A key of the API.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// What it is called in logs and in the idempotency of its requests; not secret.
    pub name: String,
    /// BLAKE3 of the key itself. Keys are long and random, so a plain hash is enough.
    pub hash: [u8; 32],
    /// What it may do.
    pub scopes: Scopes,
    /// The person it stands for; a key with a person acts as no other. None: the caller names its people.
    pub actor: Option<Actor>,
}

impl ApiKey {
    /// The hash of a key as a caller sends it.
    #[must_use]
    pub fn hash_of(key: &str) -> [u8; 32] {
        *blake3::hash(key.as_bytes()).as_bytes()
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKey")
            .field("name", &self.name)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}

/// Who may call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Access {
    /// Everybody, with these scopes: for a demo that is bound to the loopback interface. Requests that name
    /// another host than this computer are refused, so that no page from elsewhere reaches it by a name of
    /// its own.
    Open(Scopes),
    /// Those who have one of these keys.
    Keys(Vec<ApiKey>),
}

/// What the binary decides.
#[derive(Clone)]
pub struct Settings {
    /// Who may call.
    pub access: Access,
    /// Scenes can be played from the page, and it says that it is a demo.
    pub demo: bool,
    /// Amounts whose cents are a code of a decline get that decline, without the machine being asked.
    pub test_amounts: bool,
    /// Decisions kept in memory for search.
    pub history_max: usize,
    /// Where a holder reaches the bank, as it stands in sentences: a telephone number.
    pub contact: Option<String>,
    /// The bank's people a demo proposes for a review.
    pub agents: Vec<Actor>,
    /// The zone in which pages show times that belong to no account.
    pub zone: Zone,
    /// Signs what the pages hand out: cookies, form tokens. Of this process only is enough.
    pub secret: [u8; 32],
}

impl Settings {
    /// Without keys, for a host bound to the loopback interface.
    ///
    /// # Panics
    /// If the operating system has no randomness.
    #[must_use]
    pub fn demo() -> Settings {
        Settings {
            access: Access::Open(Scopes::DEMO),
            demo: true,
            agents: ["wang.min", "li.na"].iter().filter_map(|name| name.parse().ok()).collect(),
            ..Settings::serve(Vec::new())
        }
    }

    /// With keys.
    ///
    /// # Panics
    /// If the operating system has no randomness.
    #[must_use]
    pub fn serve(keys: Vec<ApiKey>) -> Settings {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).expect("the operating system gives randomness");
        Settings {
            access: Access::Keys(keys),
            demo: false,
            test_amounts: false,
            history_max: HISTORY_DEFAULT,
            contact: None,
            agents: Vec::new(),
            zone: Zone::CHINA,
            secret,
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("access", &self.access)
            .field("demo", &self.demo)
            .field("test_amounts", &self.test_amounts)
            .field("history_max", &self.history_max)
            .finish_non_exhaustive()
    }
}
