//! Waiting for the word to stop: interrupt or terminate.

use tokio::signal::unix::{SignalKind, signal};

/// Waits for either.
///
/// # Errors
/// If the operating system gives no signals.
pub async fn wait() -> Result<(), String> {
    let mut terminate = signal(SignalKind::terminate()).map_err(|error| error.to_string())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted.map_err(|error| error.to_string()),
        _ = terminate.recv() => Ok(()),
    }
}
