//! Events as a server-sent stream: decisions, freezes, the house.
//!
//! Whoever falls behind is told so and goes on with what is new; nobody waits for him.

use super::{Answers, Endpoint};
use crate::api::house::HouseTwin;
use crate::caller::Caller;
use crate::live::{Item, News};
use crate::problem::{Kind, Problem};
use crate::sight::Sight;
use crate::site::{Seat, Site};
use crate::twin::decision::{self, DecisionTold, Told};
use crate::twin::freeze::{self, FreezeTold};
use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::{Stream, unfold};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

/// How often a silent stream says that it lives.
pub const HEARTBEAT: Duration = Duration::from_secs(15);

pub(super) fn endpoints() -> Vec<Endpoint> {
    let answers = Answers::Events(|generator| generator.subschema_for::<EventTold>());
    vec![
        Endpoint::get(
            "/v1/events",
            "stream_events",
            "Decisions, freezes and the house, as they become durable",
            stream,
        )
        .answering(answers),
    ]
}

/// An event of the stream; its name stands in `type` and in the field `event`.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Event")]
#[serde(tag = "type")]
pub enum EventTold {
    /// A decision, without its explanation.
    #[serde(rename = "decision")]
    Decision {
        /// The decision.
        decision: Box<DecisionTold>,
    },
    /// A freeze was placed.
    #[serde(rename = "freeze.placed")]
    FreezePlaced {
        /// The freeze.
        freeze: Box<FreezeTold>,
    },
    /// Its lift was approved and waits for others.
    #[serde(rename = "freeze.lift_approved")]
    LiftApproved {
        /// The freeze.
        freeze: Box<FreezeTold>,
    },
    /// It was lifted or ran out.
    #[serde(rename = "freeze.ended")]
    FreezeEnded {
        /// The freeze.
        freeze: Box<FreezeTold>,
    },
    /// The house says otherwise what it can do.
    #[serde(rename = "house")]
    House {
        /// What it can do now.
        house: HouseTwin,
    },
    /// Events were missed that are no longer kept: look them up.
    #[serde(rename = "missed")]
    Missed {},
}

impl EventTold {
    fn of(item: &Item, sight: Sight, contact: Option<&str>) -> EventTold {
        let freeze = |case| Box::new(freeze::tell(case, sight, item.at, None));
        match item.news.as_ref() {
            News::Decision(case) => {
                let mut decision = decision::tell(case, sight, contact, Told::AsAnswered);
                decision.explanation = None;
                EventTold::Decision { decision: Box::new(decision) }
            }
            News::Frozen(case) => EventTold::FreezePlaced { freeze: freeze(case) },
            News::LiftApproved(case) => EventTold::LiftApproved { freeze: freeze(case) },
            News::Ended(case) => EventTold::FreezeEnded { freeze: freeze(case) },
            News::House(house) => EventTold::House { house: HouseTwin::from(*house) },
            News::Missed => EventTold::Missed {},
        }
    }

    fn name(&self) -> &'static str {
        match self {
            EventTold::Decision { .. } => "decision",
            EventTold::FreezePlaced { .. } => "freeze.placed",
            EventTold::LiftApproved { .. } => "freeze.lift_approved",
            EventTold::FreezeEnded { .. } => "freeze.ended",
            EventTold::House { .. } => "house",
            EventTold::Missed {} => "missed",
        }
    }
}

/// One who listens.
struct Listener {
    site: Arc<Site>,
    sight: Sight,
    /// What is still to be told: of before, and that something was missed.
    backlog: VecDeque<Option<Item>>,
    receiver: broadcast::Receiver<Item>,
    _seat: Seat,
}

impl Listener {
    async fn next(&mut self) -> Option<Event> {
        let item = match self.backlog.pop_front() {
            Some(item) => item,
            None => match self.receiver.recv().await {
                Ok(item) => Some(item),
                Err(RecvError::Lagged(_)) => None,
                Err(RecvError::Closed) => return None,
            },
        };
        let contact = self.site.settings.contact.as_deref();
        let told =
            item.as_ref().map_or(EventTold::Missed {}, |item| EventTold::of(item, self.sight, contact));
        let data = serde_json::to_string(&told).unwrap_or_default();
        let event = Event::default().event(told.name()).data(data);
        Some(match item {
            Some(item) => event.id(self.site.live.id(item.seq)),
            None => event,
        })
    }
}

async fn stream(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let seat = site.seat().ok_or(Problem::new(Kind::TooManyListeners))?;
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let (missed, gap, receiver) = site.live.listen(last).ok_or(Problem::new(Kind::NotReady))?;
    let backlog = gap.then_some(None).into_iter().chain(missed.into_iter().map(Some)).collect();
    let listener = Listener { site, sight: caller.sight(), backlog, receiver, _seat: seat };
    let events = unfold(listener, |mut listener| async {
        let event = listener.next().await?;
        Some((Ok(event), listener))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT).text("alive")))
}
