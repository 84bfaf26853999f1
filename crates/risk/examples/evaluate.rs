//! Runs the reference task over a plain CSV file: `evaluate FILE FIRST_TRAIN_DAY..`, days since 2018-04-01.
//!
//! Settings of the recipe come from the environment (ROUNDS, RATE, DEPTH, ..), for trying things on earlier
//! weeks; DROP takes features out by number.
#![expect(clippy::print_stdout, reason = "this program prints its findings")]
#![expect(clippy::disallowed_methods, reason = "a program has files, a clock and an environment")]

use risk::evaluate::{Plan, Row, judge, prepare, read_row, recipe};
use risk::train::{Growth, Recipe, learn};

fn setting(name: &str, otherwise: f64) -> f64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

fn read(file: &str) -> Vec<Row> {
    let text = std::fs::read_to_string(file).expect("readable text");
    let rows = text.lines().enumerate().skip(1).map(|(at, line)| read_row(line, at + 1));
    rows.collect::<Result<_, _>>().expect("transactions")
}

fn tried() -> Recipe {
    let chosen = recipe();
    Recipe {
        rounds: setting("ROUNDS", chosen.rounds as f64) as usize,
        rate: setting("RATE", chosen.rate),
        depth_max: setting("DEPTH", chosen.depth_max as f64) as usize,
        leaves_max: setting("LEAVES", chosen.leaves_max as f64) as usize,
        growth: if setting("LEAFWISE", 0.0) > 0.0 { Growth::Leaf } else { Growth::Depth },
        l2: setting("L2", chosen.l2),
        child_weight_min: setting("MCW", chosen.child_weight_min),
        row_share: (setting("ROWS", f64::from(chosen.row_share) / 1e6) * 1e6) as u32,
        column_share: (setting("COLS", f64::from(chosen.column_share) / 1e6) * 1e6) as u32,
        fraud_weight: setting("FW", chosen.fraud_weight),
        bags: setting("BAGS", chosen.bags as f64) as usize,
        seed: setting("SEED", chosen.seed as f64) as u64,
        ..chosen
    }
}

fn main() {
    let mut args = std::env::args().skip(1);
    let file = args.next().expect("a file");
    let rows = read(&file);
    let recipe = tried();
    let drop: Vec<usize> =
        std::env::var("DROP").unwrap_or_default().split(',').filter_map(|part| part.parse().ok()).collect();
    let mut sums = [0.0; 3];
    let mut folds = 0.0;
    for first in args {
        let first: i64 = first.parse().expect("a day");
        let plan = Plan {
            first_weekday: 6,
            train: (first, first + 6),
            delay: 7,
            test: (first + 14, first + 20),
            spare_known: setting("SPARE", 1.0) > 0.0,
        };
        let begun = std::time::Instant::now();
        let mut prepared = prepare(rows.iter().copied(), &plan).expect("a sound plan");
        for &at in &drop {
            prepared.train.columns[at].fill(0);
            prepared.test.columns[at].fill(0);
        }
        let read = begun.elapsed();
        let learned = learn(&prepared.train, None, &recipe);
        let grown = begun.elapsed();
        let report = judge(&prepared, &learned).expect("a model");
        println!(
            "{first}: train {:?} test {:?} AUC {:.4} AP {:.4} CP@100 {:.4}  features {read:.1?} ({:.0} rows/s) learn {:.1?} judge {:.1?}",
            report.train,
            report.test,
            report.auc,
            report.ap,
            report.cp100,
            prepared.rows as f64 / read.as_secs_f64(),
            grown - read,
            begun.elapsed() - grown,
        );
        sums = [sums[0] + report.auc, sums[1] + report.ap, sums[2] + report.cp100];
        folds += 1.0;
    }
    println!("mean AUC {:.4} AP {:.4} CP@100 {:.4}", sums[0] / folds, sums[1] / folds, sums[2] / folds);
}
