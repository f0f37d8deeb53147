use proptest::prelude::*;

use super::*;

type Owned = (Option<String>, String);

fn frames(framing: Framing, chunks: &[&[u8]]) -> Vec<Owned> {
    let mut framer = Framer::new(framing);
    let mut seen = Vec::new();
    let mut each = |frame: Frame<'_>| {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        seen.push((frame.event.map(text), text(frame.data)));
        Ok(())
    };
    for chunk in chunks {
        framer.feed(chunk, &mut each).unwrap();
    }
    framer.finish(&mut each).unwrap();
    seen
}

fn data(text: &str) -> Owned {
    (None, text.to_owned())
}

#[test]
fn every_line_ending_ends_a_line() {
    for body in ["data: a\n\ndata: b\n\n", "data: a\r\rdata: b\r\r", "data: a\r\n\r\ndata: b\r\n\r\n"] {
        assert_eq!(frames(Framing::Sse, &[body.as_bytes()]), [data("a"), data("b")]);
    }
}

#[test]
fn a_crlf_that_is_cut_in_two_makes_no_event() {
    assert_eq!(
        frames(Framing::Sse, &[b"data: a\r", b"\n\r", b"\ndata: b\r\n", b"\r\n"]),
        [data("a"), data("b")]
    );
}

#[test]
fn fields_are_read_as_the_standard_says() {
    let body =
        b"\xef\xbb\xbf: hello\nevent: x\nid: 7\ndata:no space\ndata:  two\ndata\nunknown: y\n\n: ping\n\n";
    assert_eq!(frames(Framing::Sse, &[body]), [(Some("x".to_owned()), "no space\n two\n".to_owned())]);
}

#[test]
fn a_last_event_without_a_blank_line_counts() {
    assert_eq!(frames(Framing::Sse, &[b"data: a\n\ndata: b"]), [data("a"), data("b")]);
    assert_eq!(frames(Framing::JsonLines, &[b"{}\n\n[1]"]), [data("{}"), data("[1]")]);
}

#[test]
fn a_frame_without_end_is_refused() {
    let mut framer = Framer::new(Framing::Sse).with_max_frame_bytes(8);
    assert!(framer.feed(b"data: 123456789", |_| Ok(())).is_err());
}

/// The plainest reading of the standard, on the whole text at once.
fn reference(text: &str) -> Vec<Owned> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n").replace('\r', "\n");
    let mut events = Vec::new();
    let (mut event, mut lines) = (None, Vec::new());
    for line in text.split('\n').chain([""]) {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match (line, field) {
            ("", _) => {
                if !lines.is_empty() {
                    events.push((event.take(), lines.join("\n")));
                }
                (event, lines) = (None, Vec::new());
            }
            (_, "event") => event = Some(value.to_owned()),
            (_, "data") => lines.push(value.to_owned()),
            _ => {}
        }
    }
    events
}

proptest! {
    #[test]
    fn any_split_gives_the_frames_of_the_standard(
        pieces in prop::collection::vec(
            prop::sample::select(vec!["data: é", "data:", "event: x", ": c", "\n", "\r", "\r\n", "\n\n", "x", "\u{feff}"]), 0..24),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let text = pieces.concat();
        let bytes = text.as_bytes();
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let chunks: Vec<&[u8]> = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        prop_assert_eq!(frames(Framing::Sse, &chunks), reference(&text));
        prop_assert_eq!(frames(Framing::Sse, &single), reference(&text));
    }
}
