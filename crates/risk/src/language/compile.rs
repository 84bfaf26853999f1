//! From a rule file to a program: names and types checked, aggregates collected, conditions flattened.
//!
//! Nothing runs here. Every fault of a file is told, not only the first.

use super::Fault;
use super::ast::{Action, Expression, Function, Kind, Rule, RuleFile};
use super::print;
use super::program::{
    Compute, Cost, Formula, Gauge, HIT, List, Literal, MISS, Program, RuleHead, Source, Step, Sum, Test,
};
use super::token::Place;
use super::typing::{self, Loose};
use crate::facts::{FACTS, Fact, MISSING, Type, code};
use crate::model::FEATURES_MAX;
use crate::window::{ENTITY_BYTES_MAX, Sort, TrackSpec};

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
pub(super) struct Operand {
    pub(super) source: Source,
    pub(super) kind: Loose,
    pub(super) text: String,
    /// Whether it is a count that ends at [`DISTINCT_MAX`].
    pub(super) distinct: bool,
}

/// Where a test leads, before the tests have numbers.
pub(super) type Label = usize;

pub(super) struct Compiler<'a> {
    pub(super) file: &'a RuleFile,
    /// Derived facts with everything written out.
    pub(super) lets: Vec<(&'a str, Expression)>,
    pub(super) list_kinds: Vec<(&'a str, Loose)>,
    pub(super) program: Program,
    /// Of the formula under way: tests, and where each label is.
    pub(super) steps: Vec<(Step, Literal)>,
    pub(super) labels: Vec<Option<u16>>,
    /// Filters by text, so that two of the same share a track.
    pub(super) filter_texts: Vec<String>,
    /// Whether a filter is compiled, which knows facts only.
    pub(super) facts_only: bool,
    /// Tracks asked by the rule under way.
    pub(super) asked: Vec<usize>,
    pub(super) places: Vec<Place>,
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

    pub(super) fn label(&mut self) -> Label {
        self.labels.push(None);
        self.labels.len() - 1
    }

    pub(super) fn place_label(&mut self, label: Label) {
        self.labels[label] = Some(self.steps.len() as u16);
    }

    /// A constant of a list.
    pub(super) fn constant(&self, expression: &Expression) -> Result<(i64, Loose), Fault> {
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

    pub(super) fn operand(&mut self, expression: &Expression) -> Result<Operand, Fault> {
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
