//! Risk: features that keep themselves, rules an analyst writes, models that say why.
//!
//! Strings, slices and times come in, values go out: no account, no clock, no file, no float in a decision,
//! no randomness but [`dice`] from a seed, and no order that a hash decides.

pub mod dice;
#[cfg(feature = "train")]
pub mod evaluate;
mod exact;
pub mod facts;
#[cfg(feature = "import")]
pub mod import;
pub mod language;
pub mod model;
pub mod policy;
#[cfg(feature = "train")]
pub mod train;
pub mod window;
