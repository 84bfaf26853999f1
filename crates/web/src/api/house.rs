//! The house itself: what it can do, whether it is well, its figures, and the description of this API.
//!
//! No money, no card.

use super::{Answers, Endpoint, Keyed, openapi};
use crate::caller::Caller;
use crate::intake::{Body, IdempotencyKey};
use crate::problem::{Kind, Problem};
use crate::site::Site;
use crate::twin::page::Done;
use crate::twin::time::Moment;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use axum::{Extension, Json};
use machine::command::{Command, House};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get("/v1/house", "get_house", "What the house can do, and how the host stands", house)
            .answers::<HouseTold>(),
        Endpoint::post("/v1/house", "set_house", "Declare an outage or maintenance, or its end", set_house)
            .body::<HouseTwin>()
            .answers::<Done>(),
        Endpoint::get("/healthz", "health", "The process lives", health).open().answering(Answers::Text),
        Endpoint::get("/readyz", "readiness", "The host takes commands", readiness)
            .open()
            .answering(Answers::Text),
        Endpoint::get("/metrics", "metrics", "Figures in the text format of Prometheus", metrics)
            .answering(Answers::Text),
        Endpoint::get("/openapi.json", "openapi", "This description", description)
            .open()
            .answering(Answers::AnyJson),
    ]
}

/// What the house, and the issuer behind it, can do.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "HouseState")]
#[serde(rename_all = "snake_case", tag = "is", deny_unknown_fields)]
pub enum HouseTwin {
    /// All well.
    Open {},
    /// Maintenance.
    Maintenance {
        /// Until about when.
        until: Moment,
    },
    /// The network to the issuer is down.
    NetworkDown {},
    /// The issuer's host is out of order.
    IssuerDown {},
    /// The issuer does not answer in time.
    IssuerSilent {},
}

impl From<House> for HouseTwin {
    fn from(house: House) -> HouseTwin {
        match house {
            House::Open => HouseTwin::Open {},
            House::Maintenance { until } => HouseTwin::Maintenance { until: Moment(until) },
            House::NetworkDown => HouseTwin::NetworkDown {},
            House::IssuerDown => HouseTwin::IssuerDown {},
            House::IssuerSilent => HouseTwin::IssuerSilent {},
        }
    }
}

impl From<HouseTwin> for House {
    fn from(twin: HouseTwin) -> House {
        match twin {
            HouseTwin::Open {} => House::Open,
            HouseTwin::Maintenance { until } => House::Maintenance { until: until.0 },
            HouseTwin::NetworkDown {} => House::NetworkDown,
            HouseTwin::IssuerDown {} => House::IssuerDown,
            HouseTwin::IssuerSilent {} => House::IssuerSilent,
        }
    }
}

/// How the host stands.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "House")]
pub struct HouseTold {
    /// What it can do.
    pub state: HouseTwin,
    /// Whether it takes commands.
    pub ready: bool,
    /// Why not, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The last durable record.
    pub head: u64,
    /// Since when it runs.
    pub since: Moment,
    /// Now.
    pub now: Moment,
    /// Decisions kept for search.
    pub history: usize,
    /// Freezes in force.
    pub frozen: usize,
}

async fn house(State(site): State<Arc<Site>>) -> Result<Json<HouseTold>, Problem> {
    let state = site.look(|machine, _| machine.house()).await?;
    let standing = site.host.standing();
    Ok(Json(HouseTold {
        state: state.into(),
        ready: standing.ready,
        why: standing.why,
        head: standing.head,
        since: Moment(standing.since),
        now: Moment(site.host.now()),
        history: site.live.history(crate::history::History::len),
        frozen: site.live.frozen(0).1,
    }))
}

async fn set_house(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    key: IdempotencyKey,
    body: Body<HouseTwin>,
) -> Result<Json<Done>, Problem> {
    let keyed = Keyed::of(&caller, &key, &body.canonical);
    let command = Command::SetHouse(body.asked.into());
    keyed.ask_done(&site, command, "house", "/v1/house".to_owned()).await.map(Json)
}

async fn health() -> &'static str {
    "alive\n"
}

async fn readiness(State(site): State<Arc<Site>>) -> Result<&'static str, Problem> {
    match site.host.standing().ready {
        true => Ok("ready\n"),
        false => Err(Problem::new(Kind::NotReady)),
    }
}

async fn metrics(State(site): State<Arc<Site>>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], site.host.metrics())
}

async fn description() -> impl IntoResponse {
    Json(openapi::document())
}
