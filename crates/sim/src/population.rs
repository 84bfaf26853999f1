//! Invented people with their cards, and the shops of their street.
//!
//! Plain figures and texts: nothing of the machine, of a protocol or of a key. Nobody here exists, and no
//! number here was ever issued; all the same a card shows only its last four digits.

use crate::dice::Dice;
use std::collections::BTreeSet;
use std::fmt;

/// Everyone here lives by China Standard Time: minutes east of UTC.
pub const ZONE_MINUTES: i16 = 480;
/// Shops of the street.
pub const STREET_SHOPS: usize = 6;
/// Holders of the street, one card each.
pub const STREET_HOLDERS: usize = 40;

/// A name in both languages.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Name {
    /// Chinese.
    pub zh: String,
    /// English, or pinyin.
    pub en: String,
}

/// An invented card.
#[derive(Clone, PartialEq, Eq)]
pub struct Card {
    /// Its number: 16 or 19 digits that end in a Luhn digit (ISO/IEC 7812-1, annex B).
    pub number: String,
    /// Its PIN: six digits, as is usual in China.
    pub pin: String,
    /// Year of the last month it is good in, two digits.
    pub expiry_year: u8,
    /// That month, 1 to 12.
    pub expiry_month: u8,
    /// Whether it has a chip.
    pub chip: bool,
}

impl Card {
    /// The last four digits: all of the number that is ever shown.
    #[must_use]
    pub fn last4(&self) -> [u8; 4] {
        self.number.as_bytes().last_chunk().copied().unwrap_or(*b"0000")
    }

    /// Service code of the stripe (ISO/IEC 7813): 220 of a chip card, 120 of one without, PIN asked for.
    #[must_use]
    pub const fn service_code(&self) -> &'static str {
        if self.chip { "220" } else { "120" }
    }
}

impl fmt::Debug for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last4 = self.last4();
        write!(f, "Card(..{})", last4.iter().map(|&digit| digit as char).collect::<String>())
    }
}

/// What a holder's account is and may do; money in fen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Purse {
    /// What is there at the beginning.
    pub opening: i64,
    /// What comes in each month.
    pub income: i64,
    /// On which day of the month, 1 to 28.
    pub payday: u8,
    /// A credit line, or none for the holder's own money.
    pub line: Option<i64>,
    /// Limit of one transaction.
    pub single: i64,
    /// Limit of a day.
    pub daily: i64,
    /// Limit of a month.
    pub monthly: i64,
    /// Payments a day.
    pub daily_count: u32,
}

/// How someone lives.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Habit {
    /// Payments a day, in thousandths.
    pub visits: u32,
    /// How much each shop draws, by its place in the list of shops.
    pub draws: Vec<u32>,
    /// Of a thousand payments so many by holding the card to the reader.
    pub taps: u64,
    /// Of a thousand PINs so many typed wrong.
    pub slips: u64,
    /// How freely money is spent: percent of what is usual.
    pub ease: i64,
}

/// Someone with an account and a card.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Holder {
    /// The name.
    pub name: Name,
    /// Number of the account.
    pub account: u64,
    /// The account.
    pub purse: Purse,
    /// The card.
    pub card: Card,
    /// The habits.
    pub habit: Habit,
}

/// What a shop is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trade {
    /// Convenience store.
    Convenience,
    /// Noodle house.
    Noodles,
    /// Tea house.
    Tea,
    /// Book shop.
    Books,
    /// Pharmacy.
    Pharmacy,
    /// Guest house: pre-authorizes.
    GuestHouse,
}

impl Trade {
    /// All of them, in the order of the street.
    pub const ALL: [Trade; STREET_SHOPS] =
        [Trade::Convenience, Trade::Noodles, Trade::Tea, Trade::Books, Trade::Pharmacy, Trade::GuestHouse];

    /// Merchant category code, ISO 18245.
    #[must_use]
    pub const fn mcc(self) -> u16 {
        match self {
            Trade::Convenience => 5411,
            Trade::Noodles => 5812,
            Trade::Tea => 5499,
            Trade::Books => 5942,
            Trade::Pharmacy => 5912,
            Trade::GuestHouse => 7011,
        }
    }

    /// First hour it is open and first hour it is not, local; closing at 24 means midnight.
    #[must_use]
    pub const fn hours(self) -> (u8, u8) {
        match self {
            Trade::Convenience => (6, 24),
            Trade::Noodles => (7, 22),
            Trade::Tea => (9, 22),
            Trade::Books => (9, 21),
            Trade::Pharmacy => (8, 21),
            Trade::GuestHouse => (7, 23),
        }
    }

    /// The least and the most that is usually paid, fen.
    #[must_use]
    pub const fn amounts(self) -> (i64, i64) {
        match self {
            Trade::Convenience => (350, 18_000),
            Trade::Noodles => (1_500, 22_000),
            Trade::Tea => (1_800, 36_000),
            Trade::Books => (2_500, 42_000),
            Trade::Pharmacy => (900, 52_000),
            Trade::GuestHouse => (18_800, 128_000),
        }
    }

    /// How much it draws people, against the others.
    const fn draw(self) -> u32 {
        match self {
            Trade::Convenience => 40,
            Trade::Noodles => 30,
            Trade::Tea => 14,
            Trade::Books => 8,
            Trade::Pharmacy => 10,
            Trade::GuestHouse => 3,
        }
    }

    const fn names(self) -> (&'static str, &'static str) {
        match self {
            Trade::Convenience => ("晨光便利店", "Morning Light Store"),
            Trade::Noodles => ("老巷面馆", "Old Lane Noodles"),
            Trade::Tea => ("听雨茶社", "Listening Rain Tea"),
            Trade::Books => ("知行书店", "Zhixing Books"),
            Trade::Pharmacy => ("百草药房", "Hundred Herbs Pharmacy"),
            Trade::GuestHouse => ("归舟客栈", "Homeward Boat Inn"),
        }
    }
}

/// A shop.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shop {
    /// Its name; the Chinese one has at most 40 bytes, as receipts and registers take it.
    pub name: Name,
    /// What it is.
    pub trade: Trade,
    /// Merchant number, 15 digits (DE42): institution 898, area, category, serial.
    pub merchant: String,
    /// Terminal numbers, 8 digits each (DE41).
    pub terminals: Vec<String>,
}

/// Everyone and every shop.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Population {
    /// The shops.
    pub shops: Vec<Shop>,
    /// The holders.
    pub holders: Vec<Holder>,
}

/// Ranges the numbers are taken from: issuer digits and length. Debit cards here have 19 digits, credit cards 16.
const DEBIT_RANGE: (&str, usize) = ("621626", 19);
const CREDIT_RANGE: (&str, usize) = ("622588", 16);

const SURNAMES: [(&str, &str); 24] = [
    ("王", "Wang"),
    ("李", "Li"),
    ("张", "Zhang"),
    ("刘", "Liu"),
    ("陈", "Chen"),
    ("杨", "Yang"),
    ("赵", "Zhao"),
    ("黄", "Huang"),
    ("周", "Zhou"),
    ("吴", "Wu"),
    ("徐", "Xu"),
    ("孙", "Sun"),
    ("胡", "Hu"),
    ("朱", "Zhu"),
    ("高", "Gao"),
    ("林", "Lin"),
    ("何", "He"),
    ("郭", "Guo"),
    ("马", "Ma"),
    ("罗", "Luo"),
    ("梁", "Liang"),
    ("宋", "Song"),
    ("郑", "Zheng"),
    ("谢", "Xie"),
];
const GIVEN: [(&str, &str); 32] = [
    ("安然", "Anran"),
    ("博文", "Bowen"),
    ("晨曦", "Chenxi"),
    ("丹青", "Danqing"),
    ("尔雅", "Erya"),
    ("方舟", "Fangzhou"),
    ("谷雨", "Guyu"),
    ("海宁", "Haining"),
    ("季明", "Jiming"),
    ("可心", "Kexin"),
    ("立夏", "Lixia"),
    ("木兰", "Mulan"),
    ("念慈", "Nianci"),
    ("鹏程", "Pengcheng"),
    ("清和", "Qinghe"),
    ("若水", "Ruoshui"),
    ("思远", "Siyuan"),
    ("天佑", "Tianyou"),
    ("望舒", "Wangshu"),
    ("晓岚", "Xiaolan"),
    ("一凡", "Yifan"),
    ("子墨", "Zimo"),
    ("秋实", "Qiushi"),
    ("春和", "Chunhe"),
    ("冬青", "Dongqing"),
    ("书瑶", "Shuyao"),
    ("景行", "Jingxing"),
    ("南星", "Nanxing"),
    ("嘉树", "Jiashu"),
    ("云舒", "Yunshu"),
    ("知秋", "Zhiqiu"),
    ("向阳", "Xiangyang"),
];

impl Population {
    /// A street: six shops and forty holders.
    #[must_use]
    pub fn street(seed: u64) -> Population {
        Population::of(seed, STREET_SHOPS, STREET_HOLDERS)
    }

    /// As many shops and holders as asked for. A holder of a larger population is another than of a smaller one.
    ///
    /// # Panics
    /// If there are no shops, or more than 9,999.
    #[must_use]
    pub fn of(seed: u64, shops: usize, holders: usize) -> Population {
        assert!((1..=9999).contains(&shops), "between 1 and 9,999 shops");
        let shops: Vec<Shop> = (0..shops).map(shop).collect();
        let mut dice = Dice::of(seed, "population");
        let mut numbers = BTreeSet::new();
        let mut names = BTreeSet::new();
        let holders = (0..holders).map(|place| holder(place, &shops, &mut dice, &mut numbers, &mut names));
        let holders = holders.collect();
        Population { shops, holders }
    }
}

fn shop(place: usize) -> Shop {
    let trade = Trade::ALL[place % Trade::ALL.len()];
    let (zh, en) = trade.names();
    // More than a street has branches: the first keeps the plain name.
    let branch = place / Trade::ALL.len();
    let name = match branch {
        0 => Name { zh: zh.to_owned(), en: en.to_owned() },
        _ => Name { zh: format!("{zh}{}店", branch + 1), en: format!("{en} {}", branch + 1) },
    };
    let tills = if trade == Trade::Convenience { 2 } else { 1 };
    Shop {
        name,
        trade,
        merchant: format!("8983100{:04}{:04}", trade.mcc(), place + 1),
        terminals: (0..tills).map(|till| format!("31{:04}{:02}", place + 1, till + 1)).collect(),
    }
}

fn holder(
    place: usize,
    shops: &[Shop],
    dice: &mut Dice,
    numbers: &mut BTreeSet<String>,
    names: &mut BTreeSet<(usize, usize)>,
) -> Holder {
    let credit = dice.chance(300);
    let number = loop {
        let (issuer, digits) = if credit { CREDIT_RANGE } else { DEBIT_RANGE };
        let number = card_number(issuer, digits, dice);
        if numbers.insert(number.clone()) {
            break number;
        }
    };
    let income = dice.between(3_000, 26_000) * 100;
    let ease = dice.between(60, 190);
    Holder {
        name: person(dice, names),
        account: 62_000_001 + place as u64,
        purse: Purse {
            opening: if credit { 0 } else { dice.between(2_500, 24_000) * 100 },
            income,
            payday: dice.between(5, 25) as u8,
            line: credit.then(|| dice.between(10, 80) * 100_000),
            single: 2_000_000,
            daily: 5_000_000,
            monthly: 50_000_000,
            daily_count: 50,
        },
        card: Card {
            number,
            pin: format!("{:06}", dice.below(1_000_000)),
            expiry_year: dice.between(30, 35) as u8,
            expiry_month: dice.between(1, 12) as u8,
            chip: !dice.chance(50),
        },
        habit: Habit {
            visits: dice.between(700, 3_600) as u32,
            draws: shops.iter().map(|shop| 1 + shop.trade.draw() * dice.below(100) as u32).collect(),
            taps: dice.between(150, 850) as u64,
            slips: dice.between(2, 25) as u64,
            ease,
        },
    }
}

/// A name nobody has yet, while there are some left; beyond that names come twice, as they do.
fn person(dice: &mut Dice, names: &mut BTreeSet<(usize, usize)>) -> Name {
    let mut chosen = (dice.place(SURNAMES.len()), dice.place(GIVEN.len()));
    while !names.insert(chosen) && names.len() < SURNAMES.len() * GIVEN.len() {
        chosen = (dice.place(SURNAMES.len()), dice.place(GIVEN.len()));
    }
    let (surname, given) = (SURNAMES[chosen.0], GIVEN[chosen.1]);
    Name { zh: format!("{}{}", surname.0, given.0), en: format!("{} {}", given.1, surname.1) }
}

/// A number of `digits` digits within `issuer`'s range, its last one the Luhn digit.
fn card_number(issuer: &str, digits: usize, dice: &mut Dice) -> String {
    let mut number = issuer.to_owned();
    while number.len() + 1 < digits {
        number.push((b'0' + dice.below(10) as u8) as char);
    }
    number.push((b'0' + luhn(&number)) as char);
    number
}

/// The check digit to be put behind `digits` (ISO/IEC 7812-1, annex B): from the right every other digit is
/// doubled, the digits of all are summed, and the sum is filled up to the next ten.
fn luhn(digits: &str) -> u8 {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, byte)| match (place % 2, u32::from(byte - b'0')) {
            (0, digit) => digit * 2 / 10 + digit * 2 % 10,
            (_, digit) => digit,
        })
        .sum();
    ((10 - sum % 10) % 10) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_luhn_digit_is_that_of_known_numbers() {
        // The worked example of ISO/IEC 7812-1 literature, and two published test cards.
        for known in ["79927398713", "4111111111111111", "6216261000000000018"] {
            let (digits, check) = known.split_at(known.len() - 1);
            assert_eq!(luhn(digits).to_string(), check, "{known}");
        }
    }

    #[test]
    fn a_street_is_complete_and_the_same_again() {
        let street = Population::street(7);
        assert_eq!(street, Population::street(7));
        assert_ne!(street, Population::street(8));
        assert_eq!((street.shops.len(), street.holders.len()), (STREET_SHOPS, STREET_HOLDERS));
        let numbers: BTreeSet<_> = street.holders.iter().map(|holder| &holder.card.number).collect();
        let names: BTreeSet<_> = street.holders.iter().map(|holder| &holder.name.zh).collect();
        assert_eq!((numbers.len(), names.len()), (STREET_HOLDERS, STREET_HOLDERS));
        for shop in &street.shops {
            assert!(shop.name.zh.len() <= 40 && shop.merchant.len() == 15, "{shop:?}");
            assert!(shop.terminals.iter().all(|terminal| terminal.len() == 8));
        }
        for holder in &street.holders {
            assert!(matches!(holder.card.number.len(), 16 | 19) && holder.card.pin.len() == 6);
        }
    }

    #[test]
    fn a_card_shows_no_more_than_its_last_four() {
        let street = Population::street(1);
        let shown = format!("{street:?}");
        for holder in &street.holders {
            assert!(!shown.contains(&holder.card.number[..12]), "a card number is shown");
        }
    }

    #[test]
    fn a_town_has_names_and_numbers_for_everyone() {
        let town = Population::of(3, 20, 2_000);
        let numbers: BTreeSet<_> = town.holders.iter().map(|holder| &holder.card.number).collect();
        let merchants: BTreeSet<_> = town.shops.iter().map(|shop| &shop.merchant).collect();
        assert_eq!((numbers.len(), merchants.len()), (2_000, 20));
    }
}
