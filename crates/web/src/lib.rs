//! JSON API, console pages, assets and live events.
//!
//! Never how money moves: everything is asked of the host through `port::Host`.

pub mod port;
