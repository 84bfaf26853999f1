//! The reference task: learn from a week, wait for labels, be judged on a later week.
//!
//! No file is opened and no clock is read here: rows come from an iterator, by time.
//!
//! # What is known when
//! Features of a transaction are made of all transactions up to and including it, and of all labels whose
//! transactions are at least the delay old; of a day's labels nothing is known before. A holder's habit is the
//! mean of what was *labelled genuine*; the last two weeks, not yet labelled, are told as multiples of that
//! habit. A terminal's state is told by its labels: rates over 1 to 30 days, the run of frauds its newest
//! labels make, its age, and frauds there whose amounts were usual for their holders (an unusual amount
//! speaks of the card, not of the terminal). The scenario of the simulation is never read.
//!
//! Rows of customers with a fraud already labelled are left out of learning, as the protocol leaves them out
//! of the test: the model need not learn what nobody asks it.

pub mod features;
pub mod metrics;
mod protocol;

pub use features::Row;
pub use protocol::{HEADER, Plan, Prepared, Report, Wrong, evaluate, judge, prepare, read_row, recipe};
