//! What all requests share: the host, the settings, what is live, and which keys are in flight.
//!
//! No route and no page here.

use crate::live::{self, Live};
use crate::port::{Durable, Host};
use crate::problem::{Kind, Problem};
use crate::settings::Settings;
use machine::Machine;
use machine::command::Command;
use machine::time::Timestamp;
use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Once, PoisonError};

/// Most connections that listen to what is live.
pub const LISTENERS_MAX: usize = 256;

/// What all requests share.
pub struct Site {
    /// The host.
    pub host: Arc<dyn Host>,
    /// What the binary decided.
    pub settings: Settings,
    /// What is live.
    pub live: Arc<Live>,
    flights: Mutex<HashSet<[u8; 16]>>,
    listeners: Arc<AtomicUsize>,
    minted: AtomicU64,
    started: Once,
}

impl Site {
    /// A site before its first request.
    #[must_use]
    pub fn new(host: Arc<dyn Host>, settings: Settings) -> Arc<Site> {
        let live = Arc::new(Live::new(&settings, host.standing().since));
        Arc::new(Site {
            host,
            settings,
            live,
            flights: Mutex::default(),
            listeners: Arc::default(),
            minted: AtomicU64::new(0),
            started: Once::new(),
        })
    }

    /// Starts the task that reads the host's events, once. Needs a runtime around it.
    pub fn start(&self) {
        self.started.call_once(|| {
            tokio::spawn(live::run(Arc::clone(&self.host), Arc::clone(&self.live)));
        });
    }

    /// Looks at the machine.
    ///
    /// # Errors
    /// If the host cannot look.
    pub async fn look<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Machine, Timestamp) -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let answer = self.host.look(Box::new(|machine, at| Box::new(question(machine, at)))).await?;
        let answer = answer.downcast().expect("a look is answered in the type it asked for");
        Ok(*answer)
    }

    /// Asks under an idempotency key.
    ///
    /// # Errors
    /// If a request under this key is under way, or the host did nothing or cannot say.
    pub async fn ask_once(
        &self,
        key: [u8; 16],
        body: [u8; 16],
        command: Command,
    ) -> Result<Durable, Problem> {
        let _flight = self.take_off(key).ok_or(Problem::new(Kind::InFlight))?;
        let command = Box::new(command);
        Ok(self.host.ask(Command::Keyed { key, body, command }).await?)
    }

    /// Takes a key for as long as what is returned lives; none if somebody has it.
    #[must_use]
    pub fn take_off(&self, key: [u8; 16]) -> Option<Flight<'_>> {
        let mut flights = self.flights.lock().unwrap_or_else(PoisonError::into_inner);
        // Lazily: a flight that is not taken must not be dropped, for dropping frees the key.
        flights.insert(key).then(|| Flight { flights: &self.flights, key })
    }

    /// A seat for one who listens; none when all are taken.
    #[must_use]
    pub fn seat(&self) -> Option<Seat> {
        let taken = self.listeners.fetch_add(1, Ordering::Relaxed);
        let seat = Seat { listeners: Arc::clone(&self.listeners) };
        (taken < LISTENERS_MAX).then_some(seat)
    }

    /// Thirty-two hexadecimal digits nobody can guess and no one gets twice.
    #[must_use]
    pub fn mint(&self) -> String {
        let number = self.minted.fetch_add(1, Ordering::Relaxed);
        let since = self.host.standing().since.0;
        self.sign("minted", &format!("{since}/{number}"))
    }

    /// A keyed hash of `text` for `purpose`, under the secret of this process: thirty-two hexadecimal digits.
    #[must_use]
    pub fn sign(&self, purpose: &str, text: &str) -> String {
        let mut hasher = blake3::Hasher::new_keyed(&self.settings.secret);
        hasher.update(purpose.as_bytes()).update(&[0]).update(text.as_bytes());
        hasher.finalize().to_hex()[..32].to_owned()
    }

    /// Whether `signature` is that of `text`; compared in constant time.
    #[must_use]
    pub fn signed(&self, purpose: &str, text: &str, signature: &str) -> bool {
        let expected = self.sign(purpose, text);
        // Hashing both sides makes the comparison blind to where they differ.
        blake3::hash(expected.as_bytes()) == blake3::hash(signature.as_bytes())
    }
}

/// A key in flight.
pub struct Flight<'a> {
    flights: &'a Mutex<HashSet<[u8; 16]>>,
    key: [u8; 16],
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

/// A seat of one who listens.
pub struct Seat {
    listeners: Arc<AtomicUsize>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.listeners.fetch_sub(1, Ordering::Relaxed);
    }
}
