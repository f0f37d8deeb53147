//! `docs/formats.md`: what becomes of everything that can be said, for every client and every provider.
//!
//! Nothing of it is written by hand: each cell is found out by sending the thing through the very encoders and decoders that
//! serve calls. A thing that vanishes without a word fails the test, and so does a page that says something else.
//!
//! `UPDATE_DOCS=1 cargo test -p tollgate --test pairings table` writes the page anew.

mod answer_rows;
mod fields;
mod probe;
mod render;
mod targets;

use std::path::Path;

use fields::groups;
use probe::{Outcome, asked, compare, sent};
use targets::{Column, columns};

use crate::formats::{Pair, all};

/// What becomes of one thing at one provider.
enum Cell {
    /// There is no such thing.
    Absent,
    Found {
        /// For the vendor's current model.
        known: Option<Outcome>,
        /// For one that the catalogue does not know.
        unknown: Outcome,
    },
}

struct Row {
    name: &'static str,
    cells: Vec<Cell>,
}

/// What one format's clients can say.
struct Door {
    title: &'static str,
    paths: &'static str,
    groups: Vec<(&'static str, Vec<Row>)>,
    /// What its clients cannot say.
    unsayable: Vec<&'static str>,
}

fn door(a: &Pair, (title, paths): (&'static str, &'static str), failures: &mut Vec<String>) -> Door {
    let columns = columns();
    let rows_for = |column: &Column| groups(a.format(), &column.issuer);
    let tables: Vec<_> = columns.iter().map(rows_for).collect();
    let speakers: Vec<_> = columns.iter().filter(|column| column.provider.format() == a.format()).collect();
    let (mut said, mut unsayable) = (Vec::new(), Vec::new());
    for (at, group) in tables[0].iter().enumerate() {
        let mut rows = Vec::new();
        for place in 0..group.fields.len() {
            let name = group.fields[place].name;
            let mut cells = Vec::new();
            for (column, table) in columns.iter().zip(&tables) {
                let field = &table[at].fields[place];
                if !field.exists {
                    cells.push(Cell::Absent);
                    continue;
                }
                let Some(asked) = asked(a, &speakers, field) else { continue };
                let mut find = |card| {
                    sent(a, column, card, &asked).unwrap_or_else(|error| {
                        failures.push(format!("{a} -> {}, {name}: {error}", column.title));
                        Outcome::KEPT
                    })
                };
                let unknown = find(None);
                cells.push(Cell::Found { known: column.card.as_ref().map(|card| find(Some(card))), unknown });
            }
            let sayable = cells.iter().any(|cell| matches!(cell, Cell::Found { .. }));
            match cells.len() {
                _ if !sayable => unsayable.push(name),
                all if all == columns.len() => rows.push(Row { name, cells }),
                _ => failures.push(format!("{a} can say {name} to some only")),
            }
        }
        said.push((group.title, rows));
    }
    Door { title, paths, groups: said, unsayable }
}

#[test]
fn the_page_of_formats_says_what_the_code_does() {
    let mut failures = Vec::new();
    let doors: Vec<_> = all().iter().map(|pair| door(pair, render::title(pair), &mut failures)).collect();
    let answers = answer_rows::rows(&mut failures);
    assert!(failures.is_empty(), "{} things:\n{}", failures.len(), failures.join("\n"));
    let page = render::page(&columns(), &doors, &answers);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/formats.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    let same = written.lines().zip(page.lines()).find(|(written, now)| written != now);
    assert!(
        written == page,
        "docs/formats.md is not what the code does: {same:?}\n\
         write it anew with: UPDATE_DOCS=1 cargo test -p tollgate --test pairings table"
    );
}

#[test]
fn every_setting_of_the_conformance_suite_stands_in_the_table() {
    let named = fields::NAMES.iter().map(|(path, _)| *path).chain(fields::IN_OTHER_WORDS).chain(["metadata"]);
    let named: Vec<_> = named.collect();
    for setting in tollgate_provider::conformance::requests::settings() {
        assert!(named.contains(&setting.path), "{} has no row", setting.path);
    }
}

#[test]
fn what_vanishes_without_a_word_gets_no_cell() {
    let doors = all();
    let (chat, columns) = (&doors[0], columns());
    let field = &groups(chat.format(), &columns[2].issuer)[7].fields[0];
    let asked = asked(chat, &[&columns[0]], field).unwrap();
    for column in columns.iter().filter(|column| column.provider.format() != chat.format()) {
        let without = column.write(None, &asked.without).unwrap();
        let (body, losses) = column.write(None, &asked.with).unwrap();
        assert!(compare(chat, column, &asked, (&body, &losses), &without).is_ok(), "{}", column.title);
        // As if the encoder had forgotten the temperature.
        let forgotten = compare(chat, column, &asked, (&without.0, &losses), &without);
        assert!(forgotten.is_err(), "{}: {forgotten:?}", column.title);
    }
}
