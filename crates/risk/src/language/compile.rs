//! From a rule file to a program: names and types checked, aggregates collected, conditions flattened.
//!
//! Nothing runs here. Every fault of a file is told, not only the first.

use super::Fault;
use super::ast::{Action, Expression, Function, Kind, Operator, Rule, RuleFile};
use super::print;
use super::program::{
    Compute, Cost, Formula, Gauge, HIT, List, Literal, MISS, Program, RuleHead, Source, Step, Sum, Test,
};
use super::token::Place;
use super::typing::{self, Loose};
use crate::facts::{FACTS, Fact, MISSING, Type, code};
use crate::model::FEATURES_MAX;
use crate::window::{DISTINCT_MAX, ENTITY_BYTES_MAX, Sort, TrackSpec};

/// Most tests and operations of a rule set together: about 50 microseconds.
pub const COST_MAX: usize = 10_000;

/// Most nodes of one condition once its derived facts are written out.
const NODES_MAX: usize = 2_000;

/// Most kinds of entities windows are kept of.
const GROUPS_MAX: usize = 32;

/// Longest cool-down or freeze a rule may ask for: 30 days.
const ACTION_SPAN_MAX: i64 = 30 * 86_400;

/// Compiles a rule file. `causes` are the slugs that may be given.
///
/// # Errors
/// Everything that is wrong, with its place.
pub fn compile(file: &RuleFile, causes: &[&str]) -> Result<Program, Vec<Fault>> {
    compile_with(file, causes, &[])
}

/// Compiles a rule file together with the features of a model, each an expression of the language.
///
/// # Errors
/// Everything that is wrong, with its place; a wrong feature has its place within itself.
pub fn compile_with(file: &RuleFile, causes: &[&str], features: &[String]) -> Result<Program, Vec<Fault>> {
    let text = print::print(file);
    let mut compiler = Compiler::new(file);
    let mut faults = Vec::new();
    compiler.lists(&mut faults);
    compiler.lets(&mut faults);
    let mut names: Vec<&str> = Vec::new();
    for rule in &file.rules {
        if names.contains(&rule.name.as_str()) {
            faults.push(Fault::new(
                rule.place,
                format!("there is a rule `{}` above: rename this one", rule.name),
            ));
        }
        names.push(&rule.name);
        if !causes.contains(&rule.cause.as_str()) {
            let near = typing::near(&rule.cause, causes.iter().copied());
            faults.push(Fault::new(
                rule.cause_place,
                format!("`{}` is no cause of the catalogue{near}", rule.cause),
            ));
        }
        if let Err(fault) = compiler.rule(rule) {
            faults.push(fault);
        }
    }
    for feature in features {
        if let Err(mut fault) = compiler.feature(feature) {
            fault.why = format!("feature `{feature}`: {}", fault.why);
            faults.push(fault);
        }
    }
    if faults.is_empty() {
        compiler.merge_tracks();
        compiler.account(&mut faults);
    }
    if !faults.is_empty() {
        faults.sort_by_key(|fault| (fault.line, fault.column));
        return Err(faults);
    }
    let mut program = compiler.program;
    program.hash = *blake3::hash(text.as_bytes()).as_bytes();
    program.schema_hash = program.schema().hash();
    program.version = file.version;
    program.text = text;
    Ok(program)
}

/// An operand and its type.
#[derive(Clone, Debug)]
struct Operand {
    source: Source,
    kind: Loose,
    text: String,
    /// Whether it is a count that ends at [`DISTINCT_MAX`].
    distinct: bool,
}

/// Where a test leads, before the tests have numbers.
type Label = usize;

struct Compiler<'a> {
    file: &'a RuleFile,
    /// Derived facts with everything written out.
    lets: Vec<(&'a str, Expression)>,
    list_kinds: Vec<(&'a str, Loose)>,
    program: Program,
    /// Of the formula under way: tests, and where each label is.
    steps: Vec<(Step, Literal)>,
    labels: Vec<Option<u16>>,
    /// Filters by text, so that two of the same share a track.
    filter_texts: Vec<String>,
    /// Whether a filter is compiled, which knows facts only.
    facts_only: bool,
    /// Tracks asked by the rule under way.
    asked: Vec<usize>,
    places: Vec<Place>,
}

impl<'a> Compiler<'a> {
    fn new(file: &'a RuleFile) -> Self {
        let program = Program {
            version: 0,
            hash: [0; 32],
            text: String::new(),
            rules: Vec::new(),
            steps: Vec::new(),
            literals: Vec::new(),
            computes: Vec::new(),
            gauges: Vec::new(),
            lists: Vec::new(),
            filters: Vec::new(),
            tracks: Vec::new(),
            slots: FACTS,
            cost: Cost::default(),
            features: Vec::new(),
            computes_score: false,
            schema_hash: [0; 32],
        };
        Self {
            file,
            lets: Vec::new(),
            list_kinds: Vec::new(),
            program,
            steps: Vec::new(),
            labels: Vec::new(),
            filter_texts: Vec::new(),
            facts_only: false,
            asked: Vec::new(),
            places: Vec::new(),
        }
    }

    fn lists(&mut self, faults: &mut Vec<Fault>) {
        for list in &self.file.lists {
            if let Some(why) = self.taken(&list.name) {
                faults.push(Fault::new(list.place, why));
            }
            let mut values = Vec::new();
            let mut kind: Option<Loose> = None;
            for entry in &list.entries {
                match self.constant(&entry.value) {
                    Ok((_, other)) if kind.is_some_and(|kind| kind != other) => {
                        faults.push(Fault::new(entry.value.place, "a list holds one kind of value"));
                    }
                    Ok((value, known)) => {
                        kind = Some(known);
                        values.push((value, entry.until.unwrap_or(i64::MAX)));
                    }
                    Err(fault) => faults.push(fault),
                }
            }
            // Of two entries of one value the one that ends later counts.
            values.sort_by_key(|entry| (entry.0, std::cmp::Reverse(entry.1)));
            values.dedup_by_key(|entry| entry.0);
            self.program.lists.push(List { values });
            self.list_kinds.push((&list.name, kind.flatten()));
        }
    }

    fn lets(&mut self, faults: &mut Vec<Fault>) {
        for derived in &self.file.lets {
            if let Some(why) = self.taken(&derived.name) {
                faults.push(Fault::new(derived.place, why));
            }
            let mut nodes = 0;
            match self.written_out(&derived.value, &mut nodes) {
                Ok(expression) => self.lets.push((&derived.name, expression)),
                Err(fault) => faults.push(fault),
            }
        }
    }

    /// Why a name cannot be given again.
    fn taken(&self, name: &str) -> Option<String> {
        let known = Fact::named(name).map(|_| "a fact");
        let known = known.or(self.lets.iter().any(|known| known.0 == name).then_some("a derived fact"));
        let known = known.or(self.list_kinds.iter().any(|known| known.0 == name).then_some("a list"));
        let reserved =
            ["true", "false", "missing", "in", "ratio", "x", "rule", "list", "let"].contains(&name);
        let known = known.or(reserved.then_some("a word of the language"));
        known.map(|known| format!("`{name}` is {known} already: choose another name"))
    }

    /// A copy with derived facts written out; they see only those above them, so this ends.
    fn written_out(&self, expression: &Expression, nodes: &mut usize) -> Result<Expression, Fault> {
        *nodes += 1;
        if *nodes > NODES_MAX {
            let why =
                format!("more than {NODES_MAX} parts once derived facts are written out: it costs too much");
            return Err(Fault::new(expression.place, why));
        }
        let mut boxed = |inner: &Expression| self.written_out(inner, nodes).map(Box::new);
        let kind = match &expression.kind {
            Kind::Name(name) => match self.lets.iter().find(|known| known.0 == name) {
                Some((_, value)) => {
                    let copy = self.written_out(value, nodes)?;
                    return Ok(Expression { kind: copy.kind, place: expression.place });
                }
                None => Kind::Name(name.clone()),
            },
            Kind::Not(inner) => Kind::Not(boxed(inner)?),
            Kind::Minus(inner) => Kind::Minus(boxed(inner)?),
            Kind::Both(operator, left, right) => Kind::Both(*operator, boxed(left)?, boxed(right)?),
            Kind::Ratio(left, right) => Kind::Ratio(boxed(left)?, boxed(right)?),
            Kind::Aggregate(aggregate) => {
                let mut copy = aggregate.clone();
                if let Some(filter) = &aggregate.filter {
                    copy.filter = Some(self.written_out(filter, nodes)?);
                }
                Kind::Aggregate(copy)
            }
            Kind::Number(_)
            | Kind::Span(_)
            | Kind::Code(_)
            | Kind::Id(_)
            | Kind::Truth(_)
            | Kind::Missing
            | Kind::List(_) => expression.kind.clone(),
        };
        Ok(Expression { kind, place: expression.place })
    }

    fn rule(&mut self, rule: &Rule) -> Result<(), Fault> {
        if let Action::CoolDown { span } | Action::Freeze { span, .. } = rule.action
            && !(1..=ACTION_SPAN_MAX).contains(&span)
        {
            return Err(Fault::new(rule.place, "a cool-down or freeze by a rule lasts at most 30d"));
        }
        let mut nodes = 0;
        let when = self.written_out(&rule.when, &mut nodes)?;
        self.asked.clear();
        let formula = self.formula(&when)?;
        let mut tracks = std::mem::take(&mut self.asked);
        tracks.sort_unstable();
        tracks.dedup();
        let hash = self.rule_hash(rule, formula);
        self.places.push(rule.place);
        self.program.rules.push(RuleHead {
            name: rule.name.clone(),
            owner: rule.owner.clone(),
            action: rule.action,
            cause: rule.cause.clone(),
            priority: rule.priority,
            hash,
            formula,
            tracks,
        });
        Ok(())
    }

    fn feature(&mut self, text: &str) -> Result<(), Fault> {
        let mut nodes = 0;
        let expression = self.written_out(&super::parse::parse_expression(text)?, &mut nodes)?;
        let place = expression.place;
        if self.program.features.len() == FEATURES_MAX {
            return Err(Fault::new(place, format!("more than {FEATURES_MAX} features")));
        }
        match self.operand(&expression)?.source {
            Source::Fixed(_) => Err(Fault::new(place, "a fixed value tells a model nothing")),
            Source::Slot(slot) if slot == Fact::Score as u16 => {
                Err(Fault::new(place, "the score cannot be a feature of itself"))
            }
            Source::Slot(slot) => {
                self.program.features.push((text.to_owned(), slot));
                Ok(())
            }
        }
    }

    /// Hash of all that decides what a rule does.
    fn rule_hash(&self, rule: &Rule, formula: Formula) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        let head = format!("{}\n{}\n{}\n", print::action(rule.action), rule.cause, rule.priority);
        hasher.update(head.as_bytes());
        for at in formula.begin as usize..formula.end as usize {
            let step = &self.program.steps[at];
            hasher
                .update(format!("{} {} {}\n", self.program.literals[at].text, step.yes, step.no).as_bytes());
            if matches!(step.test, Test::In | Test::NotIn) {
                for (value, until) in &self.program.lists[step.low as usize].values {
                    hasher.update(&value.to_le_bytes());
                    hasher.update(&until.to_le_bytes());
                }
            }
        }
        *hasher.finalize().as_bytes()
    }

    /// Flattens a condition: tests with two ways on, none of which leads back.
    fn formula(&mut self, expression: &Expression) -> Result<Formula, Fault> {
        let outer = (std::mem::take(&mut self.steps), std::mem::take(&mut self.labels));
        let (hit, miss) = (self.label(), self.label());
        self.labels[hit] = Some(HIT);
        self.labels[miss] = Some(MISS);
        let done = self.condition(expression, false, hit, miss);
        let steps = std::mem::replace(&mut self.steps, outer.0);
        let labels = std::mem::replace(&mut self.labels, outer.1);
        done?;
        let begin = self.program.steps.len() as u32;
        for (mut step, literal) in steps {
            step.yes = labels[usize::from(step.yes)].unwrap_or(MISS);
            step.no = labels[usize::from(step.no)].unwrap_or(MISS);
            self.program.steps.push(step);
            self.program.literals.push(literal);
        }
        Ok(Formula { begin, end: self.program.steps.len() as u32 })
    }

    fn label(&mut self) -> Label {
        self.labels.push(None);
        self.labels.len() - 1
    }

    fn place_label(&mut self, label: Label) {
        self.labels[label] = Some(self.steps.len() as u16);
    }

    /// Emits tests for a condition, or for its opposite. "Not" is pushed down to the tests, so that what is
    /// missing fails the test and its opposite alike.
    fn condition(
        &mut self,
        expression: &Expression,
        negate: bool,
        yes: Label,
        no: Label,
    ) -> Result<(), Fault> {
        match &expression.kind {
            Kind::Not(inner) => self.condition(inner, !negate, yes, no),
            Kind::Both(operator @ (Operator::And | Operator::Or), left, right) => {
                let middle = self.label();
                if (*operator == Operator::And) != negate {
                    self.condition(left, negate, middle, no)?;
                } else {
                    self.condition(left, negate, yes, middle)?;
                }
                self.place_label(middle);
                self.condition(right, negate, yes, no)
            }
            Kind::Both(Operator::In, left, right) => {
                self.membership(expression, (left, right), negate, (yes, no))
            }
            Kind::Both(operator, left, right) if operator.tightness() == 3 => {
                self.comparison(expression, (*operator, left, right), negate, (yes, no))
            }
            Kind::Truth(truth) => {
                let (low, high) = if *truth != negate { (i64::MIN, i64::MAX) } else { (1, 0) };
                let literal = self.literal(expression, negate, &[]);
                self.emit(Test::Within, (Fact::Now as u16, 0), (low, high), (yes, no), literal);
                Ok(())
            }
            Kind::Name(_)
            | Kind::Aggregate(_)
            | Kind::Number(_)
            | Kind::Span(_)
            | Kind::Code(_)
            | Kind::Id(_)
            | Kind::Missing
            | Kind::List(_)
            | Kind::Minus(_)
            | Kind::Ratio(_, _)
            | Kind::Both(_, _, _) => {
                let operand = self.operand(expression)?;
                let Operand { source: Source::Slot(slot), kind: Some(Type::Truth), .. } = operand else {
                    let why =
                        format!("a condition should stand here, but this is {}", typing::shown(operand.kind));
                    return Err(Fault::new(expression.place, why));
                };
                let wanted = i64::from(!negate);
                let literal = self.literal(expression, negate, &[&operand]);
                self.emit(Test::Within, (slot, 0), (wanted, wanted), (yes, no), literal);
                Ok(())
            }
        }
    }

    fn emit(
        &mut self,
        test: Test,
        (a, b): (u16, u16),
        (low, high): (i64, i64),
        to: (Label, Label),
        literal: Literal,
    ) {
        let step = Step { low, high, test, a, b, yes: to.0 as u16, no: to.1 as u16 };
        self.steps.push((step, literal));
    }

    fn literal(&self, expression: &Expression, negate: bool, operands: &[&Operand]) -> Literal {
        let plain = print::expression(expression);
        let opposite = match &expression.kind {
            Kind::Both(operator, left, right) if print::opposite(*operator).is_some() => {
                let operator = print::opposite(*operator).unwrap_or(*operator);
                let flipped = Kind::Both(operator, left.clone(), right.clone());
                print::expression(&Expression { kind: flipped, place: expression.place })
            }
            Kind::Both(_, _, _) => format!("!({plain})"),
            Kind::Number(_)
            | Kind::Span(_)
            | Kind::Code(_)
            | Kind::Id(_)
            | Kind::Truth(_)
            | Kind::Missing
            | Kind::Name(_)
            | Kind::List(_)
            | Kind::Not(_)
            | Kind::Minus(_)
            | Kind::Ratio(_, _)
            | Kind::Aggregate(_) => format!("!{plain}"),
        };
        let values = operands
            .iter()
            .filter_map(|operand| match operand.source {
                Source::Slot(slot) => Some((operand.text.clone(), slot)),
                Source::Fixed(_) => None,
            })
            .collect();
        let (text, opposite) = if negate { (opposite, plain) } else { (plain, opposite) };
        Literal { text, opposite, values }
    }

    fn membership(
        &mut self,
        expression: &Expression,
        (left, right): (&Expression, &Expression),
        negate: bool,
        to: (Label, Label),
    ) -> Result<(), Fault> {
        let operand = self.operand(left)?;
        let Source::Slot(slot) = operand.source else {
            return Err(Fault::new(left.place, "a fact should stand before `in`"));
        };
        let (list, kind) = match &right.kind {
            Kind::List(items) => {
                let mut values = Vec::new();
                for item in items {
                    let (value, kind) = self.constant(item)?;
                    typing::comparable(Operator::Equal, operand.kind, kind, item.place)?;
                    values.push((value, i64::MAX));
                }
                values.sort_unstable();
                values.dedup();
                let list = List { values };
                let known = self.program.lists.iter().position(|known| *known == list);
                let at = known.unwrap_or(self.program.lists.len());
                if known.is_none() {
                    self.program.lists.push(list);
                }
                (at, operand.kind)
            }
            Kind::Name(name) => match self.list_kinds.iter().position(|list| list.0 == name) {
                Some(at) => (
                    at,
                    if self.file.lists[at].entries.is_empty() { operand.kind } else { self.list_kinds[at].1 },
                ),
                None => {
                    let near = typing::near(name, self.list_kinds.iter().map(|list| list.0));
                    return Err(Fault::new(right.place, format!("`{name}` is no list{near}")));
                }
            },
            Kind::Number(_)
            | Kind::Span(_)
            | Kind::Code(_)
            | Kind::Id(_)
            | Kind::Truth(_)
            | Kind::Missing
            | Kind::Not(_)
            | Kind::Minus(_)
            | Kind::Both(_, _, _)
            | Kind::Ratio(_, _)
            | Kind::Aggregate(_) => {
                return Err(Fault::new(
                    right.place,
                    "a list should stand behind `in`: [5411, 5812], or its name",
                ));
            }
        };
        typing::comparable(Operator::Equal, operand.kind, kind, right.place)?;
        let test = if negate { Test::NotIn } else { Test::In };
        let literal = self.literal(expression, negate, &[&operand]);
        self.emit(test, (slot, 0), (list as i64, 0), to, literal);
        Ok(())
    }

    fn comparison(
        &mut self,
        expression: &Expression,
        (operator, left, right): (Operator, &Expression, &Expression),
        negate: bool,
        to: (Label, Label),
    ) -> Result<(), Fault> {
        let place = expression.place;
        let is = |side: &Expression, kind: &Kind| side.kind == *kind;
        if is(left, &Kind::Missing) || is(right, &Kind::Missing) {
            return self.absence(expression, (operator, left, right), negate, to);
        }
        for (side, other) in [(left, right), (right, left)] {
            if let Kind::Truth(truth) = other.kind {
                if !matches!(operator, Operator::Equal | Operator::Unequal) {
                    return Err(Fault::new(place, "true and false have no order"));
                }
                let flip = truth != (operator == Operator::Equal);
                return self.condition(side, negate != flip, to.0, to.1);
            }
        }
        let (mut a, mut b) = (self.operand(left)?, self.operand(right)?);
        typing::comparable(operator, a.kind, b.kind, place)?;
        let literal = self.literal(expression, negate, &[&a, &b]);
        let mut operator = if negate { print::opposite(operator).unwrap_or(operator) } else { operator };
        if matches!(a.source, Source::Fixed(_)) {
            std::mem::swap(&mut a, &mut b);
            operator = mirrored(operator);
        }
        match (a.source, b.source) {
            (Source::Fixed(_), _) => Err(Fault::new(place, "both sides are fixed: a fact is missing here")),
            (Source::Slot(slot), Source::Fixed(value)) => {
                if a.distinct && value >= DISTINCT_MAX as i64 {
                    let why = format!("`distinct` counts no further than {DISTINCT_MAX}: compare with less");
                    return Err(Fault::new(place, why));
                }
                let (test, low, high) = range(operator, value);
                self.emit(test, (slot, 0), (low, high), to, literal);
                Ok(())
            }
            (Source::Slot(x), Source::Slot(y)) => {
                let (test, x, y) = match operator {
                    Operator::Less => (Test::Less, x, y),
                    Operator::AtMost => (Test::AtMost, x, y),
                    Operator::More => (Test::Less, y, x),
                    Operator::AtLeast => (Test::AtMost, y, x),
                    Operator::Unequal => (Test::Unequal, x, y),
                    Operator::Equal
                    | Operator::Or
                    | Operator::And
                    | Operator::In
                    | Operator::Plus
                    | Operator::Sub
                    | Operator::Times
                    | Operator::Over
                    | Operator::Rest => (Test::Equal, x, y),
                };
                self.emit(test, (x, y), (0, 0), to, literal);
                Ok(())
            }
        }
    }

    /// `x == missing` and `x != missing`.
    fn absence(
        &mut self,
        expression: &Expression,
        (operator, left, right): (Operator, &Expression, &Expression),
        negate: bool,
        to: (Label, Label),
    ) -> Result<(), Fault> {
        let side = if left.kind == Kind::Missing { right } else { left };
        if !matches!(operator, Operator::Equal | Operator::Unequal) {
            return Err(Fault::new(expression.place, "`missing` has no order: only `==` and `!=` fit"));
        }
        let operand = self.operand(side)?;
        let Source::Slot(slot) = operand.source else {
            return Err(Fault::new(side.place, "this is never missing"));
        };
        let wanted_missing = (operator == Operator::Equal) != negate;
        let (low, high) = if wanted_missing { (MISSING, MISSING) } else { (MISSING + 1, i64::MAX) };
        let literal = self.literal(expression, negate, &[&operand]);
        self.emit(Test::Within, (slot, 0), (low, high), to, literal);
        Ok(())
    }

    /// A constant of a list.
    fn constant(&self, expression: &Expression) -> Result<(i64, Loose), Fault> {
        match &expression.kind {
            Kind::Number(number) => Ok((*number, None)),
            Kind::Span(seconds) => Ok((*seconds, Some(Type::Span))),
            Kind::Id(id) => Ok((*id as i64, Some(Type::Id))),
            Kind::Code(text) => match code(text) {
                Some(packed) => Ok((packed, Some(Type::Code))),
                None => Err(Fault::new(expression.place, "a code is one to seven letters, digits or `_`")),
            },
            Kind::Truth(_)
            | Kind::Missing
            | Kind::Name(_)
            | Kind::List(_)
            | Kind::Not(_)
            | Kind::Minus(_)
            | Kind::Both(_, _, _)
            | Kind::Ratio(_, _)
            | Kind::Aggregate(_) => Err(Fault::new(expression.place, "only fixed values stand in a list")),
        }
    }

    fn operand(&mut self, expression: &Expression) -> Result<Operand, Fault> {
        let place = expression.place;
        let text = || print::expression(expression);
        match &expression.kind {
            Kind::Number(_) | Kind::Span(_) | Kind::Id(_) | Kind::Code(_) => {
                let (value, kind) = self.constant(expression)?;
                Ok(Operand { source: Source::Fixed(value), kind, text: text(), distinct: false })
            }
            Kind::Name(name) => match Fact::named(name) {
                Some(Fact::Score) if self.facts_only => {
                    Err(Fault::new(place, "the score is not known yet when events are filtered"))
                }
                Some(fact) => {
                    let source = Source::Slot(fact as u16);
                    Ok(Operand { source, kind: Some(fact.kind()), text: text(), distinct: false })
                }
                None => {
                    let why = if self.list_kinds.iter().any(|list| list.0 == name) {
                        format!("`{name}` is a list: it stands behind `in`")
                    } else {
                        format!("`{name}` is not known{}", typing::nearest(name))
                    };
                    Err(Fault::new(place, why))
                }
            },
            Kind::Minus(inner) => {
                let inner = self.operand(inner)?;
                self.compute(
                    Sum::Minus,
                    Operand { source: Source::Fixed(0), kind: inner.kind, ..inner.clone() },
                    inner,
                    expression,
                )
            }
            Kind::Ratio(part, whole) => {
                let (part, whole) = (self.operand(part)?, self.operand(whole)?);
                self.compute(Sum::Ratio, part, whole, expression)
            }
            Kind::Aggregate(aggregate) => self.aggregate(aggregate, expression),
            Kind::Both(operator, left, right) if typing::sum(*operator).is_some() => {
                let sum = typing::sum(*operator).unwrap_or(Sum::Plus);
                let (a, b) = (self.operand(left)?, self.operand(right)?);
                if matches!(sum, Sum::Over | Sum::Rest) && !matches!(b.source, Source::Fixed(by) if by != 0) {
                    let why = "the divisor may be zero: divide by a fixed number, or write ratio(a, b), which is missing then";
                    return Err(Fault::new(right.place, why));
                }
                self.compute(sum, a, b, expression)
            }
            Kind::Truth(_) | Kind::Missing | Kind::List(_) | Kind::Not(_) | Kind::Both(_, _, _) => {
                let what = match &expression.kind {
                    Kind::List(_) => "a list stands only behind `in`",
                    Kind::Missing => "`missing` is compared with `==` or `!=` only",
                    Kind::Number(_)
                    | Kind::Span(_)
                    | Kind::Code(_)
                    | Kind::Id(_)
                    | Kind::Truth(_)
                    | Kind::Name(_)
                    | Kind::Not(_)
                    | Kind::Minus(_)
                    | Kind::Both(_, _, _)
                    | Kind::Ratio(_, _)
                    | Kind::Aggregate(_) => "a value should stand here, but this is true or false",
                };
                Err(Fault::new(place, what))
            }
        }
    }

    fn compute(
        &mut self,
        sum: Sum,
        a: Operand,
        b: Operand,
        expression: &Expression,
    ) -> Result<Operand, Fault> {
        let place = expression.place;
        if self.facts_only {
            return Err(Fault::new(
                place,
                "a filter compares facts with fixed values or facts, without arithmetic",
            ));
        }
        let kind = typing::result(sum, a.kind, b.kind, place)?;
        let text = print::expression(expression);
        if let (Source::Fixed(x), Source::Fixed(y)) = (a.source, b.source) {
            let (value, saturated) = sum.of(x, y);
            if saturated || value == MISSING {
                return Err(Fault::new(place, "this does not fit in 63 bits"));
            }
            return Ok(Operand { source: Source::Fixed(value), kind, text, distinct: false });
        }
        let score = Source::Slot(Fact::Score as u16);
        self.program.computes_score |= a.source == score || b.source == score;
        let same = |known: &&Compute| known.sum == sum && known.a == a.source && known.b == b.source;
        let slot = match self.program.computes.iter().find(same) {
            Some(known) => known.slot,
            None => {
                let slot = self.slot(place)?;
                self.program.computes.push(Compute { sum, a: a.source, b: b.source, slot });
                slot
            }
        };
        Ok(Operand { source: Source::Slot(slot), kind, text, distinct: false })
    }

    fn slot(&mut self, place: Place) -> Result<u16, Fault> {
        if self.program.slots > COST_MAX {
            return Err(Fault::new(
                place,
                format!("more than {COST_MAX} values: the rule set costs too much"),
            ));
        }
        self.program.slots += 1;
        Ok((self.program.slots - 1) as u16)
    }

    fn aggregate(
        &mut self,
        aggregate: &super::ast::Aggregate,
        expression: &Expression,
    ) -> Result<Operand, Fault> {
        let place = expression.place;
        if self.facts_only {
            return Err(Fault::new(place, "a filter asks facts only, no aggregates"));
        }
        let shape = typing::aggregate(aggregate, place)?;
        let filter = match &aggregate.filter {
            None => None,
            Some(filter) => Some(self.filter(filter)?),
        };
        let track = TrackSpec {
            entity: shape.entity,
            sort: shape.sort,
            value: shape.fact,
            window: shape.window,
            delay: aggregate.delay,
            filter,
        };
        let known = self.program.tracks.iter().position(|known| *known == track);
        let at = known.unwrap_or(self.program.tracks.len());
        if known.is_none() {
            self.program.tracks.push(track);
        }
        self.asked.push(at);
        let function = aggregate.function;
        let current = !aggregate.before;
        let same =
            |known: &&Gauge| known.track == at && known.function == function && known.current == current;
        let text = print::aggregate(aggregate);
        let slot = match self.program.gauges.iter().find(same) {
            Some(known) => known.slot,
            None => {
                let slot = self.slot(place)?;
                let measured = shape.fact.is_some();
                let gauge = Gauge { track: at, function, current, measured, slot, text: text.clone() };
                self.program.gauges.push(gauge);
                slot
            }
        };
        let distinct = function == Function::Distinct;
        Ok(Operand { source: Source::Slot(slot), kind: Some(shape.kind), text, distinct })
    }

    fn filter(&mut self, filter: &Expression) -> Result<u16, Fault> {
        let text = print::expression(filter);
        if let Some(known) = self.filter_texts.iter().position(|known| *known == text) {
            return Ok(known as u16);
        }
        self.facts_only = true;
        let formula = self.formula(filter);
        self.facts_only = false;
        self.program.filters.push((formula?, typing::speaks_of_reversals(filter)));
        self.filter_texts.push(text);
        Ok((self.filter_texts.len() - 1) as u16)
    }

    /// Sums are also had from squares or extremes of the same events: one track less.
    fn merge_tracks(&mut self) {
        let tracks = &self.program.tracks;
        let richer = |track: &TrackSpec| {
            (track.sort == Sort::Sums)
                .then(|| {
                    tracks.iter().position(|other| {
                        matches!(other.sort, Sort::Squares | Sort::Extremes)
                            && TrackSpec { sort: Sort::Sums, ..other.clone() } == *track
                    })
                })
                .flatten()
        };
        let to: Vec<usize> =
            tracks.iter().enumerate().map(|(at, track)| richer(track).unwrap_or(at)).collect();
        let kept: Vec<usize> = (0..tracks.len()).filter(|at| to[*at] == *at).collect();
        let number = |at: usize| kept.iter().position(|known| *known == to[at]).unwrap_or(0);
        for gauge in &mut self.program.gauges {
            gauge.track = number(gauge.track);
        }
        for rule in &mut self.program.rules {
            rule.tracks.iter_mut().for_each(|track| *track = number(*track));
        }
        self.program.tracks = kept.iter().map(|at| tracks[*at].clone()).collect();
    }

    /// Adds up the cost and refuses what is too much.
    fn account(&mut self, faults: &mut Vec<Fault>) {
        let first = self.places.first().copied().unwrap_or(Place { line: 1, column: 1 });
        let spec = self.program.spec(1);
        let mut entity_bytes = Vec::new();
        for (entity, bytes) in crate::window::Windows::new(spec, 0).entity_bytes() {
            let name = entity.iter().map(|fact| fact.name()).collect::<Vec<_>>().join(" x ");
            if bytes > ENTITY_BYTES_MAX {
                let last = self.program.rules.iter().rposition(|rule| {
                    rule.tracks.iter().any(|track| self.program.tracks[*track].entity == entity)
                });
                let place = last.map_or(first, |at| self.places[at]);
                let why = format!(
                    "aggregates of `{name}` need {bytes} bytes an entity, {ENTITY_BYTES_MAX} are allowed: use fewer windows or filters"
                );
                faults.push(Fault::new(place, why));
            }
            entity_bytes.push((name, bytes));
        }
        if entity_bytes.len() > GROUPS_MAX {
            faults.push(Fault::new(first, format!("windows of more than {GROUPS_MAX} kinds of entities")));
        }
        let program = &mut self.program;
        program.cost = Cost {
            tests: program.steps.len(),
            computes: program.computes.len(),
            aggregates: program.gauges.len(),
            tracks: program.tracks.len(),
            entity_bytes,
        };
        let all = program.cost.tests + program.cost.computes + 16 * program.cost.aggregates;
        if all > COST_MAX {
            faults.push(Fault::new(
                first,
                format!("the rule set costs {all}, {COST_MAX} is allowed: remove rules"),
            ));
        }
    }
}

/// A comparison with a fixed value as a range.
fn range(operator: Operator, value: i64) -> (Test, i64, i64) {
    match operator {
        Operator::Less => (Test::Within, MISSING + 1, value.saturating_sub(1)),
        Operator::AtMost => (Test::Within, MISSING + 1, value),
        Operator::More if value == i64::MAX => (Test::Within, 1, 0),
        Operator::More => (Test::Within, value + 1, i64::MAX),
        Operator::AtLeast => (Test::Within, value, i64::MAX),
        Operator::Unequal => (Test::Outside, value, 0),
        Operator::Equal
        | Operator::Or
        | Operator::And
        | Operator::In
        | Operator::Plus
        | Operator::Sub
        | Operator::Times
        | Operator::Over
        | Operator::Rest => (Test::Within, value, value),
    }
}

/// The comparison with its sides exchanged.
fn mirrored(operator: Operator) -> Operator {
    match operator {
        Operator::Less => Operator::More,
        Operator::AtMost => Operator::AtLeast,
        Operator::More => Operator::Less,
        Operator::AtLeast => Operator::AtMost,
        Operator::Equal
        | Operator::Unequal
        | Operator::Or
        | Operator::And
        | Operator::In
        | Operator::Plus
        | Operator::Sub
        | Operator::Times
        | Operator::Over
        | Operator::Rest => operator,
    }
}
