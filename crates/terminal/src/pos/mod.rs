//! The terminal itself: its keys, its books, what it waits for and what it owes.
//!
//! It is a value: acts give bytes, bytes come back. No socket, no clock, no dice.

mod acts;
mod dues;
mod receive;

use std::collections::VecDeque;
use std::fmt;

use cardcrypto::Pin;
use iso8583::{Framing, LengthPrefix};

use crate::batch::{BatchLog, BatchTotals, LogEntry, Original, PaperSlip};
use crate::card::{CardInHand, Cryptogram, Entry};
use crate::fault::PosError;
use crate::keys::WorkingKeys;
use crate::message::Draft;
use crate::moment::Moment;
use crate::reversal::{REVERSAL_SENDS_MAX, ReversalReason, StoredReversal, Unresolved};
use crate::settings::{KeySet, PosSettings};
use crate::settlement::Settlement;
use crate::signature::{SIGNATURE_TRIES_MAX, WaitingSignature};

/// STANs and batches wrap after this.
const NUMBER_MAX: u32 = 999_999;

/// The card on the counter: which, how it gets in, the PIN that was keyed, when.
#[derive(Debug)]
pub struct Tender<'a> {
    /// The card; its counter rises with each cryptogram.
    pub card: &'a mut CardInHand,
    /// How it gets in.
    pub entry: Entry,
    /// The PIN that was keyed.
    pub pin: Option<&'a Pin>,
    /// Clock and dice.
    pub moment: Moment,
}

/// What an answer is awaited to.
#[derive(Clone)]
struct Awaited {
    request: Draft,
    what: What,
    /// Whether request and answer carry a MAC.
    mac: bool,
    /// The outcome was decided before: an answer is read, and changes nothing.
    again: bool,
}

#[derive(Clone)]
enum What {
    SignIn(KeySet),
    SignOut,
    Echo,
    Card(Box<CardWork>),
    Reversal,
    Settlement,
    Upload,
    Signature,
    ScriptResult,
}

/// A transaction under way: the log entry it becomes, and what its answer is checked against.
#[derive(Clone)]
struct CardWork {
    entry: LogEntry,
    /// Batch and STAN of the transaction it follows.
    follows: Option<(u32, u32)>,
    cryptogram: Option<Cryptogram>,
    issuer_must_prove: bool,
}

/// The result of an issuer script, which the host is owed.
#[derive(Clone)]
struct WaitingScript {
    request: Draft,
    rrn: Option<String>,
    approval: Option<String>,
    date: String,
    batch: u32,
    tries: u8,
}

/// After so many tries a script result is given up.
const SCRIPT_TRIES_MAX: u8 = 3;

/// A virtual terminal. Its `Debug` says which and how far it is: what it holds names cards.
#[derive(Clone)]
pub struct Pos {
    settings: PosSettings,
    keys: Option<WorkingKeys>,
    signed_in: bool,
    batch: u32,
    next_stan: u32,
    awaited: Option<Awaited>,
    last: Option<(Vec<u8>, Awaited)>,
    reversal: Option<StoredReversal>,
    unresolved: Vec<Unresolved>,
    log: BatchLog,
    settlement: Option<Settlement>,
    signatures: VecDeque<WaitingSignature>,
    paper: Vec<PaperSlip>,
    scripts: VecDeque<WaitingScript>,
    /// The last card that was inserted gave no answer: its stripe may be used.
    chip_failed: bool,
}

impl fmt::Debug for Pos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pos")
            .field("terminal", &self.settings.terminal)
            .field("batch", &self.batch)
            .field("next_stan", &self.next_stan)
            .field("signed_in", &self.is_signed_in())
            .field("waiting", &self.is_waiting())
            .field("log", &self.log.entries().len())
            .finish_non_exhaustive()
    }
}

impl Pos {
    /// A terminal fresh from the installer.
    ///
    /// # Errors
    /// [`PosError::Setting`] names the first setting that does not fit its field.
    pub fn new(settings: PosSettings) -> Result<Self, PosError> {
        if let Some(name) = settings.misfit() {
            return Err(PosError::Setting(name));
        }
        Ok(Self {
            keys: None,
            signed_in: false,
            batch: settings.batch,
            next_stan: settings.first_stan,
            awaited: None,
            last: None,
            reversal: None,
            unresolved: Vec::new(),
            log: BatchLog::default(),
            settlement: None,
            signatures: VecDeque::new(),
            paper: Vec::new(),
            scripts: VecDeque::new(),
            chip_failed: false,
            settings,
        })
    }

    /// How it is set up.
    pub fn settings(&self) -> &PosSettings {
        &self.settings
    }

    /// Whether it may transact: keys are there and the host has not asked for others.
    pub fn is_signed_in(&self) -> bool {
        self.signed_in && self.keys.is_some()
    }

    /// The batch that is open, 1 to 999999.
    pub fn batch(&self) -> u32 {
        self.batch
    }

    /// Whether an answer is awaited.
    pub fn is_waiting(&self) -> bool {
        self.awaited.is_some()
    }

    /// Approved transactions of the batch, oldest first.
    pub fn log(&self) -> &[LogEntry] {
        self.log.entries()
    }

    /// What a follow-up of the transaction with that STAN in this batch must name.
    pub fn original(&self, stan: u32) -> Option<Original> {
        self.log.find(stan).map(LogEntry::original)
    }

    /// Totals of domestic and of foreign cards, as this terminal counts them.
    pub fn totals(&self) -> (BatchTotals, BatchTotals) {
        self.log.totals()
    }

    /// Reversals that were given up, oldest first.
    pub fn unresolved(&self) -> &[Unresolved] {
        &self.unresolved
    }

    /// Slips that have to be signed on paper, oldest first.
    pub fn paper_slips(&self) -> &[PaperSlip] {
        &self.paper
    }

    /// Puts the two-byte length in front of a frame, as it goes over TCP.
    ///
    /// # Panics
    /// Never: a terminal's frames are far shorter than the length can say.
    pub fn framed(frame: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(frame.len() + 2);
        Framing { length: LengthPrefix::Binary2, tpdu: true }
            .frame(frame, &mut out)
            .expect("a frame of ours is between the smallest and the largest");
        out
    }

    /// The bytes sent last, again and unchanged. An answer to them is awaited; where the outcome was decided already, it
    /// is read and changes nothing.
    ///
    /// # Errors
    /// [`PosError::NothingAwaited`] where nothing was ever sent; [`PosError::AwaitingAnswer`] where something else is
    /// awaited.
    pub fn repeat_last(&mut self) -> Result<Vec<u8>, PosError> {
        let (frame, awaited) = self.last.as_ref().ok_or(PosError::NothingAwaited)?;
        if self.awaited.is_none() {
            self.awaited = Some(Awaited { again: true, ..awaited.clone() });
        }
        Ok(frame.clone())
    }

    /// No answer came in time: what was under way is in doubt and its reversal is due (98).
    pub fn no_answer(&mut self) {
        self.doubt(ReversalReason::NoAnswer);
    }

    /// The connection failed before the frame left: nothing happened, nothing is to be taken back.
    pub fn connection_failed(&mut self) {
        let Some(awaited) = self.awaited.take() else {
            return;
        };
        if awaited.again {
            return;
        }
        match awaited.what {
            What::Card(_) => self.reversal = None,
            What::Reversal => {
                if let Some(reversal) = &mut self.reversal {
                    reversal.sends -= 1;
                }
            }
            What::SignIn(_)
            | What::SignOut
            | What::Echo
            | What::Settlement
            | What::Upload
            | What::Signature
            | What::ScriptResult => {}
        }
    }

    /// Switched off and on again: what was stored survives, what was awaited is in doubt (98).
    pub fn power_cycle(&mut self) {
        self.doubt(ReversalReason::NoAnswer);
        self.last = None;
    }

    /// What is awaited ends in doubt.
    fn doubt(&mut self, reason: ReversalReason) {
        let Some(awaited) = self.awaited.take() else {
            return;
        };
        if awaited.again {
            return;
        }
        match awaited.what {
            What::Card(_) => {
                if let Some(reversal) = &mut self.reversal {
                    reversal.reason = Some(reason);
                }
            }
            What::Reversal => self.reversal_failed(),
            What::Signature => self.signature_failed(),
            What::ScriptResult => self.script_failed(),
            What::SignIn(_) | What::SignOut | What::Echo | What::Settlement | What::Upload => {}
        }
    }

    /// A reversal went out and did not end: given up after [`REVERSAL_SENDS_MAX`].
    fn reversal_failed(&mut self) {
        let spent = self.reversal.take_if(|stored| stored.sends >= REVERSAL_SENDS_MAX);
        if let Some(StoredReversal { kind, stan, batch, amount, reason: Some(reason), .. }) = spent {
            self.unresolved.push(Unresolved { kind, stan, batch, amount, reason });
        }
    }

    fn signature_failed(&mut self) {
        let Some(signature) = self.signatures.front_mut() else {
            return;
        };
        signature.tries += 1;
        if signature.tries >= SIGNATURE_TRIES_MAX {
            self.paper.push(PaperSlip { batch: self.batch, stan: signature.stan });
            self.signatures.pop_front();
        }
    }

    fn script_failed(&mut self) {
        let Some(script) = self.scripts.front_mut() else {
            return;
        };
        script.tries += 1;
        if script.tries >= SCRIPT_TRIES_MAX {
            self.scripts.pop_front();
        }
    }

    /// Whether anything may be sent at all.
    fn free(&self) -> Result<(), PosError> {
        if self.awaited.is_some() { Err(PosError::AwaitingAnswer) } else { Ok(()) }
    }

    /// Whether a transaction may be sent.
    fn ready(&self) -> Result<(), PosError> {
        self.free()?;
        if !self.is_signed_in() {
            return Err(PosError::NotSignedIn);
        }
        if self.reversal.is_some() {
            return Err(PosError::ReversalDue);
        }
        Ok(())
    }

    /// Seals a request and awaits its answer. Nothing has changed where it fails.
    fn send(&mut self, request: Draft, what: What, mac: bool) -> Result<Vec<u8>, PosError> {
        let keys = if mac { Some(self.keys.as_ref().ok_or(PosError::NotSignedIn)?) } else { None };
        let frame = request.seal(&self.settings, keys)?;
        let awaited = Awaited { request, what, mac, again: false };
        self.last = Some((frame.clone(), awaited.clone()));
        self.awaited = Some(awaited);
        Ok(frame)
    }

    /// The STAN in use goes up, and begins again after 999999.
    fn spend_stan(&mut self) {
        self.next_stan = if self.next_stan == NUMBER_MAX { 1 } else { self.next_stan + 1 };
    }

    /// A request with DE11, 41 and 42.
    fn request(&self, mti: &str) -> Draft {
        let mut draft = Draft::new(mti);
        draft
            .text(11, &format!("{:06}", self.next_stan))
            .text(41, &self.settings.terminal)
            .text(42, &self.settings.merchant);
        draft
    }

    /// DE60.1 to 60.3.
    fn field_60(&self, message_type: &str, network: &str) -> String {
        format!("{message_type}{:06}{network}", self.batch)
    }
}
