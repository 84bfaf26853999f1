//! A run as a table for the screen, as JSON and as a page.
//!
//! Nothing is measured or judged here.

use super::Plan;
use super::bars::{Bar, Side};
use super::results::{Measure, Pick, Reading, Results};
use super::surroundings::Surroundings;
use serde_json::{Value, json};
use std::fmt::Write;

/// A run, ended.
pub struct Run<'a> {
    /// How long it took, preparation and all.
    pub seconds: f64,
    /// Load averages after it.
    pub load_after: String,
    /// The machine, and its load before.
    pub surroundings: Surroundings,
    /// The bars.
    pub bars: Vec<Bar>,
    /// What was to be measured.
    pub plan: &'a Plan,
    /// What was.
    pub results: &'a Results,
}

/// A column of the table: heading, what stands there, how it is written.
type Column = (&'static str, Pick, fn(f64) -> String);

const COLUMNS: [Column; 4] = [
    ("per second", |reading| reading.rate, count),
    ("p50", |reading| reading.p50, time),
    ("p99", |reading| reading.p99, time),
    ("p99.9", |reading| reading.p999, time),
];

/// The rows of the table: the measure, what was done, and its medians.
fn rows(run: &Run<'_>) -> Vec<[String; 5]> {
    let cell = |measure: &Measure, pick, write: fn(f64) -> String| {
        measure.median(pick).map(write).unwrap_or_default()
    };
    let row = |measure: &Measure| {
        let mut row: [String; 5] = Default::default();
        row[0].clone_from(&measure.what);
        for (place, (_, pick, write)) in COLUMNS.into_iter().enumerate() {
            row[place + 1] = cell(measure, pick, write);
        }
        if let Some(figure) = measure.median(|reading: &Reading| reading.figure) {
            row[1] = format!("{} {}", short(figure), measure.unit);
        }
        row
    };
    run.results.measures.iter().map(row).collect()
}

/// The bars as rows: what, bar, found, met or not.
fn bar_rows(run: &Run<'_>) -> Vec<[String; 4]> {
    let row = |bar: &Bar| {
        let side = match bar.side {
            Side::AtLeast => ">=",
            Side::AtMost => "<=",
        };
        let found = bar
            .found
            .map_or_else(|| "not measured".to_owned(), |found| format!("{} {}", short(found), bar.unit));
        let met = match bar.met() {
            None => "",
            Some(true) => "met",
            Some(false) => "NOT MET",
        };
        [bar.what.to_owned(), format!("{side} {} {}", short(bar.bar), bar.unit), found, met.to_owned()]
    };
    run.bars.iter().map(row).collect()
}

/// The machine and the run, a line each.
fn circumstances(run: &Run<'_>) -> Vec<(&'static str, String)> {
    let about = &run.surroundings;
    vec![
        ("processor", format!("{}, {} cores", about.processor, about.cores)),
        ("memory", format!("{} MiB", about.memory_mib)),
        ("kernel", about.kernel.clone()),
        ("disk", format!("{}, {}", about.file_system, about.direct)),
        ("load before", about.load_before.clone()),
        ("load after", run.load_after.clone()),
        ("build", format!("cardwarden {}, {}", env!("CARGO_PKG_VERSION"), about.build)),
        (
            "run",
            format!(
                "{} UTC, {} rounds, readings of {} s, {:.0} s in all; parts: {}",
                about.at,
                run.plan.rounds,
                run.plan.seconds,
                run.seconds,
                run.plan.parts.join(", ")
            ),
        ),
    ]
}

/// For the screen.
pub fn text(run: &Run<'_>) -> String {
    let mut out = String::new();
    for (name, value) in circumstances(run) {
        line(&mut out, format_args!("{name:<12} {value}"));
    }
    let heading = COLUMNS.map(|(heading, ..)| heading);
    let rows = rows(run);
    let width = rows.iter().map(|row| row[0].chars().count()).max().unwrap_or(0);
    line(&mut out, format_args!(""));
    let [rate, p50, p99, p999] = heading;
    line(
        &mut out,
        format_args!("{:<width$}  {rate:>14} {p50:>10} {p99:>10} {p999:>10}", "medians over the rounds"),
    );
    for [what, rate, p50, p99, p999] in &rows {
        line(&mut out, format_args!("{what:<width$}  {rate:>14} {p50:>10} {p99:>10} {p999:>10}"));
    }
    line(&mut out, format_args!("\n{:<width$}  {:>14} {:>14}", "bars", "bar", "found"));
    for [what, bar, found, met] in bar_rows(run) {
        line(&mut out, format_args!("{what:<width$}  {bar:>14} {found:>14} {met}"));
    }
    for remark in &run.results.remarks {
        line(&mut out, format_args!("\n{remark}"));
    }
    out
}

/// For other programs: every reading of every round.
pub fn json(run: &Run<'_>) -> Value {
    let reading = |reading: &Reading| {
        json!({
            "per_second": reading.rate, "p50_ns": reading.p50, "p99_ns": reading.p99, "p999_ns": reading.p999,
            "figure": reading.figure,
        })
    };
    let measure = |measure: &Measure| {
        let rounds: Vec<Value> = measure.rounds.iter().map(reading).collect();
        (measure.key.clone(), json!({"what": measure.what, "unit": measure.unit, "rounds": rounds}))
    };
    let bar = |bar: &Bar| {
        let side = match bar.side {
            Side::AtLeast => "at least",
            Side::AtMost => "at most",
        };
        json!({
            "what": bar.what, "bar": bar.bar, "side": side, "unit": bar.unit, "found": bar.found, "met": bar.met(),
        })
    };
    let about: serde_json::Map<String, Value> =
        circumstances(run).into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    let measures: serde_json::Map<String, Value> = run.results.measures.iter().map(measure).collect();
    json!({
        "about": about,
        "measures": measures,
        "bars": run.bars.iter().map(bar).collect::<Vec<_>>(),
        "remarks": run.results.remarks,
    })
}

/// The page `docs/performance.md`.
pub fn markdown(run: &Run<'_>) -> String {
    let mut out = String::from(include_str!("method.md"));
    line(&mut out, format_args!("\n## The run\n"));
    line(&mut out, format_args!("| | |\n| --- | --- |"));
    for (name, value) in circumstances(run) {
        line(&mut out, format_args!("| {name} | {value} |"));
    }
    line(&mut out, format_args!("\n## The bars\n"));
    line(&mut out, format_args!("| what | bar | found | |\n| --- | ---: | ---: | --- |"));
    for [what, bar, found, met] in bar_rows(run) {
        line(&mut out, format_args!("| {what} | {bar} | {found} | {met} |"));
    }
    line(&mut out, format_args!("\n## Everything measured\n\nMedians over the rounds.\n"));
    line(&mut out, format_args!("| what | {} |", COLUMNS.map(|(heading, ..)| heading).join(" | ")));
    line(&mut out, format_args!("| --- | ---: | ---: | ---: | ---: |"));
    for row in rows(run) {
        line(&mut out, format_args!("| {} |", row.join(" | ")));
    }
    for remark in &run.results.remarks {
        line(&mut out, format_args!("\n{remark}"));
    }
    out
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    writeln!(out, "{text}").expect("a string takes everything");
}

/// A count, in thousands.
fn count(value: f64) -> String {
    let mut left = value.round() as u64;
    let mut groups = Vec::new();
    while left >= 1000 {
        groups.push(format!("{:03}", left % 1000));
        left /= 1000;
    }
    groups.push(left.to_string());
    groups.reverse();
    groups.join(",")
}

/// Nanoseconds in the unit a person would use.
fn time(nanoseconds: f64) -> String {
    if nanoseconds < 10_000.0 {
        format!("{nanoseconds:.0} ns")
    } else if nanoseconds < 10_000_000.0 {
        format!("{:.0} us", nanoseconds / 1e3)
    } else {
        format!("{:.0} ms", nanoseconds / 1e6)
    }
}

/// Three digits that count.
fn short(value: f64) -> String {
    if value >= 100.0 {
        format!("{value:.0}")
    } else if value >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_written_for_people() {
        let check = |write: fn(f64) -> String, value, text: &str| assert_eq!(write(value), text);
        check(count, 0.4, "0");
        check(count, 999.6, "1,000");
        check(count, 1_048_576.0, "1,048,576");
        check(time, 384.2, "384 ns");
        check(time, 112_400.0, "112 us");
        check(time, 12_000_000.0, "12 ms");
        check(short, 25.0, "25.0");
        check(short, 0.2, "0.20");
        check(short, 1024.0, "1024");
    }
}
