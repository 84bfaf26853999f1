//! The word to stop: interrupt or terminate.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Listens for the word from the moment it is made.
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// Begins to listen: from now on neither signal ends the process by itself.
    ///
    /// # Errors
    /// If the operating system gives no signals.
    pub fn listen() -> Result<Signals, String> {
        let of = |kind| signal(kind).map_err(|error| error.to_string());
        Ok(Signals { interrupt: of(SignalKind::interrupt())?, terminate: of(SignalKind::terminate())? })
    }

    /// Waits for either.
    pub async fn wait(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
