//! Readings, and what follows from several of them: medians over rounds, ratios within a round.
//!
//! No measuring and no printing here.

use std::time::Duration;

/// What one turn of one measure came to. What does not apply is none.
#[derive(Clone, Copy, Default, Debug)]
pub struct Reading {
    /// How many a second.
    pub rate: Option<f64>,
    /// Nanoseconds within which half of them were done.
    pub p50: Option<f64>,
    /// Nanoseconds within which 99 of 100 were done.
    pub p99: Option<f64>,
    /// Nanoseconds within which 999 of 1000 were done.
    pub p999: Option<f64>,
    /// A plain figure of the measure's own unit.
    pub figure: Option<f64>,
}

impl Reading {
    /// From the time each took.
    pub fn of_times(nanoseconds: &mut [u64]) -> Reading {
        nanoseconds.sort_unstable();
        let at = |share: f64| {
            let last = nanoseconds.len().checked_sub(1)?;
            Some(nanoseconds[(share * last as f64).round() as usize] as f64)
        };
        Reading { p50: at(0.5), p99: at(0.99), p999: at(0.999), ..Reading::default() }
    }

    /// The same, with so many done within `elapsed`.
    #[must_use]
    pub fn with_rate(self, done: usize, elapsed: Duration) -> Reading {
        Reading { rate: Some(done as f64 / elapsed.as_secs_f64()), ..self }
    }

    /// A plain figure.
    pub const fn figure(figure: f64) -> Reading {
        Reading { rate: None, p50: None, p99: None, p999: None, figure: Some(figure) }
    }
}

/// One thing that is measured.
pub struct Measure {
    /// What it is called, with its part in front: `durable.256`.
    pub key: String,
    /// What is done.
    pub what: String,
    /// Of its plain figure; empty where it has none.
    pub unit: &'static str,
    /// A reading each round.
    pub rounds: Vec<Reading>,
}

/// Everything measured, in the order it was first put down, and what is worth saying beside it.
#[derive(Default)]
pub struct Results {
    /// The measures.
    pub measures: Vec<Measure>,
    /// Remarks, once each.
    pub remarks: Vec<String>,
}

/// What is picked out of a reading.
pub type Pick = fn(&Reading) -> Option<f64>;

impl Results {
    /// Puts down a reading; `what` says what was done.
    pub fn put(&mut self, key: &str, what: &str, reading: Reading) {
        self.put_figure(key, what, "", reading);
    }

    /// Puts down a reading whose plain figure has a unit.
    pub fn put_figure(&mut self, key: &str, what: &str, unit: &'static str, reading: Reading) {
        match self.measures.iter_mut().find(|measure| measure.key == key) {
            Some(measure) => measure.rounds.push(reading),
            None => {
                let (key, what) = (key.to_owned(), what.to_owned());
                self.measures.push(Measure { key, what, unit, rounds: vec![reading] });
            }
        }
    }

    /// Says something worth knowing, once.
    pub fn remark(&mut self, remark: String) {
        if !self.remarks.contains(&remark) {
            self.remarks.push(remark);
        }
    }

    /// The last reading of a measure.
    pub fn last(&self, key: &str) -> Option<Reading> {
        self.measure(key).and_then(|measure| measure.rounds.last().copied())
    }

    /// The median over the rounds.
    pub fn median(&self, key: &str, pick: Pick) -> Option<f64> {
        self.measure(key).and_then(|measure| measure.median(pick))
    }

    /// The median of what comes of dividing, round by round.
    pub fn ratio(&self, over: (&str, Pick), under: (&str, Pick)) -> Option<f64> {
        let (above, below) = (self.measure(over.0)?, self.measure(under.0)?);
        let rounds = above.rounds.iter().zip(&below.rounds);
        let ratios = rounds.map(|(above, below)| Some((over.1)(above)? / (under.1)(below)?));
        median(&ratios.collect::<Option<Vec<f64>>>()?)
    }

    fn measure(&self, key: &str) -> Option<&Measure> {
        self.measures.iter().find(|measure| measure.key == key)
    }
}

impl Measure {
    /// The median over the rounds.
    pub fn median(&self, pick: Pick) -> Option<f64> {
        median(&self.rounds.iter().map(pick).collect::<Option<Vec<f64>>>()?)
    }
}

/// The middle one; of an even number the lower of the two in the middle.
fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len().checked_sub(1)? / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_made_within_a_round() {
        let mut results = Results::default();
        for (ours, theirs) in [(10.0, 1.0), (300.0, 10.0), (100.0, 5.0)] {
            results.put("ours", "", Reading::figure(ours));
            results.put("theirs", "", Reading::figure(theirs));
        }
        let pick: Pick = |reading| reading.figure;
        assert_eq!(results.median("ours", pick), Some(100.0));
        assert_eq!(results.ratio(("ours", pick), ("theirs", pick)), Some(20.0), "not 100 by 5");
        assert_eq!(results.ratio(("ours", pick), ("nobody's", pick)), None);
        assert_eq!(results.median("ours", |reading| reading.rate), None);
    }

    #[test]
    fn times_become_percentiles() {
        let mut times: Vec<u64> = (0..=1000).rev().collect();
        let reading = Reading::of_times(&mut times);
        assert_eq!((reading.p50, reading.p99, reading.p999), (Some(500.0), Some(990.0), Some(999.0)));
        assert_eq!(Reading::of_times(&mut []).p50, None);
    }
}
