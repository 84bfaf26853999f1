//! The gateway at its boundary: terminals and hosts on one side, a machine that answers at once on the other.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod pos;
mod script;
mod world;

mod host;
mod hostile;
mod terminal;
