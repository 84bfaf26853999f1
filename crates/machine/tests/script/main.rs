//! The machine, told as scripts: a line asks, what stands behind the arrow is the answer.
//!
//! Nothing here knows the machine's insides. After every line books are audited, the state is written and read
//! back, command and outcome go through their bytes, and `peek` has to have foreseen what a sale came to.
//!
//! `UPDATE_EXPECT=1 cargo test -p machine --test script` writes the right-hand sides.

#![expect(clippy::unwrap_used, reason = "a script that cannot be read fails its test")]
#![expect(clippy::wildcard_enum_match_arm, reason = "the language names what it has words for")]

mod batches;
mod bounds;
mod cards;
mod causes;
mod exits;
mod follow;
mod freezes;
mod holds;
mod house;
mod language;
mod limits;
mod memory;
mod pins;
mod reversals;
mod sales;
mod world;

use expect_test::Expect;
use world::World;

/// Runs a script in a new world and compares its answers.
fn check(script: Expect) {
    let mut world = World::new();
    check_in(&mut world, script);
}

/// Runs a script in a world that goes on.
fn check_in(world: &mut World, script: Expect) {
    let lines: Vec<&str> = script.data().trim().lines().map(str::trim).collect();
    let asked = |line: &str| line.split("->").next().unwrap_or_default().trim_end().to_owned();
    let asking = lines.iter().filter(|line| !line.starts_with('#'));
    let width = asking.map(|line| asked(line).chars().count()).max().unwrap_or(0);
    let mut told = String::new();
    for line in lines {
        let ask = asked(line);
        if ask.is_empty() || ask.starts_with('#') {
            told.push_str(line);
        } else {
            let answer = world.line(&ask);
            let answer = format!("{ask:<width$} -> {answer}");
            told.push_str(answer.strip_suffix("-> ").unwrap_or(&answer).trim_end());
        }
        told.push('\n');
    }
    script.assert_eq(&told);
}
