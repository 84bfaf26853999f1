//! Two people and one screen: components are typed without echo or shown once, to one person at a time, and
//! the screen is cleared between.
//!
//! Nothing is written to a file here, and no whole key is ever shown.

use crate::commands::Stop;
use cardcrypto::SystemEntropy;
use cardcrypto::entropy::Entropy;
use cardcrypto::key::{Key, KeyAlgorithm, TdesKey, adjust_parity};
use cardcrypto::key_store::Component;
use std::io::{Read, Write};
use zeroize::Zeroizing;

/// How often a person may mistype a component.
const TRIES_MAX: usize = 3;
/// Most characters of a line that is read.
const LINE_CHARACTERS_MAX: usize = 512;
/// Clears the screen and what was scrolled off it.
const CLEAR: &str = "\x1b[2J\x1b[3J\x1b[H";

/// A screen and a keyboard: a terminal's, or a test's.
pub struct Screen<'a> {
    keyboard: &'a mut dyn Read,
    screen: &'a mut dyn Write,
    terminal: bool,
}

impl<'a> Screen<'a> {
    /// `terminal` says whether the keyboard echoes and the screen can be cleared.
    pub fn new(keyboard: &'a mut dyn Read, screen: &'a mut dyn Write, terminal: bool) -> Screen<'a> {
        Screen { keyboard, screen, terminal }
    }

    /// Shows a line.
    ///
    /// # Errors
    /// If the screen is gone.
    pub fn line(&mut self, text: &str) -> Result<(), Stop> {
        writeln!(self.screen, "{text}").and_then(|()| self.screen.flush()).map_err(Stop::failed)
    }

    /// Asks for a line that may be seen.
    ///
    /// # Errors
    /// If there is none, or it is too long.
    pub fn ask(&mut self, question: &str) -> Result<String, Stop> {
        write!(self.screen, "{question}: ").and_then(|()| self.screen.flush()).map_err(Stop::failed)?;
        Ok(self.read_line()?.trim().to_owned())
    }

    /// Asks for a line that must not be seen.
    fn ask_secret(&mut self, question: &str) -> Result<Zeroizing<String>, Stop> {
        write!(self.screen, "{question} (not shown): ")
            .and_then(|()| self.screen.flush())
            .map_err(Stop::failed)?;
        let quiet = if self.terminal { Some(Quiet::begin()?) } else { None };
        let line = self.read_line();
        drop(quiet);
        self.line("")?;
        line
    }

    fn read_line(&mut self) -> Result<Zeroizing<String>, Stop> {
        // Never grown, so that no half of it stays behind in memory that was given back.
        let mut line = Zeroizing::new(Vec::with_capacity(LINE_CHARACTERS_MAX));
        loop {
            let mut byte = [0];
            match self.keyboard.read(&mut byte).map_err(Stop::failed)? {
                0 if line.is_empty() => return Err(Stop::failed("the input ended before all was asked")),
                0 => break,
                _ if byte[0] == b'\n' => break,
                _ if byte[0] == 0x03 => return Err(Stop::failed("broken off")),
                _ if line.len() == LINE_CHARACTERS_MAX => return Err(Stop::failed("the line is too long")),
                _ => line.push(byte[0]),
            }
        }
        std::str::from_utf8(&line)
            .map(|text| Zeroizing::new(text.to_owned()))
            .map_err(|_| Stop::failed("the line is not text"))
    }

    /// Clears the screen, so that the next person sees nothing of this one's.
    ///
    /// # Errors
    /// If the screen is gone.
    pub fn clear(&mut self) -> Result<(), Stop> {
        if self.terminal {
            write!(self.screen, "{CLEAR}").and_then(|()| self.screen.flush()).map_err(Stop::failed)?;
        }
        Ok(())
    }

    fn wait(&mut self, what: &str) -> Result<(), Stop> {
        self.ask(what).map(drop)
    }
}

/// A terminal that does not echo, as long as this lives.
struct Quiet {
    before: rustix::termios::Termios,
}

impl Quiet {
    /// Signals are off too: a key stroke that ended the process would leave the terminal mute.
    fn begin() -> Result<Quiet, Stop> {
        use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
        let input = std::io::stdin();
        let before = tcgetattr(&input).map_err(Stop::failed)?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO | LocalModes::ISIG);
        tcsetattr(&input, OptionalActions::Flush, &quiet).map_err(Stop::failed)?;
        Ok(Quiet { before })
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        // A terminal that is gone needs no echo.
        let _ = rustix::termios::tcsetattr(
            std::io::stdin(),
            rustix::termios::OptionalActions::Flush,
            &self.before,
        );
    }
}

/// Standard input byte by byte, so that nothing typed stays behind in a buffer.
pub struct Keyboard;

impl Read for Keyboard {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        loop {
            match rustix::io::read(std::io::stdin(), &mut *out) {
                Err(rustix::io::Errno::INTR) => {}
                done => return Ok(done?),
            }
        }
    }
}

/// Characters in groups of four, as they are read and written down.
fn grouped(text: &str) -> Zeroizing<String> {
    let mut grouped = Zeroizing::new(String::with_capacity(text.len() * 5 / 4));
    for (place, character) in text.chars().enumerate() {
        if place > 0 && place % 4 == 0 {
            grouped.push(' ');
        }
        grouped.push(character);
    }
    grouped
}

/// One person brings a component, or has one made: alone at the screen, which is cleared behind them.
///
/// # Errors
/// If it was mistyped too often.
pub fn component(screen: &mut Screen<'_>, person: &str) -> Result<Component, Stop> {
    screen.clear()?;
    screen.line(&format!("{person}: be alone at this screen."))?;
    let answer = screen.ask("`n` to have a component made, `t` to type your own")?;
    let component = match answer.as_str() {
        "n" => made(screen, person)?,
        "t" => typed(screen, person, None)?,
        _ => return Err(Stop::failed(format!("{person}: neither `n` nor `t`"))),
    };
    screen.line(&format!("{person}: your component has the check value {}.", component.check_value()))?;
    screen.wait("Enter clears the screen")?;
    screen.clear()?;
    Ok(component)
}

fn made(screen: &mut Screen<'_>, person: &str) -> Result<Component, Stop> {
    let component = Component::generate(&SystemEntropy).map_err(Stop::failed)?;
    screen.line("Write this down. It is shown once, to you only:")?;
    screen.line(&format!("  {}", *grouped(&component.expose())))?;
    screen.line(&format!("  check value {}", component.check_value()))?;
    screen.wait("Enter clears the screen, then type it from your paper")?;
    screen.clear()?;
    typed(screen, person, Some(&component))
}

/// A component as it is typed, until it has its check value; and is the one that was shown, if one was.
fn typed(screen: &mut Screen<'_>, person: &str, shown: Option<&Component>) -> Result<Component, Stop> {
    for _ in 0..TRIES_MAX {
        let text = screen.ask_secret("component, 64 hexadecimal characters")?;
        let check = screen.ask("its check value, 6 hexadecimal characters")?;
        match Component::parse(&text, &check) {
            Ok(typed) if shown.is_none_or(|shown| *shown.expose() == *typed.expose()) => return Ok(typed),
            Ok(_) => screen.line("That is not the component that was shown.")?,
            Err(why) => screen.line(&format!("That is no component: {why}."))?,
        }
    }
    Err(Stop::failed(format!("{person}: the component was mistyped {TRIES_MAX} times")))
}

/// A key of two components of double length DES, and the components: for the two who enter it at a terminal.
///
/// Every byte of both components has odd parity, as terminals want to be given them; the key has too, and
/// its check value is the same either way, since DES does not use these bits.
///
/// # Errors
/// If there is no randomness.
pub fn split_tdes() -> Result<(Key, [TdesKey; 2]), Stop> {
    const BYTES: usize = 16;
    let mut parts = [Zeroizing::new([0; BYTES]), Zeroizing::new([0; BYTES])];
    for part in &mut parts {
        SystemEntropy.fill(&mut **part).map_err(Stop::failed)?;
        adjust_parity(&mut **part);
    }
    let mut whole = Zeroizing::new([0; BYTES]);
    for (place, byte) in whole.iter_mut().enumerate() {
        *byte = parts[0][place] ^ parts[1][place];
    }
    adjust_parity(&mut *whole);
    let key = Key::new(KeyAlgorithm::TdesDouble, &*whole).map_err(Stop::failed)?;
    let [first, second] = parts.map(|part| TdesKey::new(&*part));
    Ok((key, [first.map_err(Stop::failed)?, second.map_err(Stop::failed)?]))
}

/// Shows two installers their components, one after the other.
///
/// # Errors
/// If the screen is gone.
pub fn hand_out(screen: &mut Screen<'_>, parts: &[TdesKey; 2], whole: &Key) -> Result<(), Stop> {
    for (number, part) in (1..).zip(parts) {
        screen.clear()?;
        screen.wait(&format!("Installer {number}: be alone at this screen, then press Enter"))?;
        let digits = Zeroizing::new(crate::commands::iso::to_hex(part.expose()));
        screen.line(&format!(
            "Component {number} of the terminal's master key. It is shown once, to you only:"
        ))?;
        screen.line(&format!("  {}", *grouped(&digits)))?;
        screen.line(&format!("  check value {}", Key::Tdes(part.clone()).check_value()))?;
        screen.wait("Enter clears the screen")?;
        screen.clear()?;
    }
    screen.line(&format!("The terminal must show the check value {} for the whole key.", whole.check_value()))
}

/// A key of AES with 256 bits of two people's components.
///
/// # Errors
/// If both brought the same: they would cancel out.
pub fn join(parts: &[Component; 2]) -> Result<Key, Stop> {
    let bytes = |part: &Component| crate::commands::iso::from_hex(&part.expose()).map(Zeroizing::new);
    let (first, second) = (bytes(&parts[0])?, bytes(&parts[1])?);
    let whole: Zeroizing<Vec<u8>> =
        Zeroizing::new(first.iter().zip(second.iter()).map(|(a, b)| a ^ b).collect());
    if whole.iter().all(|byte| *byte == 0) {
        return Err(Stop::failed("both brought the same component"));
    }
    Key::new(KeyAlgorithm::Aes256, &whole).map_err(Stop::failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a screen shows of a conversation, and what came of it.
    fn converse<T>(
        typed: &str,
        act: impl FnOnce(&mut Screen<'_>) -> Result<T, Stop>,
    ) -> (String, Result<T, String>) {
        let mut shown = Vec::new();
        let mut keyboard = typed.as_bytes();
        let done = act(&mut Screen::new(&mut keyboard, &mut shown, false)).map_err(|stop| stop.what);
        (String::from_utf8(shown).unwrap(), done)
    }

    fn sample() -> (String, String) {
        let component = Component::generate(&SystemEntropy).unwrap();
        (component.expose().to_string(), component.check_value().to_string())
    }

    #[test]
    fn a_typed_component_is_taken_and_not_shown() {
        let (digits, check) = sample();
        let (shown, done) = converse(&format!("t\n{digits}\n{check}\n\n"), |screen| component(screen, "ann"));
        assert_eq!(*done.unwrap().expose(), digits);
        assert!(!shown.contains(&digits[..8]) && shown.contains(&check), "{shown}");
    }

    #[test]
    fn malformed_components_are_refused_by_name_and_without_their_digits() {
        let (digits, check) = sample();
        let (_, other) = sample();
        let last = &digits[..63];
        for (text, value, why) in [
            ("", check.as_str(), "not a key length"),
            (last, &check, "not a key length"),
            (&format!("{digits}00"), &check, "not a key length"),
            (&format!("{last}g"), &check, "not a key length"),
            (&format!("{last}é"), &check, "not a key length"),
            (&digits, &other, "does not belong"),
            (&digits, "", "does not belong"),
            (&digits, "0", "does not belong"),
            (&digits, &check[..2], "does not belong"),
            (&digits, "xyzxyz", "does not belong"),
        ] {
            let one = format!("{text}\n{value}\n");
            let (shown, done) =
                converse(&format!("t\n{}", one.repeat(TRIES_MAX)), |screen| component(screen, "ann"));
            assert_eq!(done.err().as_deref(), Some("ann: the component was mistyped 3 times"));
            assert_eq!(shown.matches(why).count(), TRIES_MAX, "{text} {value}: {shown}");
            assert!(!shown.contains(&digits[..8]), "{shown}");
        }
        let right = format!("t\nnonsense\n000000\n{digits}\n{check}\n\n");
        assert!(converse(&right, |screen| component(screen, "ann")).1.is_ok(), "a mistake may be mended");
        for (typed, why) in [
            ("", "the input ended before all was asked"),
            ("x\n", "ann: neither `n` nor `t`"),
            ("t\n\u{3}\n", "broken off"),
            (&format!("t\n{}\n", "0".repeat(600)), "the line is too long"),
        ] {
            assert_eq!(converse(typed, |screen| component(screen, "ann")).1.err().as_deref(), Some(why));
        }
    }

    /// Reads what is shown and types it back, as a person with a pencil.
    struct Pencil<'a> {
        shown: &'a std::cell::RefCell<Vec<u8>>,
        left: std::collections::VecDeque<u8>,
        lines: usize,
    }

    impl Read for Pencil<'_> {
        fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
            if self.left.is_empty() {
                let shown = String::from_utf8(self.shown.borrow().clone()).unwrap();
                let paper =
                    shown.lines().find(|line| line.starts_with("  ") && line.len() > 60).unwrap_or("").trim();
                let value =
                    shown.lines().find_map(|line| line.trim().strip_prefix("check value ")).unwrap_or("");
                let line = ["n", "", paper, value, ""][self.lines];
                self.lines += 1;
                self.left.extend(format!("{line}\n").into_bytes());
            }
            out[0] = self.left.pop_front().unwrap();
            Ok(1)
        }
    }

    struct Shared<'a>(&'a std::cell::RefCell<Vec<u8>>);

    impl Write for Shared<'_> {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.borrow_mut().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_made_component_is_shown_once_and_typed_back() {
        let shown = std::cell::RefCell::new(Vec::new());
        let mut pencil = Pencil { shown: &shown, left: std::collections::VecDeque::new(), lines: 0 };
        let mut screen = Shared(&shown);
        let made = component(&mut Screen::new(&mut pencil, &mut screen, false), "ann").unwrap();
        let shown = String::from_utf8(shown.into_inner()).unwrap();
        assert_eq!(shown.matches(&**grouped(&made.expose())).count(), 1, "{shown}");
        assert_eq!(shown.matches(&*made.expose()).count(), 0, "{shown}");
    }

    #[test]
    fn a_terminals_key_is_the_sum_of_what_its_installers_have() {
        let (whole, parts) = split_tdes().unwrap();
        assert!(parts.iter().all(TdesKey::parity_is_odd));
        let bytes: Vec<u8> =
            parts[0].expose().iter().zip(parts[1].expose()).map(|(first, second)| first ^ second).collect();
        let summed = TdesKey::new(&bytes).unwrap();
        assert!(summed.same_but_for_parity(&TdesKey::new(whole.expose()).unwrap()));
        assert_eq!(Key::Tdes(summed).check_value(), whole.check_value());
        let (shown, done) = converse("\n\n\n\n", |screen| hand_out(screen, &parts, &whole));
        assert_eq!(done, Ok(()));
        let whole = crate::commands::iso::to_hex(whole.expose());
        assert!(!shown.replace(' ', "").contains(&whole), "never the whole key");
    }

    #[test]
    fn two_people_bring_two_components() {
        let part = || Component::generate(&SystemEntropy).unwrap();
        let (one, two) = (part(), part());
        assert!(join(&[one.clone(), two.clone()]).is_ok());
        assert!(join(&[one.clone(), one.clone()]).is_err());
        let master = cardcrypto::key_store::MasterKey::from_components(&[one.clone(), two.clone()]).unwrap();
        assert_eq!(join(&[one, two]).unwrap().check_value(), master.check_value());
    }
}
