"""The google-genai SDK's generateContent through the shared scenarios. See harness.py."""

import base64

from google import genai
from google.genai import errors, types
from harness import Answer, Call, main

FINISHES = {"STOP": "stop", "MAX_TOKENS": "length", "SAFETY": "refused", "PROHIBITED_CONTENT": "refused"}
MODES = {"auto": "AUTO", "none": "NONE", "required": "ANY"}


class Content:
    shows_reasoning = True
    marks_cache = False
    without = {"one_tool_at_a_time": "the format has no such switch", "memory": "the format keeps no answers"}

    def __init__(self, base_url, key, note):
        self.base_url, self.note = base_url, note
        self.client = self.with_client(key)

    def with_client(self, key):
        hooks = {"event_hooks": {"response": [self.note]}}
        return genai.Client(api_key=key, http_options=types.HttpOptions(base_url=self.base_url, client_args=hooks))

    def with_key(self, key):
        return Content(self.base_url, key, self.note)

    def begin(self):
        return {"system": None, "contents": []}

    def system(self, talk, text, cache):
        talk["system"] = text

    def user(self, talk, parts):
        talk["contents"].append(types.UserContent([self.part(part) for part in parts]))

    def part(self, part):
        match part:
            case str():
                return types.Part.from_text(text=part)
            case (_, kind, data):
                return types.Part.from_bytes(data=base64.b64decode(data), mime_type=kind)

    def answered(self, talk, answer):
        talk["contents"].append(answer.own)

    def results(self, talk, results):
        talk["contents"].append(types.UserContent([self.result(*result) for result in results]))

    def result(self, call, kind, value):
        response = types.FunctionResponse(id=call.id, name=call.name)
        match kind:
            case "json":
                response.response = value
            case "error":
                response.response = {"error": value}
            case "text":
                response.response = {"output": value}
            case "image":
                media, data = value
                blob = types.FunctionResponseBlob(mime_type=media, data=base64.b64decode(data), display_name="sky.png")
                response.response = {"output": {"$ref": "sky.png"}}
                response.parts = [types.FunctionResponsePart(inline_data=blob)]
        return types.Part(function_response=response)

    def config(self, talk, options):
        config = types.GenerateContentConfig(system_instruction=talk["system"])
        if options.tools:
            declared = [self.declaration(tool) for tool in options.tools]
            config.tools = [types.Tool(function_declarations=declared)]
        if options.choice:
            named = isinstance(options.choice, dict)
            calling = types.FunctionCallingConfig(mode="ANY" if named else MODES[options.choice])
            if named:
                calling.allowed_function_names = [options.choice["tool"]]
            config.tool_config = types.ToolConfig(function_calling_config=calling)
        if options.schema:
            config.response_mime_type, config.response_json_schema = "application/json", options.schema
        if options.max_tokens:
            config.max_output_tokens = options.max_tokens
        if options.stop:
            config.stop_sequences = options.stop
        if options.reasoning:
            config.thinking_config = types.ThinkingConfig(include_thoughts=True, thinking_level="LOW")
        return config

    def declaration(self, tool):
        return types.FunctionDeclaration(
            name=tool["name"], description=tool["description"], parameters_json_schema=tool["parameters"]
        )

    def asked(self, talk, options):
        return {"model": options.model, "contents": talk["contents"], "config": self.config(talk, options)}

    def ask(self, talk, options):
        answer = self.client.models.generate_content(**self.asked(talk, options))
        content = answer.candidates[0].content if answer.candidates else None
        return self.read(answer, (content and content.parts) or [])

    def stream(self, talk, options, piece):
        parts = []
        for chunk in self.client.models.generate_content_stream(**self.asked(talk, options)):
            content = chunk.candidates[0].content if chunk.candidates else None
            for part in (content and content.parts) or []:
                parts.append(part)
                if part.text and not part.thought:
                    piece(part.text)
        return self.read(chunk, parts)

    def read(self, answer, parts):
        usage = answer.usage_metadata
        calls = [part.function_call for part in parts if part.function_call]
        # A prompt that is blocked has no candidate.
        reason = answer.candidates[0].finish_reason.name if answer.candidates else answer.prompt_feedback.block_reason.name
        return Answer(
            id=answer.response_id,
            model=answer.model_version,
            text="".join(part.text for part in parts if part.text and not part.thought),
            # The format has no reason of its own for calls.
            finish="tools" if calls and reason == "STOP" else FINISHES.get(reason, reason),
            # All of the limit can go into thoughts that nobody sees.
            own=types.ModelContent(parts or " "),
            input=usage.prompt_token_count,
            output=(usage.candidates_token_count or 0) + (usage.thoughts_token_count or 0),
            cached=usage.cached_content_token_count or 0,
            thought="".join(part.text for part in parts if part.text and part.thought),
            thought_tokens=usage.thoughts_token_count or 0,
            calls=[Call(call.id, call.name, call.args) for call in calls],
        )

    def models(self):
        return [model.name.removeprefix("models/") for model in self.client.models.list()]

    def count(self, talk, options):
        return self.client.models.count_tokens(model=options.model, contents=talk["contents"]).total_tokens

    def embed(self, model, texts):
        return [item.values for item in self.client.models.embed_content(model=model, contents=texts).embeddings]

    def kind(self, error):
        if not isinstance(error, errors.APIError):
            return None
        if "API_KEY_INVALID" in str(error.details):
            # The vendor's own way: a 400 with this reason.
            return "authentication"
        kinds = {400: "invalid", 401: "authentication", 404: "not_found", 429: "rate_limit", 503: "overloaded"}
        return kinds.get(error.code, "server" if isinstance(error, errors.ServerError) else "other")

    def retry_after(self, error):
        """The vendor says it in the error's details."""
        details = error.details["error"].get("details", [])
        delays = [detail["retryDelay"] for detail in details if "retryDelay" in detail]
        return delays[0].removesuffix("s") if delays else None


if __name__ == "__main__":
    main(Content)
