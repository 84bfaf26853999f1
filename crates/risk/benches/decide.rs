//! What a decision costs, and its parts: 100 rules, 60 features, 200 trees of 31 leaves, reasons, windows of
//! six entities with 20,000 of each.
//!
//! Compare parts within one run; bare times are the machine's.

use divan::{Bencher, black_box};
use risk::dice::Dice;
use risk::facts::{Fact, Facts, code};
use risk::model::{Arithmetic, Calibration, Card, Model};
use risk::policy::{Change, Policy, Scratch, Settings};
use risk::train::{Growth, Recipe, Sample, learn};

const ENTITIES: [(&str, Fact); 6] = [
    ("card", Fact::Card),
    ("account", Fact::Account),
    ("merchant", Fact::Merchant),
    ("terminal", Fact::Terminal),
    ("device", Fact::Device),
    ("address", Fact::Address),
];

const EACH: u64 = 20_000;

fn main() {
    divan::main();
}

fn features() -> Vec<String> {
    let mut out: Vec<String> = [
        "amount",
        "balance",
        "mcc",
        "hour",
        "weekday",
        "card_age",
        "pin_used",
        "fallback",
        "ratio(amount, balance)",
        "country",
        "latitude",
        "longitude",
    ]
    .map(str::to_owned)
    .to_vec();
    for (entity, _) in ENTITIES {
        for window in ["1h", "1d", "7d"] {
            out.push(format!("count({entity}, {window})"));
        }
        for window in ["1d", "30d"] {
            out.push(format!("sum(amount, {entity}, {window})"));
            out.push(format!("avg(amount, {entity}, {window})"));
        }
        out.push(format!("ratio(amount, avg(amount, {entity}, 30d))"));
    }
    assert_eq!(out.len(), 60);
    out
}

/// A hundred rules of one kind, none of which hits often.
fn rules() -> String {
    let mut text = "rules version 1\n".to_owned();
    for at in 0..100 {
        let (entity, window) = (ENTITIES[at % 6].0, ["1h", "1d", "7d"][at % 3]);
        text.push_str(&format!(
            "rule r{at} {{ owner \"o\" action review cause odd priority {at} when amount > {} \
             && count({entity}, {window}) > {} && !(mcc in [5411, {}]) && country != home_country }}\n",
            5_000 + at * 10,
            5 + at % 7,
            5_800 + at,
        ));
    }
    text
}

fn sale(dice: &mut Dice, now: i64) -> Facts {
    let mut facts = Facts::at(now, 8 * 3_600)
        .with(Fact::Amount, dice.below(20_000) as i64)
        .with(Fact::Balance, dice.below(1_000_000) as i64)
        .with(Fact::Mcc, 5_400 + dice.below(600) as i64)
        .with(Fact::CardAge, dice.below(100_000_000) as i64)
        .with(Fact::PinUsed, dice.below(2) as i64)
        .with(Fact::Fallback, 0)
        .with(Fact::Country, code(["CN", "DE"][dice.below(2) as usize]).unwrap_or(0))
        .with(Fact::HomeCountry, code("CN").unwrap_or(0))
        .with(Fact::Latitude, dice.below(80_000_000) as i64)
        .with(Fact::Longitude, dice.below(80_000_000) as i64)
        .with(Fact::Approved, 1)
        .with(Fact::Declined, 0)
        .with(Fact::Reversed, 0);
    for (_, fact) in ENTITIES {
        facts.set(fact, dice.below(EACH) as i64);
    }
    facts
}

/// A policy that has seen 200,000 sales, and sales to decide.
fn world() -> (Policy, Vec<Facts>) {
    let settings = Settings {
        causes: vec!["odd".into()],
        features: features(),
        entities_max: 1 << 20,
        snooze: 0,
        budget: 100,
    };
    let mut policy = Policy::new(settings, 0).expect("good features");
    policy.apply(&Change::Install { text: rules() }, 0).expect("good rules");
    let mut dice = Dice::new(1);
    let mut scratch = Scratch::default();
    let mut sample = Sample::new(60);
    let mut now = 1_700_000_000;
    for at in 0..200_000 {
        now += dice.below(20) as i64;
        let facts = sale(&mut dice, now);
        if at % 40 == 0 {
            policy.decide(&facts, &mut scratch);
            let odd = facts.of(Fact::Amount) > 15_000 && scratch.row[14] > 5 || dice.chance(100_000);
            sample.push(&scratch.row, odd);
        }
        policy.observe(&facts);
    }
    let recipe = Recipe {
        rounds: 200,
        growth: Growth::Leaf,
        leaves_max: 31,
        depth_max: 12,
        child_weight_min: 0.01,
        ..Recipe::default()
    };
    let learned = learn(&sample, None, &recipe);
    let card = Card {
        name: "bench".into(),
        data: "made up".into(),
        dates: "2023".into(),
        metrics: vec![("AP".into(), "none".into())],
        recipe: String::new(),
    };
    let arithmetic = Arithmetic::Fixed { base: learned.base };
    let schema = policy.program().schema();
    let model =
        Model::new(card, schema, Calibration::logistic(), arithmetic, learned.trees).expect("a model");
    policy.apply(&Change::Model { bytes: Some(model.bytes()) }, 0).expect("its own schema");
    let sales = (0..4_096).map(|_| sale(&mut dice, now)).collect();
    (policy, sales)
}

/// Hands out one sale after another.
fn each<'a>(sales: &'a [Facts]) -> impl FnMut() -> &'a Facts {
    let mut at = 0;
    move || {
        at = (at + 1) % sales.len();
        &sales[at]
    }
}

#[divan::bench(sample_count = 200, sample_size = 50)]
fn decision_whole(bencher: Bencher<'_, '_>) {
    let (policy, sales) = world();
    let (mut next, mut scratch) = (each(&sales), Scratch::default());
    bencher.bench_local(|| black_box(policy.decide(next(), &mut scratch)));
}

#[divan::bench(sample_count = 200, sample_size = 50)]
fn decision_and_observation(bencher: Bencher<'_, '_>) {
    let (mut policy, sales) = world();
    let (mut next, mut scratch) = (each(&sales), Scratch::default());
    bencher.bench_local(|| {
        let facts = next();
        let verdict = policy.decide(facts, &mut scratch);
        policy.observe(facts);
        black_box(verdict)
    });
}

#[divan::bench(sample_count = 200, sample_size = 50)]
fn backtest_row(bencher: Bencher<'_, '_>) {
    let (mut policy, sales) = world();
    let (mut next, mut scratch) = (each(&sales), Scratch::default());
    bencher.bench_local(|| {
        let facts = next();
        let verdict = policy.decide_briefly(facts, &mut scratch);
        policy.observe(facts);
        black_box(verdict)
    });
}

#[divan::bench(sample_count = 200, sample_size = 50)]
fn windows_read(bencher: Bencher<'_, '_>) {
    let (policy, sales) = world();
    let (mut next, mut scratch) = (each(&sales), Scratch::default());
    bencher.bench_local(|| policy.windows().read(next(), scratch.slots.readings()));
}

#[divan::bench(sample_count = 200, sample_size = 50)]
fn slots_filled(bencher: Bencher<'_, '_>) {
    let (policy, sales) = world();
    let mut scratch = Scratch::default();
    policy.windows().read(&sales[0], scratch.slots.readings());
    bencher.bench_local(|| policy.program().fill(&sales[0], &mut scratch.slots));
}

#[divan::bench(sample_count = 200, sample_size = 100)]
fn rules_hundred(bencher: Bencher<'_, '_>) {
    let (policy, sales) = world();
    let mut slots: Vec<_> = Vec::new();
    for facts in sales.iter().take(256) {
        let mut scratch = Scratch::default();
        policy.decide(facts, &mut scratch);
        slots.push(scratch.slots);
    }
    let (mut at, mut hits) = (0, Vec::new());
    bencher.bench_local(|| {
        at = (at + 1) % slots.len();
        policy.program().run(&slots[at], &mut hits);
    });
}

/// Rows of features of different sales.
fn rows(policy: &Policy, sales: &[Facts]) -> Vec<Vec<i64>> {
    let mut scratch = Scratch::default();
    let row = |facts: &Facts| {
        policy.decide(facts, &mut scratch);
        scratch.row.clone()
    };
    sales.iter().map(row).collect()
}

#[divan::bench(sample_count = 200, sample_size = 50)]
fn forest_score(bencher: Bencher<'_, '_>) {
    let (policy, sales) = world();
    let rows = rows(&policy, &sales);
    let forest = policy.model().expect("a model").forest();
    let mut at = 0;
    bencher.bench_local(|| {
        at = (at + 1) % rows.len();
        black_box(forest.score(&rows[at]))
    });
}

#[divan::bench(sample_count = 200, sample_size = 50)]
fn forest_explain(bencher: Bencher<'_, '_>) {
    let (policy, sales) = world();
    let rows = rows(&policy, &sales);
    let forest = policy.model().expect("a model").forest();
    let mut at = 0;
    bencher.bench_local(|| {
        at = (at + 1) % rows.len();
        black_box(forest.explain(&rows[at]))
    });
}
