//! What the host and those behind it cannot do is nobody's behaviour: nothing is counted, nothing frozen.

use crate::world::{World, account, card};
use crate::{check, check_in};
use expect_test::expect;

#[test]
fn an_outage_feeds_nothing() {
    let mut world = World::new();
    for line in [
        "open A1 single=50.00 daily=60.00 count=3",
        "fund A1 100.00",
        "card C1 A1",
        "policy cool_hits=2",
        "sale R1 C1 5.00 atc=3",
        "sale R2 C1 5.00 wrong",
    ] {
        world.line(line);
    }
    let before = (world.machine.account(account("A1")).cloned(), world.machine.card(card("C1")).cloned());
    let terminals = world.machine.terminals().to_vec();
    let mut number = 10;
    for house in ["issuer_down", "issuer_silent", "network_down", "maintenance 1h"] {
        world.line(&format!("house {house}"));
        for ask in [
            "51.00",
            "5.00 wrong",
            "5.00 forged atc=9",
            "5.00 atc=9",
            "5.00 tap",
            "5.00 fallback",
            "70.00 badvalue",
        ] {
            number += 1;
            let answer = world.line(&format!("sale R{number} C1 {ask}"));
            assert!(answer.starts_with("declined"), "{house} {ask}: {answer}");
        }
    }
    for ask in ["5.00 late", "5.00 wrong late", "5.00 at=T9 wrong", "5.00 wrong late tap"] {
        number += 1;
        world.line(&format!("sale R{number} C1 {ask}"));
    }
    for _ in 0..3 {
        world.line("fault T2 storage_failed");
        world.line("fault T2 security_module_down");
    }
    world.line("house open");
    assert_eq!(
        before,
        (world.machine.account(account("A1")).cloned(), world.machine.card(card("C1")).cloned())
    );
    assert_eq!(terminals, world.machine.terminals());
    assert_eq!(world.machine.freezes().count(), 0);
    check_in(
        &mut world,
        expect![[r#"
            sale R90 C1 5.00 wrong -> declined wrong_pin, tries left 1
            sale R91 C1 5.00 atc=9 -> approved
            show C1                -> active, tries 0, fallbacks 0, freezes []
            show A1                -> balance 90.00, held 0.00, available 90.00, today 10.00 in 2, month 10.00
        "#]],
    );
}

#[test]
fn what_the_house_says_of_itself() {
    check(expect![[r#"
        open A1              -> done
        fund A1 100.00       -> done
        card C1 A1           -> done
        sale R1 C1 10.00     -> approved
        house maintenance 2h -> done
        sale R2 C1 1.00      -> declined host_maintenance, until 2026-03-10T12:00
        inquire R3 C1        -> declined host_maintenance, until 2026-03-10T12:00
        house network_down   -> done
        sale R4 C1 1.00      -> declined network_down
        house issuer_down    -> done
        sale R5 C1 1.00      -> declined issuer_down
        house issuer_silent  -> done
        sale R6 C1 1.00      -> declined issuer_silent
        # What was approved before is followed up all the same.
        void R7 of=R1        -> approved
        house open           -> done
        sale R8 C1 1.00      -> approved
        sale R9 C1 1.00 late -> declined too_late
        show A1              -> balance 99.00, held 0.00, available 99.00, today 1.00 in 1, month 1.00
    "#]]);
}

#[test]
fn a_storm_of_faults_puts_the_terminal_aside_until_it_signs_in_again() {
    check(expect![[r#"
        open A1                   -> done
        fund A1 100.00            -> done
        card C1 A1                -> done
        fault nobody mac_error    -> noted
        fault T9 mac_error        -> noted
        fault T1 format_error     -> noted
        fault T1 mac_error        -> noted
        fault T1 mac_error        -> noted
        fault T1 pin_format_error -> noted
        fault T1 mac_error        -> noted
        fault T1 mac_error        -> noted
        fault T1 mac_error        -> noted
        fault T1 mac_error        -> noted
        fault T1 mac_error        -> noted
        fault T1 mac_error        -> noted
        wait 11m
        # Nine in ten minutes are no storm; the count begins anew.
        fault T1 mac_error        -> noted
        fault T1 mac_error        -> noted
        fault T1 mac_error        -> noted
        fault T1 mac_error        -> noted
        fault T1 mac_error        -> noted
        fault T1 mac_error        -> noted
        fault T1 mac_error        -> noted
        fault T1 mac_error        -> noted
        fault T1 mac_error        -> noted
        fault T1 mac_error        -> noted, freeze F1
        fault T1 mac_error        -> noted, freeze F1
        show F1                   -> mac_error All, exit SignIn, owner Operations by 2026-03-10T11:11, active
        sale R1 C1 1.00           -> declined terminal_frozen, freeze F1
        sale R2 C1 1.00 at=T2     -> approved
        lift F1 holder confirmed  -> refused: exit forbids
        signin T1                 -> signed in, keys 2, batch 1
        show F1                   -> mac_error All, exit SignIn, owner Operations by 2026-03-10T11:11, lifted, SignedIn
        sale R3 C1 1.00           -> approved
        fault T1 mac_error        -> noted
    "#]]);
}

#[test]
fn a_clock_that_goes_back_counts_as_standing_still() {
    check(expect![[r#"
        open A1 daily=100.00 -> done
        fund A1 1000.00      -> done
        card C1 A1           -> done
        at 2026-03-11T00:00
        sale R1 C1 90.00     -> approved
        back 2h
        peek C1 20.00        -> declined daily_limit, limit 100.00, used 90.00
        sale R2 C1 20.00     -> declined daily_limit, limit 100.00, used 90.00
        at 1970-01-01T08:00
        sale R3 C1 20.00     -> declined daily_limit, limit 100.00, used 90.00
        at 2026-03-12T00:00
        sale R4 C1 100.00    -> approved
    "#]]);
}
