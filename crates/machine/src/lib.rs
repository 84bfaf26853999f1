//! The machine: every account, hold and freeze, and the only code that changes them.
//!
//! Commands go in with a time, outcomes come out, and the same commands at the same times give the
//! same bytes on every computer. So: no clock, no randomness, no I/O, no async, no hash-ordered
//! iteration and no card number here (see `clippy.toml` beside this crate).

pub mod acceptance;
pub mod account;
mod apply;
pub mod cause;
pub mod command;
mod encode;
pub mod explain;
pub mod freeze;
pub mod ids;
mod index;
pub mod ledger;
mod machine;
pub mod money;
pub mod outcome;
pub mod policy;
mod route;
mod snapshot;
pub mod time;
pub mod transaction;

pub use encode::OUTCOME_BYTES_MAX;
pub use machine::{AMOUNT_MAX, EPOCH_NEWEST, KEYS_MAX, Machine};
pub use route::{Route, shard_of};
pub use snapshot::Audit;
