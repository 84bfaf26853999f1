//! Who is there, and what they do next: chance, with an eye for what hurts.
//!
//! Nothing is known here of what is approved, but for the numbers people read off their receipts.

use crate::dice::Dice;
use crate::reference::Reference;
use machine::cause::Cause;
use machine::command::*;
use machine::freeze::{Actor, Allowance, Exit, Ground, Lifter, PlacedBy, Reach, Scope};
use machine::ids::{Acceptor, AccountId, CardId, FreezeId, MerchantId, Origin, TerminalId, TransactionId};
use machine::money::{Currency, Money};
use machine::policy::Policy;
use machine::time::{DAY_MS, Expiry, HOUR_MS, MINUTE_MS, Timestamp, Zone};

/// What went out once.
#[derive(Clone, Copy)]
struct Sent {
    origin: Origin,
    purpose: Purpose,
    card: CardId,
    amount: i64,
    place: Place,
}

struct Plastic {
    id: CardId,
    account: AccountId,
    counter: u16,
    chip: bool,
}

/// The people, their cards and the shops, as they know themselves.
pub(super) struct Town {
    cards: Vec<Plastic>,
    acceptors: Vec<Acceptor>,
    sent: Vec<Sent>,
    next_stan: u32,
    next_card: u8,
    seed: u64,
}

type Plan = Vec<(i64, Command)>;

const EXPIRY: Expiry = Expiry { year: 30, month: 12 };
const PIN: PinReference = PinReference { key_index: 1, pvv: *b"1111" };

fn money(minor: i64) -> Money {
    Money::new(minor, Currency::CNY)
}

fn actor(place: u64) -> Actor {
    let mut name = [b' '; 24];
    name[..6].copy_from_slice(b"agent.");
    name[6] = b'a' + (place % 4) as u8;
    Actor(name)
}

impl Town {
    pub fn new(seed: u64) -> Town {
        let merchant = |place: u8| {
            let mut name = *b"89831005411000 ";
            name[14] = b'0' + place;
            MerchantId(name)
        };
        let terminal = |place: u8| TerminalId([b'3', b'1', b'0', b'0', b'0', b'0', b'0', b'0' + place]);
        let acceptor = |shop, till| Acceptor { merchant: merchant(shop), terminal: terminal(till) };
        let card = |place: u8| Plastic {
            id: CardId([place; 16]),
            account: AccountId(u64::from(place % 4) + 1),
            counter: 0,
            chip: place % 5 != 4,
        };
        Town {
            cards: (0..6).map(card).collect(),
            acceptors: vec![acceptor(1, 1), acceptor(1, 2), acceptor(2, 3)],
            sent: Vec::new(),
            next_stan: 1,
            next_card: 6,
            seed,
        }
    }

    /// Everyone and everything comes to be.
    pub fn founding(&self) -> Vec<Command> {
        let mut dice = Dice::of(self.seed, "founding");
        let policy = Policy {
            hold_ms: 2 * DAY_MS,
            burst_max: 5,
            testing_max: 3,
            cool_hits_max: 4,
            fault_max: 4,
            no_pin_max: 5_000,
            ..Policy::DEFAULT
        };
        let mut commands = vec![Command::SetPolicy(policy)];
        for place in 1..=4 {
            let credit = place == 4;
            let account = AccountId(place);
            commands.push(Command::OpenAccount(OpenAccount {
                account,
                kind: if credit { AccountKind::Credit { line: 90_000 } } else { AccountKind::Debit },
                currency: Currency::CNY,
                zone: *dice.pick(&[Zone::CHINA, Zone(0), Zone(-300)]),
                limits: self.limits(&mut dice),
            }));
            if !credit {
                commands.push(Command::Fund { account, amount: money(dice.between(20_000, 90_000)) });
            }
        }
        commands.extend(self.cards.iter().map(|card| {
            Command::IssueCard(IssueCard {
                card: card.id,
                account: card.account,
                last4: *b"0000",
                expiry: EXPIRY,
                active: true,
                chip: card.chip,
                pin: Some(PIN),
                replaces: None,
            })
        }));
        for place in [0, 2] {
            let merchant = self.acceptors[place].merchant;
            commands.push(Command::EnrollMerchant(EnrollMerchant {
                merchant,
                name: "Shop".into(),
                mcc: 5411,
                country: 156,
            }));
        }
        for acceptor in &self.acceptors {
            commands.push(Command::EnrollTerminal(*acceptor));
            commands.push(Command::SignIn { acceptor: *acceptor, keys: KeySet::Double });
        }
        commands
    }

    fn limits(&self, dice: &mut Dice) -> Limits {
        Limits {
            single: dice.between(5_000, 12_000),
            daily: dice.between(15_000, 60_000),
            monthly: dice.between(100_000, 900_000),
            daily_count: dice.between(12, 60) as u32,
        }
    }

    /// How long nothing happens: seconds mostly, hours now and then, and sometimes until just before midnight.
    pub fn pause(&self, dice: &mut Dice, now: Timestamp) -> i64 {
        match dice.below(1000) {
            0..930 => dice.between(0, 30_000),
            930..980 => dice.between(0, 20 * MINUTE_MS),
            980..992 => dice.between(0, 5 * HOUR_MS),
            992..997 => DAY_MS - Zone::CHINA.local(now).ms_of_day - dice.between(0, 3_000),
            _ => dice.between(0, 2 * DAY_MS),
        }
    }

    /// The message that takes another one back, if it can be.
    pub fn take_back(command: &Command) -> Option<Command> {
        let (origin, card, amount) = match command {
            Command::Authorize(ask) => (ask.origin, Some(ask.card), ask.amount),
            Command::Follow(ask) => (ask.origin, ask.card, ask.amount),
            _ => return None,
        };
        let original = Original::Message(origin);
        Some(Command::Reverse(Reverse { original, card, amount: Some(amount), remaining: None, place: None }))
    }

    /// What somebody does now, and what becomes of it on the way: delays and messages.
    pub fn act(&mut self, dice: &mut Dice, reference: &Reference, now: Timestamp) -> Plan {
        match dice.below(1000) {
            0..420 => {
                let ask = self.sale(dice, reference, now);
                self.on_the_way(dice, Command::Authorize(ask))
            }
            420..450 => {
                // One after the other on one card.
                let card = dice.place(self.cards.len());
                (0..dice.between(4, 9)).map(|turn| (turn * 2_000, self.tap(dice, reference, card))).collect()
            }
            450..650 => match self.follow(dice, reference) {
                Some(follow) => self.on_the_way(dice, Command::Follow(follow)),
                None => Plan::new(),
            },
            650..760 => self.reversal(dice, reference).map_or_else(Plan::new, |reverse| vec![(0, reverse)]),
            760..790 => self.both_at_once(dice, reference),
            790..802 => vec![(0, self.freeze(dice))],
            802..870 => (0..3).map(|turn| (turn * 500, self.lift(dice, reference))).collect(),
            870..930 => vec![(0, self.of_shops(dice, reference))],
            930..945 => self.new_card(dice.place(self.cards.len()), reference),
            _ => self.of_the_bank(dice, reference, now),
        }
    }

    fn origin(&mut self, dice: &mut Dice, reference: &Reference, acceptor: Acceptor) -> Origin {
        self.next_stan += 1;
        let stan = self.next_stan;
        let batch = reference.batches(acceptor).map_or(1, |(batch, _)| batch);
        match dice.below(100) {
            0..90 => Origin::Terminal { acceptor, batch, stan },
            90..93 => Origin::Terminal { acceptor, batch: batch.saturating_sub(1), stan },
            93..97 => Origin::Host { acquirer: 48_021_000, forwarder: 0, stan, transmitted: 328_000_000 },
            97..99 => Origin::Api([stan as u8; 16]),
            _ => Origin::Terminal { acceptor, batch: batch + 1, stan },
        }
    }

    fn place(&self, dice: &mut Dice, origin: &Origin, acceptor: Acceptor) -> Place {
        match origin {
            Origin::Terminal { .. } => Place::Terminal(acceptor),
            Origin::Host { .. } => {
                let country = *dice.pick(&[156, 156, 840]);
                Place::Elsewhere { acquirer: 48_021_000, acceptor, mcc: 5812, country }
            }
            Origin::Api(_) | Origin::House(_) => Place::Merchant(acceptor.merchant),
        }
    }

    fn sale(&mut self, dice: &mut Dice, reference: &Reference, now: Timestamp) -> Authorize {
        let acceptor = *dice.pick(&self.acceptors);
        let origin = self.origin(dice, reference, acceptor);
        let place = self.place(dice, &origin, acceptor);
        let which = dice.place(self.cards.len());
        let entry = match (self.cards[which].chip, dice.below(100)) {
            (true, 0..50) => Entry::Chip,
            (true, 50..54) => Entry::Fallback,
            (_, 54..85) => Entry::Contactless,
            (_, 85..88) => Entry::Code,
            (_, 88..90) => Entry::Manual,
            (_, 90..91) => Entry::OnFile,
            (true, _) if dice.chance(900) => Entry::Chip,
            (_, _) => Entry::Stripe,
        };
        let checks = self.checks(dice, which, entry);
        let card = if dice.chance(8) { CardId([99; 16]) } else { self.cards[which].id };
        let purpose = match dice.below(100) {
            0..70 => Purpose::Sale,
            70..95 => Purpose::PreAuthorization,
            _ => Purpose::BalanceInquiry,
        };
        let minor = match (purpose, dice.below(200)) {
            (Purpose::BalanceInquiry, _) => 0,
            (_, 0) => *dice.pick(&[0, -100, 1_000_000_000_000]),
            (_, 1..8) => dice.between(9_000, 40_000),
            (_, _) => dice.between(100, 6_000),
        };
        let stated = Expiry { year: 30, month: if dice.chance(10) { 11 } else { 12 } };
        self.sent.push(Sent { origin, purpose, card, amount: minor, place });
        Authorize {
            origin,
            purpose,
            card,
            amount: money(minor),
            entry,
            place,
            expiry: dice.chance(500).then_some(stated),
            checks,
            advice: dice.chance(25),
            answer_by: dice.chance(20).then(|| now.plus(dice.between(0, 40_000))),
        }
    }

    fn checks(&mut self, dice: &mut Dice, which: usize, entry: Entry) -> Checks {
        let asked = matches!(entry, Entry::Chip | Entry::Stripe | Entry::Fallback) || dice.chance(300);
        let pin = match dice.below(1000) {
            0..90 => PinCheck::Wrong,
            90..110 => PinCheck::Absent,
            _ if asked => PinCheck::Right,
            _ => PinCheck::Absent,
        };
        let counter = &mut self.cards[which].counter;
        let chip = match (entry, dice.below(1000)) {
            (Entry::Chip | Entry::Contactless, 0..6) => ChipCheck::Refused { counter: *counter },
            (Entry::Chip | Entry::Contactless, 6..12) => ChipCheck::Verified { counter: *counter },
            (Entry::Chip | Entry::Contactless, 12..900) => {
                *counter += 1;
                ChipCheck::Verified { counter: *counter }
            }
            (_, _) => ChipCheck::Absent,
        };
        let value = if dice.chance(10) { ValueCheck::Wrong } else { ValueCheck::Absent };
        Checks { pin, chip, value }
    }

    fn tap(&mut self, dice: &mut Dice, reference: &Reference, which: usize) -> Command {
        let acceptor = *dice.pick(&self.acceptors);
        let origin = self.origin(dice, reference, acceptor);
        let place = self.place(dice, &origin, acceptor);
        let (card, minor) = (self.cards[which].id, dice.between(100, 400));
        self.sent.push(Sent { origin, purpose: Purpose::Sale, card, amount: minor, place });
        Command::Authorize(Authorize {
            origin,
            purpose: Purpose::Sale,
            card,
            amount: money(minor),
            entry: Entry::Contactless,
            place,
            expiry: None,
            checks: Checks::NONE,
            advice: false,
            answer_by: None,
        })
    }

    /// Something sent before: the newest are the likeliest.
    fn earlier(&self, dice: &mut Dice) -> Option<Sent> {
        let far = if dice.chance(150) { self.sent.len() } else { self.sent.len().min(25) };
        (far > 0).then(|| self.sent[self.sent.len() - 1 - dice.place(far)])
    }

    fn follow(&mut self, dice: &mut Dice, reference: &Reference) -> Option<Follow> {
        let original = self.earlier(dice)?;
        let fits = match original.purpose {
            Purpose::Sale => *dice.pick(&[Purpose::Void, Purpose::Refund, Purpose::Refund]),
            Purpose::PreAuthorization => *dice.pick(&[
                Purpose::Completion,
                Purpose::Completion,
                Purpose::Completion,
                Purpose::PreAuthorizationCancel,
            ]),
            Purpose::Completion => {
                *dice.pick(&[Purpose::CompletionCancel, Purpose::CompletionCancel, Purpose::Refund])
            }
            _ => *dice.pick(&[Purpose::Void, Purpose::Completion, Purpose::Refund]),
        };
        let any =
            [Purpose::Void, Purpose::Completion, Purpose::CompletionCancel, Purpose::Refund, Purpose::Sale];
        let purpose = if dice.chance(40) { *dice.pick(&any) } else { fits };
        let acceptor =
            if dice.chance(40) { *dice.pick(&self.acceptors) } else { acceptor_of(&original.place) };
        let origin = self.origin(dice, reference, acceptor);
        let place = self.place(dice, &origin, acceptor);
        let number = reference.outcome_of(&original.origin).map(|(number, _)| TransactionId(number));
        let named = match (number, dice.below(100)) {
            (Some(number), 0..25) => Original::Number(number),
            (Some(number), 25..45) => Original::Approval(number.approval()),
            (_, _) => Original::Message(original.origin),
        };
        let card = match dice.below(100) {
            0..5 => Some(dice.pick(&self.cards).id),
            5..15 => None,
            _ => Some(original.card),
        };
        let whole =
            matches!(purpose, Purpose::Void | Purpose::PreAuthorizationCancel | Purpose::CompletionCancel);
        let minor = match (whole, dice.below(100)) {
            (true, 0..92) | (false, 0..40) => original.amount,
            (false, 40..60) => original.amount * dice.between(80, 125) / 100,
            (_, _) => dice.between(1, original.amount.clamp(1, 50_000)),
        };
        let mut checks = Checks::NONE;
        checks.pin = *dice.pick(&[
            PinCheck::Absent,
            PinCheck::Absent,
            PinCheck::Right,
            PinCheck::Right,
            PinCheck::Wrong,
        ]);
        self.sent.push(Sent { origin, purpose, card: original.card, amount: minor, place });
        let (advice, last) = (dice.chance(60), dice.chance(600));
        let (amount, original, entry) = (money(minor), named, Entry::Chip);
        Some(Follow { origin, purpose, original, card, amount, entry, place, checks, advice, last })
    }

    fn reversal(&mut self, dice: &mut Dice, reference: &Reference) -> Option<Command> {
        let original = self.earlier(dice)?;
        let number = reference.outcome_of(&original.origin).map(|(number, _)| TransactionId(number));
        let named = match (number, dice.below(100)) {
            (Some(number), 0..15) => Original::Number(number),
            (Some(number), 15..17) => Original::Approval(number.approval()),
            (None, 0..10) => Original::Number(TransactionId(dice.below(2_000))),
            (_, _) => Original::Message(original.origin),
        };
        let card = match dice.below(100) {
            0..4 => Some(dice.pick(&self.cards).id),
            4..50 => Some(original.card),
            _ => None,
        };
        let amount = match dice.below(100) {
            0..4 => Some(money(original.amount + 1)),
            4..50 => Some(money(original.amount)),
            _ => None,
        };
        let remaining =
            dice.chance(300).then(|| money(dice.between(-1, original.amount.clamp(0, 50_000) + 1)));
        Some(Command::Reverse(Reverse { original: named, card, amount, remaining, place: None }))
    }

    /// A void and a reversal, or two reversals, or a late original, in the same moment.
    fn both_at_once(&mut self, dice: &mut Dice, reference: &Reference) -> Plan {
        let first = self.follow(dice, reference).map(Command::Follow);
        let second = self.reversal(dice, reference);
        let mut plan: Plan =
            first.into_iter().chain(second.clone()).chain(second).map(|command| (0, command)).collect();
        dice.shuffle(&mut plan);
        plan
    }

    /// What the network does to a message.
    fn on_the_way(&mut self, dice: &mut Dice, command: Command) -> Plan {
        let soon = dice.between(0, 2_000);
        let later = soon + dice.between(3_000, 60_000);
        let back = Town::take_back(&command);
        match (dice.below(100), back) {
            // Doubled, or asked again because the answer was lost.
            (0..8, _) => vec![(soon, command.clone()), (later, command)],
            // The answer was lost: taken back, perhaps twice.
            (8..16, Some(back)) => vec![(soon, command), (later, back.clone()), (later + 9_000, back)],
            // Lost, taken back, and then it comes after all.
            (16..22, Some(back)) => {
                let much_later = later + dice.between(0, 30_000);
                vec![(later, back.clone()), (much_later, command), (much_later + 5_000, back)]
            }
            // Lost and taken back.
            (22..24, Some(back)) => vec![(later, back)],
            (24..26, _) => Plan::new(),
            (_, _) => vec![(soon, command)],
        }
    }

    fn freeze(&mut self, dice: &mut Dice) -> Command {
        let card = dice.pick(&self.cards);
        let by = match dice.below(10) {
            0..3 => PlacedBy::Holder,
            3..4 => PlacedBy::Authority(actor(dice.below(4))),
            4..6 => PlacedBy::Rule { rule: 1, version: 1 },
            _ => PlacedBy::Agent(actor(dice.below(4))),
        };
        let acceptor = *dice.pick(&self.acceptors);
        let (scope, cause) = match (by, dice.below(12)) {
            (PlacedBy::Agent(_), 0) => (Scope::Terminal(acceptor), Cause::TerminalFrozen),
            (PlacedBy::Agent(_), 1) => (Scope::Merchant(acceptor.merchant), Cause::MerchantFrozen),
            (PlacedBy::Agent(_), 2) => (Scope::Pin(card.id), Cause::PinTriesExceeded),
            (PlacedBy::Holder, _) => (Scope::Card(card.id), Cause::FrozenByHolder),
            (PlacedBy::Authority(_), _) => (Scope::Account(card.account), Cause::FrozenByAuthority),
            (PlacedBy::Agent(_), _) => (Scope::Card(card.id), Cause::FrozenByBank),
            (_, _) => (Scope::Account(card.account), Cause::FraudScore),
        };
        Command::PlaceFreeze(PlaceFreeze {
            scope,
            reach: dice.chance(200).then(|| *dice.pick(&[Reach::PinUse, Reach::NewDebits, Reach::All])),
            cause,
            evidence: None,
            by,
            expires_at: None,
            exit: dice.chance(100).then(|| {
                *dice.pick(&[Exit::HolderConfirms, Exit::Replacement, Exit::Review { approvers: 2 }])
            }),
            allowance: dice.chance(150).then(|| Allowance { daily: dice.between(0, 20_000) }),
        })
    }

    /// Somebody tries to lift something; mostly the one who may.
    fn lift(&mut self, dice: &mut Dice, reference: &Reference) -> Command {
        let in_force = reference.in_force();
        let freeze = match in_force.is_empty() {
            true => dice.below(5),
            false => dice.pick(&in_force).0,
        };
        let (by, ground) = *dice.pick(&[
            (Lifter::Holder, Ground::HolderConfirmed),
            (Lifter::Holder, Ground::HolderAsked),
            (Lifter::Agent(actor(0)), Ground::Reviewed),
            (Lifter::Agent(actor(1)), Ground::Reviewed),
            (Lifter::Agent(actor(2)), Ground::FalsePositive),
            (Lifter::Agent(actor(3)), Ground::IdentityProven),
            (Lifter::Authority(actor(0)), Ground::AuthorityReleased),
            (Lifter::Authority(actor(1)), Ground::AuthorityReleased),
            (Lifter::Machine, Ground::SignedIn),
        ]);
        Command::LiftFreeze(LiftFreeze { freeze: FreezeId(freeze), by, ground })
    }

    fn of_shops(&mut self, dice: &mut Dice, reference: &Reference) -> Command {
        let acceptor = *dice.pick(&self.acceptors);
        let (current, kept) = reference.batches(acceptor).unwrap_or((1, Vec::new()));
        let batch = if dice.chance(150) { dice.between(0, i64::from(current) + 1) as u32 } else { current };
        match dice.below(20) {
            0..5 => {
                let totals = kept.iter().find(|(number, ..)| *number == batch).map(|(.., totals)| *totals);
                let mut totals = totals.unwrap_or_default();
                totals.debit_amount += i64::from(dice.chance(300));
                Command::Settle { acceptor, batch, totals }
            }
            5..6 => Command::CloseBatch { acceptor, batch },
            6..7 if dice.chance(300) => Command::SignOut(acceptor),
            6..12 => Command::SignIn { acceptor, keys: KeySet::Double },
            12..16 => {
                let cause = *dice.pick(&[Cause::MacError, Cause::PinFormatError, Cause::FormatError]);
                Command::Fault { acceptor: Some(acceptor), origin: None, cause }
            }
            turn => match self.earlier(dice) {
                None => Command::Sweep,
                Some(sale) if turn == 16 => Command::BatchDetail { origin: sale.origin, amount: sale.amount },
                Some(sale) if turn == 17 => Command::ScriptResult { original: sale.origin, executed: true },
                Some(sale) => Command::AttachSignature(Signature {
                    sale: sale.origin,
                    rrn: reference.outcome_of(&sale.origin).map_or(0, |(number, _)| number),
                    amount: sale.amount,
                    card: Some(sale.card),
                    image: [dice.below(2) as u8; 32],
                    image_bytes: 500,
                }),
            },
        }
    }

    fn of_the_bank(&mut self, dice: &mut Dice, reference: &Reference, now: Timestamp) -> Plan {
        let which = dice.place(self.cards.len());
        let (card, account) = (self.cards[which].id, self.cards[which].account);
        let command = match dice.below(20) {
            0..6 => Command::Fund { account, amount: money(dice.between(1_000, 30_000)) },
            6..8 => Command::SetLimits { account, limits: self.limits(dice) },
            8..9 => {
                let mut on = || !dice.chance(120);
                let (stripe, contactless, code) = (on(), on(), on());
                let (remote, abroad, night) = (on(), on(), on());
                Command::SetSwitches {
                    card,
                    switches: Switches { stripe, contactless, code, remote, abroad, night },
                }
            }
            9..11 => Command::SetPin { card, pin: PIN },
            11..13 => Command::Sweep,
            13..14 => Command::Keyed {
                key: [dice.below(9) as u8; 16],
                body: [dice.below(2) as u8; 16],
                command: Box::new(Command::Fund { account, amount: money(777) }),
            },
            14..15 => return self.outage(dice, now),
            15..16 => Command::CloseAccount(AccountId(dice.between(1, 5) as u64)),
            16..17 if dice.chance(400) => {
                let standing = *dice.pick(&[CardStanding::Lost, CardStanding::Stolen, CardStanding::Active]);
                Command::SetCardStanding { card, standing }
            }
            _ => return self.new_card(which, reference),
        };
        vec![(0, command)]
    }

    /// The house is not itself for a while, and comes back.
    fn outage(&mut self, dice: &mut Dice, now: Timestamp) -> Plan {
        let until = now.plus(10 * MINUTE_MS);
        let house = *dice.pick(&[
            House::IssuerDown,
            House::IssuerSilent,
            House::NetworkDown,
            House::Maintenance { until },
        ]);
        vec![
            (0, Command::SetHouse(house)),
            (dice.between(5_000, 3 * MINUTE_MS), Command::SetHouse(House::Open)),
        ]
    }

    /// A card that is lost, or so frozen that it never pays again, is replaced.
    fn new_card(&mut self, which: usize, reference: &Reference) -> Plan {
        let old = &self.cards[which];
        let stuck = reference.in_force().iter().any(|(_, scope, cause)| {
            let of_no_return = matches!(
                cause,
                Cause::CardLost | Cause::CardStolen | Cause::CryptogramFailed | Cause::CounterReplayed
            );
            *scope == Scope::Card(old.id) && of_no_return
        });
        if !stuck || self.next_card > 90 {
            return vec![(0, Command::Sweep)];
        }
        let card = CardId([self.next_card; 16]);
        self.next_card += 1;
        let command = Command::IssueCard(IssueCard {
            card,
            account: old.account,
            last4: *b"0000",
            expiry: EXPIRY,
            active: true,
            chip: old.chip,
            pin: Some(PIN),
            replaces: Some(old.id),
        });
        self.cards[which] = Plastic { id: card, account: old.account, counter: 0, chip: old.chip };
        vec![(0, command)]
    }
}

fn acceptor_of(place: &Place) -> Acceptor {
    match place {
        Place::Terminal(acceptor) | Place::Elsewhere { acceptor, .. } => *acceptor,
        Place::Merchant(merchant) => Acceptor { merchant: *merchant, terminal: TerminalId(*b"31000001") },
    }
}
