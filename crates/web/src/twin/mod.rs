//! The plain twins: what goes over HTTP, made of the machine's types by exhaustive match and read back
//! likewise.
//!
//! No decision here, and nothing the disclosure of a cause forbids: its words come from `explain` alone.

pub mod account;
pub mod card;
pub mod currency;
pub mod decision;
pub mod explanation;
pub mod freeze;
pub mod ids;
pub mod money;
pub mod page;
pub mod place;
pub mod time;
pub mod words;
