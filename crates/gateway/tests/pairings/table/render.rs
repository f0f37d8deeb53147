//! The page.

use std::fmt::Write as _;

use super::{
    Cell, Door,
    answer_rows::{AnswerCell, AnswerRow},
    probe::Outcome,
    targets::Column,
};
use crate::formats::{Pair, all};

/// How the page calls a format, and where its clients call.
pub(super) fn title(pair: &Pair) -> (&'static str, &'static str) {
    match pair.format().as_str() {
        "openai.chat" => ("OpenAI Chat Completions", "`/v1/chat/completions`"),
        "openai.responses" => ("OpenAI Responses", "`/v1/responses`"),
        "anthropic.messages" => ("Anthropic Messages", "`/v1/messages`"),
        "gemini.generate_content" => {
            ("Gemini generateContent", "`/v1beta/models/…:generateContent`, `:streamGenerateContent`")
        }
        "gemini.interactions" => ("Gemini Interactions", "`/v1beta/interactions`"),
        other => panic!("{other} has no title"),
    }
}

const HEAD: &str = "\
# What each format can say of the others

Generated, not written: each cell was found out by sending the thing through the encoders and decoders that serve calls.
`cargo test -p tollgate --test pairings table` fails if this page says something else, and if anything vanishes that no
loss names. `UPDATE_DOCS=1 cargo test -p tollgate --test pairings table` writes it anew.

There is one table for what clients of each format ask, with a row for each thing that their format can say and a column for each
provider's format, and [one table for answers](#answers).

| word | meaning |
| --- | --- |
| kept | it arrives, in the other format's own words |
| mapped | brought nearer to what the provider can do: a number clamped, a word replaced by the nearest. The ledger says `approximated` |
| emulated | reached in another way that the model can see. The ledger says `emulated` |
| in part | some of it arrives, the rest is left out. The ledger says `dropped` for the rest |
| lost | left out. The ledger says `dropped` |
| refused | the call is refused with 400, since it would mean something else without it |

The ledger is the header `x-tollgate-lossy` and the call's record; `x-tollgate-strict: true` refuses what is not kept. The numbers
are the reasons below each table, in the ledger's words.

Where client and provider speak the same format, the bytes pass as they are, so all of it is kept; whether the model takes it is
the provider's answer. Other rows say what is written for the vendor's current model; a word behind a slash holds for
a model that the catalogue does not know, where that differs. OpenAI, Gemini and xAI are asked in either of their two formats: the
gateway takes the one that the model is behind and that loses least, so a thing that one column refuses goes the other way.

";

const GATEWAY: &str = "\
Two things the gateway adds to what is shown here. A proof of reasoning (a signature, sealed reasoning) that a client's format has no
place for is kept by the gateway and put back; see [conversations.md](conversations.md). Sealed or signed reasoning of another vendor is
never shown to a provider, which would refuse it; it comes back when the conversation does.

";

/// Writes the page.
pub(super) fn page(columns: &[Column], doors: &[Door], answers: &[AnswerRow]) -> String {
    let mut page = HEAD.to_owned();
    page.push_str("| column | model |\n| --- | --- |\n");
    for column in columns {
        let model = column
            .card
            .as_ref()
            .map_or_else(|| "any: none is known".to_owned(), |card| format!("`{}`", card.id));
        writeln!(page, "| {} | {model} |", column.title).unwrap();
    }
    page.push('\n');
    page.push_str(GATEWAY);
    let titles: Vec<_> = columns.iter().map(|column| column.title.to_owned()).collect();
    for door in doors {
        let mut reasons = Reasons(Vec::new());
        writeln!(page, "## Clients of {}\n\n{}\n", door.title, door.paths).unwrap();
        head(&mut page, "asked", &titles);
        for (group, rows) in &door.groups {
            if rows.is_empty() {
                continue;
            }
            writeln!(page, "| **{group}** |{}", " |".repeat(titles.len())).unwrap();
            for row in rows {
                let cells: Vec<_> = row.cells.iter().map(|cell| reasons.cell(cell)).collect();
                writeln!(page, "| {} | {} |", row.name, cells.join(" | ")).unwrap();
            }
        }
        reasons.list(&mut page);
        writeln!(page, "\nNot in this format: {}.\n", door.unsayable.join("; ")).unwrap();
    }
    page.push_str(
        "## Answers\n\nWhat clients of each format are told of what a provider answered, whole or as a stream.\n\n",
    );
    let mut reasons = Reasons(Vec::new());
    let doors: Vec<_> = all().iter().map(|pair| title(pair).0.to_owned()).collect();
    head(&mut page, "answered", &doors);
    for row in answers {
        let cells: Vec<_> = row.cells.iter().map(|cell| reasons.answer(cell)).collect();
        writeln!(page, "| {} | {} |", row.name, cells.join(" | ")).unwrap();
    }
    reasons.list(&mut page);
    page
}

fn head(page: &mut String, first: &str, titles: &[String]) {
    writeln!(page, "| {first} | {} |\n| --- |{}", titles.join(" | "), " --- |".repeat(titles.len())).unwrap();
}

/// The reasons of a table so far. A number is a place.
struct Reasons(Vec<String>);

impl Reasons {
    fn list(&self, page: &mut String) {
        page.push_str("\nReasons:\n\n");
        for (at, why) in self.0.iter().enumerate() {
            writeln!(page, "{}. {why}", at + 1).unwrap();
        }
    }

    fn cell(&mut self, cell: &Cell) -> String {
        match cell {
            Cell::Absent => "–".to_owned(),
            Cell::Found { known: Some(known), unknown } if known.fate != unknown.fate => {
                format!("{} / {}", self.outcome(known), self.outcome(unknown))
            }
            Cell::Found { known, unknown } => self.outcome(known.as_ref().unwrap_or(unknown)),
        }
    }

    fn answer(&mut self, AnswerCell { whole, streamed }: &AnswerCell) -> String {
        if whole.fate == streamed.fate {
            return self.outcome(whole);
        }
        format!("{}, streamed {}", self.outcome(whole), self.outcome(streamed))
    }

    fn outcome(&mut self, outcome: &Outcome) -> String {
        let numbers: Vec<_> = outcome.why.iter().map(|why| self.number(why).to_string()).collect();
        let word = outcome.fate.as_str();
        if numbers.is_empty() { word.to_owned() } else { format!("{word} <sup>{}</sup>", numbers.join(" ")) }
    }

    fn number(&mut self, why: &str) -> usize {
        let at = self.0.iter().position(|known| known == why).unwrap_or_else(|| {
            self.0.push(why.to_owned());
            self.0.len() - 1
        });
        at + 1
    }
}
