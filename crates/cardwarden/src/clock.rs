//! The one clock of the house. Everyone else is given the time.

use machine::time::Timestamp;
use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970; a clock set before that reads zero.
#[must_use]
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
