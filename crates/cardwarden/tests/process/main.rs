//! The real binary as a process: killed, restarted, searched for what it must not keep.

#![expect(clippy::print_stdout, reason = "what is skipped, and the seed, are said aloud")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by failing")]

mod chips;
mod crash;
mod leaks;
mod running;
mod stories;
