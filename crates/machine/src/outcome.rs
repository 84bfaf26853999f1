//! Outcomes: what came of a command. Data only: sending, notifying and projecting are done by readers.
//!
//! No sentences here: those are made of the cause by `explain`.

use crate::cause::{Cause, CauseSet};
use crate::command::BatchTotals;
use crate::ids::{ApprovalCode, FreezeId, TransactionId};
use crate::money::Money;
use crate::time::Timestamp;
use borsh::{BorshDeserialize, BorshSerialize};

/// What came of a command.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum Outcome {
    /// A transaction was decided.
    Decided(Answer),
    /// It had been decided before: the stored answer, nothing else happened.
    Repeated(Answer),
    /// Done, nothing to say.
    Done,
    /// The terminal is signed in.
    SignedIn {
        /// Generation of its working keys, from 1.
        generation: u32,
        /// Its current batch.
        batch: u32,
        /// When.
        at: Timestamp,
    },
    /// Totals were compared.
    Settled {
        /// What the host counted.
        totals: BatchTotals,
        /// Whether they agree.
        agree: bool,
        /// When.
        at: Timestamp,
    },
    /// A fault was recorded.
    Noted {
        /// As which transaction, to be explained by.
        number: TransactionId,
        /// The freeze of the terminal that followed, if one did.
        placed: Option<FreezeId>,
        /// When.
        at: Timestamp,
    },
    /// A freeze was placed.
    Frozen(FreezeId),
    /// It was lifted.
    Lifted(FreezeId),
    /// The lift was approved and waits for others.
    LiftApproved {
        /// Which.
        freeze: FreezeId,
        /// Approvals so far.
        have: u8,
        /// Approvals needed.
        need: u8,
    },
    /// Swept.
    Swept {
        /// Holds released.
        holds: u32,
        /// Freezes ended.
        freezes: u32,
    },
    /// Not done, and nothing changed.
    Refused(Refusal),
}

impl Outcome {
    /// The transaction that came to be with this outcome; none of a repeat, which came to be before.
    #[must_use]
    pub fn first_number(&self) -> Option<TransactionId> {
        match self {
            Outcome::Decided(answer) => Some(answer.number),
            Outcome::Noted { number, .. } => Some(*number),
            Outcome::Repeated(_)
            | Outcome::Done
            | Outcome::SignedIn { .. }
            | Outcome::Settled { .. }
            | Outcome::Frozen(_)
            | Outcome::Lifted(_)
            | Outcome::LiftApproved { .. }
            | Outcome::Swept { .. }
            | Outcome::Refused(_) => None,
        }
    }
}

/// Why a command of the house was not done.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum Refusal {
    /// No such account, card, merchant, terminal, transaction or freeze.
    NotFound(Subject),
    /// There is one already.
    Exists(Subject),
    /// The account still has money or holds.
    NotEmpty,
    /// A value is out of its range.
    OutOfRange(Subject),
    /// Another currency than the account's.
    WrongCurrency,
    /// The same idempotency key came with another body before.
    KeyReused,
    /// The freeze has ended already.
    AlreadyEnded,
    /// Its exit does not allow this person or this ground.
    ExitForbids,
    /// This person has approved already, or placed it: another has to.
    SamePerson,
    /// A freeze with the reach `All` keeps it out.
    FrozenAll,
    /// How the card, account or terminal stands forbids it.
    StandingForbids,
    /// The signature does not fit the sale it names.
    SignatureMismatch,
    /// As many as the machine holds.
    TooMany(Subject),
    /// This machine does not know that behaviour.
    UnknownEpoch,
    /// One command under a key cannot hold another.
    NestedKey,
}

/// What a refusal is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum Subject {
    /// An account.
    Account,
    /// A card.
    Card,
    /// A merchant.
    Merchant,
    /// A terminal.
    Terminal,
    /// A transaction.
    Transaction,
    /// A freeze.
    Freeze,
    /// An amount.
    Amount,
    /// A limit.
    Limit,
    /// An expiry.
    Expiry,
    /// A name.
    Name,
    /// A batch.
    Batch,
    /// The policy.
    Policy,
    /// The time zone.
    Zone,
    /// A PIN reference.
    Pin,
}

/// The answer to a transaction: stored, and given again for a repeat.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Answer {
    /// Its number; DE37 follows from it.
    pub number: TransactionId,
    /// When it was decided.
    pub at: Timestamp,
    /// Yes or no.
    pub verdict: Verdict,
    /// The amount it is about.
    pub amount: Money,
    /// The figures behind it.
    pub facts: Facts,
    /// The earlier transaction it is about, if one.
    pub original: Option<TransactionId>,
    /// Something to be looked into, though it was posted.
    pub exception: Option<Exception>,
}

impl Answer {
    /// Whether it was approved or accepted.
    #[must_use]
    pub fn approved(&self) -> bool {
        match self.verdict {
            Verdict::Approved(_) | Verdict::Accepted => true,
            Verdict::Declined(_) => false,
        }
    }

    /// The cause that decided a decline.
    #[must_use]
    pub fn cause(&self) -> Option<Cause> {
        match self.verdict {
            Verdict::Declined(causes) => causes.first(),
            Verdict::Approved(_) | Verdict::Accepted => None,
        }
    }
}

/// Yes or no.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum Verdict {
    /// Approved, with its code.
    Approved(ApprovalCode),
    /// Done, where no code belongs to it: reversals.
    Accepted,
    /// Declined: all causes that held; the first in order of precedence decides.
    Declined(CauseSet),
}

/// The figures behind a decision, in minor units of the account's currency; what does not apply is none.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, BorshSerialize, BorshDeserialize)]
pub struct Facts {
    /// The limit that was reached, or the number of transactions.
    pub limit: Option<i64>,
    /// What of it was used before this.
    pub used: Option<i64>,
    /// Available before this (of a balance inquiry: now).
    pub available: Option<i64>,
    /// The balance, of an inquiry.
    pub balance: Option<i64>,
    /// PIN tries left.
    pub tries_left: Option<u8>,
    /// The freeze that stopped it, or that followed from it.
    pub freeze: Option<FreezeId>,
    /// When it ends by itself.
    pub until: Option<Timestamp>,
}

/// What was posted and has to be looked into.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum Exception {
    /// An advice or reversal posted although the machine would have declined it for this cause.
    PostedDespite(Cause),
    /// The balance went below what is available.
    Overdrawn,
    /// No original was found for it.
    Unmatched,
    /// It came after the batch of its original was settled.
    AfterSettlement,
    /// The terminal has it otherwise than the host.
    TotalsDiffer,
}
