//! Accounts and cards from beginning to end: activated, lost, stolen, replaced, expired, closed.

use crate::check;
use expect_test::expect;

#[test]
fn a_card_comes_to_be_and_expires() {
    check(expect![[r#"
        card C1 A1                      -> refused: not found account
        open A1                         -> done
        fund A1 100.00                  -> done
        card C1 A1 expiry=2613          -> refused: out of range expiry
        card C1 A1 expiry=2600          -> refused: out of range expiry
        card C1 A1 last4=12x4           -> refused: out of range card
        card C1 A1 pinkey=0             -> refused: out of range pin
        card C1 A1 inactive expiry=2603 -> done
        card C1 A1                      -> refused: exists card
        sale R1 C1 1.00                 -> declined card_inactive
        sale R2 C9 1.00                 -> declined card_unknown
        activate C1                     -> done
        activate C1                     -> done
        deactivate C1                   -> refused: standing forbids
        activate C9                     -> refused: not found card
        sale R3 C1 1.00                 -> approved
        at 2026-03-31T23:59
        sale R4 C1 1.00                 -> approved
        at 2026-04-01T00:00
        sale R5 C1 1.00                 -> declined card_expired
        sale R6 C1 1.00 advice          -> approved, despite card_expired
        refund R7 of=R3                 -> approved
    "#]]);
}

#[test]
fn lost_stolen_and_replaced() {
    check(expect![[r#"
        open A1                   -> done
        open A2                   -> done
        fund A1 100.00            -> done
        card C1 A1                -> done
        sale R1 C1 10.00          -> approved
        lost C1                   -> done
        lost C1                   -> done
        show C1                   -> lost, tries 0, fallbacks 0, freezes [F1]
        show F1                   -> card_lost All, exit Replacement, owner Holder by 2026-03-17T10:00, active
        sale R2 C1 1.00           -> declined card_lost, freeze F1
        inquire R3 C1             -> declined card_lost, freeze F1
        fund A1 1.00              -> done
        refund R4 of=R1 5.00      -> approved
        lift F1 holder confirmed  -> refused: exit forbids
        lift F1 agent ann mistake -> refused: exit forbids
        activate C1               -> refused: standing forbids
        stolen C1                 -> done
        lost C1                   -> refused: standing forbids
        show C1                   -> stolen, tries 0, fallbacks 0, freezes [F1 F2]
        sale R5 C1 1.00           -> declined card_lost (card_stolen), freeze F1
        card C2 A2 replaces=C1    -> refused: not found card
        card C2 A1 replaces=C9    -> refused: not found card
        card C2 A1 replaces=C1    -> done
        show C1                   -> replaced, tries 0, fallbacks 0, freezes []
        show F1                   -> card_lost All, exit Replacement, owner Holder by 2026-03-17T10:00, lifted, Replaced
        sale R6 C1 1.00           -> declined card_replaced
        sale R7 C2 1.00           -> approved
        # A card is replaced once.
        card C3 A1 replaces=C1    -> refused: standing forbids
        activate C1               -> refused: standing forbids
        stolen C1                 -> refused: standing forbids
        card C3 A1 replaces=C2    -> done
        card C3 A2                -> refused: exists card
    "#]]);
}

#[test]
fn switches_go_with_the_card_and_so_do_the_freezes_it_must_not_shake_off() {
    check(expect![[r#"
        open A1                        -> done
        fund A1 100.00                 -> done
        card C1 A1                     -> done
        switch C1 -night               -> done
        sale R1 C1 1.00 wrong          -> declined wrong_pin, tries left 2
        sale R2 C1 1.00 wrong          -> declined wrong_pin, tries left 1
        sale R3 C1 1.00 wrong          -> declined pin_tries_exceeded (wrong_pin), tries left 0, freeze F1
        freeze C1 court bob            -> frozen F2
        freeze C1 bank ann             -> frozen F3
        freeze C1 holder               -> frozen F4
        lost C1                        -> done
        card C2 A1 replaces=C1         -> done
        show C1                        -> replaced, tries 0, fallbacks 0, freezes []
        show C2                        -> active, tries 0, fallbacks 0, freezes [F2 F3]
        show F1                        -> pin_tries_exceeded PinUse, exit HolderConfirms, owner Holder by 2026-03-17T10:00, lifted, Replaced
        show F2                        -> frozen_by_authority All, exit AuthorityOnly, owner Legal by 2026-04-09T10:00, active
        show F3                        -> frozen_by_bank NewDebits, exit Review { approvers: 1 }, owner Service by 2026-03-13T10:00, active
        show F4                        -> frozen_by_holder NewDebits, exit HolderLifts, owner Holder by 2026-04-09T10:00, lifted, Replaced
        show F5                        -> card_lost All, exit Replacement, owner Holder by 2026-03-17T10:00, lifted, Replaced
        sale R4 C2 1.00                -> declined frozen_by_authority (frozen_by_bank), freeze F2
        lift F3 agent ben reviewed     -> lifted F3
        lift F2 authority ann released -> approved by 1 of 2
        lift F2 authority ben released -> lifted F2
        sale R5 C2 1.00                -> approved
        at 2026-03-10T23:30
        sale R6 C2 1.00                -> declined night_off
    "#]]);
}

#[test]
fn closing_an_account() {
    check(expect![[r#"
        close A1            -> refused: not found account
        open A1             -> done
        fund A1 100.00      -> done
        card C1 A1          -> done
        sale R1 C1 60.00    -> approved
        preauth R2 C1 40.00 -> approved
        close A1            -> refused: not empty
        cancel R3 of=R2     -> approved
        close A1            -> refused: not empty
        sale R4 C1 40.00    -> approved
        close A1            -> done
        close A1            -> done
        sale R5 C1 1.00     -> declined account_closed (insufficient_funds)
        inquire R6 C1       -> declined account_closed
        fund A1 1.00        -> refused: standing forbids
        card C2 A1          -> refused: standing forbids
        # What was sold before still comes back.
        refund R7 of=R1     -> approved
        reverse R4          -> accepted
        show A1             -> balance 100.00, held 0.00, available 100.00, today 60.00 in 1, month 60.00
    "#]]);
}

#[test]
fn a_credit_account_goes_below_zero_and_no_further() {
    check(expect![[r#"
        open A1 credit=100.00 -> done
        card C1 A1            -> done
        sale R1 C1 100.01     -> declined insufficient_funds
        sale R2 C1 70.00      -> approved
        preauth R3 C1 30.01   -> declined insufficient_funds
        preauth R4 C1 30.00   -> approved
        inquire R5 C1         -> approved, balance -70.00, available 0.00
        fund A1 50.00         -> done
        show A1               -> balance -20.00, held 30.00, available 50.00, today 100.00 in 2, month 100.00
        close A1              -> refused: not empty
    "#]]);
}
