//! What every session of the edge shares, and the steps a session answers with.
//!
//! No protocol here: UnionPay terminals live in `unionpay`, other hosts in `host`.

use crate::counters::Counters;
use crate::directory::Directory;
use crate::keys::{KeyRing, KeySlot, Working, WorkingKeys};
use crate::settings::Settings;
use crate::signature::Uploads;
use crate::{host, unionpay};
use cardcrypto::{Hsm, HsmError, KeyHandle};
use iso8583::{Builder, Message, Mti};
use machine::cause::Cause;
use machine::command::Command;
use machine::ids::Acceptor;
use machine::outcome::Outcome;
use machine::time::{MINUTE_MS, Timestamp};
use std::sync::Arc;

/// Builders of answers kept for reuse.
const BUILDERS_KEPT: usize = 256;
/// A terminal without a fault for so long begins anew.
const FAULTS_FORGOTTEN_MS: i64 = 10 * MINUTE_MS;

/// What every session of the edge shares.
pub(crate) struct Edge {
    pub hsm: Arc<dyn Hsm>,
    pub keys: KeyRing,
    pub working: WorkingKeys,
    pub directory: Directory,
    pub settings: Settings,
    pub counters: Counters,
    pub uploads: Uploads,
    /// Faults of host links recorded lately.
    host_faults: FaultMeter,
    #[expect(clippy::vec_box, reason = "a builder is over a kilobyte and goes through many hands")]
    builders: Vec<Box<Builder>>,
}

/// Faults recorded lately: a storm of them is seen, a flood of them fills no journal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct FaultMeter {
    count: u8,
    last: Timestamp,
}

impl FaultMeter {
    pub const NEW: FaultMeter = FaultMeter { count: 0, last: Timestamp(i64::MIN) };

    /// Whether one more may be recorded: the first `burst` at once, after them one each `every_ms`.
    pub fn admits(&mut self, burst: u8, every_ms: i64, now: Timestamp) -> bool {
        let quiet_ms = now.since(self.last);
        if quiet_ms > FAULTS_FORGOTTEN_MS {
            self.count = 0;
        }
        if self.count >= burst && quiet_ms < every_ms {
            return false;
        }
        self.count = self.count.saturating_add(1);
        self.last = now;
        true
    }
}

/// What a session does next.
pub(crate) enum Step {
    /// This goes back, framed.
    Reply(Vec<u8>),
    /// This is asked, and answered when its outcome is there.
    Ask(Command, Waiting),
    /// This image is to be kept before that is asked.
    KeepAndAsk(Kept, Command, Waiting),
    /// Nothing can or must be said.
    Silence,
}

/// An image to be kept, by its name.
pub(crate) struct Kept {
    pub name: [u8; 32],
    pub image: Vec<u8>,
}

/// What became of a frame: the next step, and whether the frame spoke for its sender.
pub(crate) struct Taken {
    pub step: Step,
    pub good: bool,
}

impl Taken {
    pub const fn good(step: Step) -> Taken {
        Taken { step, good: true }
    }

    pub const fn bad(step: Step) -> Taken {
        Taken { step, good: false }
    }
}

/// What an answer needs once the outcome is there.
pub(crate) enum Waiting {
    UnionPay(unionpay::Waiting),
    Host(host::Waiting),
    /// Nobody waits.
    Nobody,
}

impl Waiting {
    pub fn answer(self, edge: &mut Edge, outcome: &Outcome, now: Timestamp) -> Step {
        match self {
            Waiting::UnionPay(waiting) => waiting.answer(edge, outcome, now),
            Waiting::Host(waiting) => waiting.answer(edge, outcome, now),
            Waiting::Nobody => Step::Silence,
        }
    }

    /// The command could not be asked, or its record not be made durable.
    pub fn refuse(self, edge: &mut Edge, cause: Cause, now: Timestamp) -> Step {
        match self {
            Waiting::UnionPay(waiting) => waiting.refuse(edge, cause, now),
            Waiting::Host(waiting) => waiting.refuse(edge, cause, now),
            Waiting::Nobody => Step::Silence,
        }
    }
}

impl Edge {
    pub fn new(hsm: Arc<dyn Hsm>, keys: KeyRing, directory: Directory, settings: Settings) -> Edge {
        Edge {
            hsm,
            keys,
            working: WorkingKeys::new(settings.terminals_ready_max),
            directory,
            uploads: Uploads::new(settings.signatures),
            settings,
            counters: Counters::default(),
            host_faults: FaultMeter::NEW,
            builders: Vec::new(),
        }
    }

    /// A builder of an answer to `message`.
    pub fn builder(&mut self, message: &Message<'_>, mti: Mti) -> Box<Builder> {
        match self.builders.pop() {
            Some(mut builder) => {
                builder.restart_reply(message, mti);
                builder
            }
            None => Box::new(Builder::reply_to(message, mti)),
        }
    }

    /// Takes a builder back.
    pub fn recycle(&mut self, builder: Box<Builder>) {
        if self.builders.len() < BUILDERS_KEPT {
            self.builders.push(builder);
        }
    }

    /// A working key of a terminal.
    pub fn working_key(&mut self, slot: KeySlot, which: Working) -> Result<KeyHandle, HsmError> {
        let key = self.working.key(&*self.hsm, self.keys.working_base, slot, which);
        self.counters.keys_derived = self.working.derived;
        key
    }

    /// Whether a fault of a terminal may be recorded.
    pub fn may_record_fault(&mut self, acceptor: Acceptor, now: Timestamp) -> bool {
        let (burst, every_ms) = (self.settings.faults_burst, self.settings.fault_ms);
        let Some(entry) = self.directory.terminal_mut(acceptor) else { return false };
        let admitted = entry.faults.admits(burst, every_ms, now);
        self.counters.faults_held_back += u64::from(!admitted);
        admitted
    }

    /// Whether a fault of a host link may be recorded.
    pub fn may_record_host_fault(&mut self, now: Timestamp) -> bool {
        let admitted = self.host_faults.admits(self.settings.faults_burst, self.settings.fault_ms, now);
        self.counters.faults_held_back += u64::from(!admitted);
        admitted
    }
}
