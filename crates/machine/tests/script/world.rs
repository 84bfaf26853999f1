//! A small world around a machine: names for everything, a clock, and what holds after every line.
//!
//! Two shops with a terminal each, signed in, stand at the beginning; all else a script makes itself.

use crate::language::{
    Words, actor, cause, exception, exit, facts, minor, moment, money, reach, refusal, span, written,
};
use machine::Machine;
use machine::command::*;
use machine::freeze::{Allowance, Ending, Ground, Lifter, PlacedBy, Scope};
use machine::ids::{Acceptor, AccountId, CardId, FreezeId, MerchantId, Origin, TransactionId};
use machine::money::{Currency, Money};
use machine::outcome::{Answer, Outcome, Verdict};
use machine::policy::Policy;
use machine::time::{Expiry, Timestamp, Zone};
use machine::transaction::State;
use std::collections::BTreeMap;

pub struct World {
    pub machine: Machine,
    pub now: Timestamp,
    /// Messages by name: under which number they went out, on which card, and what came of them first.
    sent: BTreeMap<String, Sent>,
    /// Check what holds after every line; a script of many thousand lines does it seldom.
    pub thorough: bool,
}

#[derive(Clone)]
struct Sent {
    origin: Origin,
    card: Option<CardId>,
    amount: Money,
    number: Option<TransactionId>,
}

/// Tuesday, the tenth of March 2026, ten in the morning at UTC+8.
const BEGINNING: Timestamp = Timestamp(1_773_108_000_000);

impl World {
    pub fn new() -> World {
        let machine = Machine::new(Policy::DEFAULT);
        let mut world = World { machine, now: BEGINNING, sent: BTreeMap::new(), thorough: true };
        for line in
            ["merchant M1", "merchant M2", "terminal T1 M1", "terminal T2 M2", "signin T1", "signin T2"]
        {
            assert!(!world.line(line).starts_with("refused"));
        }
        world
    }

    /// One line of a script: asks, and says what came of it.
    pub fn line(&mut self, line: &str) -> String {
        let mut words = Words::of(line);
        let verb = words.next();
        let told = match verb {
            "wait" => {
                self.now = self.now.plus(span(words.next()));
                String::new()
            }
            "back" => {
                self.now = self.now.plus(-span(words.next()));
                String::new()
            }
            "at" => {
                self.now = moment(words.next());
                String::new()
            }
            "show" => self.show(words.next()),
            "books" => self.books(),
            "peek" => {
                let Command::Authorize(ask) = self.authorize("sale", &mut words) else { unreachable!() };
                self.told(&Outcome::Decided(self.machine.peek(&ask, self.now)))
            }
            "digest" => self.machine.digest()[..4].iter().map(|byte| format!("{byte:02x}")).collect(),
            _ => {
                let command = self.command(verb, &mut words);
                self.ask(&command)
            }
        };
        words.end();
        told
    }

    /// Applies a command, and proves what must hold after every one.
    pub fn ask(&mut self, command: &Command) -> String {
        let foreseen = match command {
            Command::Authorize(ask) => Some(self.machine.peek(ask, self.now)),
            _ => None,
        };
        let outcome = self.machine.apply(command, self.now);
        if let (Some(foreseen), Outcome::Decided(answer) | Outcome::Repeated(answer)) = (foreseen, &outcome) {
            assert_eq!(foreseen, *answer, "peek did not foresee what came of {command:?}");
        }
        if let Outcome::Decided(answer) = &outcome {
            for sent in self.sent.values_mut().filter(|sent| sent.number.is_none()) {
                sent.number = Some(answer.number);
            }
        }
        if self.thorough {
            self.holds(command, &outcome);
        }
        self.told(&outcome)
    }

    /// What holds after every command.
    pub fn holds(&self, command: &Command, outcome: &Outcome) {
        self.machine.audit().unwrap_or_else(|why| panic!("{command:?}: {why}"));
        let mut bytes = Vec::new();
        command.encode(&mut bytes);
        let commands = bytes.len();
        outcome.encode(&mut bytes);
        assert_eq!(Command::decode(&mut &bytes[..commands]).unwrap(), *command);
        assert_eq!(Outcome::decode(&mut &bytes[commands..]).unwrap(), *outcome);
        let mut state = Vec::new();
        self.machine.write_snapshot(&mut state).unwrap();
        let read = Machine::read_snapshot(&mut &state[..]).unwrap();
        assert_eq!(read.digest(), self.machine.digest(), "{command:?}: the state reads back as another");
        assert_eq!(read.audit(), self.machine.audit());
    }

    fn command(&mut self, verb: &str, words: &mut Words) -> Command {
        match verb {
            "sale" | "preauth" | "inquire" | "ask" => self.authorize(verb, words),
            "void" | "complete" | "cancel" | "uncomplete" | "refund" | "followup" => self.follow(verb, words),
            "reverse" => self.reverse(words),
            "freeze" => self.freeze(words),
            "lift" => self.lift(words),
            "sign" => self.sign(words),
            "settle" | "detail" | "closebatch" | "signin" | "signout" | "terminal" | "merchant" | "fault"
            | "script" => self.acceptance(verb, words),
            "policy" => Command::SetPolicy(self.policy(words)),
            "epoch" => Command::Epoch(words.next().parse().unwrap()),
            "sweep" => Command::Sweep,
            "house" => Command::SetHouse(match words.next() {
                "open" => House::Open,
                "maintenance" => House::Maintenance { until: self.now.plus(span(words.next())) },
                "network_down" => House::NetworkDown,
                "issuer_down" => House::IssuerDown,
                "issuer_silent" => House::IssuerSilent,
                other => panic!("the house cannot be {other}"),
            }),
            "keyed" => {
                let (key, line) = (words.next(), words.rest());
                let mut inner = Words::of(&line);
                let verb = inner.next();
                let command = Box::new(self.command(verb, &mut inner));
                inner.end();
                Command::Keyed { key: sixteen(key), body: sixteen(&line), command }
            }
            _ => self.register(verb, words),
        }
    }

    /// Accounts and cards.
    fn register(&mut self, verb: &str, words: &mut Words) -> Command {
        let name = words.next();
        match verb {
            "open" => {
                let line = words.value("credit").map(minor);
                let zone = words.value("zone").map_or(Zone::CHINA, |zone| Zone(zone.parse().unwrap()));
                let currency = currency(words);
                Command::OpenAccount(OpenAccount {
                    account: account(name),
                    kind: line.map_or(AccountKind::Debit, |line| AccountKind::Credit { line }),
                    currency,
                    zone,
                    limits: limits(words),
                })
            }
            "fund" => {
                let amount = minor(words.next());
                Command::Fund { account: account(name), amount: Money::new(amount, currency(words)) }
            }
            "limits" => Command::SetLimits { account: account(name), limits: limits(words) },
            "zone" => Command::SetZone { account: account(name), zone: Zone(words.next().parse().unwrap()) },
            "close" => Command::CloseAccount(account(name)),
            "card" => Command::IssueCard(IssueCard {
                card: card(name),
                account: account(words.next()),
                last4: *words.value("last4").unwrap_or("1234").as_bytes().first_chunk().unwrap(),
                expiry: expiry(words.value("expiry").unwrap_or("3012")),
                active: !words.has("inactive"),
                chip: !words.has("nochip"),
                pin: (!words.has("withoutpin")).then_some(reference(words)),
                replaces: words.value("replaces").map(card),
            }),
            "newpin" => Command::SetPin { card: card(name), pin: reference(words) },
            "activate" => Command::SetCardStanding { card: card(name), standing: CardStanding::Active },
            "deactivate" => Command::SetCardStanding { card: card(name), standing: CardStanding::Inactive },
            "lost" => Command::SetCardStanding { card: card(name), standing: CardStanding::Lost },
            "stolen" => Command::SetCardStanding { card: card(name), standing: CardStanding::Stolen },
            "switch" => {
                let mut off = |word| !words.has(word);
                let switches = Switches {
                    stripe: off("-stripe"),
                    contactless: off("-contactless"),
                    code: off("-code"),
                    remote: off("-remote"),
                    abroad: off("-abroad"),
                    night: off("-night"),
                };
                Command::SetSwitches { card: card(name), switches }
            }
            other => panic!("nobody understands {other}"),
        }
    }

    /// Merchants, terminals and their batches.
    fn acceptance(&mut self, verb: &str, words: &mut Words) -> Command {
        let name = words.next();
        match verb {
            "merchant" => Command::EnrollMerchant(EnrollMerchant {
                merchant: merchant(name),
                name: words.value("name").unwrap_or("Shop").to_owned(),
                mcc: 5411,
                country: words.value("country").map_or(156, |country| country.parse().unwrap()),
            }),
            "terminal" => {
                let of = words.next_if(|word| word.starts_with('M')).unwrap_or("M1");
                Command::EnrollTerminal(Acceptor { merchant: merchant(of), terminal: name.parse().unwrap() })
            }
            "signin" => Command::SignIn { acceptor: acceptor(name), keys: KeySet::Double },
            "signout" => Command::SignOut(acceptor(name)),
            "settle" => {
                let acceptor = acceptor(name);
                let batch =
                    words.value("batch").map_or_else(|| self.batch(acceptor), |batch| batch.parse().unwrap());
                let mut side = |key: &str| {
                    let (amount, count) =
                        words.value(key).map_or(("0.00", "0"), |side| side.split_once('/').unwrap());
                    (minor(amount), count.parse().unwrap())
                };
                let ((debit_amount, debit_count), (credit_amount, credit_count)) =
                    (side("debit"), side("credit"));
                let totals = BatchTotals { debit_amount, debit_count, credit_amount, credit_count };
                Command::Settle { acceptor, batch, totals }
            }
            "closebatch" => {
                let acceptor = acceptor(name);
                let batch =
                    words.value("batch").map_or_else(|| self.batch(acceptor), |batch| batch.parse().unwrap());
                Command::CloseBatch { acceptor, batch }
            }
            "detail" => {
                let origin = self.origin(name, acceptor("T1"), words);
                Command::BatchDetail { origin, amount: minor(words.next()) }
            }
            "script" => {
                let original = self.origin(name, acceptor("T1"), words);
                Command::ScriptResult { original, executed: words.next() == "done" }
            }
            "fault" => {
                let acceptor = (name != "nobody").then(|| acceptor(name));
                Command::Fault { acceptor, origin: None, cause: cause(words.next()) }
            }
            other => panic!("nobody understands {other}"),
        }
    }

    fn batch(&self, acceptor: Acceptor) -> u32 {
        self.machine.terminal(acceptor).map_or(1, |terminal| terminal.batch)
    }

    /// The number a message of this name went or goes out under: a name used again is the same message again.
    fn origin(&mut self, name: &str, acceptor: Acceptor, words: &mut Words) -> Origin {
        let stan = name.trim_start_matches(|c: char| !c.is_ascii_digit()).parse().unwrap();
        let batch = words.value("batch").map(|batch| batch.parse().unwrap());
        if let (Some(sent), None) = (self.sent.get(name), batch) {
            return sent.origin;
        }
        let batch = batch.unwrap_or_else(|| self.batch(acceptor));
        match name.chars().next() {
            Some('R') => Origin::Terminal { acceptor, batch, stan },
            Some('N') => Origin::Host { acquirer: 48_021_000, forwarder: 0, stan, transmitted: 310_100_000 },
            Some('P') => Origin::Api(sixteen(name)),
            Some('I') => Origin::House(u64::from(stan)),
            _ => panic!("{name} is no message: R, N, P or I and a number"),
        }
    }

    fn place(&self, name: &str, words: &mut Words) -> (Place, Acceptor) {
        let at = words.value("at").unwrap_or("T1");
        let acceptor = acceptor(at);
        let country = words.value("country").map_or(156, |country| country.parse().unwrap());
        let place = match (name.chars().next(), at.starts_with('M')) {
            (Some('N'), _) => Place::Elsewhere { acquirer: 48_021_000, acceptor, mcc: 5812, country },
            (_, true) => Place::Merchant(merchant(at)),
            (_, false) => Place::Terminal(acceptor),
        };
        (place, acceptor)
    }

    fn authorize(&mut self, verb: &str, words: &mut Words) -> Command {
        let peeking = words.next_if(|word| !word.starts_with(['R', 'N', 'P', 'I']));
        let name = if peeking.is_some() { "R999999" } else { words.next() };
        let card_name = peeking.unwrap_or_else(|| words.next());
        let (place, acceptor) = self.place(name, words);
        let origin = self.origin(name, acceptor, words);
        let amount = words.amount().unwrap_or(0);
        let amount = Money::new(amount, currency(words));
        let purpose = match verb {
            "sale" => Purpose::Sale,
            "preauth" => Purpose::PreAuthorization,
            "inquire" => Purpose::BalanceInquiry,
            _ => purpose(words.next()),
        };
        let entry = entry(words);
        let ask = Authorize {
            origin,
            purpose,
            card: card(card_name),
            amount,
            entry,
            place,
            expiry: words.value("expiry").map(expiry),
            checks: checks(words, entry),
            advice: words.has("advice"),
            answer_by: words.has("late").then(|| self.now.plus(-1)),
        };
        if peeking.is_none() {
            let sent = Sent { origin, card: Some(ask.card), amount, number: None };
            self.sent.entry(name.to_owned()).or_insert(sent);
        }
        Command::Authorize(ask)
    }

    fn follow(&mut self, verb: &str, words: &mut Words) -> Command {
        let name = words.next();
        let named = words.value("of").expect("a follow-up says of what");
        let (place, acceptor) = self.place(name, words);
        let origin = self.origin(name, acceptor, words);
        let (original, sent) = self.original(named, words);
        let amount = words.amount().unwrap_or(sent.amount.minor);
        let entry = entry(words);
        let asked = Follow {
            origin,
            purpose: match verb {
                "void" => Purpose::Void,
                "complete" => Purpose::Completion,
                "cancel" => Purpose::PreAuthorizationCancel,
                "uncomplete" => Purpose::CompletionCancel,
                "refund" => Purpose::Refund,
                _ => purpose(words.next()),
            },
            original,
            card: if words.has("nocard") { None } else { words.value("card").map(card).or(sent.card) },
            amount: Money::new(amount, currency(words)),
            entry,
            place,
            checks: checks(words, entry),
            advice: words.has("advice"),
            last: !words.has("more"),
        };
        let sent = Sent { origin, card: asked.card, amount: asked.amount, number: None };
        self.sent.entry(name.to_owned()).or_insert(sent);
        Command::Follow(asked)
    }

    /// `R1` by its message, `#R1` by its number, `!R1` by its approval code.
    fn original(&mut self, named: &str, words: &mut Words) -> (Original, Sent) {
        let name = named.trim_start_matches(['#', '!']);
        let unsent = Sent {
            origin: self.origin(name, acceptor("T1"), words),
            card: None,
            amount: Money::zero(Currency::CNY),
            number: None,
        };
        let sent = self.sent.get(name).cloned().unwrap_or(unsent);
        let number = sent.number.unwrap_or(TransactionId(999_999));
        let original = match named.chars().next() {
            Some('#') => Original::Number(number),
            Some('!') => Original::Approval(number.approval()),
            _ => Original::Message(sent.origin),
        };
        (original, sent)
    }

    fn reverse(&mut self, words: &mut Words) -> Command {
        let named = words.next();
        let at = words.value("at").map(|at| Place::Terminal(acceptor(at)));
        let (original, _) = self.original(named, words);
        Command::Reverse(Reverse {
            original,
            card: words.value("card").map(card),
            amount: words.value("amount").map(|amount| Money::new(minor(amount), Currency::CNY)),
            remaining: words.value("keep").map(|keep| Money::new(minor(keep), Currency::CNY)),
            place: at,
        })
    }

    fn freeze(&mut self, words: &mut Words) -> Command {
        let name = words.next();
        let scope = match name.chars().next() {
            Some('P') => Scope::Pin(card(&name[1..])),
            Some('C') => Scope::Card(card(name)),
            Some('A') => Scope::Account(account(name)),
            Some('T') => Scope::Terminal(acceptor(name)),
            _ => Scope::Merchant(merchant(name)),
        };
        let (by, usual) = match words.next() {
            "holder" => (PlacedBy::Holder, "frozen_by_holder"),
            "bank" => (PlacedBy::Agent(actor(words.next())), "frozen_by_bank"),
            "court" => (PlacedBy::Authority(actor(words.next())), "frozen_by_authority"),
            "rule" => (PlacedBy::Rule { rule: 7, version: 2 }, "rule_refused"),
            "model" => (PlacedBy::Model(*b"modelone"), "fraud_score"),
            other => panic!("{other} freezes nothing"),
        };
        Command::PlaceFreeze(PlaceFreeze {
            scope,
            reach: words.value("reach").map(reach),
            cause: cause(words.value("for").unwrap_or(usual)),
            evidence: words.value("evidence").map(|number| TransactionId(number.parse().unwrap())),
            by,
            expires_at: words.value("expires").map(|after| self.now.plus(span(after))),
            exit: words.value("exit").map(exit),
            allowance: words.value("allow").map(|daily| Allowance { daily: minor(daily) }),
        })
    }

    fn lift(&mut self, words: &mut Words) -> Command {
        let freeze = freeze_id(words.next());
        let by = match words.next() {
            "machine" => Lifter::Machine,
            "holder" => Lifter::Holder,
            "agent" => Lifter::Agent(actor(words.next())),
            "authority" => Lifter::Authority(actor(words.next())),
            other => panic!("{other} lifts nothing"),
        };
        Command::LiftFreeze(LiftFreeze { freeze, by, ground: ground(words.next()) })
    }

    fn sign(&mut self, words: &mut Words) -> Command {
        let name = words.next();
        let sale = self.origin(name, acceptor("T1"), words);
        let sent = self.sent.get(name).cloned();
        let amount = words.value("amount").map(minor).or(sent.as_ref().map(|sent| sent.amount.minor));
        let number = sent.and_then(|sent| sent.number);
        Command::AttachSignature(Signature {
            sale,
            rrn: words.value("rrn").map_or(number.map_or(0, TransactionId::rrn), |rrn| rrn.parse().unwrap()),
            amount: amount.unwrap_or(0),
            card: words.value("card").map(card),
            image: [words.value("image").map_or(1, |image| image.parse().unwrap()); 32],
            image_bytes: 600,
        })
    }

    fn policy(&self, words: &mut Words) -> Policy {
        let mut policy = *self.machine.policy();
        let mut figure = |key: &str| words.value(key).map(|value| value.parse::<i64>().unwrap());
        if let Some(tries) = figure("pin_tries") {
            policy.pin_tries_max = tries as u8;
        }
        if let Some(remember) = figure("remember") {
            policy.remember_max = remember as u32;
        }
        if let Some(burst) = figure("burst") {
            policy.burst_max = burst as u8;
        }
        if let Some(hits) = figure("cool_hits") {
            policy.cool_hits_max = hits as u8;
        }
        if let Some(country) = figure("home") {
            policy.home_country = country as u16;
        }
        policy
    }

    /// What is said of an outcome.
    fn told(&self, outcome: &Outcome) -> String {
        match outcome {
            Outcome::Decided(answer) => decided(answer),
            Outcome::Repeated(answer) => format!("repeated: {}", decided(answer)),
            Outcome::Done => "done".into(),
            Outcome::SignedIn { generation, batch, .. } => {
                format!("signed in, keys {generation}, batch {batch}")
            }
            Outcome::Settled { totals, agree, at } => {
                let word = if *agree { "agrees" } else { "differs" };
                let since = if *at == self.machine.last_at() {
                    String::new()
                } else {
                    format!(", since {}", written(*at))
                };
                format!("{word}: {}{since}", self::totals(totals))
            }
            Outcome::Noted { placed, .. } => {
                format!("noted{}", placed.map_or(String::new(), |freeze| format!(", freeze F{}", freeze.0)))
            }
            Outcome::Frozen(freeze) => format!("frozen F{}", freeze.0),
            Outcome::Lifted(freeze) => format!("lifted F{}", freeze.0),
            Outcome::LiftApproved { have, need, .. } => format!("approved by {have} of {need}"),
            Outcome::Swept { holds, freezes } => format!("swept {holds} holds, {freezes} freezes"),
            Outcome::Refused(why) => refusal(why),
        }
    }

    fn show(&self, name: &str) -> String {
        match name.chars().next() {
            Some('A') => {
                let Some(account) = self.machine.account(account(name)) else { return "nothing".into() };
                let usage = account.usage.on(&account.zone.local(self.now));
                format!(
                    "balance {}, held {}, available {}, today {} in {}, month {}",
                    money(account.balance),
                    money(account.held),
                    money(account.available(self.now)),
                    money(usage.day_amount),
                    usage.day_count,
                    money(usage.month_amount)
                )
            }
            Some('C') => {
                let Some(card) = self.machine.card(card(name)) else { return "nothing".into() };
                let standing = match card.standing {
                    CardStanding::Replaced(_) => "replaced".to_owned(),
                    other => format!("{other:?}").to_lowercase(),
                };
                let freezes: Vec<String> =
                    card.freezes.iter().map(|freeze| format!("F{}", freeze.0)).collect();
                format!(
                    "{standing}, tries {}, fallbacks {}, freezes [{}]",
                    card.tries,
                    card.fallbacks,
                    freezes.join(" ")
                )
            }
            Some('T') => {
                let Some(terminal) = self.machine.terminal(acceptor(name)) else { return "nothing".into() };
                let batches = terminal.batches.iter().map(|batch| {
                    format!(
                        "{}{} {}",
                        batch.number,
                        if batch.closed { " closed" } else { "" },
                        totals(&batch.totals)
                    )
                });
                format!("batch {}; {}", terminal.batch, batches.collect::<Vec<_>>().join("; "))
            }
            Some('F') => {
                let Some(freeze) = self.machine.freeze(freeze_id(name)) else { return "nothing".into() };
                let ending = match freeze.ending {
                    Ending::Active => "active".to_owned(),
                    Ending::Expired { .. } => "expired".to_owned(),
                    Ending::Lifted { ground, .. } => format!("lifted, {ground:?}"),
                };
                let until = freeze.expires_at.map_or(String::new(), |end| format!(" until {}", written(end)));
                format!(
                    "{} {:?}{until}, exit {:?}, owner {:?} by {}, {ending}",
                    freeze.cause.slug(),
                    freeze.reach,
                    freeze.exit,
                    freeze.owner,
                    written(freeze.next_at)
                )
            }
            _ => {
                let number = self.sent.get(name).and_then(|sent| sent.number);
                let Some(transaction) = number.and_then(|number| self.machine.transaction(number)) else {
                    return "forgotten".into();
                };
                match transaction.state {
                    State::Posted { net, refunded: 0, .. } => format!("posted {}", money(net)),
                    State::Posted { net, refunded, .. } => {
                        format!("posted {}, refunded {}", money(net), money(refunded))
                    }
                    State::Refunded { net } => format!("refunded {}", money(net)),
                    State::Captured { captured, .. } => format!("captured {}", money(captured)),
                    State::Undone { .. } => "undone".into(),
                    other => format!("{other:?}").to_lowercase(),
                }
            }
        }
    }

    fn books(&self) -> String {
        let books = self.machine.ledger().balances().iter();
        let told = books.map(|book| {
            let currency =
                if book.currency == Currency::CNY { String::new() } else { format!(" {}", book.currency.0) };
            format!("{:?} {}{currency}", book.book, money(book.minor))
        });
        told.collect::<Vec<_>>().join(", ")
    }
}

fn decided(answer: &Answer) -> String {
    match answer.verdict {
        Verdict::Approved(_) => {
            let balance =
                answer.facts.balance.map_or(String::new(), |balance| format!(", balance {}", money(balance)));
            let available = answer.facts.available.filter(|_| answer.facts.balance.is_some());
            let available =
                available.map_or(String::new(), |available| format!(", available {}", money(available)));
            format!("approved{balance}{available}{}", exception(answer.exception))
        }
        Verdict::Accepted => format!("accepted{}", exception(answer.exception)),
        Verdict::Declined(causes) => {
            let causes: Vec<&str> = causes.iter().map(|cause| cause.slug()).collect();
            let also = if causes.len() > 1 { format!(" ({})", causes[1..].join(" ")) } else { String::new() };
            let counts =
                causes.iter().all(|cause| !cause.ends_with("_limit") && *cause != "amount_over_original");
            format!(
                "declined {}{also}{}{}",
                causes[0],
                facts(&answer.facts, counts),
                exception(answer.exception)
            )
        }
    }
}

fn totals(totals: &BatchTotals) -> String {
    let BatchTotals { debit_amount, debit_count, credit_amount, credit_count } = *totals;
    format!("debit {}/{debit_count} credit {}/{credit_count}", money(debit_amount), money(credit_amount))
}

fn sixteen(text: &str) -> [u8; 16] {
    let mut bytes = [b' '; 16];
    for (place, byte) in text.bytes().enumerate() {
        bytes[place % 16] = bytes[place % 16].rotate_left(1) ^ byte;
    }
    bytes
}

fn number(name: &str) -> u64 {
    name[1..].parse().unwrap_or_else(|_| panic!("{name} is no name"))
}

pub fn account(name: &str) -> AccountId {
    AccountId(number(name))
}

pub fn card(name: &str) -> CardId {
    CardId([number(name) as u8; 16])
}

fn freeze_id(name: &str) -> FreezeId {
    FreezeId(number(name))
}

fn merchant(name: &str) -> MerchantId {
    name.parse().unwrap()
}

/// Terminals of odd numbers belong to M1, of even ones to M2.
pub fn acceptor(name: &str) -> Acceptor {
    let of = if name.starts_with('M') {
        name
    } else if number(name) % 2 == 1 {
        "M1"
    } else {
        "M2"
    };
    Acceptor { merchant: merchant(of), terminal: name.parse().unwrap() }
}

fn currency(words: &mut Words) -> Currency {
    if words.has("usd") { Currency::USD } else { Currency::CNY }
}

fn limits(words: &mut Words) -> Limits {
    Limits {
        single: words.value("single").map_or(i64::MAX, minor),
        daily: words.value("daily").map_or(i64::MAX, minor),
        monthly: words.value("monthly").map_or(i64::MAX, minor),
        daily_count: words.value("count").map_or(u32::MAX, |count| count.parse().unwrap()),
    }
}

fn reference(words: &mut Words) -> PinReference {
    let key_index = words.value("pinkey").map_or(1, |index| index.parse().unwrap());
    PinReference { key_index, pvv: *words.value("pvv").unwrap_or("1111").as_bytes().first_chunk().unwrap() }
}

/// `3012`: December 2030.
fn expiry(text: &str) -> Expiry {
    let digits: u16 = text.parse().unwrap();
    Expiry { year: (digits / 100) as u8, month: (digits % 100) as u8 }
}

fn purpose(text: &str) -> Purpose {
    match text {
        "Sale" => Purpose::Sale,
        "Void" => Purpose::Void,
        "Refund" => Purpose::Refund,
        "Reversal" => Purpose::Reversal,
        other => panic!("{other} is no purpose"),
    }
}

fn entry(words: &mut Words) -> Entry {
    for (word, entry) in [
        ("swipe", Entry::Stripe),
        ("fallback", Entry::Fallback),
        ("tap", Entry::Contactless),
        ("code", Entry::Code),
        ("typed", Entry::Manual),
        ("onfile", Entry::OnFile),
    ] {
        if words.has(word) {
            return entry;
        }
    }
    Entry::Chip
}

/// The right PIN where one is asked for, unless the script says otherwise.
fn checks(words: &mut Words, entry: Entry) -> Checks {
    let asked = matches!(entry, Entry::Chip | Entry::Stripe | Entry::Fallback) || words.has("pin");
    let pin = match (words.has("wrong"), words.has("nopin")) {
        (true, _) => PinCheck::Wrong,
        (false, true) => PinCheck::Absent,
        (false, false) if asked => PinCheck::Right,
        (false, false) => PinCheck::Absent,
    };
    let counter = words.value("atc").map(|counter| counter.parse().unwrap());
    let chip = match (counter, words.has("forged")) {
        (counter, true) => ChipCheck::Refused { counter: counter.unwrap_or(0) },
        (Some(counter), false) => ChipCheck::Verified { counter },
        (None, false) => ChipCheck::Absent,
    };
    let value = if words.has("badvalue") { ValueCheck::Wrong } else { ValueCheck::Absent };
    Checks { pin, chip, value }
}

fn ground(text: &str) -> Ground {
    match text {
        "confirmed" => Ground::HolderConfirmed,
        "proven" => Ground::IdentityProven,
        "reviewed" => Ground::Reviewed,
        "asked" => Ground::HolderAsked,
        "mistake" => Ground::FalsePositive,
        "released" => Ground::AuthorityReleased,
        "signedin" => Ground::SignedIn,
        "newpin" => Ground::NewPin,
        "replaced" => Ground::Replaced,
        other => panic!("{other} is no ground"),
    }
}
