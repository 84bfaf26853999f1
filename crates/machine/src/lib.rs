//! The machine: every account, hold and freeze, and the only code that changes them.
//!
//! Commands go in with a time, outcomes come out, and the same commands at the same times give the
//! same bytes on every computer. So: no clock, no randomness, no I/O, no async, no hash-ordered
//! iteration and no card number here (see `clippy.toml` beside this crate).

pub mod acceptance;
pub mod account;
pub mod cause;
pub mod command;
pub mod freeze;
pub mod ids;
mod index;
pub mod ledger;
pub mod money;
pub mod outcome;
pub mod policy;
pub mod time;
pub mod transaction;
