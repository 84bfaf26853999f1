//! The gateway at its boundary: terminals and hosts on one side, a machine that answers at once on the other.

mod pos;
mod script;
mod world;

mod host;
mod hostile;
mod terminal;
