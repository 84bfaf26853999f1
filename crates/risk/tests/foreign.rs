//! Models that LightGBM 4.7 and XGBoost 3.2 trained and scored, repeated bit by bit.
//!
//! The two small models were trained for this test on made-up rows; their margins are what the libraries'
//! own `predict` gave. `tests/peers/models.py` does the same with 200 trees and 10,000 rows.

use risk::import::{Imported, lightgbm, xgboost};
use risk::model::{Encoding, Margin, Refusal, Schema, key32, key64};

const LIGHTGBM: &str = include_str!("foreign/lightgbm.txt");
const XGBOOST: &str = include_str!("foreign/xgboost.json");

fn schema(encoding: Encoding) -> Schema {
    Schema { encoding, features: ["amount", "count", "place"].map(str::to_owned).to_vec() }
}

/// Three features, LightGBM's raw score, XGBoost's margin.
const KNOWN: [([f64; 3], u64, u32); 6] = [
    ([12.5, 3.0, 0.1], 0xbff2_5877_680d_7fb6, 0xbff3_210a),
    ([80.0, 1.0, -1.0], 0x3fac_126c_4d4d_6810, 0x3f8f_c278),
    ([f64::NAN, 0.0, 2.0], 0x3fac_126c_4d4d_6820, 0x3f7e_6aa5),
    ([0.0, 8.0, f64::NAN], 0xbff2_5877_680d_7fb6, 0xbff3_210a),
    ([41.01, 5.0, 1.19], 0x3fac_126c_4d4d_6810, 0x3f8f_c278),
    ([-0.0, 0.0, 0.0], 0xbff2_5877_680d_7fb6, 0xbff3_210a),
];

#[test]
fn margins_are_bit_equal() {
    let doubles = lightgbm(LIGHTGBM, &schema(Encoding::Double)).expect("a good model");
    let doubles = doubles.forest(&schema(Encoding::Double)).expect("a sound forest");
    let singles = xgboost(XGBOOST, &schema(Encoding::Single)).expect("a good model");
    let singles = singles.forest(&schema(Encoding::Single)).expect("a sound forest");
    for (row, double, single) in KNOWN {
        assert_eq!(doubles.margin(&row.map(key64)), Margin::Double(f64::from_bits(double)), "{row:?}");
        let short = row.map(|value| key32(value as f32));
        assert_eq!(singles.margin(&short), Margin::Single(f32::from_bits(single)), "{row:?}");
        for (forest, row) in [(&doubles, row.map(key64)), (&singles, short)] {
            let (score, why) = forest.explain(&row);
            assert_eq!(why.bias + why.by_feature.iter().sum::<i64>(), score);
            let margin = match forest.margin(&row) {
                Margin::Double(margin) => margin,
                Margin::Single(margin) => f64::from(margin),
                Margin::Fixed(_) => panic!("a foreign model adds floats"),
            };
            assert!((score as f64 / risk::model::ONE as f64 - margin).abs() < 1e-6);
        }
    }
}

/// Models that were trained on whole numbers score whole numbers the same, without a float on the way.
#[test]
fn whole_numbers_need_no_keys() {
    let whole = schema(Encoding::Integer);
    for row in [[12, 3, 0], [80, 1, -1], [41, 5, 2], [40, 0, 1]] {
        let floats = row.map(|value| value as f64);
        let read = |model: Imported, other: Imported, keyed: [i64; 3], encoding| {
            let whole = model.forest(&whole).expect("a sound forest").margin(&row);
            assert_eq!(
                whole,
                other.forest(&schema(encoding)).expect("a sound forest").margin(&keyed),
                "{row:?}"
            );
        };
        read(
            lightgbm(LIGHTGBM, &whole).expect("a good model"),
            lightgbm(LIGHTGBM, &schema(Encoding::Double)).expect("a good model"),
            floats.map(key64),
            Encoding::Double,
        );
        read(
            xgboost(XGBOOST, &whole).expect("a good model"),
            xgboost(XGBOOST, &schema(Encoding::Single)).expect("a good model"),
            floats.map(|value| key32(value as f32)),
            Encoding::Single,
        );
    }
}

#[test]
fn damaged_lightgbm_is_refused_by_name() {
    let doubles = schema(Encoding::Double);
    for (from, to, why) in [
        ("decision_type=10 10", "decision_type=11 10", "Tree=0: categorical splits are not scored here"),
        ("num_cat=0", "num_cat=1", "Tree=0: categorical splits are not scored here"),
        ("is_linear=0", "is_linear=1", "Tree=0: linear leaves are not scored here"),
        ("left_child=1 2", "left_child=0 2", "Tree=0: a tree that runs in a circle"),
        ("left_child=1 2", "left_child=99 2", "Tree=0: a child that is not there"),
        ("split_feature=0 2", "split_feature=9 2", "Tree=0: a split on a feature the file does not name"),
        (
            "threshold=40.",
            "threshold=x40.",
            "Tree=0: `threshold` holds `x40.145000000000003`, which does not fit there",
        ),
        (
            "threshold=40.145000000000003 ",
            "threshold=",
            "Tree=0: `threshold` has 3 entries where 4 should be",
        ),
        (
            "leaf_value=-0.868",
            "leaf_value=inf -0.868",
            "Tree=0: `leaf_value` has 6 entries where 5 should be",
        ),
        ("version=v4", "version=v9", "version: `v9` is not known; v3 and v4 are"),
        ("amount", "other", "the model reads features of another schema"),
        ("\nend of trees", "", "end: the file ends too early"),
        ("Tree=1", "Tree=7", "Tree=7: trees are not numbered in order"),
    ] {
        let bent = LIGHTGBM.replacen(from, to, 1);
        assert_ne!(bent, LIGHTGBM, "{from}");
        let told = lightgbm(&bent, &doubles).expect_err(why).to_string();
        assert_eq!(told, why);
    }
    assert!(matches!(lightgbm(LIGHTGBM, &schema(Encoding::Single)), Err(Refusal::Foreign { .. })));
}

#[test]
fn damaged_xgboost_is_refused_by_name() {
    let singles = schema(Encoding::Single);
    for (from, to, why) in [
        ("\"gbtree\"", "\"dart\"", "gradient_booster: `dart` is not scored here; gbtree is"),
        ("\"amount\"", "\"other\"", "the model reads features of another schema"),
        (
            "\"num_trees\":\"3\"",
            "\"num_trees\":\"4\"",
            "num_trees: another number of trees than the file says",
        ),
        ("\"categories\":[]", "\"categories\":[1]", "tree 0: categorical splits are not scored here"),
        ("\"left_children\":[\n1,", "\"left_children\":[\n0,", "tree 0: a tree that runs in a circle"),
        ("\"left_children\":[\n1,", "\"left_children\":[\n77,", "tree 0: a child that is not there"),
        ("\"split_indices\":[\n0,", "\"split_indices\":[\n", "tree 0: `split_indices` is too short or long"),
        ("40.13", "\"x\"", "tree 0: not a number of the kind that stands here"),
    ] {
        let bent = XGBOOST.replacen(from, to, 1);
        assert_ne!(bent, XGBOOST, "{from}");
        assert_eq!(xgboost(&bent, &singles).expect_err(why).to_string(), why);
    }
    assert_eq!(xgboost("{}", &singles).unwrap_err().to_string(), "learner: the field is not there");
    assert!(matches!(lightgbm(LIGHTGBM, &singles), Err(Refusal::Foreign { .. })));
    assert!(matches!(xgboost(XGBOOST, &schema(Encoding::Double)), Err(Refusal::Foreign { .. })));
}

/// No text, however cut or bent, makes the reader fail in any other way than by refusing.
#[test]
fn cut_and_bent_texts_never_panic() {
    let mut dice = risk::dice::Dice::new(11);
    for _ in 0..400 {
        for (text, singles) in [(LIGHTGBM, false), (XGBOOST, true)] {
            let mut bytes = text.as_bytes().to_vec();
            for _ in 0..=dice.below(3) {
                let at = dice.below(bytes.len() as u64) as usize;
                bytes[at] = b"0129-.,:\n[]{} e"[dice.below(15) as usize];
            }
            bytes.truncate(if dice.chance(300_000) {
                dice.below(bytes.len() as u64) as usize
            } else {
                bytes.len()
            });
            let bent = String::from_utf8(bytes).expect("ASCII");
            let encoding = if singles { Encoding::Single } else { Encoding::Double };
            let read =
                if singles { xgboost(&bent, &schema(encoding)) } else { lightgbm(&bent, &schema(encoding)) };
            if let Ok(imported) = read
                && let Ok(forest) = imported.forest(&schema(encoding))
            {
                forest.margin(&[0, 1, 2]);
            }
        }
    }
}
