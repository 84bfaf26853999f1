//! A compiled rule set: flat lists of tests over integer slots, and how they run.
//!
//! Nothing is parsed or named here. Running cannot fail, allocates nothing and never takes longer than the
//! stated cost.

use super::ast::{Action, Function};
use crate::facts::{FACTS, Fact, Facts, MISSING};
use crate::model::{Encoding, Schema};
use crate::window::{Reading, Spec, TrackSpec};

/// Jumps beyond the last test.
pub(super) const HIT: u16 = u16::MAX;
pub(super) const MISS: u16 = u16::MAX - 1;

/// What a test asks of one or two slots. A missing value fails every test but `Within`, which may allow it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Test {
    /// `low <= a <= high`.
    Within,
    /// `a` is there and is not `low`.
    Outside,
    /// `a < b`.
    Less,
    /// `a <= b`.
    AtMost,
    /// `a == b`.
    Equal,
    /// `a != b`, both there.
    Unequal,
    /// `a` is in list `low`.
    In,
    /// `a` is there, but not in list `low`.
    NotIn,
}

/// One test and where to go on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub low: i64,
    pub high: i64,
    pub test: Test,
    pub a: u16,
    pub b: u16,
    /// Next test, from the formula's first, where it is true.
    pub yes: u16,
    /// Next test where it is not.
    pub no: u16,
}

/// A condition: a range of steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Formula {
    pub(super) begin: u32,
    pub(super) end: u32,
}

/// What arithmetic is done between two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sum {
    Plus,
    Minus,
    Times,
    Over,
    Rest,
    /// Hundredths; missing where the second is not above zero.
    Ratio,
}

/// Where an operand is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Slot(u16),
    Fixed(i64),
}

/// `slot = a SUM b`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Compute {
    pub sum: Sum,
    pub a: Source,
    pub b: Source,
    pub slot: u16,
}

/// An aggregate's slot and how it is had from its track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Gauge {
    pub track: usize,
    pub function: Function,
    /// Whether the current transaction counts.
    pub current: bool,
    /// Whether it speaks of a value and not of a time: `last(amount, card)`, not `last(card)`.
    pub measured: bool,
    pub slot: u16,
    /// As it is written.
    pub text: String,
}

/// A list: sorted values, and from when on each no longer counts (`i64::MAX`: never).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct List {
    pub values: Vec<(i64, i64)>,
}

/// What a step says in words, for explanations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Literal {
    pub text: String,
    pub opposite: String,
    /// (as written, slot) of what is not constant in it.
    pub values: Vec<(String, u16)>,
}

/// A rule's head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleHead {
    /// Its name.
    pub name: String,
    /// Who answers for it.
    pub owner: String,
    /// What it asks for.
    pub action: Action,
    /// The slug of its cause.
    pub cause: String,
    /// Higher decides first.
    pub priority: u16,
    /// Hash of what it does, name and owner aside: a rule that is edited is another.
    pub hash: [u8; 32],
    pub(super) formula: Formula,
    /// Tracks whose aggregates its condition asks.
    pub(super) tracks: Vec<usize>,
}

/// What a rule set costs. Every number is a bound.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Tests of all conditions.
    pub tests: usize,
    /// Arithmetic operations.
    pub computes: usize,
    /// Aggregates read.
    pub aggregates: usize,
    /// Tracks kept.
    pub tracks: usize,
    /// By kind of entity: bytes of one record.
    pub entity_bytes: Vec<(String, usize)>,
}

/// A compiled rule set.
#[derive(Clone, Debug)]
pub struct Program {
    pub(super) version: u64,
    pub(super) hash: [u8; 32],
    pub(super) text: String,
    pub(super) rules: Vec<RuleHead>,
    pub(super) steps: Vec<Step>,
    pub(super) literals: Vec<Literal>,
    pub(super) computes: Vec<Compute>,
    pub(super) gauges: Vec<Gauge>,
    pub(super) lists: Vec<List>,
    pub(super) filters: Vec<(Formula, bool)>,
    pub(super) tracks: Vec<TrackSpec>,
    pub(super) slots: usize,
    pub(super) cost: Cost,
    /// Features of the model: as written, and their slots.
    pub(super) features: Vec<(String, u16)>,
    /// Whether arithmetic asks the score, and so runs again once it is known.
    pub(super) computes_score: bool,
    pub(super) schema_hash: [u8; 32],
}

/// Values of all slots for one transaction; kept between transactions so that nothing is allocated.
#[derive(Clone, Debug, Default)]
pub struct Slots {
    values: Vec<i64>,
    readings: Vec<Option<Reading>>,
    /// Arithmetic that left 63 bits and was held at the end, since the slots were made.
    pub saturated: u64,
}

/// One condition of a hit, for people and records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// As written: "count(card, 1h) > 5".
    pub text: String,
    /// What stood there: ("count(card, 1h)", 7). [`MISSING`] where nothing did.
    pub values: Vec<(String, i64)>,
    /// What would have been otherwise: "count(card, 1h) <= 5".
    pub otherwise: String,
    /// How far the value is from there; 0 where nearness means nothing.
    pub distance: i64,
    /// Whether the rule would not have hit then.
    pub decisive: bool,
}

impl Slots {
    /// The readings to be filled from windows.
    pub fn readings(&mut self) -> &mut Vec<Option<Reading>> {
        &mut self.readings
    }

    /// Values of all slots: facts, then aggregates, then arithmetic.
    pub fn values(&self) -> &[i64] {
        &self.values
    }
}

impl Program {
    /// Version of the rule set, as its author wrote it.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// BLAKE3 of the printed text: the name of this rule set in every decision.
    pub fn hash(&self) -> [u8; 32] {
        self.hash
    }

    /// The rules in the one layout of the printer.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Rules, in the file's order.
    pub fn rules(&self) -> &[RuleHead] {
        &self.rules
    }

    /// What it costs at most.
    pub fn cost(&self) -> &Cost {
        &self.cost
    }

    /// What windows must remember for it.
    pub fn spec(&self, entities_max: u32) -> Spec {
        Spec { tracks: self.tracks.clone(), entities_max }
    }

    /// Aggregates as written, in the order of their slots (which begin behind the facts).
    pub fn aggregates(&self) -> impl Iterator<Item = &str> {
        self.gauges.iter().map(|gauge| gauge.text.as_str())
    }

    /// Tracks a rule depends on.
    pub fn rule_tracks(&self, rule: usize) -> &[usize] {
        self.rules.get(rule).map_or(&[], |rule| &rule.tracks)
    }

    /// Whether an event passes a filter. Reversals pass only filters that speak of them.
    pub fn passes(&self, filter: Option<u16>, facts: &Facts) -> bool {
        let reversal = facts.of(Fact::Reversed) == 1;
        match filter.and_then(|filter| self.filters.get(usize::from(filter))) {
            None => !reversal,
            Some((formula, speaks_of_reversals)) => {
                (*speaks_of_reversals || !reversal)
                    && self.holds(*formula, facts.values(), facts.of(Fact::Now))
            }
        }
    }

    /// Fills the slots: facts, aggregates from the readings, arithmetic.
    pub fn fill(&self, facts: &Facts, slots: &mut Slots) {
        slots.values.clear();
        slots.values.extend_from_slice(facts.values());
        slots.values.resize(self.slots, MISSING);
        let now = facts.of(Fact::Now);
        for gauge in &self.gauges {
            let spec = &self.tracks[gauge.track];
            let reading = slots.readings.get(gauge.track).copied().flatten();
            slots.values[usize::from(gauge.slot)] = reading.map_or(MISSING, |reading| {
                let value = spec.value.map_or(0, |fact| facts.of(fact));
                let counts = gauge.current && value != MISSING && self.passes(spec.filter, facts);
                gauge.value(reading, value, counts, now)
            });
        }
        self.compute(slots);
    }

    /// Says the model's score, in parts per million.
    pub fn score(&self, score: i64, slots: &mut Slots) {
        slots.values[Fact::Score as usize] = score;
        if self.computes_score {
            self.compute(slots);
        }
    }

    /// The schema of the features a model may read.
    pub fn schema(&self) -> Schema {
        let features = self.features.iter().map(|feature| feature.0.clone()).collect();
        Schema { encoding: Encoding::Integer, features }
    }

    /// BLAKE3 of that schema.
    pub fn schema_hash(&self) -> [u8; 32] {
        self.schema_hash
    }

    /// A track as one of its aggregates is written.
    pub fn track_text(&self, track: usize) -> String {
        self.gauges
            .iter()
            .find(|gauge| gauge.track == track)
            .map(|gauge| gauge.text.clone())
            .unwrap_or_default()
    }

    /// The row of features, from filled slots.
    pub fn features(&self, slots: &Slots, row: &mut Vec<i64>) {
        row.clear();
        row.extend(self.features.iter().map(|feature| slots.values[usize::from(feature.1)]));
    }

    fn compute(&self, slots: &mut Slots) {
        for compute in &self.computes {
            let of = |source: Source| match source {
                Source::Slot(slot) => slots.values[usize::from(slot)],
                Source::Fixed(value) => value,
            };
            let (value, saturated) = compute.sum.of(of(compute.a), of(compute.b));
            slots.values[usize::from(compute.slot)] = value;
            slots.saturated += u64::from(saturated);
        }
    }

    /// Whether a rule's condition is true.
    pub fn hits(&self, rule: usize, slots: &Slots) -> bool {
        let now = slots.values[Fact::Now as usize];
        self.rules.get(rule).is_some_and(|rule| self.holds(rule.formula, &slots.values, now))
    }

    /// Runs all rules; bit `n % 64` of word `n / 64` is rule `n`.
    pub fn run(&self, slots: &Slots, hits: &mut Vec<u64>) {
        hits.clear();
        hits.resize(self.rules.len().div_ceil(64), 0);
        let now = slots.values[Fact::Now as usize];
        for (at, rule) in self.rules.iter().enumerate() {
            hits[at / 64] |= u64::from(self.holds(rule.formula, &slots.values, now)) << (at % 64);
        }
    }

    #[inline]
    fn holds(&self, formula: Formula, values: &[i64], now: i64) -> bool {
        let steps = &self.steps[formula.begin as usize..formula.end as usize];
        let mut at = 0_u16;
        while let Some(step) = steps.get(usize::from(at)) {
            at = if self.test(step, values, now) { step.yes } else { step.no };
        }
        at == HIT
    }

    #[inline]
    fn test(&self, step: &Step, values: &[i64], now: i64) -> bool {
        let a = values[usize::from(step.a)];
        let b = || values[usize::from(step.b)];
        match step.test {
            Test::Within => a >= step.low && a <= step.high,
            Test::Outside => a != step.low && a != MISSING,
            Test::Less => a < b() && a != MISSING,
            Test::AtMost => a <= b() && a != MISSING,
            Test::Equal => a == b() && a != MISSING,
            Test::Unequal => a != b() && a != MISSING && b() != MISSING,
            Test::In => a != MISSING && self.listed(step.low, a, now),
            Test::NotIn => a != MISSING && !self.listed(step.low, a, now),
        }
    }

    #[inline]
    fn listed(&self, list: i64, value: i64, now: i64) -> bool {
        let values = &self.lists[list as usize].values;
        if values.len() <= 8 {
            return values.iter().any(|entry| entry.0 == value && entry.1 > now);
        }
        values.binary_search_by_key(&value, |entry| entry.0).is_ok_and(|at| values[at].1 > now)
    }

    /// Why a rule hit: every condition that was found true on the way. Empty where it did not hit.
    pub fn explain(&self, rule: usize, slots: &Slots) -> Vec<Condition> {
        let Some(rule) = self.rules.get(rule) else { return Vec::new() };
        let (begin, end) = (rule.formula.begin as usize, rule.formula.end as usize);
        let now = slots.values[Fact::Now as usize];
        let steps = &self.steps[begin..end];
        let mut out = Vec::new();
        let mut at = 0_u16;
        while let Some(step) = steps.get(usize::from(at)) {
            if !self.test(step, &slots.values, now) {
                at = step.no;
                continue;
            }
            let literal = &self.literals[begin + usize::from(at)];
            let value = |slot: u16| slots.values[usize::from(slot)];
            out.push(Condition {
                text: literal.text.clone(),
                values: literal.values.iter().map(|(text, slot)| (text.clone(), value(*slot))).collect(),
                otherwise: literal.opposite.clone(),
                distance: step.distance(value(step.a), value(step.b)),
                decisive: !self.holds_without(rule.formula, at, &slots.values, now),
            });
            at = step.yes;
        }
        if at == HIT { out } else { Vec::new() }
    }

    /// Whether a formula would hold if one of its tests were false.
    fn holds_without(&self, formula: Formula, without: u16, values: &[i64], now: i64) -> bool {
        let steps = &self.steps[formula.begin as usize..formula.end as usize];
        let mut at = 0_u16;
        while let Some(step) = steps.get(usize::from(at)) {
            at = if at != without && self.test(step, values, now) { step.yes } else { step.no };
        }
        at == HIT
    }
}

impl Step {
    /// How far a true test is from being false.
    fn distance(&self, a: i64, b: i64) -> i64 {
        match self.test {
            // Truths, absences and single values are not near or far.
            Test::Within if self.low == self.high || (self.low <= MISSING + 1 && self.high == i64::MAX) => 0,
            Test::Within => {
                let above = if self.low <= MISSING + 1 { i64::MAX } else { a.saturating_sub(self.low) };
                let below = if self.high == i64::MAX { i64::MAX } else { self.high.saturating_sub(a) };
                above.min(below).saturating_add(1)
            }
            Test::Less => b.saturating_sub(a),
            Test::AtMost => b.saturating_sub(a).saturating_add(1),
            Test::Outside | Test::Equal | Test::Unequal | Test::In | Test::NotIn => 0,
        }
    }
}

impl Sum {
    /// The result, and whether it had to be held at the end of the range. Missing stays missing.
    pub(super) fn of(self, a: i64, b: i64) -> (i64, bool) {
        if a == MISSING || b == MISSING {
            return (MISSING, false);
        }
        let (a, b) = (i128::from(a), i128::from(b));
        let exact = match self {
            Self::Plus => a + b,
            Self::Minus => a - b,
            Self::Times => a * b,
            // The compiler lets no divisor through that may be zero.
            Self::Over => a.checked_div(b).unwrap_or(0),
            Self::Rest => a.checked_rem(b).unwrap_or(0),
            Self::Ratio if b <= 0 => return (MISSING, false),
            Self::Ratio => a * 100 / b,
        };
        let held = exact.clamp(i128::from(MISSING) + 1, i128::from(i64::MAX));
        (held as i64, held != exact)
    }
}

impl Gauge {
    fn value(&self, reading: Reading, value: i64, counts: bool, now: i64) -> i64 {
        let with = || if counts { reading.including(value) } else { reading };
        match self.function {
            Function::Count => with().count,
            Function::Sum => with().sum,
            Function::Avg => with().mean(),
            Function::Spread => with().spread(),
            Function::Min => {
                Some(with()).filter(|reading| reading.count > 0).map_or(MISSING, |reading| reading.min)
            }
            Function::Max => {
                Some(with()).filter(|reading| reading.count > 0).map_or(MISSING, |reading| reading.max)
            }
            Function::Distinct => {
                let more = i64::from(counts && reading.value == 0);
                (reading.count + more).min(crate::window::DISTINCT_MAX as i64)
            }
            Function::New => i64::from(reading.value == 0),
            Function::FirstSeen => reading.time,
            Function::Last if self.measured => reading.value,
            Function::Last => reading.time,
            Function::Distance => reading.value,
            Function::Speed if reading.value == MISSING => MISSING,
            // Metres in seconds as kilometres in hours; a second at least.
            Function::Speed => reading.value.saturating_mul(36) / (10 * (now - reading.time).max(1)),
            Function::Frauds => reading.sum,
            Function::Labels => reading.count,
            Function::FraudRate if reading.count == 0 => MISSING,
            Function::FraudRate => reading.sum * 1_000_000 / reading.count,
        }
    }
}

const _: () = assert!(FACTS < MISS as usize);
