//! Where random bytes come from: fill of PIN blocks, generated keys, padding of key blocks.
//!
//! No generator of our own lives here: production asks the operating system, tests bring their own dice.

use std::fmt;

/// A source of random bytes, shared between threads.
pub trait Entropy: Send + Sync {
    /// Fills `out` with random bytes.
    ///
    /// # Errors
    /// [`EntropyFailed`] when the source gives none; `out` is then not to be used.
    fn fill(&self, out: &mut [u8]) -> Result<(), EntropyFailed>;
}

/// The source of randomness gave nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntropyFailed;

impl fmt::Display for EntropyFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the source of randomness gave nothing")
    }
}

impl std::error::Error for EntropyFailed {}

/// The operating system's generator.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, out: &mut [u8]) -> Result<(), EntropyFailed> {
        getrandom::fill(out).map_err(|_| EntropyFailed)
    }
}
