//! From margins to probabilities: isotonic and Platt, fitted here, applied in integers by the model.
//!
//! Fit on rows the trees did not learn from.

use crate::exact;
use crate::model::{Calibration, ONE};

/// Most points an isotonic calibration keeps.
const STEPS_MAX: usize = 512;

/// Pool-adjacent-violators: the never-falling steps nearest to the labels; lines between their middles.
///
/// Empty input gives the logistic curve.
pub fn isotonic(scored: &[(i64, bool)]) -> Calibration {
    let mut sorted = scored.to_vec();
    sorted.sort_unstable();
    // (sum of margins, rows, frauds)
    let mut blocks: Vec<(i128, u64, u64)> = Vec::new();
    for (margin, fraud) in sorted {
        blocks.push((i128::from(margin), 1, u64::from(fraud)));
        while let [.., a, b] = blocks[..] {
            // Falling, or equal: a.frauds / a.rows >= b.frauds / b.rows.
            if u128::from(a.2) * u128::from(b.1) < u128::from(b.2) * u128::from(a.1) {
                break;
            }
            blocks.pop();
            blocks.pop();
            blocks.push((a.0 + b.0, a.1 + b.1, a.2 + b.2));
        }
    }
    let mut points: Vec<(i64, u32)> = Vec::new();
    let stride = blocks.len().div_ceil(STEPS_MAX).max(1);
    for (sum, rows, frauds) in blocks.into_iter().step_by(stride) {
        let point = ((sum / i128::from(rows)) as i64, (frauds * 1_000_000 / rows) as u32);
        if points.last().is_none_or(|last| last.0 < point.0) {
            points.push(point);
        }
    }
    if points.is_empty() { Calibration::logistic() } else { Calibration { points } }
}

/// Platt's sigmoid `1 / (1 + exp(-(a m + b)))` by Newton's method with halved steps, as points
/// (Lin, Lin, Weng: "A note on Platt's probabilistic outputs", 2007).
pub fn platt(scored: &[(i64, bool)]) -> Calibration {
    let frauds = scored.iter().filter(|row| row.1).count() as f64;
    let genuine = scored.len() as f64 - frauds;
    // Platt's targets, which keep away from 0 and 1.
    let (high, low) = ((frauds + 1.0) / (frauds + 2.0), 1.0 / (genuine + 2.0));
    let rows: Vec<(f64, f64)> = scored
        .iter()
        .map(|&(margin, fraud)| (margin as f64 / ONE as f64, if fraud { high } else { low }))
        .collect();
    let (mut a, mut b) = (0.0_f64, exact::ln((frauds + 1.0) / (genuine + 1.0)));
    let mut loss = cross_entropy(&rows, a, b);
    for _ in 0..100 {
        let (mut ga, mut gb, mut haa, mut hab, mut hbb) = (0.0, 0.0, 1e-12, 0.0, 1e-12);
        for &(m, target) in &rows {
            let p = 1.0 / (1.0 + exact::exp(-(a * m + b)));
            let bend = p * (1.0 - p);
            ga += (p - target) * m;
            gb += p - target;
            haa += bend * m * m;
            hab += bend * m;
            hbb += bend;
        }
        let det = haa * hbb - hab * hab;
        let (da, db) = ((hbb * ga - hab * gb) / det, (haa * gb - hab * ga) / det);
        let mut step = 1.0;
        let better = loop {
            let next = cross_entropy(&rows, a - step * da, b - step * db);
            if next < loss {
                break Some(next);
            }
            step /= 2.0;
            if step < 1e-10 {
                break None;
            }
        };
        let Some(next) = better else { break };
        (a, b, loss) = (a - step * da, b - step * db, next);
    }
    // A curve that falls would call the worst rows the safest; flat says "no better than the share".
    let a = a.max(0.0);
    let points = (-96..=96)
        .map(|step: i64| {
            let margin = step as f64 / 6.0;
            let ppm = 1_000_000.0 / (1.0 + exact::exp(-(a * margin + b)));
            (step * ONE / 6, ppm.round() as u32)
        })
        .collect();
    Calibration { points }
}

/// Loss of the sigmoid, summed.
fn cross_entropy(rows: &[(f64, f64)], a: f64, b: f64) -> f64 {
    rows.iter()
        .map(|&(m, target)| {
            let z = a * m + b;
            (1.0 - target) * z.max(0.0) + target * (-z).max(0.0) + exact::ln(1.0 + exact::exp(-z.abs()))
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::{isotonic, platt};
    use crate::dice::Dice;
    use crate::exact;
    use crate::model::ONE;

    /// Rows whose share of fraud is a known curve of the margin.
    fn world(seed: u64) -> Vec<(i64, bool)> {
        let mut dice = Dice::new(seed);
        (0..40_000)
            .map(|_| {
                let margin = dice.below(8 * ONE as u64) as i64 - 4 * ONE;
                let p = 1.0 / (1.0 + exact::exp(-(0.5 * margin as f64 / ONE as f64 - 1.0)));
                (margin, dice.chance((p * 1e6) as u32))
            })
            .collect()
    }

    #[test]
    fn both_find_the_curve_the_labels_came_from() {
        let scored = world(3);
        for (name, curve) in [("isotonic", isotonic(&scored)), ("platt", platt(&scored))] {
            for margin in [-3, -1, 0, 1, 3] {
                let want = 1.0 / (1.0 + exact::exp(-(0.5 * f64::from(margin) - 1.0)));
                let got = f64::from(curve.probability(i64::from(margin) * ONE)) / 1e6;
                assert!((want - got).abs() < 0.03, "{name} at {margin}: {got}, not {want}");
            }
            assert!(curve.points.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1));
        }
    }

    #[test]
    fn one_label_only_is_no_reason_to_fail() {
        for fraud in [false, true] {
            let scored: Vec<_> = (0..10).map(|at| (at * ONE, fraud)).collect();
            assert!(isotonic(&scored).probability(0) <= 1_000_000);
            assert!((platt(&scored).probability(0) > 500_000) == fraud);
        }
        assert_eq!(isotonic(&[]).probability(0), 500_000);
    }
}
