//! The edge: sockets of terminals and other hosts, one thread for all of them.
//!
//! What bytes mean is the gateway's; here they only come in, go out and wait. Nobody waits for a slow reader:
//! what cannot be written at once is kept up to the gateway's bound, then the connection is closed.

use crate::clock;
use crate::host::{GatewayAnswer, Host};
use gateway::{Counters, Gateway, LinkId, LinkKind, Output};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc};

/// Bytes read off a socket at once.
const READ_BYTES: usize = 64 * 1024;
/// How often the gateway's clock is moved and its counters are published.
const TICK: Duration = Duration::from_millis(250);
/// After a refused accept (no file descriptors left) so long is waited.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A port to listen on and who is expected there.
pub struct Port {
    /// The bound socket.
    pub listener: std::net::TcpListener,
    /// What is spoken on it.
    pub kind: LinkKind,
}

/// What can be asked of the edge from outside.
pub enum EdgeWake {
    /// Answers of the machine.
    Answers(Vec<GatewayAnswer>),
    /// Take no more connections, and end.
    Stop,
}

/// A handle to the edge.
#[derive(Clone)]
pub struct EdgeHandle {
    wake: mpsc::UnboundedSender<EdgeWake>,
    counters: Arc<Mutex<Published>>,
}

/// What the edge publishes of itself.
#[derive(Clone, Default)]
pub struct Published {
    /// The gateway's counters; none before the first tick.
    pub counters: Option<Counters>,
    /// Open connections.
    pub links: usize,
    /// Connections refused because as many as allowed were open.
    pub turned_away: u64,
}

impl EdgeHandle {
    /// What was published last.
    pub fn published(&self) -> Published {
        self.counters.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Wakes the edge; one that has ended needs no waking.
    pub fn wake(&self, wake: EdgeWake) {
        let _ = self.wake.send(wake);
    }
}

/// The way from the machine to an edge that is not started yet: the host needs it first.
pub fn channel() -> (EdgeHandle, mpsc::UnboundedReceiver<EdgeWake>) {
    let (wake, wakes) = mpsc::unbounded_channel();
    (EdgeHandle { wake, counters: Arc::default() }, wakes)
}

/// Most open connections.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Most open connections over all ports.
    pub links_max: usize,
}

/// Starts the edge on a thread of its own.
///
/// # Errors
/// If the operating system gives no thread.
pub fn start(
    gateway: Gateway,
    host: Host,
    ports: Vec<Port>,
    images: &Path,
    limits: Limits,
    (handle, wakes): (EdgeHandle, mpsc::UnboundedReceiver<EdgeWake>),
) -> io::Result<JoinHandle<()>> {
    let images = images.to_owned();
    std::thread::Builder::new().name("edge".to_owned()).spawn(move || {
        let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => return tracing::error!(%error, "the edge has no runtime"),
        };
        let edge = Rc::new(RefCell::new(Edge {
            gateway,
            host,
            images,
            sockets: BTreeMap::new(),
            next: 1,
            limits,
            turned_away: 0,
        }));
        let local = tokio::task::LocalSet::new();
        local.block_on(&runtime, run(edge, ports, handle, wakes));
    })
}

async fn run(
    edge: Rc<RefCell<Edge>>,
    ports: Vec<Port>,
    handle: EdgeHandle,
    mut wakes: mpsc::UnboundedReceiver<EdgeWake>,
) {
    for port in ports {
        let accepting = accept(Rc::clone(&edge), port);
        tokio::task::spawn_local(accepting);
    }
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            wake = wakes.recv() => match wake {
                Some(EdgeWake::Answers(answers)) => {
                    let mut edge = edge.borrow_mut();
                    edge.answers(answers);
                    while let Ok(EdgeWake::Answers(answers)) = wakes.try_recv() {
                        edge.answers(answers);
                    }
                    edge.pump();
                }
                Some(EdgeWake::Stop) | None => break,
            },
            _ = tick.tick() => {
                let mut edge = edge.borrow_mut();
                edge.gateway.tick(clock::now());
                edge.pump();
                edge.publish(&handle);
            }
        }
    }
}

/// Takes connections in, as long as there is room.
async fn accept(edge: Rc<RefCell<Edge>>, port: Port) {
    let listener = match TcpListener::from_std(port.listener) {
        Ok(listener) => listener,
        Err(error) => return tracing::error!(%error, "a port cannot be listened on"),
    };
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => Edge::welcome(&edge, stream, peer, &port.kind),
            Err(error) => {
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// A connection: what is to be written to it, and who waits for it.
struct Socket {
    stream: Rc<TcpStream>,
    unsent: Vec<u8>,
    /// The gateway has let go of it: close once everything is written.
    closing: bool,
    /// Wakes the reading task when the gateway wants more, or all is over.
    readable: Rc<Notify>,
    /// Wakes the writing task when there is something to write that did not go at once.
    writable: Rc<Notify>,
}

struct Edge {
    gateway: Gateway,
    host: Host,
    images: PathBuf,
    sockets: BTreeMap<LinkId, Socket>,
    next: u64,
    limits: Limits,
    turned_away: u64,
}

impl Edge {
    fn welcome(this: &Rc<RefCell<Edge>>, stream: TcpStream, peer: SocketAddr, kind: &LinkKind) {
        let mut edge = this.borrow_mut();
        if edge.sockets.len() >= edge.limits.links_max {
            edge.turned_away += 1;
            return;
        }
        // Answers are small and waited for: none waits to be joined by another.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, %peer, "a connection without TCP_NODELAY");
        }
        let link = LinkId(edge.next);
        edge.next += 1;
        let socket = Socket {
            stream: Rc::new(stream),
            unsent: Vec::new(),
            closing: false,
            readable: Rc::new(Notify::new()),
            writable: Rc::new(Notify::new()),
        };
        let (stream, readable, writable) =
            (Rc::clone(&socket.stream), Rc::clone(&socket.readable), Rc::clone(&socket.writable));
        edge.gateway.connected(link, kind.clone(), clock::now());
        edge.sockets.insert(link, socket);
        drop(edge);
        tracing::debug!(link = link.0, %peer, "connected");
        tokio::task::spawn_local(read(Rc::clone(this), link, Rc::clone(&stream), readable));
        tokio::task::spawn_local(write(Rc::clone(this), link, stream, writable));
    }

    fn answers(&mut self, answers: Vec<GatewayAnswer>) {
        let now = clock::now();
        for answer in answers {
            match answer {
                GatewayAnswer::Outcome(ticket, command, outcome) => {
                    self.gateway.answered(ticket, &command, &outcome, now);
                }
                GatewayAnswer::Refused(ticket, cause) => self.gateway.refused(ticket, cause, now),
                GatewayAnswer::Observe(command, outcome) => self.gateway.observe(&command, &outcome),
            }
        }
    }

    /// Does what the gateway wants done, until it wants nothing more.
    fn pump(&mut self) {
        loop {
            let (mut asks, mut touched, mut any) = (Vec::new(), BTreeSet::new(), false);
            while let Some(output) = self.gateway.poll() {
                any = true;
                match output {
                    Output::Send { link, bytes } => {
                        if let Some(socket) = self.sockets.get_mut(&link) {
                            socket.unsent.extend_from_slice(&bytes);
                            touched.insert(link);
                        }
                    }
                    Output::Ask { ticket, command } => asks.push((ticket, command)),
                    Output::Hangup { link, why } => {
                        tracing::info!(link = link.0, why = why.slug(), "hung up");
                        if let Some(socket) = self.sockets.get_mut(&link) {
                            socket.closing = true;
                            touched.insert(link);
                        }
                    }
                    Output::Keep { name, image } => self.keep(name, &image),
                }
            }
            if !any {
                break;
            }
            if !asks.is_empty() {
                self.host.ask_for_gateway(asks);
            }
            // Writing lets more be read, which may lead to more to do.
            let now = clock::now();
            touched.into_iter().for_each(|link| self.flush(link, now));
        }
    }

    /// Keeps an image under its name, durably. Small and rare: the edge waits for it.
    fn keep(&self, name: [u8; 32], image: &[u8]) {
        let hex: String = name.iter().map(|byte| format!("{byte:02x}")).collect();
        if let Err(error) = keep_file(&self.images, &hex, image) {
            tracing::error!(%error, image = %hex, "a signature could not be kept");
        }
    }

    /// Writes what can be written at once.
    fn flush(&mut self, link: LinkId, now: machine::time::Timestamp) {
        let Some(socket) = self.sockets.get_mut(&link) else { return };
        let mut written = 0;
        let mut broken = false;
        while written < socket.unsent.len() {
            match socket.stream.try_write(&socket.unsent[written..]) {
                Ok(0) => {
                    broken = true;
                    break;
                }
                Ok(count) => written += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(_) => {
                    broken = true;
                    break;
                }
            }
        }
        socket.unsent.drain(..written);
        let done = socket.unsent.is_empty();
        if broken || (done && socket.closing) {
            self.close(link);
            return;
        }
        if !done {
            socket.writable.notify_one();
        }
        if written > 0 {
            self.gateway.written(link, written, now);
        }
        if self.gateway.wants(link)
            && let Some(socket) = self.sockets.get(&link)
        {
            socket.readable.notify_one();
        }
    }

    fn close(&mut self, link: LinkId) {
        if let Some(socket) = self.sockets.remove(&link) {
            self.gateway.closed(link);
            socket.readable.notify_one();
            socket.writable.notify_one();
        }
    }

    fn publish(&self, handle: &EdgeHandle) {
        let mut published = handle.counters.lock().unwrap_or_else(PoisonError::into_inner);
        published.counters = Some(self.gateway.counters().clone());
        published.links = self.sockets.len();
        published.turned_away = self.turned_away;
    }
}

/// Reads a connection as long as the gateway wants more of it.
async fn read(edge: Rc<RefCell<Edge>>, link: LinkId, stream: Rc<TcpStream>, more: Rc<Notify>) {
    let mut buffer = vec![0; READ_BYTES];
    loop {
        if !edge.borrow().sockets.contains_key(&link) {
            return;
        }
        if !edge.borrow().gateway.wants(link) {
            more.notified().await;
            continue;
        }
        if stream.readable().await.is_err() {
            break;
        }
        match stream.try_read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => {
                let mut edge = edge.borrow_mut();
                if !edge.sockets.contains_key(&link) {
                    return;
                }
                edge.gateway.receive(link, &buffer[..count], clock::now());
                edge.pump();
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => break,
        }
    }
    edge.borrow_mut().close(link);
}

/// Writes what did not go at once.
async fn write(edge: Rc<RefCell<Edge>>, link: LinkId, stream: Rc<TcpStream>, more: Rc<Notify>) {
    loop {
        more.notified().await;
        if !edge.borrow().sockets.contains_key(&link) {
            return;
        }
        if stream.writable().await.is_err() {
            break;
        }
        let mut edge = edge.borrow_mut();
        edge.flush(link, clock::now());
        edge.pump();
    }
    edge.borrow_mut().close(link);
}

/// Writes a file so that it is there after a power cut, or not at all.
fn keep_file(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    use std::io::Write;
    let path = folder.join(name);
    if path.exists() {
        return Ok(());
    }
    let part = folder.join(format!("{name}.part"));
    let mut file = std::fs::File::create(&part)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&part, &path)?;
    std::fs::File::open(folder)?.sync_all()
}
