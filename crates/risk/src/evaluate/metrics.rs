//! How good a ranking is: AUC ROC, average precision, card precision.
//!
//! Nothing is learned here; scores are integers, so ties are ties.

/// Area under the ROC curve; ties count half. 0.5 where one of the classes is empty.
pub fn auc_roc(scored: &[(i64, bool)]) -> f64 {
    let mut sorted = scored.to_vec();
    sorted.sort_unstable_by_key(|row| row.0);
    let (mut below, mut twice_won, mut frauds) = (0_u128, 0_u128, 0_u128);
    for ties in sorted.chunk_by(|a, b| a.0 == b.0) {
        let tied_frauds = ties.iter().filter(|row| row.1).count() as u128;
        let tied_genuine = ties.len() as u128 - tied_frauds;
        twice_won += tied_frauds * (2 * below + tied_genuine);
        below += tied_genuine;
        frauds += tied_frauds;
    }
    if below == 0 || frauds == 0 {
        return 0.5;
    }
    twice_won as f64 / (2 * below * frauds) as f64
}

/// Average precision as scikit-learn defines it: the sum over distinct thresholds, falling, of
/// (recall gained) x (precision there), without interpolation. 0 without frauds.
pub fn average_precision(scored: &[(i64, bool)]) -> f64 {
    let mut sorted = scored.to_vec();
    sorted.sort_unstable_by_key(|row| std::cmp::Reverse(row.0));
    let all = sorted.iter().filter(|row| row.1).count();
    if all == 0 {
        return 0.0;
    }
    let (mut seen, mut frauds, mut sum) = (0_usize, 0_usize, 0.0);
    for ties in sorted.chunk_by(|a, b| a.0 == b.0) {
        let gained = ties.iter().filter(|row| row.1).count();
        seen += ties.len();
        frauds += gained;
        sum += gained as f64 / all as f64 * (frauds as f64 / seen as f64);
    }
    sum
}

/// One test row, as card precision sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judged {
    /// Day of the transaction.
    pub day: i64,
    /// Whose card.
    pub customer: u64,
    /// Fixed-point score.
    pub score: i64,
    /// Whether it was fraud.
    pub fraud: bool,
}

/// CP@k: for every day the share of the `k` customers with the highest maximal score who had a fraud that
/// day; found ones are left out on later days; mean over the days there are.
///
/// Customers of equal score are taken by number. A day of fewer than `k` customers still counts by `k`.
pub fn card_precision(rows: &[Judged], k: usize) -> f64 {
    let mut sorted = rows.to_vec();
    sorted.sort_unstable_by_key(|row| (row.day, row.customer));
    let mut found: Vec<u64> = Vec::new();
    let (mut days, mut sum) = (0_usize, 0.0);
    for day in sorted.chunk_by(|a, b| a.day == b.day) {
        let mut people: Vec<(i64, u64, bool)> = day
            .chunk_by(|a, b| a.customer == b.customer)
            .filter(|rows| found.binary_search(&rows[0].customer).is_err())
            .map(|rows| {
                let top = rows.iter().map(|row| row.score).max().unwrap_or(i64::MIN);
                (top, rows[0].customer, rows.iter().any(|row| row.fraud))
            })
            .collect();
        people.sort_unstable_by_key(|person| (std::cmp::Reverse(person.0), person.1));
        let caught: Vec<u64> =
            people.iter().take(k).filter(|person| person.2).map(|person| person.1).collect();
        days += 1;
        sum += caught.len() as f64 / k.max(1) as f64;
        found.extend(caught);
        found.sort_unstable();
    }
    if days == 0 { 0.0 } else { sum / days as f64 }
}

#[cfg(test)]
mod tests {
    use super::{Judged, auc_roc, average_precision, card_precision};

    #[test]
    fn the_examples_of_scikit_learn() {
        // roc_auc_score and average_precision_score of y = [0, 0, 1, 1], s = [0.1, 0.4, 0.35, 0.8]
        // (both from its documentation: 0.75 and 0.83...).
        let known = [(10, false), (40, false), (35, true), (80, true)];
        assert_eq!(auc_roc(&known), 0.75);
        assert!((average_precision(&known) - 5.0 / 6.0).abs() < 1e-15);
        // All tied: chance, and the share of fraud.
        let tied = [(1, true), (1, false), (1, false), (1, false)];
        assert_eq!((auc_roc(&tied), average_precision(&tied)), (0.5, 0.25));
        assert_eq!((auc_roc(&[]), average_precision(&[(3, false)])), (0.5, 0.0));
    }

    #[test]
    fn found_customers_are_left_out_on_later_days() {
        let row = |day, customer, score, fraud| Judged { day, customer, score, fraud };
        let rows = [
            row(0, 1, 90, false),
            row(0, 1, 10, true),
            row(0, 2, 50, false),
            row(0, 3, 40, true),
            row(1, 1, 99, true),
            row(1, 3, 30, true),
            row(1, 2, 20, false),
        ];
        // Day 0: customers 1 (fraud), 2. Day 1, without 1: customers 3 (fraud), 2.
        assert_eq!(card_precision(&rows, 2), 0.5);
        assert_eq!(card_precision(&rows, 1), 1.0);
        assert_eq!(card_precision(&[], 100), 0.0);
    }
}
