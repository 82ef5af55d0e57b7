//! The manual says what is: its tables of parameters are the engine's, and what it points to is there. When a parameter has changed, the
//! failure prints the row that the manual should have.

use std::{collections::BTreeSet, path::Path};
use syrinx_engine::{KEY_PARAMS, Kind, PARAMS, PARTS, Param};

/// The rows of both tables, of the parts of the choir those of the first.
fn rows() -> impl Iterator<Item = &'static Param> {
    let is_of_another = |id: &str| (2..=PARTS).any(|part| id.starts_with(&format!("part{part}_")));
    PARAMS.iter().chain(KEY_PARAMS).filter(move |row| !is_of_another(row.id))
}

#[test]
fn all_parts_have_the_rows_of_the_first() {
    let of = |part: usize| {
        let own = PARAMS.iter().filter(move |row| row.id.starts_with(&format!("part{part}_")));
        own.map(move |param| row(param).replace(&format!("Part {part} "), "").replace(&format!("`part{part}_"), "`"))
    };
    let first: Vec<String> = of(1).collect();
    assert_eq!(first.len(), 12);
    assert!((2..=PARTS).all(|part| of(part).eq(first.iter().cloned())));
}

/// A parameter as a row of the manual's tables.
fn row(param: &Param) -> String {
    let Param { name, id, unit, help, .. } = param;
    let value = |v: f32| match param.kind {
        Kind::Instrument if param.follows_lead() => "Lead".into(),
        Kind::Instrument => syrinx_models::numbered(v as u8).map_or_else(String::new, |model| model.card().name.clone()),
        Kind::Number { .. } if !(param.silences() && v <= param.min) => format!("{} {unit}", param.display(v)).trim().to_owned(),
        _ => param.display(v),
    };
    let range = match param.kind {
        Kind::Number { .. } => format!("{} to {}", value(param.min), value(param.max)),
        Kind::Choice(names) => names.join(", "),
        Kind::Switch => "Off, On".into(),
        Kind::Instrument => "an instrument".into(),
    };
    format!("| {name} | `{id}` | {range} | {} | {help} |", value(param.default))
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

#[test]
fn every_parameter_is_in_the_manual_as_it_is() {
    let manual = std::fs::read_to_string(root().join("MANUAL.md")).unwrap();
    let lines: BTreeSet<&str> = manual.lines().collect();
    let missing: Vec<String> = rows().map(row).filter(|row| !lines.contains(row.as_str())).collect();
    assert!(missing.is_empty(), "rows for MANUAL.md:\n{}", missing.join("\n"));
    let id = |line: &str| {
        Some(line.strip_prefix("| ")?.split_once(" | `")?.1.split_once("` | ")?.0.to_owned()).filter(|id| !id.contains('/'))
    };
    let strangers: Vec<String> = manual.lines().filter_map(id).filter(|id| rows().all(|param| param.id != id.as_str())).collect();
    assert!(strangers.is_empty(), "MANUAL.md has parameters that are no more: {strangers:?}");
}

#[test]
fn what_the_manual_and_the_readme_point_to_is_there() {
    for document in ["MANUAL.md", "README.md"] {
        let text = std::fs::read_to_string(root().join(document)).unwrap();
        let headings: BTreeSet<String> = text
            .lines()
            .filter_map(|line| line.strip_prefix('#'))
            .map(|line| line.trim_matches(['#', ' ']).to_lowercase().replace(' ', "-"))
            .collect();
        let links = text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link);
        for link in links.filter(|link| !link.contains("://")) {
            match link.strip_prefix('#') {
                Some(heading) => assert!(headings.contains(heading), "{document} has no heading for {link}"),
                None => assert!(root().join(link).exists(), "{document} points to {link}, which is not there"),
            }
        }
    }
}
