//! Freezes: placed, stacked, reaching so far, leaving an allowance, running out, lifted by whom it belongs to.

use crate::world::World;
use crate::{check, check_in};
use expect_test::expect;

#[test]
fn freezes_stack_and_a_lift_ends_only_its_own() {
    check(expect![[r#"
        open A1                    -> done
        fund A1 100.00             -> done
        card C1 A1                 -> done
        card C2 A1                 -> done
        freeze C1 holder           -> frozen F1
        freeze C1 bank ann         -> frozen F2
        freeze A1 rule             -> frozen F3
        sale R1 C1 1.00            -> declined frozen_by_bank (frozen_by_holder frozen_by_risk), freeze F2
        sale R2 C2 1.00            -> declined frozen_by_risk, freeze F3
        lift F2 agent ben reviewed -> lifted F2
        sale R3 C1 1.00            -> declined frozen_by_holder (frozen_by_risk), freeze F1
        lift F3 agent ben reviewed -> approved by 1 of 2
        lift F3 agent cat reviewed -> lifted F3
        sale R4 C1 1.00            -> declined frozen_by_holder, freeze F1
        sale R5 C2 1.00            -> approved
        lift F1 holder asked       -> lifted F1
        sale R6 C1 1.00            -> approved
        lift F9 holder asked       -> refused: not found freeze
    "#]]);
}

#[test]
fn the_same_freeze_again_is_the_same_freeze_but_an_authority_s_never_is() {
    check(expect![[r#"
        open A1                            -> done
        card C1 A1                         -> done
        freeze C1 bank ann                 -> frozen F1
        freeze C1 bank ann                 -> frozen F1
        freeze C1 bank ben                 -> frozen F2
        freeze C1 bank ann reach=all       -> frozen F3
        freeze C1 bank ann for=fraud_score -> frozen F4
        freeze C1 holder                   -> frozen F5
        freeze C1 holder                   -> frozen F5
        # Two orders are two freezes, whoever enters them.
        freeze A1 court bob                -> frozen F6
        freeze A1 court bob                -> frozen F7
        lift F6 authority ann released     -> approved by 1 of 2
        lift F6 authority ben released     -> lifted F6
        show F7                            -> frozen_by_authority All, exit AuthorityOnly, owner Legal by 2026-04-09T10:00, active
    "#]]);
}

#[test]
fn how_far_a_freeze_reaches() {
    check(expect![[r#"
        open A1                         -> done
        fund A1 100.00                  -> done
        card C1 A1                      -> done
        sale R1 C1 10.00                -> approved
        preauth R2 C1 20.00             -> approved
        freeze PC1 bank ann reach=pin   -> frozen F1
        sale R3 C1 1.00                 -> declined frozen_by_bank, freeze F1
        sale R4 C1 1.00 tap             -> approved
        lift F1 agent ben reviewed      -> lifted F1
        freeze A1 bank ann reach=debits -> frozen F2
        sale R5 C1 1.00                 -> declined frozen_by_bank, freeze F2
        preauth R6 C1 1.00              -> declined frozen_by_bank, freeze F2
        inquire R7 C1                   -> approved, balance 89.00, available 69.00
        fund A1 1.00                    -> done
        refund R8 of=R1 1.00            -> approved
        # What was approved before is completed, voided, reversed.
        complete R9 of=R2 15.00         -> approved
        reverse R9                      -> accepted
        wait 2m
        void R10 of=R1                  -> declined original_spent
        lift F2 agent ben reviewed      -> lifted F2
        freeze A1 court bob             -> frozen F3
        inquire R11 C1                  -> declined frozen_by_authority, freeze F3
        fund A1 1.00                    -> refused: frozen all
        refund R12 of=R1 1.00           -> approved
        complete R13 of=R2 15.00        -> approved
        lift F3 authority ann released  -> approved by 1 of 2
        lift F3 authority ann released  -> refused: same person
        lift F3 authority ben released  -> lifted F3
        sale R14 C1 1.00                -> approved
    "#]]);
}

#[test]
fn an_allowance_stays_open() {
    check(expect![[r#"
        open A1                        -> done
        fund A1 1000.00                -> done
        card C1 A1                     -> done
        freeze C1 bank ann allow=50.00 -> frozen F1
        sale R1 C1 30.00               -> approved
        sale R2 C1 20.01               -> declined frozen_by_bank, freeze F1
        sale R3 C1 20.00               -> approved
        sale R4 C1 0.01                -> declined frozen_by_bank, freeze F1
        wait 1d
        preauth R5 C1 50.00            -> approved
        # Two freezes: what one allows the other may still stop.
        freeze A1 rule                 -> frozen F2
        wait 1d
        sale R6 C1 1.00                -> declined frozen_by_risk, freeze F2
    "#]]);
}

#[test]
fn freezes_run_out_and_are_swept() {
    check(expect![[r#"
        open A1                                    -> done
        fund A1 100.00                             -> done
        card C1 A1                                 -> done
        freeze C1 bank ann expires=2h              -> frozen F1
        freeze C1 bank ann for=card_testing        -> frozen F2
        freeze C1 bank ben exit=expires            -> refused: out of range expiry
        freeze C1 bank ben exit=expires expires=0s -> refused: out of range expiry
        freeze C1 bank ben exit=expires expires=1d -> frozen F3
        wait 2h
        sale R1 C1 1.00                            -> declined frozen_by_bank, freeze F2, until 2026-03-13T10:00
        lift F1 agent cat reviewed                 -> refused: already ended
        sweep                                      -> swept 0 holds, 0 freezes
        show F1                                    -> frozen_by_bank NewDebits until 2026-03-10T12:00, exit Review { approvers: 1 }, owner Service by 2026-03-13T10:00, expired
        wait 22h
        sale R2 C1 1.00                            -> declined frozen_by_bank, freeze F2, until 2026-03-13T10:00
        wait 2d
        sale R3 C1 1.00                            -> approved
        show F2                                    -> card_testing NewDebits until 2026-03-13T10:00, exit HolderConfirms, owner Holder by 2026-03-11T10:00, expired
        sweep                                      -> swept 0 holds, 0 freezes
        show F2                                    -> card_testing NewDebits until 2026-03-13T10:00, exit HolderConfirms, owner Holder by 2026-03-11T10:00, expired
        show F3                                    -> frozen_by_bank NewDebits until 2026-03-11T10:00, exit Expires, owner Service by 2026-03-13T10:00, expired
        show C1                                    -> active, tries 0, fallbacks 0, freezes []
        sweep                                      -> swept 0 holds, 0 freezes
    "#]]);
}

#[test]
fn a_pin_freeze_that_ran_out_leaves_all_tries() {
    check(expect![[r#"
        open A1                                               -> done
        fund A1 100.00                                        -> done
        card C1 A1                                            -> done
        freeze PC1 bank ann for=pin_tries_exceeded expires=1h -> frozen F1
        sale R1 C1 1.00 wrong                                 -> declined frozen_by_bank (wrong_pin), freeze F1, until 2026-03-10T11:00
        wait 1h
        sale R2 C1 1.00 wrong                                 -> declined wrong_pin, tries left 2
        sale R3 C1 1.00 wrong                                 -> declined wrong_pin, tries left 1
        show C1                                               -> active, tries 2, fallbacks 0, freezes []
    "#]]);
}

#[test]
fn freezes_of_what_is_not_there() {
    check(expect![[r#"
        open A1                                                            -> done
        card C1 A1                                                         -> done
        freeze A9 bank ann                                                 -> refused: not found account
        freeze C9 bank ann                                                 -> refused: not found card
        freeze PC9 bank ann                                                -> refused: not found card
        freeze T9 bank ann                                                 -> refused: not found terminal
        freeze M9 bank ann                                                 -> refused: not found merchant
        freeze C1 bank ann for=insufficient_funds                          -> refused: out of range freeze
        freeze C1 bank ann for=insufficient_funds reach=debits exit=holder -> frozen F1
        freeze C1 bank ann exit=review3                                    -> refused: out of range freeze
        freeze C1 bank ann evidence=1                                      -> refused: not found transaction
        lift F7 machine reviewed                                           -> refused: not found freeze
    "#]]);
}

#[test]
fn a_frozen_shop_sells_nothing_and_still_gives_back() {
    check(expect![[r#"
        open A1                                -> done
        fund A1 100.00                         -> done
        card C1 A1                             -> done
        sale R1 C1 10.00                       -> approved
        sale R2 C1 10.00                       -> approved
        preauth R3 C1 20.00                    -> approved
        freeze M1 bank ann for=merchant_frozen -> frozen F1
        sale R4 C1 1.00                        -> declined merchant_frozen, freeze F1
        void R5 of=R1                          -> approved
        refund R6 of=R2 3.00                   -> approved
        complete R7 of=R3                      -> approved
        reverse R7                             -> accepted
        sale R8 C1 1.00 at=T2                  -> approved
        lift F1 agent ben reviewed             -> lifted F1
        freeze T1 bank ann for=terminal_frozen -> frozen F2
        sale R9 C1 1.00                        -> declined terminal_frozen, freeze F2
        void R10 of=R2                         -> declined original_spent (terminal_frozen), freeze F2
        signin T1                              -> signed in, keys 2, batch 1
        show F2                                -> terminal_frozen All, exit SignIn, owner Operations by 2026-03-10T11:00, lifted, SignedIn
        sale R11 C1 1.00                       -> approved
        show A1                                -> balance 91.00, held 20.00, available 71.00, today 32.00 in 4, month 32.00
    "#]]);
}

#[test]
fn who_placed_it_does_not_lift_it_and_nobody_counts_twice() {
    check(expect![[r#"
        open A1                            -> done
        card C1 A1                         -> done
        freeze C1 bank ann for=fraud_score -> frozen F1
        lift F1 agent ann reviewed         -> refused: same person
        lift F1 agent ben reviewed         -> approved by 1 of 2
        lift F1 agent ben reviewed         -> refused: same person
        lift F1 agent ben mistake          -> refused: same person
        lift F1 agent ann reviewed         -> refused: same person
        lift F1 agent cat mistake          -> lifted F1
        lift F1 agent dan reviewed         -> refused: already ended
        show F1                            -> fraud_score NewDebits, exit Review { approvers: 2 }, owner Risk by 2026-03-11T10:00, lifted, FalsePositive
        freeze C1 bank ann                 -> frozen F2
        lift F2 agent ann reviewed         -> refused: same person
        lift F2 agent ben reviewed         -> lifted F2
    "#]]);
}

#[test]
fn no_more_than_so_many_at_once_but_a_theft_always_fits() {
    let mut world = World::new();
    for line in ["open A1", "fund A1 100.00", "card C1 A1"] {
        world.line(line);
    }
    for person in 0..32 {
        assert_eq!(
            world.line(&format!("freeze C1 bank p{person} allow=50.00")),
            format!("frozen F{}", person + 1)
        );
    }
    check_in(
        &mut world,
        expect![[r#"
            freeze C1 bank one.more -> refused: too many freeze
            # The machine's own and the holder's loss report always fit.
            sale R1 C1 1.00 wrong   -> declined wrong_pin, tries left 2
            sale R2 C1 1.00 wrong   -> declined wrong_pin, tries left 1
            sale R3 C1 1.00 wrong   -> declined pin_tries_exceeded (wrong_pin), tries left 0, freeze F33
            stolen C1               -> done
            sale R4 C1 1.00         -> declined card_stolen (pin_tries_exceeded), freeze F34
        "#]],
    );
    let mut world = World::new();
    for line in ["open A1", "fund A1 100.00", "card C1 A1"] {
        world.line(line);
    }
    for person in 0..32 {
        world.line(&format!("freeze C1 bank p{person} expires=1h"));
    }
    check_in(
        &mut world,
        expect![[r#"
            wait 1h
            # Those that ran out take no room, swept or not.
            freeze C1 bank one.more -> frozen F33
            show C1                 -> active, tries 0, fallbacks 0, freezes [F33]
        "#]],
    );
}
