//! Compares margins with those a library computed: `margins lightgbm|xgboost MODEL NAMES ROWS MARGINS`.
//!
//! NAMES: feature names, joined by commas. ROWS: little-endian doubles, row by row. MARGINS: little-endian
//! doubles (LightGBM) or singles (XGBoost). Ends with 1 where a bit differs.
#![expect(clippy::print_stdout, reason = "this program prints its findings")]
#![expect(clippy::disallowed_methods, reason = "a program has files")]

use std::process::ExitCode;

use risk::import::{lightgbm, xgboost};
use risk::model::{Encoding, Margin, Schema, key32, key64};

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [library, model, names, rows, margins] = args.as_slice() else {
        println!("margins lightgbm|xgboost MODEL NAMES ROWS MARGINS");
        return ExitCode::FAILURE;
    };
    let text = std::fs::read_to_string(model).expect("a readable model");
    let features: Vec<String> = names.split(',').map(str::to_owned).collect();
    let doubles = library == "lightgbm";
    let encoding = if doubles { Encoding::Double } else { Encoding::Single };
    let schema = Schema { encoding, features };
    let read = if doubles { lightgbm(&text, &schema) } else { xgboost(&text, &schema) };
    let forest = match read.and_then(|imported| imported.forest(&schema)) {
        Ok(forest) => forest,
        Err(refusal) => {
            println!("refused: {refusal}");
            return ExitCode::FAILURE;
        }
    };
    let rows = std::fs::read(rows).expect("readable rows");
    let wanted = std::fs::read(margins).expect("readable margins");
    let values: Vec<i64> = rows
        .as_chunks::<8>()
        .0
        .iter()
        .map(|bytes| f64::from_le_bytes(*bytes))
        .map(|value| if doubles { key64(value) } else { key32(value as f32) })
        .collect();
    let (mut equal, mut count, mut sums) = (0, 0, 0);
    let width = if doubles { 8 } else { 4 };
    for (row, bits) in values.chunks(schema.features.len()).zip(wanted.chunks(width)) {
        let same = match forest.margin(row) {
            Margin::Double(margin) => margin.to_le_bytes() == *bits,
            Margin::Single(margin) => margin.to_le_bytes() == *bits,
            Margin::Fixed(_) => false,
        };
        let (score, why) = forest.explain(row);
        count += 1;
        equal += usize::from(same);
        sums += usize::from(why.bias + why.by_feature.iter().sum::<i64>() == score);
    }
    println!("{library}: {equal} of {count} margins bit-equal; contributions of {sums} sum exactly");
    if equal == count && sums == count { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
