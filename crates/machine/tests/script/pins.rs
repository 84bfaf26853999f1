//! PINs, cryptograms and what stands on the stripe.

use crate::check;
use expect_test::expect;

#[test]
fn three_wrong_pins_freeze_the_pin_and_the_holder_lifts_it() {
    check(expect![[r#"
        open A1                  -> done
        fund A1 1000.00          -> done
        card C1 A1               -> done
        sale R1 C1 10.00 wrong   -> declined wrong_pin, tries left 2
        sale R2 C1 10.00 wrong   -> declined wrong_pin, tries left 1
        show C1                  -> active, tries 2, fallbacks 0, freezes []
        peek C1 10.00 wrong      -> declined pin_tries_exceeded (wrong_pin), tries left 0, freeze F1
        sale R3 C1 10.00 wrong   -> declined pin_tries_exceeded (wrong_pin), tries left 0, freeze F1
        sale R3 C1 10.00 wrong   -> repeated: declined pin_tries_exceeded (wrong_pin), tries left 0, freeze F1
        show C1                  -> active, tries 3, fallbacks 0, freezes [F1]
        show F1                  -> pin_tries_exceeded PinUse, exit HolderConfirms, owner Holder by 2026-03-17T10:00, active
        # The right one no longer helps; what needs no PIN still works.
        sale R4 C1 10.00         -> declined pin_tries_exceeded, freeze F1
        sale R5 C1 10.00 wrong   -> declined pin_tries_exceeded (wrong_pin), freeze F1
        sale R6 C1 10.00 tap     -> approved
        inquire R7 C1            -> declined pin_tries_exceeded, freeze F1
        lift F1 holder confirmed -> lifted F1
        show F1                  -> pin_tries_exceeded PinUse, exit HolderConfirms, owner Holder by 2026-03-17T10:00, lifted, HolderConfirmed
        wait 2m
        sale R8 C1 10.00         -> approved
        lift F1 holder confirmed -> refused: already ended
    "#]]);
}

#[test]
fn a_right_pin_begins_the_count_anew_and_a_new_pin_ends_the_freeze() {
    check(expect![[r#"
        open A1                     -> done
        fund A1 1000.00             -> done
        card C1 A1                  -> done
        sale R1 C1 10.00 wrong      -> declined wrong_pin, tries left 2
        sale R2 C1 10.00 wrong      -> declined wrong_pin, tries left 1
        sale R3 C1 10.00            -> approved
        sale R4 C1 10.00 wrong      -> declined wrong_pin, tries left 2
        wait 2m
        sale R5 C1 10.00 wrong      -> declined wrong_pin, tries left 1
        sale R6 C1 10.00 wrong      -> declined pin_tries_exceeded (wrong_pin), tries left 0, freeze F1
        newpin C1 pvv=2222          -> done
        show F1                     -> pin_tries_exceeded PinUse, exit HolderConfirms, owner Holder by 2026-03-17T10:02, lifted, NewPin
        sale R7 C1 10.00            -> approved
        newpin C1 pvv=22a2          -> refused: out of range pin
        newpin C1 pvv=2222 pinkey=7 -> refused: out of range pin
        newpin C9                   -> refused: not found card
    "#]]);
}

#[test]
fn an_agent_lifts_a_frozen_pin_after_proving_who_it_is() {
    check(expect![[r#"
        open A1                  -> done
        fund A1 1000.00          -> done
        card C1 A1               -> done
        sale R1 C1 10.00 wrong   -> declined wrong_pin, tries left 2
        sale R2 C1 10.00 wrong   -> declined wrong_pin, tries left 1
        sale R3 C1 10.00 wrong   -> declined pin_tries_exceeded (wrong_pin), tries left 0, freeze F1
        lift F1 agent ann asked  -> refused: exit forbids
        lift F1 agent ann proven -> lifted F1
        wait 2m
        sale R4 C1 10.00 wrong   -> declined wrong_pin, tries left 2
        sale R5 C1 10.00 wrong   -> declined wrong_pin, tries left 1
        sale R6 C1 10.00         -> approved
    "#]]);
}

#[test]
fn another_freeze_being_lifted_gives_no_tries_back() {
    check(expect![[r#"
        open A1                       -> done
        fund A1 1000.00               -> done
        card C1 A1                    -> done
        sale R1 C1 10.00 wrong        -> declined wrong_pin, tries left 2
        sale R2 C1 10.00 wrong        -> declined wrong_pin, tries left 1
        freeze C1 holder              -> frozen F1
        lift F1 holder asked          -> lifted F1
        freeze PC1 bank ann reach=pin -> frozen F2
        sale R3 C1 10.00              -> declined frozen_by_bank, freeze F2
        lift F2 agent ben reviewed    -> lifted F2
        show C1                       -> active, tries 2, fallbacks 0, freezes []
        sale R4 C1 10.00 wrong        -> declined pin_tries_exceeded (wrong_pin), tries left 0, freeze F3
    "#]]);
}

#[test]
fn a_frozen_pin_tells_nothing_to_a_follow_up() {
    check(expect![[r#"
        open A1                -> done
        fund A1 1000.00        -> done
        card C1 A1             -> done
        sale R1 C1 10.00       -> approved
        preauth R2 C1 10.00    -> approved
        sale R3 C1 10.00 wrong -> declined wrong_pin, tries left 2
        # A void asks for the PIN as well, and counts.
        void R4 of=R1 wrong    -> declined wrong_pin, tries left 1
        void R5 of=R1 wrong    -> declined pin_tries_exceeded (wrong_pin), tries left 0, freeze F1
        show C1                -> active, tries 3, fallbacks 0, freezes [F1]
        # Frozen: right or wrong, the void goes through and nobody learns which it was.
        void R6 of=R1 wrong    -> approved
        cancel R7 of=R2        -> approved
        show C1                -> active, tries 3, fallbacks 0, freezes [F1]
        sale R8 C1 10.00       -> declined pin_tries_exceeded, freeze F1
    "#]]);
}

#[test]
fn tries_count_only_where_the_pin_decides() {
    check(expect![[r#"
        open A1 single=5.00                -> done
        fund A1 1000.00                    -> done
        card C1 A1                         -> done
        policy pin_tries=1                 -> done
        sale R1 C1 10.00 wrong expiry=2001 -> declined pin_tries_exceeded (wrong_pin verification_failed single_limit), limit 5.00, used 0.00, tries left 0, freeze F1
        house issuer_silent                -> done
        sale R2 C1 1.00 wrong              -> declined issuer_silent (pin_tries_exceeded wrong_pin), freeze F1
        house open                         -> done
        freeze C1 bank ann                 -> frozen F2
        sale R3 C1 1.00 wrong              -> declined frozen_by_bank (pin_tries_exceeded wrong_pin), freeze F2
        show C1                            -> active, tries 1, fallbacks 0, freezes [F1 F2]
        lift F1 agent ben reviewed         -> lifted F1
        sale R4 C1 10.00 wrong             -> declined frozen_by_bank (wrong_pin single_limit), limit 5.00, used 0.00, freeze F2
        show C1                            -> active, tries 0, fallbacks 0, freezes [F2]
    "#]]);
}

#[test]
fn when_a_pin_is_asked_for() {
    check(expect![[r#"
        open A1                        -> done
        fund A1 100000.00              -> done
        card C1 A1                     -> done
        card C2 A1 withoutpin          -> done
        sale R1 C1 1.00 nopin          -> declined pin_missing
        sale R2 C1 1000.00 tap         -> approved
        sale R3 C1 1000.01 tap         -> declined pin_missing
        sale R4 C1 1000.01 tap pin     -> approved
        sale R5 C1 1000.01 code        -> declined pin_missing
        wait 2m
        sale R6 C2 1.00 nopin          -> approved
        inquire R7 C1 tap              -> declined pin_missing
        sale R8 C1 5.00 fallback nopin -> declined pin_missing
        sale R9 C1 5.00 typed          -> approved
        sale R10 C1 5.00 nopin advice  -> approved
    "#]]);
}

#[test]
fn cryptograms_and_counters() {
    check(expect![[r#"
        open A1                      -> done
        fund A1 50.00                -> done
        card C1 A1                   -> done
        card C2 A1                   -> done
        sale R1 C1 1.00 atc=5        -> approved
        sale R2 C1 1.00 atc=9        -> approved
        # Declined for want of money, and yet the cryptogram is spent.
        sale R3 C1 100.00 atc=12     -> declined insufficient_funds
        sale R4 C1 1.00 atc=12       -> declined counter_replayed, freeze F1
        show F1                      -> counter_replayed All, exit Replacement, owner Service by 2026-03-11T10:00, active
        sale R5 C1 1.00 atc=13       -> declined frozen_by_risk, freeze F1
        lift F1 holder confirmed     -> refused: exit forbids
        lift F1 agent ann mistake    -> lifted F1
        sale R6 C1 1.00 atc=13       -> declined counter_replayed, freeze F2
        sale R7 C2 1.00 forged atc=1 -> declined cryptogram_failed, freeze F3
        show F2                      -> counter_replayed All, exit Replacement, owner Service by 2026-03-11T10:00, active
        fund A1 1.00                 -> done
        refund R8 of=R1              -> approved
        card C3 A1 replaces=C2       -> done
        show F2                      -> counter_replayed All, exit Replacement, owner Service by 2026-03-11T10:00, active
        sale R9 C3 1.00 atc=1        -> approved
    "#]]);
}

#[test]
fn stripes_of_chip_cards_and_wrong_values() {
    check(expect![[r#"
        open A1                           -> done
        fund A1 100.00                    -> done
        card C1 A1                        -> done
        card C2 A1 nochip                 -> done
        sale R1 C1 1.00 swipe             -> declined fallback_refused
        sale R2 C2 1.00 swipe             -> approved
        sale R3 C2 1.00 swipe badvalue    -> declined verification_failed
        sale R4 C2 1.00 swipe expiry=2001 -> declined verification_failed
        sale R5 C1 1.00 fallback          -> approved
        sale R6 C1 1.00 fallback          -> approved
        wait 2m
        sale R7 C1 1.00 fallback          -> approved
        sale R8 C1 1.00 fallback          -> declined fallback_refused
        show C1                           -> active, tries 0, fallbacks 3, freezes []
        sale R9 C1 1.00                   -> approved
        sale R10 C1 1.00 fallback         -> approved
    "#]]);
}
