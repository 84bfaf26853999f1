//! What the pages and the API need of the host that runs them, as a trait the binary fulfils.
//!
//! Nothing here knows how commands become durable; only that an outcome that comes back is.

use machine::Machine;
use machine::cause::Cause;
use machine::command::{Command, PinReference};
use machine::ids::CardId;
use machine::outcome::Outcome;
use machine::time::Timestamp;
use std::any::Any;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use tokio::sync::broadcast;

/// A question that changes nothing, asked of the machine between commands; its answer comes when all it saw
/// is durable. It must be short: sales wait while it runs.
pub type Look = Box<dyn FnOnce(&Machine, Timestamp) -> Box<dyn Any + Send> + Send>;

/// A future of the host's.
pub type Coming<T> = Pin<Box<dyn Future<Output = Result<T, Unavailable>> + Send>>;

/// Why nothing came back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unavailable {
    /// It was not done: a system cause.
    Refused(Cause),
    /// Nobody can say yet whether it was done: ask again under the same idempotency key.
    Unknown,
}

/// A durable outcome.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Durable {
    /// What came of it.
    pub outcome: Outcome,
    /// When.
    pub at: Timestamp,
}

/// One command with its durable outcome, as the journal has it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// What was asked.
    pub command: Command,
    /// What came of it.
    pub outcome: Outcome,
}

/// What a card number becomes at the edge.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Token {
    /// The keyed hash.
    pub card: CardId,
    /// The last four digits, ASCII.
    pub last4: [u8; 4],
}

/// A card number or PIN that is none. Says what is wrong, never what it was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NotACard {
    /// What is wrong.
    pub why: &'static str,
}

/// How the host stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Standing {
    /// Whether it takes commands.
    pub ready: bool,
    /// The last durable record.
    pub head: u64,
    /// Since when it runs.
    pub since: Timestamp,
    /// In words, where it is not ready.
    pub why: Option<String>,
}

/// How long decisions took lately, from arrival to durable, microseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Latency {
    /// Half of them at most.
    pub p50_us: u32,
    /// Ninety-nine of a hundred at most.
    pub p99_us: u32,
}

/// A story the demo can play on request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scene {
    /// Someone tries out stolen cards, fast.
    FraudWave,
    /// The issuer's host is down for a little while.
    Outage,
}

/// The host, as the web sees it.
pub trait Host: Send + Sync + 'static {
    /// Asks the machine; the outcome is durable when it comes.
    fn ask(&self, command: Command) -> Coming<Durable>;
    /// Looks at the machine.
    fn look(&self, look: Look) -> Coming<Box<dyn Any + Send>>;
    /// Durable events from now on, batch by batch; a receiver that falls behind is told so.
    fn events(&self) -> broadcast::Receiver<Arc<Vec<Event>>>;
    /// The present.
    fn now(&self) -> Timestamp;
    /// How the host stands.
    fn standing(&self) -> Standing;
    /// How long decisions took lately; none where nobody measures it.
    fn latency(&self) -> Option<Latency> {
        None
    }
    /// Metrics in the text format of Prometheus.
    fn metrics(&self) -> String;
    /// What a card number becomes.
    ///
    /// # Errors
    /// If it is none.
    fn token(&self, card_number: &str) -> Result<Token, NotACard>;
    /// The verification value of a PIN, to be kept with the card.
    ///
    /// # Errors
    /// If either is none.
    fn pin_reference(&self, card_number: &str, pin: &str) -> Result<PinReference, NotACard>;
    /// Plays a scene; `false` where this host is no demo.
    fn play(&self, scene: Scene) -> bool;
    /// Looks a decision up in the journal when the machine no longer remembers it. May take long.
    fn archived(&self, number: machine::ids::TransactionId) -> Coming<Option<Event>>;
}
