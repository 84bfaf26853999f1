//! The JSON API: one table of operations, from which router, access, idempotency and OpenAPI are made.
//!
//! What an operation does lives in the file of its resource; no page here.

pub mod accounts;
pub mod authorizations;
pub mod cards;
pub mod causes;
pub mod decisions;
pub mod events;
pub mod freezes;
pub mod house;
pub mod openapi;
pub mod places;

use crate::caller::{Gate, Need, admit};
use crate::intake::{Canonical, IdempotencyKey};
use crate::port::Durable;
use crate::problem::{Kind, Problem};
use crate::site::Site;
use crate::twin::page::Done;
use axum::Router;
use axum::extract::{FromRequestParts, Path};
use axum::handler::Handler;
use axum::http::Method;
use axum::http::request::Parts;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodFilter, MethodRouter, on};
use machine::command::Command;
use machine::outcome::Outcome;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use std::sync::Arc;

/// Describes a type to a generator.
pub type Describe = fn(&mut SchemaGenerator) -> Schema;

/// What an operation answers when all is well.
#[derive(Clone, Copy)]
pub enum Answers {
    /// JSON of this form.
    Json(Describe),
    /// Any JSON.
    AnyJson,
    /// Plain text.
    Text,
    /// Server-sent events whose data is JSON of this form.
    Events(Describe),
}

/// One line of the table.
pub struct Operation {
    /// `GET` or `POST`.
    pub method: Method,
    /// Path, its parameters in braces.
    pub path: &'static str,
    /// Stable name.
    pub id: &'static str,
    /// A sentence.
    pub summary: &'static str,
    /// What its caller needs.
    pub need: Need,
    /// Whether an idempotency key is needed.
    pub keyed: bool,
    /// Its query.
    pub query: Option<Describe>,
    /// Its body.
    pub body: Option<Describe>,
    /// Its answer.
    pub answers: Answers,
}

/// An operation with what carries it out.
pub struct Endpoint {
    /// The operation.
    pub operation: Operation,
    handler: MethodRouter<Arc<Site>>,
}

fn describe<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

impl Endpoint {
    fn new<H, T>(
        method: Method,
        path: &'static str,
        id: &'static str,
        summary: &'static str,
        handler: H,
    ) -> Endpoint
    where
        H: Handler<T, Arc<Site>>,
        T: 'static,
    {
        let filter = if method == Method::POST { MethodFilter::POST } else { MethodFilter::GET };
        let need = if method == Method::POST { Need::Write } else { Need::Read };
        let operation = Operation {
            method,
            path,
            id,
            summary,
            need,
            keyed: false,
            query: None,
            body: None,
            answers: Answers::AnyJson,
        };
        Endpoint { operation, handler: on(filter, handler) }
    }

    /// A `GET`.
    pub fn get<H, T>(path: &'static str, id: &'static str, summary: &'static str, handler: H) -> Endpoint
    where
        H: Handler<T, Arc<Site>>,
        T: 'static,
    {
        Endpoint::new(Method::GET, path, id, summary, handler)
    }

    /// A `POST` that changes something, under an idempotency key.
    pub fn post<H, T>(path: &'static str, id: &'static str, summary: &'static str, handler: H) -> Endpoint
    where
        H: Handler<T, Arc<Site>>,
        T: 'static,
    {
        let mut endpoint = Endpoint::new(Method::POST, path, id, summary, handler);
        endpoint.operation.keyed = true;
        endpoint
    }

    /// A `POST` that changes nothing.
    pub fn ask<H, T>(path: &'static str, id: &'static str, summary: &'static str, handler: H) -> Endpoint
    where
        H: Handler<T, Arc<Site>>,
        T: 'static,
    {
        let mut endpoint = Endpoint::new(Method::POST, path, id, summary, handler);
        endpoint.operation.need = Need::Read;
        endpoint
    }

    /// With this query.
    #[must_use]
    pub fn query<T: JsonSchema>(mut self) -> Endpoint {
        self.operation.query = Some(describe::<T>);
        self
    }

    /// With this body.
    #[must_use]
    pub fn body<T: JsonSchema>(mut self) -> Endpoint {
        self.operation.body = Some(describe::<T>);
        self
    }

    /// Answering JSON of this form.
    #[must_use]
    pub fn answers<T: JsonSchema>(mut self) -> Endpoint {
        self.operation.answers = Answers::Json(describe::<T>);
        self
    }

    /// Answering otherwise.
    #[must_use]
    pub fn answering(mut self, answers: Answers) -> Endpoint {
        self.operation.answers = answers;
        self
    }

    /// Open to everybody.
    #[must_use]
    pub fn open(mut self) -> Endpoint {
        self.operation.need = Need::Nothing;
        self
    }
}

/// Every operation.
#[must_use]
pub fn endpoints() -> Vec<Endpoint> {
    let mut all = accounts::endpoints();
    all.extend(cards::endpoints());
    all.extend(places::endpoints());
    all.extend(authorizations::endpoints());
    all.extend(decisions::endpoints());
    all.extend(freezes::endpoints());
    all.extend(causes::endpoints());
    all.extend(events::endpoints());
    all.extend(house::endpoints());
    all
}

/// The routes of every operation, each behind its gate.
pub fn routes(site: &Arc<Site>) -> Router<Arc<Site>> {
    endpoints().into_iter().fold(Router::new(), |router, endpoint| {
        let gate = Gate { site: Arc::clone(site), need: endpoint.operation.need };
        router.route(endpoint.operation.path, endpoint.handler.layer(from_fn_with_state(gate, admit)))
    })
}

/// The parameters of a path, in order.
pub struct Segments(Vec<(String, String)>);

impl Segments {
    /// The parameter at `place`.
    #[must_use]
    pub fn at(&self, place: usize) -> &str {
        self.0.get(place).map_or("", |(_, value)| value)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Segments {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Segments, Problem> {
        let path = Path::<Vec<(String, String)>>::from_request_parts(parts, state).await;
        path.map(|path| Segments(path.0)).map_err(|_| Problem::new(Kind::NoSuchPath))
    }
}

/// A request under an idempotency key, read so far.
pub struct Keyed {
    /// Hash of caller and key.
    pub key: [u8; 16],
    /// Hash of path and body.
    pub body: [u8; 16],
}

impl Keyed {
    /// Of this caller, key and body.
    #[must_use]
    pub fn of(caller: &crate::caller::Caller, key: &IdempotencyKey, canonical: &Canonical) -> Keyed {
        Keyed { key: key.of(caller), body: canonical.hash() }
    }

    /// Asks, once.
    ///
    /// # Errors
    /// If a request under this key is under way, or the host did nothing or cannot say.
    pub async fn ask(&self, site: &Site, command: Command) -> Result<Durable, Problem> {
        site.ask_once(self.key, self.body, command).await
    }

    /// Asks for something of the house that is done or refused.
    ///
    /// # Errors
    /// If it is refused.
    pub async fn ask_done(
        &self,
        site: &Site,
        command: Command,
        id: &str,
        href: String,
    ) -> Result<Done, Problem> {
        match self.ask(site, command).await?.outcome {
            Outcome::Done => Ok(Done::to(id, href)),
            Outcome::Refused(refusal) => Err(refusal.into()),
            outcome @ (Outcome::Decided(_)
            | Outcome::Repeated(_)
            | Outcome::SignedIn { .. }
            | Outcome::Settled { .. }
            | Outcome::Noted { .. }
            | Outcome::Frozen(_)
            | Outcome::Lifted(_)
            | Outcome::LiftApproved { .. }
            | Outcome::Swept { .. }) => {
                unreachable!("a command of the house is done or refused, not {outcome:?}")
            }
        }
    }
}
