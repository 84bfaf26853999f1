//! A whole running system: host, edge, pages, put together the same way for `serve` and `demo`.

use crate::clock;
use crate::edge::{self, EdgeHandle, EdgeWake, Limits, Port};
use crate::host::{self, Host, Recovery, Threads};
use crate::keys::Keys;
use crate::web_host::WebHost;
use gateway::{Directory, Gateway, LinkKind};
use machine::command::Command;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use tokio::sync::{mpsc, watch};
use web::port::{Scene, Unavailable};

/// How often the house looks for holds and freezes that ran out.
const SWEEP_EVERY: std::time::Duration = std::time::Duration::from_secs(5);

/// Where to listen.
pub struct Listeners {
    /// Pages and API.
    pub http: TcpListener,
    /// Terminals and other hosts.
    pub ports: Vec<(TcpListener, LinkKind)>,
}

/// How the parts are set.
pub struct Parts {
    /// The edge.
    pub gateway: gateway::Settings,
    /// Most connections.
    pub limits: Limits,
    /// The host.
    pub host: host::Settings,
    /// Pages and API.
    pub web: web::Settings,
}

/// A running system.
pub struct System {
    /// The host.
    pub host: Host,
    /// Where scenes are played, of a demo.
    pub scenes: Option<mpsc::UnboundedReceiver<Scene>>,
    threads: Threads,
    edge: EdgeHandle,
    edge_thread: JoinHandle<()>,
    stop_http: watch::Sender<bool>,
    http: tokio::task::JoinHandle<std::io::Result<()>>,
}

/// Binds an address.
///
/// # Errors
/// Which address, and why not.
pub fn bind(address: SocketAddr, what: &str) -> Result<TcpListener, String> {
    let listener = TcpListener::bind(address).map_err(|error| format!("{what} on {address}: {error}"))?;
    listener.set_nonblocking(true).map_err(|error| format!("{what} on {address}: {error}"))?;
    Ok(listener)
}

impl System {
    /// Puts everything together and starts it. Runs inside a tokio runtime.
    ///
    /// # Errors
    /// What could not be started.
    pub fn start(
        recovery: Recovery,
        keys: Keys,
        listeners: Listeners,
        parts: Parts,
        demo: bool,
    ) -> Result<System, String> {
        let folder = recovery.folder.clone();
        let images = folder.join("signatures");
        std::fs::create_dir_all(&images).map_err(|error| format!("{}: {error}", images.display()))?;
        let directory = Directory::of(&recovery.machine);
        let (edge_handle, wakes) = edge::channel();
        let sink = {
            let edge = edge_handle.clone();
            Box::new(move |answers| edge.wake(EdgeWake::Answers(answers)))
        };
        let text = |error: &dyn std::fmt::Display| error.to_string();
        let (host, threads) = Host::start(recovery, &parts.host, sink).map_err(|error| text(&error))?;
        let gateway = Gateway::new(keys.hsm.clone(), keys.ring.clone(), directory, parts.gateway);
        let ports = listeners.ports.into_iter().map(|(listener, kind)| Port { listener, kind }).collect();
        let edge_thread =
            edge::start(gateway, host.clone(), ports, &images, parts.limits, (edge_handle.clone(), wakes))
                .map_err(|error| text(&error))?;
        let (scene, scenes) = mpsc::unbounded_channel();
        let web_host = WebHost {
            host: host.clone(),
            edge: edge_handle.clone(),
            hsm: keys.hsm,
            ring: keys.ring,
            folder,
            scenes: demo.then_some(scene),
        };
        let router = web::router(Arc::new(web_host), parts.web);
        let (stop_http, mut stopped) = watch::channel(false);
        let listener = tokio::net::TcpListener::from_std(listeners.http).map_err(|error| text(&error))?;
        let http = tokio::spawn(async move {
            let until = async move {
                // A sender that is gone has stopped as well.
                let _ = stopped.wait_for(|stop| *stop).await;
            };
            axum::serve(listener, router).with_graceful_shutdown(until).await
        });
        tokio::spawn(sweep(host.clone(), stop_http.subscribe()));
        let scenes = demo.then_some(scenes);
        Ok(System { host, scenes, threads, edge: edge_handle, edge_thread, stop_http, http })
    }

    /// Stops in good order: first no new requests, then what is under way, then the journal's closing mark.
    ///
    /// # Errors
    /// What did not stop as it should.
    pub async fn stop(self) -> Result<(), String> {
        /// Open pages (live events) are not waited for longer than this.
        const PAGES_WAIT: std::time::Duration = std::time::Duration::from_secs(1);
        let _ = self.stop_http.send(true);
        let mut http = self.http;
        if tokio::time::timeout(PAGES_WAIT, &mut http).await.is_err() {
            http.abort();
        }
        self.edge.wake(EdgeWake::Stop);
        let gone = |_| "a thread panicked".to_owned();
        let (threads, edge_thread) = (self.threads, self.edge_thread);
        let stopping = tokio::task::spawn_blocking(move || {
            edge_thread.join().map_err(gone)?;
            threads.stop()
        });
        stopping.await.map_err(|error| error.to_string())?
    }
}

/// Lets holds and freezes end in time, also those nobody asks about.
async fn sweep(host: Host, mut stopped: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            _ = stopped.wait_for(|stop| *stop) => return,
            () = tokio::time::sleep(SWEEP_EVERY) => {}
        }
        let at = clock::now();
        let due: Look = Box::new(move |machine, _| Box::new(machine.anything_due(at)));
        let Ok(Ok(due)) = host.look(due).await else { continue };
        if due.downcast_ref() == Some(&true) {
            // An answer that does not come is one of a host that stops.
            let _ = host.ask(Command::Sweep).await;
        }
    }
}

/// A question to the machine.
type Look = shard::Look;

/// Asks one command and waits; for setting up.
///
/// # Errors
/// If it was not done.
pub async fn ask(host: &Host, command: Command) -> Result<machine::outcome::Outcome, Unavailable> {
    host.ask(command).await.unwrap_or(Err(Unavailable::Unknown)).map(|(outcome, _)| outcome)
}

/// Random bytes of the operating system.
///
/// # Errors
/// If it has none.
pub fn random<const N: usize>() -> Result<[u8; N], String> {
    use cardcrypto::Entropy;
    let mut bytes = [0; N];
    cardcrypto::SystemEntropy.fill(&mut bytes).map_err(|error| error.to_string())?;
    Ok(bytes)
}

/// Makes a folder that only its owner can look into.
///
/// # Errors
/// Which folder, and why not.
pub fn private_folder(folder: &Path) -> Result<(), String> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|error| format!("{}: {error}", folder.display()))
}
