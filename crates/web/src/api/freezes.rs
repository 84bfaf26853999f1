//! Freezes: placed, listed, explained, lifted.
//!
//! Who may lift is the machine's to decide; who the caller is and what it may see is decided here.

use super::accounts::limit;
use super::{Endpoint, Keyed, Segments};
use crate::caller::Caller;
use crate::case::FreezeCase;
use crate::intake::{Body, IdempotencyKey, Query, from_path};
use crate::problem::{Kind, Problem};
use crate::sight::Sight;
use crate::site::Site;
use crate::twin::freeze::{
    self, FreezeAsked, FreezeTold, FrozenTold, FrozenWord, LiftAsked, LiftTold, PersonAsked,
};
use crate::twin::ids::{AccountText, CardText, FreezeText, MerchantText};
use crate::twin::page::{Cursor, Page};
use axum::extract::State;
use axum::{Extension, Json};
use machine::Machine;
use machine::cause::Cause;
use machine::command::{Command, LiftFreeze, PlaceFreeze};
use machine::freeze::{Allowance, Freeze, Lifter, PlacedBy, Scope};
use machine::ids::FreezeId;
use machine::outcome::{Outcome, Subject};
use machine::time::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use std::sync::Arc;

/// Freezes one page looks at before it hands out a cursor to go on with.
const SCANNED_MAX: u64 = 2_000;

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::post(
            "/v1/freezes",
            "place_freeze",
            "Freeze a PIN, card, account, terminal or merchant",
            place,
        )
        .body::<FreezeAsked>()
        .answers::<FrozenTold>(),
        Endpoint::get("/v1/freezes", "list_freezes", "Freezes, newest first", list)
            .query::<FreezesSought>()
            .answers::<Page<FreezeTold>>(),
        Endpoint::get("/v1/freezes/{id}", "get_freeze", "A freeze as it stands, explained", one)
            .answers::<FreezeTold>(),
        Endpoint::post("/v1/freezes/{id}/lift", "lift_freeze", "Lift a freeze, or approve its lift", lift)
            .body::<LiftAsked>()
            .answers::<LiftTold>(),
    ]
}

/// Which freezes.
#[derive(Clone, PartialEq, Eq, Default, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FreezesSought {
    /// Only those in force, or only those that ended.
    #[serde(default)]
    pub active: Option<bool>,
    /// Only for this cause, by the name it goes by for this caller.
    #[serde(default)]
    pub cause: Option<String>,
    /// Only of this card or its PIN.
    #[serde(default)]
    pub card: Option<CardText>,
    /// Only of this account, or a card on it.
    #[serde(default)]
    pub account: Option<AccountText>,
    /// Only of this merchant or its terminals.
    #[serde(default)]
    pub merchant: Option<MerchantText>,
    /// Entries of the page, 1 to 200.
    #[serde(default)]
    pub limit: Option<usize>,
    /// The `next` of the page before.
    #[serde(default)]
    pub cursor: Option<Cursor>,
}

impl FreezesSought {
    fn matches(&self, machine: &Machine, freeze: &Freeze, sight: Sight, at: Timestamp) -> bool {
        let (card, merchant) = match freeze.scope {
            Scope::Pin(card) | Scope::Card(card) => (Some(card), None),
            Scope::Account(_) => (None, None),
            Scope::Terminal(acceptor) => (None, Some(acceptor.merchant)),
            Scope::Merchant(merchant) => (None, Some(merchant)),
        };
        let account = || match freeze.scope {
            Scope::Account(account) => Some(account),
            Scope::Pin(card) | Scope::Card(card) => {
                let slot = machine.card(card)?.account as usize;
                machine.accounts().get(slot).map(|account| account.id)
            }
            Scope::Terminal(_) | Scope::Merchant(_) => None,
        };
        self.active.is_none_or(|active| freeze.holds_at(at) == active)
            && self.card.is_none_or(|CardText(sought)| card == Some(sought))
            && self.merchant.is_none_or(|MerchantText(sought)| merchant == Some(sought))
            && self.account.is_none_or(|AccountText(sought)| account() == Some(sought))
            // By the name this caller may know: a filter must not tell what the record does not.
            && self.cause.as_ref().is_none_or(|sought| sight.slug(sight.freeze_cause(freeze)) == sought)
    }
}

async fn list(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Query(sought): Query<FreezesSought>,
) -> Result<Json<Page<FreezeTold>>, Problem> {
    let limit = limit(sought.limit)?;
    let sight = caller.sight();
    let (cases, next, at) = site
        .look(move |machine, at| {
            let newest = machine.freezes().next().map_or(0, |freeze| freeze.id.0);
            let from = sought.cursor.map_or(newest, |cursor| cursor.0.min(newest));
            let lowest = from.saturating_sub(SCANNED_MAX);
            let mut cases = Vec::new();
            for id in (lowest + 1..=from).rev() {
                if cases.len() >= limit {
                    return (cases, Some(id), at);
                }
                let found =
                    machine.freeze(FreezeId(id)).filter(|freeze| sought.matches(machine, freeze, sight, at));
                cases.extend(found.map(|freeze| FreezeCase::gather(machine, freeze)));
            }
            (cases, (lowest > 0).then_some(lowest), at)
        })
        .await?;
    let data = cases.iter().map(|case| freeze::tell(case, sight, at, None)).collect();
    Ok(Json(Page { data, next: next.map(Cursor) }))
}

/// The freeze of that number, and the machine's time.
///
/// # Errors
/// If there is none.
pub async fn find(site: &Site, id: FreezeId) -> Result<(FreezeCase, Timestamp), Problem> {
    let found = site
        .look(move |machine, at| machine.freeze(id).map(|freeze| (FreezeCase::gather(machine, freeze), at)))
        .await?;
    found.ok_or(Problem::not_found(Subject::Freeze))
}

async fn one(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    path: Segments,
) -> Result<Json<FreezeTold>, Problem> {
    let id = from_path(FreezeText::read, path.at(0), "freeze", FreezeText::NOT)?;
    let (case, at) = find(&site, id).await?;
    let contact = site.settings.contact.as_deref();
    Ok(Json(freeze::tell(&case, caller.sight(), at, Some(contact))))
}

async fn place(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    key: IdempotencyKey,
    body: Body<FreezeAsked>,
) -> Result<Json<FrozenTold>, Problem> {
    let asked = &body.asked;
    let cause =
        Cause::by_slug(&asked.cause).ok_or_else(|| Problem::field("cause", "is no cause: see /v1/causes"))?;
    if !caller.sight().sees(cause) && caller.sight() != Sight::Outside {
        return Err(Problem::new(Kind::Forbidden).naming("cause", "is the legal desk's to place"));
    }
    let by = match asked.by {
        PersonAsked::Holder {} => PlacedBy::Holder,
        PersonAsked::Agent { name } => {
            needs(caller.scopes.agent)?;
            PlacedBy::Agent(caller.acting(name.map(|name| name.0))?)
        }
        PersonAsked::Authority { name } => {
            needs(caller.scopes.legal)?;
            PlacedBy::Authority(caller.acting(name.map(|name| name.0))?)
        }
    };
    if by == PlacedBy::Holder && cause != Cause::FrozenByHolder {
        return Err(Problem::field("cause", "is none a holder places: frozen_by_holder"));
    }
    if asked.allowance_daily.is_some_and(|daily| !(0..=machine::AMOUNT_MAX).contains(&daily)) {
        return Err(Problem::field("allowance_daily", "is out of its range: 0 to 999999999999"));
    }
    let command = Command::PlaceFreeze(PlaceFreeze {
        scope: asked.scope.into(),
        reach: asked.reach.map(Into::into),
        cause,
        evidence: asked.evidence.map(|evidence| evidence.0),
        by,
        expires_at: asked.expires_at.map(|at| at.0),
        exit: asked.exit.map(Into::into),
        allowance: asked.allowance_daily.map(|daily| Allowance { daily }),
    });
    let keyed = Keyed::of(&caller, &key, &body.canonical);
    match keyed.ask(&site, command).await?.outcome {
        Outcome::Frozen(id) => {
            let href = format!("/v1/freezes/{id}");
            Ok(Json(FrozenTold { result: FrozenWord::Frozen, id: FreezeText(id), href }))
        }
        Outcome::Refused(refusal) => Err(refusal.into()),
        outcome @ (Outcome::Decided(_)
        | Outcome::Repeated(_)
        | Outcome::Done
        | Outcome::SignedIn { .. }
        | Outcome::Settled { .. }
        | Outcome::Noted { .. }
        | Outcome::Lifted(_)
        | Outcome::LiftApproved { .. }
        | Outcome::Swept { .. }) => unreachable!("a freeze is placed or refused, not {outcome:?}"),
    }
}

/// The scope is there, or it is forbidden.
fn needs(scope: bool) -> Result<(), Problem> {
    scope.then_some(()).ok_or(Problem::new(Kind::Forbidden))
}

async fn lift(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    key: IdempotencyKey,
    path: Segments,
    body: Body<LiftAsked>,
) -> Result<Json<LiftTold>, Problem> {
    let freeze = from_path(FreezeText::read, path.at(0), "freeze", FreezeText::NOT)?;
    let keyed = Keyed::of(&caller, &key, &body.canonical);
    lift_by(&site, &caller, &keyed, freeze, body.asked).await.map(Json)
}

/// Lifts, or approves a lift, for a caller who may.
///
/// # Errors
/// If he may not, or it is refused.
pub async fn lift_by(
    site: &Site,
    caller: &Caller,
    keyed: &Keyed,
    freeze: FreezeId,
    asked: LiftAsked,
) -> Result<LiftTold, Problem> {
    let by = match asked.by {
        PersonAsked::Holder {} => Lifter::Holder,
        PersonAsked::Agent { name } => {
            needs(caller.scopes.agent)?;
            Lifter::Agent(caller.acting(name.map(|name| name.0))?)
        }
        PersonAsked::Authority { name } => {
            needs(caller.scopes.legal)?;
            Lifter::Authority(caller.acting(name.map(|name| name.0))?)
        }
    };
    let command = Command::LiftFreeze(LiftFreeze { freeze, by, ground: asked.ground.into() });
    match keyed.ask(site, command).await?.outcome {
        Outcome::Lifted(freeze) => Ok(LiftTold::Lifted { freeze: FreezeText(freeze) }),
        Outcome::LiftApproved { freeze, have, need } => {
            Ok(LiftTold::LiftApproved { freeze: FreezeText(freeze), have, need })
        }
        Outcome::Refused(refusal) => Err(refusal.into()),
        outcome @ (Outcome::Decided(_)
        | Outcome::Repeated(_)
        | Outcome::Done
        | Outcome::SignedIn { .. }
        | Outcome::Settled { .. }
        | Outcome::Noted { .. }
        | Outcome::Frozen(_)
        | Outcome::Swept { .. }) => unreachable!("a lift is done, approved or refused, not {outcome:?}"),
    }
}
