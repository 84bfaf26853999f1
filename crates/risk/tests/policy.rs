//! A policy from outside: the life of its rules, what it decides and why, and that bytes stay the same.

use expect_test::expect;
use risk::dice::Dice;
use risk::facts::{Fact, Facts};
use risk::language::{Action, Scope};
use risk::model::{Arithmetic, Calibration, Card, Encoding, Model, Node, ONE, Schema, Tree};
use risk::policy::{Change, Life, Notice, Policy, Refused, Scratch, Settings, Verdict, Whether};

const DAY: i64 = 86_400;
const BEGIN: i64 = 1_700_006_400;

const RULES: &str = r#"
rules version 1
rule burst { owner "desk" action freeze card for 72h cause velocity_burst priority 500
    when count(card, 1h) > 3 }
rule large { owner "desk" action step_up cause card_testing priority 400 when amount > 5000 }
rule friend { owner "desk" action allow cause card_testing priority 900 when merchant in [#1] }
rule scored { owner "desk" action decline cause card_testing priority 300 when score > 500000 }
"#;

fn settings() -> Settings {
    Settings {
        causes: ["velocity_burst", "card_testing"].map(str::to_owned).to_vec(),
        features: ["amount", "count(card, 1h)", "ratio(amount, avg(amount, card, 30d, before))"]
            .map(str::to_owned)
            .to_vec(),
        entities_max: 1_000,
        snooze: 30 * DAY,
        budget: 1,
    }
}

fn policy() -> Policy {
    let mut policy = Policy::new(settings(), BEGIN).expect("good settings");
    policy.apply(&Change::Install { text: RULES.to_owned() }, BEGIN).expect("good rules");
    policy
}

fn to(policy: &mut Policy, rule: &str, life: Life, at: i64) {
    policy.apply(&Change::Propose { rule: rule.into(), life, by: 1 }, at).expect("a good proposal");
    if life.acts() {
        policy.apply(&Change::Agree { rule: rule.into(), by: 2 }, at).expect("a second person");
    }
}

fn sale(now: i64, card: i64, amount: i64) -> Facts {
    Facts::at(now, 0).with(Fact::Card, card).with(Fact::Amount, amount).with(Fact::Merchant, 7)
}

/// A model of one split: many in an hour are fraud.
fn model(policy: &Policy) -> Model {
    let mut nodes = vec![Node::leaf(-ONE), Node::leaf(-3 * ONE), Node::leaf(2 * ONE)];
    (nodes[0].left, nodes[0].right, nodes[0].feature, nodes[0].threshold) = (1, 2, 1, 2);
    let card = Card {
        name: "one split".into(),
        data: "made up".into(),
        dates: "2018".into(),
        metrics: vec![("AP".into(), "1".into())],
        recipe: String::new(),
    };
    let schema = policy.program().schema();
    Model::new(card, schema, Calibration::logistic(), Arithmetic::Fixed { base: 0 }, vec![Tree { nodes }])
        .expect("a sound model")
}

/// What was decided, short.
fn shown(verdict: &Verdict) -> String {
    let hits: Vec<String> =
        verdict.hits.iter().map(|hit| format!("{} {:?}", hit.rule, hit.whether)).collect();
    format!("{:?} {}", verdict.action, hits.join(", "))
}

#[test]
fn a_rule_lives_from_draft_to_active_by_two_people() {
    let mut policy = policy();
    let mut scratch = Scratch::default();
    let now = BEGIN + 10;
    let large = sale(now, 5, 6_000);
    assert_eq!(shown(&policy.decide(&large, &mut scratch)), "None 1 Shadow");
    let propose = |life, by| Change::Propose { rule: "large".into(), life, by };
    let agree = |by| Change::Agree { rule: "large".into(), by };
    assert_eq!(policy.apply(&agree(1), now), Err(Refused::NothingProposed));
    assert_eq!(policy.apply(&propose(Life::Percentage(100), 1), now), Err(Refused::NotAPercentage));
    assert_eq!(policy.apply(&propose(Life::Active, 1), now), Ok(Notice::Waits { rule: "large".into() }));
    assert_eq!(policy.apply(&agree(1), now), Err(Refused::SamePerson));
    assert_eq!(shown(&policy.decide(&large, &mut scratch)), "None 1 Shadow");
    let stands = Ok(Notice::Stands { rule: "large".into(), life: Life::Active });
    assert_eq!(policy.apply(&agree(2), now), stands);
    assert_eq!(shown(&policy.decide(&large, &mut scratch)), "Some((StepUp, 1)) 1 Acts");
    assert_eq!(policy.apply(&agree(2), now - 1), Err(Refused::Earlier));

    // An edited rule is another rule; the others keep their standing.
    let edited = RULES.replace("amount > 5000", "amount > 5500");
    let told = policy.apply(&Change::Install { text: edited }, now);
    assert!(
        matches!(told, Ok(Notice::Installed { drafts, gone, .. }) if drafts == ["large"] && gone.is_empty())
    );
    assert_eq!(shown(&policy.decide(&large, &mut scratch)), "None 1 Shadow");
    // A wrong file changes nothing.
    let before = borsh::to_vec(&policy).expect("memory");
    let wrong = Change::Install { text: RULES.replace("amount >", "amout >") };
    assert!(matches!(policy.apply(&wrong, now), Err(Refused::Rules(faults)) if faults.len() == 1));
    assert_eq!(borsh::to_vec(&policy).expect("memory"), before);
}

#[test]
fn a_rule_leaves_shadow_only_with_full_windows() {
    let mut policy = policy();
    let propose = Change::Propose { rule: "burst".into(), life: Life::Active, by: 1 };
    let told = policy.apply(&propose, BEGIN + 60);
    assert!(matches!(told, Err(Refused::NotFilled { aggregate, .. }) if aggregate == "count(card, 1h)"));
    // A replay fills them.
    let program = policy.program().clone();
    let mut windows = risk::window::Windows::new(program.spec(1_000), BEGIN - DAY);
    let event = sale(BEGIN - 60, 5, 100);
    windows.observe(&event, |filter| program.passes(filter, &event));
    policy.fill(windows).expect("its own windows");
    assert!(policy.apply(&propose, BEGIN + 60).is_ok());
    let other = risk::window::Windows::new(risk::window::Spec { tracks: Vec::new(), entities_max: 1 }, 0);
    assert_eq!(policy.fill(other), Err(Refused::OtherWindows));
}

#[test]
fn rules_are_all_evaluated_and_then_resolved_by_priority() {
    let mut policy = policy();
    let now = BEGIN + 2 * DAY;
    for rule in ["burst", "large", "friend"] {
        to(&mut policy, rule, Life::Active, now);
    }
    let mut scratch = Scratch::default();
    for second in 0..3 {
        policy.observe(&sale(now + second, 5, 10));
    }
    let verdict = policy.decide(&sale(now + 3, 5, 9_000), &mut scratch);
    assert_eq!(verdict.action, Some((Action::Freeze { scope: Scope::Card, span: 3 * DAY }, 0)));
    assert_eq!(verdict.hits.len(), 2);
    let why = policy.program().explain(0, &scratch.slots);
    assert_eq!(
        (why[0].otherwise.as_str(), why[0].values[0].1, why[0].distance),
        ("count(card, 1h) <= 3", 4, 1)
    );
    let friendly = sale(now + 3, 5, 9_000).with(Fact::Merchant, 1);
    assert_eq!(policy.decide(&friendly, &mut scratch).action, Some((Action::Allow, 2)));
    assert_eq!(policy.decide(&sale(now + 4_000, 5, 10), &mut scratch).action, None);
}

#[test]
fn false_positives_snooze_and_bring_a_rule_down() {
    let mut policy = policy();
    let now = BEGIN + 2 * DAY;
    to(&mut policy, "large", Life::Active, now);
    let mut scratch = Scratch::default();
    let whether = |policy: &Policy, card, now, scratch: &mut Scratch| {
        policy
            .decide(&sale(now, card, 6_000), scratch)
            .hits
            .iter()
            .find(|hit| hit.rule == 1)
            .map(|hit| hit.whether)
    };
    let wrong = |card| Change::FalsePositive { rule: "large".into(), card };
    let until = now + 30 * DAY;
    assert_eq!(policy.apply(&wrong(5), now), Ok(Notice::Snoozed { rule: "large".into(), until }));
    assert_eq!(
        policy.apply(&wrong(5), now).expect("the same person again"),
        Notice::Snoozed { rule: "large".into(), until }
    );
    assert_eq!(whether(&policy, 5, now, &mut scratch), Some(Whether::Snoozed));
    assert_eq!(whether(&policy, 5, until, &mut scratch), Some(Whether::Acts));
    assert_eq!(whether(&policy, 6, now, &mut scratch), Some(Whether::Acts));
    // A second person on the same day is one more than the budget of one.
    assert_eq!(policy.apply(&wrong(6), now), Ok(Notice::FellBack { rule: "large".into(), people: 2 }));
    assert_eq!(whether(&policy, 7, now, &mut scratch), Some(Whether::Shadow));
    assert_eq!(policy.standings()[1].wronged_ever, 2);
    assert_eq!(
        policy.apply(&Change::Budget { rule: "none".into(), people: 1 }, now),
        Err(Refused::UnknownRule("none".into()))
    );
}

#[test]
fn a_percentage_acts_on_the_same_cards_all_the_time() {
    let mut policy = policy();
    to(&mut policy, "large", Life::Percentage(30), BEGIN + DAY);
    let mut scratch = Scratch::default();
    let acts: Vec<bool> = (0..1_000)
        .map(|card| policy.decide(&sale(BEGIN + DAY, card, 6_000), &mut scratch).action.is_some())
        .collect();
    let share = acts.iter().filter(|acts| **acts).count();
    assert!((250..350).contains(&share), "{share}");
    let again = (0..1_000).all(|card| {
        policy.decide(&sale(BEGIN + 2 * DAY, card, 7_000), &mut scratch).action.is_some()
            == acts[card as usize]
    });
    assert!(again);
}

#[test]
fn a_model_scores_explains_and_feeds_the_rules() {
    let mut policy = policy();
    let now = BEGIN + DAY;
    let good = model(&policy);
    policy.apply(&Change::Model { bytes: Some(good.bytes()) }, now).expect("its own schema");
    let schema = Schema { encoding: Encoding::Integer, features: vec!["other".into()] };
    let other = Model::new(
        good.card.clone(),
        schema,
        Calibration::logistic(),
        Arithmetic::Fixed { base: 0 },
        Vec::new(),
    );
    let told = policy.apply(&Change::Model { bytes: Some(other.expect("sound").bytes()) }, now);
    assert_eq!(told, Err(Refused::Model(risk::model::Refusal::OtherSchema)));
    to(&mut policy, "scored", Life::Active, now);
    let mut scratch = Scratch::default();
    assert_eq!(policy.decide(&sale(now, 5, 10), &mut scratch).action, None);
    for second in 0..2 {
        policy.observe(&sale(now + second, 5, 10));
    }
    let verdict = policy.decide(&sale(now + 2, 5, 30), &mut scratch);
    assert_eq!(verdict.action, Some((Action::Decline, 3)));
    let score = verdict.score.expect("a score");
    assert_eq!(
        score.bias + score.reasons.iter().map(|reason| reason.added).sum::<i64>() + score.others,
        score.margin
    );
    assert_eq!((score.model, score.margin, score.probability), (good.hash(), 2 * ONE, 880_797));
    expect!["count(card, 1h) = 3 raises the risk by 3.00"].assert_eq(&policy.reason_text(&score.reasons[0]));
    assert_eq!(scratch.row, [30, 3, 300]);
}

/// What was decided live is decided again by a policy restored in the middle, to the bit.
#[test]
fn live_and_replay_give_the_same_bytes() {
    let mut live = policy();
    let good = model(&live);
    live.apply(&Change::Model { bytes: Some(good.bytes()) }, BEGIN).expect("its own schema");
    live.apply(&Change::Challenger { bytes: Some(good.bytes()) }, BEGIN).expect("its own schema");
    let mut replay = live.clone();
    let (mut one, mut two) = (Scratch::default(), Scratch::default());
    let mut dice = Dice::new(8);
    let mut now = BEGIN;
    let mut acted = 0;
    for step in 0..3_000 {
        now += dice.below(600) as i64;
        let facts = sale(now, dice.below(20) as i64, dice.below(8_000) as i64);
        if step == 1_000 {
            for rule in ["burst", "large", "scored"] {
                to(&mut live, rule, Life::Active, now);
                to(&mut replay, rule, Life::Active, now);
            }
        }
        if step % 700 == 350 {
            replay = borsh::from_slice(&borsh::to_vec(&replay).expect("memory")).expect("its own bytes");
        }
        let (a, b) = (live.decide(&facts, &mut one), replay.decide(&facts, &mut two));
        assert_eq!(borsh::to_vec(&a).expect("memory"), borsh::to_vec(&b).expect("memory"), "step {step}");
        assert_eq!(one.row, two.row, "step {step}");
        let brief = live.decide_briefly(&facts, &mut one);
        assert_eq!((&brief.action, &brief.hits), (&a.action, &a.hits), "step {step}");
        assert_eq!(brief.score.map(|score| score.margin), a.score.as_ref().map(|score| score.margin));
        acted += u32::from(a.action.is_some());
        let done = facts
            .with(Fact::Approved, i64::from(a.action.is_none()))
            .with(Fact::Declined, i64::from(a.action.is_some()));
        live.observe(&done);
        replay.observe(&done);
        if dice.chance(100_000) {
            live.label(&done, true, now);
            replay.label(&done, true, now);
        }
    }
    assert!(acted > 100, "{acted}");
    assert_eq!(borsh::to_vec(&live).expect("memory"), borsh::to_vec(&replay).expect("memory"));
    let bytes = borsh::to_vec(&live).expect("memory");
    for cut in [0, 10, bytes.len() / 2, bytes.len() - 1] {
        assert!(borsh::from_slice::<Policy>(&bytes[..cut]).is_err());
    }
}
