//! The API and the pages, asked as strangers ask them: over HTTP, on a real machine whose outcomes are durable
//! at once.

#[path = "../bed/mod.rs"]
mod bed;

mod access;
mod browser;
mod described;
mod history;
mod idempotency;
mod pages;
mod privacy;
mod refused;
mod script;
mod stream;
mod style;
mod walk;
