//! Sales and inquiries: what is approved, what is asked twice, what is advised.

use crate::check;
use expect_test::expect;

#[test]
fn a_sale_takes_the_money_and_a_repeat_takes_none() {
    check(expect![[r#"
        open A1          -> done
        fund A1 100.00   -> done
        card C1 A1       -> done
        peek C1 60.00    -> approved
        sale R1 C1 60.00 -> approved
        show A1          -> balance 40.00, held 0.00, available 40.00, today 60.00 in 1, month 60.00
        sale R1 C1 60.00 -> repeated: approved
        show A1          -> balance 40.00, held 0.00, available 40.00, today 60.00 in 1, month 60.00
        sale R2 C1 60.00 -> declined insufficient_funds
        show A1          -> balance 40.00, held 0.00, available 40.00, today 60.00 in 1, month 60.00
        sale R3 C1 40.00 -> approved
        inquire R4 C1    -> approved, balance 0.00, available 0.00
        inquire R4 C1    -> repeated: approved, balance 0.00, available 0.00
        books            -> Funding -100.00, Clearing(0) 100.00
    "#]]);
}

#[test]
fn the_same_number_with_anything_else_moves_no_money() {
    check(expect![[r#"
        open A1              -> done
        fund A1 100.00       -> done
        card C1 A1           -> done
        card C2 A1           -> done
        sale R1 C1 60.00     -> approved
        sale R1 C1 60.01     -> declined duplicate_mismatch
        sale R1 C2 60.00     -> declined duplicate_mismatch
        preauth R1 C1 60.00  -> declined duplicate_mismatch
        sale R1 C1 60.00 usd -> declined duplicate_mismatch
        void R1 of=R1 60.00  -> declined duplicate_mismatch
        show A1              -> balance 40.00, held 0.00, available 40.00, today 60.00 in 1, month 60.00
        # The first answer stays the answer.
        sale R1 C1 60.00     -> repeated: approved
    "#]]);
}

#[test]
fn amounts_are_positive_and_have_twelve_digits() {
    check(expect![[r#"
        open A1                       -> done
        open A2 credit=9999999999.99  -> done
        card C1 A1                    -> done
        card C2 A2                    -> done
        fund A1 0.00                  -> refused: out of range amount
        fund A1 -1.00                 -> refused: out of range amount
        fund A1 max                   -> refused: out of range amount
        fund A1 9999999999.99         -> done
        sale R1 C1 0.00               -> declined amount_invalid
        sale R2 C1 -1.00              -> declined amount_invalid
        sale R3 C1 min                -> declined amount_invalid
        sale R4 C1 max                -> declined amount_invalid (insufficient_funds)
        preauth R5 C1 max             -> declined amount_invalid (insufficient_funds)
        sale R6 C1 10000000000.00     -> declined amount_invalid (insufficient_funds)
        sale R7 C1 9999999999.99      -> approved
        # Not even an advice posts what is no amount.
        sale R8 C1 -5.00 advice       -> declined amount_invalid
        sale R9 C1 max advice         -> declined amount_invalid (insufficient_funds)
        refund R10 of=R7 -5.00 advice -> declined amount_invalid
        refund R11 of=R7 max advice   -> declined amount_over_original (amount_invalid), limit 9999999999.99, used 0.00
        complete R12 of=R7 max advice -> declined original_mismatch (original_spent amount_invalid)
        show A1                       -> balance 0.00, held 0.00, available 0.00, today 9999999999.99 in 1, month 9999999999.99
        sale R13 C2 9999999999.99     -> approved
        show A2                       -> balance -9999999999.99, held 0.00, available 0.00, today 9999999999.99 in 1, month 9999999999.99
        open A3 credit=10000000000.00 -> refused: out of range amount
        open A4 credit=-0.01          -> refused: out of range amount
    "#]]);
}

#[test]
fn another_currency_is_never_mixed_in() {
    check(expect![[r#"
        open A1                     -> done
        open A2 usd                 -> done
        fund A1 100.00 usd          -> refused: wrong currency
        fund A1 100.00              -> done
        fund A2 100.00 usd          -> done
        card C1 A1                  -> done
        card C2 A2                  -> done
        sale R1 C1 10.00 usd        -> declined not_supported (currency_mismatch)
        sale N2 C1 10.00 usd        -> declined currency_mismatch
        sale N3 C2 10.00 usd        -> approved
        # At our own terminals only their own currency is taken.
        sale R4 C2 10.00 usd        -> declined not_supported
        sale R5 C2 10.00            -> declined currency_mismatch
        # An advice is posted, but not on an account of another currency.
        sale N6 C1 10.00 usd advice -> approved, despite currency_mismatch
        show A1                     -> balance 100.00, held 0.00, available 100.00, today 0.00 in 0, month 0.00
        refund N7 of=N3 5.00        -> declined original_mismatch (currency_mismatch)
        refund N8 of=N3 5.00 usd    -> approved
        books                       -> Funding -100.00, Funding -100.00 840, Institution(48021000) 15.00 840, Suspense -10.00 840
        show A2                     -> balance 95.00, held 0.00, available 95.00, today 10.00 in 1, month 10.00
    "#]]);
}

#[test]
fn an_advice_is_posted_whatever_is_found() {
    check(expect![[r#"
        open A1                                  -> done
        fund A1 10.00                            -> done
        card C1 A1                               -> done
        sale R1 C1 30.00 advice                  -> approved, despite insufficient_funds
        show A1                                  -> balance -20.00, held 0.00, available -20.00, today 30.00 in 1, month 30.00
        freeze A1 bank ann reach=all             -> frozen F1
        sale R2 C1 5.00 advice                   -> approved, despite frozen_by_bank
        sale R2 C1 5.00 advice                   -> repeated: approved, despite frozen_by_bank
        fund A1 5.00                             -> refused: frozen all
        # A card nobody knows: it waits in suspense.
        sale R3 C9 7.00 advice                   -> approved, despite card_unknown
        sale R4 C1 1.00 advice wrong expiry=2001 -> approved, despite frozen_by_bank
        show A1                                  -> balance -26.00, held 0.00, available -26.00, today 36.00 in 3, month 36.00
        show C1                                  -> active, tries 0, fallbacks 0, freezes []
        sale R5 C1 1.00 at=T7 advice             -> approved, despite terminal_unknown
        books                                    -> Funding -10.00, Clearing(0) 43.00, Suspense -6.00
        # What was advised can be taken back.
        reverse R3                               -> accepted
        reverse R1                               -> accepted
        reverse R5                               -> accepted
        show A1                                  -> balance 4.00, held 0.00, available 4.00, today 6.00 in 2, month 6.00
        books                                    -> Funding -10.00, Clearing(0) 6.00, Suspense 0.00
    "#]]);
}

#[test]
fn elsewhere_and_without_a_terminal() {
    check(expect![[r#"
        open A1                            -> done
        fund A1 100.00                     -> done
        card C1 A1                         -> done
        sale N1 C1 10.00 swipe country=840 -> declined fallback_refused
        sale P2 C1 20.00 at=M1 onfile      -> approved
        sale P2 C1 20.00 at=M1 onfile      -> repeated: approved
        sale I3 C1 5.00 at=M2 typed        -> approved
        sale P4 C1 20.00 at=M9 onfile      -> declined merchant_unknown
        sale R5 C1 1.00 at=T9              -> declined terminal_unknown
        sale R6 C1 1.00 nopin              -> declined pin_missing
        sale N7 C1 1.00 nopin              -> approved
        refund P8 of=P2 20.00 at=M1 onfile -> approved
        show A1                            -> balance 94.00, held 0.00, available 94.00, today 26.00 in 3, month 26.00
        books                              -> Funding -100.00, Clearing(0) 0.00, Clearing(1) 5.00, Institution(48021000) 1.00
    "#]]);
}

#[test]
fn all_causes_are_collected_and_the_first_decides() {
    check(expect![[r#"
        open A1 single=5.00 daily=6.00 monthly=7.00 count=0                    -> done
        card C1 A1 inactive expiry=2602                                        -> done
        switch C1 -contactless -abroad -night                                  -> done
        at 2026-03-10T23:30
        freeze C1 bank ann                                                     -> frozen F1
        freeze A1 court bob                                                    -> frozen F2
        freeze T1 bank ann for=terminal_frozen                                 -> frozen F3
        freeze M1 bank ann for=merchant_frozen                                 -> frozen F4
        signout T1                                                             -> done
        house issuer_down                                                      -> done
        sale R1 C1 100.00 tap wrong forged atc=1 badvalue expiry=3001 usd late -> declined too_late (not_supported currency_mismatch terminal_not_signed_in terminal_frozen merchant_frozen issuer_down card_inactive card_expired frozen_by_authority frozen_by_bank wrong_pin verification_failed cryptogram_failed channel_off night_off single_limit daily_limit monthly_limit daily_count insufficient_funds), limit 5.00, used 0.00, freeze F3
        house open                                                             -> done
        sale R2 C1 100.00 tap wrong forged atc=1 badvalue expiry=3001          -> declined terminal_not_signed_in (terminal_frozen merchant_frozen card_inactive card_expired frozen_by_authority frozen_by_bank wrong_pin verification_failed cryptogram_failed channel_off night_off single_limit daily_limit monthly_limit daily_count insufficient_funds), limit 5.00, used 0.00, freeze F3
        signin T1                                                              -> signed in, keys 2, batch 1
        lift F3 agent ben reviewed                                             -> refused: already ended
        lift F4 agent ben reviewed                                             -> lifted F4
        sale R3 C1 100.00 tap wrong forged atc=1 badvalue expiry=3001          -> declined card_inactive (card_expired frozen_by_authority frozen_by_bank wrong_pin verification_failed cryptogram_failed channel_off night_off single_limit daily_limit monthly_limit daily_count insufficient_funds), limit 5.00, used 0.00, freeze F2
        activate C1                                                            -> done
        sale R4 C1 100.00 tap wrong                                            -> declined card_expired (frozen_by_authority frozen_by_bank wrong_pin channel_off night_off single_limit daily_limit monthly_limit daily_count insufficient_funds), limit 5.00, used 0.00, freeze F2
        ask R5 C1 1.00 Void                                                    -> declined not_supported (card_expired frozen_by_authority night_off), freeze F2
        ask R6 C1 1.00 Refund advice                                           -> declined not_supported (card_expired frozen_by_authority night_off), freeze F2
        show C1                                                                -> active, tries 0, fallbacks 0, freezes [F1]
    "#]]);
}
