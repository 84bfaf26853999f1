//! Accounts: opened, looked at, funded, limited, moved to another zone, closed.
//!
//! Payments out of them are authorizations.

use super::{Endpoint, Keyed, Segments};
use crate::caller::Caller;
use crate::intake::{Body, IdempotencyKey, Query, from_path};
use crate::problem::Problem;
use crate::site::Site;
use crate::twin::account::{self, AccountAsked, AccountTold, FundAsked, LimitsTwin, ZoneAsked};
use crate::twin::decision::NothingAsked;
use crate::twin::ids::AccountText;
use crate::twin::page::{Cursor, Done, LIMIT_DEFAULT, LIMIT_MAX, Page};
use axum::extract::State;
use axum::{Extension, Json};
use machine::command::{Command, OpenAccount};
use machine::ids::AccountId;
use machine::outcome::Subject;
use schemars::JsonSchema;
use serde::Deserialize;
use std::sync::Arc;

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::post("/v1/accounts", "open_account", "Open an account", open)
            .body::<AccountAsked>()
            .answers::<Done>(),
        Endpoint::get("/v1/accounts", "list_accounts", "Accounts, newest first", list)
            .query::<Paging>()
            .answers::<Page<AccountTold>>(),
        Endpoint::get("/v1/accounts/{account}", "get_account", "An account", one).answers::<AccountTold>(),
        Endpoint::post("/v1/accounts/{account}/fund", "fund_account", "Money from outside arrives", fund)
            .body::<FundAsked>()
            .answers::<Done>(),
        Endpoint::post("/v1/accounts/{account}/limits", "set_limits", "Set all limits of an account", limits)
            .body::<LimitsTwin>()
            .answers::<Done>(),
        Endpoint::post(
            "/v1/accounts/{account}/zone",
            "set_zone",
            "Move an account to another offset from UTC",
            zone,
        )
        .body::<ZoneAsked>()
        .answers::<Done>(),
        Endpoint::post(
            "/v1/accounts/{account}/close",
            "close_account",
            "Close an account that is empty",
            close,
        )
        .body::<NothingAsked>()
        .answers::<Done>(),
    ]
}

/// Which page of a list.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Paging {
    /// Entries of the page, 1 to 200.
    #[serde(default)]
    pub limit: Option<usize>,
    /// The `next` of the page before.
    #[serde(default)]
    pub cursor: Option<Cursor>,
}

/// The number of entries asked for.
///
/// # Errors
/// If it is none that is served.
pub fn limit(asked: Option<usize>) -> Result<usize, Problem> {
    let limit = asked.unwrap_or(LIMIT_DEFAULT);
    match (1..=LIMIT_MAX).contains(&limit) {
        true => Ok(limit),
        false => Err(Problem::field("limit", "is out of its range: 1 to 200")),
    }
}

/// Cuts a page out of a list that only grows at its end: newest first, the cursor is the place to go on below.
#[must_use]
pub fn cut<T, U>(all: &[T], cursor: Option<Cursor>, limit: usize, tell: impl Fn(&T) -> U) -> Page<U> {
    let end = cursor.map_or(all.len(), |cursor| usize::try_from(cursor.0).unwrap_or(0).min(all.len()));
    let begin = end.saturating_sub(limit);
    let data = all[begin..end].iter().rev().map(tell).collect();
    Page { data, next: (begin > 0).then_some(Cursor(begin as u64)) }
}

fn named(path: &Segments) -> Result<AccountId, Problem> {
    from_path(AccountText::read, path.at(0), "account", AccountText::NOT)
}

fn href(account: AccountId) -> String {
    format!("/v1/accounts/{account}")
}

async fn open(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    key: IdempotencyKey,
    body: Body<AccountAsked>,
) -> Result<Json<Done>, Problem> {
    let keyed = Keyed::of(&caller, &key, &body.canonical);
    let asked = body.asked;
    // A number made of the key: the same request repeated opens the same account.
    let made = || u64::from_be_bytes(std::array::from_fn(|place| keyed.key[place])) >> 12;
    let account = asked.account.map_or_else(|| AccountId(made()), |account| account.0);
    let command = Command::OpenAccount(OpenAccount {
        account,
        kind: asked.kind(),
        currency: asked.currency.0,
        zone: account::zone(asked.utc_offset_minutes)?,
        limits: asked.limits.into(),
    });
    keyed.ask_done(&site, command, &account.to_string(), href(account)).await.map(Json)
}

async fn list(
    State(site): State<Arc<Site>>,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<AccountTold>>, Problem> {
    let limit = limit(paging.limit)?;
    let page = site
        .look(move |machine, at| {
            cut(machine.accounts(), paging.cursor, limit, |account| account::tell(account, at))
        })
        .await?;
    Ok(Json(page))
}

async fn one(State(site): State<Arc<Site>>, path: Segments) -> Result<Json<AccountTold>, Problem> {
    let id = named(&path)?;
    let told =
        site.look(move |machine, at| machine.account(id).map(|account| account::tell(account, at))).await?;
    told.map(Json).ok_or(Problem::not_found(Subject::Account))
}

async fn fund(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    key: IdempotencyKey,
    path: Segments,
    body: Body<FundAsked>,
) -> Result<Json<Done>, Problem> {
    let account = named(&path)?;
    let command = Command::Fund { account, amount: body.asked.amount.into() };
    let keyed = Keyed::of(&caller, &key, &body.canonical);
    keyed.ask_done(&site, command, &account.to_string(), href(account)).await.map(Json)
}

async fn limits(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    key: IdempotencyKey,
    path: Segments,
    body: Body<LimitsTwin>,
) -> Result<Json<Done>, Problem> {
    let account = named(&path)?;
    let command = Command::SetLimits { account, limits: body.asked.into() };
    let keyed = Keyed::of(&caller, &key, &body.canonical);
    keyed.ask_done(&site, command, &account.to_string(), href(account)).await.map(Json)
}

async fn zone(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    key: IdempotencyKey,
    path: Segments,
    body: Body<ZoneAsked>,
) -> Result<Json<Done>, Problem> {
    let account = named(&path)?;
    let command = Command::SetZone { account, zone: account::zone(body.asked.utc_offset_minutes)? };
    let keyed = Keyed::of(&caller, &key, &body.canonical);
    keyed.ask_done(&site, command, &account.to_string(), href(account)).await.map(Json)
}

async fn close(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    key: IdempotencyKey,
    path: Segments,
    body: Body<NothingAsked>,
) -> Result<Json<Done>, Problem> {
    let account = named(&path)?;
    let keyed = Keyed::of(&caller, &key, &body.canonical);
    keyed.ask_done(&site, Command::CloseAccount(account), &account.to_string(), href(account)).await.map(Json)
}
