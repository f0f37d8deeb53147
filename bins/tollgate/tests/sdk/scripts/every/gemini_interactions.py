"""The google-genai SDK's Interactions through the shared scenarios. See harness.py."""

import json

from google import genai
from google.genai import types
from google.genai._gaos.lib import compat_errors
from harness import Answer, Call, main, need

STATUSES = {"completed": "stop", "requires_action": "tools", "incomplete": "length"}
MODES = {"auto": "auto", "none": "none", "required": "any"}
NO_WORD = "the vendor's pages do not say how such an answer is told, and the simulated vendor tells it as a complete one"


class Failed(Exception):
    """A stream that says of itself that it failed, or that has no end."""


class Interactions:
    shows_reasoning = True
    marks_cache = False
    without = {
        "one_tool_at_a_time": "the format has no such switch",
        "models": "played with generateContent",
        "count_tokens": "the format counts no tokens",
        "embeddings": "played with generateContent",
    }
    # The vendor's errors do not say when to try again.
    untimed_at = ("gemini",)
    without_at = {"gemini": {"filtered_answer": NO_WORD, "blocked_prompt": NO_WORD}}

    def __init__(self, base_url, key, note):
        self.base_url, self.note = base_url, note
        options = types.HttpOptions(
            base_url=base_url,
            client_args={"event_hooks": {"response": [note]}},
            retry_options=types.HttpRetryOptions(attempts=1),
        )
        # The SDK closes its connections with the client.
        self.client = genai.Client(api_key=key, http_options=options)
        self.kept = self.client.interactions

    def with_key(self, key):
        return Interactions(self.base_url, key, self.note)

    def begin(self):
        return {"input": []}

    def system(self, talk, text, cache):
        talk["system_instruction"] = text

    def user(self, talk, parts):
        talk["input"].append({"type": "user_input", "content": [self.part(part) for part in parts]})

    def part(self, part):
        match part:
            case str():
                return {"type": "text", "text": part}
            case (what, kind, data):
                return {"type": what, "mime_type": kind, "data": data}

    def answered(self, talk, answer):
        talk["input"] += answer.own

    def results(self, talk, results):
        for call, kind, value in results:
            step = {"type": "function_result", "call_id": call.id, "name": call.name, "result": value}
            if kind == "image":
                step["result"] = [self.part(("image", *value))]
            elif kind == "error":
                step["is_error"] = True
            talk["input"].append(step)

    def body(self, talk, options):
        body = {"model": options.model, "store": False, **talk}
        config = {}
        if options.tools:
            body["tools"] = [{"type": "function", **tool} for tool in options.tools]
        if isinstance(options.choice, dict):
            config["tool_choice"] = {"allowed_tools": {"mode": "any", "tools": [options.choice["tool"]]}}
        elif options.choice:
            config["tool_choice"] = MODES[options.choice]
        if options.schema:
            body["response_format"] = {"type": "text", "mime_type": "application/json", "schema": options.schema}
        if options.max_tokens:
            config["max_output_tokens"] = options.max_tokens
        if options.stop:
            config["stop_sequences"] = options.stop
        if options.reasoning:
            config |= {"thinking_level": "low", "thinking_summaries": "auto"}
        return {**body, "generation_config": config} if config else body

    def ask(self, talk, options):
        answer = self.kept.create(**self.body(talk, options))
        return self.read(answer, [self.plain(step) for step in answer.steps or []])

    def stream(self, talk, options, piece):
        steps, last, self.steps_seen = {}, None, 0
        for event in self.kept.create(stream=True, **self.body(talk, options)):
            match event.event_type:
                case "step.start":
                    steps[event.index] = self.plain(event.step)
                    self.steps_seen += 1
                case "step.delta":
                    self.grow(steps[event.index], self.plain(event.delta), piece)
                case "step.stop":
                    step = steps[event.index]
                    if isinstance(step.get("arguments"), str):
                        step["arguments"] = json.loads(step["arguments"])
                case "interaction.completed":
                    last = event.interaction
                case "error":
                    raise Failed(event.error.message)
        if last is None:
            raise Failed("the stream ended without an end")
        return self.read(last, list(steps.values()))

    def grow(self, step, delta, piece):
        match delta["type"]:
            case "text":
                piece(delta["text"])
                content = step.setdefault("content", [])
                if content and content[-1]["type"] == "text":
                    content[-1]["text"] += delta["text"]
                else:
                    content.append(delta)
            case "thought_summary":
                step.setdefault("summary", []).append(delta["content"])
            case "thought_signature":
                step["signature"] = delta["signature"]
            case "arguments_delta":
                said = step["arguments"] if isinstance(step["arguments"], str) else ""
                step["arguments"] = said + delta["arguments"]

    def plain(self, value):
        return value.model_dump(mode="json", exclude_none=True)

    def read(self, answer, steps):
        usage, texts = answer.usage, [part for step in steps if step["type"] == "model_output" for part in step.get("content", [])]
        thoughts = [part for step in steps if step["type"] == "thought" for part in step.get("summary", [])]
        finish = STATUSES.get(answer.status, answer.status)
        return Answer(
            id=answer.id,
            model=answer.model,
            text="".join(part["text"] for part in texts if part["type"] == "text"),
            finish="refused" if getattr(answer, "errors", None) else finish,
            own=steps,
            input=usage.total_input_tokens,
            output=(usage.total_output_tokens or 0) + (usage.total_thought_tokens or 0),
            cached=usage.total_cached_tokens or 0,
            thought="".join(part["text"] for part in thoughts),
            thought_tokens=usage.total_thought_tokens or 0,
            calls=[Call(it["id"], it["name"], it["arguments"]) for it in steps if it["type"] == "function_call"],
        )

    def memory(self, options, first_said, then):
        """Two answers that are kept, the second going on from the first; what is kept is shown and forgotten."""
        kept = self.kept
        first = kept.create(model=options.model, input=first_said)
        second = kept.create(model=options.model, input=then, previous_interaction_id=first.id)
        again = kept.get(second.id, include_input=True)
        need(again.output_text == second.output_text, "the answer is shown again", second.id)
        need(again.previous_interaction_id == first.id, "it says what it goes on from", again)
        need(then in json.dumps(self.plain(again)["input"]), "what was asked is shown", again)
        events = [event.event_type for event in kept.get(second.id, stream=True)]
        need(events[0] == "interaction.created" and "interaction.completed" in events, "it is told again", events)
        streamed = [event for event in kept.create(model=options.model, input=then, previous_interaction_id=first.id, stream=True)]
        last = next(event.interaction for event in streamed if event.event_type == "interaction.completed")
        shown = kept.get(last.id)
        need(shown.output_text and shown.status == "completed", "a streamed answer is kept whole", shown)
        third = kept.create(model=options.model, input="Say it again.", previous_interaction_id=last.id)
        need(third.usage.total_input_tokens > first.usage.total_input_tokens, "a streamed answer is gone on from", third)
        try:
            kept.cancel(second.id)
            raise Failed("what is over was cancelled")
        except compat_errors.BadRequestError:
            pass
        kept.delete(first.id)
        try:
            kept.get(first.id)
        except compat_errors.NotFoundError:
            return tuple(self.read(it, [self.plain(step) for step in it.steps]) for it in (first, second))
        raise Failed("what was deleted is still there")

    def kind(self, error):
        if isinstance(error, Failed):
            return "other"
        if not isinstance(error, compat_errors.APIStatusError):
            return None
        kinds = {400: "invalid", 401: "authentication", 404: "not_found", 429: "rate_limit", 503: "overloaded"}
        return kinds.get(error.status_code, "server" if error.status_code >= 500 else "other")


if __name__ == "__main__":
    main(Interactions)
