//! The bars this project has set itself, and where it stands against each.
//!
//! A bar not met is shown like any other.

use super::results::{Pick, Reading, Results};

/// Which side of the bar is good.
#[derive(Clone, Copy)]
pub enum Side {
    /// At least so much.
    AtLeast,
    /// At most so much.
    AtMost,
}

/// A bar and the figure beside it.
pub struct Bar {
    /// What is asked for.
    pub what: &'static str,
    /// How much.
    pub bar: f64,
    /// Which side is good.
    pub side: Side,
    /// Of the figure.
    pub unit: &'static str,
    /// What was found; none where it was not measured.
    pub found: Option<f64>,
}

impl Bar {
    /// Whether it is met; none where it was not measured.
    pub fn met(&self) -> Option<bool> {
        self.found.map(|found| match self.side {
            Side::AtLeast => found >= self.bar,
            Side::AtMost => found <= self.bar,
        })
    }
}

const RATE: Pick = |reading: &Reading| reading.rate;
const P50: Pick = |reading: &Reading| reading.p50;
const P99: Pick = |reading: &Reading| reading.p99;
const FIGURE: Pick = |reading: &Reading| reading.figure;

/// Every bar. Where a bar speaks of several measures the worst of them counts.
pub fn bars(results: &Results) -> Vec<Bar> {
    use Side::{AtLeast, AtMost};
    let best = ("postgres.best", RATE);
    let over = |key: &str| results.ratio((key, RATE), best);
    let tail = |key: &str| results.ratio((key, P99), ("postgres.best", P99));
    let journal = |batch: usize| {
        let (ours, bare) = (format!("journal.{batch}.sealed"), format!("journal.{batch}.bare"));
        results.ratio((&ours, RATE), (&bare, RATE))
    };
    let median = |key: &str, pick: Pick, per: f64| results.median(key, pick).map(|found| found / per);
    let bar = |what, bar, side, unit, found| Bar { what, bar, side, unit, found };
    vec![
        bar(
            "durable in process, 256 in flight, against PostgreSQL's best",
            25.0,
            AtLeast,
            "x",
            over("durable.256"),
        ),
        bar(
            "over TCP with MAC and PIN, against PostgreSQL's best",
            5.0,
            AtLeast,
            "x",
            least([over("wire.pin.8x32"), over("wire.pin.64x4")]),
        ),
        bar(
            "over TCP with MAC, PIN and cryptogram, against PostgreSQL's best",
            5.0,
            AtLeast,
            "x",
            least([over("wire.chip.8x32"), over("wire.chip.64x4")]),
        ),
        bar(
            "p99 in process at PostgreSQL's best rate, against its p99",
            0.2,
            AtMost,
            "x",
            tail("durable.paced"),
        ),
        bar(
            "p99 over TCP at PostgreSQL's best rate, against its p99",
            0.2,
            AtMost,
            "x",
            most([tail("wire.pin.paced"), tail("wire.chip.paced")]),
        ),
        bar(
            "journal against the raw device, 32 records and more",
            0.8,
            AtLeast,
            "x",
            least([journal(32), journal(256), journal(1024)]),
        ),
        bar("decoding a UnionPay sale by chip", 400.0, AtMost, "ns", median("codec.decode.chip", P50, 1.0)),
        bar("checking a cryptogram", 10.0, AtMost, "us", median("crypto.arqc", P50, 1e3)),
        bar("retail MAC of 250 bytes", 15.0, AtMost, "us", median("crypto.retail", P50, 1e3)),
        bar("verifying a PIN", 8.0, AtMost, "us", median("crypto.pin", P50, 1e3)),
        bar(
            "an idle card of a million, machine and edge",
            1024.0,
            AtMost,
            "bytes",
            median("idle.both", FIGURE, 1.0),
        ),
        bar("restart at a million cards", 3.0, AtMost, "s", median("idle.restart", FIGURE, 1.0)),
    ]
}

fn least<const N: usize>(values: [Option<f64>; N]) -> Option<f64> {
    values.into_iter().try_fold(f64::INFINITY, |least, value| Some(least.min(value?)))
}

fn most<const N: usize>(values: [Option<f64>; N]) -> Option<f64> {
    values.into_iter().try_fold(0.0, |most: f64, value| Some(most.max(value?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_measured_is_neither_met_nor_missed() {
        assert!(bars(&Results::default()).iter().all(|bar| bar.met().is_none()));
    }

    #[test]
    fn the_worst_of_several_counts() {
        let mut results = Results::default();
        let rate = |rate| Reading { rate: Some(rate), p99: Some(rate), ..Reading::default() };
        for (key, value) in [("postgres.best", 100.0), ("wire.pin.8x32", 900.0), ("wire.pin.64x4", 400.0)] {
            results.put(key, "", rate(value));
        }
        let found = |what: &str| {
            bars(&results)
                .into_iter()
                .find(|bar| bar.what.starts_with(what))
                .map(|bar| (bar.met(), bar.found))
        };
        assert_eq!(found("over TCP with MAC and PIN,"), Some((Some(false), Some(4.0))));
        assert_eq!(found("over TCP with MAC, PIN and"), Some((None, None)), "only one of two was measured");
        results.put("durable.paced", "", rate(20.0));
        let bars = bars(&results);
        assert_eq!(bars[3].met(), Some(true), "at the bar is met");
    }
}
