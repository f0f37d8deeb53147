"""The anthropic SDK's Messages through the shared scenarios. See harness.py."""

import json

import anthropic
from anthropic import Anthropic, DefaultHttpxClient
from harness import Answer, Call, main

FINISHES = {"end_turn": "stop", "stop_sequence": "stop", "max_tokens": "length", "tool_use": "tools", "refusal": "refused"}
CHOICES = {"auto": {"type": "auto"}, "none": {"type": "none"}, "required": {"type": "any"}}
CACHED = {"cache_control": {"type": "ephemeral"}}
KINDS = {
    anthropic.BadRequestError: "invalid",
    anthropic.AuthenticationError: "authentication",
    anthropic.NotFoundError: "not_found",
    anthropic.RateLimitError: "rate_limit",
    anthropic.OverloadedError: "overloaded",
    anthropic.InternalServerError: "server",
}


def source(kind, data):
    return {"type": "base64", "media_type": kind, "data": data}


class Messages:
    shows_reasoning = True
    marks_cache = True
    without = {"embeddings": "not in this SDK", "memory": "the format keeps no answers"}

    def __init__(self, base_url, key, note):
        http = DefaultHttpxClient(event_hooks={"response": [note]})
        self.client = Anthropic(base_url=base_url, api_key=key, max_retries=0, http_client=http)

    def with_key(self, key):
        other = object.__new__(Messages)
        other.client = self.client.with_options(api_key=key)
        return other

    def begin(self):
        return {"messages": []}

    def system(self, talk, text, cache):
        talk["system"] = [{"type": "text", "text": text, **(CACHED if cache else {})}]

    def user(self, talk, parts):
        content = [self.part(part) for part in parts]
        talk["messages"].append({"role": "user", "content": content})

    def part(self, part):
        match part:
            case str():
                return {"type": "text", "text": part}
            case (type_, kind, data):
                return {"type": type_, "source": source(kind, data)}

    def answered(self, talk, answer):
        talk["messages"].append({"role": "assistant", "content": answer.own})

    def results(self, talk, results):
        talk["messages"].append({"role": "user", "content": [self.result(*result) for result in results]})

    def result(self, call, kind, value):
        result = {"type": "tool_result", "tool_use_id": call.id, "content": value}
        match kind:
            case "json":
                result["content"] = json.dumps(value)
            case "error":
                result["is_error"] = True
            case "image":
                result["content"] = [{"type": "image", "source": source(*value)}]
        return result

    def body(self, talk, options):
        body = {"model": options.model, "max_tokens": options.max_tokens or 4096, **talk}
        if options.tools:
            body["tools"] = [self.tool(tool) for tool in options.tools]
        if isinstance(options.choice, dict):
            body["tool_choice"] = {"type": "tool", "name": options.choice["tool"]}
        elif options.choice:
            body["tool_choice"] = CHOICES[options.choice]
        if options.parallel is False:
            body["tool_choice"] = {**body.get("tool_choice", CHOICES["auto"]), "disable_parallel_tool_use": True}
        if options.schema:
            body["output_config"] = {"format": {"type": "json_schema", "schema": options.schema}}
        if options.stop:
            body["stop_sequences"] = options.stop
        if options.reasoning:
            body["thinking"] = {"type": "enabled", "budget_tokens": 1024, "display": "summarized"}
        return body

    def tool(self, tool):
        return {"name": tool["name"], "description": tool["description"], "input_schema": tool["parameters"]}

    def ask(self, talk, options):
        return self.read(self.client.messages.create(**self.body(talk, options)))

    def stream(self, talk, options, piece):
        with self.client.messages.stream(**self.body(talk, options)) as stream:
            for text in stream.text_stream:
                piece(text)
            return self.read(stream.get_final_message())

    def read(self, answer):
        usage, blocks = answer.usage, answer.content
        read, written = usage.cache_read_input_tokens or 0, usage.cache_creation_input_tokens or 0
        return Answer(
            id=answer.id,
            model=answer.model,
            text="".join(block.text for block in blocks if block.type == "text"),
            finish=FINISHES.get(answer.stop_reason, answer.stop_reason),
            own=blocks,
            input=usage.input_tokens + read + written,
            output=usage.output_tokens,
            cached=read,
            thought="".join(block.thinking for block in blocks if block.type == "thinking"),
            calls=[Call(block.id, block.name, block.input) for block in blocks if block.type == "tool_use"],
        )

    def models(self):
        return [model.id for model in self.client.models.list()]

    def count(self, talk, options):
        return self.client.messages.count_tokens(model=options.model, **talk).input_tokens

    def kind(self, error):
        known = next((name for cls, name in KINDS.items() if isinstance(error, cls)), None)
        # Any other error of the API, also in a stream. A connection that broke is not one: nobody said anything.
        lost = isinstance(error, anthropic.APIConnectionError)
        return known or ("other" if isinstance(error, anthropic.APIError) and not lost else None)


if __name__ == "__main__":
    main(Messages)
