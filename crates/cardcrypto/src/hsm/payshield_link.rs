//! The wire to a payShield-style module: frames over TCP, a bounded number of connections, each used by one
//! command at a time, and no wait without an end.
//!
//! What a command means is not known here.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::HsmError;

/// Most characters of a message header.
pub const HEADER_BYTES_MAX: usize = 8;

/// How the module is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkSettings {
    /// Address and port; modules usually listen on 1500.
    pub address: SocketAddr,
    /// Characters of the message header, 1 to [`HEADER_BYTES_MAX`], as the module is configured.
    pub header_bytes: usize,
    /// Most connections at once, from 1; a module permits a number of its own.
    pub connections_max: usize,
    /// So long a connection may take to stand, milliseconds.
    pub connect_ms: u64,
    /// So long a command may take, with waiting for a connection, milliseconds.
    pub answer_ms: u64,
    /// So long after a failed connection commands fail at once, milliseconds.
    pub retry_ms: u64,
}

impl LinkSettings {
    /// What is usual, for an address.
    pub const fn new(address: SocketAddr) -> Self {
        Self {
            address,
            header_bytes: 4,
            connections_max: 8,
            connect_ms: 1_000,
            answer_ms: 2_000,
            retry_ms: 500,
        }
    }

    const fn sound(&self) -> bool {
        1 <= self.header_bytes && self.header_bytes <= HEADER_BYTES_MAX && 1 <= self.connections_max
    }
}

#[derive(Default)]
struct Pool {
    idle: Vec<TcpStream>,
    open: usize,
    down_until: Option<Instant>,
}

/// The connections to one module.
pub(super) struct Link {
    settings: LinkSettings,
    pool: Mutex<Pool>,
    freed: Condvar,
    next: AtomicU32,
}

/// How one exchange failed.
enum Broken {
    /// The connection was gone before anything was answered: an idle one may be, so another is worth a try.
    Gone,
    /// Anything else: no answer in time, half an answer, or another's.
    Lost,
}

impl Link {
    /// # Errors
    /// [`HsmError::Input`] for settings out of their ranges. No connection is made yet.
    pub(super) fn new(settings: LinkSettings) -> Result<Self, HsmError> {
        if !settings.sound() {
            return Err(HsmError::Input("a setting of the link is out of its range"));
        }
        Ok(Self { settings, pool: Mutex::default(), freed: Condvar::new(), next: AtomicU32::new(0) })
    }

    /// Sends a command and waits for its answer, without header.
    ///
    /// # Errors
    /// [`HsmError::Unreachable`]; [`HsmError::Input`] for a command longer than a frame.
    pub(super) fn exchange(&self, command: &[u8]) -> Result<Zeroizing<Vec<u8>>, HsmError> {
        let deadline = Instant::now() + Duration::from_millis(self.settings.answer_ms);
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let header = format!("{number:0HEADER_BYTES_MAX$X}");
        let header = &header.as_bytes()[HEADER_BYTES_MAX - self.settings.header_bytes..];
        let length = u16::try_from(header.len() + command.len());
        let length = length.map_err(|_| HsmError::Input("the command is longer than a frame"))?;
        let frame = Zeroizing::new([&length.to_be_bytes()[..], header, command].concat());
        loop {
            let (mut connection, reused) = self.borrow(deadline)?;
            match converse(&mut connection, &frame, header, deadline) {
                Ok(answer) => {
                    self.give_back(Some(connection));
                    return Ok(answer);
                }
                Err(broken) => {
                    drop(connection);
                    self.give_back(None);
                    // Every command that is sent here may be sent twice: none changes anything in the module.
                    if !(reused && matches!(broken, Broken::Gone)) {
                        return Err(HsmError::Unreachable);
                    }
                }
            }
        }
    }

    fn pool(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection, and whether it was used before.
    fn borrow(&self, deadline: Instant) -> Result<(TcpStream, bool), HsmError> {
        let mut pool = self.pool();
        loop {
            if let Some(connection) = pool.idle.pop() {
                return Ok((connection, true));
            }
            let now = Instant::now();
            if pool.down_until.is_some_and(|until| now < until) {
                return Err(HsmError::Unreachable);
            }
            if pool.open < self.settings.connections_max {
                pool.open += 1;
                drop(pool);
                return self.connect(deadline).map(|connection| (connection, false));
            }
            let Some(left) = deadline.checked_duration_since(now).filter(|left| !left.is_zero()) else {
                return Err(HsmError::Unreachable);
            };
            (pool, _) = self.freed.wait_timeout(pool, left).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn connect(&self, deadline: Instant) -> Result<TcpStream, HsmError> {
        let left = deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
        let wait = left.min(Duration::from_millis(self.settings.connect_ms.max(1)));
        let made = TcpStream::connect_timeout(&self.settings.address, wait);
        let made = made.and_then(|connection| connection.set_nodelay(true).map(|()| connection));
        if made.is_err() {
            self.pool().down_until = Some(Instant::now() + Duration::from_millis(self.settings.retry_ms));
            self.give_back(None);
        }
        made.map_err(|_| HsmError::Unreachable)
    }

    fn give_back(&self, connection: Option<TcpStream>) {
        let mut pool = self.pool();
        match connection {
            Some(connection) => {
                pool.down_until = None;
                pool.idle.push(connection);
            }
            None => pool.open -= 1,
        }
        drop(pool);
        self.freed.notify_one();
    }
}

/// Sends one frame and reads one, whose header must be the one that was sent.
fn converse(
    connection: &mut TcpStream,
    frame: &[u8],
    header: &[u8],
    deadline: Instant,
) -> Result<Zeroizing<Vec<u8>>, Broken> {
    let left = deadline.checked_duration_since(Instant::now()).filter(|left| !left.is_zero());
    connection.set_write_timeout(Some(left.ok_or(Broken::Lost)?)).map_err(|_| Broken::Lost)?;
    // Whatever else than a full buffer: nothing was answered.
    let full = |error: std::io::Error| matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut);
    connection.write_all(frame).map_err(|error| if full(error) { Broken::Lost } else { Broken::Gone })?;
    let mut length = [0; 2];
    fill(connection, &mut length, deadline, true)?;
    let mut body = Zeroizing::new(vec![0; usize::from(u16::from_be_bytes(length))]);
    fill(connection, &mut body, deadline, false)?;
    if !body.starts_with(header) {
        return Err(Broken::Lost);
    }
    Ok(Zeroizing::new(body[header.len()..].to_vec()))
}

/// Reads until `out` is full, however slowly it drips, but not beyond the deadline.
fn fill(connection: &mut TcpStream, out: &mut [u8], deadline: Instant, first: bool) -> Result<(), Broken> {
    let mut filled = 0;
    while filled < out.len() {
        let left = deadline.checked_duration_since(Instant::now()).filter(|left| !left.is_zero());
        connection.set_read_timeout(Some(left.ok_or(Broken::Lost)?)).map_err(|_| Broken::Lost)?;
        let nothing_yet = first && filled == 0;
        match connection.read(&mut out[filled..]) {
            Ok(0) if nothing_yet => return Err(Broken::Gone),
            Ok(0) => return Err(Broken::Lost),
            Ok(count) => filled += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if nothing_yet && error.kind() == ErrorKind::ConnectionReset => {
                return Err(Broken::Gone);
            }
            Err(_) => return Err(Broken::Lost),
        }
    }
    Ok(())
}
