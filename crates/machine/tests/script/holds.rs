//! Pre-authorizations: held, captured in parts, over, cancelled, run out.

use crate::world::World;
use crate::{check, check_in};
use expect_test::expect;

#[test]
fn a_hold_is_captured_once_and_for_less() {
    check(expect![[r#"
        open A1                 -> done
        fund A1 100.00          -> done
        card C1 A1              -> done
        preauth R1 C1 60.00     -> approved
        preauth R1 C1 60.00     -> repeated: approved
        show A1                 -> balance 100.00, held 60.00, available 40.00, today 60.00 in 1, month 60.00
        sale R2 C1 50.00        -> declined insufficient_funds
        complete R3 of=R1 45.00 -> approved
        complete R3 of=R1 45.00 -> repeated: approved
        show A1                 -> balance 55.00, held 0.00, available 55.00, today 60.00 in 1, month 60.00
        show R1                 -> captured 45.00
        complete R4 of=R1 1.00  -> declined original_spent
        cancel R5 of=R1         -> declined original_spent
        books                   -> Funding -100.00, Clearing(0) 45.00
    "#]]);
}

#[test]
fn a_hold_is_captured_in_parts() {
    check(expect![[r#"
        open A1                       -> done
        fund A1 100.00                -> done
        card C1 A1                    -> done
        preauth R1 C1 60.00           -> approved
        complete R2 of=R1 20.00 more  -> approved
        show A1                       -> balance 80.00, held 40.00, available 40.00, today 60.00 in 1, month 60.00
        complete R3 of=!R1 20.00 more -> approved
        cancel R4 of=R1               -> declined original_mismatch
        complete R5 of=R1 29.01 more  -> declined amount_over_original, limit 69.00, used 40.00
        complete R6 of=R1 29.00 more  -> approved
        show A1                       -> balance 31.00, held 0.00, available 31.00, today 60.00 in 1, month 60.00
        show R1                       -> captured 69.00
        complete R7 of=R1 0.01        -> declined original_spent
        uncomplete R8 of=R3           -> approved
        show A1                       -> balance 51.00, held 20.00, available 31.00, today 60.00 in 1, month 60.00
        complete R9 of=R1 20.01       -> declined amount_over_original, limit 69.00, used 49.00
        complete R10 of=R1 20.00      -> approved
        show A1                       -> balance 31.00, held 0.00, available 31.00, today 60.00 in 1, month 60.00
        show R1                       -> captured 69.00
    "#]]);
}

#[test]
fn a_completion_may_exceed_its_hold_by_fifteen_percent() {
    check(expect![[r#"
        open A1                  -> done
        fund A1 200.00           -> done
        card C1 A1               -> done
        preauth R1 C1 100.00     -> approved
        complete R2 of=R1 115.01 -> declined amount_over_original, limit 115.00, used 0.00
        complete R3 of=R1 115.00 -> approved
        show A1                  -> balance 85.00, held 0.00, available 85.00, today 100.00 in 1, month 100.00
        uncomplete R4 of=R3      -> approved
        show A1                  -> balance 200.00, held 100.00, available 100.00, today 100.00 in 1, month 100.00
        sale R5 C1 95.00         -> approved
        # The part over the hold has to be there.
        complete R6 of=R1 105.01 -> declined insufficient_funds
        complete R7 of=R1 105.00 -> approved
        show A1                  -> balance 0.00, held 0.00, available 0.00, today 195.00 in 2, month 195.00
        # 15 percent of an odd amount are rounded down.
        fund A1 10.00            -> done
        preauth R8 C1 0.99       -> approved
        complete R9 of=R8 1.14   -> declined amount_over_original, limit 1.13, used 0.00
        complete R10 of=R8 1.13  -> approved
    "#]]);
}

#[test]
fn a_hold_runs_out() {
    check(expect![[r#"
        open A1                      -> done
        fund A1 100.00               -> done
        card C1 A1                   -> done
        preauth R1 C1 60.00          -> approved
        preauth R2 C1 30.00          -> approved
        complete R3 of=R2 10.00 more -> approved
        wait 29d
        sale R4 C1 40.00             -> declined insufficient_funds
        wait 1d
        # Nothing was swept yet, and the money is free.
        peek C1 90.00                -> approved
        show A1                      -> balance 90.00, held 80.00, available 90.00, today 0.00 in 0, month 0.00
        sale R5 C1 90.00             -> approved
        complete R6 of=R1 60.00      -> declined original_spent
        cancel R7 of=R1              -> declined original_spent
        show R1                      -> expired
        show R2                      -> captured 10.00
        uncomplete R8 of=R3          -> approved
        show A1                      -> balance 10.00, held 0.00, available 10.00, today 90.00 in 1, month 90.00
        sweep                        -> swept 0 holds, 0 freezes
    "#]]);
    check(expect![[r#"
        open A1             -> done
        fund A1 100.00      -> done
        card C1 A1          -> done
        preauth R1 C1 60.00 -> approved
        preauth R2 C1 10.00 -> approved
        wait 30d
        sweep               -> swept 2 holds, 0 freezes
        sweep               -> swept 0 holds, 0 freezes
        show A1             -> balance 100.00, held 0.00, available 100.00, today 0.00 in 0, month 0.00
        reverse R1          -> accepted
        show R1             -> expired
    "#]]);
}

#[test]
fn a_cancel_can_itself_be_taken_back() {
    check(expect![[r#"
        open A1               -> done
        fund A1 100.00        -> done
        card C1 A1            -> done
        preauth R1 C1 60.00   -> approved
        cancel R2 of=R1 59.00 -> declined original_mismatch
        cancel R2 of=R1       -> declined duplicate_mismatch
        cancel R3 of=R1       -> approved
        show A1               -> balance 100.00, held 0.00, available 100.00, today 0.00 in 0, month 0.00
        show R1               -> undone
        reverse R3            -> accepted
        reverse R3            -> repeated: accepted
        show A1               -> balance 100.00, held 60.00, available 40.00, today 60.00 in 1, month 60.00
        show R1               -> held
        complete R4 of=R1     -> approved
        # The cancel was taken back: it cannot be again.
        reverse R1            -> declined original_spent
        uncomplete R5 of=R4   -> approved
        show A1               -> balance 100.00, held 60.00, available 40.00, today 60.00 in 1, month 60.00
        reverse R5            -> accepted, exception overdrawn
        show A1               -> balance 40.00, held 0.00, available 40.00, today 60.00 in 1, month 60.00
        show R1               -> captured 60.00
    "#]]);
}

#[test]
fn what_was_released_in_between_is_not_held_again() {
    check(expect![[r#"
        open A1                      -> done
        fund A1 100.00               -> done
        card C1 A1                   -> done
        preauth R1 C1 60.00          -> approved
        complete R2 of=R1 20.00 more -> approved
        # The rest is reversed: the captured part stands.
        reverse R1                   -> accepted
        show A1                      -> balance 80.00, held 0.00, available 80.00, today 20.00 in 1, month 20.00
        uncomplete R3 of=R2          -> approved
        show A1                      -> balance 100.00, held 0.00, available 100.00, today 20.00 in 1, month 20.00
        show R1                      -> reversed
        # And back again.
        reverse R3                   -> accepted
        show A1                      -> balance 80.00, held 0.00, available 80.00, today 20.00 in 1, month 20.00
        show R1                      -> reversed
        # The cancel of a completion leaves the hold; that is cancelled; then the first cancel is taken back.
        preauth R4 C1 50.00          -> approved
        complete R5 of=R4 50.00      -> approved
        uncomplete R6 of=R5          -> approved
        cancel R7 of=R4              -> approved
        reverse R6                   -> accepted
        show A1                      -> balance 30.00, held 0.00, available 30.00, today 20.00 in 1, month 20.00
        show R4                      -> undone
        show R5                      -> posted 50.00
        uncomplete R8 of=R5          -> approved
        show A1                      -> balance 80.00, held 0.00, available 80.00, today 20.00 in 1, month 20.00
        show R4                      -> undone
    "#]]);
}

#[test]
fn a_hold_taken_again_in_between_is_taken_only_once() {
    check(expect![[r#"
        open A1                      -> done
        fund A1 100.00               -> done
        card C1 A1                   -> done
        preauth R1 C1 50.00          -> approved
        complete R2 of=R1 50.00      -> approved
        uncomplete R3 of=R2          -> approved
        complete R4 of=R1 30.00 more -> approved
        reverse R3                   -> accepted
        show A1                      -> balance 20.00, held 0.00, available 20.00, today 50.00 in 1, month 50.00
        show R1                      -> captured 80.00
        uncomplete R5 of=R2          -> approved
        show A1                      -> balance 70.00, held 20.00, available 50.00, today 50.00 in 1, month 50.00
        uncomplete R6 of=R4          -> approved
        show A1                      -> balance 100.00, held 50.00, available 50.00, today 50.00 in 1, month 50.00
        show R1                      -> held
        complete R7 of=R1 57.50      -> approved
        show A1                      -> balance 42.50, held 0.00, available 42.50, today 50.00 in 1, month 50.00
    "#]]);
}

#[test]
fn partial_reversals_of_holds_and_completions() {
    check(expect![[r#"
        open A1                 -> done
        fund A1 200.00          -> done
        card C1 A1              -> done
        preauth R1 C1 100.00    -> approved
        reverse R1 keep=100.01  -> declined amount_over_original
        reverse R1 keep=-1.00   -> declined amount_over_original
        reverse R1 keep=40.00   -> accepted
        reverse R1 keep=40.00   -> repeated: accepted
        show A1                 -> balance 200.00, held 40.00, available 160.00, today 40.00 in 1, month 40.00
        complete R2 of=R1 46.01 -> declined amount_over_original, limit 46.00, used 0.00
        complete R3 of=R1 46.00 -> approved
        show A1                 -> balance 154.00, held 0.00, available 154.00, today 40.00 in 1, month 40.00
        reverse R3 keep=20.00   -> accepted
        show A1                 -> balance 180.00, held 0.00, available 180.00, today 40.00 in 1, month 40.00
        reverse R3              -> accepted
        show A1                 -> balance 200.00, held 40.00, available 160.00, today 40.00 in 1, month 40.00
        cancel R4 of=R1 40.00   -> approved
        reverse R4              -> accepted
        show A1                 -> balance 200.00, held 40.00, available 160.00, today 40.00 in 1, month 40.00
        complete R5 of=R1 46.01 -> declined amount_over_original, limit 46.00, used 0.00
        complete R6 of=R1 46.00 -> approved
        show R1                 -> captured 46.00
    "#]]);
}

#[test]
fn completions_that_do_not_fit() {
    check(expect![[r#"
        open A1                           -> done
        open A2                           -> done
        fund A1 100.00                    -> done
        card C1 A1                        -> done
        card C2 A1                        -> done
        card C3 A2                        -> done
        preauth R1 C1 60.00               -> approved
        sale R2 C1 10.00                  -> approved
        complete R3 of=R1 60.00 at=T2     -> declined original_mismatch
        complete R4 of=R1 60.00 card=C2   -> declined original_mismatch
        complete R5 of=R1 60.00 card=C3   -> declined original_mismatch (original_spent)
        complete R6 of=R2 10.00           -> declined original_mismatch (original_spent)
        complete R7 of=R99 10.00 card=C1  -> declined original_unknown (original_spent)
        complete R8 of=!R99 10.00 card=C1 -> declined original_unknown (original_spent)
        complete R9 of=R1 60.00 usd       -> declined original_mismatch (currency_mismatch)
        complete R10 of=R1 0.00           -> declined amount_invalid
        void R11 of=R1                    -> declined original_mismatch
        refund R12 of=R1                  -> declined original_mismatch
        cancel R13 of=R2                  -> declined original_mismatch (original_spent)
        uncomplete R14 of=R1              -> declined original_mismatch
        void R15 of=R15                   -> declined original_unknown (amount_invalid)
        followup R16 of=R1 Sale           -> declined original_mismatch (not_supported)
        show A1                           -> balance 90.00, held 60.00, available 30.00, today 70.00 in 2, month 70.00
        # The card need not be said where the original is.
        complete R17 of=R1 60.00 nocard   -> approved
    "#]]);
}

#[test]
fn advised_completions_are_posted() {
    check(expect![[r#"
        open A1                                -> done
        fund A1 100.00                         -> done
        card C1 A1                             -> done
        preauth R1 C1 60.00                    -> approved
        complete R2 of=R1 100.00 advice        -> approved, despite amount_over_original
        show A1                                -> balance 0.00, held 0.00, available 0.00, today 60.00 in 1, month 60.00
        complete R3 of=R1 5.00 advice          -> approved, despite original_spent
        complete R4 of=R99 5.00 card=C1 advice -> approved, exception unmatched
        complete R5 of=R99 5.00 card=C9 advice -> approved, exception unmatched
        show A1                                -> balance -10.00, held 0.00, available -10.00, today 60.00 in 1, month 60.00
        books                                  -> Funding -100.00, Clearing(0) 115.00, Suspense -5.00
        # Taking back what was captured over makes no hold of it.
        uncomplete R6 of=R3                    -> approved
        show R1                                -> captured 100.00
        reverse R4                             -> accepted
        reverse R5                             -> accepted
        show A1                                -> balance 0.00, held 0.00, available 0.00, today 60.00 in 1, month 60.00
        books                                  -> Funding -100.00, Clearing(0) 100.00, Suspense 0.00
        # A hold captured, given back, captured by another, and then the first capture comes back after all.
        fund A1 200.00                         -> done
        preauth R11 C1 50.00                   -> approved
        complete R12 of=R11 50.00              -> approved
        uncomplete R13 of=R12                  -> approved
        complete R14 of=R11 50.00              -> approved
        wait 2m
        reverse R13                            -> accepted
        show R11                               -> captured 100.00
        uncomplete R15 of=R12                  -> approved
        show R11                               -> captured 50.00
        uncomplete R16 of=R14                  -> approved
        show R11                               -> held
        show A1                                -> balance 200.00, held 50.00, available 150.00, today 110.00 in 2, month 110.00
        complete R7 of=R1 5.00 usd advice      -> approved, despite original_mismatch
        show A1                                -> balance 200.00, held 50.00, available 150.00, today 110.00 in 2, month 110.00
    "#]]);
}

#[test]
fn a_hold_outlives_the_memory_of_its_message() {
    let mut world = World::new();
    world.thorough = false;
    for line in ["open A1 credit=100000.00", "card C1 A1", "policy remember=1000", "preauth R1 C1 100.00"] {
        world.line(line);
    }
    for number in 2..1200 {
        world.line(&format!("inquire R{number} C1"));
    }
    world.thorough = true;
    check_in(
        &mut world,
        expect![[r#"
            show R1                                   -> forgotten
            complete R2001 of=R1 50.00 card=C1        -> declined original_unknown (original_spent)
            complete R2002 of=!R1 50.00 card=C1 at=T2 -> declined original_mismatch
            complete R2003 of=!R1 50.00 card=C1 more  -> approved
            show A1                                   -> balance -50.00, held 50.00, available 99900.00, today 100.00 in 1, month 100.00
            cancel R2004 of=!R1 50.00 card=C1         -> declined original_mismatch
            complete R2005 of=!R1 65.00 card=C1       -> approved
            show A1                                   -> balance -115.00, held 0.00, available 99885.00, today 100.00 in 1, month 100.00
        "#]],
    );
}

#[test]
fn no_more_holds_than_an_account_takes() {
    let mut world = World::new();
    world.thorough = false;
    for line in ["open A1 credit=100000.00", "card C1 A1"] {
        world.line(line);
    }
    for number in 1..=256 {
        world.line("wait 20s");
        assert_eq!(world.line(&format!("preauth R{number} C1 1.00")), "approved");
    }
    world.thorough = true;
    check_in(
        &mut world,
        expect![[r#"
            wait 1m
            peek C1 1.00         -> approved
            preauth R300 C1 1.00 -> declined too_frequent, limit 256, used 256
            sale R301 C1 1.00    -> approved
            cancel R302 of=R1    -> approved
            preauth R303 C1 1.00 -> approved
            preauth R304 C1 1.00 -> declined too_frequent, limit 256, used 256
            wait 31d
            preauth R305 C1 1.00 -> approved
            show A1              -> balance -1.00, held 1.00, available 99998.00, today 1.00 in 1, month 1.00
        "#]],
    );
}
