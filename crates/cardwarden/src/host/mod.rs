//! The running host: one thread applies, one makes durable, one now and then takes a snapshot.
//!
//! What is decided lives in `machine`, in what order in `shard`; here are only threads and channels. What can
//! wake the applying thread is one closed enum.

mod recovery;
mod snapshots;
mod writer;

pub use recovery::{Recovery, open};

use crate::clock;
use gateway::Ticket;
use journal::Draft;
use machine::cause::Cause;
use machine::command::Command;
use machine::outcome::Outcome;
use machine::time::Timestamp;
use shard::{Answered, Look, Shard};
use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::JoinHandle;
use tokio::sync::{broadcast, oneshot};
use web::port::{Event, Unavailable};

/// Batches of events a slow reader may lag behind before it is told that it missed some.
const EVENT_BATCHES_KEPT: usize = 1024;

/// Who asked, and how they are told.
enum Asker {
    /// A terminal's or another host's session.
    Gateway(Ticket),
    /// A request of the API or a page, or the house itself.
    One(oneshot::Sender<Result<(Outcome, Timestamp), Unavailable>>),
    /// A look at the machine.
    Looking(oneshot::Sender<Result<Box<dyn Any + Send>, Unavailable>>),
}

/// Everything that can wake the applying thread.
enum Wake {
    /// Commands of the gateway, as many as one read of a socket brought.
    Gateway(Vec<(Ticket, Command)>),
    /// A command of anyone else.
    One(Command, oneshot::Sender<Result<(Outcome, Timestamp), Unavailable>>),
    /// A look at the machine.
    Look(Look, oneshot::Sender<Result<Box<dyn Any + Send>, Unavailable>>),
    /// The oldest record handed out is durable, up to this sequence; its buffer comes back.
    Durable(u64, Draft),
    /// It could not be made durable.
    Failed(String),
    /// No more: finish what is under way.
    Stop,
}

/// An answer for the gateway.
pub enum GatewayAnswer {
    /// The outcome of what it asked, durable.
    Outcome(Ticket, Command, Outcome),
    /// Not done.
    Refused(Ticket, Cause),
    /// A durable outcome of someone else's command that changes what the gateway knows of cards or terminals.
    Observe(Command, Outcome),
}

/// Where the gateway's answers go.
pub type GatewaySink = Box<dyn Fn(Vec<GatewayAnswer>) + Send>;

/// What is known of the host from outside.
pub struct Gauges {
    /// Last durable record.
    pub head: AtomicU64,
    /// Commands applied and durable since the start.
    pub commands: AtomicU64,
    /// Records since the start.
    pub records: AtomicU64,
    /// Bytes of records since the start.
    pub bytes: AtomicU64,
    /// Commands refused or left unknown since the start.
    pub refused: AtomicU64,
    /// Whether commands are taken.
    pub ready: AtomicBool,
    /// Why not.
    failure: std::sync::Mutex<Option<String>>,
    /// Since when it runs.
    pub since: Timestamp,
}

impl Gauges {
    /// Why no commands are taken, if that is so because of a failure.
    pub fn why_not(&self) -> Option<String> {
        self.failure.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }
}

/// A handle to the running host.
#[derive(Clone)]
pub struct Host {
    inbox: Sender<Wake>,
    events: broadcast::Sender<Arc<Vec<Event>>>,
    gauges: Arc<Gauges>,
}

/// The threads of the host.
pub struct Threads {
    applying: JoinHandle<()>,
    writing: JoinHandle<Result<(), String>>,
    snapshots: snapshots::Snapshotter,
    host: Host,
}

impl Host {
    /// Starts the threads around what recovery found.
    ///
    /// # Errors
    /// If the operating system gives no thread.
    pub fn start(
        recovery: Recovery,
        settings: &Settings,
        sink: GatewaySink,
    ) -> std::io::Result<(Host, Threads)> {
        let (inbox, wakes) = channel();
        let (events, _) = broadcast::channel(EVENT_BATCHES_KEPT);
        let gauges = Arc::new(Gauges {
            head: AtomicU64::new(recovery.journal.head().seq.0),
            commands: AtomicU64::new(0),
            records: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            ready: AtomicBool::new(true),
            failure: std::sync::Mutex::new(None),
            since: clock::now(),
        });
        let host = Host { inbox: inbox.clone(), events: events.clone(), gauges: Arc::clone(&gauges) };
        let snapshots = snapshots::Snapshotter::start(&recovery, settings, Arc::clone(&gauges))?;
        let (records, bodies) = sync_channel(shard::FLIGHTS_MAX);
        let writing = {
            let (journal, inbox) = (recovery.journal, inbox);
            let trim = snapshots.trim_requests();
            std::thread::Builder::new()
                .name("journal".to_owned())
                .spawn(move || writer::run(journal, &bodies, &inbox, &trim))?
        };
        let applying = {
            let shard = Shard::new(recovery.machine);
            let loop_state = Applying {
                shard,
                records,
                sink,
                events,
                gauges: Arc::clone(&gauges),
                body: Vec::new(),
                spare: Vec::new(),
            };
            std::thread::Builder::new().name("machine".to_owned()).spawn(move || loop_state.run(&wakes))?
        };
        let threads = Threads { applying, writing, snapshots, host: host.clone() };
        Ok((host, threads))
    }

    /// Asks for what the gateway's sessions want.
    pub fn ask_for_gateway(&self, asks: Vec<(Ticket, Command)>) {
        // A host that has stopped is known by its gauges; terminals are hung up on.
        let _ = self.inbox.send(Wake::Gateway(asks));
    }

    /// Asks one command; the outcome is durable when it comes.
    pub fn ask(&self, command: Command) -> oneshot::Receiver<Result<(Outcome, Timestamp), Unavailable>> {
        let (answer, coming) = oneshot::channel();
        if let Err(std::sync::mpsc::SendError(Wake::One(_, answer))) =
            self.inbox.send(Wake::One(command, answer))
        {
            let _ = answer.send(Err(Unavailable::Refused(Cause::HostMaintenance)));
        }
        coming
    }

    /// Looks at the machine between commands.
    pub fn look(&self, look: Look) -> oneshot::Receiver<Result<Box<dyn Any + Send>, Unavailable>> {
        let (answer, coming) = oneshot::channel();
        if let Err(std::sync::mpsc::SendError(Wake::Look(_, answer))) =
            self.inbox.send(Wake::Look(look, answer))
        {
            let _ = answer.send(Err(Unavailable::Refused(Cause::HostMaintenance)));
        }
        coming
    }

    /// Durable events from now on.
    pub fn events(&self) -> broadcast::Receiver<Arc<Vec<Event>>> {
        self.events.subscribe()
    }

    /// What is known from outside.
    pub fn gauges(&self) -> &Gauges {
        &self.gauges
    }
}

/// How the host is run.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// A snapshot is taken after so many records; 0: never.
    pub snapshot_records: u64,
    /// Records kept before the newest, at least; 0: all. Older ones go once a snapshot makes them unnecessary.
    pub keep_records: u64,
}

impl Threads {
    /// Stops in good order: what was asked is answered, the journal is closed with its mark.
    ///
    /// # Errors
    /// Why the journal could not be closed.
    pub fn stop(self) -> Result<(), String> {
        let _ = self.host.inbox.send(Wake::Stop);
        let gone = |_| "a thread of the host panicked".to_owned();
        self.applying.join().map_err(gone)?;
        let closed = self.writing.join().map_err(gone)?;
        self.snapshots.stop();
        closed
    }
}

/// The applying thread.
struct Applying {
    shard: Shard<Asker>,
    records: SyncSender<Draft>,
    body: Vec<u8>,
    sink: GatewaySink,
    events: broadcast::Sender<Arc<Vec<Event>>>,
    gauges: Arc<Gauges>,
    spare: Vec<Draft>,
}

impl Applying {
    fn run(mut self, wakes: &Receiver<Wake>) {
        let mut stopping = false;
        while let Ok(wake) = wakes.recv() {
            stopping |= self.take(wake);
            // Whatever else has come in meanwhile belongs to the same batch.
            while let Ok(wake) = wakes.try_recv() {
                stopping |= self.take(wake);
            }
            self.apply();
            self.deliver();
            if stopping && self.shard.is_idle() {
                break;
            }
        }
        self.gauges.ready.store(false, Ordering::Release);
    }

    /// Says whether it was the word to stop.
    fn take(&mut self, wake: Wake) -> bool {
        match wake {
            Wake::Gateway(asks) => {
                for (ticket, command) in asks {
                    self.shard.submit(Asker::Gateway(ticket), command);
                }
            }
            Wake::One(command, answer) => self.shard.submit(Asker::One(answer), command),
            Wake::Look(look, answer) => self.shard.look(Asker::Looking(answer), look),
            Wake::Durable(seq, draft) => {
                self.gauges.head.store(seq, Ordering::Release);
                self.gauges.records.fetch_add(1, Ordering::Relaxed);
                self.gauges.bytes.fetch_add(draft.body().len() as u64, Ordering::Relaxed);
                self.spare.push(draft);
                self.shard.durable();
            }
            Wake::Failed(why) => {
                tracing::error!(%why, "the journal cannot be written: no more commands are taken");
                self.gauges.ready.store(false, Ordering::Release);
                self.gauges
                    .failure
                    .lock()
                    .unwrap_or_else(std::sync::PoisonError::into_inner)
                    .get_or_insert(why);
                self.shard.failed();
            }
            Wake::Stop => return true,
        }
        false
    }

    fn apply(&mut self) {
        while self.shard.has_work() {
            self.body.clear();
            if !self.shard.batch(clock::now(), &mut self.body) {
                continue;
            }
            // Checksums and hash are made here, beside the writing thread, which only writes.
            let mut draft = self.spare.pop().unwrap_or_default();
            draft.clear();
            draft.extend(&self.body);
            draft.seal();
            if self.records.send(draft).is_err() {
                self.shard.failed();
            }
        }
    }

    /// Lets every answer out that may leave.
    fn deliver(&mut self) {
        let mut for_gateway = Vec::new();
        let mut events = Vec::new();
        let listened = self.events.receiver_count() > 0;
        while let Some(answered) = self.shard.next_answer() {
            match answered {
                Answered::Outcome { ticket, command, outcome, at } => {
                    self.gauges.commands.fetch_add(1, Ordering::Relaxed);
                    if listened {
                        events.push(Event { at, command: command.clone(), outcome: outcome.clone() });
                    }
                    match ticket {
                        Asker::Gateway(ticket) => {
                            for_gateway.push(GatewayAnswer::Outcome(ticket, command, outcome));
                        }
                        Asker::One(answer) => {
                            for_gateway.push(GatewayAnswer::Observe(command, outcome.clone()));
                            // Whoever asked may have gone; the answer stands in the journal.
                            let _ = answer.send(Ok((outcome, at)));
                        }
                        Asker::Looking(_) => unreachable!("a look has no outcome"),
                    }
                }
                Answered::Seen { ticket, seen } => {
                    if let Asker::Looking(answer) = ticket {
                        let _ = answer.send(Ok(seen));
                    }
                }
                Answered::Refused { ticket, cause } => {
                    self.gauges.refused.fetch_add(1, Ordering::Relaxed);
                    tell(ticket, Unavailable::Refused(cause), &mut for_gateway);
                }
                Answered::Unknown { ticket } => {
                    self.gauges.refused.fetch_add(1, Ordering::Relaxed);
                    tell(ticket, Unavailable::Unknown, &mut for_gateway);
                }
            }
        }
        if !for_gateway.is_empty() {
            (self.sink)(for_gateway);
        }
        if !events.is_empty() {
            // No reader is no fault.
            let _ = self.events.send(Arc::new(events));
        }
    }
}

fn tell(asker: Asker, unavailable: Unavailable, for_gateway: &mut Vec<GatewayAnswer>) {
    match asker {
        Asker::Gateway(ticket) => match unavailable {
            Unavailable::Refused(cause) => for_gateway.push(GatewayAnswer::Refused(ticket, cause)),
            // No answer may leave: the terminal will ask again, or reverse, once we are back.
            Unavailable::Unknown => {}
        },
        Asker::One(answer) => {
            let _ = answer.send(Err(unavailable));
        }
        Asker::Looking(answer) => {
            let _ = answer.send(Err(unavailable));
        }
    }
}
