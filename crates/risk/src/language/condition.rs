//! Conditions flattened into tests: "not" pushed down, "and" and "or" turned into ways on.
//!
//! Operands and aggregates are `compile`'s.

use super::Fault;
use super::ast::{Expression, Kind, Operator};
use super::compile::{Compiler, Label, Operand};
use super::print;
use super::program::{List, Literal, Source, Step, Test};
use super::typing;
use crate::facts::{Fact, MISSING, Type};
use crate::window::DISTINCT_MAX;

impl Compiler<'_> {
    /// Emits tests for a condition, or for its opposite. "Not" is pushed down to the tests, so that what is
    /// missing fails the test and its opposite alike.
    pub(super) fn condition(
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
