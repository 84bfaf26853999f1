//! Gradient-boosted trees at work: what a model is, how it scores a row and why it scored so.
//!
//! No training and no foreign file format here (see `train` and `import`); no float decides a path, and
//! a model of our own contains no float at all.
//!
//! # Numbers
//! A row is a slice of `i64`, one per feature of the [`Schema`], [`MISSING`] where nothing is known.
//! Scores are *fixed point*: [`ONE`] (2^32) units are a margin of 1.0 (log odds), so sums are exact in any
//! order. Imported models keep their library's floats beside that and add them in the library's order.

mod card;
mod forest;
mod monitor;
mod tree;

pub use card::{Calibration, Card, Model, Refusal};
pub use forest::{Contributions, Forest, Margin};
pub use monitor::{BANDS, Band, Monitor};
pub use tree::{Absent, Arithmetic, Encoding, Node, Schema, Tree, key32, key64};

/// "Nothing is known": a value of its own, below every other.
pub const MISSING: i64 = i64::MIN;

/// Fixed-point units in a margin of 1.0.
pub const ONE: i64 = 1 << 32;

/// Most features a schema may name.
pub const FEATURES_MAX: usize = 256;

/// Most trees in a model.
pub const TREES_MAX: usize = 20_000;

/// Most nodes in all trees of a model together.
pub const NODES_MAX: usize = 4_000_000;

/// A float margin as fixed point; saturates, and 0 for what is not a number.
pub fn fixed(margin: f64) -> i64 {
    (margin * ONE as f64).round() as i64
}
