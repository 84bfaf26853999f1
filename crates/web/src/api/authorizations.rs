//! Authorizations and what follows them: capture, refund, void, reversal; and the dry run.
//!
//! A decline is a result. Nothing is decided here: the machine is asked, and its answer told.

use super::{Endpoint, Keyed, Segments};
use crate::caller::Caller;
use crate::case::{Case, Row};
use crate::intake::{Body, IdempotencyKey, from_path};
use crate::problem::Problem;
use crate::site::Site;
use crate::twin::decision::{
    self, AuthorizationAsked, CaptureAsked, DecisionTold, NothingAsked, RefundAsked, ReverseAsked, Told,
};
use crate::twin::ids::DecisionText;
use axum::extract::State;
use axum::{Extension, Json};
use machine::cause::{Cause, CauseSet};
use machine::command::{Authorize, Checks, Command, Entry, Follow, Original, Place, Purpose, Reverse};
use machine::ids::{Origin, TransactionId};
use machine::money::Money;
use machine::outcome::{Answer, Facts, Outcome, Subject, Verdict};
use machine::time::Timestamp;
use machine::transaction::{State as Standing, Transaction};
use std::sync::Arc;

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::post(
            "/v1/authorizations",
            "authorize",
            "Authorize: a hold, or with `capture` a sale",
            authorize,
        )
        .body::<AuthorizationAsked>()
        .answers::<DecisionTold>(),
        Endpoint::get(
            "/v1/authorizations/{id}",
            "get_authorization",
            "An authorization as it stands",
            super::decisions::one,
        )
        .answers::<DecisionTold>(),
        Endpoint::post(
            "/v1/authorizations/{id}/capture",
            "capture",
            "Capture a hold, in part or to its end",
            capture,
        )
        .body::<CaptureAsked>()
        .answers::<DecisionTold>(),
        Endpoint::post(
            "/v1/authorizations/{id}/refund",
            "refund",
            "Give money back, in part or whole",
            refund,
        )
        .body::<RefundAsked>()
        .answers::<DecisionTold>(),
        Endpoint::post("/v1/authorizations/{id}/void", "void", "Undo a sale, a hold or a capture", void)
            .body::<NothingAsked>()
            .answers::<DecisionTold>(),
        Endpoint::post(
            "/v1/authorizations/{id}/reverse",
            "reverse",
            "Take a decision back, whole or down to what remains",
            reverse,
        )
        .body::<ReverseAsked>()
        .answers::<DecisionTold>(),
        Endpoint::ask(
            "/v1/dry-runs",
            "dry_run",
            "Would it work now? Decides without changing anything",
            dry_run,
        )
        .body::<AuthorizationAsked>()
        .answers::<DecisionTold>(),
    ]
}

/// The machine's ask, of a request.
fn asked(asked: &AuthorizationAsked, origin: Origin) -> Result<Authorize, Problem> {
    let checks = asked.checks.read().ok_or_else(|| {
        Problem::field("checks.counter", "belongs to a cryptogram that was checked, and only to one")
    })?;
    Ok(Authorize {
        origin,
        purpose: if asked.capture { Purpose::Sale } else { Purpose::PreAuthorization },
        card: asked.card.0,
        amount: asked.amount.into(),
        entry: asked.entry.into(),
        place: asked.place(),
        expiry: None,
        checks,
        advice: false,
        answer_by: None,
    })
}

/// Asks for a decision and tells it as it was answered.
async fn decide(
    site: &Site,
    caller: &Caller,
    keyed: &Keyed,
    command: Command,
) -> Result<Json<DecisionTold>, Problem> {
    let durable = keyed.ask(site, command.clone()).await?;
    let answer = match durable.outcome {
        Outcome::Decided(answer) | Outcome::Repeated(answer) => answer,
        Outcome::Refused(refusal) => return Err(refusal.into()),
        outcome @ (Outcome::Done
        | Outcome::SignedIn { .. }
        | Outcome::Settled { .. }
        | Outcome::Noted { .. }
        | Outcome::Frozen(_)
        | Outcome::Lifted(_)
        | Outcome::LiftApproved { .. }
        | Outcome::Swept { .. }) => {
            unreachable!("an ask for a decision is decided or refused, not {outcome:?}")
        }
    };
    let row = Row::asked(&command, answer).expect("the command asked for a decision");
    let case = site.look(move |machine, _| Case::gather(machine, row)).await?;
    let contact = site.settings.contact.as_deref();
    Ok(Json(decision::tell(&case, caller.sight(), contact, Told::AsAnswered)))
}

async fn authorize(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    key: IdempotencyKey,
    body: Body<AuthorizationAsked>,
) -> Result<Json<DecisionTold>, Problem> {
    let keyed = Keyed::of(&caller, &key, &body.canonical);
    let ask = asked(&body.asked, Origin::Api(keyed.key))?;
    if site.settings.test_amounts
        && let Some(cause) = test_cause(ask.amount)
    {
        return made_up(&site, &caller, ask, cause).await;
    }
    decide(&site, &caller, &keyed, Command::Authorize(ask)).await
}

async fn dry_run(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    body: Body<AuthorizationAsked>,
) -> Result<Json<DecisionTold>, Problem> {
    let ask = asked(&body.asked, Origin::House(0))?;
    let case = site.look(move |machine, at| peek(machine, &ask, at)).await?;
    let contact = site.settings.contact.as_deref();
    Ok(Json(decision::tell(&case, caller.sight(), contact, Told::Unrecorded)))
}

/// What the answer would be now, with what is needed to explain it.
#[must_use]
pub fn peek(machine: &machine::Machine, ask: &Authorize, at: Timestamp) -> Case {
    let answer = machine.peek(ask, at);
    let row =
        Row { answer, purpose: ask.purpose, card: Some(ask.card), entry: ask.entry, place: Some(ask.place) };
    Case::gather(machine, row)
}

/// The decline a test amount asks for: its two last digits are the code as UnionPay writes it.
fn test_cause(amount: Money) -> Option<Cause> {
    let code = format!("{:02}", amount.minor.rem_euclid(100));
    Cause::ALL.iter().copied().find(|cause| cause.entry().codes.unionpay == code)
}

/// A decline made up for a test amount; nothing is asked of the machine and nothing recorded.
async fn made_up(
    site: &Site,
    caller: &Caller,
    ask: Authorize,
    cause: Cause,
) -> Result<Json<DecisionTold>, Problem> {
    let case = site
        .look(move |machine, at| {
            let verdict = Verdict::Declined(CauseSet::from_iter([cause]));
            let (number, amount, facts) = (TransactionId(0), ask.amount, Facts::default());
            let answer = Answer { number, at, verdict, amount, facts, original: None, exception: None };
            let (purpose, entry) = (ask.purpose, ask.entry);
            Case::gather(
                machine,
                Row { answer, purpose, card: Some(ask.card), entry, place: Some(ask.place) },
            )
        })
        .await?;
    let contact = site.settings.contact.as_deref();
    let mut told = decision::tell(&case, caller.sight(), contact, Told::Unrecorded);
    told.test = true;
    Ok(Json(told))
}

/// The decision a follow-up is about, and where it is to happen.
struct Followed {
    number: TransactionId,
    transaction: Transaction,
    /// Still held, of a hold.
    open: i64,
    place: Place,
}

async fn followed(site: &Site, path: &Segments) -> Result<Followed, Problem> {
    let number = from_path(DecisionText::read, path.at(0), "id", DecisionText::NOT)?;
    let found = site
        .look(move |machine, _| {
            let transaction = *machine.transaction(number)?;
            let holds = transaction.account.and_then(|id| machine.account(id)).map(|account| &account.holds);
            let hold = holds.and_then(|holds| holds.iter().find(|hold| hold.number == number));
            // A follow-up of the API comes from the merchant, whether or not its terminal is signed in.
            let place = match transaction.place? {
                Place::Terminal(acceptor) => Place::Merchant(acceptor.merchant),
                place @ (Place::Elsewhere { .. } | Place::Merchant(_)) => place,
            };
            Some(Followed { number, transaction, open: hold.map_or(0, |hold| hold.open), place })
        })
        .await?;
    found.ok_or(Problem::not_found(Subject::Transaction))
}

impl Followed {
    fn ask(&self, keyed: &Keyed, purpose: Purpose, amount: Money, last: bool) -> Command {
        Command::Follow(Follow {
            origin: Origin::Api(keyed.key),
            purpose,
            original: Original::Number(self.number),
            card: None,
            amount,
            entry: Entry::OnFile,
            place: self.place,
            checks: Checks::NONE,
            advice: false,
            last,
        })
    }

    /// What undoes it, and the amount in force.
    fn undoing(&self) -> (Purpose, Money) {
        let amount = self.transaction.answer.amount;
        let purpose = match self.transaction.purpose {
            Purpose::PreAuthorization => Purpose::PreAuthorizationCancel,
            Purpose::Completion => Purpose::CompletionCancel,
            Purpose::Sale
            | Purpose::BalanceInquiry
            | Purpose::Void
            | Purpose::PreAuthorizationCancel
            | Purpose::CompletionCancel
            | Purpose::Refund
            | Purpose::Reversal
            | Purpose::Fault => Purpose::Void,
        };
        let minor = match self.transaction.state {
            Standing::Posted { net, .. } | Standing::Undone { net, .. } => net,
            Standing::Held => self.open,
            Standing::Idle
            | Standing::Refunded { .. }
            | Standing::Undid
            | Standing::Captured { .. }
            | Standing::Expired
            | Standing::Reversed => amount.minor,
        };
        (purpose, Money::new(minor, amount.currency))
    }
}

async fn capture(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    key: IdempotencyKey,
    path: Segments,
    body: Body<CaptureAsked>,
) -> Result<Json<DecisionTold>, Problem> {
    let keyed = Keyed::of(&caller, &key, &body.canonical);
    let original = followed(&site, &path).await?;
    let command = original.ask(&keyed, Purpose::Completion, body.asked.amount.into(), body.asked.last);
    decide(&site, &caller, &keyed, command).await
}

async fn refund(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    key: IdempotencyKey,
    path: Segments,
    body: Body<RefundAsked>,
) -> Result<Json<DecisionTold>, Problem> {
    let keyed = Keyed::of(&caller, &key, &body.canonical);
    let original = followed(&site, &path).await?;
    let command = original.ask(&keyed, Purpose::Refund, body.asked.amount.into(), true);
    decide(&site, &caller, &keyed, command).await
}

async fn void(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    key: IdempotencyKey,
    path: Segments,
    body: Body<NothingAsked>,
) -> Result<Json<DecisionTold>, Problem> {
    let keyed = Keyed::of(&caller, &key, &body.canonical);
    let original = followed(&site, &path).await?;
    let (purpose, amount) = original.undoing();
    decide(&site, &caller, &keyed, original.ask(&keyed, purpose, amount, true)).await
}

async fn reverse(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    key: IdempotencyKey,
    path: Segments,
    body: Body<ReverseAsked>,
) -> Result<Json<DecisionTold>, Problem> {
    let keyed = Keyed::of(&caller, &key, &body.canonical);
    let original = followed(&site, &path).await?;
    if body.asked.remaining.is_some_and(|left| left.currency.0 != original.transaction.answer.amount.currency)
    {
        return Err(Problem::field("remaining.currency", "is another than the original's"));
    }
    let command = Command::Reverse(Reverse {
        original: Original::Number(original.number),
        card: None,
        amount: None,
        remaining: body.asked.remaining.map(Money::from),
        place: Some(original.place),
    });
    decide(&site, &caller, &keyed, command).await
}
