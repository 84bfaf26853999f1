//! The reference task: learn from a week, wait for labels, be judged on a later week.
//!
//! No file is opened and no clock is read here: rows come from an iterator, by time.

pub mod features;
pub mod metrics;
mod protocol;

pub use features::Row;
pub use protocol::{Plan, Prepared, Report, Wrong, evaluate, judge, prepare};
