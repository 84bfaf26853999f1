//! Freezes as they are asked for and told.
//!
//! Of a freeze whose reason may not be seen, everything that would give the reason away is left out.

use super::explanation::{self, CauseNamed, ExplanationTold};
use super::ids::{AccountText, ActorText, CardText, DecisionText, FreezeText, MerchantText, TerminalText};
use super::money::Amount;
use super::time::Moment;
use super::words::{GroundWord, OwnerWord, ReachWord};
use crate::case::FreezeCase;
use crate::sight::Sight;
use machine::freeze::{Ending, Exit, Lifter, PlacedBy, Scope};
use machine::ids::Acceptor;
use machine::money::Money;
use machine::time::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is frozen.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Scope")]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub enum ScopeTwin {
    /// The PIN of a card.
    Pin {
        /// Which card.
        card: CardText,
    },
    /// One card.
    Card {
        /// Which.
        card: CardText,
    },
    /// An account with all its cards.
    Account {
        /// Which.
        account: AccountText,
    },
    /// A terminal.
    Terminal {
        /// DE42.
        merchant: MerchantText,
        /// DE41.
        terminal: TerminalText,
    },
    /// A merchant with all its terminals.
    Merchant {
        /// DE42.
        merchant: MerchantText,
    },
}

impl From<ScopeTwin> for Scope {
    fn from(twin: ScopeTwin) -> Scope {
        match twin {
            ScopeTwin::Pin { card } => Scope::Pin(card.0),
            ScopeTwin::Card { card } => Scope::Card(card.0),
            ScopeTwin::Account { account } => Scope::Account(account.0),
            ScopeTwin::Terminal { merchant, terminal } => {
                Scope::Terminal(Acceptor { merchant: merchant.0, terminal: terminal.0 })
            }
            ScopeTwin::Merchant { merchant } => Scope::Merchant(merchant.0),
        }
    }
}

impl From<Scope> for ScopeTwin {
    fn from(scope: Scope) -> ScopeTwin {
        match scope {
            Scope::Pin(card) => ScopeTwin::Pin { card: CardText(card) },
            Scope::Card(card) => ScopeTwin::Card { card: CardText(card) },
            Scope::Account(account) => ScopeTwin::Account { account: AccountText(account) },
            Scope::Terminal(acceptor) => ScopeTwin::Terminal {
                merchant: MerchantText(acceptor.merchant),
                terminal: TerminalText(acceptor.terminal),
            },
            Scope::Merchant(merchant) => ScopeTwin::Merchant { merchant: MerchantText(merchant) },
        }
    }
}

/// Who places or lifts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub enum PersonAsked {
    /// The holder.
    Holder {},
    /// An agent of the bank.
    Agent {
        /// Which; without a name, the person the key stands for.
        #[serde(default)]
        name: Option<ActorText>,
    },
    /// An operator acting for an authority.
    Authority {
        /// Which; without a name, the person the key stands for.
        #[serde(default)]
        name: Option<ActorText>,
    },
}

/// How a freeze can end.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Exit")]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub enum ExitTwin {
    /// By itself, at its expiry.
    Expires {},
    /// When the holder confirms by a second factor, or an agent does after proving identity.
    HolderConfirms {},
    /// When so many agents approve, each another person.
    Review {
        /// 1 or 2.
        approvers: u8,
    },
    /// When the holder says so.
    HolderLifts {},
    /// Never for this card: it is replaced.
    Replacement {},
    /// By the authority's release, entered by two operators.
    AuthorityOnly {},
    /// When the terminal has signed in again.
    SignIn {},
}

impl From<ExitTwin> for Exit {
    fn from(twin: ExitTwin) -> Exit {
        match twin {
            ExitTwin::Expires {} => Exit::Expires,
            ExitTwin::HolderConfirms {} => Exit::HolderConfirms,
            ExitTwin::Review { approvers } => Exit::Review { approvers },
            ExitTwin::HolderLifts {} => Exit::HolderLifts,
            ExitTwin::Replacement {} => Exit::Replacement,
            ExitTwin::AuthorityOnly {} => Exit::AuthorityOnly,
            ExitTwin::SignIn {} => Exit::SignIn,
        }
    }
}

impl From<Exit> for ExitTwin {
    fn from(exit: Exit) -> ExitTwin {
        match exit {
            Exit::Expires => ExitTwin::Expires {},
            Exit::HolderConfirms => ExitTwin::HolderConfirms {},
            Exit::Review { approvers } => ExitTwin::Review { approvers },
            Exit::HolderLifts => ExitTwin::HolderLifts {},
            Exit::Replacement => ExitTwin::Replacement {},
            Exit::AuthorityOnly => ExitTwin::AuthorityOnly {},
            Exit::SignIn => ExitTwin::SignIn {},
        }
    }
}

/// A new freeze.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FreezeAsked {
    /// What.
    pub scope: ScopeTwin,
    /// Why: the name of a cause.
    pub cause: String,
    /// Who.
    pub by: PersonAsked,
    /// How far; without it, as the policy has it for the cause.
    #[serde(default)]
    pub reach: Option<ReachWord>,
    /// The way out; without it, as the policy has it for the cause.
    #[serde(default)]
    pub exit: Option<ExitTwin>,
    /// When it runs out; without it, as the policy has it for the cause.
    #[serde(default)]
    pub expires_at: Option<Moment>,
    /// The decision it follows from.
    #[serde(default)]
    pub evidence: Option<DecisionText>,
    /// What stays possible each local day, minor units of the account's currency.
    #[serde(default)]
    pub allowance_daily: Option<i64>,
}

/// A lift, or the approval of one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LiftAsked {
    /// Who.
    pub by: PersonAsked,
    /// On what ground.
    pub ground: GroundWord,
}

/// What became of a lift.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[schemars(rename = "LiftResult")]
#[serde(rename_all = "snake_case", tag = "result")]
pub enum LiftTold {
    /// It is lifted.
    Lifted {
        /// The freeze.
        freeze: FreezeText,
    },
    /// It is approved and waits for others.
    LiftApproved {
        /// The freeze.
        freeze: FreezeText,
        /// Approvals so far.
        have: u8,
        /// Approvals needed.
        need: u8,
    },
}

/// A freeze was placed, or stood already.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[schemars(rename = "FreezePlaced")]
pub struct FrozenTold {
    /// Always `frozen`.
    pub result: FrozenWord,
    /// The freeze.
    pub id: FreezeText,
    /// Where it can be looked at.
    pub href: String,
}

/// The one word of `FrozenTold`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FrozenWord {
    /// Frozen.
    Frozen,
}

/// Who placed a freeze.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[schemars(rename = "PlacedBy")]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum PlacedByTold {
    /// A rule of risk control.
    Rule {
        /// Its number.
        rule: u32,
        /// Version of the rule set.
        version: u32,
    },
    /// A model.
    Model {
        /// The first eight bytes of its hash.
        hash: String,
    },
    /// The machine's own policy.
    Machine,
    /// The holder.
    Holder,
    /// An agent of the bank.
    Agent {
        /// Which.
        name: ActorText,
    },
    /// An authority.
    Authority {
        /// The operator who entered it.
        name: ActorText,
    },
}

impl From<PlacedBy> for PlacedByTold {
    fn from(by: PlacedBy) -> PlacedByTold {
        match by {
            PlacedBy::Rule { rule, version } => PlacedByTold::Rule { rule, version },
            PlacedBy::Model(hash) => {
                PlacedByTold::Model { hash: hash.iter().map(|byte| format!("{byte:02x}")).collect() }
            }
            PlacedBy::Machine => PlacedByTold::Machine,
            PlacedBy::Holder => PlacedByTold::Holder,
            PlacedBy::Agent(name) => PlacedByTold::Agent { name: ActorText(name) },
            PlacedBy::Authority(name) => PlacedByTold::Authority { name: ActorText(name) },
        }
    }
}

/// Who lifted a freeze.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[schemars(rename = "LiftedBy")]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum LifterTold {
    /// The machine: a sign-in, a replacement, a new PIN.
    Machine,
    /// The holder.
    Holder,
    /// An agent of the bank.
    Agent {
        /// Which.
        name: ActorText,
    },
    /// An operator entering an authority's release.
    Authority {
        /// Which.
        name: ActorText,
    },
}

impl From<Lifter> for LifterTold {
    fn from(by: Lifter) -> LifterTold {
        match by {
            Lifter::Machine => LifterTold::Machine,
            Lifter::Holder => LifterTold::Holder,
            Lifter::Agent(name) => LifterTold::Agent { name: ActorText(name) },
            Lifter::Authority(name) => LifterTold::Authority { name: ActorText(name) },
        }
    }
}

/// Whether and how a freeze ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Ending")]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum EndingTold {
    /// In force.
    Active,
    /// Lifted.
    Lifted {
        /// When.
        at: Moment,
        /// By whom, where the caller may see it.
        #[serde(skip_serializing_if = "Option::is_none")]
        by: Option<LifterTold>,
        /// On what ground, where the caller may see it.
        #[serde(skip_serializing_if = "Option::is_none")]
        ground: Option<GroundWord>,
    },
    /// Ran out.
    Expired {
        /// When.
        at: Moment,
    },
}

/// A freeze.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Freeze")]
pub struct FreezeTold {
    /// Its number.
    pub id: FreezeText,
    /// What is frozen.
    pub scope: ScopeTwin,
    /// The card's last four digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last4: Option<String>,
    /// The account it lies on, directly or through its card.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountText>,
    /// Why, by the name it goes by for this caller.
    pub cause: CauseNamed,
    /// When it was placed.
    pub placed_at: Moment,
    /// The date by which there is an answer.
    pub next_at: Moment,
    /// Whether and how it ended.
    pub ending: EndingTold,
    /// The record behind it, where the caller may see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<FreezeRecord>,
    /// The freeze explained.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explanation: Option<ExplanationTold>,
}

/// What only those see who may know the reason.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct FreezeRecord {
    /// How far.
    pub reach: ReachWord,
    /// Who placed it.
    pub placed_by: PlacedByTold,
    /// The decision it follows from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<DecisionText>,
    /// When it runs out by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Moment>,
    /// Who acts next.
    pub owner: OwnerWord,
    /// The way out.
    pub exit: ExitTwin,
    /// What stays possible each local day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowance_daily: Option<Amount>,
    /// Those who have approved its lift so far.
    pub approvals: Vec<ActorText>,
}

/// Tells a freeze as it stands at `at`; explained where `contact` is said to be wanted.
#[must_use]
pub fn tell(case: &FreezeCase, sight: Sight, at: Timestamp, explained: Option<Option<&str>>) -> FreezeTold {
    let freeze = &case.freeze;
    let open = sight.sees_freeze(freeze);
    FreezeTold {
        id: FreezeText(freeze.id),
        scope: freeze.scope.into(),
        last4: case.last4.map(super::card::last4),
        account: case.account.map(AccountText),
        cause: CauseNamed::of(sight.freeze_cause(freeze), sight),
        placed_at: Moment(freeze.placed_at),
        next_at: Moment(freeze.next_at),
        ending: ending(case, open, at),
        record: open.then(|| FreezeRecord {
            reach: freeze.reach.into(),
            placed_by: freeze.placed_by.into(),
            evidence: freeze.evidence.map(DecisionText),
            expires_at: freeze.expires_at.map(Moment),
            owner: freeze.owner.into(),
            exit: freeze.exit.into(),
            allowance_daily: freeze
                .allowance
                .map(|allowance| Amount::from(Money::new(allowance.daily, case.currency))),
            approvals: freeze.approvals.iter().copied().map(ActorText).collect(),
        }),
        explanation: explained.map(|contact| {
            let slots = case.slots(contact);
            let mut told = explanation::tell(freeze.decline_cause(), sight, &slots);
            // What the agent reads is why it was placed; holder and cashier read what was done.
            if let Some(agent) = told.agent.as_mut().filter(|_| open) {
                *agent = explanation::reading(freeze.cause, machine::explain::Audience::Agent, &slots);
            }
            told
        }),
    }
}

fn ending(case: &FreezeCase, open: bool, at: Timestamp) -> EndingTold {
    match case.freeze.ending {
        // What ran out ends for good at the next sweep, but stops nothing from its expiry on.
        Ending::Active if !case.freeze.holds_at(at) => {
            EndingTold::Expired { at: Moment(case.freeze.expires_at.unwrap_or(at)) }
        }
        Ending::Active => EndingTold::Active,
        Ending::Lifted { at, by, ground } => EndingTold::Lifted {
            at: Moment(at),
            by: open.then(|| by.into()),
            ground: open.then(|| ground.into()),
        },
        Ending::Expired { at } => EndingTold::Expired { at: Moment(at) },
    }
}
