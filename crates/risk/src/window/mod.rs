//! Windows: what is remembered of a card, a merchant, a pair, so that aggregates answer at once.
//!
//! Integers in fixed-size records; no clock (times are given), no timers (what is old is forgotten when it is
//! next touched), no order that a hash decides.
//!
//! # What is exact
//! A sliding window over `W` seconds holds events with `now - W < time <= now`. The newest [`RECENT`]
//! events of a track are exact; older ones lie in buckets of `W / 12`, and a bucket counts while any of its
//! seconds is inside. So what is read is never less than the truth and never more than the truth of a window
//! one bucket longer. Calendar days and months are exact. `distinct` is exact up to [`DISTINCT_MAX`].

mod store;
mod track;

pub use store::{EVICTION_LOOK, Spec, Windows};
pub use track::{DISTINCT_MAX, RECENT, Reading, Sort, TrackSpec, place_distance};

/// Most bytes kept of one entity.
pub const ENTITY_BYTES_MAX: usize = 1_024;

/// Shortest sliding window, in seconds.
pub const WINDOW_MIN: i64 = 600;

/// Longest sliding window, and longest delay, in seconds.
pub const WINDOW_MAX: i64 = 90 * 86_400;
