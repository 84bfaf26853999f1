//! Prints a rule file back: what is printed parses to the same file.
//!
//! One layout, so that two people's edits differ only in what they say.

use std::fmt::Write;

use super::ast::{Action, Aggregate, Expression, Kind, Operator, RuleFile, Scope, Window};

/// The whole file in its one layout.
pub fn print(file: &RuleFile) -> String {
    let mut out = String::new();
    notes(&mut out, &file.notes);
    line(&mut out, format_args!("rules version {}", file.version));
    for list in &file.lists {
        out.push('\n');
        notes(&mut out, &list.notes);
        line(&mut out, format_args!("list {} {{", list.name));
        for entry in &list.entries {
            let until = entry.until.map(|at| format!(" until {}", date(at))).unwrap_or_default();
            line(&mut out, format_args!("    {}{until}", expression(&entry.value)));
        }
        line(&mut out, format_args!("}}"));
    }
    for derived in &file.lets {
        out.push('\n');
        notes(&mut out, &derived.notes);
        line(&mut out, format_args!("let {} = {}", derived.name, expression(&derived.value)));
    }
    for rule in &file.rules {
        out.push('\n');
        notes(&mut out, &rule.notes);
        line(&mut out, format_args!("rule {} {{", rule.name));
        line(&mut out, format_args!("    owner \"{}\"", rule.owner));
        line(&mut out, format_args!("    action {}", action(rule.action)));
        line(&mut out, format_args!("    cause {}", rule.cause));
        line(&mut out, format_args!("    priority {}", rule.priority));
        line(&mut out, format_args!("    when {}", expression(&rule.when)));
        line(&mut out, format_args!("}}"));
    }
    out
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    writeln!(out, "{text}").expect("writing to a string cannot fail");
}

fn notes(out: &mut String, notes: &[String]) {
    for note in notes {
        line(out, format_args!("{}", format!("# {note}").trim_end()));
    }
}

/// An action as it is written.
pub fn action(action: Action) -> String {
    match action {
        Action::Allow => "allow".to_owned(),
        Action::Review => "review".to_owned(),
        Action::StepUp => "step_up".to_owned(),
        Action::Cap { most } => format!("cap {most}"),
        Action::CoolDown { span: seconds } => format!("cool_down for {}", span(seconds)),
        Action::Decline => "decline".to_owned(),
        Action::Freeze { scope, span: seconds } => {
            let scope = match scope {
                Scope::Card => "card",
                Scope::Account => "account",
            };
            format!("freeze {scope} for {}", span(seconds))
        }
    }
}

/// An expression as it is written, with no more brackets than it needs.
pub fn expression(expression: &Expression) -> String {
    within(expression, 0)
}

/// An expression inside something that binds this tightly.
fn within(expression: &Expression, outer: u8) -> String {
    match &expression.kind {
        Kind::Number(number) => number.to_string(),
        Kind::Span(seconds) => span(*seconds),
        Kind::Code(code) => format!("\"{code}\""),
        Kind::Id(id) => format!("#{id:x}"),
        Kind::Truth(truth) => truth.to_string(),
        Kind::Missing => "missing".to_owned(),
        Kind::Name(name) => name.clone(),
        Kind::List(items) => {
            let items: Vec<String> = items.iter().map(|item| within(item, 0)).collect();
            format!("[{}]", items.join(", "))
        }
        Kind::Not(inner) => format!("!{}", within(inner, 6)),
        Kind::Minus(inner) => format!("-{}", within(inner, 6)),
        Kind::Ratio(part, whole) => format!("ratio({}, {})", within(part, 0), within(whole, 0)),
        Kind::Aggregate(inner) => aggregate(inner),
        Kind::Both(operator, left, right) => {
            let tight = operator.tightness();
            // Comparisons stand in brackets on either side of a comparison, chains lean to the left.
            let left_outer = if tight == 3 { tight } else { tight - 1 };
            let text = format!("{} {} {}", within(left, left_outer), operator.sign(), within(right, tight));
            if tight <= outer { format!("({text})") } else { text }
        }
    }
}

/// An aggregate as it is written.
pub fn aggregate(aggregate: &Aggregate) -> String {
    let mut parts = Vec::new();
    parts.extend(aggregate.fact.iter().map(|fact| fact.0.clone()));
    let entity: Vec<&str> = aggregate.entity.iter().map(|entity| entity.0.as_str()).collect();
    parts.push(entity.join(" x "));
    parts.extend(aggregate.window.map(|window| self::window(window.0)));
    parts.extend(aggregate.filter.as_ref().map(|filter| format!("where {}", expression(filter))));
    if aggregate.delay > 0 {
        parts.push(format!("delay {}", span(aggregate.delay)));
    }
    if aggregate.before {
        parts.push("before".to_owned());
    }
    format!("{}({})", aggregate.function.name(), parts.join(", "))
}

fn window(window: Window) -> String {
    match window {
        Window::Sliding(seconds) => span(seconds),
        Window::Day => "day".to_owned(),
        Window::Month => "month".to_owned(),
    }
}

/// A span in the largest unit that holds it exactly.
pub(super) fn span(seconds: i64) -> String {
    for (unit, length) in [("d", 86_400), ("h", 3_600), ("m", 60)] {
        if seconds != 0 && seconds % length == 0 {
            return format!("{}{unit}", seconds / length);
        }
    }
    format!("{seconds}s")
}

/// The day of a time, UTC.
pub(super) fn date(at: i64) -> String {
    let (year, month, day) = civil(at.div_euclid(86_400));
    format!("{year:04}-{month:02}-{day:02}")
}

/// Year, month and day of days since 1970-01-01 (Hinnant: "chrono-compatible low-level date algorithms").
pub(crate) fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

/// The sign that says the opposite of a comparison.
pub(super) fn opposite(operator: Operator) -> Option<Operator> {
    match operator {
        Operator::Equal => Some(Operator::Unequal),
        Operator::Unequal => Some(Operator::Equal),
        Operator::Less => Some(Operator::AtLeast),
        Operator::AtLeast => Some(Operator::Less),
        Operator::More => Some(Operator::AtMost),
        Operator::AtMost => Some(Operator::More),
        Operator::Or
        | Operator::And
        | Operator::In
        | Operator::Plus
        | Operator::Sub
        | Operator::Times
        | Operator::Over
        | Operator::Rest => None,
    }
}
