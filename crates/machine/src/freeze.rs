//! Freezes: what is stopped, why, by whom, until when, and the way out.
//!
//! Freezes stack, and a lift ends only its own. Whether a freeze stops a given use is decided here; who may
//! place or lift one lives in `apply::freeze`.

use crate::cause::Cause;
use crate::ids::{Acceptor, AccountId, CardId, FreezeId, MerchantId, TransactionId};
use crate::time::Timestamp;
use borsh::{BorshDeserialize, BorshSerialize};
use std::fmt;

/// What is frozen.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, BorshSerialize, BorshDeserialize)]
pub enum Scope {
    /// The PIN of a card: the card still pays where no PIN is asked for.
    Pin(CardId),
    /// One card.
    Card(CardId),
    /// An account with all its cards.
    Account(AccountId),
    /// A terminal.
    Terminal(Acceptor),
    /// A merchant with all its terminals.
    Merchant(MerchantId),
}

/// How far a freeze reaches.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, BorshSerialize, BorshDeserialize)]
pub enum Reach {
    /// Whatever needs the PIN.
    PinUse,
    /// New payments out; credits arrive.
    NewDebits,
    /// Payments out and in.
    All,
}

/// Who placed a freeze.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum PlacedBy {
    /// A rule of risk control, by number and version.
    Rule {
        /// Number of the rule.
        rule: u32,
        /// Version of the rule set.
        version: u32,
    },
    /// A model, by the first eight bytes of its hash.
    Model([u8; 8]),
    /// The machine's own policy: PIN tries, card testing, error storms.
    Machine,
    /// The holder.
    Holder,
    /// An agent of the bank.
    Agent(Actor),
    /// A court or another authority, entered by this operator.
    Authority(Actor),
}

/// How a freeze can end.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum Exit {
    /// By itself, at its expiry.
    Expires,
    /// When the holder confirms by a second factor, or an agent does after proving identity.
    HolderConfirms,
    /// When so many agents approve, each another person, none of them the one who placed it.
    Review {
        /// 1 or 2.
        approvers: u8,
    },
    /// When the holder says so.
    HolderLifts,
    /// Never for this card: it is replaced.
    Replacement,
    /// By the authority's release, entered by two operators.
    AuthorityOnly,
    /// When the terminal has signed in again.
    SignIn,
}

/// Who answers for the next step of a freeze.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum Owner {
    /// The holder.
    Holder,
    /// The bank's service agents.
    Service,
    /// Risk control.
    Risk,
    /// The legal desk.
    Legal,
    /// Those who run terminals and host.
    Operations,
}

/// A person or system as office and API know it: up to 24 printable ASCII characters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct Actor(pub [u8; 24]);

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.0).unwrap_or("?").trim_end())
    }
}

impl fmt::Debug for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::str::FromStr for Actor {
    type Err = crate::ids::NotAName;
    fn from_str(text: &str) -> Result<Actor, Self::Err> {
        let printable = text.bytes().all(|b| (b'!'..=b'~').contains(&b));
        if text.is_empty() || text.len() > 24 || !printable {
            return Err(crate::ids::NotAName);
        }
        let mut name = [b' '; 24];
        name[..text.len()].copy_from_slice(text.as_bytes());
        Ok(Actor(name))
    }
}

/// What stays possible under a freeze: so much a day, in minor units of the account's currency.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Allowance {
    /// At most so much each local day.
    pub daily: i64,
}

/// How a freeze ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum Ending {
    /// Still in force.
    Active,
    /// Lifted.
    Lifted {
        /// When.
        at: Timestamp,
        /// By whom.
        by: Lifter,
        /// On what ground.
        ground: Ground,
    },
    /// Ran out.
    Expired {
        /// When it was seen to have run out.
        at: Timestamp,
    },
}

/// Who lifts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum Lifter {
    /// The machine: a sign-in, a replacement, a new PIN.
    Machine,
    /// The holder.
    Holder,
    /// An agent of the bank.
    Agent(Actor),
    /// An operator entering an authority's release.
    Authority(Actor),
}

/// On what ground a freeze is lifted. What is claimed here was proven before the command was given.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum Ground {
    /// The holder confirmed by a second factor.
    HolderConfirmed,
    /// Identity proven before an agent.
    IdentityProven,
    /// The case was reviewed.
    Reviewed,
    /// The holder asked for it and had placed it.
    HolderAsked,
    /// Reviewed and found to be a mistake of ours.
    FalsePositive,
    /// The authority released it.
    AuthorityReleased,
    /// The terminal signed in again.
    SignedIn,
    /// A new PIN was set.
    NewPin,
    /// The card was replaced.
    Replaced,
}

/// Most approvals a freeze can ask for.
pub const APPROVERS_MAX: usize = 2;

/// A freeze: a record anyone can explain.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Freeze {
    /// Its number.
    pub id: FreezeId,
    /// What is frozen.
    pub scope: Scope,
    /// How far.
    pub reach: Reach,
    /// Why.
    pub cause: Cause,
    /// The transaction it follows from, if one.
    pub evidence: Option<TransactionId>,
    /// Who placed it.
    pub placed_by: PlacedBy,
    /// When.
    pub placed_at: Timestamp,
    /// When it runs out, if by itself.
    pub expires_at: Option<Timestamp>,
    /// The date by which its owner acts next; overdue ones escalate.
    pub next_at: Timestamp,
    /// Who acts next.
    pub owner: Owner,
    /// The way out.
    pub exit: Exit,
    /// What stays possible.
    pub allowance: Option<Allowance>,
    /// Those who have approved its lift so far.
    pub approvals: Vec<Actor>,
    /// Whether and how it ended.
    pub ending: Ending,
}

impl Freeze {
    /// Whether it is in force at `at`.
    #[must_use]
    pub fn holds_at(&self, at: Timestamp) -> bool {
        self.ending == Ending::Active && self.expires_at.is_none_or(|end| at < end)
    }

    /// The cause a decline names because of this freeze: what was done, not yet why.
    #[must_use]
    pub fn decline_cause(&self) -> Cause {
        match (self.scope, self.cause, self.placed_by) {
            (Scope::Terminal(_), _, _) => Cause::TerminalFrozen,
            (Scope::Merchant(_), _, _) => Cause::MerchantFrozen,
            (_, Cause::FrozenForLaundering, _) => Cause::FrozenForLaundering,
            (_, Cause::CardLost, _) => Cause::CardLost,
            (_, Cause::CardStolen, _) => Cause::CardStolen,
            (_, _, PlacedBy::Authority(_)) => Cause::FrozenByAuthority,
            (_, _, PlacedBy::Holder) => Cause::FrozenByHolder,
            (_, _, PlacedBy::Agent(_)) => Cause::FrozenByBank,
            (Scope::Pin(_), _, PlacedBy::Machine | PlacedBy::Rule { .. } | PlacedBy::Model(_)) => {
                Cause::PinTriesExceeded
            }
            (
                Scope::Card(_) | Scope::Account(_),
                _,
                PlacedBy::Machine | PlacedBy::Rule { .. } | PlacedBy::Model(_),
            ) => Cause::FrozenByRisk,
        }
    }
}
