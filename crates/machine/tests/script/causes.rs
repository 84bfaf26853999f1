//! Every cause the machine itself can decline for is reached by a script; the others are the edge's to say.

use crate::world::World;
use expect_test::expect;
use machine::cause::Cause;
use std::collections::BTreeSet;

/// A script for each, the last line of which is declined for it first.
const SCRIPTS: &[(&str, &[&str])] = &[
    ("duplicate_mismatch", &["sale R1 C1 1.00", "sale R1 C1 2.00"]),
    ("reversed_before", &["reverse R1", "sale R1 C1 1.00"]),
    ("too_late", &["sale R1 C1 1.00 late"]),
    ("original_unknown", &["void R1 of=R9 card=C1 1.00"]),
    ("original_mismatch", &["sale R1 C1 1.00", "void R2 of=R1 2.00"]),
    ("original_spent", &["sale R1 C1 1.00", "void R2 of=R1", "void R3 of=R1"]),
    ("amount_over_original", &["sale R1 C1 1.00", "refund R2 of=R1 2.00"]),
    ("amount_invalid", &["sale R1 C1 0.00"]),
    ("not_supported", &["ask R1 C1 1.00 Void"]),
    ("currency_mismatch", &["sale N1 C1 1.00 usd"]),
    ("merchant_unknown", &["sale P1 C1 1.00 at=M9"]),
    ("terminal_unknown", &["sale R1 C1 1.00 at=T9"]),
    ("terminal_not_signed_in", &["signout T1", "sale R1 C1 1.00"]),
    ("terminal_frozen", &["freeze T1 bank ann for=terminal_frozen", "sale R1 C1 1.00"]),
    ("merchant_frozen", &["freeze M1 bank ann for=merchant_frozen", "sale R1 C1 1.00"]),
    ("host_maintenance", &["house maintenance 1h", "sale R1 C1 1.00"]),
    ("network_down", &["house network_down", "sale R1 C1 1.00"]),
    ("issuer_down", &["house issuer_down", "sale R1 C1 1.00"]),
    ("issuer_silent", &["house issuer_silent", "sale R1 C1 1.00"]),
    ("card_unknown", &["sale R1 C9 1.00"]),
    ("card_inactive", &["card C3 A1 inactive", "sale R1 C3 1.00"]),
    ("card_replaced", &["card C3 A1 replaces=C1", "sale R1 C1 1.00"]),
    ("card_expired", &["card C3 A1 expiry=2001", "sale R1 C3 1.00"]),
    ("fallback_refused", &["sale R1 C1 1.00 swipe"]),
    ("account_closed", &["open A2", "card C3 A2", "close A2", "sale R1 C3 1.00"]),
    ("card_lost", &["lost C1", "sale R1 C1 1.00"]),
    ("card_stolen", &["stolen C1", "sale R1 C1 1.00"]),
    ("frozen_by_authority", &["freeze A1 court bob", "sale R1 C1 1.00"]),
    ("frozen_for_laundering", &["freeze A1 court bob for=frozen_for_laundering", "sale R1 C1 1.00"]),
    ("frozen_by_bank", &["freeze C1 bank ann", "sale R1 C1 1.00"]),
    ("frozen_by_holder", &["freeze C1 holder", "sale R1 C1 1.00"]),
    ("frozen_by_risk", &["freeze C1 rule", "sale R1 C1 1.00"]),
    ("pin_tries_exceeded", &["policy pin_tries=1", "sale R1 C1 1.00 wrong", "sale R2 C1 1.00"]),
    ("wrong_pin", &["sale R1 C1 1.00 wrong"]),
    ("pin_missing", &["sale R1 C1 1.00 nopin"]),
    ("verification_failed", &["sale R1 C1 1.00 expiry=2001"]),
    ("cryptogram_failed", &["sale R1 C1 1.00 forged"]),
    ("counter_replayed", &["sale R1 C1 1.00 atc=2", "sale R2 C1 1.00 atc=2"]),
    ("channel_off", &["switch C1 -contactless", "sale R1 C1 1.00 tap"]),
    ("country_off", &["switch C1 -abroad", "sale N1 C1 1.00 country=840"]),
    ("night_off", &["switch C1 -night", "at 2026-03-11T01:00", "sale R1 C1 1.00"]),
    ("single_limit", &["limits A1 single=0.50", "sale R1 C1 1.00"]),
    ("daily_limit", &["limits A1 daily=0.50", "sale R1 C1 1.00"]),
    ("monthly_limit", &["limits A1 monthly=0.50", "sale R1 C1 1.00"]),
    ("daily_count", &["limits A1 count=0", "sale R1 C1 1.00"]),
    ("too_frequent", &["policy burst=2", "sale R1 C1 1.00", "sale R2 C1 1.00", "sale R3 C1 1.00"]),
    (
        "cooling_down",
        &[
            "policy cool_hits=2",
            "limits A1 single=0.50",
            "sale R1 C1 1.00",
            "sale R2 C1 1.00",
            "sale R3 C1 0.10",
        ],
    ),
    ("insufficient_funds", &["sale R1 C1 1000.00"]),
];

#[test]
fn every_cause_of_the_machine_is_reached() {
    let mut reached = BTreeSet::new();
    for (slug, script) in SCRIPTS {
        let mut world = World::new();
        for line in ["open A1", "fund A1 100.00", "card C1 A1"].iter().chain(*script) {
            world.line(line);
        }
        let decided = world.machine.transactions().find_map(|transaction| transaction.answer.cause());
        assert_eq!(decided.map(Cause::slug), Some(*slug), "{script:?}");
        reached.insert(*slug);
    }
    // What only the edge, the rules of risk control or a later version says, and what only goes along.
    let others: Vec<&str> =
        Cause::ALL.iter().map(|cause| cause.slug()).filter(|slug| !reached.contains(slug)).collect();
    expect![[r#"
        format_error
        mac_error
        pin_format_error
        security_module_down
        terminal_fault
        host_overloaded
        storage_failed
        issuer_unknown
        card_unreadable
        category_off
        odd_time
        odd_place
        impossible_travel
        odd_address
        step_up_needed
        card_testing
        fraud_score
        rule_refused"#]]
    .assert_eq(&others.join("\n"));
}
