//! Placeholder until the sale is written.
fn main() {}
