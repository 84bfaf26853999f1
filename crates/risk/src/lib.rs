//! Risk: features that keep themselves, rules an analyst writes, models that say why.
//!
//! Strings, slices and times come in, values go out: no account, no clock, no file, no float in a decision,
//! no randomness but [`dice`] from a seed, and no order that a hash decides (`clippy.toml` beside this crate).
//!
//! - [`facts`]: the catalogue of what may be asked about a transaction.
//! - [`language`]: the rule file, parsed, checked, printed, compiled to flat tests.
//! - [`window`]: what is remembered of entities, a kibibyte each at most.
//! - [`model`]: trees that score and explain in integers. Feature `import`: LightGBM and XGBoost files, bit for
//!   bit. Feature `train`: learning, and the reference task that judges it.
//! - [`policy`]: all of it joined: watches, decides, explains; the lives of rules.

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
