//! Canonical requests that every adapter can be asked to encode.

mod settings;

use serde_json::{Map, Value, json};
use tollgate_model::{
    ChatRequest, Content, Extra, Format, Message, ModelName, Part, Role, Signature,
    message::{Audio, Document, Image, MediaSource, Opaque, ToolResult},
    request::Tool,
};

pub use settings::settings;

/// A picture of one pixel.
const PNG: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII=";
/// The beginning of a PDF.
const PDF: &str = "JVBERi0xLjQKJeLjz9MKJSVFT0YK";
/// A vendor that no adapter is of.
const STRANGER: Format = Format::new("conformance.stranger");

/// A request, and what an encoding of it must show.
#[derive(Debug, Clone)]
pub struct Case {
    /// What it is about.
    pub name: &'static str,
    /// The request.
    pub request: ChatRequest,
    /// Whether every adapter must be able to ask this, if with losses.
    pub must_encode: bool,
    /// Texts of the conversation. Each stands in the encoding, or something is named as lost.
    pub traces: Vec<&'static str>,
}

/// A request in which one thing is asked for, and the same without it.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The thing, as a path of the canonical model.
    pub path: &'static str,
    /// Without it.
    pub without: ChatRequest,
    /// With it.
    pub with: ChatRequest,
}

/// A request for an answer to one text.
#[must_use]
pub fn plain() -> ChatRequest {
    conversation(vec![Message::user("What is a tollgate?")])
}

/// Conversations of every shape.
#[must_use]
pub fn conversations() -> Vec<Case> {
    let mut cases = usual_conversations();
    cases.extend(media_conversations());
    cases.extend(odd_conversations());
    cases
}

fn usual_conversations() -> Vec<Case> {
    let must = |name, request, traces: &[&'static str]| Case {
        name,
        request,
        must_encode: true,
        traces: traces.to_vec(),
    };
    let with_system = vec![Message::system("Answer in rhymes."), Message::user("What is a tollgate?")];
    let turns = vec![
        Message::system("Be brief."),
        Message::user("One question."),
        Message::assistant("One answer."),
        Message::user("Another question, with ünïcödé and \"quotes\" \u{1F6A7}"),
    ];
    let turn_traces = ["Be brief.", "One question.", "One answer.", "with ünïcödé and \"quotes\" \u{1F6A7}"];
    let reasoned = vec![
        Message::user("What is 2 + 2?"),
        Message::new(
            Role::Assistant,
            vec![Part::reasoning("Two and two make four."), Part::text("Four it is.")],
        ),
        Message::user("And 3 + 3?"),
    ];
    vec![
        must("one text", plain(), &["What is a tollgate?"]),
        must("one text, streamed", plain().streamed(), &["What is a tollgate?"]),
        must("a system message", conversation(with_system), &["Answer in rhymes.", "What is a tollgate?"]),
        must("several turns", conversation(turns), &turn_traces),
        must("tools", with_tools(), &["weather_in", "Tells the weather", "time_in"]),
        must(
            "parallel tool calls with results",
            tool_results(),
            &["weather_in", "Lisbon", "time_in", "Porto", "sunny, 23 degrees", "half past nine"],
        ),
        must("earlier reasoning", conversation(reasoned), &["Two and two make four.", "Four it is."]),
    ]
}

fn media_conversations() -> Vec<Case> {
    let may = |name, part: Part, trace| Case {
        name,
        request: conversation(vec![Message::new(Role::User, vec![Part::text("Describe this."), part])]),
        must_encode: false,
        traces: vec!["Describe this.", trace],
    };
    let image = |source| Part::new(Content::Image(Image { source, detail: None }));
    let document = |source, filename: Option<&str>| {
        let filename = filename.map(str::to_owned);
        Part::new(Content::Document(Document { source, filename, context: None, citations: None }))
    };
    let url = |url: &str| MediaSource::Url { url: url.to_owned(), media_type: None };
    let file = || MediaSource::File { id: "file-of-a-stranger".to_owned(), issuer: STRANGER };
    let sound = Audio {
        source: base64("audio/wav", "UklGRiQAAABXQVZF"),
        transcript: None,
        id: None,
        expires_at: None,
    };
    let opaque = Opaque {
        format: STRANGER,
        value: json!({"type": "strange_block", "text": "only a stranger reads it"}),
    };
    let signed = Part::reasoning("I thought so.")
        .with_signature(Signature { issuer: STRANGER, value: "c2lnbmVkLWJ5LWEtc3RyYW5nZXI=".to_owned() });
    let mut signed_turn = may("reasoning signed by a stranger", signed, "c2lnbmVkLWJ5LWEtc3RyYW5nZXI=");
    signed_turn.request.messages[0].role = Role::Assistant;
    signed_turn.request.messages.insert(0, Message::user("Think."));
    signed_turn.request.messages.push(Message::user("Go on."));
    vec![
        may("a picture in the body", image(base64("image/png", PNG)), PNG),
        may(
            "a picture at an address",
            image(url("https://example.com/cat.png")),
            "https://example.com/cat.png",
        ),
        may("a picture in a stranger's store", image(file()), "file-of-a-stranger"),
        may("a PDF in the body", document(base64("application/pdf", PDF), Some("toll.pdf")), PDF),
        may(
            "a PDF at an address",
            document(url("https://example.com/toll.pdf"), None),
            "https://example.com/toll.pdf",
        ),
        may(
            "a document of text",
            document(MediaSource::Text { text: "Carts pay twopence.".to_owned() }, None),
            "Carts pay twopence.",
        ),
        may("sound", Part::new(Content::Audio(sound)), "UklGRiQAAABXQVZF"),
        may("a block of a stranger", Part::new(Content::Opaque(opaque)), "only a stranger reads it"),
        signed_turn,
    ]
}

/// What clients send all the same. Refusing is fine; panicking, or losing in silence, is not.
fn odd_conversations() -> Vec<Case> {
    let odd = |name, messages: Vec<Message>, traces: &[&'static str]| Case {
        name,
        request: conversation(messages),
        must_encode: false,
        traces: traces.to_vec(),
    };
    let call = |arguments: &str| {
        Message::new(Role::Assistant, vec![Part::tool_call("call_1", "weather_in", arguments)])
    };
    let orphan = ToolResult::text("call_of_nobody", "an orphaned result");
    vec![
        odd("no message", vec![], &[]),
        odd("a message without parts", vec![Message::new(Role::User, vec![])], &[]),
        odd("an empty text", vec![Message::user("")], &[]),
        odd("system messages alone", vec![Message::system("Only this.")], &["Only this."]),
        odd(
            "a system message in the middle",
            vec![Message::user("First."), Message::system("Now shout."), Message::user("Second.")],
            &["First.", "Now shout.", "Second."],
        ),
        odd(
            "the assistant speaks last",
            vec![Message::user("Go on:"), Message::assistant("Once upon")],
            &["Once upon"],
        ),
        odd(
            "the assistant speaks first",
            vec![Message::assistant("Hello."), Message::user("Hi.")],
            &["Hello.", "Hi."],
        ),
        odd(
            "one role twice",
            vec![Message::user("This."), Message::user("And that.")],
            &["This.", "And that."],
        ),
        odd("a tool call without arguments", vec![Message::user("Go."), call("")], &["weather_in"]),
        odd(
            "a tool call with broken arguments",
            vec![Message::user("Go."), call("{\"city\": \"Lis")],
            &["Lis"],
        ),
        odd(
            "a tool call with arguments that are no object",
            vec![Message::user("Go."), call("[\"Lis\"]")],
            &["Lis"],
        ),
        odd(
            "a tool call without result",
            vec![Message::user("Go."), call("{}"), Message::user("Well?")],
            &["Well?"],
        ),
        odd(
            "a tool result without call",
            vec![
                Message::user("Go."),
                Message::new(Role::Tool, vec![Part::new(Content::ToolResult(orphan))]),
            ],
            &["an orphaned result"],
        ),
    ]
}

fn conversation(messages: Vec<Message>) -> ChatRequest {
    ChatRequest::new(ModelName::new("asked-for-by-the-client"), messages)
}

fn with_tools() -> ChatRequest {
    let parameters = json!({
        "type": "object",
        "properties": {"city": {"type": "string", "description": "A city's name"}},
        "required": ["city"],
        "additionalProperties": false,
    });
    conversation(vec![Message::user("How is the weather in Lisbon, and how late is it in Porto?")])
        .with_tools(vec![
            Tool::function("weather_in", "Tells the weather", parameters.clone()),
            Tool::function("time_in", "Tells the time", parameters),
        ])
}

fn tool_results() -> ChatRequest {
    let mut request = with_tools();
    let result = |id: &str, text: &str| Part::new(Content::ToolResult(ToolResult::text(id, text)));
    request.messages.extend([
        Message::new(
            Role::Assistant,
            vec![
                Part::tool_call("call_1", "weather_in", "{\"city\":\"Lisbon\"}"),
                Part::tool_call("call_2", "time_in", "{\"city\":\"Porto\"}"),
            ],
        ),
        Message::new(
            Role::Tool,
            vec![result("call_1", "sunny, 23 degrees"), result("call_2", "half past nine")],
        ),
    ]);
    request
}

fn stranger() -> Extra {
    Extra::new(STRANGER, object(json!({"strange_field": "strange value"})))
}

fn base64(media_type: &str, data: &str) -> MediaSource {
    MediaSource::Base64 { media_type: media_type.to_owned(), data: data.to_owned() }
}

fn object(value: Value) -> Map<String, Value> {
    if let Value::Object(map) = value { map } else { Map::new() }
}
