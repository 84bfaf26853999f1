//! Who may lift what: every exit against every person and every ground, as one table.

use crate::world::World;
use expect_test::expect;
use std::fmt::Write;

#[test]
fn who_may_lift_what() {
    let exits = ["expires", "confirms", "holder", "review1", "review2", "replacement", "authority", "signin"];
    let people = ["machine", "holder", "agent ben", "authority ben"];
    let grounds =
        ["confirmed", "proven", "reviewed", "asked", "mistake", "released", "signedin", "newpin", "replaced"];
    let mut told = String::new();
    for exit in exits {
        write!(told, "{exit}:").unwrap();
        for person in people {
            for ground in grounds {
                let mut world = World::new();
                world.line("open A1");
                world.line("card C1 A1");
                let placed = world.line(&format!("freeze C1 bank ann exit={exit} expires=1d"));
                assert_eq!(placed, "frozen F1");
                let outcome = world.line(&format!("lift F1 {person} {ground}"));
                if outcome != "refused: exit forbids" {
                    write!(told, " {}/{ground} {outcome};", person.split(' ').next().unwrap()).unwrap();
                }
            }
        }
        told.push('\n');
    }
    expect![[r#"
        expires: agent/proven lifted F1; agent/reviewed lifted F1; agent/mistake lifted F1;
        confirms: holder/confirmed lifted F1; agent/proven lifted F1; agent/reviewed lifted F1; agent/mistake lifted F1;
        holder: holder/asked lifted F1; agent/proven lifted F1;
        review1: agent/reviewed lifted F1; agent/mistake lifted F1;
        review2: agent/reviewed approved by 1 of 2; agent/mistake approved by 1 of 2;
        replacement: agent/mistake lifted F1;
        authority: authority/released approved by 1 of 2;
        signin: agent/reviewed lifted F1; agent/mistake lifted F1;
    "#]].assert_eq(&told);
}

#[test]
fn the_default_exit_of_every_cause() {
    let mut told = String::new();
    for cause in machine::cause::Cause::ALL {
        let mut world = World::new();
        world.line("open A1");
        world.line("card C1 A1");
        let scope = if cause.slug() == "pin_tries_exceeded" { "PC1" } else { "C1" };
        if world.line(&format!("freeze {scope} rule for={}", cause.slug())) == "frozen F1" {
            writeln!(told, "{}", world.line("show F1")).unwrap();
        }
    }
    expect![[r#"
        mac_error All, exit SignIn, owner Operations by 2026-03-10T11:00, active
        pin_format_error All, exit SignIn, owner Operations by 2026-03-10T11:00, active
        terminal_frozen All, exit SignIn, owner Operations by 2026-03-10T11:00, active
        terminal_fault All, exit SignIn, owner Operations by 2026-03-10T11:00, active
        merchant_frozen NewDebits, exit Review { approvers: 1 }, owner Operations by 2026-03-13T10:00, active
        card_lost All, exit Replacement, owner Holder by 2026-03-17T10:00, active
        card_stolen All, exit Replacement, owner Holder by 2026-03-17T10:00, active
        frozen_by_authority All, exit AuthorityOnly, owner Legal by 2026-04-09T10:00, active
        frozen_for_laundering All, exit AuthorityOnly, owner Legal by 2026-04-09T10:00, active
        frozen_by_bank NewDebits, exit Review { approvers: 1 }, owner Service by 2026-03-13T10:00, active
        frozen_by_holder NewDebits, exit HolderLifts, owner Holder by 2026-04-09T10:00, active
        frozen_by_risk NewDebits, exit Review { approvers: 2 }, owner Risk by 2026-03-11T10:00, active
        pin_tries_exceeded PinUse, exit HolderConfirms, owner Holder by 2026-03-17T10:00, active
        cryptogram_failed All, exit Replacement, owner Service by 2026-03-11T10:00, active
        counter_replayed All, exit Replacement, owner Service by 2026-03-11T10:00, active
        too_frequent NewDebits until 2026-03-13T10:00, exit HolderConfirms, owner Holder by 2026-03-11T10:00, active
        odd_time NewDebits, exit Replacement, owner Holder by 2026-03-11T10:00, active
        odd_place NewDebits, exit Replacement, owner Holder by 2026-03-11T10:00, active
        impossible_travel NewDebits, exit Replacement, owner Holder by 2026-03-11T10:00, active
        odd_address NewDebits, exit Replacement, owner Holder by 2026-03-11T10:00, active
        step_up_needed NewDebits, exit Replacement, owner Holder by 2026-03-11T10:00, active
        card_testing NewDebits until 2026-03-13T10:00, exit HolderConfirms, owner Holder by 2026-03-11T10:00, active
        fraud_score NewDebits, exit Review { approvers: 2 }, owner Risk by 2026-03-11T10:00, active
        rule_refused NewDebits, exit Review { approvers: 2 }, owner Risk by 2026-03-11T10:00, active
    "#]].assert_eq(&told);
}
