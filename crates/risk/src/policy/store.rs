//! The policy as it is held: compiled parts beside the plain data they are compiled from.
//!
//! How a transaction is decided is `decide`'s.

use std::collections::BTreeMap;
use std::io::{Error, ErrorKind, Read, Write};

use borsh::{BorshDeserialize, BorshSerialize};

use super::SNOOZES_MAX;
use super::life::{Change, Life, Notice, Refused, Standing};
use crate::facts::Facts;
use crate::language::{Program, compile_with, parse};
use crate::model::Model;
use crate::window::Windows;

/// What is settled when a policy begins.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Settings {
    /// Slugs a rule may give as its cause.
    pub causes: Vec<String>,
    /// Features a model may read: expressions of the rule language.
    pub features: Vec<String>,
    /// Most entities of one kind that windows are kept of.
    pub entities_max: u32,
    /// How long a rule leaves a card alone after a false positive, in seconds.
    pub snooze: i64,
    /// People a rule may wrong in a day, until it is given its own budget.
    pub budget: u16,
}

/// Rules, model, windows and the lives of the rules.
#[derive(Clone, Debug)]
pub struct Policy {
    pub(super) settings: Settings,
    pub(super) program: Program,
    pub(super) model: Option<Model>,
    pub(super) challenger: Option<Model>,
    pub(super) windows: Windows,
    /// In the order of the program's rules.
    pub(super) standings: Vec<Standing>,
    /// (rule's name, card) to the end of the snooze.
    pub(super) snoozes: BTreeMap<(String, i64), i64>,
    changed_at: i64,
}

/// The rule file a policy begins with.
const NO_RULES: &str = "rules version 0";

fn program(text: &str, settings: &Settings) -> Result<Program, Refused> {
    let file = parse(text).map_err(|fault| Refused::Rules(vec![fault]))?;
    let causes: Vec<&str> = settings.causes.iter().map(String::as_str).collect();
    compile_with(&file, &causes, &settings.features).map_err(Refused::Rules)
}

impl Policy {
    /// A policy without rules or model, whose windows see everything from `since` on.
    ///
    /// # Errors
    /// A feature that does not compile.
    pub fn new(settings: Settings, since: i64) -> Result<Self, Refused> {
        let program = program(NO_RULES, &settings)?;
        let windows = Windows::new(program.spec(settings.entities_max), since);
        Ok(Self {
            settings,
            program,
            model: None,
            challenger: None,
            windows,
            standings: Vec::new(),
            snoozes: BTreeMap::new(),
            changed_at: since,
        })
    }

    /// The rules in force.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// The model in force.
    pub fn model(&self) -> Option<&Model> {
        self.model.as_ref()
    }

    /// What is remembered.
    pub fn windows(&self) -> &Windows {
        &self.windows
    }

    /// Where every rule stands, in the rules' order.
    pub fn standings(&self) -> &[Standing] {
        &self.standings
    }

    /// Takes an event in: what was asked, and what became of it (`approved`, `declined`, `reversed`).
    pub fn observe(&mut self, facts: &Facts) {
        let program = &self.program;
        self.windows.observe(facts, |filter| program.passes(filter, facts));
    }

    /// A label arrives at `now`, for the transaction whose facts these are.
    pub fn label(&mut self, facts: &Facts, fraud: bool, now: i64) {
        let program = &self.program;
        self.windows.label(facts, fraud, now, |filter| program.passes(filter, facts));
    }

    /// Windows of these rules that a replay has filled take the place of those that have not seen enough.
    ///
    /// # Errors
    /// Windows of other rules.
    pub fn fill(&mut self, windows: Windows) -> Result<(), Refused> {
        if windows.spec() != self.windows.spec() {
            return Err(Refused::OtherWindows);
        }
        self.windows = windows;
        Ok(())
    }

    /// Makes a change, wholly or not at all.
    ///
    /// # Errors
    /// What stands against it; nothing has changed then.
    pub fn apply(&mut self, change: &Change, at: i64) -> Result<Notice, Refused> {
        if at < self.changed_at {
            return Err(Refused::Earlier);
        }
        let notice = match change {
            Change::Install { text } => self.install(text, at)?,
            Change::Model { bytes } => {
                self.model = self.read_model(bytes.as_deref())?;
                Notice::Modelled { hash: self.model.as_ref().map(Model::hash) }
            }
            Change::Challenger { bytes } => {
                self.challenger = self.read_model(bytes.as_deref())?;
                Notice::Modelled { hash: self.challenger.as_ref().map(Model::hash) }
            }
            Change::Propose { rule, life, by } => self.propose(rule, *life, *by, at)?,
            Change::Agree { rule, by } => self.agree(rule, *by, at)?,
            Change::Budget { rule, people } => {
                let number = self.number(rule)?;
                let standing = &mut self.standings[number];
                standing.budget = *people;
                Notice::Stands { rule: rule.clone(), life: standing.life }
            }
            Change::FalsePositive { rule, card } => {
                let number = self.number(rule)?;
                self.snooze(rule, *card, at.saturating_add(self.settings.snooze), at);
                let standing = &mut self.standings[number];
                let over = standing.wrong(*card, at);
                if over && standing.life.acts() {
                    standing.life = Life::Shadow;
                    standing.since = at;
                    standing.agreed = None;
                    Notice::FellBack { rule: rule.clone(), people: standing.wronged.len() as u16 }
                } else {
                    Notice::Snoozed { rule: rule.clone(), until: at.saturating_add(self.settings.snooze) }
                }
            }
            Change::Snooze { rule, card, until } => {
                self.number(rule)?;
                self.snooze(rule, *card, *until, at);
                Notice::Snoozed { rule: rule.clone(), until: *until }
            }
        };
        self.changed_at = at;
        Ok(notice)
    }

    fn number(&self, rule: &str) -> Result<usize, Refused> {
        let found = self.standings.iter().position(|standing| standing.rule == rule);
        found.ok_or_else(|| Refused::UnknownRule(rule.to_owned()))
    }

    fn install(&mut self, text: &str, at: i64) -> Result<Notice, Refused> {
        let program = program(text, &self.settings)?;

        // Nothing above this line changes the policy; nothing below it can fail.
        let mut drafts = Vec::new();
        let mut standings = Vec::new();
        for rule in program.rules() {
            let known = self.standings.iter().find(|old| old.rule == rule.name);
            match known.filter(|old| old.hash == rule.hash) {
                Some(same) => standings.push(same.clone()),
                None => {
                    drafts.push(rule.name.clone());
                    let budget = known.map_or(self.settings.budget, |old| old.budget);
                    standings.push(Standing::draft(&rule.name, rule.hash, at, budget));
                }
            }
        }
        let gone = self.standings.iter().map(|old| &old.rule);
        let gone =
            gone.filter(|name| program.rules().iter().all(|rule| rule.name != **name)).cloned().collect();
        self.windows = self.windows.carried(program.spec(self.settings.entities_max), at);
        self.standings = standings;
        self.program = program;
        Ok(Notice::Installed { hash: self.program.hash(), drafts, gone })
    }

    fn read_model(&self, bytes: Option<&[u8]>) -> Result<Option<Model>, Refused> {
        let schema = self.program.schema().hash();
        bytes.map(|bytes| Model::read(bytes, &schema).map_err(Refused::Model)).transpose()
    }

    fn propose(&mut self, rule: &str, life: Life, by: u64, at: i64) -> Result<Notice, Refused> {
        let number = self.number(rule)?;
        if matches!(life, Life::Percentage(share) if !(1..=99).contains(&share)) {
            return Err(Refused::NotAPercentage);
        }
        if life.acts() {
            self.ready(number, at)?;
            self.standings[number].proposed = Some((life, by));
            return Ok(Notice::Waits { rule: rule.to_owned() });
        }
        let standing = &mut self.standings[number];
        (standing.life, standing.since, standing.proposed, standing.agreed) = (life, at, None, None);
        Ok(Notice::Stands { rule: rule.to_owned(), life })
    }

    fn agree(&mut self, rule: &str, by: u64, at: i64) -> Result<Notice, Refused> {
        let number = self.number(rule)?;
        let Some((life, first)) = self.standings[number].proposed else {
            return Err(Refused::NothingProposed);
        };
        if first == by {
            return Err(Refused::SamePerson);
        }
        self.ready(number, at)?;
        let standing = &mut self.standings[number];
        (standing.life, standing.since, standing.proposed) = (life, at, None);
        standing.agreed = Some((first, by));
        Ok(Notice::Stands { rule: rule.to_owned(), life })
    }

    /// Whether all aggregates of a rule have seen their whole window.
    fn ready(&self, rule: usize, at: i64) -> Result<(), Refused> {
        for &track in self.program.rule_tracks(rule) {
            let full = self.windows.since(track).saturating_add(self.windows.spec().tracks[track].horizon());
            if full > at {
                return Err(Refused::NotFilled { aggregate: self.program.track_text(track), at: full });
            }
        }
        Ok(())
    }

    fn snooze(&mut self, rule: &str, card: i64, until: i64, now: i64) {
        self.snoozes.retain(|_, end| *end > now);
        if self.snoozes.len() >= SNOOZES_MAX
            && let Some(first) =
                self.snoozes.iter().min_by_key(|snooze| *snooze.1).map(|snooze| snooze.0.clone())
        {
            self.snoozes.remove(&first);
        }
        self.snoozes.insert((rule.to_owned(), card), until);
    }
}

impl BorshSerialize for Policy {
    fn serialize<W: Write>(&self, out: &mut W) -> Result<(), Error> {
        self.settings.serialize(out)?;
        self.program.text().serialize(out)?;
        self.model.as_ref().map(Model::bytes).serialize(out)?;
        self.challenger.as_ref().map(Model::bytes).serialize(out)?;
        self.windows.serialize(out)?;
        self.standings.serialize(out)?;
        self.snoozes.serialize(out)?;
        self.changed_at.serialize(out)
    }
}

impl BorshDeserialize for Policy {
    fn deserialize_reader<R: Read>(from: &mut R) -> Result<Self, Error> {
        let wrong = |why: String| Error::new(ErrorKind::InvalidData, why);
        let settings = Settings::deserialize_reader(from)?;
        let text = String::deserialize_reader(from)?;
        let program = program(&text, &settings).map_err(|refused| wrong(refused.to_string()))?;
        let schema = program.schema().hash();
        let mut models = [None, None];
        for model in &mut models {
            let bytes = Option::<Vec<u8>>::deserialize_reader(from)?;
            let read = bytes.map(|bytes| Model::read(&bytes, &schema)).transpose();
            *model = read.map_err(|refusal| wrong(refusal.to_string()))?;
        }
        let [model, challenger] = models;
        let windows = Windows::deserialize_reader(from)?;
        let standings = Vec::<Standing>::deserialize_reader(from)?;
        let same =
            standings.iter().map(|standing| &standing.rule).eq(program.rules().iter().map(|rule| &rule.name));
        if !same || *windows.spec() != program.spec(settings.entities_max) {
            return Err(wrong("windows or standings of other rules".to_owned()));
        }
        let snoozes = BTreeMap::deserialize_reader(from)?;
        let changed_at = i64::deserialize_reader(from)?;
        Ok(Self { settings, program, model, challenger, windows, standings, snoozes, changed_at })
    }
}
