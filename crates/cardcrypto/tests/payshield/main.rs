//! The client of payShield-style modules against a simulator of our own: what it computes, and what becomes
//! of bad manners on the wire.

#![expect(clippy::print_stdout, reason = "what is left out is said aloud")]
#![expect(clippy::unwrap_used, reason = "a test ends at the first thing that is not as it must be")]

mod both;
mod simulator;

use std::time::Duration;

use both::Both;
use cardcrypto::hsm::conformance::{Subject, run};
use cardcrypto::hsm::payshield::{HostKey, LinkSettings, PayShield, Settings};
use cardcrypto::hsm::{Hsm, MacAlgorithm, SoftHsm};
use cardcrypto::key::{AesKey, Key, KeyAlgorithm};
use cardcrypto::mac::Padding;
use cardcrypto::pin_block::PinBlockError;
use cardcrypto::{
    Exportability, HsmError, KeyAttributes, KeyHandle, KeyMode, KeyStatus, KeyUsage, SystemEntropy, Verdict,
};
use simulator::{HEADER, Manner, Simulator};

fn settings(simulator: &Simulator) -> Settings {
    let link = LinkSettings {
        header_bytes: HEADER,
        connections_max: 3,
        answer_ms: 5_000,
        retry_ms: 0,
        ..LinkSettings::new(simulator.address)
    };
    Settings { link, pin_digits: 4, certified: false }
}

fn device(simulator: &Simulator) -> PayShield {
    PayShield::new(settings(simulator)).unwrap()
}

fn hold(simulator: &Simulator, device: &PayShield, attributes: KeyAttributes, key: &Key) -> KeyHandle {
    let under_lmk = simulator.desk.under_master(&attributes, key.expose());
    let (status, check_value) = (KeyStatus::Active, key.check_value());
    device
        .hold(HostKey { label: Some("held".to_owned()), attributes, status, under_lmk, check_value })
        .unwrap()
}

#[test]
fn what_the_commands_can_express_conforms() {
    let simulator = Simulator::start();
    let both = Both::new(device(&simulator), SoftHsm::new(Box::new(SystemEntropy)));
    let clear_protection = AesKey::new(&[0x42; 32]).unwrap();
    let key = Key::Aes(clear_protection.clone());
    let attributes = KeyAttributes::new(KeyUsage::KeyBlockProtection, KeyAlgorithm::Aes256, KeyMode::Both);
    let protection = both.soft.load(None, attributes, KeyStatus::Active, key.clone()).unwrap();
    both.pair(protection, hold(&simulator, &both.device, attributes, &key));

    run(&Subject { hsm: &both, protection, clear_protection });

    let counts = both.counts();
    for (name, [_, skipped]) in counts.iter().filter(|(_, [_, skipped])| *skipped > 0) {
        println!("skipped: {name}, {skipped} times: these host commands cannot express it");
    }
    let answered = |[by_device, _]: &[u32; 2]| *by_device > 0;
    let able: Vec<&str> = counts.iter().filter(|(_, count)| answered(count)).map(|(name, _)| *name).collect();
    let whole = |[by_device, skipped]: &[u32; 2]| *by_device > 0 && *skipped == 0;
    let always: Vec<&str> = counts.iter().filter(|(_, count)| whole(count)).map(|(name, _)| *name).collect();
    assert_eq!(
        able,
        [
            "answer_arqc",
            "export_key",
            "export_under",
            "generate_cvv",
            "generate_offset",
            "generate_pvv",
            "import_key",
            "make_mac",
            "translate_pin",
            "verify_arqc",
            "verify_cvv",
            "verify_mac",
            "verify_pin_offset",
            "verify_pin_pvv",
        ]
    );
    assert_eq!(
        always,
        [
            "export_key",
            "export_under",
            "generate_cvv",
            "generate_offset",
            "generate_pvv",
            "import_key",
            "verify_cvv",
            "verify_pin_offset",
        ]
    );
    assert!(simulator.connections() <= 3, "a bounded number of connections");
}

/// A MAC key, to ask something simple.
fn mac_key(simulator: &Simulator, device: &PayShield) -> KeyHandle {
    let attributes =
        KeyAttributes::new(KeyUsage::MacAlgorithm3, KeyAlgorithm::TdesDouble, KeyMode::GenerateAndVerify);
    hold(simulator, device, attributes, &Key::new(KeyAlgorithm::TdesDouble, &[0x31; 16]).unwrap())
}

const RETAIL: MacAlgorithm = MacAlgorithm::Retail { padding: Padding::OneThenZeros };

#[test]
fn bad_manners_are_no_answer_and_the_next_command_is_answered() {
    let simulator = Simulator::start();
    let mut settings = settings(&simulator);
    settings.link.answer_ms = 400;
    let device = PayShield::new(settings).unwrap();
    let ask = || device.echo(b"are you there").err();
    assert_eq!(ask(), None);
    let unreachable = [
        Manner::Slow(Duration::from_millis(900)),
        Manner::Drip(Duration::from_millis(60)),
        Manner::Garbage(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()),
        Manner::Garbage(vec![0, 0]),
        Manner::Garbage(vec![0, 3, b'0', b'0', b'0']),
        Manner::Garbage(vec![0xFF; 70_000]),
        Manner::OtherHeader,
        Manner::OtherCode,
        Manner::Half,
        Manner::Refuse(*b"?!"),
    ];
    for manner in unreachable {
        simulator.behave([manner.clone()]);
        assert_eq!(ask(), Some(HsmError::Unreachable), "{manner:?}");
        assert_eq!(ask(), None, "after {manner:?}");
    }
    // An idle connection that the module closed is no fault: another is made.
    let before = simulator.connections();
    simulator.behave([Manner::Hangup]);
    assert_eq!(ask(), None);
    assert_eq!(simulator.connections(), before + 1);
    // But a module that hangs up on a new connection too is one that does not answer.
    simulator.behave([Manner::Hangup, Manner::Hangup]);
    assert_eq!(ask(), Some(HsmError::Unreachable));
    assert_eq!(ask(), None);
}

#[test]
fn refusals_have_names_and_verdicts_are_no_errors() {
    let simulator = Simulator::start();
    let device = device(&simulator);
    let key = mac_key(&simulator, &device);
    let ask = |code: &[u8; 2]| {
        simulator.behave([Manner::Refuse(*code)]);
        device.verify_mac(key.into(), RETAIL, b"a message", &[0; 8])
    };
    assert_eq!(ask(b"00"), Ok(Verdict::Right));
    assert_eq!(ask(b"01"), Ok(Verdict::Wrong));
    for (code, error) in [
        (b"10", HsmError::Refused(10)),
        (b"13", HsmError::Refused(13)),
        (b"17", HsmError::Refused(17)),
        (b"20", HsmError::PinBlock(PinBlockError::Control)),
        (b"24", HsmError::PinBlock(PinBlockError::PinLength)),
        (b"27", HsmError::WrongAlgorithm),
        (b"68", HsmError::Unsupported),
        (b"A6", HsmError::WrongUsage),
        (b"AA", HsmError::NotExportable),
        (b"B7", HsmError::Refused(403)),
    ] {
        assert_eq!(ask(code), Err(error), "{}", String::from_utf8_lossy(code));
    }
    // Of a command that verifies nothing, 01 is no verdict.
    simulator.behave([Manner::Refuse(*b"01")]);
    assert_eq!(device.make_mac(key.into(), RETAIL, b"x").err(), Some(HsmError::Refused(1)));
    // An answer that says it is done and then lacks its field is none.
    simulator.behave([Manner::Refuse(*b"00")]);
    assert_eq!(device.make_mac(key.into(), RETAIL, b"x").err(), Some(HsmError::Unreachable));
}

#[test]
fn many_threads_share_few_connections_and_get_their_own_answers() {
    let simulator = Simulator::start();
    let device = device(&simulator);
    std::thread::scope(|scope| {
        for thread in 0..12_u8 {
            let device = &device;
            scope.spawn(move || {
                for round in 0..20_u8 {
                    // An echo of other bytes would be an error.
                    device.echo(&[thread, round, thread ^ round]).unwrap();
                }
            });
        }
    });
    assert!(simulator.connections() <= 3);
}

#[test]
fn a_module_that_is_not_there_fails_soon_and_is_found_again() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let link = LinkSettings { retry_ms: 60_000, ..LinkSettings::new(address) };
    let device = PayShield::new(Settings { link, pin_digits: 6, certified: true }).unwrap();
    for _ in 0..3 {
        assert_eq!(device.diagnostics().err(), Some(HsmError::Unreachable));
    }
    assert!(device.is_certified());
}

#[test]
fn a_module_says_what_it_is_and_makes_keys() {
    let simulator = Simulator::start();
    let device = device(&simulator);
    let diagnostics = device.diagnostics().unwrap();
    assert_eq!(
        (diagnostics.master_check.as_str(), diagnostics.firmware.as_str()),
        ("2686044701081661", "1234-5678")
    );
    let mut bytes = [0; 600];
    device.random(&mut bytes).unwrap();
    assert_eq!(bytes, [0xA7; 600], "the simulator's chance");
    assert!(matches!(device.echo(&vec![0; 40_000]), Err(HsmError::Input(_))));

    let attributes = KeyAttributes::new(KeyUsage::PinEncryption, KeyAlgorithm::TdesDouble, KeyMode::Both)
        .exportable(Exportability::Sensitive);
    let made = device.generate_key(attributes).unwrap();
    assert_eq!(device.attributes(made), Ok(attributes));
    assert_eq!(device.list_keys().len(), 1);
    assert_eq!(device.find_key("held"), None);
    device.forget(made).unwrap();
    assert_eq!(device.check_value(made), Err(HsmError::UnknownKey));
    let odd = KeyAttributes { usage: KeyUsage::CardHash, ..attributes };
    assert_eq!(device.generate_key(odd), Err(HsmError::WrongAlgorithm));
}

#[test]
fn what_is_no_key_or_no_setting_is_refused() {
    let simulator = Simulator::start();
    let device = device(&simulator);
    let attributes = KeyAttributes::new(KeyUsage::PinEncryption, KeyAlgorithm::TdesDouble, KeyMode::Both);
    let key = Key::new(KeyAlgorithm::TdesDouble, &[0x31; 16]).unwrap();
    let whole = simulator.desk.under_master(&attributes, key.expose());
    let shorter = &whole[..whole.len() - 1];
    let other_scheme = whole.replacen('S', "U", 1);
    for under_lmk in ["", "S", "S1", "U0123456789ABCDEF", shorter, &other_scheme, "S1００９６"] {
        let (label, status, check_value) = (None, KeyStatus::Active, key.check_value());
        let held =
            device.hold(HostKey { label, attributes, status, under_lmk: under_lmk.to_owned(), check_value });
        assert!(matches!(held, Err(HsmError::KeyBlock(_))), "{under_lmk}");
    }
    let changes: [fn(&mut Settings); 5] = [
        |settings| settings.link.header_bytes = 0,
        |settings| settings.link.header_bytes = 9,
        |settings| settings.link.connections_max = 0,
        |settings| settings.pin_digits = 3,
        |settings| settings.pin_digits = 13,
    ];
    for change in changes {
        let mut changed = settings(&simulator);
        change(&mut changed);
        assert!(matches!(PayShield::new(changed), Err(HsmError::Input(_))));
    }
}

#[test]
fn a_key_shows_nothing_of_its_block() {
    let simulator = Simulator::start();
    let device = device(&simulator);
    mac_key(&simulator, &device);
    let shown = format!("{device:?} {:?}", device.list_keys());
    assert!(!shown.contains("S1"), "{shown}");
}
