//! Which types may meet in which operation, and what to say where they may not.
//!
//! Nothing is compiled here.

use super::Fault;
use super::ast::{Aggregate, Expression, Function, Kind, Operator, Window};
use super::program::Sum;
use super::token::Place;
use crate::facts::{Fact, Type};
use crate::window::{Sort, WINDOW_MAX, WINDOW_MIN};

/// Entities that windows can be kept of.
const ENTITIES: [Fact; 6] =
    [Fact::Card, Fact::Account, Fact::Merchant, Fact::Terminal, Fact::Device, Fact::Address];

/// A type, or a bare number that may still become money.
pub(super) type Loose = Option<Type>;

pub(super) fn shown(kind: Loose) -> String {
    kind.map_or_else(|| "a plain number".to_owned(), |kind| kind.to_string())
}

/// Whether two sides can be compared, and by order or only by equality.
pub(super) fn comparable(operator: Operator, left: Loose, right: Loose, place: Place) -> Result<(), Fault> {
    let same = match (left, right) {
        (Some(a), Some(b)) => a == b,
        (None, Some(kind)) | (Some(kind), None) => matches!(kind, Type::Number | Type::Money),
        (None, None) => true,
    };
    if !same {
        let hint = match (left, right) {
            (Some(Type::Span), None) | (None, Some(Type::Span)) => ": write a span, as 30m or 7d",
            (Some(Type::Code), None) | (None, Some(Type::Code)) => ": write a code in quotes, as \"CN\"",
            (Some(Type::Id), None) | (None, Some(Type::Id)) => ": write an id, as #5f3a",
            (Some(Type::Money), Some(Type::Number)) | (Some(Type::Number), Some(Type::Money)) => {
                ": money is compared with money"
            }
            (_, _) => "",
        };
        let why = format!("{} cannot be compared with {}{hint}", shown(left), shown(right));
        return Err(Fault::new(place, why));
    }
    let ordered = matches!(operator, Operator::Less | Operator::AtMost | Operator::More | Operator::AtLeast);
    let kind = left.or(right);
    if ordered && matches!(kind, Some(Type::Code | Type::Id | Type::Truth)) {
        return Err(Fault::new(place, format!("{} has no order: only `==`, `!=` and `in` fit", shown(kind))));
    }
    Ok(())
}

/// The arithmetic of an operator.
pub(super) fn sum(operator: Operator) -> Option<Sum> {
    match operator {
        Operator::Plus => Some(Sum::Plus),
        Operator::Sub => Some(Sum::Minus),
        Operator::Times => Some(Sum::Times),
        Operator::Over => Some(Sum::Over),
        Operator::Rest => Some(Sum::Rest),
        Operator::Or
        | Operator::And
        | Operator::Equal
        | Operator::Unequal
        | Operator::Less
        | Operator::AtMost
        | Operator::More
        | Operator::AtLeast
        | Operator::In => None,
    }
}

/// The type of a result.
pub(super) fn result(sum: Sum, left: Loose, right: Loose, place: Place) -> Result<Loose, Fault> {
    use Type::{Instant, Money, Number, Span};
    let refuse = |hint: &str| {
        let (verb, between) = match sum {
            Sum::Plus => ("added", "and"),
            Sum::Minus => ("subtracted", "and"),
            Sum::Times => ("multiplied", "and"),
            Sum::Over | Sum::Rest => ("divided", "by"),
            Sum::Ratio => ("put in a ratio", "and"),
        };
        let why = format!("{} {between} {} cannot be {verb}{hint}", shown(left), shown(right));
        Err(Fault::new(place, why))
    };
    for kind in [left, right].into_iter().flatten() {
        if !matches!(kind, Number | Money | Instant | Span) {
            return refuse("");
        }
    }
    match (sum, left, right) {
        (Sum::Ratio, a, b) if a == b || a.is_none() || b.is_none() => Ok(Some(Number)),
        (Sum::Ratio, _, _) => refuse(": both must be of one kind"),
        (Sum::Plus | Sum::Minus, None, None) | (Sum::Times | Sum::Over | Sum::Rest, None, None) => Ok(None),
        (Sum::Plus | Sum::Minus, Some(Number | Money), None) => Ok(left),
        (Sum::Plus | Sum::Minus, None, Some(Number | Money)) => Ok(right),
        (Sum::Plus | Sum::Minus, Some(a), Some(b)) if a == b && a != Instant => Ok(left),
        (Sum::Minus, Some(Instant), Some(Instant)) => Ok(Some(Span)),
        (Sum::Plus | Sum::Minus, Some(Instant), Some(Span)) => Ok(Some(Instant)),
        (Sum::Plus | Sum::Minus, _, _) => refuse(""),
        (Sum::Times, Some(Number) | None, Some(Number | Money | Span) | None) => Ok(right.or(left)),
        (Sum::Times, Some(Money | Span), Some(Number) | None) => Ok(left),
        (Sum::Times, _, _) => refuse(": one of them must be a plain number"),
        (Sum::Over, Some(Number | Money | Span) | None, Some(Number) | None) => Ok(left),
        (Sum::Rest, Some(Number) | None, Some(Number) | None) => Ok(left.or(right)),
        (Sum::Over | Sum::Rest, _, _) => {
            refuse(": the divisor must be a plain number; ratio(a, b) is for the rest")
        }
    }
}

/// What an aggregate is made of, once its names are known.
pub(super) struct Shape {
    pub entity: Vec<Fact>,
    pub fact: Option<Fact>,
    pub sort: Sort,
    pub window: Option<Window>,
    pub kind: Type,
}

/// Checks an aggregate's arguments.
pub(super) fn aggregate(aggregate: &Aggregate, place: Place) -> Result<Shape, Fault> {
    let function = aggregate.function;
    let as_in = |why: String| format!("{why}: write {}", function.shape());
    let mut entity = Vec::new();
    for (name, place) in &aggregate.entity {
        match Fact::named(name).filter(|fact| ENTITIES.contains(fact)) {
            Some(fact) if entity.contains(&fact) => {
                return Err(Fault::new(*place, "a pair needs two different entities"));
            }
            Some(fact) => entity.push(fact),
            None => {
                let known: Vec<&str> = ENTITIES.iter().map(|fact| fact.name()).collect();
                let why = format!(
                    "`{name}` is no entity that is kept: {}, or a pair (card x merchant)",
                    known.join(", ")
                );
                return Err(Fault::new(*place, why));
            }
        }
    }
    if entity.is_empty() {
        return Err(Fault::new(place, as_in(format!("`{}` lacks its entity", function.name()))));
    }
    let (sort, measures, windowed) = needs(function);
    let fact = match &aggregate.fact {
        None => None,
        Some((name, place)) => match Fact::named(name) {
            Some(fact) => Some((fact, *place)),
            None => return Err(Fault::new(*place, format!("`{name}` is no fact{}", nearest(name)))),
        },
    };
    if let (Some((_, place)), Measures::Nothing) = (fact, measures) {
        return Err(Fault::new(place, as_in(format!("`{}` measures no fact", function.name()))));
    }
    if fact.is_none() && matches!(measures, Measures::Amounts | Measures::Anything) {
        return Err(Fault::new(place, as_in(format!("`{}` lacks its fact", function.name()))));
    }
    if let (Some((fact, place)), Measures::Amounts) = (fact, measures)
        && !matches!(fact.kind(), Type::Money | Type::Number)
    {
        return Err(Fault::new(
            place,
            format!("`{}` is {}; only money and numbers are summed", fact.name(), fact.kind()),
        ));
    }
    check_window(aggregate, sort, windowed, place, &as_in)?;
    let kind = match function {
        Function::Count | Function::Distinct | Function::Frauds | Function::Labels | Function::FraudRate => {
            Type::Number
        }
        Function::Distance | Function::Speed => Type::Number,
        Function::New => Type::Truth,
        Function::FirstSeen => Type::Instant,
        Function::Last => fact.map_or(Type::Instant, |fact| fact.0.kind()),
        Function::Sum | Function::Avg | Function::Spread | Function::Min | Function::Max => {
            fact.map_or(Type::Number, |fact| fact.0.kind())
        }
    };
    Ok(Shape {
        entity,
        fact: fact.map(|fact| fact.0),
        sort,
        window: aggregate.window.map(|window| window.0),
        kind,
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Measures {
    Nothing,
    Amounts,
    Anything,
    Perhaps,
}

/// What a function is kept in, what it measures, and whether it has a window.
fn needs(function: Function) -> (Sort, Measures, bool) {
    match function {
        Function::Count => (Sort::Events, Measures::Nothing, true),
        Function::Sum | Function::Avg => (Sort::Sums, Measures::Amounts, true),
        Function::Spread => (Sort::Squares, Measures::Amounts, true),
        Function::Min | Function::Max => (Sort::Extremes, Measures::Amounts, true),
        Function::Distinct | Function::New => (Sort::Distinct, Measures::Anything, true),
        Function::FirstSeen => (Sort::First, Measures::Nothing, false),
        Function::Last => (Sort::Last, Measures::Perhaps, false),
        Function::Distance | Function::Speed => (Sort::Place, Measures::Nothing, false),
        Function::Frauds | Function::Labels | Function::FraudRate => (Sort::Labels, Measures::Nothing, true),
    }
}

fn check_window(
    aggregate: &Aggregate,
    sort: Sort,
    windowed: bool,
    place: Place,
    as_in: &dyn Fn(String) -> String,
) -> Result<(), Fault> {
    let name = aggregate.function.name();
    match aggregate.window {
        None if windowed => return Err(Fault::new(place, as_in(format!("`{name}` lacks its window")))),
        Some((_, place)) if !windowed => {
            return Err(Fault::new(place, as_in(format!("`{name}` has no window"))));
        }
        Some((Window::Sliding(seconds), place)) if !(WINDOW_MIN..=WINDOW_MAX).contains(&seconds) => {
            return Err(Fault::new(place, "a window is 10m to 90d, or `day`, or `month`"));
        }
        Some((Window::Day | Window::Month, place)) if matches!(sort, Sort::Distinct | Sort::Labels) => {
            return Err(Fault::new(place, as_in(format!("`{name}` slides: calendar windows do not fit"))));
        }
        Some(_) | None => {}
    }
    if aggregate.delay > 0 && sort != Sort::Labels {
        return Err(Fault::new(place, format!("only labels arrive late: `{name}` takes no delay")));
    }
    if aggregate.delay > WINDOW_MAX {
        return Err(Fault::new(place, "a delay is at most 90d"));
    }
    let counts_now = matches!(sort, Sort::Events | Sort::Sums | Sort::Squares | Sort::Extremes)
        || aggregate.function == Function::Distinct;
    if aggregate.before && !counts_now {
        return Err(Fault::new(
            place,
            format!("`{name}` never counts the current transaction: leave `before` out"),
        ));
    }
    Ok(())
}

/// ": did you mean `amount`?" where a known fact is near.
pub(super) fn nearest(name: &str) -> String {
    near(name, Fact::ALL.iter().map(|fact| fact.name()))
}

/// ": did you mean ..?" where one of the known names is at most two edits away.
pub(super) fn near<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let best = known.map(|known| (edits(name, known), known)).min();
    best.filter(|best| best.0 <= 2).map(|best| format!(": did you mean `{}`?", best.1)).unwrap_or_default()
}

/// Edits between two names (Levenshtein).
fn edits(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let kept = corner + usize::from(x != y);
            corner = row[j + 1];
            row[j + 1] = kept.min(row[j] + 1).min(corner + 1);
        }
    }
    row[b.len()]
}

/// Whether an expression speaks of reversals.
pub(super) fn speaks_of_reversals(expression: &Expression) -> bool {
    match &expression.kind {
        Kind::Name(name) => name == Fact::Reversed.name(),
        Kind::Not(inner) | Kind::Minus(inner) => speaks_of_reversals(inner),
        Kind::Both(_, left, right) | Kind::Ratio(left, right) => {
            speaks_of_reversals(left) || speaks_of_reversals(right)
        }
        Kind::List(items) => items.iter().any(speaks_of_reversals),
        Kind::Number(_)
        | Kind::Span(_)
        | Kind::Code(_)
        | Kind::Id(_)
        | Kind::Truth(_)
        | Kind::Missing
        | Kind::Aggregate(_) => false,
    }
}
