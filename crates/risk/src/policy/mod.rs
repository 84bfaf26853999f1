//! A policy: rules, model and windows joined; it watches, decides, explains and keeps its rules' lives.
//!
//! Plain data with canonical bytes, changed only by [`Change`]s that somebody journals. No account, no clock;
//! times are seconds since 1970 and come with the facts.
//!
//! Live, shadow and replay are one code: [`Policy::decide`] says what every rule would do, and which of them
//! may act is looked at afterwards.

mod decide;
mod life;
mod store;

pub use decide::{Hit, Reason, Scored, Scratch, Verdict, Whether};
pub use life::{Change, Life, Notice, Refused, Standing};
pub use store::{Policy, Settings};

/// Features named in a verdict; the others are summed.
pub const REASONS_MAX: usize = 5;

/// Most snoozes kept; beyond that the one that ends first goes.
pub const SNOOZES_MAX: usize = 100_000;
