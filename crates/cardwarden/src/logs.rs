//! Structured logs on standard error. What is logged is said where it happens; never a card number or key.

use tracing_subscriber::EnvFilter;

/// Starts logging.
///
/// # Errors
/// If the filter cannot be read, or the format is neither `json` nor `text`.
pub fn start(filter: &str, format: &str) -> Result<(), String> {
    let filter = EnvFilter::try_new(filter).map_err(|error| format!("[log] filter: {error}"))?;
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match format {
        "json" => logs.json().try_init(),
        "text" => logs.with_ansi(false).compact().try_init(),
        other => return Err(format!("[log] format: `{other}` is neither json nor text")),
    };
    started.map_err(|error| error.to_string())
}
