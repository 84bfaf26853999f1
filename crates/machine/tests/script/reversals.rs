//! Reversals: known and unknown, whole and in part, twice, and before their original.

use crate::check;
use expect_test::expect;

#[test]
fn a_sale_is_reversed_once_and_answered_the_same_every_time() {
    check(expect![[r#"
        open A1                         -> done
        fund A1 100.00                  -> done
        card C1 A1                      -> done
        sale R1 C1 60.00                -> approved
        reverse R1 card=C1 amount=60.00 -> accepted
        reverse R1 card=C1 amount=60.00 -> repeated: accepted
        show A1                         -> balance 100.00, held 0.00, available 100.00, today 0.00 in 0, month 0.00
        show R1                         -> reversed
        # The sale's own repeat keeps its answer, and no money moves.
        sale R1 C1 60.00                -> repeated: approved
        void R2 of=R1                   -> declined original_spent
        refund R3 of=R1                 -> declined original_spent
        show A1                         -> balance 100.00, held 0.00, available 100.00, today 0.00 in 0, month 0.00
        books                           -> Funding -100.00, Clearing(0) 0.00
    "#]]);
}

#[test]
fn a_reversal_of_the_unknown_leaves_a_tombstone() {
    check(expect![[r#"
        open A1                         -> done
        fund A1 100.00                  -> done
        card C1 A1                      -> done
        reverse R1 card=C1 amount=60.00 -> declined original_unknown
        reverse R1 card=C1 amount=60.00 -> repeated: declined original_unknown
        # The original comes late: declined, not held, and so is its repeat.
        sale R1 C1 60.00                -> declined reversed_before
        sale R1 C1 60.00                -> repeated: declined reversed_before
        show A1                         -> balance 100.00, held 0.00, available 100.00, today 0.00 in 0, month 0.00
        reverse R1 card=C1 amount=60.00 -> repeated: declined original_unknown
        # Not even an advice gets past it.
        reverse R2                      -> declined original_unknown
        sale R2 C1 60.00 advice         -> declined reversed_before
        reverse R3                      -> declined original_unknown
        preauth R3 C1 10.00             -> declined reversed_before
        sale R4 C1 10.00                -> approved
        reverse R5                      -> declined original_unknown
        void R5 of=R4                   -> declined reversed_before
        reverse R6                      -> declined original_unknown
        refund R6 of=R4 10.00 advice    -> declined reversed_before
        show A1                         -> balance 90.00, held 0.00, available 90.00, today 10.00 in 1, month 10.00
    "#]]);
}

#[test]
fn a_declined_sale_is_reversed_without_effect() {
    check(expect![[r#"
        open A1           -> done
        fund A1 100.00    -> done
        card C1 A1        -> done
        sale R1 C1 100.01 -> declined insufficient_funds
        reverse R1        -> accepted
        reverse R1        -> repeated: accepted
        inquire R2 C1     -> approved, balance 100.00, available 100.00
        reverse R2        -> accepted
        show A1           -> balance 100.00, held 0.00, available 100.00, today 0.00 in 0, month 0.00
        show R1           -> idle
    "#]]);
}

#[test]
fn a_reversal_that_does_not_fit_its_original() {
    check(expect![[r#"
        open A1                         -> done
        fund A1 100.00                  -> done
        card C1 A1                      -> done
        card C2 A1                      -> done
        sale R1 C1 60.00                -> approved
        reverse R1 card=C2              -> declined original_mismatch
        reverse R1 amount=60.01         -> declined original_mismatch
        show A1                         -> balance 40.00, held 0.00, available 40.00, today 60.00 in 1, month 60.00
        reverse R1 card=C1 amount=60.00 -> accepted
        # A refusal is no reversal: the right one went through. By number:
        sale R2 C1 10.00                -> approved
        reverse #R2                     -> accepted
        reverse #R2                     -> repeated: accepted
        reverse #R99                    -> declined original_unknown
        # By approval code nothing is reversed.
        reverse !R2                     -> declined original_unknown
        show A1                         -> balance 100.00, held 0.00, available 100.00, today 0.00 in 0, month 0.00
    "#]]);
}

#[test]
fn a_sale_is_reversed_in_part() {
    check(expect![[r#"
        open A1               -> done
        fund A1 100.00        -> done
        card C1 A1            -> done
        sale R1 C1 60.00      -> approved
        reverse R1 keep=60.01 -> declined amount_over_original
        reverse R1 keep=45.00 -> accepted
        reverse R1 keep=45.00 -> repeated: accepted
        show A1               -> balance 55.00, held 0.00, available 55.00, today 45.00 in 1, month 45.00
        show T1               -> batch 1; 1 debit 45.00/1 credit 0.00/0
        reverse R1 keep=50.00 -> declined amount_over_original
        reverse R1 keep=20.00 -> accepted
        show A1               -> balance 80.00, held 0.00, available 80.00, today 20.00 in 1, month 20.00
        void R2 of=R1 60.00   -> declined original_mismatch
        refund R3 of=R1 20.01 -> declined amount_over_original, limit 20.00, used 0.00
        refund R4 of=R1 5.00  -> approved
        reverse R1 keep=16.00 -> declined amount_over_original
        reverse R1            -> accepted, despite original_spent
        show A1               -> balance 100.00, held 0.00, available 100.00, today 0.00 in 0, month 0.00
        show T1               -> batch 1; 1 debit 0.00/0 credit 5.00/1
    "#]]);
}

#[test]
fn of_two_at_once_only_one_wins() {
    check(expect![[r#"
        open A1             -> done
        fund A1 100.00      -> done
        card C1 A1          -> done
        sale R1 C1 60.00    -> approved
        void R2 of=R1       -> approved
        # The terminal gave the void up and reverses the sale.
        reverse R1          -> declined original_spent
        reverse R2          -> accepted
        reverse R1          -> accepted
        reverse R2          -> repeated: accepted
        show A1             -> balance 100.00, held 0.00, available 100.00, today 0.00 in 0, month 0.00
        books               -> Funding -100.00, Clearing(0) 0.00
        preauth R3 C1 50.00 -> approved
        cancel R4 of=R3     -> approved
        reverse R3          -> declined original_spent
        reverse R4          -> accepted
        complete R5 of=R3   -> approved
        reverse R3          -> declined original_spent
        reverse R5          -> accepted
        show A1             -> balance 100.00, held 50.00, available 50.00, today 50.00 in 1, month 50.00
        reverse R3          -> accepted
        show A1             -> balance 100.00, held 0.00, available 100.00, today 0.00 in 0, month 0.00
    "#]]);
}

#[test]
fn a_reversal_arrives_whatever_is_frozen() {
    check(expect![[r#"
        open A1                                -> done
        fund A1 100.00                         -> done
        card C1 A1                             -> done
        sale R1 C1 60.00                       -> approved
        sale R2 C1 10.00                       -> approved
        preauth R3 C1 10.00                    -> approved
        freeze A1 court bob                    -> frozen F1
        freeze T1 bank ann for=terminal_frozen -> frozen F2
        freeze M1 bank ann for=merchant_frozen -> frozen F3
        signout T1                             -> done
        house issuer_down                      -> done
        stolen C1                              -> done
        reverse R1                             -> accepted
        reverse R2 keep=5.00                   -> accepted
        reverse R3                             -> accepted
        show A1                                -> balance 95.00, held 0.00, available 95.00, today 5.00 in 1, month 5.00
    "#]]);
}
