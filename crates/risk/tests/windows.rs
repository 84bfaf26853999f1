//! Windows against a naive recount over the full history.

use risk::dice::Dice;
use risk::facts::{Fact, Facts, MISSING};
use risk::language::{Program, Slots, Window, compile, parse};
use risk::window::{DISTINCT_MAX, RECENT, Sort, TrackSpec, Windows, place_distance};

/// One rule a condition, so that every aggregate gets its slot.
fn program(aggregates: &[&str]) -> Program {
    let mut text = "rules version 1\n".to_owned();
    for (at, aggregate) in aggregates.iter().enumerate() {
        text.push_str(&format!(
            "rule r{at} {{ owner \"o\" action decline cause c priority 1 when {aggregate} == missing }}\n"
        ));
    }
    compile(&parse(&text).expect("good"), &["c"]).expect("good")
}

/// What the program reads for its aggregates, in their order.
fn read(program: &Program, windows: &Windows, facts: &Facts) -> Vec<i64> {
    let mut slots = Slots::default();
    windows.read(facts, slots.readings());
    program.fill(facts, &mut slots);
    let begin = risk::facts::FACTS;
    slots.values()[begin..begin + program.aggregates().count()].to_vec()
}

const BEGIN: i64 = 1_500_000_000;

/// A transaction of one of three cards at one of some merchants.
fn event(dice: &mut Dice, now: i64, merchants: u64) -> Facts {
    let facts = Facts::at(now, 8 * 3_600)
        .with(Fact::Card, dice.below(3) as i64)
        .with(Fact::Merchant, dice.below(merchants) as i64)
        .with(Fact::Amount, dice.below(100_000) as i64)
        .with(Fact::Approved, 0)
        .with(Fact::Declined, 0)
        .with(Fact::Reversed, 0);
    match dice.below(10) {
        0 => facts.with(Fact::Reversed, 1),
        1 | 2 => facts.with(Fact::Declined, 1),
        _ => facts.with(Fact::Approved, 1),
    }
}

/// The past events of a card that a filter takes, newer than `start`.
fn past(history: &[Facts], card: i64, start: i64, takes: impl Fn(&Facts) -> bool) -> Vec<&Facts> {
    history
        .iter()
        .filter(|facts| facts.of(Fact::Card) == card && facts.of(Fact::Now) > start && takes(facts))
        .collect()
}

fn attempt(facts: &Facts) -> bool {
    facts.of(Fact::Reversed) != 1
}

#[test]
fn sliding_windows_are_never_less_than_the_truth_and_at_most_one_bucket_more() {
    let names = ["10m", "1h", "1d", "7d"];
    let lengths = [600_i64, 3_600, 86_400, 7 * 86_400];
    let mut exact = 0;
    for seed in 0..12 {
        let mut dice = Dice::new(seed);
        let at = (seed % 4) as usize;
        let (name, length) = (names[at], lengths[at]);
        let aggregates = [
            format!("count(card, {name}, before)"),
            format!("sum(amount, card, {name}, before)"),
            format!("max(amount, card, {name}, before)"),
            format!("min(amount, card, {name}, before)"),
            format!("count(card, {name})"),
            format!("count(card, {name}, where approved && amount > 50000, before)"),
            format!("count(card, {name}, where reversed, before)"),
        ];
        let program = program(&aggregates.each_ref().map(String::as_str));
        let mut windows = Windows::new(program.spec(100), BEGIN);
        let mut history: Vec<Facts> = Vec::new();
        let mut now = BEGIN;
        let bucket = (length + 11) / 12;
        let gap = [length / 3, length / 40, length / 200][(seed % 3) as usize].max(2) as u64;
        for step in 0..1_500 {
            now += dice.below(gap) as i64;
            if dice.chance(3_000) {
                now += 2 * length;
            }
            let facts = event(&mut dice, now, 30);
            let got = read(&program, &windows, &facts);
            let card = facts.of(Fact::Card);
            let least = past(&history, card, now - length, attempt);
            let most = past(&history, card, now - length - bucket, attempt);
            let sum = |events: &[&Facts]| events.iter().map(|facts| facts.of(Fact::Amount)).sum::<i64>();
            let max = |events: &[&Facts]| {
                events.iter().map(|facts| facts.of(Fact::Amount)).max().unwrap_or(MISSING)
            };
            let place = format!("seed {seed}, step {step}, window {name}");
            assert!((least.len()..=most.len()).contains(&(got[0] as usize)), "{place}: {}", got[0]);
            assert!((sum(&least)..=sum(&most)).contains(&got[1]), "{place}: {}", got[1]);
            assert!((max(&least)..=max(&most)).contains(&got[2]), "{place}: {}", got[2]);
            assert_eq!(got[4], got[0] + i64::from(attempt(&facts)), "{place}: the current one counts");
            if least.len() < RECENT {
                let newest_exact =
                    past(&history, card, MISSING, attempt).len() <= RECENT || most.len() < RECENT;
                if newest_exact {
                    exact += 1;
                    assert_eq!((got[0], got[1]), (least.len() as i64, sum(&least)), "{place}");
                    let min = least.iter().map(|facts| facts.of(Fact::Amount)).min();
                    assert_eq!(got[3], min.unwrap_or(MISSING), "{place}");
                }
            }
            let approved = |facts: &Facts| {
                facts.of(Fact::Reversed) != 1
                    && facts.of(Fact::Approved) == 1
                    && facts.of(Fact::Amount) > 50_000
            };
            let reversed = |facts: &Facts| facts.of(Fact::Reversed) == 1;
            let range = past(&history, card, now - length, approved).len()
                ..=past(&history, card, now - length - bucket, approved).len();
            assert!(range.contains(&(got[5] as usize)), "{place}");
            let range = past(&history, card, now - length, reversed).len()
                ..=past(&history, card, now - length - bucket, reversed).len();
            assert!(range.contains(&(got[6] as usize)), "{place}");
            windows.observe(&facts, |filter| program.passes(filter, &facts));
            history.push(facts);
        }
    }
    assert!(exact > 2_000, "too few exact cases to say anything: {exact}");
}

#[test]
fn calendars_firsts_lasts_and_small_sets_are_exact() {
    for seed in 0..6 {
        let mut dice = Dice::new(100 + seed);
        let merchants = if seed % 2 == 0 { 12 } else { 60 };
        let program = program(&[
            "count(card, day, before)",
            "sum(amount, card, month, before)",
            "distinct(merchant, card, 1d, before)",
            "first_seen(card x merchant)",
            "last(card)",
            "last(amount, card)",
            "distinct(merchant, card, 1d)",
            "spread(amount, card, month, before)",
        ]);
        let mut windows = Windows::new(program.spec(1_000), BEGIN);
        let mut history: Vec<Facts> = Vec::new();
        let mut now = BEGIN;
        for step in 0..1_200 {
            now += dice.below(6_000) as i64;
            let facts = event(&mut dice, now, merchants);
            let got = read(&program, &windows, &facts);
            let place = format!("seed {}, step {step}", 100 + seed);
            let card = facts.of(Fact::Card);
            let midnight = (now + 8 * 3_600) / 86_400 * 86_400 - 8 * 3_600;
            assert_eq!(got[0], past(&history, card, midnight - 1, attempt).len() as i64, "{place}");
            // Months of 2017: July begins 17,348 days after 1970, August 17,379, September 17,410, ..
            let months =
                [17_348, 17_379, 17_410, 17_440, 17_471, 17_501, 17_532].map(|day| day * 86_400 - 8 * 3_600);
            let month = *months.iter().rev().find(|begin| **begin <= now).expect("within 2017");
            let of_month = past(&history, card, month - 1, attempt);
            let amounts: Vec<i64> = of_month.iter().map(|facts| facts.of(Fact::Amount)).collect();
            assert_eq!(got[1], amounts.iter().sum::<i64>(), "{place}");
            if amounts.len() > 1 {
                let mean = amounts.iter().sum::<i64>() as f64 / amounts.len() as f64;
                let squares: f64 = amounts.iter().map(|amount| (*amount as f64 - mean).powi(2)).sum();
                assert!((got[7] as f64 - (squares / amounts.len() as f64).sqrt()).abs() < 1.01, "{place}");
            }
            let mut seen: Vec<i64> = past(&history, card, now - 86_400, attempt)
                .iter()
                .map(|facts| facts.of(Fact::Merchant))
                .collect();
            seen.sort_unstable();
            seen.dedup();
            assert_eq!(got[2], (seen.len().min(DISTINCT_MAX)) as i64, "{place}");
            if attempt(&facts) && seen.len() < DISTINCT_MAX {
                let new = !seen.contains(&facts.of(Fact::Merchant));
                assert_eq!(got[6], got[2] + i64::from(new), "{place}");
            }
            let of_card = past(&history, card, MISSING, attempt);
            let first = of_card.iter().find(|event| event.of(Fact::Merchant) == facts.of(Fact::Merchant));
            assert_eq!(got[3], first.map_or(MISSING, |event| event.of(Fact::Now)), "{place}");
            assert_eq!(got[4], of_card.last().map_or(MISSING, |event| event.of(Fact::Now)), "{place}");
            assert_eq!(got[5], of_card.last().map_or(MISSING, |event| event.of(Fact::Amount)), "{place}");
            windows.observe(&facts, |filter| program.passes(filter, &facts));
            history.push(facts);
        }
    }
}

#[test]
fn labels_count_from_when_they_arrive() {
    let program = program(&["labels(terminal, 7d, delay 7d)", "frauds(terminal, 7d, delay 7d)"]);
    let bucket = (7 * 86_400_i64 + 11) / 12;
    for seed in 0..6 {
        let mut dice = Dice::new(seed);
        let mut windows = Windows::new(program.spec(10), BEGIN);
        // (time, fraud) whose labels are in, and those on their way with their own delay.
        let (mut labelled, mut waiting) = (Vec::<(i64, bool)>::new(), Vec::<(i64, i64, bool)>::new());
        let mut now = BEGIN;
        for step in 0..1_500 {
            now += dice.below(4_000) as i64;
            let facts = Facts::at(now, 0).with(Fact::Terminal, 9);
            waiting.retain(|&(arrives, at, fraud)| {
                if arrives <= now {
                    windows.label(&Facts::at(at, 0).with(Fact::Terminal, 9), fraud, now, |_| true);
                    labelled.push((at, fraud));
                }
                arrives > now
            });
            let got = read(&program, &windows, &facts);
            let (begin, end) = (now - 14 * 86_400, now - 7 * 86_400);
            let count = |from: i64, to: i64, frauds: bool| {
                labelled.iter().filter(|(at, fraud)| *at > from && *at <= to && (*fraud || !frauds)).count()
                    as i64
            };
            for (at, frauds) in [(0, false), (1, true)] {
                let range = count(begin, end, frauds)..=count(begin - bucket, end + bucket, frauds);
                assert!(range.contains(&got[at]), "seed {seed}, step {step}: {} not in {range:?}", got[at]);
            }
            waiting.push((now + dice.below(9 * 86_400) as i64, now, dice.chance(200_000)));
        }
        assert!(labelled.len() > 1_000);
    }
}

#[test]
fn the_same_history_gives_the_same_bytes_and_restored_windows_go_on_alike() {
    let program = program(&[
        "count(card, 1h)",
        "avg(amount, card, 30d)",
        "distinct(card, merchant, 1d)",
        "count(card x merchant, 90d)",
        "fraud_rate(merchant, 7d, delay 7d)",
    ]);
    let mut dice = Dice::new(4);
    // Little room, so that entities are evicted as well.
    let mut windows = Windows::new(program.spec(8), BEGIN);
    let mut other = windows.clone();
    for step in 0..4_000_i64 {
        let facts = event(&mut dice, BEGIN + step * 700, 40);
        for windows in [&mut windows, &mut other] {
            windows.observe(&facts, |filter| program.passes(filter, &facts));
            windows.label(&facts, step % 9 == 0, BEGIN + step * 700, |_| true);
        }
        if step % 500 == 0 {
            let bytes = borsh::to_vec(&windows).expect("memory");
            assert_eq!(bytes, borsh::to_vec(&other).expect("memory"), "step {step}");
            other = borsh::from_slice(&bytes).expect("its own bytes");
        }
    }
    assert!(windows.evicted() > 0 && windows.entities() <= 3 * 8);
    let bytes = borsh::to_vec(&windows).expect("memory");
    for cut in [0, 1, bytes.len() / 2, bytes.len() - 1] {
        assert!(borsh::from_slice::<Windows>(&bytes[..cut]).is_err());
    }
}

#[test]
fn entities_expire_when_touched_and_clocks_that_jump_change_nothing_decided() {
    let program = program(&["count(card, 1h, before)", "first_seen(card)"]);
    let mut windows = Windows::new(program.spec(10), BEGIN);
    let at = |now| Facts::at(now, 0).with(Fact::Card, 5);
    windows.observe(&at(BEGIN), |_| true);
    windows.observe(&at(BEGIN + 100), |_| true);
    // A clock that fell back counts as standing still.
    windows.observe(&at(BEGIN - 50_000), |_| true);
    assert_eq!(read(&program, &windows, &at(BEGIN - 90_000)), [3, BEGIN]);
    assert_eq!(
        read(&program, &windows, &at(BEGIN + 3_699)),
        [3 - 1, BEGIN],
        "two are exactly at the edge or newer"
    );
    assert_eq!(read(&program, &windows, &at(BEGIN + 3_700)), [0, BEGIN]);
    let late = BEGIN + 91 * 86_400;
    assert_eq!(read(&program, &windows, &at(late)), [0, MISSING]);
    windows.observe(&at(late), |_| true);
    assert_eq!(read(&program, &windows, &at(late + 1)), [1, late]);
    assert_eq!(read(&program, &windows, &Facts::at(late, 0)), [MISSING, MISSING], "nobody is nobody");
}

#[test]
fn an_edited_rule_set_keeps_what_both_remember() {
    let old = program(&["count(card, 1h, before)", "sum(amount, card, 1d, before)"]);
    let new = program(&["count(card, 1d, before)", "sum(amount, card, 1d, before)"]);
    let mut windows = Windows::new(old.spec(10), BEGIN);
    let facts = Facts::at(BEGIN + 10, 0).with(Fact::Card, 5).with(Fact::Amount, 70);
    windows.observe(&facts, |_| true);
    let carried = windows.carried(new.spec(10), BEGIN + 20);
    assert_eq!(read(&new, &carried, &facts), [0, 70]);
    assert_eq!((carried.since(0), carried.since(1)), (BEGIN + 20, BEGIN));
    assert!(!carried.filled(BEGIN + 86_400) && carried.filled(BEGIN + 20 + 2 * 86_400));
}

#[test]
fn every_sort_of_track_stays_within_its_words() {
    let windows = [Some(Window::Sliding(600)), Some(Window::Sliding(90 * 86_400)), Some(Window::Day), None];
    for sort in [
        Sort::Events,
        Sort::Sums,
        Sort::Squares,
        Sort::Extremes,
        Sort::Distinct,
        Sort::First,
        Sort::Last,
        Sort::Place,
    ] {
        for window in windows {
            let value = Some(Fact::Amount);
            let track = TrackSpec { entity: vec![Fact::Card], sort, value, window, delay: 0, filter: None };
            assert!(track.words() * 4 + 12 <= risk::window::ENTITY_BYTES_MAX, "{track:?}");
        }
    }
}

#[test]
fn distances() {
    // Beijing to Shanghai 1,068 km, to Tianjin 110 km; across the date line; the same place.
    for (a, b, want) in [
        ((39_904_200, 116_407_400), (31_230_400, 121_473_700), 1_068_000),
        ((39_904_200, 116_407_400), (39_343_400, 117_361_600), 103_000),
        ((0, 179_900_000), (0, -179_900_000), 22_239),
        ((52_000_000, 13_000_000), (52_000_000, 13_000_000), 0),
    ] {
        let got = place_distance(a, b);
        assert!((got - want).abs() * 100 <= want, "{a:?} {b:?}: {got}, not {want}");
    }
    assert!(place_distance((i64::MAX, i64::MIN), (i64::MIN, i64::MAX)) > 0);
}
