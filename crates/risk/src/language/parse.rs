//! From words to a rule file.
//!
//! Only the grammar is known here; names and types are `check`'s.

use super::Fault;
use super::ast::{
    Action, Aggregate, Entry, Expression, Function, Kind, Let, NamedList, Operator, Rule, RuleFile, Scope,
    Window,
};
use super::token::{Place, Word, words};

/// Deepest nesting of an expression.
const DEPTH_MAX: u32 = 64;

/// Most rules, lists and derived facts in a file, and entries in a list.
const ITEMS_MAX: usize = 10_000;

/// Reads a rule file.
///
/// # Errors
/// The first thing that is not grammar: where, and what would be.
pub fn parse(text: &str) -> Result<RuleFile, Fault> {
    let words = words(text)?;
    let mut parser = Parser { words: &words, at: 0, depth: 0 };
    let mut file =
        RuleFile { notes: Vec::new(), version: 0, lists: Vec::new(), lets: Vec::new(), rules: Vec::new() };
    file.notes = parser.notes();
    parser.keyword("rules")?;
    parser.keyword("version")?;
    file.version = parser.count("the version of the rule set, a whole number")?;
    loop {
        let notes = parser.notes();
        let place = parser.place();
        if file.rules.len() + file.lists.len() + file.lets.len() >= ITEMS_MAX {
            return Err(Fault::new(place, format!("more than {ITEMS_MAX} rules and lists: split the file")));
        }
        if parser.is_end() {
            return Ok(file);
        } else if parser.is_keyword("list") {
            file.lists.push(parser.list(notes)?);
        } else if parser.is_keyword("let") {
            file.lets.push(parser.derived(notes)?);
        } else if parser.is_keyword("rule") {
            file.rules.push(parser.rule(notes)?);
        } else {
            return parser.wrong("`rule`, `list` or `let`");
        }
    }
}

/// Reads one expression, for tools that check a condition alone.
///
/// # Errors
/// As [`parse`].
pub fn parse_expression(text: &str) -> Result<Expression, Fault> {
    let words = words(text)?;
    let mut parser = Parser { words: &words, at: 0, depth: 0 };
    let expression = parser.expression(0)?;
    if parser.is_end() { Ok(expression) } else { parser.wrong("the end of the condition") }
}

struct Parser<'a> {
    words: &'a [(Word, Place)],
    at: usize,
    depth: u32,
}

impl Parser<'_> {
    fn peek(&self) -> &Word {
        self.words.get(self.at).map_or(&Word::End, |word| &word.0)
    }

    fn place(&self) -> Place {
        self.words.get(self.at).or(self.words.last()).map(|word| word.1).unwrap_or_default()
    }

    fn is_end(&mut self) -> bool {
        self.skip_notes();
        matches!(self.peek(), Word::End)
    }

    fn notes(&mut self) -> Vec<String> {
        let mut notes = Vec::new();
        while let Word::Note(note) = self.peek() {
            notes.push(note.clone());
            self.at += 1;
        }
        notes
    }

    /// Comments inside a rule belong to nothing and are dropped.
    fn skip_notes(&mut self) {
        while matches!(self.peek(), Word::Note(_)) {
            self.at += 1;
        }
    }

    fn wrong<T>(&self, wanted: &str) -> Result<T, Fault> {
        Err(Fault::new(self.place(), format!("{} stands here, but {wanted} should", self.peek().shown())))
    }

    fn is(&mut self, sign: &str) -> bool {
        self.skip_notes();
        let found = matches!(self.peek(), Word::Sign(found) if *found == sign);
        self.at += usize::from(found);
        found
    }

    fn sign(&mut self, sign: &str) -> Result<(), Fault> {
        if self.is(sign) { Ok(()) } else { self.wrong(&format!("`{sign}`")) }
    }

    fn is_keyword(&mut self, word: &str) -> bool {
        self.skip_notes();
        let found = matches!(self.peek(), Word::Name(found) if found == word);
        self.at += usize::from(found);
        found
    }

    fn keyword(&mut self, word: &str) -> Result<(), Fault> {
        if self.is_keyword(word) { Ok(()) } else { self.wrong(&format!("`{word}`")) }
    }

    fn name(&mut self, wanted: &str) -> Result<(String, Place), Fault> {
        self.skip_notes();
        let place = self.place();
        if let Word::Name(name) = self.peek() {
            let name = name.clone();
            self.at += 1;
            return Ok((name, place));
        }
        self.wrong(wanted)
    }

    fn own_name(&mut self) -> Result<(String, Place), Fault> {
        let (name, place) = self.name("a name")?;
        let plain = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if !plain || name.len() > 64 {
            return Err(Fault::new(place, "names are lower case letters, digits and `_`, at most 64"));
        }
        Ok((name, place))
    }

    fn count(&mut self, wanted: &str) -> Result<u64, Fault> {
        self.skip_notes();
        if let Word::Number(number) = self.peek() {
            let number = *number as u64;
            self.at += 1;
            return Ok(number);
        }
        self.wrong(wanted)
    }

    fn span(&mut self) -> Result<i64, Fault> {
        self.skip_notes();
        if let Word::Span(seconds) = self.peek() {
            let seconds = *seconds;
            self.at += 1;
            return Ok(seconds);
        }
        self.wrong("a span (10m, 1h, 7d)")
    }

    fn list(&mut self, notes: Vec<String>) -> Result<NamedList, Fault> {
        let (name, place) = self.own_name()?;
        self.sign("{")?;
        let mut entries = Vec::new();
        while !self.is("}") {
            if entries.len() >= ITEMS_MAX {
                return Err(Fault::new(place, format!("more than {ITEMS_MAX} entries")));
            }
            let value = self.primary()?;
            let until = if self.is_keyword("until") {
                let Word::Date(at) = *self.peek() else {
                    return self.wrong("a day (2026-12-31)");
                };
                self.at += 1;
                Some(at)
            } else {
                None
            };
            entries.push(Entry { value, until });
        }
        Ok(NamedList { notes, name, entries, place })
    }

    fn derived(&mut self, notes: Vec<String>) -> Result<Let, Fault> {
        let (name, place) = self.own_name()?;
        self.sign("=")?;
        Ok(Let { notes, name, value: self.expression(0)?, place })
    }

    fn rule(&mut self, notes: Vec<String>) -> Result<Rule, Fault> {
        let (name, place) = self.own_name()?;
        self.sign("{")?;
        self.keyword("owner")?;
        self.skip_notes();
        let Word::Text(owner) = self.peek().clone() else {
            return self.wrong("the owner in quotes");
        };
        self.at += 1;
        self.keyword("action")?;
        let action = self.action()?;
        self.keyword("cause")?;
        let (cause, cause_place) = self.name("the slug of a cause")?;
        self.keyword("priority")?;
        let at = self.place();
        let priority = self.count("a number from 0 to 999")?;
        if priority > 999 {
            return Err(Fault::new(at, "a priority is 0 to 999; the highest decides"));
        }
        self.keyword("when")?;
        let when = self.expression(0)?;
        self.sign("}")?;
        Ok(Rule { notes, name, owner, action, cause, priority: priority as u16, when, place, cause_place })
    }

    fn action(&mut self) -> Result<Action, Fault> {
        let (word, place) = self.name("an action")?;
        match word.as_str() {
            "allow" => Ok(Action::Allow),
            "review" => Ok(Action::Review),
            "step_up" => Ok(Action::StepUp),
            "decline" => Ok(Action::Decline),
            "cap" => Ok(Action::Cap { most: self.count("the most that passes, in minor units")? as i64 }),
            "cool_down" => {
                self.keyword("for")?;
                Ok(Action::CoolDown { span: self.span()? })
            }
            "freeze" => {
                let (scope, place) = self.name("`card` or `account`")?;
                let scope = match scope.as_str() {
                    "card" => Scope::Card,
                    "account" => Scope::Account,
                    _ => {
                        return Err(Fault::new(
                            place,
                            format!("`{scope}` cannot be frozen by a rule: `card` or `account`"),
                        ));
                    }
                };
                self.keyword("for")?;
                Ok(Action::Freeze { scope, span: self.span()? })
            }
            _ => {
                let known =
                    "allow, review, step_up, cap AMOUNT, cool_down for SPAN, decline, freeze card for SPAN";
                Err(Fault::new(place, format!("`{word}` is no action: {known}")))
            }
        }
    }

    fn operator(&self) -> Option<Operator> {
        let sign = match self.peek() {
            Word::Sign(sign) => sign,
            Word::Name(name) if name == "in" => "in",
            Word::Name(_)
            | Word::Number(_)
            | Word::Span(_)
            | Word::Text(_)
            | Word::Id(_)
            | Word::Date(_)
            | Word::Note(_)
            | Word::End => return None,
        };
        const ALL: [Operator; 14] = [
            Operator::Or,
            Operator::And,
            Operator::Equal,
            Operator::Unequal,
            Operator::Less,
            Operator::AtMost,
            Operator::More,
            Operator::AtLeast,
            Operator::In,
            Operator::Plus,
            Operator::Sub,
            Operator::Times,
            Operator::Over,
            Operator::Rest,
        ];
        ALL.into_iter().find(|operator| operator.sign() == sign)
    }

    /// Operators that bind tighter than `least`. Comparisons do not chain.
    fn expression(&mut self, least: u8) -> Result<Expression, Fault> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(Fault::new(
                self.place(),
                format!("nested deeper than {DEPTH_MAX}: name a part with `let`"),
            ));
        }
        let mut left = self.unary()?;
        loop {
            // Comments behind the last part belong to what follows.
            let end = self.at;
            self.skip_notes();
            let Some(operator) = self.operator().filter(|operator| operator.tightness() > least) else {
                self.at = end;
                break;
            };
            let place = self.place();
            let compares = operator.tightness() == 3;
            if compares
                && matches!(&left.kind, Kind::Both(inner, _, _) if inner.tightness() == 3)
                && !self.closed()
            {
                return Err(Fault::new(place, "comparisons do not chain: write `a < b && b < c`"));
            }
            self.at += 1;
            let right = self.expression(operator.tightness())?;
            let begin = left.place;
            left = Expression { kind: Kind::Both(operator, Box::new(left), Box::new(right)), place: begin };
        }
        self.depth -= 1;
        Ok(left)
    }

    /// Whether the word before this one closed a bracket.
    fn closed(&self) -> bool {
        matches!(self.words.get(self.at.wrapping_sub(1)), Some((Word::Sign(")"), _)))
    }

    fn unary(&mut self) -> Result<Expression, Fault> {
        self.skip_notes();
        let place = self.place();
        for (sign, minus) in [("!", false), ("-", true)] {
            if self.is(sign) {
                self.depth += 1;
                if self.depth > DEPTH_MAX {
                    return Err(Fault::new(place, format!("nested deeper than {DEPTH_MAX}")));
                }
                let inner = self.unary()?;
                self.depth -= 1;
                if let (Kind::Number(number), true) = (&inner.kind, minus) {
                    return Ok(Expression { kind: Kind::Number(-number), place });
                }
                let inner = Box::new(inner);
                return Ok(Expression {
                    kind: if minus { Kind::Minus(inner) } else { Kind::Not(inner) },
                    place,
                });
            }
        }
        self.primary()
    }

    fn primary(&mut self) -> Result<Expression, Fault> {
        self.skip_notes();
        let place = self.place();
        if self.is("(") {
            let inner = self.expression(0)?;
            self.sign(")")?;
            return Ok(Expression { kind: inner.kind, place: inner.place });
        }
        if self.is("[") {
            let mut items = Vec::new();
            while !self.is("]") {
                if !items.is_empty() {
                    self.sign(",")?;
                }
                items.push(self.unary()?);
            }
            return Ok(Expression { kind: Kind::List(items), place });
        }
        let kind = match self.peek().clone() {
            Word::Number(number) => Kind::Number(number),
            Word::Span(seconds) => Kind::Span(seconds),
            Word::Text(text) => Kind::Code(text),
            Word::Id(id) => Kind::Id(id),
            Word::Name(name) => {
                self.at += 1;
                return self.named(name, place);
            }
            Word::Sign("-") => return self.unary(),
            Word::Date(_) | Word::Sign(_) | Word::Note(_) | Word::End => return self.wrong("a value"),
        };
        self.at += 1;
        Ok(Expression { kind, place })
    }

    fn named(&mut self, name: String, place: Place) -> Result<Expression, Fault> {
        let kind = match name.as_str() {
            "true" => Kind::Truth(true),
            "false" => Kind::Truth(false),
            "missing" => Kind::Missing,
            "ratio" => {
                self.sign("(")?;
                let part = self.expression(0)?;
                self.sign(",")?;
                let whole = self.expression(0)?;
                self.sign(")")?;
                Kind::Ratio(Box::new(part), Box::new(whole))
            }
            _ if matches!(self.peek(), Word::Sign("(")) => {
                let Some(function) = Function::ALL.into_iter().find(|function| function.name() == name)
                else {
                    let known: Vec<&str> = Function::ALL.iter().map(|function| function.name()).collect();
                    let why = format!("`{name}` is no function: {}, ratio", known.join(", "));
                    return Err(Fault::new(place, why));
                };
                Kind::Aggregate(Box::new(self.aggregate(function)?))
            }
            _ => Kind::Name(name),
        };
        Ok(Expression { kind, place })
    }

    fn aggregate(&mut self, function: Function) -> Result<Aggregate, Fault> {
        self.sign("(")?;
        let mut out = Aggregate {
            function,
            fact: None,
            entity: Vec::new(),
            window: None,
            filter: None,
            delay: 0,
            before: false,
        };
        let shape = format!("an argument as in {}", function.shape());
        let mut first = true;
        while !self.is(")") {
            if !first {
                self.sign(",")?;
            }
            first = false;
            let place = self.place();
            if self.is_keyword("where") {
                out.filter = Some(self.expression(0)?);
            } else if self.is_keyword("delay") {
                out.delay = self.span()?;
            } else if self.is_keyword("before") {
                out.before = true;
            } else if let Word::Span(seconds) = *self.peek() {
                self.at += 1;
                out.window = Some((Window::Sliding(seconds), place));
            } else {
                let (name, place) = self.name(&shape)?;
                match name.as_str() {
                    "day" => out.window = Some((Window::Day, place)),
                    "month" => out.window = Some((Window::Month, place)),
                    _ if out.window.is_some() || out.entity.len() > 1 => {
                        let why = format!("`{name}` is one argument too many: {}", function.shape());
                        return Err(Fault::new(place, why));
                    }
                    _ => {
                        // What stands second is the entity, and what stood first the fact.
                        if let Some(fact) = out.entity.pop()
                            && let Some((extra, place)) = out.fact.replace(fact)
                        {
                            let why = format!("`{extra}` is one argument too many: {}", function.shape());
                            return Err(Fault::new(place, why));
                        }
                        out.entity.push((name, place));
                        if self.is_keyword("x") {
                            out.entity.push(self.name("the second entity of the pair")?);
                        }
                    }
                }
            }
        }
        Ok(out)
    }
}
