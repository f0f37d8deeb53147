//! The rows: one thing that a request can say at a time, as a pair of requests with and without it.

use serde_json::{Value, json};
use tollgate_model::{
    ChatRequest, Content, Extra, Format, Message, ModelName, Part, Role, Signature,
    message::{
        CacheHint, Citation, Document, Image, ImageDetail, MediaSource, Opaque, Reasoning, Text, ToolCall,
        ToolCallKind, ToolResult,
    },
    request::{
        CustomTool, JsonSchema, ReasoningEffort, ReasoningMode, ResponseFormat, Tool, ToolChoice, ToolKind,
    },
};
use tollgate_provider::conformance::requests::{Setting, conversations, settings};

/// One thing that a request can say.
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) without: ChatRequest,
    pub(crate) with: ChatRequest,
    /// It is said by a client that sends an answer back as it got it.
    pub(crate) echoed: bool,
    /// There is such a thing: not every vendor has proofs of every kind.
    pub(crate) exists: bool,
}

/// Rows that belong together.
pub(crate) struct Group {
    pub(crate) title: &'static str,
    pub(crate) fields: Vec<Field>,
}

/// All rows, for a client that speaks `own`, and a provider whose proofs are of `theirs`.
pub(crate) fn groups(own: &Format, theirs: &Format) -> Vec<Group> {
    let group = |title, fields| Group { title, fields };
    vec![
        group("Conversation", conversation(own)),
        group("Pictures, documents, sound", media(own)),
        group("Earlier reasoning", earlier_reasoning(theirs)),
        group("Tools", tools(own)),
        group("Tool calls and results", tool_turns()),
        group("How to reason", reasoning()),
        group("The answer's shape and length", shape()),
        group("Sampling", sampling()),
        group("Caching, billing, labels", rest(own)),
    ]
}

/// Settings of the conformance suite that stand in the table in other words.
#[cfg(test)]
pub(crate) const IN_OTHER_WORDS: [&str; 10] = [
    "extra",
    "messages[0].extra",
    "messages[0].parts[0].extra",
    "tools[0].extra",
    "tools[2] (a stranger's)",
    "reasoning.effort",
    "reasoning.mode",
    "service_tier",
    "tools[2] (free text)",
    // Said by the path in one format, and by every client: it is no row.
    "stream",
];

/// The settings that stand in the table as the conformance suite has them.
pub(crate) const NAMES: [(&str, &str); 35] = [
    ("messages[0].name", "a participant's name"),
    ("messages[0].parts[1].detail", "how closely a picture is looked at"),
    ("messages[0].parts[1].filename", "a document's name"),
    ("messages[0].parts[1].context", "what to know about a document"),
    ("messages[0].parts[1].citations", "whether a document is cited"),
    ("tools[0].strict", "a function held to its schema"),
    ("tools[0].cache", "cache hint on a tool"),
    ("tool_choice (none)", "no tool"),
    ("tool_choice (required)", "some tool"),
    ("tool_choice (named)", "one tool by name"),
    ("tool_choice (allowed)", "some of the tools only"),
    ("parallel_tool_calls", "one call at a time"),
    ("messages[2].parts[0].is_error", "a failed tool"),
    ("messages[2].parts[0].parts[1] (a picture)", "a picture in a tool's result"),
    ("reasoning.budget_tokens", "budget of reasoning in tokens"),
    ("response_format (any object)", "any JSON object"),
    ("response_format (a schema)", "JSON after a schema"),
    ("max_output_tokens", "most output tokens"),
    ("stop", "stop texts"),
    ("choices", "several answers"),
    ("logprobs", "likelihoods of tokens"),
    ("modalities", "an answer in sound"),
    ("audio", "voice and encoding of sound"),
    ("sampling.temperature", "temperature"),
    ("sampling.top_p", "top_p"),
    ("sampling.top_k", "top_k"),
    ("sampling.presence_penalty", "presence penalty"),
    ("sampling.frequency_penalty", "frequency penalty"),
    ("sampling.seed", "seed"),
    ("sampling.logit_bias", "logit bias"),
    ("messages[0].parts[0].cache", "cache hint on a part, for an hour"),
    ("cache.automatic", "cache what can be cached"),
    ("cache.key", "cache key"),
    ("cache.content", "cached content made beforehand"),
    ("user", "the end user's id"),
];

/// One of [`NAMES`].
fn setting(path: &str) -> Field {
    let Setting { without, with, .. } = settings().into_iter().find(|it| it.path == path).unwrap();
    let name =
        NAMES.iter().find(|(known, _)| *known == path).map_or("labels for the provider", |(_, it)| *it);
    Field { name, without, with, echoed: false, exists: true }
}

/// A conversation, with another message or part than the plain one.
fn field(name: &'static str, without: ChatRequest, edit: impl FnOnce(&mut ChatRequest)) -> Field {
    let mut with = without.clone();
    edit(&mut with);
    Field { name, without, with, echoed: false, exists: true }
}

fn asking(messages: Vec<Message>) -> ChatRequest {
    ChatRequest::new(ModelName::new("m"), messages)
}

fn plain() -> ChatRequest {
    asking(vec![Message::user("What is a tollgate?")])
}

fn turns() -> ChatRequest {
    asking(vec![Message::user("Think."), Message::assistant("So it is."), Message::user("Go on.")])
}

fn case(name: &str) -> ChatRequest {
    conversations().into_iter().find(|case| case.name == name).unwrap().request
}

fn conversation(own: &Format) -> Vec<Field> {
    let mut cited = Text::new("So it is.");
    cited.citations.push(Citation {
        url: Some("https://a.example".into()),
        title: Some("A".into()),
        ..Citation::default()
    });
    let refused = Part::new(Content::Refusal("No.".into()));
    let mut fields = vec![
        field("system message", plain(), |asked| asked.messages.insert(0, Message::system("Be brief."))),
        field("developer message", plain(), |asked| {
            asked.messages.insert(0, Message::new(Role::Developer, vec![Part::text("Be brief.")]));
        }),
        field("system message inside the conversation", turns(), |asked| {
            asked.messages.insert(2, Message::system("Now shout."));
        }),
        field("earlier turns", plain(), |asked| {
            asked.messages.insert(0, Message::assistant("Hello."));
            asked.messages.insert(0, Message::user("Hi."));
        }),
        field("beginning of the answer, to go on from", plain(), |asked| {
            asked.messages.push(Message::assistant("It is a gate"));
        }),
        field("earlier answer with citations", turns(), |asked| {
            asked.messages[1].parts = vec![Part::new(Content::Text(cited))];
        }),
        field("earlier refusal", turns(), |asked| asked.messages[1].parts = vec![refused]),
        setting("messages[0].name"),
    ];
    if let Some(block) = own_block(own) {
        fields.push(field("block that only this format has", turns(), |asked| {
            asked.messages[1].parts.insert(0, block);
        }));
    }
    fields
}

fn own_block(own: &Format) -> Option<Part> {
    let value = match own.as_str() {
        "anthropic.messages" => {
            json!({"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "toll"}})
        }
        "openai.responses" => {
            json!({"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search", "query": "toll"}})
        }
        "gemini.generate_content" => json!({"executableCode": {"language": "PYTHON", "code": "2"}}),
        "gemini.interactions" => {
            json!({"type": "google_search_call", "id": "c1", "arguments": {"queries": ["toll"]}})
        }
        _ => return None,
    };
    Some(Part::new(Content::Opaque(Opaque { format: own.clone(), value })))
}

fn media(own: &Format) -> Vec<Field> {
    let shown = |name, part: Part| field(name, plain(), |asked| asked.messages[0].parts.push(part));
    let of_case = |name: &str| case(name).messages[0].parts[1].clone();
    let file = || MediaSource::File { id: file_id(own), issuer: own.clone() };
    let picture = |source| Part::new(Content::Image(Image { source, detail: None }));
    let document = |source| {
        Part::new(Content::Document(Document { source, filename: None, context: None, citations: None }))
    };
    let mut closely = setting("messages[0].parts[1].detail");
    // Each vendor has its word for it; all that have one have this.
    if let Content::Image(image) = &mut closely.with.messages[0].parts[1].content {
        image.detail = Some(ImageDetail::High);
    }
    let pdf = MediaSource::Base64 { media_type: "application/pdf".into(), data: "JVBERi0xLjQK".into() };
    let mut fields = vec![
        shown("picture in the body", of_case("a picture in the body")),
        shown("picture at an address", of_case("a picture at an address")),
        closely,
        shown("PDF in the body", document(pdf)),
        shown("PDF at an address", of_case("a PDF at an address")),
        shown("PDF in the vendor's file store", document(file())),
        shown("document of plain text", of_case("a document of text")),
        setting("messages[0].parts[1].filename"),
        setting("messages[0].parts[1].context"),
        setting("messages[0].parts[1].citations"),
        shown("sound in the body", of_case("sound")),
    ];
    // Files in this vendor's store are files, whatever they hold.
    if !own.as_str().starts_with("gemini.") {
        fields.insert(2, shown("picture in the vendor's file store", picture(file())));
    }
    fields
}

fn file_id(own: &Format) -> String {
    match own.as_str() {
        "gemini.generate_content" | "gemini.interactions" => {
            "https://generativelanguage.googleapis.com/v1beta/files/abc".to_owned()
        }
        _ => "file-abc".to_owned(),
    }
}

fn earlier_reasoning(theirs: &Format) -> Vec<Field> {
    let signed = |issuer: &Format, value: &str| Signature { issuer: issuer.clone(), value: value.to_owned() };
    let echoed = |name, exists: bool, part: Part| Field {
        echoed: true,
        exists,
        ..field(name, turns(), |asked| asked.messages[1].parts.insert(0, part))
    };
    let sealed = |issuer: &Format| {
        let reasoning = Reasoning { text: String::new(), encrypted: Some("c2VhbGVk".into()) };
        Part::new(Content::Reasoning(reasoning)).with_signature(signed(issuer, ""))
    };
    let stranger = Format::new("another.vendor");
    let signs = theirs.as_str() == "anthropic.messages";
    let signs_calls = theirs.as_str().starts_with("gemini.");
    let seals = signs || theirs.as_str().ends_with(".responses");
    let thought = |issuer: &Format| Part::reasoning("Hm.").with_signature(signed(issuer, "c2lnbmVk"));
    let call = |issuer: &Format| {
        Part::tool_call("call_1", "time_in", "{\"city\":\"Porto\"}")
            .with_signature(signed(issuer, "c2lnbmVk"))
    };
    let with_result = |name, exists: bool, part: Part| {
        let mut without = plain();
        without.tools = vec![tool()];
        let result = Part::new(Content::ToolResult(ToolResult::text("call_1", "late")));
        let unsigned = Part { signature: None, ..part.clone() };
        without.messages.push(Message::new(Role::Assistant, vec![unsigned]));
        without.messages.push(Message::new(Role::Tool, vec![result]));
        let mut with = without.clone();
        with.messages[1].parts = vec![part];
        Field { name, without, with, echoed: true, exists }
    };
    vec![
        field("reasoning without a signature", turns(), |asked| {
            asked.messages[1].parts.insert(0, Part::reasoning("Two and two."));
        }),
        echoed("reasoning signed by this provider's vendor", signs || signs_calls, thought(theirs)),
        echoed("reasoning signed by another vendor", true, thought(&stranger)),
        echoed("reasoning sealed by this provider's vendor", seals, sealed(theirs)),
        echoed("reasoning sealed by another vendor", true, sealed(&stranger)),
        with_result("call signed by this provider's vendor", signs_calls, call(theirs)),
        with_result("call signed by another vendor", true, call(&stranger)),
    ]
}

fn tool() -> Tool {
    let parameters = json!({
        "type": "object", "properties": {"city": {"type": "string"}},
        "required": ["city"], "additionalProperties": false,
    });
    Tool::function("time_in", "Tells the time", parameters)
}

fn tools(own: &Format) -> Vec<Field> {
    let with_tool = || plain().with_tools(vec![tool()]);
    let free = |format| {
        let kind = CustomTool { name: "free_text".into(), description: Some("Takes text".into()), format };
        Tool::new(ToolKind::Custom(kind))
    };
    let grammar = json!({"type": "grammar", "grammar": {"syntax": "regex", "definition": "[0-9]+"}});
    let mut fields = vec![
        field("function", plain(), |asked| asked.tools = vec![tool()]),
        setting("tools[0].strict"),
        field("tool that takes any text", with_tool(), |asked| asked.tools.push(free(None))),
        Field {
            name: "grammar of a tool that takes any text",
            ..field("", plain().with_tools(vec![free(None)]), |asked| asked.tools = vec![free(Some(grammar))])
        },
        setting("tool_choice (none)"),
        field("tools at will, said so", with_tool(), |asked| asked.tool_choice = Some(ToolChoice::Auto)),
        setting("tool_choice (required)"),
        setting("tool_choice (named)"),
        setting("tool_choice (allowed)"),
        setting("parallel_tool_calls"),
        setting("tools[0].cache"),
    ];
    let own_tool = match own.as_str() {
        "anthropic.messages" => json!({"type": "web_search_20250305", "name": "web_search"}),
        "gemini.generate_content" => json!({"googleSearch": {}}),
        "gemini.interactions" => json!({"type": "google_search"}),
        _ => json!({"type": "web_search"}),
    };
    fields.push(field("tool that the vendor runs", plain(), |asked| {
        let opaque = Opaque { format: own.clone(), value: own_tool };
        asked.tools = vec![Tool::new(ToolKind::Opaque(opaque))];
    }));
    fields
}

fn tool_turns() -> Vec<Field> {
    let turns = || case("parallel tool calls with results");
    let mut only_asked = turns();
    only_asked.messages.truncate(1);
    let custom = ToolCall { kind: ToolCallKind::Custom, ..ToolCall::new("call_3", "free_text", "any text") };
    let document = Document {
        source: MediaSource::Text { text: "Carts pay twopence.".into() },
        filename: None,
        context: None,
        citations: None,
    };
    let broken = field("call whose JSON is broken", turns(), |asked| {
        if let Content::ToolCall(call) = &mut asked.messages[1].parts[0].content {
            call.arguments = "{\"city\": \"Lis".to_owned();
        }
    });
    vec![
        Field { name: "calls and results", without: only_asked, with: turns(), echoed: false, exists: true },
        broken,
        field("call with any text", turns(), |asked| {
            let tool = CustomTool { name: "free_text".into(), description: None, format: None };
            asked.tools.push(Tool::new(ToolKind::Custom(tool)));
            asked.messages[1].parts.push(Part::new(Content::ToolCall(custom)));
            let result = ToolResult::text("call_3", "done");
            asked.messages[2].parts.push(Part::new(Content::ToolResult(result)));
        }),
        setting("messages[2].parts[0].is_error"),
        setting("messages[2].parts[0].parts[1] (a picture)"),
        field("document in a tool's result", turns(), |asked| {
            if let Content::ToolResult(result) = &mut asked.messages[2].parts[0].content {
                result.parts.push(Part::new(Content::Document(document)));
            }
        }),
    ]
}

fn reasoning() -> Vec<Field> {
    let effort = |name, effort| field(name, plain(), |asked| asked.reasoning.effort = Some(effort));
    let mode = |name, mode| field(name, plain(), |asked| asked.reasoning.mode = Some(mode));
    vec![
        effort("effort `none`", ReasoningEffort::None),
        effort("effort `minimal`", ReasoningEffort::Minimal),
        effort("effort `low`", ReasoningEffort::Low),
        effort("effort `high`", ReasoningEffort::High),
        effort("effort `max`", ReasoningEffort::Max),
        setting("reasoning.budget_tokens"),
        mode("as much reasoning as the model likes", ReasoningMode::Adaptive),
        mode("no reasoning", ReasoningMode::Disabled),
        field("reasoning is shown", plain(), |asked| asked.reasoning.visible = Some(true)),
    ]
}

fn shape() -> Vec<Field> {
    let loosely = |strict| {
        ResponseFormat::JsonSchema(JsonSchema {
            name: Some("answer".into()),
            description: Some("What it is".into()),
            schema: json!({"type": "object", "properties": {"answer": {"type": "string"}}}),
            strict,
        })
    };
    vec![
        setting("response_format (any object)"),
        setting("response_format (a schema)"),
        field("JSON after a schema, followed loosely, with a description", plain(), |asked| {
            asked.response_format = Some(loosely(Some(false)));
        }),
        setting("max_output_tokens"),
        setting("stop"),
        field("nine stop texts", plain(), |asked| {
            asked.stop = (0..9).map(|at| format!("HALT {at}")).collect()
        }),
        setting("choices"),
        setting("logprobs"),
        setting("modalities"),
        setting("audio"),
    ]
}

fn sampling() -> Vec<Field> {
    vec![
        setting("sampling.temperature"),
        field("temperature above 1", plain(), |asked| asked.sampling.temperature = Some(1.5)),
        setting("sampling.top_p"),
        setting("sampling.top_k"),
        setting("sampling.presence_penalty"),
        setting("sampling.frequency_penalty"),
        setting("sampling.seed"),
        setting("sampling.logit_bias"),
    ]
}

fn rest(own: &Format) -> Vec<Field> {
    let tier = |name, tier: &str| field(name, plain(), |asked| asked.service_tier = Some(tier.to_owned()));
    let own_field = Extra::new(own.clone(), [("new_field".to_owned(), Value::from(1))].into_iter().collect());
    vec![
        setting("messages[0].parts[0].cache"),
        field("cache hint on a part", plain(), |asked| {
            asked.messages[0].parts[0].cache = Some(CacheHint::Standard);
        }),
        setting("cache.automatic"),
        setting("cache.key"),
        setting("cache.content"),
        tier("class of service `auto`", "auto"),
        tier("class of service `flex`", "flex"),
        tier("class of service `priority`", "priority"),
        setting("user"),
        setting("metadata"),
        field("field that only this format has", plain(), |asked| asked.extra = own_field),
    ]
}
