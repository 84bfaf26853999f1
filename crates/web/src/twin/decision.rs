//! Decisions as they are asked for and told.
//!
//! A decline is told as a result: all its causes by name, the first of them explained.

use super::explanation::{self, CauseNamed, ExplanationTold};
use super::ids::{AccountText, CardText, DecisionText, FreezeText, MerchantText, TerminalText};
use super::money::{Amount, AmountAsked, QuantityTold};
use super::place::{self, PlaceTold};
use super::time::Moment;
use super::words::{EntryWord, PurposeWord};
use crate::case::{Case, quantity};
use crate::sight::Sight;
use machine::cause::Cause;
use machine::command::{Checks, ChipCheck, PinCheck, Place, ValueCheck};
use machine::ids::Acceptor;
use machine::money::{Currency, Money};
use machine::outcome::{Exception, Verdict};
use machine::transaction::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A sale, a hold, or the question whether one would work.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuthorizationAsked {
    /// Which card.
    pub card: CardText,
    /// How much; greater than zero.
    pub amount: AmountAsked,
    /// Where: DE42.
    pub merchant: MerchantText,
    /// At which terminal; it has to be signed in.
    #[serde(default)]
    pub terminal: Option<TerminalText>,
    /// Money now (a sale) rather than a hold.
    #[serde(default)]
    pub capture: bool,
    /// How the card came in.
    #[serde(default = "on_file")]
    pub entry: EntryWord,
    /// What was checked before.
    #[serde(default)]
    pub checks: ChecksAsked,
}

fn on_file() -> EntryWord {
    EntryWord::OnFile
}

impl AuthorizationAsked {
    /// Where it happens.
    #[must_use]
    pub fn place(&self) -> Place {
        let merchant = self.merchant.0;
        match self.terminal {
            Some(terminal) => Place::Terminal(Acceptor { merchant, terminal: terminal.0 }),
            None => Place::Merchant(merchant),
        }
    }
}

/// What the caller checked before it asked.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChecksAsked {
    /// The PIN.
    #[serde(default)]
    pub pin: CheckWord,
    /// The card verification value.
    #[serde(default)]
    pub value: CheckWord,
    /// The chip's cryptogram.
    #[serde(default)]
    pub cryptogram: CheckWord,
    /// The chip's transaction counter; needed with a cryptogram.
    #[serde(default)]
    pub counter: Option<u16>,
}

/// How a check came out.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CheckWord {
    /// Nothing was there to check.
    #[default]
    Absent,
    /// Right.
    Right,
    /// Wrong.
    Wrong,
}

impl ChecksAsked {
    /// The machine's checks; none if a cryptogram was checked and its counter is not said.
    #[must_use]
    pub fn read(self) -> Option<Checks> {
        let chip = match (self.cryptogram, self.counter) {
            (CheckWord::Absent, None) => ChipCheck::Absent,
            (CheckWord::Right, Some(counter)) => ChipCheck::Verified { counter },
            (CheckWord::Wrong, Some(counter)) => ChipCheck::Refused { counter },
            (CheckWord::Absent, Some(_)) | (CheckWord::Right | CheckWord::Wrong, None) => return None,
        };
        let pin = match self.pin {
            CheckWord::Absent => PinCheck::Absent,
            CheckWord::Right => PinCheck::Right,
            CheckWord::Wrong => PinCheck::Wrong,
        };
        let value = match self.value {
            CheckWord::Absent => ValueCheck::Absent,
            CheckWord::Right => ValueCheck::Right,
            CheckWord::Wrong => ValueCheck::Wrong,
        };
        Some(Checks { pin, chip, value })
    }
}

/// A capture of a hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CaptureAsked {
    /// How much.
    pub amount: AmountAsked,
    /// Whether what is left of the hold is released.
    #[serde(default = "yes")]
    pub last: bool,
}

fn yes() -> bool {
    true
}

/// Money back.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RefundAsked {
    /// How much.
    pub amount: AmountAsked,
}

/// A decision taken back.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReverseAsked {
    /// What remains in force of it; without it, nothing.
    #[serde(default)]
    pub remaining: Option<AmountAsked>,
}

/// Nothing but the wish.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NothingAsked {}

/// Yes or no.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ResultWord {
    /// Approved, with a code.
    Approved,
    /// Done, where no code belongs to it: reversals.
    Accepted,
    /// Declined.
    Declined,
}

impl From<&Verdict> for ResultWord {
    fn from(verdict: &Verdict) -> ResultWord {
        match verdict {
            Verdict::Approved(_) => ResultWord::Approved,
            Verdict::Accepted => ResultWord::Accepted,
            Verdict::Declined(_) => ResultWord::Declined,
        }
    }
}

/// What has become of a decision.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[schemars(rename = "State")]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum StateTold {
    /// Moved nothing.
    Idle,
    /// Its hold is open.
    Held,
    /// Money was moved from the holder.
    Posted {
        /// In force.
        net: Amount,
        /// Refunded of it.
        refunded: Amount,
    },
    /// Money was given back.
    Refunded {
        /// In force.
        net: Amount,
    },
    /// It undid another, and that stands.
    Undid,
    /// It was undone.
    Undone {
        /// By this one.
        by: DecisionText,
    },
    /// Its hold was captured to its end.
    Captured {
        /// So much.
        captured: Amount,
    },
    /// Its hold ran out.
    Expired,
    /// Taken back.
    Reversed,
}

impl StateTold {
    fn of(state: State, currency: Currency) -> StateTold {
        let money = |minor| Amount::from(Money::new(minor, currency));
        match state {
            State::Idle => StateTold::Idle,
            State::Held => StateTold::Held,
            State::Posted { net, refunded, .. } => {
                StateTold::Posted { net: money(net), refunded: money(refunded) }
            }
            State::Refunded { net } => StateTold::Refunded { net: money(net) },
            State::Undid => StateTold::Undid,
            State::Undone { by, .. } => StateTold::Undone { by: DecisionText(by) },
            State::Captured { captured, .. } => StateTold::Captured { captured: money(captured) },
            State::Expired => StateTold::Expired,
            State::Reversed => StateTold::Reversed,
        }
    }
}

/// What was posted and has to be looked into.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Exception")]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum ExceptionTold {
    /// Posted although it would have been declined.
    PostedDespite {
        /// For this.
        cause: CauseNamed,
    },
    /// The balance went below what is available.
    Overdrawn,
    /// No original was found.
    Unmatched,
    /// It came after the batch of its original was settled.
    AfterSettlement,
    /// The terminal has it otherwise.
    TotalsDiffer,
}

impl ExceptionTold {
    fn of(exception: Exception, sight: Sight) -> ExceptionTold {
        match exception {
            Exception::PostedDespite(cause) => {
                ExceptionTold::PostedDespite { cause: CauseNamed::of(cause, sight) }
            }
            Exception::Overdrawn => ExceptionTold::Overdrawn,
            Exception::Unmatched => ExceptionTold::Unmatched,
            Exception::AfterSettlement => ExceptionTold::AfterSettlement,
            Exception::TotalsDiffer => ExceptionTold::TotalsDiffer,
        }
    }
}

/// The figures behind a decision; what does not apply is left out.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Facts")]
pub struct FactsTold {
    /// The limit that was reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<QuantityTold>,
    /// What of it was used before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub used: Option<QuantityTold>,
    /// Available before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub available: Option<Amount>,
    /// The balance, of an inquiry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub balance: Option<Amount>,
    /// PIN tries left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tries_left: Option<u8>,
    /// The freeze that stopped it, or that followed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub freeze: Option<FreezeText>,
    /// When it ends by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Moment>,
}

impl FactsTold {
    fn of(case: &Case, sight: Sight) -> FactsTold {
        let (facts, currency) = (&case.row.answer.facts, case.row.answer.amount.currency);
        // How many are too many is told to nobody who might try out how far he can go.
        let told = |about: &Cause| sight > Sight::Outside || *about != Cause::TooFrequent;
        let about = case.figures_are_about().filter(told);
        let figure = |figure: i64| about.map(|cause| QuantityTold::from(quantity(cause, figure, currency)));
        let money = |minor| Amount::from(Money::new(minor, currency));
        FactsTold {
            limit: facts.limit.and_then(figure),
            used: facts.used.and_then(figure),
            available: facts.available.map(money),
            balance: facts.balance.map(money),
            tries_left: facts.tries_left,
            freeze: facts.freeze.map(FreezeText),
            until: facts.until.map(Moment),
        }
    }
}

/// A decision.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Decision")]
pub struct DecisionTold {
    /// Its number; none of a dry run or a test amount, which are not recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<DecisionText>,
    /// Yes or no.
    pub result: ResultWord,
    /// What was asked.
    pub purpose: PurposeWord,
    /// When it was decided.
    pub at: Moment,
    /// The amount it is about.
    pub amount: Amount,
    /// The code of an approval (DE38).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval_code: Option<String>,
    /// The retrieval reference number (DE37).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rrn: Option<String>,
    /// On which card.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card: Option<CardText>,
    /// The card's last four digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last4: Option<String>,
    /// On which account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountText>,
    /// How the card came in.
    pub entry: EntryWord,
    /// Where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<PlaceTold>,
    /// The earlier decision it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub original: Option<DecisionText>,
    /// The reversal that took it back, when looked at later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reversed_by: Option<DecisionText>,
    /// What has become of it, when looked at later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<StateTold>,
    /// Something to be looked into, though it was posted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exception: Option<ExceptionTold>,
    /// The figures behind it.
    pub facts: FactsTold,
    /// All causes of a decline, in order of precedence: the first decides.
    pub causes: Vec<CauseNamed>,
    /// The deciding cause explained.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explanation: Option<ExplanationTold>,
    /// Made up for a test amount: the machine was not asked.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schemars(default)]
    pub test: bool,
}

/// Whether what has become of a decision since is told with it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Told {
    /// As it was answered: the same again for a repeat.
    AsAnswered,
    /// As it stands now.
    AsItStands,
    /// Not recorded: without its number.
    Unrecorded,
}

/// Names every cause `sight` may know, the same name once.
#[must_use]
pub fn name_causes(verdict: &Verdict, sight: Sight) -> Vec<CauseNamed> {
    let mut named: Vec<CauseNamed> = Vec::new();
    if let Verdict::Declined(causes) = verdict {
        for cause in causes.iter().map(|cause| CauseNamed::of(cause, sight)) {
            if !named.iter().any(|other| other.slug == cause.slug) {
                named.push(cause);
            }
        }
    }
    named
}

/// Tells a decision.
#[must_use]
pub fn tell(case: &Case, sight: Sight, contact: Option<&str>, told: Told) -> DecisionTold {
    let answer = &case.row.answer;
    let cause = answer.cause();
    let recorded = told != Told::Unrecorded;
    let now = told == Told::AsItStands;
    DecisionTold {
        id: recorded.then_some(DecisionText(answer.number)),
        result: (&answer.verdict).into(),
        purpose: case.row.purpose.into(),
        at: Moment(answer.at),
        amount: answer.amount.into(),
        approval_code: match answer.verdict {
            Verdict::Approved(code) if recorded => Some(code.to_string()),
            Verdict::Approved(_) | Verdict::Accepted | Verdict::Declined(_) => None,
        },
        rrn: recorded.then(|| format!("{:012}", answer.number.rrn())),
        card: case.row.card.map(CardText),
        last4: case.last4.map(super::card::last4),
        account: case.account.map(AccountText),
        entry: case.row.entry.into(),
        place: case.row.place.as_ref().map(|at| place::tell(at, case.merchant.as_deref())),
        original: answer.original.map(DecisionText),
        reversed_by: case.reversed_by.filter(|_| now).map(DecisionText),
        state: case.state.filter(|_| now).map(|state| StateTold::of(state, answer.amount.currency)),
        exception: answer.exception.map(|exception| ExceptionTold::of(exception, sight)),
        facts: FactsTold::of(case, sight),
        causes: name_causes(&answer.verdict, sight),
        explanation: cause.map(|cause| explanation::tell(cause, sight, &case.slots(cause, contact))),
        test: false,
    }
}
