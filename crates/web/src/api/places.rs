//! Merchants and terminals: enrolled and looked at.
//!
//! Signing in is the terminal's own affair.

use super::accounts::{Paging, cut, limit};
use super::{Endpoint, Keyed, Segments};
use crate::caller::Caller;
use crate::intake::{Body, IdempotencyKey, Query, from_path};
use crate::problem::Problem;
use crate::site::Site;
use crate::twin::ids::{MerchantText, TerminalText};
use crate::twin::page::{Done, Page};
use crate::twin::place::{MerchantAsked, MerchantTold, TerminalAsked, TerminalTold};
use axum::extract::State;
use axum::{Extension, Json};
use machine::command::{Command, EnrollMerchant};
use machine::ids::Acceptor;
use machine::outcome::Subject;
use std::sync::Arc;

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::post("/v1/merchants", "enroll_merchant", "Enroll a merchant", enroll_merchant)
            .body::<MerchantAsked>()
            .answers::<Done>(),
        Endpoint::get("/v1/merchants", "list_merchants", "Merchants, newest first", merchants)
            .query::<Paging>()
            .answers::<Page<MerchantTold>>(),
        Endpoint::get("/v1/merchants/{merchant}", "get_merchant", "A merchant", merchant)
            .answers::<MerchantTold>(),
        Endpoint::post(
            "/v1/terminals",
            "enroll_terminal",
            "Enroll a terminal of a merchant",
            enroll_terminal,
        )
        .body::<TerminalAsked>()
        .answers::<Done>(),
        Endpoint::get("/v1/terminals", "list_terminals", "Terminals, newest first", terminals)
            .query::<Paging>()
            .answers::<Page<TerminalTold>>(),
        Endpoint::get("/v1/terminals/{merchant}/{terminal}", "get_terminal", "A terminal", terminal)
            .answers::<TerminalTold>(),
    ]
}

async fn enroll_merchant(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    key: IdempotencyKey,
    body: Body<MerchantAsked>,
) -> Result<Json<Done>, Problem> {
    let asked = body.asked;
    if asked.name.trim().is_empty() || asked.name.len() > machine::acceptance::MERCHANT_NAME_BYTES_MAX {
        return Err(Problem::field("name", "is out of its range: 1 to 40 bytes of UTF-8"));
    }
    if asked.mcc > 9999 {
        return Err(Problem::field("mcc", "is out of its range: 0 to 9999"));
    }
    if asked.country > 999 {
        return Err(Problem::field("country", "is out of its range: 0 to 999"));
    }
    let id = asked.merchant.0;
    let (name, mcc, country) = (asked.name, asked.mcc, asked.country);
    let command = Command::EnrollMerchant(EnrollMerchant { merchant: id, name, mcc, country });
    let keyed = Keyed::of(&caller, &key, &body.canonical);
    keyed.ask_done(&site, command, &id.to_string(), format!("/v1/merchants/{id}")).await.map(Json)
}

async fn merchants(
    State(site): State<Arc<Site>>,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<MerchantTold>>, Problem> {
    let limit = limit(paging.limit)?;
    let page = site
        .look(move |machine, _| {
            cut(machine.merchants(), paging.cursor, limit, |merchant| MerchantTold::from(merchant))
        })
        .await?;
    Ok(Json(page))
}

async fn merchant(State(site): State<Arc<Site>>, path: Segments) -> Result<Json<MerchantTold>, Problem> {
    let id = from_path(MerchantText::read, path.at(0), "merchant", MerchantText::NOT)?;
    let told = site.look(move |machine, _| machine.merchant(id).map(MerchantTold::from)).await?;
    told.map(Json).ok_or(Problem::not_found(Subject::Merchant))
}

async fn enroll_terminal(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    key: IdempotencyKey,
    body: Body<TerminalAsked>,
) -> Result<Json<Done>, Problem> {
    let acceptor = Acceptor { merchant: body.asked.merchant.0, terminal: body.asked.terminal.0 };
    let href = format!("/v1/terminals/{}/{}", acceptor.merchant, acceptor.terminal);
    let keyed = Keyed::of(&caller, &key, &body.canonical);
    keyed
        .ask_done(&site, Command::EnrollTerminal(acceptor), &acceptor.terminal.to_string(), href)
        .await
        .map(Json)
}

async fn terminals(
    State(site): State<Arc<Site>>,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<TerminalTold>>, Problem> {
    let limit = limit(paging.limit)?;
    let page = site
        .look(move |machine, _| {
            cut(machine.terminals(), paging.cursor, limit, |terminal| TerminalTold::from(terminal))
        })
        .await?;
    Ok(Json(page))
}

async fn terminal(State(site): State<Arc<Site>>, path: Segments) -> Result<Json<TerminalTold>, Problem> {
    let merchant = from_path(MerchantText::read, path.at(0), "merchant", MerchantText::NOT)?;
    let terminal = from_path(TerminalText::read, path.at(1), "terminal", TerminalText::NOT)?;
    let id = Acceptor { merchant, terminal };
    let told = site.look(move |machine, _| machine.terminal(id).map(TerminalTold::from)).await?;
    told.map(Json).ok_or(Problem::not_found(Subject::Terminal))
}
