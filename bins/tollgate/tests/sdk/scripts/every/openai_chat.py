"""The openai SDK's Chat Completions through the shared scenarios. See harness.py."""

import json

import openai
from harness import Answer, Call, main
from openai import DefaultHttpxClient, OpenAI
from openai_errors import kind_of

FINISHES = {"tool_calls": "tools", "content_filter": "refused"}


class Chat:
    # What reasoning costs is told; the format has no field in which to ask to see it.
    shows_reasoning = False
    marks_cache = False
    without = {
        "tool_result_image": "results of tools hold text only in this format",
        "count_tokens": "not in this SDK",
        "memory": "the format keeps no answers",
    }

    def __init__(self, base_url, key, note):
        http = DefaultHttpxClient(event_hooks={"response": [note]})
        self.client = OpenAI(base_url=f"{base_url}/v1", api_key=key, max_retries=0, http_client=http)

    def with_key(self, key):
        other = object.__new__(Chat)
        other.client = self.client.with_options(api_key=key)
        return other

    def begin(self):
        return []

    def system(self, talk, text, cache):
        talk.append({"role": "system", "content": text})

    def user(self, talk, parts):
        if len(parts) == 1 and isinstance(parts[0], str):
            return talk.append({"role": "user", "content": parts[0]})
        talk.append({"role": "user", "content": [self.part(part) for part in parts]})

    def part(self, part):
        match part:
            case str():
                return {"type": "text", "text": part}
            case ("image", kind, data):
                return {"type": "image_url", "image_url": {"url": f"data:{kind};base64,{data}"}}
            case (_, kind, data):
                return {"type": "file", "file": {"filename": "gate.pdf", "file_data": f"data:{kind};base64,{data}"}}

    def answered(self, talk, answer):
        talk.append(answer.own)

    def results(self, talk, results):
        for call, kind, value in results:
            text = value if kind == "text" else json.dumps({"error": value} if kind == "error" else value)
            talk.append({"role": "tool", "tool_call_id": call.id, "content": text})

    def body(self, talk, options):
        body = {"model": options.model, "messages": talk}
        if options.tools:
            body["tools"] = [{"type": "function", "function": {**tool, "strict": True}} for tool in options.tools]
        if isinstance(options.choice, dict):
            body["tool_choice"] = {"type": "function", "function": {"name": options.choice["tool"]}}
        elif options.choice:
            body["tool_choice"] = options.choice
        if options.parallel is not None:
            body["parallel_tool_calls"] = options.parallel
        if options.schema:
            schema = {"name": "answer", "schema": options.schema, "strict": True}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        if options.max_tokens:
            body["max_completion_tokens"] = options.max_tokens
        if options.stop:
            body["stop"] = options.stop
        if options.reasoning:
            body["reasoning_effort"] = "low"
        return body

    def ask(self, talk, options):
        answer = self.client.chat.completions.create(**self.body(talk, options))
        return self.read(answer, answer.choices[0].message)

    def stream(self, talk, options, piece):
        usage = {"stream_options": {"include_usage": True}}
        with self.client.chat.completions.stream(**self.body(talk, options), **usage) as stream:
            for event in stream:
                if event.type in ("content.delta", "refusal.delta"):
                    piece(event.delta)
            try:
                answer = stream.get_final_completion()
            except (openai.LengthFinishReasonError, openai.ContentFilterFinishReasonError):
                # The SDK's way of saying why an answer ended early.
                answer = stream.current_completion_snapshot
        message = answer.choices[0].message
        # xAI names the role in every piece, and the SDK adds the names up.
        message.role = "assistant"
        for call in message.tool_calls or []:
            # The SDK's own note, which the API does not know.
            del call.function.parsed_arguments
        return self.read(answer, message)

    def read(self, answer, message):
        usage = answer.usage
        thoughts = (usage.completion_tokens_details and usage.completion_tokens_details.reasoning_tokens) or 0
        calls = [Call(c.id, c.function.name, json.loads(c.function.arguments)) for c in message.tool_calls or []]
        reason = answer.choices[0].finish_reason
        return Answer(
            id=answer.id,
            model=answer.model,
            text=message.content or message.refusal or "",
            finish="refused" if message.refusal else FINISHES.get(reason, reason),
            own=message.to_dict(),
            input=usage.prompt_tokens,
            output=usage.completion_tokens,
            cached=(usage.prompt_tokens_details and usage.prompt_tokens_details.cached_tokens) or 0,
            # Servers like vLLM call it by another name.
            thought=getattr(message, "reasoning_content", None) or getattr(message, "reasoning", None) or "",
            thought_tokens=thoughts,
            calls=calls,
        )

    def models(self):
        return [model.id for model in self.client.models.list()]

    def embed(self, model, texts):
        return [item.embedding for item in self.client.embeddings.create(model=model, input=texts).data]

    def kind(self, error):
        return kind_of(error)


if __name__ == "__main__":
    main(Chat)
