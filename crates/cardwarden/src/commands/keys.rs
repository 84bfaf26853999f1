//! `keys …`: the key file of a host: made by two people, shown by check values, extended, rotated, retired.
//!
//! A key block leaves this module, a clear key only as a component, to one person at a time.

use super::{Stop, say};
use crate::ceremony::{self, Keyboard, Screen};
use crate::key_audit::{self, Act, Audit, Standing, Who};
use crate::key_file::{self, COMPONENTS, Master, Token};
use crate::keys::{CARD_HASH, CARD_HASH_BEFORE, WORKING_BASE, attributes_of, pvk_label, terminal_label};
use crate::{clock, hardening};
use cardcrypto::hsm::SoftHsm;
use cardcrypto::key::{Key, KeyAlgorithm};
use cardcrypto::key_store::{Component, MasterKey, StoredKey};
use cardcrypto::keyblock::{KeyBlock, ProtectionKey};
use cardcrypto::{Exportability, Hsm, KeyAttributes, KeyHandle, KeyMode, KeyStatus, KeyUsage, SystemEntropy};
use lexopt::prelude::*;
use machine::ids::Acceptor;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

/// What `keys` can do, as its help shows it.
const HELP: &str = "\
  cardwarden keys ceremony --out FILE [--by NAME+NAME]
                                  two people make a master key and the first keys
  cardwarden keys new --development --out FILE
                                  the same without people: for development only
  cardwarden keys new --in-token --out FILE --by NAME
                                  the same with the master key made in a PKCS#11 token
  cardwarden keys list FILE       labels, usages, check values; never a key
  cardwarden keys add FILE LABEL [--exportable] --by NAME
  cardwarden keys terminal add FILE --merchant M --terminal T --by NAME
                                  a terminal's own master key, in two components for two installers
  cardwarden keys transport add FILE --name N [--by NAME+NAME]
                                  a key that key blocks travel under, of two people's components
  cardwarden keys import FILE LABEL --under N [--block BLOCK] --by NAME
  cardwarden keys export FILE LABEL --under N --by NAME
                                  key blocks (X9.143, TR-31); without --block: from standard input
  cardwarden keys rotate FILE LABEL [--reissued] --by NAME
  cardwarden keys retire FILE LABEL --by NAME
  cardwarden keys audit verify FILE
                                  whether every act is there, in order and unchanged";

/// How the label of a transport key begins.
const TRANSPORT: &str = "transport/";
/// Most characters of a key block that are read from standard input.
const BLOCK_CHARACTERS_MAX: u64 = 10_000;

/// What was asked for.
#[derive(Default)]
struct Asked {
    words: Vec<String>,
    out: Option<PathBuf>,
    by: Option<Who>,
    merchant: Option<String>,
    terminal: Option<String>,
    name: Option<String>,
    under: Option<String>,
    block: Option<String>,
    development: bool,
    in_token: bool,
    exportable: bool,
    reissued: bool,
}

/// Runs `keys …`.
///
/// # Errors
/// What is wrong, by line or label, never with the bytes of a key.
pub fn run(arguments: lexopt::Parser) -> Result<(), Stop> {
    hardening::no_core_dumps().map_err(Stop::failed)?;
    let asked = read(arguments)?;
    let words: Vec<&str> = asked.words.iter().map(String::as_str).collect();
    match words.as_slice() {
        [] | ["help"] => {
            say!("{HELP}");
            Ok(())
        }
        ["ceremony"] => hold_ceremony(&asked),
        ["new"] => new(&asked),
        ["list", file] => list(Path::new(file)),
        ["audit", "verify", file] => verify(Path::new(file)),
        ["add", file, label] => add(&asked, file, label),
        ["terminal", "add", file] => add_terminal(&asked, file),
        ["transport", "add", file] => add_transport(&asked, file),
        ["import", file, label] => import(&asked, file, label),
        ["export", file, label] => export(&asked, file, label),
        ["rotate", file, label] => rotate(&asked, file, label),
        ["retire", file, label] => retire(&asked, file, label),
        [_, ..] => Err(Stop::usage(format!("keys cannot `{}`; it can\n{HELP}", words.join(" ")))),
    }
}

fn read(mut arguments: lexopt::Parser) -> Result<Asked, Stop> {
    let mut asked = Asked::default();
    while let Some(argument) = arguments.next()? {
        match argument {
            Value(word) => asked.words.push(word.string()?),
            Long("out") => asked.out = Some(text(&mut arguments)?.into()),
            Long("by") => {
                asked.by = Some(
                    Who::parse(&text(&mut arguments)?).map_err(|why| Stop::usage(format!("--by: {why}")))?,
                )
            }
            Long("merchant") => asked.merchant = Some(text(&mut arguments)?),
            Long("terminal") => asked.terminal = Some(text(&mut arguments)?),
            Long("name") => asked.name = Some(text(&mut arguments)?),
            Long("under") => asked.under = Some(text(&mut arguments)?),
            Long("block") => asked.block = Some(text(&mut arguments)?),
            Long("development") => asked.development = true,
            Long("in-token") => asked.in_token = true,
            Long("exportable") => asked.exportable = true,
            Long("reissued") => asked.reissued = true,
            Short(_) | Long(_) => return Err(argument.unexpected().into()),
        }
    }
    Ok(asked)
}

fn text(arguments: &mut lexopt::Parser) -> Result<String, Stop> {
    Ok(arguments.value()?.string()?)
}

impl Asked {
    fn out(&self) -> Result<&Path, Stop> {
        let out = self.out.as_deref().ok_or_else(|| Stop::usage("--out FILE is missing"))?;
        for taken in [out.to_owned(), key_audit::path_of(out)] {
            if taken.exists() {
                return Err(Stop::failed(format!("{} is there already", taken.display())));
            }
        }
        Ok(out)
    }

    /// Who acts: by option, or asked at the terminal.
    fn who(&self) -> Result<Who, Stop> {
        if let Some(who) = &self.by {
            return Ok(who.clone());
        }
        if !std::io::stdin().is_terminal() {
            return Err(Stop::usage("--by NAME is missing"));
        }
        with_screen(|screen| Who::parse(&screen.ask("your name")?).map_err(Stop::failed))
    }

    /// The two who act: by option, or asked.
    fn pair(&self, screen: &mut Screen<'_>) -> Result<[Who; 2], Stop> {
        match &self.by {
            Some(who) => {
                let pair = who.pair().ok_or_else(|| Stop::usage("--by names two people: NAME+NAME"))?;
                Who::two(&pair[0], &pair[1]).map(|_| pair).map_err(Stop::usage)
            }
            None => {
                let first = Who::parse(&screen.ask("name of the first person")?).map_err(Stop::failed)?;
                let second = Who::parse(&screen.ask("name of the second person")?).map_err(Stop::failed)?;
                Who::two(&first, &second).map(|_| [first, second]).map_err(Stop::failed)
            }
        }
    }
}

fn with_screen<T>(act: impl FnOnce(&mut Screen<'_>) -> Result<T, Stop>) -> Result<T, Stop> {
    let terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    act(&mut Screen::new(&mut Keyboard, &mut std::io::stdout().lock(), terminal))
}

/// A key file that is open for acts: its keys, what closes it again, and its audit.
struct Book {
    file: PathBuf,
    keys: Vec<StoredKey>,
    master: Master,
    audit: Audit,
}

impl Book {
    /// Opens a key file and its audit, of which the last entry must be about this file.
    fn open(file: &str) -> Result<Book, Stop> {
        let file = PathBuf::from(file);
        let text = key_file::text_of(&file)?;
        let audit = Audit::open(&file, false).map_err(Stop::failed)?;
        stands(&audit, &file, &text)?;
        let master = Master::obtain(Token::of_environment()?.as_ref())?;
        let keys =
            master.read(&text).map_err(|why| Stop::failed(format!("key file {}: {why}", file.display())))?;
        Ok(Book { file, keys, master, audit })
    }

    /// Enters the acts, then writes the file they leave.
    fn close(mut self, acts: &[Act], who: &Who) -> Result<(), Stop> {
        let text = self.master.write(&self.keys).map_err(Stop::failed)?;
        self.audit.enter(acts, who, &text).map_err(Stop::failed)?;
        key_file::put(&self.file, &text)?;
        for act in acts {
            say!("{:<9} {:<40} check value {}", act.what, act.label, act.check_value);
        }
        let chain = self.audit.chain();
        say!("audit: {} entries, the last is {}", chain.entries, chain.head);
        Ok(())
    }

    /// The active key of a label.
    fn active(&self, label: &str) -> Result<&StoredKey, Stop> {
        let mut named = self.keys.iter().filter(|key| key.label == label && key.status == KeyStatus::Active);
        named.next().ok_or_else(|| Stop::failed(format!("there is no active key `{label}`")))
    }

    fn put(&mut self, key: StoredKey) -> Result<Act, Stop> {
        if self.active(&key.label).is_ok() {
            let label = key.label;
            return Err(Stop::failed(format!(
                "there is an active key `{label}` already; `keys rotate` replaces it"
            )));
        }
        let act = act("made", &key);
        self.keys.push(key);
        Ok(act)
    }
}

/// Whether the key file is the one its audit tells of.
fn stands(audit: &Audit, file: &Path, text: &str) -> Result<(), Stop> {
    match audit.chain().standing(text) {
        Ok(Standing::Last) => Ok(()),
        Ok(Standing::BrokenOff) => {
            say!("note: the last act was entered and then broken off; the key file is the one before it");
            Ok(())
        }
        Err(why) => Err(Stop::failed(format!("key file {}: {why}", file.display()))),
    }
}

fn act(what: &'static str, key: &StoredKey) -> Act {
    Act { what, label: key.label.clone(), check_value: key.key.check_value().to_string() }
}

fn made(label: &str, attributes: KeyAttributes) -> Result<StoredKey, Stop> {
    let key = Key::generate(attributes.algorithm, &SystemEntropy).map_err(Stop::failed)?;
    Ok(stored(label, attributes, key))
}

fn stored(label: &str, attributes: KeyAttributes, key: Key) -> StoredKey {
    let created = key_audit::day(clock::now());
    StoredKey { label: label.to_owned(), attributes, status: KeyStatus::Active, created, key }
}

/// What a key of a label is for.
fn kind_of(label: &str) -> Result<KeyAttributes, Stop> {
    if label.strip_prefix(TRANSPORT).is_some_and(|name| !name.is_empty()) {
        return Ok(KeyAttributes::new(KeyUsage::KeyBlockProtection, KeyAlgorithm::Aes256, KeyMode::Both));
    }
    attributes_of(label)
        .ok_or_else(|| Stop::failed(format!("`{label}` is no label of a key that the host knows")))
}

/// The keys without which no host starts.
fn first_keys() -> Result<Vec<StoredKey>, Stop> {
    let labels = [CARD_HASH.to_owned(), WORKING_BASE.to_owned(), pvk_label(1)];
    labels.iter().map(|label| made(label, kind_of(label)?)).collect()
}

/// A new key file with the first keys, and its audit.
fn begin(file: &Path, master: Master, master_act: Act, who: &Who) -> Result<(), Stop> {
    let keys = first_keys()?;
    let acts: Vec<Act> = [master_act].into_iter().chain(keys.iter().map(|key| act("made", key))).collect();
    let audit = Audit::open(file, true).map_err(Stop::failed)?;
    Book { file: file.to_owned(), keys, master, audit }.close(&acts, who)
}

fn hold_ceremony(asked: &Asked) -> Result<(), Stop> {
    let file = asked.out()?;
    let (who, parts) = with_screen(|screen| bring_two(asked, screen))?;
    let master = MasterKey::from_components(&parts).map_err(Stop::failed)?;
    let check_value = master.check_value().to_string();
    say!("the master key has the check value {check_value}: write it down");
    let act = Act { what: "ceremony", label: "master".to_owned(), check_value };
    begin(file, Master::Components(master), act, &who)?;
    let [first, second] = COMPONENTS;
    say!("the host reads the components, each with `:` and its check value, from {first} and {second}");
    Ok(())
}

fn bring_two(asked: &Asked, screen: &mut Screen<'_>) -> Result<(Who, [Component; 2]), Stop> {
    let [first, second] = asked.pair(screen)?;
    let parts =
        [ceremony::component(screen, &first.to_string())?, ceremony::component(screen, &second.to_string())?];
    Ok((Who::two(&first, &second).map_err(Stop::failed)?, parts))
}

fn new(asked: &Asked) -> Result<(), Stop> {
    match (asked.development, asked.in_token) {
        (true, false) => new_for_development(asked),
        (false, true) => {
            let file = asked.out()?;
            let token = Token::of_environment()?;
            let token =
                token.ok_or_else(|| Stop::usage("CARDWARDEN_PKCS11_MODULE and _TOKEN name no token"))?;
            let act =
                Act { what: "ceremony", label: "master".to_owned(), check_value: "in-token".to_owned() };
            begin(file, Master::create(&token)?, act, &asked.who()?)
        }
        (true, true) | (false, false) => {
            Err(Stop::usage("keys new is --development or --in-token; for anything else `keys ceremony`"))
        }
    }
}

fn new_for_development(asked: &Asked) -> Result<(), Stop> {
    let file = asked.out()?;
    let component = || Component::generate(&SystemEntropy).map_err(Stop::failed);
    let parts = [component()?, component()?];
    let master = MasterKey::from_components(&parts).map_err(Stop::failed)?;
    let check_value = master.check_value().to_string();
    let act = Act { what: "generated", label: "master".to_owned(), check_value };
    let who = asked.by.clone().map_or_else(|| Who::parse("development"), Ok).map_err(Stop::failed)?;
    begin(file, Master::Components(master), act, &who)?;
    let (red, plain) = if std::io::stdout().is_terminal() { ("\x1b[1;31m", "\x1b[0m") } else { ("", "") };
    say!(
        "{red}FOR DEVELOPMENT ONLY: both components are on this screen. Never use this file for real cards.{plain}"
    );
    for (name, part) in COMPONENTS.iter().zip(&parts) {
        say!("export {name}={}:{}", *part.expose(), part.check_value());
    }
    Ok(())
}

fn list(file: &Path) -> Result<(), Stop> {
    let keys = key_file::open(file, Token::of_environment()?.as_ref())?;
    say!("{}", table(&keys));
    Ok(())
}

/// The keys as an inventory shows them.
fn table(keys: &[StoredKey]) -> String {
    let mut text = format!(
        "{:<40} {:<5} {:<12} {:<8} {:<10} {:<11}",
        "label", "usage", "algorithm", "status", "made", "check value"
    );
    for key in keys {
        let StoredKey { label, attributes, status, created, key } = key;
        let (usage, algorithm) = (attributes.usage.to_string(), format!("{:?}", attributes.algorithm));
        let (status, value) = (status.word(), key.check_value());
        text.push_str(&format!("\n{label:<40} {usage:<5} {algorithm:<12} {status:<8} {created:<10} {value}"));
    }
    text
}

fn verify(file: &Path) -> Result<(), Stop> {
    let audit = Audit::open(file, false).map_err(Stop::failed)?;
    let chain = audit.chain();
    say!("{} entries, in order and unchanged; the last is {}", chain.entries, chain.head);
    stands(&audit, file, &key_file::text_of(file)?)?;
    say!("the key file is the one that the last act left");
    Ok(())
}

fn add(asked: &Asked, file: &str, label: &str) -> Result<(), Stop> {
    let who = asked.who()?;
    let mut book = Book::open(file)?;
    if label.starts_with("tmk/") || label.starts_with(TRANSPORT) {
        return Err(Stop::usage("`keys terminal add` and `keys transport add` make keys that people carry"));
    }
    let mut attributes = kind_of(label)?;
    if asked.exportable {
        attributes = attributes.exportable(Exportability::InKeyBlock);
    }
    let act = book.put(made(label, attributes)?)?;
    book.close(&[act], &who)
}

fn add_terminal(asked: &Asked, file: &str) -> Result<(), Stop> {
    let (Some(merchant), Some(terminal)) = (&asked.merchant, &asked.terminal) else {
        return Err(Stop::usage("--merchant M and --terminal T say which terminal"));
    };
    let merchant = merchant.parse().map_err(|why| Stop::usage(format!("--merchant {why}")))?;
    let terminal = terminal.parse().map_err(|why| Stop::usage(format!("--terminal {why}")))?;
    let label = terminal_label(Acceptor { merchant, terminal });
    let who = asked.who()?;
    let mut book = Book::open(file)?;
    let (whole, parts) = ceremony::split_tdes()?;
    let act = book.put(stored(&label, kind_of(&label)?, whole.clone()))?;
    // Nobody carries a component of a key that is not in the file.
    book.close(&[act], &who)?;
    with_screen(|screen| ceremony::hand_out(screen, &parts, &whole))
}

fn add_transport(asked: &Asked, file: &str) -> Result<(), Stop> {
    let name = asked.name.as_deref().ok_or_else(|| Stop::usage("--name N says which transport key"))?;
    let label = format!("{TRANSPORT}{name}");
    let mut book = Book::open(file)?;
    let (who, parts) = with_screen(|screen| bring_two(asked, screen))?;
    let act = book.put(stored(&label, kind_of(&label)?, ceremony::join(&parts)?))?;
    book.close(&[act], &who)
}

/// The keys in a module, which enforces what each is for, and the transport key that was asked for.
fn in_module(asked: &Asked, book: &Book) -> Result<(SoftHsm, KeyHandle, StoredKey), Stop> {
    let name = asked.under.as_deref().ok_or_else(|| Stop::usage("--under N says which transport key"))?;
    let transport = book.active(&format!("{TRANSPORT}{name}"))?.clone();
    let hsm = SoftHsm::new(Box::new(SystemEntropy));
    hsm.load_store(&book.keys).map_err(Stop::failed)?;
    let handle = hsm.find_key(&transport.label);
    let handle =
        handle.ok_or_else(|| Stop::failed(format!("there is no active key `{}`", transport.label)))?;
    Ok((hsm, handle, transport))
}

fn import(asked: &Asked, file: &str, label: &str) -> Result<(), Stop> {
    let who = asked.who()?;
    let mut book = Book::open(file)?;
    let (hsm, under, transport) = in_module(asked, &book)?;
    let block = match &asked.block {
        Some(block) => block.clone(),
        None => {
            let mut text = String::new();
            let input = std::io::Read::take(std::io::stdin().lock(), BLOCK_CHARACTERS_MAX);
            std::io::Read::read_to_string(&mut { input }, &mut text).map_err(Stop::failed)?;
            text
        }
    };
    let refused = |why: &dyn std::fmt::Display| Stop::failed(format!("key `{label}`: {why}"));
    let key = brought(&hsm, under, &transport, block.trim(), label).map_err(|why| refused(&why))?;
    let mut act = book.put(key)?;
    act.what = "imported";
    book.close(&[act], &who)
}

/// A key out of a key block, if it is what its label says.
fn brought(
    hsm: &SoftHsm,
    under: KeyHandle,
    transport: &StoredKey,
    block: &str,
    label: &str,
) -> Result<StoredKey, String> {
    let wanted = kind_of(label).map_err(|stop| stop.what)?;
    hsm.import_key(under, block, None).map_err(|error| error.to_string())?;
    let opened = ProtectionKey::try_from(&transport.key)
        .and_then(|protection| KeyBlock::unwrap(&protection, block))
        .map_err(|error| error.to_string())?;
    let (attributes, key) = opened
        .attributes()
        .and_then(|attributes| opened.key().map(|key| (attributes, key)))
        .map_err(|error| error.to_string())?;
    if attributes.usage != wanted.usage {
        return Err(format!(
            "the block's key is for {}, the label stands for {}",
            attributes.usage, wanted.usage
        ));
    }
    Ok(stored(label, attributes, key))
}

fn export(asked: &Asked, file: &str, label: &str) -> Result<(), Stop> {
    let who = asked.who()?;
    let book = Book::open(file)?;
    let (hsm, under, _) = in_module(asked, &book)?;
    let act = act("exported", book.active(label)?);
    let key = hsm.find_key(label).ok_or_else(|| Stop::failed(format!("there is no active key `{label}`")))?;
    let block =
        hsm.export_key(under, key).map_err(|error| Stop::failed(format!("key `{label}`: {error}")))?;
    // Nothing leaves that is not entered.
    book.close(&[act], &who)?;
    say!("{block}");
    Ok(())
}

/// What a rotation does to the host, said before it is done.
enum Rotation {
    /// The key before is taken for what was made under it.
    Overlap,
    /// Cards are looked for under both keys, so the one before moves to a label of its own.
    CardHash,
    /// Terminals must sign in again.
    SignIn,
    /// Two installers must enter the new key.
    Installers,
}

/// How a key of a label is replaced.
fn rotation_of(label: &str, reissued: bool) -> Result<Rotation, Stop> {
    let kind = label.split('/').next().unwrap_or(label);
    match kind {
        CARD_HASH => Ok(Rotation::CardHash),
        CARD_HASH_BEFORE => {
            Err(Stop::usage(format!("rotate `{CARD_HASH}`; `{CARD_HASH_BEFORE}` follows it")))
        }
        WORKING_BASE => Ok(Rotation::SignIn),
        "tmk" => Ok(Rotation::Installers),
        "transport" => {
            Err(Stop::usage("a transport key is brought by two people: retire it, then `keys transport add`"))
        }
        _ if reissued => Ok(Rotation::Overlap),
        "cvk" | "imk-ac" => Err(Stop::usage(format!(
            "the cards in the field were made under `{label}`; once they are replaced, say --reissued"
        ))),
        _ if kind.starts_with("pvk-") => Err(Stop::usage(format!(
            "PIN references are bound to `{label}`: add the next `pvk-`; once no reference is left, say --reissued"
        ))),
        _ => Ok(Rotation::Overlap),
    }
}

/// Puts a new key in the place of the active one of its label.
fn replace(keys: &mut Vec<StoredKey>, new: StoredKey, rotation: &Rotation) -> Result<Vec<Act>, Stop> {
    let label = new.label.clone();
    let old = keys.iter().position(|key| key.label == label && key.status == KeyStatus::Active);
    let old = old.ok_or_else(|| Stop::failed(format!("there is no active key `{label}`")))?;
    let before = if matches!(rotation, Rotation::CardHash) { CARD_HASH_BEFORE } else { &label };
    let mut acts = Vec::new();
    for (place, key) in keys.iter_mut().enumerate() {
        let replaced_before =
            key.label == before && matches!(key.status, KeyStatus::Active | KeyStatus::Overlap);
        if place != old && replaced_before {
            key.status = KeyStatus::Expired;
            acts.push(act("expired", key));
        }
    }
    let key = &mut keys[old];
    match rotation {
        Rotation::CardHash => key.label = CARD_HASH_BEFORE.to_owned(),
        Rotation::Overlap | Rotation::SignIn | Rotation::Installers => key.status = KeyStatus::Overlap,
    }
    acts.push(act("replaced", key));
    acts.push(act("rotated", &new));
    keys.push(new);
    Ok(acts)
}

fn rotate(asked: &Asked, file: &str, label: &str) -> Result<(), Stop> {
    let rotation = rotation_of(label, asked.reissued)?;
    let who = asked.who()?;
    let mut book = Book::open(file)?;
    let attributes = book.active(label)?.attributes;
    let (new, carried) = match rotation {
        Rotation::Installers => {
            let (whole, parts) = ceremony::split_tdes()?;
            (stored(label, attributes, whole.clone()), Some((whole, parts)))
        }
        Rotation::Overlap | Rotation::CardHash | Rotation::SignIn => (made(label, attributes)?, None),
    };
    let acts = replace(&mut book.keys, new, &rotation)?;
    book.close(&acts, &who)?;
    match rotation {
        Rotation::Overlap => say!("the key before still checks what was made under it, until it is retired"),
        Rotation::CardHash => {
            say!("cards not found under the new key are looked for under `{CARD_HASH_BEFORE}`")
        }
        Rotation::SignIn => say!("when the host starts again, every terminal has to sign in again"),
        Rotation::Installers => say!("the terminal cannot sign in until its new key is entered"),
    }
    match carried {
        Some((whole, parts)) => with_screen(|screen| ceremony::hand_out(screen, &parts, &whole)),
        None => Ok(()),
    }
}

fn retire(asked: &Asked, file: &str, label: &str) -> Result<(), Stop> {
    let who = asked.who()?;
    let mut book = Book::open(file)?;
    let acts = put_away(&mut book.keys, label)?;
    book.close(&acts, &who)
}

/// Retires the replaced keys of a label, or the active one where none was replaced.
fn put_away(keys: &mut [StoredKey], label: &str) -> Result<Vec<Act>, Stop> {
    let replaced = keys.iter().any(|key| key.label == label && key.status == KeyStatus::Overlap);
    let goes = if replaced { KeyStatus::Overlap } else { KeyStatus::Active };
    if !replaced && [CARD_HASH, WORKING_BASE].contains(&label) {
        return Err(Stop::failed(format!("no host starts without `{label}`; rotate it")));
    }
    let mut acts = Vec::new();
    for key in keys.iter_mut().filter(|key| key.label == label && key.status == goes) {
        key.status = KeyStatus::Retired;
        acts.push(act("retired", key));
    }
    if acts.is_empty() {
        return Err(Stop::failed(format!("there is no key `{label}` in use")));
    }
    Ok(acts)
}

#[cfg(test)]
mod tests;
