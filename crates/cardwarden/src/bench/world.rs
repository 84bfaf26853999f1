//! The bank that is measured: accounts, cards and terminals in number, and what is asked of them.
//!
//! Its policy is such that a load no card ever sees in life is not declined for coming too often: the counts are
//! made, their bounds are out of reach. Nothing is measured here.

use crate::clock;
use crate::host::{self, Recovery};
use crate::system;
use journal::JournalId;
use machine::Machine;
use machine::command::{
    AccountKind, Authorize, Checks, ChipCheck, Command, EnrollMerchant, Entry, IssueCard, KeySet, Limits,
    OpenAccount, PinCheck, PinReference, Place, Purpose, ValueCheck,
};
use machine::ids::{Acceptor, AccountId, CardId, MerchantId, Origin, TerminalId};
use machine::money::{Currency, Money};
use machine::outcome::Outcome;
use machine::policy::Policy;
use machine::time::{Expiry, Timestamp, Zone};
use shard::Shard;
use sim::dice::Dice;
use std::path::Path;

/// Accounts with a card each, in all measures but that of idle cards.
pub const CARDS: usize = 100_000;
/// Terminals, eight to a merchant.
pub const TERMINALS: usize = 512;
const TERMINALS_OF_A_MERCHANT: usize = 8;
/// The most a single sale may come to, minor units.
const SINGLE_MAX: i64 = 100_000_000;
/// The month all cards are good through.
pub const EXPIRY: Expiry = Expiry { year: 30, month: 12 };

/// A card as the bank knows it.
#[derive(Clone, Copy)]
pub struct Known {
    /// Its name.
    pub id: CardId,
    /// The last four digits, ASCII.
    pub last4: [u8; 4],
    /// How its PIN is verified.
    pub pin: PinReference,
    /// Whether it has a chip.
    pub chip: bool,
}

/// Cards whose numbers nobody needs: random names.
pub fn nameless(count: usize, dice: &mut Dice) -> Vec<Known> {
    let mut card = || {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&dice.throw().to_le_bytes());
        id[8..].copy_from_slice(&dice.throw().to_le_bytes());
        Known {
            id: CardId(id),
            last4: *b"0000",
            pin: PinReference { key_index: 1, pvv: *b"1234" },
            chip: true,
        }
    };
    (0..count).map(|_| card()).collect()
}

/// The terminal of a number.
pub fn acceptor(number: usize) -> Acceptor {
    let (mut merchant, mut terminal) = ([0; 15], [0; 8]);
    digits(898_000_000_000_000 + (number / TERMINALS_OF_A_MERCHANT) as u64, &mut merchant);
    digits(10_000_000 + number as u64, &mut terminal);
    Acceptor { merchant: MerchantId(merchant), terminal: TerminalId(terminal) }
}

/// Writes a number in decimal, filled with zeros in front.
pub fn digits(mut number: u64, into: &mut [u8]) {
    for digit in into.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

/// Policy, merchants and terminals.
fn shops() -> Vec<Command> {
    let policy = Policy { burst_ms: 1, cool_hits_max: 0, ..Policy::DEFAULT };
    let mut commands = vec![Command::SetPolicy(policy)];
    for number in 0..TERMINALS {
        let acceptor = acceptor(number);
        if number % TERMINALS_OF_A_MERCHANT == 0 {
            let name = format!("Shop {number}");
            commands.push(Command::EnrollMerchant(EnrollMerchant {
                merchant: acceptor.merchant,
                name,
                mcc: 5411,
                country: 156,
            }));
        }
        commands.push(Command::EnrollTerminal(acceptor));
        commands.push(Command::SignIn { acceptor, keys: KeySet::Double });
    }
    commands
}

/// An account with money, and its card.
fn holder(number: usize, card: &Known) -> [Command; 3] {
    const LIMITS: Limits =
        Limits { single: SINGLE_MAX, daily: 1 << 50, monthly: 1 << 50, daily_count: u32::MAX - 1 };
    let account = AccountId(number as u64 + 1);
    let open = OpenAccount {
        account,
        kind: AccountKind::Debit,
        currency: Currency::CNY,
        zone: Zone::CHINA,
        limits: LIMITS,
    };
    let issue = IssueCard {
        card: card.id,
        account,
        last4: card.last4,
        expiry: EXPIRY,
        active: true,
        chip: card.chip,
        pin: Some(card.pin),
        replaces: None,
    };
    [
        Command::OpenAccount(open),
        Command::Fund { account, amount: Money::new(500_000_000_000, Currency::CNY) },
        Command::IssueCard(issue),
    ]
}

/// Everything a bank of these cards was told before its first sale.
pub fn founding(cards: &[Known]) -> impl Iterator<Item = Command> {
    let holders = cards.iter().enumerate().flat_map(|(number, card)| holder(number, card));
    shops().into_iter().chain(holders)
}

/// Founds the bank in memory.
///
/// # Errors
/// If the machine refuses any of it.
pub fn machine(cards: &[Known], at: Timestamp) -> Result<Machine, String> {
    let mut machine = Machine::new(Policy::DEFAULT);
    for command in founding(cards) {
        if let Outcome::Refused(why) = machine.apply(&command, at) {
            return Err(format!("the machine refuses its founding: {why:?}"));
        }
    }
    Ok(machine)
}

/// Founds the bank in a new folder, by its journal, as a host does.
///
/// # Errors
/// If the folder cannot be written, or the machine refuses.
pub fn found(folder: &Path, cards: &[Known]) -> Result<Recovery, String> {
    system::private_folder(folder)?;
    let mut recovery = host::open(folder, JournalId(system::random()?)).map_err(|error| error.to_string())?;
    append(&mut recovery, founding(cards), shard::BATCH_COMMANDS_MAX)?;
    Ok(recovery)
}

/// Has the bank do these commands, a record for each batch of them.
///
/// # Errors
/// If the journal cannot be written, or the machine refuses.
pub fn append(
    recovery: &mut Recovery,
    commands: impl Iterator<Item = Command>,
    batch: usize,
) -> Result<u64, String> {
    let machine = std::mem::replace(&mut recovery.machine, Machine::new(Policy::DEFAULT));
    let mut shard: Shard<()> = Shard::new(machine);
    let (mut body, mut records) = (Vec::new(), 0);
    let mut commands = commands.peekable();
    while commands.peek().is_some() {
        commands.by_ref().take(batch).for_each(|command| shard.submit((), command));
        body.clear();
        if shard.batch(clock::now(), &mut body) {
            recovery.journal.append(&body).map_err(|error| error.to_string())?;
            shard.durable();
            records += 1;
        }
        while let Some(answered) = shard.next_answer() {
            if let shard::Answered::Outcome { outcome: Outcome::Refused(why), .. } = answered {
                return Err(format!("the machine refuses: {why:?}"));
            }
        }
    }
    recovery.machine = shard.into_machine();
    Ok(records)
}

/// How often, of a hundred, a sale is one to be declined, and for what.
#[derive(Clone, Copy)]
pub enum Mix {
    /// All are approved.
    Good,
    /// Of a hundred, two with a wrong PIN and eight over the limit of a single sale.
    Life,
}

/// Sales with random cards at random terminals, each under a number of its own.
pub struct Sales {
    cards: Vec<CardId>,
    acceptors: Vec<Acceptor>,
    dice: Dice,
    counter: u32,
    mix: Mix,
}

impl Sales {
    /// With these cards.
    pub fn new(cards: &[Known], mix: Mix, seed: u64) -> Sales {
        Sales {
            cards: cards.iter().map(|card| card.id).collect(),
            acceptors: (0..TERMINALS).map(acceptor).collect(),
            dice: Dice::new(seed),
            counter: 0,
            mix,
        }
    }

    /// The next one: by chip, its PIN verified. The chip's own counter would tie sales of one card to an order that
    /// requests in flight do not keep: it stays out of it here, and counts where real bytes come by TCP.
    pub fn next_sale(&mut self) -> Authorize {
        let card = self.cards[self.dice.place(self.cards.len())];
        let acceptor = self.acceptors[self.dice.place(self.acceptors.len())];
        let dealt = match self.mix {
            Mix::Good => 100,
            Mix::Life => self.dice.below(100),
        };
        let amount = self.dice.between(100, 50_000) + if (2..10).contains(&dealt) { SINGLE_MAX } else { 0 };
        self.counter += 1;
        let (batch, stan) = (1, self.counter);
        Authorize {
            origin: Origin::Terminal { acceptor, batch, stan },
            purpose: Purpose::Sale,
            card,
            amount: Money::new(amount, Currency::CNY),
            entry: Entry::Chip,
            place: Place::Terminal(acceptor),
            expiry: Some(EXPIRY),
            checks: Checks {
                pin: if dealt < 2 { PinCheck::Wrong } else { PinCheck::Right },
                chip: ChipCheck::Absent,
                value: ValueCheck::Right,
            },
            advice: false,
            answer_by: None,
        }
    }
}
