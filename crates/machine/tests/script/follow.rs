//! Voids and refunds.

use crate::check;
use expect_test::expect;

#[test]
fn a_sale_is_voided_once() {
    check(expect![[r#"
        open A1                     -> done
        fund A1 100.00              -> done
        card C1 A1                  -> done
        sale R1 C1 60.00            -> approved
        void R2 of=R1 59.00         -> declined original_mismatch
        void R3 of=R1               -> approved
        void R3 of=R1               -> repeated: approved
        void R4 of=R1               -> declined original_spent
        show A1                     -> balance 100.00, held 0.00, available 100.00, today 0.00 in 0, month 0.00
        show R1                     -> undone
        refund R5 of=R1             -> declined original_spent
        reverse R1                  -> declined original_spent
        void R6 of=R2               -> declined original_mismatch
        void R7 of=R99 card=C1 5.00 -> declined original_unknown
        sale R8 C1 200.00           -> declined insufficient_funds
        void R9 of=R8               -> declined original_unknown
    "#]]);
}

#[test]
fn a_void_is_taken_back() {
    check(expect![[r#"
        open A1               -> done
        fund A1 100.00        -> done
        card C1 A1            -> done
        sale R1 C1 60.00      -> approved
        void R2 of=R1         -> approved
        sale R3 C1 80.00      -> approved
        reverse R2            -> accepted, exception overdrawn
        reverse R2            -> repeated: accepted, exception overdrawn
        show A1               -> balance -40.00, held 0.00, available -40.00, today 140.00 in 2, month 140.00
        show R1               -> posted 60.00
        void R4 of=R1         -> approved
        show A1               -> balance 20.00, held 0.00, available 20.00, today 80.00 in 1, month 80.00
        reverse R4 keep=30.00 -> declined not_supported
        reverse R4 keep=60.00 -> declined not_supported
    "#]]);
}

#[test]
fn refunds_up_to_the_sale() {
    check(expect![[r#"
        open A1                        -> done
        fund A1 100.00                 -> done
        card C1 A1                     -> done
        card C2 A1                     -> done
        sale R1 C1 60.00               -> approved
        refund R2 of=#R1 60.01         -> declined amount_over_original, limit 60.00, used 0.00
        refund R3 of=#R1 20.00         -> approved
        refund R3 of=#R1 20.00         -> repeated: approved
        refund R4 of=#R1 40.01         -> declined amount_over_original, limit 60.00, used 20.00
        refund R5 of=#R1 10.00 card=C2 -> declined original_mismatch
        refund R6 of=#R1 10.00 at=T2   -> declined original_mismatch
        refund R7 of=#R1 40.00         -> approved
        refund R8 of=#R1 0.01          -> declined amount_over_original, limit 60.00, used 60.00
        void R9 of=R1                  -> declined original_spent
        show A1                        -> balance 100.00, held 0.00, available 100.00, today 60.00 in 1, month 60.00
        show R1                        -> posted 60.00, refunded 60.00
        refund R10 of=#R3 1.00         -> declined original_mismatch
        refund R11 of=R99 1.00 card=C1 -> declined original_unknown
        refund R12 of=R1 0.00          -> declined amount_invalid
    "#]]);
}

#[test]
fn refunds_taken_back_in_parts_and_whole() {
    check(expect![[r#"
        open A1               -> done
        fund A1 100.00        -> done
        card C1 A1            -> done
        sale R1 C1 60.00      -> approved
        refund R2 of=R1 50.00 -> approved
        reverse R2 keep=20.00 -> accepted
        show A1               -> balance 60.00, held 0.00, available 60.00, today 60.00 in 1, month 60.00
        show R1               -> posted 60.00, refunded 20.00
        show T1               -> batch 1; 1 debit 60.00/1 credit 20.00/1
        refund R3 of=R1 40.01 -> declined amount_over_original, limit 60.00, used 20.00
        refund R4 of=R1 40.00 -> approved
        reverse R4            -> accepted
        reverse R2            -> accepted
        show A1               -> balance 40.00, held 0.00, available 40.00, today 60.00 in 1, month 60.00
        show R1               -> posted 60.00
        show T1               -> batch 1; 1 debit 60.00/1 credit 0.00/0
        # The money is gone when the refund is taken back.
        refund R5 of=R1 60.00 -> approved
        sale R6 C1 100.00     -> approved
        reverse R5            -> accepted, exception overdrawn
        show A1               -> balance -60.00, held 0.00, available -60.00, today 160.00 in 2, month 160.00
    "#]]);
}

#[test]
fn a_sale_reversed_after_a_refund_gives_back_the_rest() {
    check(expect![[r#"
        open A1               -> done
        fund A1 100.00        -> done
        card C1 A1            -> done
        sale R1 C1 60.00      -> approved
        refund R2 of=R1 20.00 -> approved
        reverse R1 keep=50.00 -> declined amount_over_original
        reverse R1 keep=30.00 -> accepted
        show A1               -> balance 70.00, held 0.00, available 70.00, today 50.00 in 1, month 50.00
        reverse R1            -> accepted, despite original_spent
        show A1               -> balance 100.00, held 0.00, available 100.00, today 0.00 in 0, month 0.00
        reverse R2            -> accepted
        show A1               -> balance 80.00, held 0.00, available 80.00, today 0.00 in 0, month 0.00
    "#]]);
}

#[test]
fn advised_refunds_are_posted() {
    check(expect![[r#"
        open A1                              -> done
        fund A1 100.00                       -> done
        card C1 A1                           -> done
        sale R1 C1 60.00                     -> approved
        refund R2 of=R1 70.00 advice         -> approved, despite amount_over_original
        show A1                              -> balance 110.00, held 0.00, available 110.00, today 60.00 in 1, month 60.00
        show R1                              -> posted 60.00, refunded 70.00
        refund R3 of=R1 1.00                 -> declined amount_over_original, limit 60.00, used 70.00
        refund R4 of=R99 5.00 card=C1 advice -> approved, exception unmatched
        refund R5 of=R99 5.00 card=C9 advice -> approved, exception unmatched
        books                                -> Funding -100.00, Clearing(0) -20.00, Suspense 5.00
        reverse R2                           -> accepted
        show A1                              -> balance 45.00, held 0.00, available 45.00, today 60.00 in 1, month 60.00
        show R1                              -> posted 60.00
        # More was refunded than was sold: a reversal of the sale takes the difference back.
        refund R6 of=R1 70.00 advice         -> approved, despite amount_over_original
        reverse R1                           -> accepted, despite original_spent
        show A1                              -> balance 105.00, held 0.00, available 105.00, today 0.00 in 0, month 0.00
        books                                -> Funding -100.00, Clearing(0) -10.00, Suspense 5.00
        # Nothing that was not done is undone by advice.
        sale R7 C1 500.00                    -> declined insufficient_funds
        void R8 of=R7 advice                 -> approved, exception unmatched
        show A1                              -> balance 105.00, held 0.00, available 105.00, today 0.00 in 0, month 0.00
    "#]]);
}

#[test]
fn asked_with_the_number_of_something_else() {
    check(expect![[r#"
        open A1               -> done
        fund A1 100.00        -> done
        card C1 A1            -> done
        sale R1 C1 60.00      -> approved
        refund R2 of=R1 20.00 -> approved
        refund R2 of=R1 21.00 -> declined duplicate_mismatch
        void R2 of=R1 20.00   -> declined duplicate_mismatch
        sale R2 C1 20.00      -> declined duplicate_mismatch
        refund R2 of=R1 20.00 -> repeated: approved
        show A1               -> balance 60.00, held 0.00, available 60.00, today 60.00 in 1, month 60.00
    "#]]);
}
