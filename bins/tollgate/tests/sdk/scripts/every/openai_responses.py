"""The openai SDK's Responses through the shared scenarios. See harness.py."""

import json

from harness import Answer, Call, main, need
from openai import DefaultHttpxClient, NotFoundError, OpenAI
from openai_errors import kind_of

FINISHES = {"max_output_tokens": "length", "content_filter": "refused"}
DELTAS = ("response.output_text.delta", "response.refusal.delta")
ENDS = ("response.completed", "response.incomplete", "response.failed")


class Failed(Exception):
    """An answer that says of itself that it failed."""


class Responses:
    shows_reasoning = True
    marks_cache = False
    without = {"stop": "the format has no stop texts", "embeddings": "played with Chat Completions"}

    def __init__(self, base_url, key, note):
        http = DefaultHttpxClient(event_hooks={"response": [note]})
        self.client = OpenAI(base_url=f"{base_url}/v1", api_key=key, max_retries=0, http_client=http)

    def with_key(self, key):
        other = object.__new__(Responses)
        other.client = self.client.with_options(api_key=key)
        return other

    def begin(self):
        return {"input": []}

    def system(self, talk, text, cache):
        talk["instructions"] = text

    def user(self, talk, parts):
        talk["input"].append({"role": "user", "content": [self.part(part) for part in parts]})

    def part(self, part):
        match part:
            case str():
                return {"type": "input_text", "text": part}
            case ("image", kind, data):
                return {"type": "input_image", "detail": "auto", "image_url": f"data:{kind};base64,{data}"}
            case (_, kind, data):
                return {"type": "input_file", "filename": "gate.pdf", "file_data": f"data:{kind};base64,{data}"}

    def answered(self, talk, answer):
        talk["input"] += answer.own

    def results(self, talk, results):
        for call, kind, value in results:
            if kind == "image":
                output = [self.part(("image", *value))]
            else:
                output = value if kind == "text" else json.dumps({"error": value} if kind == "error" else value)
            talk["input"].append({"type": "function_call_output", "call_id": call.id, "output": output})

    def body(self, talk, options):
        body = {"model": options.model, "store": False, **talk}
        if options.tools:
            body["tools"] = [{"type": "function", "strict": True, **tool} for tool in options.tools]
        if isinstance(options.choice, dict):
            body["tool_choice"] = {"type": "function", "name": options.choice["tool"]}
        elif options.choice:
            body["tool_choice"] = options.choice
        if options.parallel is not None:
            body["parallel_tool_calls"] = options.parallel
        if options.schema:
            body["text"] = {"format": {"type": "json_schema", "name": "answer", "schema": options.schema, "strict": True}}
        if options.max_tokens:
            body["max_output_tokens"] = options.max_tokens
        if options.reasoning:
            body["reasoning"] = {"effort": "low", "summary": "auto"}
            body["include"] = ["reasoning.encrypted_content"]
        return body

    def ask(self, talk, options):
        return self.read(self.client.responses.create(**self.body(talk, options)))

    def stream(self, talk, options, piece):
        answer = None
        with self.client.responses.stream(**self.body(talk, options)) as stream:
            for event in stream:
                if event.type in DELTAS:
                    piece(event.delta)
                elif event.type in ENDS:
                    answer = event.response
        if answer is None:
            raise Failed("the stream ended without an end")
        return self.read(answer)

    def read(self, answer):
        if answer.status == "failed":
            raise Failed(answer.error.message)
        usage, items = answer.usage, answer.output
        calls = [Call(it.call_id, it.name, json.loads(it.arguments)) for it in items if it.type == "function_call"]
        thoughts = [it for it in items if it.type == "reasoning"]
        cut = answer.incomplete_details and answer.incomplete_details.reason
        refusals = [part.refusal for it in items if it.type == "message" for part in it.content if part.type == "refusal"]
        finish = FINISHES.get(cut, cut) or ("refused" if refusals else None)
        return Answer(
            id=answer.id,
            model=answer.model,
            text=answer.output_text or "".join(refusals),
            finish=finish or ("tools" if calls else "stop"),
            own=[self.again(item.to_dict()) for item in items],
            input=usage.input_tokens,
            output=usage.output_tokens,
            cached=usage.input_tokens_details.cached_tokens,
            thought="".join(part.text for it in thoughts for part in [*it.summary, *(it.content or [])]),
            thought_tokens=usage.output_tokens_details.reasoning_tokens,
            calls=calls,
        )

    def again(self, item):
        """An item as it goes back: without the SDK's own notes, which the API does not know."""
        item.pop("parsed_arguments", None)
        for part in item.get("content") or []:
            part.pop("parsed", None)
        return item

    def memory(self, options, first_said, then):
        """Two answers that are kept, the second going on from the first; what is kept is shown and forgotten."""
        kept = self.client.responses
        first = kept.create(model=options.model, input=first_said)
        second = kept.create(model=options.model, input=then, previous_response_id=first.id)
        need(kept.retrieve(second.id).output_text == second.output_text, "the answer is shown again", second.id)
        said = [item for item in kept.input_items.list(second.id) if item.type == "message"]
        texts = [part.text for item in said for part in item.content]
        need(then in texts, "what was asked is listed", texts)
        kept.delete(first.id)
        try:
            kept.retrieve(first.id)
        except NotFoundError:
            return self.read(first), self.read(second)
        raise Failed("what was deleted is still there")

    def models(self):
        return [model.id for model in self.client.models.list()]

    def count(self, talk, options):
        return self.client.responses.input_tokens.count(model=options.model, **talk).input_tokens

    def kind(self, error):
        return "other" if isinstance(error, Failed) else kind_of(error)


if __name__ == "__main__":
    main(Responses)
