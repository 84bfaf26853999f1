//! The terminal's rules as scripts: what is done, and what the terminal makes of it.
//!
//! `UPDATE_EXPECT=1` writes the right-hand sides.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod toy;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use expect_test::{Expect, expect};
use iso8583::UNIONPAY_POS;
use terminal::{
    CardInHand, CompletionBy, Entry, KeySet, Original, Parts, Pos, PosError, PosSettings, Reply, Tender,
};
use toy::{answer, moment, pin, settings};

struct Stage {
    pos: Pos,
    cards: BTreeMap<String, CardInHand>,
    request: Vec<u8>,
    second: u8,
}

fn check(settings: PosSettings, script: Expect) {
    let mut stage = Stage {
        pos: Pos::new(settings).unwrap(),
        cards: BTreeMap::from([
            ("card".to_owned(), toy::card()),
            ("dead".to_owned(), toy::card().damaged()),
            ("copy".to_owned(), toy::card().stripe_copy(Some("101")).unwrap()),
        ]),
        request: Vec::new(),
        second: 0,
    };
    let mut heard = String::from("\n");
    for line in script.data.lines().filter(|line| !line.trim().is_empty()) {
        let command = line.split("->").next().unwrap().trim();
        writeln!(heard, "{command:<34} -> {}", stage.run(command)).unwrap();
    }
    let written =
        script.data.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n");
    if written != heard.trim() {
        script.assert_eq(&heard);
    }
}

fn minor(text: &str) -> u64 {
    text.replace('.', "").parse().unwrap()
}

impl Stage {
    fn run(&mut self, command: &str) -> String {
        let words: Vec<&str> = command.split_whitespace().collect();
        match words.as_slice() {
            ["sign", "in", set] => {
                let set = match *set {
                    "001" => KeySet::Single,
                    "003" => KeySet::Double,
                    _ => KeySet::DoubleWithTrack,
                };
                let made = self.pos.sign_in(set);
                self.sent(made.map(Some))
            }
            ["sign", "out"] => {
                let made = self.pos.sign_out();
                self.sent(made.map(Some))
            }
            ["echo"] => {
                let made = self.pos.echo();
                self.sent(made.map(Some))
            }
            ["answer", code, lies @ ..] => {
                let frame = answer(&self.request, code, &lies.join(" "));
                told(self.pos.receive(&frame))
            }
            ["garbage"] => told(self.pos.receive(&[0x60, 0x00, 0x00])),
            ["no", "answer"] => {
                self.pos.no_answer();
                "in doubt".to_owned()
            }
            ["connection", "failed"] => {
                self.pos.connection_failed();
                "nothing happened".to_owned()
            }
            ["power", "cycle"] => {
                self.pos.power_cycle();
                "up again".to_owned()
            }
            ["repeat"] => {
                let made = self.pos.repeat_last();
                let same = made.as_ref().is_ok_and(|frame| *frame == self.request);
                if same { "the same bytes".to_owned() } else { self.sent(made.map(Some)) }
            }
            ["reversal"] => {
                let made = self.pos.reversal_due();
                self.sent(made)
            }
            ["script", "result"] => {
                let made = self.pos.script_result_due();
                self.sent(made)
            }
            ["signature"] => {
                let made = self.pos.signature_due();
                self.sent(made)
            }
            ["sign", stan, bytes, parts @ ..] => {
                let image: Vec<u8> = vec![0x5A; bytes.parse().unwrap()];
                let parts = parts.first().map_or(Parts::One, |size| Parts::Of(size.parse().unwrap()));
                let done = self.pos.upload_signature(stan.parse().unwrap(), &image, parts);
                done.map_or_else(|error| format!("{error:?}"), |()| "waits".to_owned())
            }
            ["settle"] => {
                let made = self.pos.settle();
                self.sent(made.map(Some))
            }
            ["upload"] => {
                let made = self.pos.upload_due();
                self.sent(made)
            }
            ["books"] => self.books(),
            ["slip", stan] => {
                let receipt = self.pos.receipt(stan.parse().unwrap()).unwrap();
                let english = receipt.text(true).trim_end().replace('\n', "; ");
                format!("{english}; sign {} {:?}", receipt.to_sign, receipt.feature_code)
            }
            _ => self.transact(&words),
        }
    }

    /// `sale 1.00 card insert pin`, `void 2 card swipe`, `refund 2 0.50 card swipe`, ...
    fn transact(&mut self, words: &[&str]) -> String {
        let follows = !matches!(words[0], "sale" | "balance" | "hold");
        let original = follows.then(|| self.original(words[1]));
        let entry_at = words.iter().position(|word| self.cards.contains_key(*word)).unwrap();
        let amount = words[1..entry_at].iter().find(|word| word.contains('.')).map_or(0, |word| minor(word));
        let entry = match words[entry_at + 1] {
            "insert" => Entry::Insert,
            "tap" => Entry::Tap,
            "swipe" => Entry::Swipe,
            "fallback" => Entry::Fallback,
            _ => Entry::Keyed,
        };
        let pin = pin();
        self.second += 1;
        let tender = Tender {
            card: self.cards.get_mut(words[entry_at]).unwrap(),
            entry,
            pin: words.contains(&"pin").then_some(&pin),
            moment: moment(self.second),
        };
        let made = match (words[0], original) {
            ("sale", _) => self.pos.sale(tender, amount),
            ("balance", _) => self.pos.balance(tender),
            ("hold", _) => self.pos.pre_authorize(tender, amount),
            ("void", Some(original)) => self.pos.void(tender, &original),
            ("refund", Some(original)) => self.pos.refund(tender, &original, amount),
            ("cancel", Some(original)) => self.pos.cancel(tender, &original),
            ("complete", Some(original)) => {
                self.pos.complete(tender, &original, amount, CompletionBy::Request)
            }
            ("advise", Some(original)) => self.pos.complete(tender, &original, amount, CompletionBy::Advice),
            ("uncomplete", Some(original)) => self.pos.cancel_completion(tender, &original),
            (other, _) => panic!("no command {other}"),
        };
        self.sent(made.map(Some))
    }

    fn original(&self, stan: &str) -> Original {
        self.pos.original(stan.parse().unwrap()).unwrap()
    }

    /// What a request says, in the fields a reader can judge.
    fn sent(&mut self, made: Result<Option<Vec<u8>>, PosError>) -> String {
        let frame = match made {
            Ok(Some(frame)) => frame,
            Ok(None) => return "nothing due".to_owned(),
            Err(error) => return format!("{error:?}"),
        };
        let message = UNIONPAY_POS.decode(&frame).unwrap();
        let mut said = format!("{}", message.mti());
        for number in [3, 4, 11, 22, 25, 37, 38, 39, 48, 60, 61] {
            if let Some(text) = message.text(number) {
                write!(said, " {number}={text}").unwrap();
            }
        }
        if message.has(64) {
            said.push_str(if toy::mac_holds(&frame) { " mac" } else { " WRONG MAC" });
        }
        self.request = frame;
        said
    }

    fn books(&self) -> String {
        let (domestic, foreign) = self.pos.totals();
        let side = |totals: terminal::BatchTotals| {
            format!(
                "{}x{} {}x{}",
                totals.debit_count, totals.debit_amount, totals.credit_count, totals.credit_amount
            )
        };
        format!(
            "batch {} | {} | {} | signed in {} | given up {} | paper {:?}",
            self.pos.batch(),
            side(domestic),
            side(foreign),
            self.pos.is_signed_in(),
            self.pos.unresolved().len(),
            self.pos.paper_slips().iter().map(|slip| slip.stan).collect::<Vec<_>>()
        )
    }
}

fn told(result: Result<Reply, PosError>) -> String {
    let reply = match result {
        Ok(reply) => reply,
        Err(error) => return format!("{error:?}"),
    };
    let mut said = format!("{:?} {} {}", reply.to, reply.code, reply.text.en);
    if let Some(amount) = reply.amount.filter(|_| reply.code == "10") {
        write!(said, " of {amount}").unwrap();
    }
    if let Some(approval) = &reply.approval {
        write!(said, " {approval}").unwrap();
    }
    if let Some(authentic) = reply.issuer_authentic {
        write!(said, " issuer {authentic}").unwrap();
    }
    for balance in &reply.balances {
        write!(said, " balance {}", balance.amount).unwrap();
    }
    if let Some(verdict) = reply.verdict {
        write!(said, " {:?}/{:?}", verdict.domestic, verdict.foreign).unwrap();
    }
    said
}

#[test]
fn a_day_of_payments() {
    check(
        settings(),
        expect![[r#"

            sale 1.00 card insert pin          -> NotSignedIn
            sign in 003                        -> 0800 11=000001 60=00000001003
            answer 00                          -> SignIn 00 Approved
            echo                               -> 0820 11=000002 60=00000001301
            answer 00                          -> Echo 00 Approved
            sale 12.34 card insert pin         -> 0200 3=000000 4=000000001234 11=000003 22=0510 25=00 60=22000001000600 mac
            answer 00 arpc                     -> Transaction(Sale) 00 Approved A00003 issuer true
            sale 5.00 card tap                 -> 0200 3=000000 4=000000000500 11=000004 22=0720 25=00 60=22000001000600 mac
            answer 00                          -> Transaction(Sale) 00 Approved A00004
            sale 9.00 copy swipe pin           -> 0200 3=000000 4=000000000900 11=000005 22=0210 25=00 60=22000001000600 mac
            answer 10 part                     -> Transaction(Sale) 10 Approved in part of 450 A00005
            sale 7.00 card insert pin          -> 0200 3=000000 4=000000000700 11=000006 22=0510 25=00 60=22000001000600 mac
            answer 51                          -> Transaction(Sale) 51 Insufficient funds
            balance card insert pin            -> 0200 3=310000 11=000007 22=0510 25=00 60=01000001000600 mac
            answer 00                          -> Transaction(BalanceInquiry) 00 Approved A00007 balance 123456
            void 4 card insert                 -> 0200 3=200000 4=000000000500 11=000008 22=0520 25=00 37=112210000004 38=A00004 60=23000001000600 61=0000010000041122 mac
            answer 00                          -> Transaction(SaleVoid) 00 Approved A00008
            hold 100.00 card insert pin        -> 0100 3=030000 4=000000010000 11=000009 22=0510 25=06 60=10000001000600 mac
            answer 00                          -> Transaction(PreAuthorization) 00 Approved A00009
            complete 9 80.00 card insert       -> 0200 3=000000 4=000000008000 11=000010 22=0520 25=06 38=A00009 60=20000001000600 61=0000010000091122 mac
            answer 00                          -> Transaction(Completion) 00 Approved A00010
            uncomplete 10 card insert          -> 0200 3=200000 4=000000008000 11=000011 22=0520 25=06 37=112210000010 38=A00010 60=21000001000600 61=0000010000101122 mac
            answer 00                          -> Transaction(CompletionCancel) 00 Approved A00011
            advise 9 90.00 card swipe          -> Card(ChipFirst)
            advise 9 90.00 copy swipe          -> 0220 3=000000 4=000000009000 11=000012 22=0220 25=06 38=A00009 60=24000001000600 61=0000010000091122 mac
            answer 00                          -> Transaction(CompletionAdvice) 00 Approved A00012
            cancel 9 card keyed                -> 0100 3=200000 4=000000010000 11=000013 22=0120 25=06 38=A00009 60=11000001000600 61=0000010000091122 mac
            answer 00 visa                     -> Transaction(PreAuthorizationCancel) 00 Approved A00013
            refund 3 2.00 card keyed           -> 0220 3=200000 4=000000000200 11=000014 22=0120 25=00 37=112210000003 38=A00003 60=25000001000600 61=0000010000031122 mac
            answer 00 visa                     -> Transaction(Refund) 00 Approved A00014
            slip 3                             -> MERCHANT NAME: 街角小店; MERCHANT NO: 898510154110283; TERMINAL NO: 00000001; OPERATOR NO: 01; ISSUER: 01020000; ACQUIRER: 48020000; CARD NO: 622588******5675 I; EXP DATE: 2030/12; TRANS TYPE: 消费 / SALE; BATCH NO: 000001; VOUCHER NO: 000003; AUTH NO: A00003; REFER NO: 112210000003; DATE/TIME: 2024/11/22 10:11:12; AMOUNT: RMB 12.34; sign false Some("01221121")
            slip 4                             -> MERCHANT NAME: 街角小店; MERCHANT NO: 898510154110283; TERMINAL NO: 00000001; OPERATOR NO: 01; ISSUER: 01020000; ACQUIRER: 48020000; CARD NO: 622588******5675 C; EXP DATE: 2030/12; TRANS TYPE: 消费 / SALE; BATCH NO: 000001; VOUCHER NO: 000004; AUTH NO: A00004; REFER NO: 112210000004; DATE/TIME: 2024/11/22 10:11:12; AMOUNT: RMB 5.00; sign true Some("01221126")
            books                              -> batch 1 | 5x19184 2x8500 | 0x0 1x200 | signed in true | given up 0 | paper []
        "#]],
    );
}

#[test]
fn a_reversal_is_stored_before_the_sale_and_sent_after_any_doubt() {
    check(
        settings(),
        expect![[r#"

            sign in 003                        -> 0800 11=000001 60=00000001003
            answer 00                          -> SignIn 00 Approved
            sale 1.00 card insert pin          -> 0200 3=000000 4=000000000100 11=000002 22=0510 25=00 60=22000001000600 mac
            reversal                           -> AwaitingAnswer
            sale 2.00 card insert              -> AwaitingAnswer
            no answer                          -> in doubt
            sale 2.00 card insert              -> ReversalDue
            settle                             -> ReversalDue
            reversal                           -> 0400 3=000000 4=000000000100 11=000002 22=0510 25=00 39=98 60=22000001000600 mac
            answer 00                          -> Reversal 00 Approved
            reversal                           -> nothing due
            sale 3.00 card insert              -> 0200 3=000000 4=000000000300 11=000003 22=0520 25=00 60=22000001000600 mac
            answer 00 wrong-mac                -> MacWrong
            reversal                           -> 0400 3=000000 4=000000000300 11=000003 22=0520 25=00 39=A0 60=22000001000600 mac
            answer 25                          -> Reversal 25 Original not found
            sale 4.00 card insert              -> 0200 3=000000 4=000000000400 11=000004 22=0520 25=00 60=22000001000600 mac
            answer 00 no-mac                   -> MacMissing
            reversal                           -> 0400 3=000000 4=000000000400 11=000004 22=0520 25=00 39=A0 60=22000001000600 mac
            answer 12                          -> Reversal 12 Invalid transaction
            sale 5.00 card insert              -> 0200 3=000000 4=000000000500 11=000005 22=0520 25=00 60=22000001000600 mac
            answer 00 bad-arpc                 -> IssuerNotAuthentic
            reversal                           -> 0400 3=000000 4=000000000500 11=000005 22=0520 25=00 38=A00005 39=96 60=22000001000600 mac
            answer 00                          -> Reversal 00 Approved
            sale 6.00 card insert              -> 0200 3=000000 4=000000000600 11=000006 22=0520 25=00 60=22000001000600 mac
            garbage                            -> Malformed(Malformed { field: Tpdu, offset: 0, why: Short { need: 5, have: 3 } })
            reversal                           -> 0400 3=000000 4=000000000600 11=000006 22=0520 25=00 39=06 60=22000001000600 mac
            answer 00                          -> Reversal 00 Approved
            sale 7.00 card insert              -> 0200 3=000000 4=000000000700 11=000007 22=0520 25=00 60=22000001000600 mac
            answer 00 other-amount             -> Contradicts(4)
            reversal                           -> 0400 3=000000 4=000000000700 11=000007 22=0520 25=00 39=06 60=22000001000600 mac
            answer 00                          -> Reversal 00 Approved
            sale 8.00 card insert              -> 0200 3=000000 4=000000000800 11=000008 22=0520 25=00 60=22000001000600 mac
            answer 00 bad-tlv                  -> Contradicts(55)
            reversal                           -> 0400 3=000000 4=000000000800 11=000008 22=0520 25=00 39=06 60=22000001000600 mac
            answer 00                          -> Reversal 00 Approved
            sale 9.00 card insert              -> 0200 3=000000 4=000000000900 11=000009 22=0520 25=00 60=22000001000600 mac
            answer 00 no-code                  -> Contradicts(39)
            reversal                           -> 0400 3=000000 4=000000000900 11=000009 22=0520 25=00 39=06 60=22000001000600 mac
            answer 00                          -> Reversal 00 Approved
            sale 10.00 card insert             -> 0200 3=000000 4=000000001000 11=000010 22=0520 25=00 60=22000001000600 mac
            connection failed                  -> nothing happened
            reversal                           -> nothing due
            sale 11.00 card insert             -> 0200 3=000000 4=000000001100 11=000011 22=0520 25=00 60=22000001000600 mac
            power cycle                        -> up again
            reversal                           -> 0400 3=000000 4=000000001100 11=000011 22=0520 25=00 39=98 60=22000001000600 mac
            answer 00                          -> Reversal 00 Approved
            books                              -> batch 1 | 0x0 0x0 | 0x0 0x0 | signed in true | given up 0 | paper []
        "#]],
    );
}

#[test]
fn a_reversal_is_given_up_after_three_sends() {
    check(
        settings(),
        expect![[r#"

            sign in 003                        -> 0800 11=000001 60=00000001003
            answer 00                          -> SignIn 00 Approved
            sale 1.00 card insert pin          -> 0200 3=000000 4=000000000100 11=000002 22=0510 25=00 60=22000001000600 mac
            no answer                          -> in doubt
            reversal                           -> 0400 3=000000 4=000000000100 11=000002 22=0510 25=00 39=98 60=22000001000600 mac
            no answer                          -> in doubt
            reversal                           -> 0400 3=000000 4=000000000100 11=000002 22=0510 25=00 39=98 60=22000001000600 mac
            connection failed                  -> nothing happened
            reversal                           -> 0400 3=000000 4=000000000100 11=000002 22=0510 25=00 39=98 60=22000001000600 mac
            answer 96                          -> Reversal 96 Centre malfunction
            reversal                           -> 0400 3=000000 4=000000000100 11=000002 22=0510 25=00 39=98 60=22000001000600 mac
            answer 00 wrong-mac                -> MacWrong
            reversal                           -> nothing due
            books                              -> batch 1 | 0x0 0x0 | 0x0 0x0 | signed in true | given up 1 | paper []
            sale 1.00 card insert pin          -> 0200 3=000000 4=000000000100 11=000003 22=0510 25=00 60=22000001000600 mac
            answer 00                          -> Transaction(Sale) 00 Approved A00003
            books                              -> batch 1 | 1x100 0x0 | 0x0 0x0 | signed in true | given up 1 | paper []
        "#]],
    );
}

#[test]
fn answers_to_something_else_are_passed_over() {
    check(
        settings(),
        expect![[r#"

            sign in 003                        -> 0800 11=000001 60=00000001003
            answer 00 other-address            -> NotMine(1)
            answer 00 other-mti                -> NotMine(0)
            answer 00 other-stan               -> NotMine(11)
            answer 00 other-terminal           -> NotMine(41)
            answer 00                          -> SignIn 00 Approved
            answer 00                          -> NothingAwaited
            sale 1.00 card insert              -> 0200 3=000000 4=000000000100 11=000002 22=0520 25=00 60=22000001000600 mac
            answer 00 other-stan               -> NotMine(11)
            answer 51 other-mti                -> NotMine(0)
            answer 00                          -> Transaction(Sale) 00 Approved A00002
            books                              -> batch 1 | 1x100 0x0 | 0x0 0x0 | signed in true | given up 0 | paper []
        "#]],
    );
}

#[test]
fn codes_that_ask_for_a_new_sign_in() {
    check(
        settings(),
        expect![[r#"

            sign in 004                        -> 0800 11=000001 60=00000001004
            answer 00 wrong-check              -> KeyCheck("PIK")
            books                              -> batch 1 | 0x0 0x0 | 0x0 0x0 | signed in false | given up 0 | paper []
            sign in 001                        -> 0800 11=000002 60=00000001001
            answer 00                          -> KeysLength
            sign in 004                        -> 0800 11=000003 60=00000001004
            answer 97                          -> SignIn 97 Terminal not registered
            sign in 004                        -> 0800 11=000004 60=00000001004
            answer 00                          -> SignIn 00 Approved
            sale 1.00 card insert pin          -> 0200 3=000000 4=000000000100 11=000005 22=0510 25=00 60=22000001000600 mac
            answer A0 no-mac                   -> Transaction(Sale) A0 MAC error, sign in again
            sale 1.00 card insert pin          -> NotSignedIn
            sign in 003                        -> 0800 11=000006 60=00000001003
            answer 00                          -> SignIn 00 Approved
            sale 1.00 card insert pin          -> 0200 3=000000 4=000000000100 11=000007 22=0510 25=00 60=22000001000600 mac
            answer 99                          -> Transaction(Sale) 99 PIN format, sign in again
            reversal                           -> nothing due
            books                              -> batch 1 | 0x0 0x0 | 0x0 0x0 | signed in false | given up 0 | paper []
            sign in 003                        -> 0800 11=000008 60=00000001003
            answer 00                          -> SignIn 00 Approved
            sign out                           -> 0820 11=000009 60=00000001002
            answer 00                          -> SignOut 00 Approved
            books                              -> batch 1 | 0x0 0x0 | 0x0 0x0 | signed in false | given up 0 | paper []
        "#]],
    );
}

#[test]
fn repeats_are_the_same_bytes_and_count_once() {
    check(
        settings(),
        expect![[r#"

            repeat                             -> NothingAwaited
            sign in 003                        -> 0800 11=000001 60=00000001003
            answer 00                          -> SignIn 00 Approved
            sale 1.00 card insert pin          -> 0200 3=000000 4=000000000100 11=000002 22=0510 25=00 60=22000001000600 mac
            repeat                             -> the same bytes
            answer 00                          -> Transaction(Sale) 00 Approved A00002
            repeat                             -> the same bytes
            answer 00                          -> Transaction(Sale) 00 Approved A00002
            books                              -> batch 1 | 1x100 0x0 | 0x0 0x0 | signed in true | given up 0 | paper []
            sale 2.00 card insert              -> 0200 3=000000 4=000000000200 11=000003 22=0520 25=00 60=22000001000600 mac
            no answer                          -> in doubt
            repeat                             -> the same bytes
            answer 00                          -> Transaction(Sale) 00 Approved A00003
            books                              -> batch 1 | 1x100 0x0 | 0x0 0x0 | signed in true | given up 0 | paper []
            reversal                           -> 0400 3=000000 4=000000000200 11=000003 22=0520 25=00 39=98 60=22000001000600 mac
            answer 00                          -> Reversal 00 Approved
            books                              -> batch 1 | 1x100 0x0 | 0x0 0x0 | signed in true | given up 0 | paper []
        "#]],
    );
}

#[test]
fn a_chip_that_gives_no_answer_falls_back_to_its_stripe() {
    check(
        settings(),
        expect![[r#"

            sign in 003                        -> 0800 11=000001 60=00000001003
            answer 00                          -> SignIn 00 Approved
            sale 1.00 card swipe               -> Card(ChipFirst)
            sale 1.00 card fallback            -> Card(ChipFirst)
            sale 1.00 dead fallback            -> Card(ChipFirst)
            sale 1.00 dead insert              -> Card(ChipUnreadable)
            sale 1.00 dead fallback pin        -> 0200 3=000000 4=000000000100 11=000002 22=8010 25=00 60=22000001000620 mac
            answer 00                          -> Transaction(Sale) 00 Approved A00002
            sale 1.00 dead fallback pin        -> Card(ChipFirst)
            sale 1.00 dead tap                 -> Card(ChipUnreadable)
            sale 1.00 copy insert              -> Card(NoChip)
            sale 0.00 card insert              -> Amount
            sale 9999999999.99 card insert     -> 0200 3=000000 4=999999999999 11=000003 22=0520 25=00 60=22000001000600 mac
            answer 51                          -> Transaction(Sale) 51 Insufficient funds
            sale 10000000000.00 card insert    -> Amount
        "#]],
    );
}

#[test]
fn settlement_of_an_equal_batch() {
    check(
        settings(),
        expect![[r#"

            sign in 003                        -> 0800 11=000001 60=00000001003
            answer 00                          -> SignIn 00 Approved
            sale 12.34 card insert pin         -> 0200 3=000000 4=000000001234 11=000002 22=0510 25=00 60=22000001000600 mac
            answer 00                          -> Transaction(Sale) 00 Approved A00002
            sale 5.00 card tap                 -> 0200 3=000000 4=000000000500 11=000003 22=0720 25=00 60=22000001000600 mac
            answer 00 visa                     -> Transaction(Sale) 00 Approved A00003
            void 2 card insert                 -> 0200 3=200000 4=000000001234 11=000004 22=0520 25=00 37=112210000002 38=A00002 60=23000001000600 61=0000010000021122 mac
            answer 00                          -> Transaction(SaleVoid) 00 Approved A00004
            settle                             -> 0500 11=000005 48=00000000123400100000000123400100000000005000010000000000000000 60=00000001201
            answer 00                          -> Settlement 00 Approved Equal/Equal
            upload                             -> 0320 11=000006 48=0000 60=00000001207
            answer 00                          -> Upload 00 Approved
            books                              -> batch 2 | 0x0 0x0 | 0x0 0x0 | signed in false | given up 0 | paper []
            sale 1.00 card insert              -> NotSignedIn
            sign in 003                        -> 0800 11=000007 60=00000002003
            answer 00                          -> SignIn 00 Approved
            books                              -> batch 2 | 0x0 0x0 | 0x0 0x0 | signed in true | given up 0 | paper []
        "#]],
    );
}

#[test]
fn settlement_with_codes_and_without_an_end() {
    check(
        PosSettings { settlement_mac: true, end_when_equal: false, ..settings() },
        expect![[r#"

            sign in 003                        -> 0800 11=000001 60=00000001003
            answer 00                          -> SignIn 00 Approved
            sale 12.34 card insert pin         -> 0200 3=000000 4=000000001234 11=000002 22=0510 25=00 60=22000001000600 mac
            answer 00                          -> Transaction(Sale) 00 Approved A00002
            sign 2 10                          -> waits
            settle                             -> 0500 11=000003 48=00000000123400100000000000000000000000000000000000000000000000 60=00000001201 mac
            answer 00 wrong-mac                -> MacWrong
            settle                             -> 0500 11=000004 48=00000000123400100000000000000000000000000000000000000000000000 60=00000001201 mac
            answer 00                          -> Settlement 00 Approved Equal/Equal
            upload                             -> nothing due
            books                              -> batch 2 | 0x0 0x0 | 0x0 0x0 | signed in false | given up 0 | paper [2]
        "#]],
    );
}

#[test]
fn settlement_of_an_unequal_batch_lists_its_transactions() {
    check(
        settings(),
        expect![[r#"

            sign in 003                        -> 0800 11=000001 60=00000001003
            answer 00                          -> SignIn 00 Approved
            sale 1.00 card tap                 -> 0200 3=000000 4=000000000100 11=000002 22=0720 25=00 60=22000001000600 mac
            answer 00                          -> Transaction(Sale) 00 Approved A00002
            sale 2.00 card tap                 -> 0200 3=000000 4=000000000200 11=000003 22=0720 25=00 60=22000001000600 mac
            answer 00                          -> Transaction(Sale) 00 Approved A00003
            sale 3.00 card tap                 -> 0200 3=000000 4=000000000300 11=000004 22=0720 25=00 60=22000001000600 mac
            answer 00                          -> Transaction(Sale) 00 Approved A00004
            sale 4.00 card tap                 -> 0200 3=000000 4=000000000400 11=000005 22=0720 25=00 60=22000001000600 mac
            answer 00                          -> Transaction(Sale) 00 Approved A00005
            sale 5.00 card tap                 -> 0200 3=000000 4=000000000500 11=000006 22=0720 25=00 60=22000001000600 mac
            answer 00                          -> Transaction(Sale) 00 Approved A00006
            sale 6.00 card tap                 -> 0200 3=000000 4=000000000600 11=000007 22=0720 25=00 60=22000001000600 mac
            answer 00                          -> Transaction(Sale) 00 Approved A00007
            sale 7.00 card tap                 -> 0200 3=000000 4=000000000700 11=000008 22=0720 25=00 60=22000001000600 mac
            answer 00                          -> Transaction(Sale) 00 Approved A00008
            sale 8.00 card tap                 -> 0200 3=000000 4=000000000800 11=000009 22=0720 25=00 60=22000001000600 mac
            answer 00                          -> Transaction(Sale) 00 Approved A00009
            sale 9.00 card tap                 -> 0200 3=000000 4=000000000900 11=000010 22=0720 25=00 60=22000001000600 mac
            answer 00                          -> Transaction(Sale) 00 Approved A00010
            sale 9.00 card tap                 -> 0200 3=000000 4=000000000900 11=000011 22=0720 25=00 60=22000001000600 mac
            answer 00 visa                     -> Transaction(Sale) 00 Approved A00011
            hold 9.00 card tap                 -> 0100 3=030000 4=000000000900 11=000012 22=0720 25=06 60=10000001000600 mac
            answer 00                          -> Transaction(PreAuthorization) 00 Approved A00012
            upload                             -> nothing due
            settle                             -> 0500 11=000013 48=00000000450000900000000000000000000000009000010000000000000000 60=00000001201
            answer 96                          -> Settlement 96 Centre malfunction
            settle                             -> 0500 11=000014 48=00000000450000900000000000000000000000009000010000000000000000 60=00000001201
            answer 00 unequal                  -> Settlement 00 Approved Unequal/Equal
            upload                             -> 0320 11=000015 48=0800000002000062258802123456750000000001000000000300006225880212345675000000000200000000040000622588021234567500000000030000000005000062258802123456750000000004000000000600006225880212345675000000000500000000070000622588021234567500000000060000000008000062258802123456750000000007000000000900006225880212345675000000000800 60=00000001201
            no answer                          -> in doubt
            upload                             -> 0320 11=000016 48=0800000002000062258802123456750000000001000000000300006225880212345675000000000200000000040000622588021234567500000000030000000005000062258802123456750000000004000000000600006225880212345675000000000500000000070000622588021234567500000000060000000008000062258802123456750000000007000000000900006225880212345675000000000800 60=00000001201
            answer 00                          -> Upload 00 Approved
            upload                             -> 0320 11=000017 48=010000001000006225880212345675000000000900 60=00000001201
            answer 00                          -> Upload 00 Approved
            upload                             -> 0320 11=000018 48=0009 60=00000001202
            answer 00                          -> Upload 00 Approved
            upload                             -> nothing due
            books                              -> batch 2 | 0x0 0x0 | 0x0 0x0 | signed in false | given up 0 | paper []
        "#]],
    );
}

#[test]
fn signatures_and_script_results() {
    check(
        settings(),
        expect![[r#"

            sign in 003                        -> 0800 11=000001 60=00000001003
            answer 00                          -> SignIn 00 Approved
            sale 1.00 card insert              -> 0200 3=000000 4=000000000100 11=000002 22=0520 25=00 60=22000001000600 mac
            answer 00 script                   -> Transaction(Sale) 00 Approved A00002
            script result                      -> 0620 3=000000 4=000000000100 11=000003 22=0520 37=112210000002 38=A00002 60=22000001951 61=0000010000021122 mac
            answer 00                          -> ScriptResult 00 Approved
            script result                      -> nothing due
            signature                          -> nothing due
            sign 2 300                         -> waits
            signature                          -> 0820 4=000000000100 11=000002 37=112210000002 60=07000001800 mac
            answer 94                          -> Signature 94 Duplicate transaction
            signature                          -> nothing due
            sign 2 25 10                       -> waits
            signature                          -> 0820 4=000000000100 11=000002 37=112210000002 60=07000001801 mac
            answer 00                          -> Signature 00 Approved
            signature                          -> 0820 4=000000000100 11=000002 37=112210000002 60=07000001802 mac
            answer 96                          -> Signature 96 Centre malfunction
            signature                          -> 0820 4=000000000100 11=000002 37=112210000002 60=07000001802 mac
            answer 00                          -> Signature 00 Approved
            signature                          -> 0820 4=000000000100 11=000002 37=112210000002 60=07000001803 mac
            answer 00                          -> Signature 00 Approved
            signature                          -> nothing due
            sign 2 300                         -> waits
            signature                          -> 0820 4=000000000100 11=000002 37=112210000002 60=07000001800 mac
            no answer                          -> in doubt
            signature                          -> 0820 4=000000000100 11=000002 37=112210000002 60=07000001800 mac
            answer 05                          -> Signature 05 Not authenticated
            signature                          -> 0820 4=000000000100 11=000002 37=112210000002 60=07000001800 mac
            no answer                          -> in doubt
            signature                          -> nothing due
            sign 9 300                         -> NoSuchOriginal
            sign 2 1000                        -> SignatureSize
            books                              -> batch 1 | 1x100 0x0 | 0x0 0x0 | signed in true | given up 0 | paper [2]
        "#]],
    );
}

#[test]
fn each_part_of_a_signature_has_its_tries() {
    check(
        settings(),
        expect![[r#"

            sign in 003                        -> 0800 11=000001 60=00000001003
            answer 00                          -> SignIn 00 Approved
            sale 1.00 card insert              -> 0200 3=000000 4=000000000100 11=000002 22=0520 25=00 60=22000001000600 mac
            answer 00                          -> Transaction(Sale) 00 Approved A00002
            sign 2 20 10                       -> waits
            signature                          -> 0820 4=000000000100 11=000002 37=112210000002 60=07000001801 mac
            answer 96                          -> Signature 96 Centre malfunction
            signature                          -> 0820 4=000000000100 11=000002 37=112210000002 60=07000001801 mac
            no answer                          -> in doubt
            signature                          -> 0820 4=000000000100 11=000002 37=112210000002 60=07000001801 mac
            answer 00                          -> Signature 00 Approved
            signature                          -> 0820 4=000000000100 11=000002 37=112210000002 60=07000001802 mac
            answer 96                          -> Signature 96 Centre malfunction
            signature                          -> 0820 4=000000000100 11=000002 37=112210000002 60=07000001802 mac
            answer 96                          -> Signature 96 Centre malfunction
            signature                          -> 0820 4=000000000100 11=000002 37=112210000002 60=07000001802 mac
            answer 00                          -> Signature 00 Approved
            signature                          -> nothing due
            books                              -> batch 1 | 1x100 0x0 | 0x0 0x0 | signed in true | given up 0 | paper []
        "#]],
    );
}
