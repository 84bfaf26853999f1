//! The audit file beside a key file: every act with a key, each entry bound to the one before it by a hash.
//!
//! No key, component or PIN is ever in it. A chain without a secret shows changes only to who knows how it
//! ended: that is why each act prints the last entry's hash, to be written down where the file's owner
//! cannot change it.

use crate::clock;
use machine::time::{Timestamp, Zone};
use std::fmt;
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// First line of an audit file; the number grows with its form.
const FIRST_LINE: &str = "# cardwarden key audit 1";
/// What a chain begins with, in the place of the hash before.
const BEGINNING: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// Purpose of the hash, so that no other hash of the house can stand for one of these.
const ENTRY_HASH: &str = "cardwarden key audit 1, an entry";
/// Purpose of the hash over a key file.
const FILE_HASH: &str = "cardwarden key audit 1, a key file";
/// Most bytes of an audit file that are read.
const FILE_BYTES_MAX: u64 = 64 << 20;
/// Most characters of the people's names.
const WHO_CHARACTERS_MAX: usize = 200;

/// Who acted: one name, or several joined by `+`. Words without blanks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Who(String);

impl Who {
    /// # Errors
    /// What is wrong with the text.
    pub fn parse(text: &str) -> Result<Who, String> {
        let text = text.trim();
        let known = |character: char| character.is_alphanumeric() || "._-@+".contains(character);
        let empty = text.split('+').any(str::is_empty);
        if empty || text.chars().count() > WHO_CHARACTERS_MAX || !text.chars().all(known) {
            return Err("names are letters, digits, `.`, `-`, `_`, `@`, several joined by `+`".to_owned());
        }
        Ok(Who(text.to_owned()))
    }

    /// Two different people.
    ///
    /// # Errors
    /// If they are the same, or one of them is several.
    pub fn two(first: &Who, second: &Who) -> Result<Who, String> {
        if first == second || first.0.contains('+') || second.0.contains('+') {
            return Err("two components are brought by two people".to_owned());
        }
        Ok(Who(format!("{}+{}", first.0, second.0)))
    }

    /// The names, where they are two.
    pub fn pair(&self) -> Option<[Who; 2]> {
        let (first, second) = self.0.split_once('+')?;
        (!second.contains('+')).then(|| [Who(first.to_owned()), Who(second.to_owned())])
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What was done with which key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    /// One word: `made`, `imported`, `retired`.
    pub what: &'static str,
    /// The key's label, or `master`.
    pub label: String,
    /// Its check value as shown.
    pub check_value: String,
}

/// What is wrong with an audit file, by line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The line, from 1.
    pub line: usize,
    /// What.
    pub why: &'static str,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.why)
    }
}

/// How a key file stands to its audit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is the one the last act left.
    Last,
    /// It is the one before the last act, which was broken off between its entry and the file.
    BrokenOff,
}

/// A chain that was read and checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// How many entries there are.
    pub entries: u64,
    /// The hash of the last one: what is to be written down.
    pub head: String,
    /// The hashes of the key file after the last act, and after the one before it.
    files: [Option<String>; 2],
}

impl Chain {
    fn begin() -> Chain {
        Chain { entries: 0, head: BEGINNING.to_owned(), files: [None, None] }
    }

    /// Checks every entry of a text, in order.
    ///
    /// # Errors
    /// The first line that does not check, and why.
    pub fn read(text: &str) -> Result<Chain, Broken> {
        let mut lines = text.split_inclusive('\n').zip(1..);
        match lines.next() {
            Some((first, _)) if first.trim_end() == FIRST_LINE => {}
            Some(_) | None => return Err(Broken { line: 1, why: "it is not the first line of a key audit" }),
        }
        let mut chain = Chain::begin();
        for (line, number) in lines {
            chain.follow(line).map_err(|why| Broken { line: number, why })?;
        }
        Ok(chain)
    }

    /// One more line.
    fn follow(&mut self, line: &str) -> Result<(), &'static str> {
        let line = line.strip_suffix('\n').ok_or("it is cut off")?;
        let (content, hash) = line.rsplit_once(' ').ok_or("it is not an entry")?;
        let words: Vec<&str> = content.split(' ').collect();
        let [number, _time, _what, _label, _check, _who, file, before] = words.as_slice() else {
            return Err("it is not an entry");
        };
        if *before != self.head {
            return Err("it does not follow the entry before it");
        }
        if number.parse() != Ok(self.entries + 1) {
            return Err("its number does not follow");
        }
        if hash_of_entry(content) != hash {
            return Err("it was changed");
        }
        self.entries += 1;
        self.head = hash.to_owned();
        if self.files[0].as_deref() != Some(file) {
            self.files = [Some((*file).to_owned()), self.files[0].take()];
        }
        Ok(())
    }

    /// Whether a key file is the one that the last act left.
    ///
    /// # Errors
    /// If it is another: it was changed by other means, or an older one was put in its place.
    pub fn standing(&self, key_file: &str) -> Result<Standing, &'static str> {
        let hash = hash_of_file(key_file);
        match &self.files {
            [Some(last), _] if *last == hash => Ok(Standing::Last),
            [Some(_), Some(before)] if *before == hash => Ok(Standing::BrokenOff),
            [_, _] => Err("the key file is not the one that the last act left"),
        }
    }

    /// The lines for some acts that leave a key file behind, in order; the chain goes on behind them.
    fn extend(&mut self, at: Timestamp, acts: &[Act], who: &Who, key_file: &str) -> String {
        let (time, file) = (stamp(at), hash_of_file(key_file));
        let mut lines = String::new();
        for Act { what, label, check_value } in acts {
            let number = self.entries + 1;
            let content = format!("{number} {time} {what} {label} {check_value} {who} {file} {}", self.head);
            let line = format!("{content} {}\n", hash_of_entry(&content));
            let followed = self.follow(&line);
            assert!(followed.is_ok(), "an entry that was just made follows the chain");
            lines.push_str(&line);
        }
        lines
    }
}

fn hash_of_entry(content: &str) -> String {
    blake3::Hasher::new_derive_key(ENTRY_HASH).update(content.as_bytes()).finalize().to_hex().to_string()
}

fn hash_of_file(text: &str) -> String {
    blake3::Hasher::new_derive_key(FILE_HASH).update(text.as_bytes()).finalize().to_hex().to_string()
}

/// `2026-03-01T08:00:00Z`.
fn stamp(at: Timestamp) -> String {
    let local = Zone(0).local(at);
    let (hour, minute, second) = (local.hour(), local.minute(), local.second());
    format!("{}T{hour:02}:{minute:02}:{second:02}Z", day(at))
}

/// `2026-03-01`, in UTC.
pub fn day(at: Timestamp) -> String {
    let local = Zone(0).local(at);
    format!("{:04}-{:02}-{:02}", local.year, local.month, local.day_of_month)
}

/// The audit file of a key file, held so that no other process writes it meanwhile.
pub struct Audit {
    path: PathBuf,
    file: File,
    chain: Chain,
}

/// Where the audit of a key file lies.
pub fn path_of(key_file: &Path) -> PathBuf {
    let mut name = key_file.as_os_str().to_owned();
    name.push(".audit");
    PathBuf::from(name)
}

impl Audit {
    /// Opens the audit of a key file, or begins one where there is none.
    ///
    /// # Errors
    /// If another process holds it, it cannot be read, or its chain is broken: then nothing may be added to
    /// it.
    pub fn open(key_file: &Path, begin: bool) -> Result<Audit, String> {
        use std::os::unix::fs::OpenOptionsExt;
        let path = path_of(key_file);
        let failed = |error: &dyn fmt::Display| format!("{}: {error}", path.display());
        let mut options = File::options();
        let options = options.read(true).append(true).mode(0o600);
        let mut file =
            if begin { options.create_new(true) } else { options }.open(&path).map_err(|e| failed(&e))?;
        rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive)
            .map_err(|_| failed(&"another act is under way"))?;
        let mut text = String::new();
        if begin {
            text = format!("{FIRST_LINE}\n");
            file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(|error| failed(&error))?;
        } else {
            (&mut file).take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(|error| failed(&error))?;
        }
        let chain = Chain::read(&text).map_err(|broken| failed(&broken))?;
        Ok(Audit { path, file, chain })
    }

    /// The chain as it stands.
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// Writes the entries of some acts, durably, before the key file they leave is put in its place.
    ///
    /// # Errors
    /// If they cannot be written; then the acts must not be done.
    pub fn enter(&mut self, acts: &[Act], who: &Who, key_file: &str) -> Result<(), String> {
        let mut after = self.chain.clone();
        let lines = after.extend(clock::now(), acts, who, key_file);
        let written = self.file.write_all(lines.as_bytes()).and_then(|()| self.file.sync_all());
        written.map_err(|error| format!("{}: {error}", self.path.display()))?;
        self.chain = after;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn act(what: &'static str, label: &str) -> Act {
        Act { what, label: label.to_owned(), check_value: "08D7B4".to_owned() }
    }

    fn some() -> String {
        let (mut chain, who) = (Chain::begin(), Who::parse("ann+ben").unwrap());
        let mut text = format!("{FIRST_LINE}\n");
        let at = Timestamp(1_772_352_000_000);
        text += &chain.extend(at, &[act("made", "card-hash"), act("made", "working-base")], &who, "one");
        text += &chain.extend(at.plus(1_000), &[act("rotated", "card-hash")], &who, "two");
        text += &chain.extend(at.plus(2_000), &[act("retired", "card-hash")], &who, "three");
        text
    }

    #[test]
    fn a_chain_reads_back_and_knows_its_key_file() {
        let chain = Chain::read(&some()).unwrap();
        assert_eq!(chain.entries, 4);
        assert_eq!(chain.standing("three"), Ok(Standing::Last));
        assert_eq!(chain.standing("two"), Ok(Standing::BrokenOff));
        assert!(chain.standing("one").is_err() && chain.standing("four").is_err());
        assert!(Chain::begin().standing("one").is_err());
        assert!(some().contains("1 2026-03-01T08:00:00Z made card-hash 08D7B4 ann+ben "), "{}", some());
    }

    #[test]
    fn whatever_is_changed_is_found() {
        let text = some();
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let check = |changed: &[&str]| Chain::read(&changed.concat()).unwrap_err();
        let (first, one, two, three, four) = (lines[0], lines[1], lines[2], lines[3], lines[4]);
        let follow = "it does not follow the entry before it";
        for (changed, line, why) in [
            (vec![first, one, two, three, three, four], 5, follow),
            (vec![first, one, two, three, four, one], 6, follow),
            (vec![first, one, three, four], 3, follow),
            (vec![first, two, three, four], 2, follow),
            (vec![first, two, one, three, four], 2, follow),
            (vec![one, two], 1, "it is not the first line of a key audit"),
            (vec![], 1, "it is not the first line of a key audit"),
            (vec![first, one, &two[..two.len() - 1]], 3, "it is cut off"),
            (vec![first, one, &two[..40]], 3, "it is cut off"),
            (vec![first, "\n"], 2, "it is not an entry"),
            (vec![first, one, "3 1 2 3\n"], 3, "it is not an entry"),
            (vec![first, one, &two.replace("working-base", "card-hash")], 3, "it was changed"),
            (vec![first, one, &two.replace("ann+ben", "ann")], 3, "it was changed"),
            (vec![first, one, &two.replacen("2 ", "3 ", 1)], 3, "its number does not follow"),
        ] {
            assert_eq!(check(&changed), Broken { line, why }, "{changed:?}");
        }
        // Cutting the end off is not seen by the chain alone, but the key file is then another.
        let shorter = Chain::read(&[first, one, two].concat()).unwrap();
        assert!(shorter.standing("three").is_err());
    }

    #[test]
    fn names_are_words_of_different_people() {
        let who = |text: &str| Who::parse(text).ok();
        assert!(who("ann").is_some() && who("王伟").is_some() && who("ann@bank.example+ben").is_some());
        for bad in ["", " ", "+", "ann+", "+ben", "ann++ben", "ann ben", "ann\nben", &"a".repeat(201)] {
            assert_eq!(who(bad), None, "{bad:?}");
        }
        let [ann, ben] = [who("ann").unwrap(), who("ben").unwrap()];
        assert_eq!(Who::two(&ann, &ben).unwrap().pair(), Some([ann.clone(), ben.clone()]));
        assert!(Who::two(&ann, &ann).is_err());
        assert!(Who::two(&Who::two(&ann, &ben).unwrap(), &ben).is_err());
        assert_eq!(ann.pair(), None);
    }
}
