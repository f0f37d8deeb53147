//! Tools and the choice among them.

use std::borrow::Cow;

use serde_json::Value;
use tollgate_model::{
    ChatRequest, Losses, RequestError,
    request::{CustomTool, FunctionTool, JsonSchema, Tool as CanonicalTool, ToolChoice as Choice, ToolKind},
};
use tollgate_provider::Target;

use super::{FORMAT, cache, conversation::Built, extra_fields};
use crate::{
    names::{ANSWER_TOOL, wire_tool_name},
    wire::{ExtraFields, Place, Schema, Tool, ToolChoice},
};

/// The tools of one request, and what must be observed when one is chosen.
#[derive(Debug, Default)]
pub(super) struct Tooling<'a> {
    tools: Vec<Tool<'a>>,
    /// The tools are there only because the conversation speaks of them.
    history_only: bool,
    /// The last tool stands for the answer.
    answer: bool,
}

impl<'a> Tooling<'a> {
    pub(super) fn new(
        request: &'a ChatRequest,
        conversation: &Built<'a>,
        losses: &mut Losses,
    ) -> Result<Self, RequestError> {
        let allowed = match &request.tool_choice {
            Some(Choice::Allowed { names, .. }) => Some(names),
            _ => None,
        };
        let mut tooling = Self::default();
        let mut left_out = false;
        for (index, tool) in request.tools.iter().enumerate() {
            let is_allowed = |name: &str| allowed.is_none_or(|names| names.iter().any(|known| known == name));
            if name_of(tool).is_some_and(|name| !is_allowed(name)) {
                left_out = true;
            } else if let Some(tool) = definition(index, tool, losses)? {
                tooling.add(index, tool)?;
            }
        }
        if left_out {
            losses.emulated("tool_choice", "the tools that are not allowed are left out");
        }
        if tooling.tools.is_empty() && !conversation.called.is_empty() {
            tooling.describe_history(conversation, losses);
        }
        Ok(tooling)
    }

    fn add(&mut self, index: usize, tool: Tool<'a>) -> Result<(), RequestError> {
        if let Tool::Function { name, .. } = &tool
            && (self.tools.iter().any(|known| wire_name(known) == Some(name)) || name == ANSWER_TOOL)
        {
            return Err(RequestError::invalid_field(
                format!("tools[{index}].name"),
                format!("the tool name `{name}` is taken: Messages names have only letters, digits, _ and -"),
            ));
        }
        self.tools.push(tool);
        Ok(())
    }

    /// A conversation with tool calls in it is refused unless tools are defined.
    fn describe_history(&mut self, conversation: &Built<'a>, losses: &mut Losses) {
        losses.emulated("tools", "the tools of the conversation are described, and may not be called");
        self.history_only = true;
        for name in &conversation.called {
            self.tools.push(Tool::Function {
                name: wire_tool_name(name),
                description: None,
                input_schema: Schema::Open,
                strict: None,
                cache_control: None,
                extra: ExtraFields::default(),
            });
        }
    }

    /// Adds the tool whose input is the answer.
    pub(super) fn answer_by_tool(&mut self, format: &'a JsonSchema) {
        let purpose = "Gives the final answer to the user. Always answer by calling this tool.";
        let description = match &format.description {
            Some(description) => Cow::Owned(format!("{purpose} {description}")),
            None => Cow::Borrowed(purpose),
        };
        if self.history_only {
            self.tools.clear();
            self.history_only = false;
        }
        self.answer = true;
        self.tools.push(Tool::Function {
            name: Cow::Borrowed(ANSWER_TOOL),
            description: Some(description),
            input_schema: object_schema(&format.schema).unwrap_or(Schema::Given(&format.schema)),
            strict: None,
            cache_control: None,
            extra: ExtraFields::default(),
        });
    }

    /// Says whether the model may, must or must not call one, and hands over the tools.
    pub(super) fn choose(
        self,
        target: &Target<'_>,
        request: &'a ChatRequest,
        thinks: bool,
        losses: &mut Losses,
    ) -> (Vec<Tool<'a>>, Option<ToolChoice<'a>>) {
        if self.tools.is_empty() {
            let must = matches!(
                request.tool_choice,
                Some(Choice::Required | Choice::Named(_) | Choice::Allowed { required: true, .. })
            );
            if must {
                losses.dropped("tool_choice", "there is no tool to be called");
            }
            return (self.tools, None);
        }
        let (mut kind, mut name) = self.wanted(request);
        let refused = target.card.and_then(|card| card.rules.forced_tool_choice) == Some(false);
        if matches!(kind, Some("any" | "tool")) && (refused || thinks) {
            let why = if refused {
                "the model refuses to be forced"
            } else {
                "a model that thinks cannot be forced"
            };
            let path = if self.answer { "response_format" } else { "tool_choice" };
            losses.approximated(path, format!("{why}: it is left to choose"));
            (kind, name) = (Some("auto"), None);
        }
        let single = request.parallel_tool_calls == Some(false) && kind != Some("none");
        let kind = if single { kind.or(Some("auto")) } else { kind };
        let choice = kind.map(|kind| ToolChoice {
            kind,
            name: name.map(wire_tool_name),
            disable_parallel_tool_use: single.then_some(true),
        });
        (self.tools, choice)
    }

    fn wanted(&self, request: &'a ChatRequest) -> (Option<&'static str>, Option<&'a str>) {
        if self.history_only {
            return (Some("none"), None);
        }
        if self.answer {
            let alone = self.tools.len() == 1 || matches!(request.tool_choice, Some(Choice::None));
            return if alone { (Some("tool"), Some(ANSWER_TOOL)) } else { (Some("any"), None) };
        }
        match request.tool_choice.as_ref() {
            None => (None, None),
            Some(Choice::None) => (Some("none"), None),
            Some(Choice::Required | Choice::Allowed { required: true, .. }) => (Some("any"), None),
            Some(Choice::Named(name)) => (Some("tool"), Some(name)),
            Some(_) => (Some("auto"), None),
        }
    }
}

fn wire_name<'t>(tool: &'t Tool<'_>) -> Option<&'t str> {
    match tool {
        Tool::Function { name, .. } => Some(name),
        Tool::Opaque(tool) => tool.get("name").and_then(Value::as_str),
    }
}

fn name_of(tool: &CanonicalTool) -> Option<&str> {
    match &tool.kind {
        ToolKind::Function(function) => Some(&function.name),
        ToolKind::Custom(custom) => Some(&custom.name),
        ToolKind::Opaque(opaque) => opaque.value.get("name").and_then(Value::as_str),
        _ => None,
    }
}

fn definition<'a>(
    index: usize,
    tool: &'a CanonicalTool,
    losses: &mut Losses,
) -> Result<Option<Tool<'a>>, RequestError> {
    let path = || format!("tools[{index}]");
    let (name, description, input_schema, strict) = match &tool.kind {
        ToolKind::Function(function) => (
            &function.name,
            function.description.as_deref().map(Cow::Borrowed),
            input_schema(index, function, losses)?,
            function.strict,
        ),
        ToolKind::Custom(custom) => {
            losses.emulated(path(), "a custom tool is a function with one text as its input");
            (&custom.name, custom_description(custom), Schema::CustomInput, None)
        }
        ToolKind::Opaque(opaque) if opaque.format == FORMAT => {
            if tool.cache.is_some() && opaque.value.get("cache_control").is_none() {
                losses.dropped(format!("tools[{index}].cache"), "the tool is sent exactly as it stands");
            }
            return Ok(Some(Tool::Opaque(&opaque.value)));
        }
        ToolKind::Opaque(opaque) => {
            losses.dropped(path(), format!("a tool of {} only", opaque.format));
            return Ok(None);
        }
        _ => {
            losses.dropped(path(), "the format has no such tool");
            return Ok(None);
        }
    };
    let wire = wire_tool_name(name);
    if matches!(wire, Cow::Owned(_)) {
        losses.emulated(format!("tools[{index}].name"), format!("the model knows it as `{wire}`"));
    }
    Ok(Some(Tool::Function {
        name: wire,
        description,
        input_schema,
        strict,
        cache_control: cache::control(tool.cache, &tool.extra, Place::Tool(index)),
        extra: extra_fields(
            &tool.extra,
            &["name", "description", "input_schema", "strict", "cache_control"],
            path,
            losses,
        ),
    }))
}

fn input_schema<'a>(
    index: usize,
    function: &'a FunctionTool,
    losses: &mut Losses,
) -> Result<Schema<'a>, RequestError> {
    let Some(parameters) = &function.parameters else { return Ok(Schema::NoInput) };
    let schema = object_schema(parameters).ok_or_else(|| {
        RequestError::invalid_field(
            format!("tools[{index}].parameters"),
            "the input of a tool must be a JSON Schema whose root is an object",
        )
    })?;
    if matches!(schema, Schema::MadeObject(_)) && parameters.get("type").is_some() {
        losses.approximated(format!("tools[{index}].parameters"), "the root is an object and nothing else");
    }
    Ok(schema)
}

/// Makes the root an object, where it may be one.
fn object_schema(schema: &Value) -> Option<Schema<'_>> {
    let root = schema.as_object()?;
    match root.get("type") {
        Some(Value::String(kind)) => (kind == "object").then_some(Schema::Given(schema)),
        Some(Value::Array(kinds)) => {
            kinds.iter().any(|kind| kind == "object").then_some(Schema::MadeObject(root))
        }
        None => Some(Schema::MadeObject(root)),
        Some(_) => None,
    }
}

fn custom_description(tool: &CustomTool) -> Option<Cow<'_, str>> {
    let Some(format) = &tool.format else { return tool.description.as_deref().map(Cow::Borrowed) };
    let description = tool.description.as_deref().unwrap_or_default();
    Some(Cow::Owned(format!("{description}\n\nThe input follows this format: {format}").trim().to_owned()))
}
