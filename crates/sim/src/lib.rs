//! Seeded worlds: who lives there, what they do, what goes wrong, and what should have come of it.
//!
//! The same seed gives the same world on every computer and in ten years. So: no wall time, no threads, no
//! randomness but the dice's, no hash-ordered iteration.

pub mod dice;
pub mod history;
pub mod population;
pub mod reference;
pub mod traffic;
pub mod world;
