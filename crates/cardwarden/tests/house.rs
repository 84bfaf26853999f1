//! The rules of the house: which crate knows which, what no crate may bring in, under which licences.
//!
//! Asked of cargo itself, so that nothing here can be true only on paper.

#![expect(clippy::print_stdout, reason = "what is skipped is said aloud")]

use serde_json::Value;
use std::collections::BTreeSet;
use std::process::Command;

/// Which crates of the house a crate knows. Arrows not drawn here are not allowed, and each one drawn is used.
const ARROWS: &[(&str, &[&str])] = &[
    ("iso8583", &[]),
    ("cardcrypto", &[]),
    ("risk", &[]),
    ("journal", &[]),
    ("machine", &[]),
    ("shard", &["journal", "machine"]),
    ("gateway", &["cardcrypto", "iso8583", "machine"]),
    ("terminal", &["cardcrypto", "iso8583"]),
    ("web", &["machine"]),
    ("sim", &["journal", "machine", "shard"]),
    (
        "cardwarden",
        &[
            "cardcrypto",
            "gateway",
            "iso8583",
            "journal",
            "machine",
            "risk",
            "shard",
            "sim",
            "terminal",
            "web",
        ],
    ),
];

/// What must not be reachable from a crate by ordinary dependencies, and why.
const BANS: &[(&str, &[&str], &str)] = &[
    ("iso8583", &["serde", "tokio", "axum"], "bytes and fields only"),
    ("cardcrypto", &["serde", "tokio", "tracing", "log"], "secrets are neither serialized nor logged"),
    ("risk", &["serde_json", "tokio", "rand"], "deterministic, and told everything it knows"),
    (
        "machine",
        &["serde_json", "serde", "tokio", "rand", "getrandom", "tracing"],
        "pure, and the same everywhere",
    ),
    ("journal", &["serde", "tokio", "borsh"], "it does not know what the bytes mean"),
    ("shard", &["tokio", "serde_json", "tracing"], "a value without threads, clock or sockets"),
    ("gateway", &["tokio", "axum", "serde_json", "sqlx", "tracing"], "sessions are values"),
    ("terminal", &["tokio", "machine", "gateway"], "a peer that must be able to disagree"),
    ("web", &["journal", "gateway", "iso8583", "cardcrypto", "shard"], "it does not know how money moves"),
    ("sim", &["tokio", "axum"], "one thread, no wall time"),
];

/// Licences a dependency may have; a choice (`OR`) needs one of them, a sum (`AND`) all.
const LICENCES: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

struct House {
    metadata: Value,
}

impl House {
    fn read() -> House {
        let output = Command::new(env!("CARGO"))
            .args(["metadata", "--format-version", "1", "--locked", "--manifest-path"])
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.toml"))
            .output()
            .expect("cargo runs");
        assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
        House { metadata: serde_json::from_slice(&output.stdout).expect("cargo writes JSON") }
    }

    fn packages(&self) -> impl Iterator<Item = &Value> {
        self.metadata["packages"].as_array().into_iter().flatten()
    }

    fn name_of(&self, id: &str) -> &str {
        let found = self.packages().find(|package| package["id"] == id);
        found.and_then(|package| package["name"].as_str()).expect("every node is a package")
    }

    fn members(&self) -> BTreeSet<String> {
        let ids = self.metadata["workspace_members"].as_array().into_iter().flatten();
        ids.map(|id| self.name_of(id.as_str().unwrap_or_default()).to_owned()).collect()
    }
}

/// Everything `name` reaches by ordinary dependencies, or only what it names itself, as `cargo tree` has it.
fn known_to(name: &str, itself: bool) -> BTreeSet<String> {
    let mut tree = Command::new(env!("CARGO"));
    tree.args(["tree", "--locked", "--edges", "normal", "--prefix", "none", "--package", name]);
    if itself {
        tree.args(["--depth", "1"]);
    }
    let output =
        tree.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).output().expect("cargo runs");
    assert!(output.status.success(), "cargo tree: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let names = text.lines().skip(1).filter_map(|line| line.split_whitespace().next());
    names.map(str::to_owned).collect()
}

#[test]
fn arrows_point_only_where_they_may() {
    let members = House::read().members();
    let drawn: BTreeSet<String> = ARROWS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(members, drawn, "every crate of the house stands in ARROWS");
    for (name, known) in ARROWS {
        let known: BTreeSet<String> = known.iter().map(|name| (*name).to_owned()).collect();
        let found: BTreeSet<String> = known_to(name, true).intersection(&members).cloned().collect();
        assert_eq!(found, known, "what `{name}` knows of the house");
    }
}

#[test]
fn what_a_crate_must_never_know_is_out_of_its_reach() {
    for (name, banned, why) in BANS {
        let reached = known_to(name, false);
        for ban in *banned {
            assert!(!reached.contains(*ban), "`{name}` reaches `{ban}`: {why}");
        }
    }
}

#[test]
fn every_licence_is_permissive() {
    let house = House::read();
    for package in house.packages() {
        let licence = package["license"].as_str().unwrap_or("none stated").replace('/', " OR ");
        let one = |text: &str| {
            let text = text.trim().trim_matches(|c| c == '(' || c == ')').trim();
            LICENCES.contains(&text)
        };
        let fine = licence.split(" AND ").all(|sum| sum.split(" OR ").any(one));
        assert!(fine, "{} is under `{licence}`", package["name"]);
    }
}

#[test]
fn one_generation_of_cryptography() {
    let house = House::read();
    for name in ["cipher", "digest", "crypto-common", "des", "aes", "sha2", "block-buffer"] {
        let versions: BTreeSet<&str> = house
            .packages()
            .filter(|package| package["name"] == name)
            .filter_map(|p| p["version"].as_str())
            .collect();
        assert!(versions.len() <= 1, "`{name}` is here in {versions:?}");
    }
}

#[test]
fn nothing_unfinished_is_left_lying_about() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let output = Command::new("git").args(["-C", root, "ls-files", "*.rs"]).output();
    let Ok(output) = output else { return println!("skipped: no git here") };
    if !output.status.success() {
        return println!("skipped: not a git checkout");
    }
    // Spelt apart, so that this file does not find itself.
    let words =
        [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("unimpl", "emented!("), concat!("to", "do!(")];
    for file in String::from_utf8_lossy(&output.stdout).lines() {
        let Ok(text) = std::fs::read_to_string(format!("{root}/{file}")) else { continue };
        for (number, line) in text.lines().enumerate() {
            assert!(!words.iter().any(|word| line.contains(word)), "{file}:{}: {}", number + 1, line.trim());
        }
    }
}
