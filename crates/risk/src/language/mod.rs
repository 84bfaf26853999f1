//! The rule language: a strict, typed, total subset of CEL, with aggregates as functions.
//!
//! Text in, programs out. No loop, no recursion, no clock, no float: every program has a static cost, and
//! what could be unbounded is refused with line and column.
//!
//! ```text
//! # Comments in front of a rule stay with it.
//! rules version 7
//!
//! list trusted_merchants { #5f3a #77b1 until 2026-12-31 }
//!
//! let abroad = country != home_country
//!
//! rule velocity_abroad {
//!     owner "fraud desk"
//!     action freeze card for 72h
//!     cause velocity_burst
//!     priority 500
//!     when amount > 5000 && count(card, 1h) > 5 && !(mcc in [5411, 5812]) && abroad
//! }
//! ```
//!
//! **The current transaction counts** in every window, unless `before` is written: `count(card, 1h, before)`.
//! `first_seen`, `last`, `is_new`, `distance` and `speed` always speak of what was before.
//! **Missing** is a value: what is computed from it is missing, a comparison with it is neither true nor
//! false (nor is its opposite), and a condition that is not true does not hit. `x == missing` asks for it.
//! **Overflow** saturates and is counted.

mod ast;
mod compile;
mod condition;
mod parse;
mod print;
mod program;
mod token;
mod typing;

pub use ast::{
    Action, Aggregate, Entry, Expression, Function, Kind, Let, NamedList, Operator, Rule, RuleFile, Scope,
    Window,
};
pub use compile::{COST_MAX, compile, compile_with};
pub use parse::{parse, parse_expression};
pub use print::{action as action_text, aggregate as aggregate_text, expression as expression_text, print};
pub use program::{Condition, Cost, Program, RuleHead, Slots};
pub use token::{Place, RULES_BYTES_MAX};

pub(crate) use print::civil;
#[cfg(feature = "train")]
pub(crate) use token::date;

/// What is wrong with a rule file: where, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
    /// What is wrong and what would be right.
    pub why: String,
}

impl Fault {
    fn new(place: Place, why: impl Into<String>) -> Self {
        Self { line: place.line, column: place.column, why: why.into() }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}:{}: {}", self.line, self.column, self.why)
    }
}

impl std::error::Error for Fault {}
