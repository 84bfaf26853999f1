//! The colours of the pages: every pair of text and ground has the contrast WCAG 2.2 asks for, light and dark.

use std::collections::BTreeMap;

/// The tokens of the style sheet: name to light and dark colour.
fn tokens() -> BTreeMap<String, [[f64; 3]; 2]> {
    let style = include_str!("../../assets/app.css");
    let declared =
        style.lines().filter_map(|line| line.trim().strip_prefix("--")?.split_once(": light-dark("));
    let colours = declared.filter_map(|(name, rest)| {
        let (light, dark) = rest.trim_end_matches(");").split_once(", ")?;
        Some((name.to_owned(), [colour(light)?, colour(dark)?]))
    });
    colours.collect()
}

fn colour(text: &str) -> Option<[f64; 3]> {
    let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6)?;
    let part =
        |place: usize| u8::from_str_radix(&digits[place..place + 2], 16).ok().map(|v| f64::from(v) / 255.0);
    Some([part(0)?, part(2)?, part(4)?])
}

/// Relative luminance, WCAG 2.2.
fn luminance(colour: [f64; 3]) -> f64 {
    let linear = colour.map(|v| if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) });
    0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
}

fn contrast(a: [f64; 3], b: [f64; 3]) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[test]
fn text_stands_out_from_its_ground() {
    let tokens = tokens();
    let grounds =
        |text: &'static str, grounds: &'static [&'static str]| grounds.iter().map(move |g| (text, *g));
    let pairs = grounds("ink", &["paper", "card", "sunk", "bubble", "note", "ice-wash", "yes-wash"])
        .chain(grounds("ink-2", &["paper", "card", "sunk", "bubble"]))
        .chain(grounds("brand", &["paper", "card", "sunk"]))
        .chain([
            ("on-brand", "brand"),
            ("yes", "yes-wash"),
            ("no", "no-wash"),
            ("ice", "ice-wash"),
            ("sys", "sys-wash"),
        ])
        .chain(["yes", "no", "ice", "sys"].map(|text| (text, "card")))
        .chain(["yes", "no", "ice", "sys"].map(|text| (text, "paper")))
        .chain([("no", "note")]);
    for (text, ground) in pairs {
        for (place, scheme) in ["light", "dark"].iter().enumerate() {
            let ratio = contrast(tokens[text][place], tokens[ground][place]);
            assert!(ratio >= 4.5, "{text} on {ground}, {scheme}: {ratio:.2}");
        }
    }
}
