//! Machine and journal joined as a value: commands are gathered into a batch and applied, one record comes
//! out, and once it is durable the answers come out.
//!
//! No threads, clock, sockets or files: it hands records out and is told what became of them, so that the
//! simulator drives exactly what production runs.
//!
//! The rule that everything hangs on: **no answer leaves before its record, and every record before it, is
//! durable.** While one record is being made durable the next batch may be applied; its answers wait for both.

mod record;
mod replay;

pub use record::{Entry, Malformed, RECORD_VERSION, Record};
pub use replay::{Diverged, Replay};

use machine::Machine;
use machine::cause::Cause;
use machine::command::{COMMAND_BYTES_MAX, Command};
use machine::outcome::Outcome;
use machine::time::Timestamp;
use std::any::Any;
use std::collections::VecDeque;

/// Most commands in one record.
pub const BATCH_COMMANDS_MAX: usize = 1024;
/// Most commands waiting; more are refused as overload.
pub const WAITING_MAX: usize = 65_536;
/// Batches applied and not yet durable: one being written, one ready to be.
pub const FLIGHTS_MAX: usize = 2;

const _: () = assert!(
    BATCH_COMMANDS_MAX * (COMMAND_BYTES_MAX + machine::OUTCOME_BYTES_MAX) + record::FRAME_BYTES
        <= journal::RECORD_BYTES_MAX,
    "the largest batch fits into one record"
);

/// A question that changes nothing: asked of the machine between commands, answered when everything it saw
/// is durable.
pub type Look = Box<dyn FnOnce(&Machine, Timestamp) -> Box<dyn Any + Send> + Send>;

enum Waiting<T> {
    Command(T, Command),
    Look(T, Look),
}

/// What comes out for a ticket.
#[expect(clippy::large_enum_variant, reason = "nearly all are outcomes, and they are moved, never copied")]
pub enum Answered<T> {
    /// The command was applied and is durable.
    Outcome {
        /// Whose.
        ticket: T,
        /// What was asked.
        command: Command,
        /// What came of it.
        outcome: Outcome,
        /// When.
        at: Timestamp,
    },
    /// The question was answered.
    Seen {
        /// Whose.
        ticket: T,
        /// What it returned.
        seen: Box<dyn Any + Send>,
    },
    /// It was not applied, and will not be.
    Refused {
        /// Whose.
        ticket: T,
        /// Why: a system cause.
        cause: Cause,
    },
    /// Nobody can say yet whether it lasted: nothing may be answered, and whoever asked has to ask again.
    Unknown {
        /// Whose.
        ticket: T,
    },
}

/// A batch that was applied: what is to be made durable.
struct Flight<T> {
    /// Whether a record was handed out for it; a batch of questions has none.
    recorded: bool,
    answers: Vec<Answered<T>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    Running,
    Stopped,
}

/// The machine, what waits for it, and what waits for the journal.
pub struct Shard<T> {
    machine: Machine,
    waiting: VecDeque<Waiting<T>>,
    flights: VecDeque<Flight<T>>,
    ready: VecDeque<Answered<T>>,
    standing: Standing,
}

impl<T> Shard<T> {
    /// A shard around a machine as recovery left it.
    #[must_use]
    pub fn new(machine: Machine) -> Shard<T> {
        Shard {
            machine,
            waiting: VecDeque::new(),
            flights: VecDeque::new(),
            ready: VecDeque::new(),
            standing: Standing::Running,
        }
    }

    /// Takes a command in. Its answer comes out of `next_answer`, in the order of what came in.
    pub fn submit(&mut self, ticket: T, command: Command) {
        match self.refusal() {
            Some(cause) => self.ready.push_back(Answered::Refused { ticket, cause }),
            None => self.waiting.push_back(Waiting::Command(ticket, command)),
        }
    }

    /// Takes a question in.
    pub fn look(&mut self, ticket: T, look: Look) {
        match self.refusal() {
            Some(cause) => self.ready.push_back(Answered::Refused { ticket, cause }),
            None => self.waiting.push_back(Waiting::Look(ticket, look)),
        }
    }

    fn refusal(&self) -> Option<Cause> {
        match (self.standing, self.waiting.len() >= WAITING_MAX) {
            (Standing::Stopped, _) => Some(Cause::StorageFailed),
            (Standing::Running, true) => Some(Cause::HostOverloaded),
            (Standing::Running, false) => None,
        }
    }

    /// Applies what waits, and appends to `body` the record to be made durable. Says whether there is one:
    /// not while `FLIGHTS_MAX` batches are under way, nor where only questions waited.
    pub fn batch(&mut self, at: Timestamp, body: &mut Vec<u8>) -> bool {
        if self.flights.len() >= FLIGHTS_MAX || self.waiting.is_empty() || self.standing == Standing::Stopped
        {
            return false;
        }
        let at = at.max(self.machine.last_at());
        let take = self.waiting.len().min(BATCH_COMMANDS_MAX);
        let mut answers = Vec::with_capacity(take);
        let mut writer = record::Writer::begin(body, at);
        for waiting in self.waiting.drain(..take) {
            match waiting {
                Waiting::Command(ticket, command) => {
                    let outcome = self.machine.apply(&command, at);
                    writer.entry(&command, &outcome);
                    answers.push(Answered::Outcome { ticket, command, outcome, at });
                }
                Waiting::Look(ticket, look) => {
                    let seen = look(&self.machine, at);
                    answers.push(Answered::Seen { ticket, seen });
                }
            }
        }
        let recorded = writer.end(self.machine.trail());
        self.flights.push_back(Flight { recorded, answers });
        if !recorded {
            self.land();
        }
        recorded
    }

    /// The oldest record handed out is durable.
    ///
    /// # Panics
    /// If none was handed out.
    pub fn durable(&mut self) {
        let flight = self.flights.pop_front().expect("a record that became durable was handed out");
        assert!(flight.recorded, "a batch of questions never waits in front");
        self.ready.extend(flight.answers);
        self.land();
    }

    /// Lets batches without record out that have none before them.
    fn land(&mut self) {
        while self.flights.front().is_some_and(|flight| !flight.recorded) {
            let Some(flight) = self.flights.pop_front() else { break };
            self.ready.extend(flight.answers);
        }
    }

    /// A record could not be made durable: nothing is applied or answered any more. What was under way may
    /// or may not have lasted, and only a restart can tell.
    pub fn failed(&mut self) {
        self.standing = Standing::Stopped;
        for flight in self.flights.drain(..) {
            for answer in flight.answers {
                let (Answered::Outcome { ticket, .. }
                | Answered::Seen { ticket, .. }
                | Answered::Refused { ticket, .. }
                | Answered::Unknown { ticket }) = answer;
                self.ready.push_back(Answered::Unknown { ticket });
            }
        }
        for waiting in self.waiting.drain(..) {
            let (Waiting::Command(ticket, _) | Waiting::Look(ticket, _)) = waiting;
            self.ready.push_back(Answered::Refused { ticket, cause: Cause::StorageFailed });
        }
    }

    /// The next answer that may leave.
    pub fn next_answer(&mut self) -> Option<Answered<T>> {
        self.ready.pop_front()
    }

    /// Whether anything waits to be applied and may be.
    #[must_use]
    pub fn has_work(&self) -> bool {
        !self.waiting.is_empty() && self.flights.len() < FLIGHTS_MAX && self.standing == Standing::Running
    }

    /// Whether nothing waits, neither for the machine nor for the journal.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.flights.is_empty()
    }

    /// Commands and questions waiting to be applied.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// The machine: applied, though not all of it need be durable yet.
    #[must_use]
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// The machine, when nothing waits any more.
    #[must_use]
    pub fn into_machine(self) -> Machine {
        self.machine
    }
}
