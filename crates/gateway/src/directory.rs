//! What the edge must know of cards and terminals before it asks: a projection of the machine.
//!
//! Never decides anything about money, and never holds what the machine did not say: it is built from the machine
//! and kept true by the outcomes that became durable.

use crate::edge::FaultMeter;
use machine::Machine;
use machine::acceptance::{BATCH_MAX, TerminalStanding};
use machine::command::{Command, IssueCard, PinReference};
use machine::ids::{Acceptor, AccountId, CardId, MerchantId};
use machine::outcome::Outcome;
use machine::time::{Expiry, Timestamp};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::VecDeque;

/// What the edge knows of a card.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CardEntry {
    /// Whose it is: by this a command finds its shard.
    pub account: AccountId,
    /// How its PIN is verified.
    pub pin: Option<PinReference>,
    /// The last four digits, ASCII.
    pub last4: [u8; 4],
    /// The last month it is good in.
    pub expiry: Expiry,
    /// Whether it has a chip.
    pub chip: bool,
}

/// What the edge knows of a terminal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TerminalEntry {
    /// Generation of its working keys; 0: none given out yet.
    pub generation: u32,
    /// The generation before, and until when it is honoured.
    pub previous: Option<(u32, Timestamp)>,
    /// Its current batch.
    pub batch: u32,
    /// Whether it is signed in.
    pub signed_in: bool,
    pub(crate) faults: FaultMeter,
}

/// A projection of the machine at the edge.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    cards: FxHashMap<CardId, CardEntry>,
    terminals: FxHashMap<Acceptor, TerminalEntry>,
    merchants: FxHashSet<MerchantId>,
    pins_set: SeenKeys,
}

/// Idempotency keys under which a PIN was set lately, the oldest first.
#[derive(Clone, Debug, Default)]
struct SeenKeys {
    order: VecDeque<[u8; 16]>,
    known: FxHashSet<[u8; 16]>,
}

/// So many of them are remembered.
const SEEN_KEYS_MAX: usize = 1 << 14;

impl SeenKeys {
    /// Whether the key is new; remembers it.
    fn is_new(&mut self, key: [u8; 16]) -> bool {
        if !self.known.insert(key) {
            return false;
        }
        self.order.push_back(key);
        if self.order.len() > SEEN_KEYS_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        true
    }
}

impl Directory {
    /// The directory of a machine as it stands.
    #[must_use]
    pub fn of(machine: &Machine) -> Directory {
        let mut directory = Directory::default();
        let accounts = machine.accounts();
        directory.cards.reserve(machine.cards().len());
        for card in machine.cards() {
            let account = accounts[card.account as usize].id;
            let (pin, last4, expiry, chip) = (card.pin, card.last4, card.expiry, card.chip);
            directory.cards.insert(card.id, CardEntry { account, pin, last4, expiry, chip });
        }
        directory.merchants.extend(machine.merchants().iter().map(|merchant| merchant.id));
        for terminal in machine.terminals() {
            let signed_in = match terminal.standing {
                TerminalStanding::In { .. } => true,
                TerminalStanding::Out => false,
            };
            let entry = TerminalEntry {
                generation: terminal.generation,
                batch: terminal.batch,
                signed_in,
                ..TerminalEntry::NEW
            };
            directory.terminals.insert(terminal.id, entry);
        }
        directory
    }

    /// A card.
    #[must_use]
    pub fn card(&self, id: CardId) -> Option<&CardEntry> {
        self.cards.get(&id)
    }

    /// A terminal.
    #[must_use]
    pub fn terminal(&self, id: Acceptor) -> Option<&TerminalEntry> {
        self.terminals.get(&id)
    }

    /// Whether a merchant is enrolled.
    #[must_use]
    pub fn knows_merchant(&self, id: MerchantId) -> bool {
        self.merchants.contains(&id)
    }

    pub(crate) fn terminal_mut(&mut self, id: Acceptor) -> Option<&mut TerminalEntry> {
        self.terminals.get_mut(&id)
    }

    /// Takes in what came of a command that is durable. The old working keys of a terminal that signs in are
    /// honoured for `overlap_ms` more.
    ///
    /// A keyed command is answered the same again from memory, and its outcome does not say so; it must do no harm
    /// here a second time. What exists is not enrolled anew, and a PIN set under a key that was seen is not set
    /// again. Keys seen before a restart are not known: there, whoever holds the machine sets what it says by
    /// [`Directory::set_pin`].
    pub fn observe(&mut self, command: &Command, outcome: &Outcome, overlap_ms: i64) {
        match outcome {
            Outcome::Done => self.done(command),
            Outcome::SignedIn { generation, batch, at } => {
                if let Some(acceptor) = signs_in(command)
                    && let Some(entry) = self.terminals.get_mut(&acceptor)
                    && *generation > entry.generation
                {
                    let before = entry.generation;
                    entry.previous = (before > 0).then(|| (before, at.plus(overlap_ms)));
                    entry.generation = *generation;
                    entry.batch = *batch;
                    entry.signed_in = true;
                }
            }
            Outcome::Settled { agree: true, .. } => {
                if let Command::Settle { acceptor, batch, .. } = command {
                    self.close_batch(*acceptor, *batch);
                }
            }
            Outcome::Decided(_)
            | Outcome::Repeated(_)
            | Outcome::Settled { agree: false, .. }
            | Outcome::Noted { .. }
            | Outcome::Frozen(_)
            | Outcome::Lifted(_)
            | Outcome::LiftApproved { .. }
            | Outcome::Swept { .. }
            | Outcome::Refused(_) => {}
        }
    }

    fn done(&mut self, command: &Command) {
        match command {
            Command::IssueCard(issue) => self.issue(issue),
            Command::SetPin { card, pin } => self.set_pin(*card, *pin),
            Command::EnrollMerchant(merchant) => {
                self.merchants.insert(merchant.merchant);
            }
            Command::EnrollTerminal(acceptor) => {
                self.terminals.entry(*acceptor).or_insert(TerminalEntry::NEW);
            }
            Command::SignOut(acceptor) => {
                if let Some(entry) = self.terminals.get_mut(acceptor) {
                    entry.signed_in = false;
                }
            }
            Command::CloseBatch { acceptor, batch } => self.close_batch(*acceptor, *batch),
            Command::Keyed { key, command, .. } => {
                let sets_pin = matches!(**command, Command::SetPin { .. });
                if !sets_pin || self.pins_set.is_new(*key) {
                    self.done(command);
                }
            }
            Command::Epoch(_)
            | Command::SetPolicy(_)
            | Command::SetHouse(_)
            | Command::OpenAccount(_)
            | Command::CloseAccount(_)
            | Command::Fund { .. }
            | Command::SetLimits { .. }
            | Command::SetZone { .. }
            | Command::SetCardStanding { .. }
            | Command::SetSwitches { .. }
            | Command::SignIn { .. }
            | Command::Authorize(_)
            | Command::Follow(_)
            | Command::Reverse(_)
            | Command::Settle { .. }
            | Command::BatchDetail { .. }
            | Command::AttachSignature(_)
            | Command::ScriptResult { .. }
            | Command::Fault { .. }
            | Command::PlaceFreeze(_)
            | Command::LiftFreeze(_)
            | Command::Sweep => {}
        }
    }

    fn close_batch(&mut self, acceptor: Acceptor, batch: u32) {
        if let Some(entry) = self.terminals.get_mut(&acceptor)
            && entry.batch == batch
        {
            entry.batch = if batch >= BATCH_MAX { 1 } else { batch + 1 };
        }
    }

    fn issue(&mut self, issue: &IssueCard) {
        let IssueCard { account, pin, last4, expiry, chip, .. } = *issue;
        self.cards.entry(issue.card).or_insert(CardEntry { account, pin, last4, expiry, chip });
    }

    /// The reference of a card's PIN is this from now on.
    pub fn set_pin(&mut self, card: CardId, pin: PinReference) {
        if let Some(entry) = self.cards.get_mut(&card) {
            entry.pin = Some(pin);
        }
    }
}

/// The terminal a command signs in.
fn signs_in(command: &Command) -> Option<Acceptor> {
    let Command::SignIn { acceptor, .. } = command else { return None };
    Some(*acceptor)
}

impl TerminalEntry {
    const NEW: TerminalEntry =
        TerminalEntry { generation: 0, previous: None, batch: 1, signed_in: false, faults: FaultMeter::NEW };
}
