//! Learning and judging from outside.

use risk::dice::Dice;
use risk::evaluate::features::{DAY, Memory, NAMES};
use risk::evaluate::{Plan, Row, Wrong, evaluate, read_row};
use risk::model::{Absent, MISSING};
use risk::train::{Growth, Learned, Recipe, Sample, isotonic, learn};

/// One stump on all rows, as exact as it gets.
fn stump() -> Recipe {
    Recipe {
        rounds: 1,
        rate: 1.0,
        depth_max: 1,
        leaves_max: 2,
        row_share: 1_000_000,
        column_share: 1_000_000,
        ..Recipe::default()
    }
}

/// Rows with a sharp edge in the first column, noise in the second, much missing in the third.
fn world(seed: u64, rows: usize) -> Sample {
    let mut dice = Dice::new(seed);
    let mut sample = Sample::new(3);
    for _ in 0..rows {
        let amount = dice.below(30_000) as i64;
        let hint = if dice.chance(800_000) { MISSING } else { dice.below(10) as i64 };
        let fraud =
            amount > 22_000 && dice.chance(900_000) || hint > 6 && dice.chance(500_000) || dice.chance(2_000);
        sample.push(&[amount, dice.below(1_000) as i64, hint], fraud);
    }
    sample
}

fn score(learned: &Learned, sample: &Sample) -> Vec<(i64, bool)> {
    let forest = learned.forest(sample.columns.len()).expect("a sound forest");
    let mut row = Vec::new();
    (0..sample.labels.len())
        .map(|at| {
            sample.row(at, &mut row);
            (forest.score(&row), sample.labels[at])
        })
        .collect()
}

/// The best split by trying every threshold, and both sides for the missing, over all rows.
fn best_by_hand(sample: &Sample, l2: f64, least: f64) -> (usize, f64) {
    let frauds = sample.labels.iter().filter(|fraud| **fraud).count() as f64;
    let p = (frauds + 0.5) / (sample.labels.len() as f64 + 1.0);
    let slope = |at: usize| p - f64::from(u8::from(sample.labels[at]));
    let worth = |g: f64, n: f64| g * g / (n * p * (1.0 - p) + l2);
    let all = 0..sample.labels.len();
    let (total, rows) = (all.clone().map(slope).sum::<f64>(), sample.labels.len() as f64);
    let mut best = (0, 0.0);
    for (feature, column) in sample.columns.iter().enumerate() {
        let mut values = column.clone();
        values.sort_unstable();
        values.dedup();
        for &threshold in &values {
            for missing_left in [false, true] {
                let left = all
                    .clone()
                    .filter(|&at| if column[at] == MISSING { missing_left } else { column[at] <= threshold });
                let (g, n) = left.fold((0.0, 0.0), |(g, n), at| (g + slope(at), n + 1.0));
                let bend = p * (1.0 - p);
                if n * bend < least || (rows - n) * bend < least {
                    continue;
                }
                let gain = worth(g, n) + worth(total - g, rows - n) - worth(total, rows);
                if gain > best.1 {
                    best = (feature, gain);
                }
            }
        }
    }
    best
}

#[test]
fn splits_are_exact() {
    for seed in 0..8 {
        let sample = world(seed, 400);
        let recipe = stump();
        let learned = learn(&sample, None, &recipe);
        let root = learned.trees[0].nodes[0];
        let (feature, gain) = best_by_hand(&sample, recipe.l2, recipe.child_weight_min);
        assert_eq!(usize::from(root.feature), feature, "seed {seed}, gain {gain}");
    }
    let sample = world(9, 20_000);
    let root = learn(&sample, None, &stump()).trees[0].nodes[0];
    assert_eq!(root.feature, 0);
    assert!((21_990..22_010).contains(&root.threshold), "the edge is at 22,000: {}", root.threshold);
}

#[test]
fn the_same_seed_gives_the_same_trees() {
    let (sample, held) = (world(1, 3_000), world(2, 3_000));
    for growth in [Growth::Depth, Growth::Leaf] {
        let recipe = Recipe { rounds: 30, growth, bags: 2, ..Recipe::default() };
        let learned = learn(&sample, None, &recipe);
        let again = learn(&sample, None, &recipe);
        assert_eq!(learned.trees, again.trees);
        let other = learn(&sample, None, &Recipe { seed: 2, ..recipe.clone() });
        assert_ne!(learned.trees, other.trees);
        assert!(learned.trees.iter().all(|tree| tree.depth() <= recipe.depth_max));
        assert!(learned.trees.iter().all(|tree| tree.nodes.len() < 2 * recipe.leaves_max));
        let auc = risk::evaluate::metrics::auc_roc(&score(&learned, &held));
        assert!(auc > 0.93, "{growth:?}: {auc}");
    }
    // The very bits, so that a change of arithmetic or platform is seen.
    let small = learn(&world(1, 500), None, &Recipe { rounds: 3, ..Recipe::default() });
    let hash = blake3::hash(&borsh::to_vec(&small.trees).expect("memory")).to_hex();
    expect_test::expect!["37ff0cf3c3929fb1"].assert_eq(&hash[..16]);
}

#[test]
fn learning_stops_when_the_held_rows_say_so() {
    let (sample, held) = (world(3, 600), world(4, 3_000));
    let recipe = Recipe { rounds: 400, rate: 0.3, patience: 10, ..Recipe::default() };
    let learned = learn(&sample, Some(&held), &recipe);
    assert!((1..200).contains(&learned.rounds[0]), "{:?}", learned.rounds);
    assert_eq!(learned.trees.len(), learned.rounds[0]);
}

#[test]
fn rare_fraud_may_weigh_more_and_calibration_takes_it_back() {
    let (sample, held) = (world(5, 6_000), world(6, 20_000));
    let heavy = learn(&sample, None, &Recipe { fraud_weight: 20.0, rounds: 40, ..Recipe::default() });
    let scored = score(&heavy, &held);
    let curve = isotonic(&scored);
    let said: f64 = scored.iter().map(|row| f64::from(curve.probability(row.0)) / 1e6).sum();
    let truth = scored.iter().filter(|row| row.1).count() as f64;
    assert!((said / truth - 1.0).abs() < 0.05, "said {said}, {truth} were");
}

#[test]
fn odd_samples_are_no_reason_to_fail() {
    let recipe = Recipe { rounds: 3, ..Recipe::default() };
    let mut one = Sample::new(2);
    one.push(&[5], true);
    for sample in [Sample::new(2), one, Sample::new(0)] {
        assert_eq!(learn(&sample, None, &recipe).trees.len(), 3);
    }
    let mut extremes = Sample::new(1);
    for at in 0..200 {
        extremes.push(&[if at % 2 == 0 { i64::MAX } else { MISSING + 1 }], at % 2 == 0);
    }
    let learned = learn(&extremes, None, &recipe);
    let scored = score(&learned, &extremes);
    assert!(scored.iter().all(|row| (row.0 > learned.base) == row.1));
    assert_eq!(learned.trees[0].nodes[0].absent, Absent::Left);
}

/// A small world of holders and terminals in time order, some of both compromised.
fn rows(seed: u64, days: i64) -> Vec<Row> {
    let mut dice = Dice::new(seed);
    let mut rows = Vec::new();
    let each = 400;
    for id in 0..days as u64 * each {
        let at = (id * DAY as u64 / each) as i64;
        let (customer, terminal) = (dice.below(80), dice.below(60));
        let bad = terminal % 20 == (at / (9 * DAY)) as u64 % 20 && at / DAY % 9 > 1;
        let amount = 1_000 + (customer * 100 + dice.below(3_000)) as i64;
        let fraud = bad && dice.chance(900_000);
        rows.push(Row { id, at, customer, terminal, amount, fraud, scenario: u8::from(fraud) });
    }
    rows
}

#[test]
fn labels_are_not_known_before_they_arrive() {
    let rows = rows(1, 20);
    let delay = 7 * DAY;
    let at = rows.len() - 1_000;
    let now = rows[at].at;
    let row_of = |rows: &[Row]| {
        let mut memory = Memory::new(delay, 6);
        let mut features = Vec::new();
        rows[..at].iter().for_each(|row| memory.observe(row, None));
        memory.observe(&rows[at], Some(&mut features));
        features
    };
    let truth = row_of(&rows);
    assert_eq!(truth.len(), NAMES.len());
    let flip = |from: i64, to: i64| -> Vec<Row> {
        let flipped = |row: &Row| Row { fraud: row.fraud != (from < row.at && row.at <= to), ..*row };
        rows.iter().map(flipped).collect()
    };
    assert_eq!(row_of(&flip(now - delay, i64::MAX)), truth, "a label of the last seven days was known");
    assert_ne!(row_of(&flip(now - 2 * delay, now - delay)), truth, "labels that arrived were not used");
    let scenario = |row: &Row| Row { scenario: 3 - row.scenario, ..*row };
    assert_eq!(row_of(&rows.iter().map(scenario).collect::<Vec<_>>()), truth, "the scenario is no feature");
}

#[test]
fn the_protocol_runs_from_rows_to_metrics() {
    let rows = rows(2, 40);
    let plan =
        Plan::read("2018-04-01", "2018-04-19..2018-04-25", 7, "2018-05-03..2018-05-09").expect("a good plan");
    assert_eq!((plan.first_weekday, plan.train, plan.test), (6, (18, 24), (32, 38)));
    let recipe = Recipe { rounds: 30, ..risk::evaluate::recipe() };
    let report = evaluate(rows.iter().copied(), &plan, &recipe).expect("an outcome");
    assert_eq!(report, evaluate(rows.iter().copied(), &plan, &recipe).expect("an outcome"));
    assert_eq!(report.train.0, 7 * 400);
    assert!(report.test.0 > 0 && report.test.0 < 7 * 400, "known customers are left out");
    assert!(report.auc > 0.5 && report.ap > 0.0);
    assert!(report.json(1.5).ends_with("\"seconds\":1.500}"));

    let mut shuffled = rows.clone();
    shuffled.swap(100, 9_000);
    assert!(matches!(evaluate(shuffled.into_iter(), &plan, &recipe), Err(Wrong::OutOfOrder(_))));
    assert_eq!(evaluate(rows[..100].iter().copied(), &plan, &recipe), Err(Wrong::Empty));
}

#[test]
fn plans_and_rows_are_refused_by_name() {
    for (train, delay, test, why) in [
        (
            "2018-07-25..2018-07-31",
            7,
            "2018-08-07..2018-08-14",
            "the test must begin after the last train day and the delay of its labels",
        ),
        (
            "2018-07-31..2018-07-25",
            7,
            "2018-08-08..2018-08-14",
            "the test must begin after the last train day and the delay of its labels",
        ),
        (
            "2018-07-25..2018-07-31",
            -1,
            "2018-08-08..2018-08-14",
            "the test must begin after the last train day and the delay of its labels",
        ),
        (
            "2018-07-25",
            7,
            "2018-08-08..2018-08-14",
            "`2018-07-25` is no date: write 2018-04-01, or 2018-07-25..2018-07-31",
        ),
        (
            "2018-02-29..2018-07-31",
            7,
            "x..y",
            "`2018-02-29` is no date: write 2018-04-01, or 2018-07-25..2018-07-31",
        ),
    ] {
        assert_eq!(Plan::read("2018-04-01", train, delay, test).expect_err(why).to_string(), why);
    }
    assert_eq!(read_row("0,31,596,3156,5716,0,0\r", 2).expect("good").amount, 5_716);
    for bad in [
        "",
        "0,31,596,3156,5716,0",
        "0,31,596,3156,5716,2,0",
        "0,31,596,3156,-5,0,0",
        "0,31,596,3156,57.16,0,0",
        "0,31,596,3156,5716,0,0,0",
    ] {
        assert_eq!(read_row(bad, 7), Err(Wrong::NotARow(7)), "{bad}");
    }
}
