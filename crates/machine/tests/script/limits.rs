//! Limits of one payment, the day and the month, switches, bursts and cool-downs.

use crate::check;
use expect_test::expect;

#[test]
fn single_daily_monthly_and_count() {
    check(expect![[r#"
        open A1 single=50.00 daily=100.00 monthly=150.00 count=3 -> done
        fund A1 1000.00                                          -> done
        card C1 A1                                               -> done
        sale R1 C1 50.01                                         -> declined single_limit, limit 50.00, used 0.00
        sale R2 C1 50.00                                         -> approved
        sale R3 C1 50.00                                         -> approved
        sale R4 C1 0.01                                          -> declined daily_limit, limit 100.00, used 100.00
        wait 1d
        sale R5 C1 49.00                                         -> approved
        wait 2m
        sale R6 C1 0.50                                          -> approved
        sale R7 C1 0.50                                          -> approved
        wait 2m
        sale R8 C1 0.01                                          -> declined monthly_limit (daily_count), limit 150.00, used 150.00
        show A1                                                  -> balance 850.00, held 0.00, available 850.00, today 50.00 in 3, month 150.00
        wait 1d
        sale R9 C1 0.01                                          -> declined monthly_limit, limit 150.00, used 150.00
        at 2026-04-01T00:00
        sale R10 C1 50.00                                        -> approved
    "#]]);
}

#[test]
fn a_day_ends_at_midnight_of_the_account() {
    check(expect![[r#"
        open A1 daily=100.00           -> done
        open A2 daily=100.00 zone=-300 -> done
        fund A1 1000.00                -> done
        fund A2 1000.00                -> done
        card C1 A1                     -> done
        card C2 A2                     -> done
        at 2026-03-10T23:59
        sale R1 C1 100.00              -> approved
        sale R2 C2 100.00              -> approved
        at 2026-03-11T00:00
        sale R3 C1 100.00              -> approved
        # Eleven in the morning of the tenth in the other zone; its midnight is at 13:00 here.
        sale R4 C2 0.01                -> declined daily_limit, limit 100.00, used 100.00
        at 2026-03-11T12:59
        sale R5 C2 0.01                -> declined daily_limit, limit 100.00, used 100.00
        at 2026-03-11T13:00
        sale R6 C2 100.00              -> approved
        # Moving west does not begin the day anew; moving east does once it is another day there.
        zone A1 -300                   -> done
        at 2026-03-11T14:00
        sale R7 C1 0.01                -> declined daily_limit, limit 100.00, used 100.00
        zone A1 -1081                  -> refused: out of range zone
        zone A1 -1080                  -> done
        zone A1 840                    -> done
        at 2026-03-11T18:30
        sale R8 C1 0.01                -> approved
    "#]]);
}

#[test]
fn a_month_ends_at_midnight_of_the_account() {
    check(expect![[r#"
        open A1 monthly=100.00        -> done
        open A2 monthly=100.00 zone=0 -> done
        fund A1 1000.00               -> done
        fund A2 1000.00               -> done
        card C1 A1                    -> done
        card C2 A2                    -> done
        at 2026-03-31T23:59
        sale R1 C1 100.00             -> approved
        sale R2 C2 100.00             -> approved
        at 2026-04-01T00:00
        sale R3 C1 100.00             -> approved
        sale R4 C2 0.01               -> declined monthly_limit, limit 100.00, used 100.00
        at 2026-04-01T07:59
        sale R5 C2 0.01               -> declined monthly_limit, limit 100.00, used 100.00
        at 2026-04-01T08:00
        sale R6 C2 100.00             -> approved
    "#]]);
}

#[test]
fn what_is_taken_back_is_not_used() {
    check(expect![[r#"
        open A1 daily=100.00 count=2 -> done
        fund A1 1000.00              -> done
        card C1 A1                   -> done
        sale R1 C1 100.00            -> approved
        sale R2 C1 0.01              -> declined daily_limit, limit 100.00, used 100.00
        reverse R1                   -> accepted
        show A1                      -> balance 1000.00, held 0.00, available 1000.00, today 0.00 in 0, month 0.00
        preauth R3 C1 60.00          -> approved
        cancel R4 of=R3              -> approved
        show A1                      -> balance 1000.00, held 0.00, available 1000.00, today 0.00 in 0, month 0.00
        sale R5 C1 80.00             -> approved
        void R6 of=R5                -> approved
        show A1                      -> balance 1000.00, held 0.00, available 1000.00, today 0.00 in 0, month 0.00
        reverse R6                   -> accepted
        show A1                      -> balance 920.00, held 0.00, available 920.00, today 80.00 in 1, month 80.00
        reverse R5 keep=30.00        -> accepted
        show A1                      -> balance 970.00, held 0.00, available 970.00, today 30.00 in 1, month 30.00
        # What was used yesterday is not given back today.
        wait 1d
        sale R7 C1 10.00             -> approved
        reverse R5                   -> accepted
        show A1                      -> balance 990.00, held 0.00, available 990.00, today 10.00 in 1, month 10.00
        # A refund gives no limits back.
        sale R8 C1 20.00             -> approved
        refund R9 of=R8              -> approved
        show A1                      -> balance 990.00, held 0.00, available 990.00, today 30.00 in 2, month 30.00
    "#]]);
}

#[test]
fn holder_switches() {
    check(expect![[r#"
        open A1                                                     -> done
        fund A1 1000.00                                             -> done
        card C1 A1                                                  -> done
        card C2 A1 nochip                                           -> done
        merchant M3 country=840                                     -> done
        switch C1 -stripe -contactless -code -remote -abroad -night -> done
        sale R1 C1 1.00 fallback                                    -> declined channel_off
        sale R2 C1 1.00 tap                                         -> declined channel_off
        sale R3 C1 1.00 code                                        -> declined channel_off
        wait 2m
        sale R4 C1 1.00 typed                                       -> declined channel_off
        sale P5 C1 1.00 onfile at=M1                                -> declined channel_off
        sale N6 C1 1.00 country=840                                 -> declined country_off
        wait 2m
        sale P7 C1 1.00 onfile at=M3                                -> declined channel_off (country_off)
        sale R8 C1 1.00                                             -> approved
        sale N9 C1 1.00                                             -> approved
        policy home=840                                             -> done
        wait 2m
        sale R10 C1 1.00                                            -> declined country_off
        sale N11 C1 1.00 country=840                                -> approved
        policy home=156                                             -> done
        switch C1                                                   -> done
        sale R12 C1 1.00 tap                                        -> approved
        switch C9 -night                                            -> refused: not found card
        wait 2m
        switch C2 -stripe                                           -> done
        sale R13 C2 1.00 swipe                                      -> declined channel_off
    "#]]);
}

#[test]
fn the_night_switch_holds_from_eleven_to_six_where_the_holder_lives() {
    check(expect![[r#"
        open A1             -> done
        open A2 zone=0      -> done
        fund A1 1000.00     -> done
        fund A2 1000.00     -> done
        card C1 A1          -> done
        card C2 A2          -> done
        switch C1 -night    -> done
        switch C2 -night    -> done
        at 2026-03-10T22:59
        sale R1 C1 1.00     -> approved
        at 2026-03-10T23:00
        sale R2 C1 1.00     -> declined night_off
        sale R3 C2 1.00     -> approved
        at 2026-03-11T05:59
        sale R4 C1 1.00     -> declined night_off
        at 2026-03-11T06:00
        sale R5 C1 1.00     -> approved
        at 2026-03-11T07:00
        sale R6 C2 1.00     -> declined night_off
    "#]]);
}

#[test]
fn too_many_in_a_minute_and_then_card_testing() {
    check(expect![[r#"
        open A1                  -> done
        fund A1 1000.00          -> done
        card C1 A1               -> done
        sale R1 C1 1.00 tap      -> approved
        sale R2 C1 1.00 tap      -> approved
        sale R3 C1 1.00 tap      -> approved
        sale R4 C1 1.00 tap      -> approved
        sale R5 C1 1.00 tap      -> approved
        sale R6 C1 1.00 tap      -> approved
        sale R7 C1 1.00 tap      -> declined too_frequent, limit 6, used 6
        wait 61s
        # A quiet minute, and it goes on.
        sale R8 C1 1.00 tap      -> approved
        sale R9 C1 1.00 tap      -> approved
        sale R10 C1 1.00 tap     -> approved
        sale R11 C1 1.00 tap     -> approved
        sale R12 C1 1.00 tap     -> approved
        sale R13 C1 1.00 tap     -> approved
        sale R14 C1 1.00 tap     -> declined too_frequent, limit 6, used 6
        sale R15 C1 1.00 tap     -> declined too_frequent, limit 6, used 7
        sale R16 C1 1.00 tap     -> declined too_frequent, limit 6, used 8
        peek C1 1.00 tap         -> declined too_frequent (card_testing), limit 6, used 8, freeze F1
        sale R17 C1 1.00 tap     -> declined too_frequent (card_testing), limit 6, used 8, freeze F1
        show F1                  -> card_testing NewDebits until 2026-03-13T10:01, exit HolderConfirms, owner Holder by 2026-03-11T10:01, active
        sale R18 C1 1.00 tap     -> declined frozen_by_risk (too_frequent), limit 6, used 8, freeze F1, until 2026-03-13T10:01
        inquire R19 C1           -> approved, balance 988.00, available 988.00
        fund A1 5.00             -> done
        refund R20 of=R8         -> approved
        lift F1 holder confirmed -> lifted F1
        sale R21 C1 1.00 tap     -> approved
        show C1                  -> active, tries 0, fallbacks 0, freezes []
    "#]]);
}

#[test]
fn hitting_limits_again_and_again_leads_to_a_rest_not_a_freeze() {
    check(expect![[r#"
        open A1 single=10.00 -> done
        fund A1 1000.00      -> done
        card C1 A1           -> done
        policy cool_hits=3   -> done
        sale R1 C1 10.01     -> declined single_limit, limit 10.00, used 0.00
        wait 2m
        sale R2 C1 10.01     -> declined single_limit, limit 10.00, used 0.00
        wait 2m
        sale R3 C1 10.01     -> declined single_limit, limit 10.00, used 0.00
        sale R4 C1 1.00      -> declined cooling_down, until 2026-03-10T10:19
        wait 14m
        sale R5 C1 1.00      -> declined cooling_down, until 2026-03-10T10:19
        wait 1m
        sale R6 C1 1.00      -> approved
        show C1              -> active, tries 0, fallbacks 0, freezes []
        # Two an hour apart are not again and again.
        sale R7 C1 10.01     -> declined single_limit, limit 10.00, used 0.00
        wait 61m
        sale R8 C1 10.01     -> declined single_limit, limit 10.00, used 0.00
        wait 2m
        sale R9 C1 10.01     -> declined single_limit, limit 10.00, used 0.00
        sale R10 C1 1.00     -> approved
    "#]]);
}

#[test]
fn limits_are_set_within_reason() {
    check(expect![[r#"
        open A1 single=-0.01                       -> refused: out of range limit
        open A1                                    -> done
        open A1                                    -> refused: exists account
        limits A1 daily=-1.00                      -> refused: out of range limit
        limits A9 daily=1.00                       -> refused: not found account
        limits A1 single=max daily=max monthly=max -> done
        fund A1 10.00                              -> done
        card C1 A1                                 -> done
        sale R1 C1 10.00                           -> approved
        zone A9 480                                -> refused: not found account
        open A2 zone=1081                          -> refused: out of range zone
        policy pin_tries=0                         -> refused: out of range policy
        policy pin_tries=16                        -> refused: out of range policy
        policy remember=999                        -> refused: out of range policy
        epoch 0                                    -> refused: unknown epoch
        epoch 1                                    -> done
        epoch 2                                    -> refused: unknown epoch
    "#]]);
}
