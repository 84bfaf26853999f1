//! Whether a model still sees the world it learned: drift of its scores, and what came of its probabilities.
//!
//! Nothing is decided here and nothing alarms; whoever holds a monitor asks it.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::exact;

/// Bands of probability, in parts per million: each begins here.
pub const BANDS: [u32; 12] =
    [0, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000, 200_000, 400_000, 600_000, 800_000];

/// One band's labelled rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Band {
    /// Rows whose label arrived.
    pub rows: u64,
    /// Sum of what the model said of them, in parts per million.
    pub said: u64,
    /// Frauds among them.
    pub frauds: u64,
}

/// Counts of one model, since it was installed.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Monitor {
    /// Scores by band when the model was new.
    pub reference: [u64; BANDS.len()],
    /// Scores by band lately.
    pub lately: [u64; BANDS.len()],
    /// Labelled rows by band.
    pub labelled: [Band; BANDS.len()],
}

fn band(probability: u32) -> usize {
    BANDS.partition_point(|begin| *begin <= probability).saturating_sub(1)
}

impl Monitor {
    /// A score was given.
    pub fn scored(&mut self, probability: u32) {
        self.lately[band(probability)] += 1;
    }

    /// A label arrived for a row the model had given this probability.
    pub fn labelled(&mut self, probability: u32, fraud: bool) {
        let band = &mut self.labelled[band(probability)];
        band.rows += 1;
        band.said += u64::from(probability);
        band.frauds += u64::from(fraud);
    }

    /// What was lately becomes what is compared with; to be called when the model has settled.
    pub fn settle(&mut self) {
        self.reference = std::mem::take(&mut self.lately);
    }

    /// Begins another period of comparison.
    pub fn next_period(&mut self) {
        self.lately = Default::default();
    }

    /// Population stability index of the scores in thousandths: below 100 the same world, above 250 another
    /// (the customary marks). 0 where either side is empty.
    pub fn drift(&self) -> i64 {
        let sum = |counts: &[u64]| counts.iter().sum::<u64>() as f64;
        let (before, now) = (sum(&self.reference), sum(&self.lately));
        if before == 0.0 || now == 0.0 {
            return 0;
        }
        let bands = self.reference.iter().zip(&self.lately);
        let index: f64 = bands
            .map(|(&a, &b)| {
                // Half a row in an empty band, so that it weighs little and not infinitely.
                let (a, b) = ((a as f64).max(0.5) / before, (b as f64).max(0.5) / now);
                (b - a) * (exact::ln(b) - exact::ln(a))
            })
            .sum();
        (index * 1_000.0).round() as i64
    }

    /// Fraud that came per fraud that was said, in thousandths over all bands: 1,000 is as said. None where
    /// nothing was said.
    pub fn calibration(&self) -> Option<i64> {
        let said: u64 = self.labelled.iter().map(|band| band.said).sum();
        let frauds: u64 = self.labelled.iter().map(|band| band.frauds).sum();
        (said > 0).then(|| (u128::from(frauds) * 1_000_000_000 / u128::from(said)) as i64)
    }
}

#[cfg(test)]
mod tests {
    use super::{BANDS, Monitor, band};
    use crate::dice::Dice;

    #[test]
    fn bands_hold_their_edges() {
        for (at, begin) in BANDS.iter().enumerate() {
            assert_eq!(band(*begin), at);
            assert_eq!(band(begin.saturating_sub(1)), at.saturating_sub(1));
        }
        assert_eq!(band(1_000_000), BANDS.len() - 1);
    }

    #[test]
    fn the_same_world_is_still_and_another_is_seen() {
        let mut dice = Dice::new(1);
        let mut monitor = Monitor::default();
        assert_eq!((monitor.drift(), monitor.calibration()), (0, None));
        let mut feed = |monitor: &mut Monitor, most: u64, truth: u64| {
            for _ in 0..50_000 {
                let said = dice.below(most) as u32;
                monitor.scored(said);
                monitor.labelled(said, dice.below(1_000_000) < u64::from(said) * truth);
            }
        };
        feed(&mut monitor, 400_000, 1);
        monitor.settle();
        feed(&mut monitor, 400_000, 1);
        assert!(monitor.drift() < 10, "{}", monitor.drift());
        assert!((970..1_030).contains(&monitor.calibration().expect("labels")));
        monitor.next_period();
        feed(&mut monitor, 40_000, 3);
        assert!(monitor.drift() > 1_000, "{}", monitor.drift());
        assert!(monitor.calibration().expect("labels") > 1_050);
    }
}
