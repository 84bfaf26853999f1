//! What is remembered, under which key, and for how long.

use crate::world::World;
use crate::{check, check_in};
use expect_test::expect;

#[test]
fn a_key_holds_one_answer() {
    check(expect![[r#"
        keyed K1 open A1                       -> done
        keyed K1 open A1                       -> done
        keyed K1 open A2                       -> refused: key reused
        keyed K2 open A1                       -> refused: exists account
        keyed K2 open A1                       -> refused: exists account
        fund A1 100.00                         -> done
        card C1 A1                             -> done
        keyed K3 sale P1 C1 60.00 at=M1 onfile -> approved
        keyed K3 sale P1 C1 60.00 at=M1 onfile -> approved
        keyed K4 sale P1 C1 60.00 at=M1 onfile -> repeated: approved
        keyed K5 freeze C1 bank ann            -> frozen F1
        keyed K5 freeze C1 bank ann            -> frozen F1
        keyed K6 keyed K7 sweep                -> refused: nested key
        keyed K7 sweep                         -> swept 0 holds, 0 freezes
        show A1                                -> balance 40.00, held 0.00, available 40.00, today 60.00 in 1, month 60.00
    "#]]);
}

#[test]
fn answers_are_forgotten_at_the_horizon() {
    check(expect![[r#"
        open A1               -> done
        fund A1 1000.00       -> done
        card C1 A1            -> done
        sale R1 C1 10.00      -> approved
        reverse R2            -> declined original_unknown
        keyed K1 fund A1 1.00 -> done
        wait 35d
        sale R1 C1 10.00      -> repeated: approved
        keyed K1 fund A1 1.00 -> done
        wait 1ms
        show A1               -> balance 991.00, held 0.00, available 991.00, today 0.00 in 0, month 0.00
        # One millisecond later nobody remembers: the number is free again.
        sale R1 C1 10.00      -> approved
        sale R2 C1 10.00      -> approved
        keyed K1 fund A1 1.00 -> done
        show A1               -> balance 972.00, held 0.00, available 972.00, today 20.00 in 2, month 20.00
    "#]]);
}

#[test]
fn too_many_push_out_the_oldest() {
    let mut world = World::new();
    world.thorough = false;
    for line in
        ["open A1 credit=100000.00", "card C1 A1", "policy remember=1000", "sale R1 C1 10.00", "reverse R2"]
    {
        world.line(line);
    }
    for number in 3..1002 {
        world.line(&format!("inquire R{number} C1"));
    }
    world.thorough = true;
    check_in(
        &mut world,
        expect![[r#"
            sale R2 C1 10.00        -> declined reversed_before (too_frequent), limit 6, used 8
            show R1                 -> forgotten
            refund R5001 of=R1 1.00 -> declined original_unknown
            reverse R1              -> declined original_unknown
            void R5002 of=R3        -> declined original_unknown (amount_invalid)
            sale R1 C1 10.00        -> declined reversed_before (too_frequent), limit 6, used 8
        "#]],
    );
    assert!(world.machine.transactions().count() <= 1001);
}

#[test]
fn what_followed_a_forgotten_sale_is_taken_back_with_an_exception() {
    let mut world = World::new();
    world.thorough = false;
    for line in ["open A1 credit=100000.00", "card C1 A1", "policy remember=1000", "sale R1 C1 10.00"] {
        world.line(line);
    }
    for number in 3..1000 {
        world.line(&format!("inquire R{number} C1"));
    }
    world.line("void R2001 of=R1");
    world.line("inquire R2002 C1");
    world.line("inquire R2003 C1");
    world.line("inquire R2004 C1");
    world.thorough = true;
    check_in(
        &mut world,
        expect![[r#"
            show R1       -> forgotten
            show R2001    -> undid
            reverse R2001 -> accepted, exception unmatched
            show A1       -> balance 0.00, held 0.00, available 100000.00, today 0.00 in 0, month 0.00
        "#]],
    );
}
