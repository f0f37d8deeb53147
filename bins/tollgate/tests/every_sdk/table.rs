//! The table.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    io::Write as _,
};

use tollgate_simulators::Vendor;

use crate::{
    clients::{CLIENTS, Client},
    known::KNOWN,
    scenarios::Scenario,
    verdict::{Played, Verdict},
};

/// The targets of one client, each with the letter over its column: the vendor itself first.
const COLUMNS: [(char, bool, Option<Vendor>); 7] = [
    ('.', true, None),
    ('o', false, Some(Vendor::OpenAi)),
    ('a', false, Some(Vendor::Anthropic)),
    ('g', false, Some(Vendor::Gemini)),
    ('x', false, Some(Vendor::Xai)),
    ('l', false, Some(Vendor::Ollama)),
    ('c', false, Some(Vendor::Compatible)),
];

/// Prints it past the test harness, which would swallow it.
pub(crate) fn show(scenarios: &[Scenario], played: &[Played]) {
    let text = [table(scenarios, played), losses(played), skips(played), known(played)].concat();
    // What cannot be printed cannot be shown; the test judges without it.
    let _ = std::io::stderr().write_all(text.as_bytes());
}

const fn letter(verdict: &Verdict) -> char {
    match verdict {
        Verdict::Pass => '+',
        Verdict::Loss(_) => 'l',
        Verdict::Skip(_) => '-',
        Verdict::Known(_) => 'k',
        Verdict::Fail(_) => 'F',
    }
}

fn table(scenarios: &[Scenario], played: &[Played]) -> String {
    let mut text = String::from(
        "\nEach SDK at its own vendor (.) and through the gateway on OpenAI, Anthropic, Gemini, xAI, Ollama and a server like \
         vLLM (o a g x l c)\n\
         + passes   l not to be had, and the gateway says so   - no such thing   k known to fail   F fails\n\n",
    );
    let clients: Vec<&Client> =
        CLIENTS.iter().filter(|client| played.iter().any(|one| one.client.name == client.name)).collect();
    for line in 0..2 {
        let heads: String = clients.iter().map(|client| format!(" {:<7}", client.head[line])).collect();
        let _ = writeln!(text, "{:<20}{heads}", "");
    }
    let letters: String = COLUMNS.iter().map(|column| column.0).collect();
    let _ = writeln!(text, "{:<20}{}", "", format!(" {letters}").repeat(clients.len()));
    for scenario in scenarios {
        let cells: String =
            clients.iter().map(|client| format!(" {}", cells(client, scenario, played))).collect();
        let _ = writeln!(text, "{:<20}{cells}", scenario.name);
    }
    let mut counts = BTreeMap::new();
    for one in played {
        *counts.entry(letter(&one.verdict)).or_insert(0_usize) += 1;
    }
    let counts: Vec<String> = counts.iter().map(|(letter, count)| format!("{letter} {count}")).collect();
    let _ = writeln!(text, "\n{} in all: {}\n", played.len(), counts.join(", "));
    text
}

fn cells(client: &Client, scenario: &Scenario, played: &[Played]) -> String {
    let cell = |(_, is_direct, vendor): &(char, bool, Option<Vendor>)| {
        let one = played.iter().find(|one| {
            one.client.name == client.name
                && one.scenario == scenario.name
                && one.is_direct == *is_direct
                && vendor.is_none_or(|vendor| one.vendor == vendor)
        });
        one.map_or(' ', |one| letter(&one.verdict))
    };
    COLUMNS.iter().map(cell).collect()
}

/// What was named, for each scenario and provider.
fn losses(played: &[Played]) -> String {
    let mut named: BTreeMap<(&str, Vendor), BTreeSet<String>> = BTreeMap::new();
    for one in played {
        if let Verdict::Loss(what) = &one.verdict {
            named.entry((&one.scenario, one.vendor)).or_default().insert(without_numbers(what));
        }
    }
    let mut text = String::from("Named as lost:\n");
    for ((scenario, vendor), what) in named {
        let _ =
            writeln!(text, "  {scenario} on {vendor}: {}", what.into_iter().collect::<Vec<_>>().join(" | "));
    }
    text
}

/// One path for all messages: what is lost matters here, not how often.
fn without_numbers(named: &str) -> String {
    let mut within = false;
    let kept = named.chars().filter(|letter| {
        within = *letter == '[' || within && *letter != ']';
        !(within && letter.is_ascii_digit())
    });
    let paths: String = kept.collect();
    paths.split(", ").collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(", ")
}

/// Why something is not there, for each scenario and client.
fn skips(played: &[Played]) -> String {
    let mut reasons: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for one in played {
        if let Verdict::Skip(why) = &one.verdict {
            reasons.entry((&one.scenario, why)).or_default().insert(one.client.name);
        }
    }
    let mut text = String::from("No such thing:\n");
    for ((scenario, why), clients) in reasons {
        let _ =
            writeln!(text, "  {scenario}: {why} ({})", clients.into_iter().collect::<Vec<_>>().join("; "));
    }
    text
}

/// What is known to fail, and where; and what need not be known any longer.
fn known(played: &[Played]) -> String {
    let mut text = String::new();
    for known in &KNOWN {
        let listed = |one: &&Played| !one.is_direct && known.lists(one.client, one.vendor, &one.scenario);
        let is_it = |one: &&Played| matches!(one.verdict, Verdict::Known(of) if std::ptr::eq(of, known));
        let places: BTreeSet<String> = played.iter().filter(is_it).map(Played::place).collect();
        if !places.is_empty() {
            let places: Vec<String> = places.into_iter().collect();
            let _ = writeln!(text, "Known to fail: {}\n  {}", known.reason, places.join("\n  "));
        } else if played.iter().any(|one| listed(&one)) {
            let _ = writeln!(text, "FAILS NO LONGER, remove it from known.rs: {}", known.reason);
        }
    }
    text
}
