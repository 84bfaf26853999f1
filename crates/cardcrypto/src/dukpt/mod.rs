//! Derived unique key per transaction: every message of a terminal under a key of its own.
//!
//! No state lives here: a terminal's own key registers are the terminal's, a host derives from the base key.

pub mod aes;
pub mod tdes;

/// Whose message a derived key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the terminal to the host.
    Request,
    /// From the host to the terminal.
    Response,
}
