//! Batches: counted, settled, uploaded, signed for.

use crate::check;
use expect_test::expect;

#[test]
fn a_batch_that_agrees_is_closed_and_paid_out() {
    check(expect![[r#"
        open A1                                         -> done
        fund A1 1000.00                                 -> done
        card C1 A1                                      -> done
        sale R1 C1 60.00                                -> approved
        sale R2 C1 40.00                                -> approved
        void R3 of=R2                                   -> approved
        preauth R4 C1 100.00                            -> approved
        complete R5 of=R4 80.00                         -> approved
        refund R6 of=R1 10.00                           -> approved
        sale R7 C1 5.00                                 -> approved
        reverse R7                                      -> accepted
        wait 2m
        sale R8 C1 2000.00                              -> declined insufficient_funds
        preauth R9 C1 10.00                             -> approved
        cancel R10 of=R9                                -> approved
        show T1                                         -> batch 1; 1 debit 180.00/3 credit 50.00/2
        books                                           -> Funding -1000.00, Clearing(0) 130.00
        settle T1 debit=180.00/3 credit=50.00/2         -> agrees: debit 180.00/3 credit 50.00/2
        books                                           -> Funding -1000.00, Clearing(0) 0.00, Payable(0) 130.00
        wait 5m
        # Asked again, it is answered as before.
        settle T1 batch=1 debit=180.00/3 credit=50.00/2 -> agrees: debit 180.00/3 credit 50.00/2, since 2026-03-10T10:02
        books                                           -> Funding -1000.00, Clearing(0) 0.00, Payable(0) 130.00
        show T1                                         -> batch 2; 1 closed debit 180.00/3 credit 50.00/2
        settle T1                                       -> agrees: debit 0.00/0 credit 0.00/0
        signin T1                                       -> signed in, keys 2, batch 3
    "#]]);
}

#[test]
fn a_batch_that_differs_is_uploaded_and_closed() {
    check(expect![[r#"
        open A1                     -> done
        fund A1 1000.00             -> done
        card C1 A1                  -> done
        sale R1 C1 60.00            -> approved
        sale R2 C1 40.00            -> approved
        settle T1 debit=160.00/3    -> differs: debit 100.00/2 credit 0.00/0
        wait 5m
        settle T1 debit=160.00/3    -> differs: debit 100.00/2 credit 0.00/0, since 2026-03-10T10:00
        show T1                     -> batch 1; 1 debit 100.00/2 credit 0.00/0
        detail R1 60.00             -> done
        detail R2 41.00             -> noted
        detail R3 60.00             -> noted
        closebatch T1               -> done
        closebatch T1 batch=1       -> done
        show T1                     -> batch 2; 1 closed debit 100.00/2 credit 0.00/0
        books                       -> Funding -1000.00, Clearing(0) 0.00, Payable(0) 100.00
        settle T9                   -> refused: not found terminal
        closebatch T9               -> refused: not found terminal
        settle T1 batch=1000000     -> refused: out of range batch
        closebatch T1 batch=1000000 -> refused: out of range batch
        signout T1                  -> done
        closebatch T1 batch=2       -> refused: standing forbids
    "#]]);
}

#[test]
fn what_comes_after_the_batch_was_settled() {
    check(expect![[r#"
        open A1                          -> done
        fund A1 1000.00                  -> done
        card C1 A1                       -> done
        sale R1 C1 60.00                 -> approved
        sale R2 C1 40.00                 -> approved
        settle T1 debit=100.00/2         -> agrees: debit 100.00/2 credit 0.00/0
        void R3 of=R1                    -> declined original_spent
        refund R4 of=R1                  -> approved
        reverse R2                       -> accepted, exception after settlement
        reverse R2                       -> repeated: accepted, exception after settlement
        # What the terminal has once agreed on does not change any more.
        settle T1 batch=1 debit=100.00/2 -> agrees: debit 100.00/2 credit 0.00/0
        show T1                          -> batch 2; 1 closed debit 100.00/2 credit 0.00/0; 2 debit 0.00/0 credit 60.00/1
        show A1                          -> balance 1000.00, held 0.00, available 1000.00, today 60.00 in 1, month 60.00
        # A sale under the number of a closed batch is taken, and looked into.
        sale R9 C1 5.00 batch=1          -> approved, exception after settlement
        show T1                          -> batch 2; 1 closed debit 100.00/2 credit 0.00/0; 2 debit 0.00/0 credit 60.00/1
        books                            -> Funding -1000.00, Clearing(0) -95.00, Payable(0) 100.00
    "#]]);
}

#[test]
fn a_batch_settled_ahead_of_the_current_one_is_passed_over() {
    check(expect![[r#"
        settle T1 batch=2 -> agrees: debit 0.00/0 credit 0.00/0
        show T1           -> batch 1; 2 closed debit 0.00/0 credit 0.00/0
        settle T1 batch=1 -> agrees: debit 0.00/0 credit 0.00/0
        show T1           -> batch 3; 2 closed debit 0.00/0 credit 0.00/0; 1 closed debit 0.00/0 credit 0.00/0
        settle T1         -> agrees: debit 0.00/0 credit 0.00/0
        signin T1         -> signed in, keys 2, batch 4
    "#]]);
}

#[test]
fn several_batches_are_kept_and_no_money_gets_stuck() {
    check(expect![[r#"
        open A1                        -> done
        fund A1 1000.00                -> done
        card C1 A1                     -> done
        sale R1 C1 1.00 batch=1        -> approved
        sale R2 C1 2.00 batch=2        -> approved
        sale R3 C1 3.00 batch=3        -> approved
        sale R4 C1 4.00 batch=4        -> approved
        books                          -> Funding -1000.00, Clearing(0) 10.00
        sale R5 C1 5.00 batch=5        -> approved
        show T1                        -> batch 2; 2 debit 2.00/1 credit 0.00/0; 3 debit 3.00/1 credit 0.00/0; 4 debit 4.00/1 credit 0.00/0; 5 debit 5.00/1 credit 0.00/0
        books                          -> Funding -1000.00, Clearing(0) 14.00, Payable(0) 1.00
        settle T1 batch=3 debit=3.00/1 -> agrees: debit 3.00/1 credit 0.00/0
        wait 1m
        # A batch long past is closed, kept or not.
        sale R9 C1 1.00 batch=1        -> approved, exception after settlement
        settle T1 batch=1 debit=1.00/1 -> refused: out of range batch
        void R10 of=R1                 -> declined original_spent
        reverse R1                     -> accepted, exception after settlement
        sale R6 C1 6.00 batch=6        -> approved
        show T1                        -> batch 2; 2 debit 2.00/1 credit 0.00/0; 4 debit 4.00/1 credit 0.00/0; 5 debit 5.00/1 credit 0.00/0; 6 debit 6.00/1 credit 0.00/0
    "#]]);
}

#[test]
fn signatures_belong_to_their_sale() {
    check(expect![[r#"
        open A1              -> done
        fund A1 1000.00      -> done
        card C1 A1           -> done
        card C2 A1           -> done
        sale R1 C1 60.00     -> approved
        sale R2 C1 2000.00   -> declined insufficient_funds
        sign R1 rrn=99       -> refused: signature mismatch
        sign R1 amount=60.01 -> refused: signature mismatch
        sign R1 card=C2      -> refused: signature mismatch
        sign R2              -> refused: signature mismatch
        sign R9              -> refused: not found transaction
        sign R1              -> done
        sign R1              -> done
        sign R1 image=2      -> refused: exists transaction
        script R1 done       -> done
        script R9 done       -> refused: not found transaction
    "#]]);
}

#[test]
fn terminals_and_merchants() {
    check(expect![[r#"
        merchant M1                     -> refused: exists merchant
        merchant M3 name=一二三四五六七八九十一二三四 -> refused: out of range name
        merchant M3 name=一二三四五六七八九十一二三  -> done
        terminal T1 M1                  -> refused: exists terminal
        terminal T9 M9                  -> refused: not found merchant
        signin T9                       -> refused: not found terminal
        signout T9                      -> refused: not found terminal
        open A1                         -> done
        fund A1 10.00                   -> done
        card C1 A1                      -> done
        signout T1                      -> done
        sale R1 C1 1.00                 -> declined terminal_not_signed_in
        signin T1                       -> signed in, keys 2, batch 1
        sale R2 C1 1.00                 -> approved
        sale R3 C1 1.00 at=T2           -> approved
    "#]]);
}
