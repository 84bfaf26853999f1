//! The files of known answers beside the project, tried by the example that tries any such file.

use std::path::PathBuf;
use std::process::Command;

/// Files that hold answers this library gives.
const FILES: [&str; 12] = [
    "pin_block",
    "pvv",
    "cvv",
    "arqc",
    "dukpt_tdes",
    "dukpt_aes",
    "tr31",
    "mac",
    "sm4",
    "emv_tlv",
    "luhn",
    "china",
];

fn folder() -> Option<PathBuf> {
    let given = std::env::var_os("CARDWARDEN_VECTORS").map(PathBuf::from);
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors");
    given.or(Some(beside)).filter(|folder| folder.is_dir())
}

#[test]
#[expect(clippy::print_stdout, reason = "a test that is passed over says so")]
fn known_answers_are_given() {
    let Some(folder) = folder() else {
        println!("skipped: no vectors beside the project");
        return;
    };
    // Examples are built beside tests: target/.../examples next to target/.../deps.
    let own = std::env::current_exe().expect("a test knows where it is");
    let program =
        own.parent().and_then(|deps| deps.parent()).map(|target| target.join("examples/known_answers"));
    let Some(program) = program.filter(|program| program.is_file()) else {
        println!("skipped: the example known_answers is not built");
        return;
    };
    let files = FILES.iter().map(|name| folder.join(name).with_extension("json"));
    let output = Command::new(program).args(files).output().expect("the example runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    for name in FILES {
        let passed = said.lines().any(|line| line.contains(name) && line.contains(" 0 failed"));
        assert!(passed, "{name} was not tried:\n{said}");
    }
}
