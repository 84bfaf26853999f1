//! What terminals ask and hear.

use crate::script::{check, check_in};
use crate::world::{MORNING, World, card, pvv_of_a};
use expect_test::expect;
use machine::command::{Command, KeySet, PinReference};
use machine::outcome::Outcome;

#[test]
fn a_day_at_the_counter() {
    check(expect![[r#"
        sale T1 A 12.34 -> 0210 A0 "未扣款, 请先签到再重新收款" please sign in (no mac)
        sign-in T1 -> 0810 00 rrn 261122100000 (no mac)
        echo T1 -> 0830 00 rrn 261122100000 (no mac)
        sale T1 A 100.00 pin 123456 -> 0210 00 rrn 1 auth 692317
        again T1 -> 0210 00 rrn 1 auth 692317; same bytes
        sale T1 A 50.00 pin 123456 unbound -> 0210 00 rrn 2 auth 112806
        balance T1 A pin 123456 -> 0210 00 rrn 3 auth 533295 balance 0002156C000000985000
        void T1 A 50.00 of 5 -> 0210 00 rrn 4 auth 953784
        refund T1 A 10.00 of 4 -> 0230 00 rrn 5 auth 374273
        balance T1 A pin 123456 -> 0210 00 rrn 6 auth 794762 balance 0002156C000000991000
        sign-out T1 -> 0830 00 rrn 261122100000 (no mac)
        sale T1 A 1.00 -> 0210 A0 "未扣款, 请先签到再重新收款" please sign in (no mac)
    "#]]);
}

#[test]
fn every_set_of_working_keys() {
    check(expect![[r#"
        sign-in T1 keys 001 -> 0810 00 rrn 261122100000 (no mac)
        sale T1 A 1.00 pin 123456 -> 0210 00 rrn 1 auth 692317
        sign-in T1 keys 004 -> 0810 00 rrn 261122100000 (no mac)
        sale T1 A 1.00 pin 123456 -> 0210 00 rrn 2 auth 112806
        sale T1 A 1.00 pin 123456 enciphered -> 0210 00 rrn 3 auth 533295
        sale T1 B 1.00 chip pin 123456 enciphered counter 1 -> 0210 00 rrn 4 auth 953784 chip 910A58E678D7DD9CD74E3030
        # SM4 keys are refused by a clear answer.
        sign-in T1 keys 005 -> 0810 40 "不支持此交易, 请改用普通消费"
        sign-in T1 keys 006 -> 0810 40 "不支持此交易, 请改用普通消费"
        sale T1 A 1.00 pin 123456 -> 0210 00 rrn 5 auth 374273
    "#]]);
}

#[test]
fn holds_and_what_follows_them() {
    check(expect![[r#"
        sign-in T1 -> 0810 00 rrn 261122100000 (no mac)
        sign-in T2 -> 0810 00 rrn 261122100000 (no mac)
        hold T1 A 500.00 pin 123456 -> 0110 00 rrn 1 auth 692317
        complete T1 A 450.00 of 2 pin 123456 -> 0210 00 rrn 2 auth 112806
        cancel-completion T1 A 450.00 of 3 pin 123456 -> 0210 00 rrn 3 auth 533295
        hold T1 A 80.00 pin 123456 -> 0110 00 rrn 4 auth 953784
        cancel T1 A 80.00 of 5 pin 123456 -> 0110 00 rrn 5 auth 374273
        hold T1 A 60.00 pin 123456 -> 0110 00 rrn 6 auth 794762
        complete T1 A 60.00 of 7 advice -> 0230 00 rrn 7 auth 215251
        hold T1 A 70.00 pin 123456 -> 0110 00 rrn 8 auth 635740
        # Another terminal of the merchant, by the approval code alone.
        complete T2 A 70.00 61=- 37=- 38=998123 -> 0210 25 rrn 9 "查无原交易, 请核对凭证号和批次"
        complete T1 A 70.00 of 9 -> 0210 00 rrn 10 auth 476718
        balance T1 A pin 123456 -> 0210 00 rrn 11 auth 897207 balance 0002156C000000937000
        # Neither approval nor original.
        complete T1 A 70.00 -> 0210 30 rrn 12 "未扣款, 请重做一次, 仍不行报修"
        void T1 A 1.00 -> 0210 30 rrn 13 "未扣款, 请重做一次, 仍不行报修"
    "#]]);
}

#[test]
fn offline_sales_and_tips() {
    check(expect![[r#"
        sign-in T1 -> 0810 00 rrn 261122100000 (no mac)
        offline T1 A 20.00 -> 0230 00 rrn 1 auth 692317
        sale T1 A 100.00 pin 123456 -> 0210 00 rrn 2 auth 112806
        # The tip is what is posted; field 4 says the whole.
        tip T1 A 115.00 of 3 48=000000001500 -> 0230 00 rrn 3 auth 533295
        tip T1 A 115.00 of 3 -> 0230 30 rrn 4 "未扣款, 请重做一次, 仍不行报修"
        balance T1 A pin 123456 -> 0210 00 rrn 5 auth 374273 balance 0002156C000000986500
    "#]]);
}

#[test]
fn reversals() {
    check(expect![[r#"
        sign-in T1 -> 0810 00 rrn 261122100000 (no mac)
        sale T1 A 30.00 pin 123456 -> 0210 00 rrn 1 auth 692317
        reverse T1 A 30.00 39=98 -> 0410 00 rrn 2
        again T1 -> 0410 00 rrn 2; same bytes
        reverse T1 A 30.00 39=06 -> 0410 00 rrn 2
        sale T1 A 30.00 pin 123456 stan 2 -> 0210 00 rrn 1 auth 692317
        # Of what never arrived; then it does.
        reverse T1 A 40.00 stan 77 39=98 -> 0410 25 rrn 3 "查无原交易, 请核对凭证号和批次"
        sale T1 A 40.00 pin 123456 stan 77 -> 0210 22 rrn 4 "本笔已冲正未扣款, 请重新收款"
        balance T1 A pin 123456 -> 0210 00 rrn 5 auth 374273 balance 0002156C000001000000
    "#]]);
}

#[test]
fn repeats_are_answered_alike_also_after_a_restart() {
    check(expect![[r#"
        sign-in T1 -> 0810 00 rrn 261122100000 (no mac)
        sale T1 A 30.00 pin 123456 -> 0210 00 rrn 1 auth 692317
        again T1 -> 0210 00 rrn 1 auth 692317; same bytes
        wait 20s
        again T1 -> 0210 00 rrn 1 auth 692317; same bytes
        restart
        again T1 -> 0210 00 rrn 1 auth 692317; same bytes
        # The same number, another amount.
        sale T1 A 31.00 pin 123456 stan 2 -> 0210 94 rrn 2 "流水号重复, 先查上一笔再收款"
        sale T1 A 9999999.00 pin 123456 -> 0210 51 rrn 3 "未成功, 请换卡或换方式付款"
        again T1 -> 0210 51 rrn 3 "未成功, 请换卡或换方式付款"; same bytes
        restart
        again T1 -> 0210 51 rrn 3 "未成功, 请换卡或换方式付款"; same bytes
    "#]]);
}

#[test]
fn pins() {
    check(expect![[r#"
        sign-in T1 -> 0810 00 rrn 261122100000 (no mac)
        sale T1 A 2000.00 -> 0210 55 rrn 1 "需要密码, 请重新插卡并输密码"
        sale T1 A 2000.00 pin 4321 -> 0210 55 rrn 2 "密码错误, 请顾客重新输入"
        # Unreadable: the terminal's fault, no try of the holder's.
        sale T1 A 2000.00 pin garbage -> 0210 99 rrn 3 "未扣款, 请重新签到后再试" please sign in
        sale T1 A 2000.00 pin 123456 53=0600000000000000 -> 0210 99 rrn 4 "未扣款, 请重新签到后再试" please sign in
        sale T1 A 2000.00 pin 123456 53=2300000000000000 -> 0210 40 "不支持此交易, 请改用普通消费"
        sale T1 A 2000.00 pin 123456 53=- -> 0210 99 rrn 5 "未扣款, 请重新签到后再试" please sign in
        # Keys of another generation make garbage too.
        sale T1 A 2000.00 pin 654321 -> 0210 55 rrn 6 "密码错误, 请顾客重新输入"
        sale T1 A 2000.00 pin 111111 -> 0210 75 rrn 7 "未成功, 请换卡或改用免密付款"
        sale T1 A 2000.00 pin 123456 -> 0210 75 rrn 8 "未成功, 请换卡或改用免密付款"
        # Not ours: there is nothing to hold a PIN against.
        sale T1 C 2000.00 pin 123456 -> 0210 14 rrn 9 "卡号未识别, 请核对或换卡"
    "#]]);
}

#[test]
fn a_security_module_that_is_down_is_nobody_s_wrong_pin() {
    check(expect![[r#"
        sign-in T1 -> 0810 00 rrn 261122100000 (no mac)
        module down
        sale T1 A 10.00 pin 123456 -> 0210 A7 rrn 1 "系统忙未扣款, 请1分钟后重试"
        sale T1 A 10.00 pin 123456 -> 0210 A7 rrn 2 "系统忙未扣款, 请1分钟后重试"
        sale T1 A 10.00 pin 123456 -> 0210 A7 rrn 3 "系统忙未扣款, 请1分钟后重试"
        sale T1 A 10.00 pin 123456 -> 0210 A7 rrn 4 "系统忙未扣款, 请1分钟后重试"
        sale T1 A 10.00 -> 0210 55 rrn 5 "需要密码, 请重新插卡并输密码"
        # A reversal waits for no module.
        reverse T1 A 10.00 -> 0410 00 rrn 6
        module up
        sale T1 A 10.00 pin 123456 -> 0210 00 rrn 7 auth 215251
    "#]]);
}

#[test]
fn codes_of_the_message() {
    check(expect![[r#"
        sign-in T1 -> 0810 00 rrn 261122100000 (no mac)
        sale T1 A 1.00 spoilt -> 0210 A0 rrn 1 "未扣款, 请重新签到后再收款" please sign in
        sale T1 A 1.00 bare -> 0210 A0 rrn 2 "未扣款, 请重新签到后再收款" please sign in
        sale T1 A 1.00 -> 0210 55 rrn 3 "需要密码, 请重新插卡并输密码"
        # Settlement and sign-out need none, but a wrong one is wrong.
        settle T1 debit 1.00 debits 1 spoilt -> 0510 A0 rrn 4 "未扣款, 请重新签到后再收款" please sign in
        settle T1 debit 1.00 debits 1 bare -> 0510 00 rrn 261122100000 result 22 (no mac)
    "#]]);
}

#[test]
fn a_storm_of_wrong_codes_is_recorded_and_held_back_and_quarantines_the_terminal() {
    let mut world = World::new();
    check_in(
        &mut world,
        expect![[r#"
            sign-in T1 -> 0810 00 rrn 261122100000 (no mac)
            sale T1 A 1.00 spoilt -> 0210 A0 rrn 1 "未扣款, 请重新签到后再收款" please sign in
            sale T1 A 1.00 spoilt -> 0210 A0 rrn 2 "未扣款, 请重新签到后再收款" please sign in
            sale T1 A 1.00 spoilt -> 0210 A0 rrn 3 "未扣款, 请重新签到后再收款" please sign in
            sale T1 A 1.00 spoilt -> 0210 A0 rrn 4 "未扣款, 请重新签到后再收款" please sign in
            sale T1 A 1.00 spoilt -> 0210 A0 rrn 5 "未扣款, 请重新签到后再收款" please sign in
            sale T1 A 1.00 spoilt -> 0210 A0 rrn 6 "未扣款, 请重新签到后再收款" please sign in
            sale T1 A 1.00 spoilt -> 0210 A0 rrn 7 "未扣款, 请重新签到后再收款" please sign in
            sale T1 A 1.00 spoilt -> 0210 A0 rrn 8 "未扣款, 请重新签到后再收款" please sign in
            sale T1 A 1.00 spoilt -> 0210 A0 rrn 9 "未扣款, 请重新签到后再收款" please sign in
            sale T1 A 1.00 spoilt -> 0210 A0 rrn 10 "未扣款, 请重新签到后再收款" please sign in
            sale T1 A 1.00 spoilt -> 0210 A0 "未扣款, 请重新签到后再收款" please sign in
            sale T1 A 1.00 spoilt -> 0210 A0 "未扣款, 请重新签到后再收款" please sign in
            faults -> 10
            wait 1s
            sale T1 A 1.00 spoilt -> 0210 A0 rrn 11 "未扣款, 请重新签到后再收款" please sign in
            faults -> 11
            sale T1 A 1.00 pin 123456 -> 0210 58 rrn 12 "终端暂停使用, 请换终端并报修"
            # Another terminal does not notice.
            sign-in T2 -> 0810 00 rrn 261122100001 (no mac)
            sale T2 A 1.00 pin 123456 -> 0210 00 rrn 13 auth 738185
            # Signing in again lifts it.
            sign-in T1 -> 0810 00 rrn 261122100001 (no mac)
            sale T1 A 1.00 pin 123456 -> 0210 00 rrn 14 auth 158674
        "#]],
    );
    assert_eq!(world.gateway.counters().faults_held_back, 2);
}

#[test]
fn strangers() {
    check(expect![[r#"
        sign-in T9 -> 0810 97 "终端未登记, 请换终端并报收单" (no mac)
        echo T9 -> 0830 97 "终端未登记, 请换终端并报收单" (no mac)
        sale T9 A 1.00 -> 0210 97 "终端未登记, 请换终端并报收单" (no mac)
        sign-in T1 -> 0810 00 rrn 261122100000 (no mac)
        sale T1 A 1.00 42=898510154110284 -> 0210 03 "商户未登记, 请联系收单机构" (no mac)
        # What this host does not do.
        sale T1 A 1.00 25=08 -> 0210 40 "不支持此交易, 请改用普通消费"
        sale T1 A 1.00 currency 840 -> 0210 57 "币种不符, 请改币种或换卡"
    "#]]);
}

#[test]
fn the_keys_before_are_honoured_for_a_while() {
    let mut world = World::new();
    check_in(
        &mut world,
        expect![[r#"
            sign-in T1 -> 0810 00 rrn 261122100000 (no mac)
            sale T1 A 1.00 pin 123456 -> 0210 00 rrn 1 auth 692317
        "#]],
    );
    // The same terminal, whose answer to a second sign-in is lost.
    let keys = world.terminals.get_mut("T1").unwrap().keys.take();
    check_in(
        &mut world,
        expect![[r#"
        sign-in T1 -> 0810 00 rrn 261122100000 (no mac)
    "#]],
    );
    world.terminals.get_mut("T1").unwrap().keys = keys;
    check_in(
        &mut world,
        expect![[r#"
            sale T1 A 1.00 pin 123456 -> 0210 00 rrn 2 auth 112806
            wait 119s
            sale T1 A 1.00 pin 123456 -> 0210 00 rrn 3 auth 533295
            wait 1s
            sale T1 A 1.00 pin 123456 -> 0210 A0 rrn 4 "未扣款, 请重新签到后再收款" please sign in (WRONG MAC)
        "#]],
    );
}

#[test]
fn keys_that_change_while_a_sale_is_under_way() {
    let mut world = World::new();
    check_in(
        &mut world,
        expect![[r#"
            sign-in T1 -> 0810 00 rrn 261122100000 (no mac)
            shard slow
            sale T1 A 1.00 pin 123456 -> nothing
        "#]],
    );
    // Its keys change behind its back, as far as this sale is concerned, and long ago when the answer is there.
    let acceptor = world.acceptor("T1");
    world.command(Command::SignIn { acceptor, keys: KeySet::Double });
    world.command(Command::SignIn { acceptor, keys: KeySet::Double });
    check_in(
        &mut world,
        expect![[r#"
        wait 300s
        shard quick -> T1: 0210 68 rrn 1 "核对中, 请勿重复收款"
    "#]],
    );
}

#[test]
fn cards_as_they_come() {
    check(expect![[r#"
        sign-in T1 -> 0810 00 rrn 261122100000 (no mac)
        sale T1 A 1.00 pin 123456 -> 0210 00 rrn 1 auth 692317
        sale T1 A 1.00 typed -> 0210 00 rrn 2 auth 112806
        sale T1 A 1.00 code -> 0210 00 rrn 3 auth 533295
        # The chip's image of the track on a stripe; a stripe where there is a chip.
        sale T1 A 1.00 skimmed pin 123456 -> 0210 59 rrn 4 "未成功, 请插卡或换卡付款"
        sale T1 B 1.00 pin 123456 -> 0210 00 rrn 5 auth 374273
        sale T1 B 1.00 fallback pin 123456 -> 0210 00 rrn 6 auth 794762
        sale T1 B 1.00 tap counter 1 -> 0210 00 rrn 7 auth 215251 chip 910A58E678D7DD9CD74E3030
        sale T1 B 1.00 chip pin 123456 counter 2 -> 0210 00 rrn 8 auth 635740 chip 910A973919BCAB8A20243030
        again T1 -> 0210 00 rrn 8 auth 635740 chip 910A973919BCAB8A20243030; same bytes
        sale T1 B 99999.00 chip pin 123456 counter 3 -> 0210 51 rrn 9 chip 910AF266E62EF1453EE63531 "未成功, 请换卡或换方式付款"
        # A copy of the chip, and a forgery.
        sale T1 B 1.00 chip pin 123456 counter 2 -> 0210 59 rrn 10 chip 910A96D95F3BBBF135CB3539 "未成功, 请换卡或换方式付款"
        sale T1 B 1.00 chip pin 123456 counter 4 -> 0210 62 rrn 11 chip 910AC19CEBA10A22B5623632 "未成功, 请换卡或换方式付款"
        # Number and track of two cards; no card; no month.
        sale T1 A 1.00 2=6225880298765438 -> 0210 30 rrn 12 "未扣款, 请重做一次, 仍不行报修"
        sale T1 A 1.00 35=- -> 0210 30 rrn 13 "未扣款, 请重做一次, 仍不行报修"
        sale T1 A 1.00 typed 14=3013 -> 0210 30 rrn 14 "未扣款, 请重做一次, 仍不行报修"
        sale T1 A 1.00 22=7720 -> 0210 30 rrn 15 "未扣款, 请重做一次, 仍不行报修"
    "#]]);
}

#[test]
fn a_forged_cryptogram() {
    check(expect![[r#"
        sign-in T1 -> 0810 00 rrn 261122100000 (no mac)
        sale T1 B 1.00 chip pin 123456 counter 1 forged -> 0210 59 rrn 1 "未成功, 请换卡或换方式付款"
        sale T1 B 1.00 chip pin 123456 counter 2 -> 0210 62 rrn 2 chip 910ACC58A9A39A74577B3632 "未成功, 请换卡或换方式付款"
    "#]]);
}

#[test]
fn settlement() {
    check(expect![[r#"
        sign-in T1 -> 0810 00 rrn 261122100000 (no mac)
        sale T1 A 10.00 pin 123456 -> 0210 00 rrn 1 auth 692317
        sale T1 A 20.00 pin 123456 -> 0210 00 rrn 2 auth 112806
        void T1 A 20.00 of 3 -> 0210 00 rrn 3 auth 533295
        settle T1 debit 30.00 debits 2 credit 20.00 credits 1 -> 0510 00 rrn 261122100000 result 11
        again T1 -> 0510 00 rrn 261122100000 result 11; same bytes
        sign-in T1 -> 0810 00 rrn 261122100000 (no mac)
        sale T1 A 7.00 pin 123456 -> 0210 00 rrn 4 auth 953784
        settle T1 debit 9.00 debits 1 -> 0510 00 rrn 261122100000 result 22
        upload T1 6:7.00 9:2.00 -> 0330 00 rrn 261122100000
        upload T1 -> 0330 00 rrn 261122100000
        close T1 -> 0330 00 rrn 261122100000
        sign-in T1 -> 0810 00 rrn 261122100000 (no mac)
    "#]]);
}

#[test]
fn scripts_of_the_issuer() {
    check(expect![[r#"
        sign-in T1 -> 0810 00 rrn 261122100000 (no mac)
        sale T1 A 10.00 pin 123456 -> 0210 00 rrn 1 auth 692317
        script T1 of 2 -> 0630 00 rrn 261122100000
        script T1 of 2 failed -> 0630 00 rrn 261122100000
        script T1 of 9 -> 0630 25 "查无原交易, 请核对凭证号和批次"
    "#]]);
}

#[test]
fn signatures() {
    let mut world = World::new();
    check_in(
        &mut world,
        expect![[r#"
            sign-in T1 -> 0810 00 rrn 261122100000 (no mac)
            sale T1 A 10.00 pin 123456 -> 0210 00 rrn 1 auth 692317
            sign T1 image whole -> 0830 00 rrn 261122100000
            sign T1 image whole -> 0830 00 rrn 261122100000
            # Another image for the same sale, a sale nobody knows, an amount that is another's.
            sign T1 image other -> 0830 94 "流水号重复, 先查上一笔再收款"
            sign T1 stan 9 image x 4=000000001000 37=000000000009 -> 0830 25 "查无原交易, 请核对凭证号和批次"
            sign T1 image whole 4=000000001001 -> 0830 22 "与原交易不符, 请用原卡原终端"
            sale T1 A 20.00 pin 123456 -> 0210 00 rrn 2 auth 112806
            sign T1 part 801 flag 8 image first -> 0830 00 rrn 261122100000
            sign T1 part 802 flag 8 image second -> 0830 00 rrn 261122100000
            sign T1 part 804 flag 8 image fourth -> 0830 30 rrn 3 "未扣款, 请重做一次, 仍不行报修"
            sign T1 part 803 flag 9 image third -> 0830 00 rrn 261122100000
            sale T1 A 30.00 pin 123456 -> 0210 00 rrn 4 auth 953784
            sign T1 0920 image advice -> 0930 00 rrn 261122100000
            sale T1 A 40.00 pin 123456 -> 0210 00 rrn 5 auth 374273
            # Parts that do not say which of them is the last: a shorter one is, or the one nothing follows.
            sign T1 part 801 image aaaa -> 0830 00 rrn 261122100000
            sign T1 part 802 image bb -> 0830 00 rrn 261122100000
            sale T1 A 50.00 pin 123456 -> 0210 00 rrn 6 auth 794762
            sign T1 part 801 image aaaa -> 0830 00 rrn 261122100000
            sign T1 part 802 image bbbb -> 0830 00 rrn 261122100000
            kept -> [("C381E7DB", 5), ("C381E7DB", 5), ("3F796163", 5), ("3AE7D805", 1), ("C381E7DB", 5), ("A657AAB6", 16), ("205B3507", 6), ("E28A5F6F", 6)]
            wait 122s
            kept -> [("C381E7DB", 5), ("C381E7DB", 5), ("3F796163", 5), ("3AE7D805", 1), ("C381E7DB", 5), ("A657AAB6", 16), ("205B3507", 6), ("E28A5F6F", 6), ("7FD9FF2D", 8)]
            sign T1 image without-number 37=- -> 0830 30 rrn 7 "未扣款, 请重做一次, 仍不行报修"
        "#]],
    );
    let keep = world.order.iter().position(|what| *what == "keep").unwrap();
    assert_eq!(world.order[keep + 1], "ask", "an image is kept before it is asked about");
    assert!(world.now > MORNING);
}

#[test]
fn a_new_pin_is_known_at_once_and_an_old_one_does_not_come_back() {
    let mut world = World::new();
    let card = world.card_id(card("A").pan);
    let pin = |pin| PinReference { key_index: 1, pvv: pvv_of_a(pin) };
    check_in(
        &mut world,
        expect![[r#"
            sign-in T1 -> 0810 00 rrn 261122100000 (no mac)
            sale T1 A 10.00 pin 123456 -> 0210 00 rrn 1 auth 692317
        "#]],
    );
    let keyed = |key, command| Command::Keyed { key: [key; 16], body: [0; 16], command: Box::new(command) };
    let first = keyed(1, Command::SetPin { card, pin: pin("1111") });
    world.command(first.clone());
    world.command(keyed(2, Command::SetPin { card, pin: pin("2222") }));
    // The first request again: answered from memory, and nothing is set.
    assert_eq!(world.command(first), Outcome::Done);
    check_in(
        &mut world,
        expect![[r#"
            sale T1 A 10.00 pin 1111 -> 0210 55 rrn 2 "密码错误, 请顾客重新输入"
            sale T1 A 10.00 pin 2222 -> 0210 00 rrn 3 auth 533295
        "#]],
    );
}
