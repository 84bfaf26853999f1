//! The host as the web sees it: the port of `web`, fulfilled.

use crate::clock;
use crate::edge::EdgeHandle;
use crate::host::Host;
use crate::{keys, metrics};
use cardcrypto::hsm::SoftHsm;
use gateway::KeyRing;
use machine::cause::Cause;
use machine::command::{Command, PinReference};
use machine::ids::TransactionId;
use machine::time::Timestamp;
use std::any::Any;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::sync::{broadcast, mpsc, oneshot};
use web::port::{Coming, Durable, Event, Look, NotACard, Scene, Standing, Token, Unavailable};

/// What fulfils the port.
pub struct WebHost {
    /// The host.
    pub host: Host,
    /// The edge, for its counters.
    pub edge: EdgeHandle,
    /// The security module.
    pub hsm: Arc<SoftHsm>,
    /// Which key is for whom.
    pub ring: KeyRing,
    /// The journal's folder.
    pub folder: PathBuf,
    /// Where scenes are asked for; none where this is no demo.
    pub scenes: Option<mpsc::UnboundedSender<Scene>>,
}

/// Waits for an answer of the host; one that never comes means that the host has gone.
async fn wait<T>(coming: oneshot::Receiver<Result<T, Unavailable>>) -> Result<T, Unavailable> {
    coming.await.unwrap_or(Err(Unavailable::Unknown))
}

impl web::port::Host for WebHost {
    fn ask(&self, command: Command) -> Coming<Durable> {
        let coming = self.host.ask(command);
        Box::pin(async move { wait(coming).await.map(|(outcome, at)| Durable { outcome, at }) })
    }

    fn look(&self, look: Look) -> Coming<Box<dyn Any + Send>> {
        let coming = self.host.look(look);
        Box::pin(wait(coming))
    }

    fn events(&self) -> broadcast::Receiver<Arc<Vec<Event>>> {
        self.host.events()
    }

    fn now(&self) -> Timestamp {
        clock::now()
    }

    fn standing(&self) -> Standing {
        let gauges = self.host.gauges();
        Standing {
            ready: gauges.ready.load(Ordering::Acquire),
            head: gauges.head.load(Ordering::Acquire),
            since: gauges.since,
            why: gauges.why_not(),
        }
    }

    fn metrics(&self) -> String {
        metrics::text(self.host.gauges(), &self.edge.published())
    }

    fn token(&self, card_number: &str) -> Result<Token, NotACard> {
        keys::token(self.hsm.as_ref(), &self.ring, card_number)
    }

    fn pin_reference(&self, card_number: &str, pin: &str) -> Result<PinReference, NotACard> {
        keys::pin_reference(&self.hsm, &self.ring, card_number, pin)
    }

    fn play(&self, scene: Scene) -> bool {
        self.scenes.as_ref().is_some_and(|scenes| scenes.send(scene).is_ok())
    }

    fn archived(&self, number: TransactionId) -> Coming<Option<Event>> {
        let folder = self.folder.clone();
        Box::pin(async move {
            let search = tokio::task::spawn_blocking(move || search(&folder, number));
            search.await.unwrap_or(Err(Unavailable::Unknown))
        })
    }
}

/// Reads the journal from its beginning for a decision the machine has forgotten.
fn search(folder: &std::path::Path, number: TransactionId) -> Result<Option<Event>, Unavailable> {
    let unreadable = |error: &dyn std::fmt::Display| {
        tracing::warn!(%error, "the journal cannot be searched");
        Unavailable::Refused(Cause::StorageFailed)
    };
    let reader = journal::Reader::open(folder).map_err(|error| unreadable(&error))?;
    for record in reader.records(reader.first()).map_err(|error| unreadable(&error))? {
        let record = record.map_err(|error| unreadable(&error))?;
        let body = shard::Record::decode(&record.body).map_err(|error| unreadable(&error))?;
        let found = body.entries.into_iter().find(|entry| entry.outcome.first_number() == Some(number));
        if let Some(entry) = found {
            return Ok(Some(Event { at: body.at, command: entry.command, outcome: entry.outcome }));
        }
    }
    Ok(None)
}
