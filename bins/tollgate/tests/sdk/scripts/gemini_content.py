"""The google-genai SDK in its usual calls. GEMINI_BASE_URL and GEMINI_API_KEY say where, MODEL whom.

CHECKS as in openai_chat.py.
"""

import base64
import json
import os

from google import genai
from google.genai import errors as kinds
from google.genai import types
from pydantic import BaseModel

MODEL = os.environ["MODEL"]
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
options = types.HttpOptions(base_url=os.environ["GEMINI_BASE_URL"])
client = genai.Client(api_key=os.environ["GEMINI_API_KEY"], http_options=options)


def config(**fields):
    return types.GenerateContentConfig(**fields)


def billed(answer):
    usage = answer.usage_metadata
    output = (usage.candidates_token_count or 0) + (usage.thoughts_token_count or 0)
    assert usage.total_token_count == usage.prompt_token_count + output
    print(json.dumps({"id": answer.response_id, "input": usage.prompt_token_count, "output": output}))


def text():
    answer = client.models.generate_content(
        model=MODEL, contents="What is a gateway?", config=config(system_instruction="You are terse.")
    )
    assert answer.candidates[0].finish_reason == types.FinishReason.STOP and len(answer.text) > 20
    billed(answer)
    short = client.models.generate_content(model=MODEL, contents="x", config=config(max_output_tokens=4))
    assert short.candidates[0].finish_reason == types.FinishReason.MAX_TOKENS
    chat = client.chats.create(model=MODEL)
    assert chat.send_message("One").text and chat.send_message("Two").text and len(chat.get_history()) == 4


def stream():
    chunks = list(client.models.generate_content_stream(model=MODEL, contents="Tell a long story"))
    assert "".join(chunk.text or "" for chunk in chunks)
    assert chunks[-1].candidates[0].finish_reason == types.FinishReason.STOP
    billed(chunks[-1])


WEATHER = types.FunctionDeclaration(
    name="get_weather",
    parameters_json_schema={"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)


def tools():
    settings = config(tools=[types.Tool(function_declarations=[WEATHER])])
    contents = [types.UserContent("The weather in both Paris and Lima")]
    answer = client.models.generate_content(model=MODEL, contents=contents, config=settings)
    calls = answer.function_calls
    assert len(calls) >= 2 and all(call.args["city"] for call in calls)
    contents.append(answer.candidates[0].content)
    results = [types.Part.from_function_response(name=call.name, response={"degrees": 18}) for call in calls]
    contents.append(types.UserContent(results))
    told = client.models.generate_content(model=MODEL, contents=contents, config=settings)
    assert told.text and not told.function_calls
    contents[1].parts = [types.Part(function_call=part.function_call) for part in contents[1].parts if part.function_call]
    try:
        client.models.generate_content(model=MODEL, contents=contents, config=settings)
        raise AssertionError("calls without their signatures were taken")
    except kinds.ClientError as error:
        assert error.code == 400 and "thought_signature" in error.message

    def get_weather(city: str) -> str:
        """The weather of a city."""
        return f"18 degrees in {city}"

    # The SDK calls the function itself and sends its result.
    assert client.models.generate_content(model=MODEL, contents="Weather?", config=config(tools=[get_weather])).text


def thinking():
    settings = config(thinking_config=types.ThinkingConfig(include_thoughts=True))
    answer = client.models.generate_content(model=MODEL, contents="Think", config=settings)
    parts = answer.candidates[0].content.parts
    assert parts[0].thought and parts[-1].thought_signature and answer.usage_metadata.thoughts_token_count > 0


class City(BaseModel):
    name: str
    inhabitants: int


def structured():
    settings = config(response_mime_type="application/json", response_schema=list[City])
    answer = client.models.generate_content(model=MODEL, contents="Cities", config=settings)
    assert isinstance(answer.parsed[0], City)


def image():
    contents = [types.Part.from_bytes(data=PIXEL, mime_type="image/png"), "What is it?"]
    answer = client.models.generate_content(model=MODEL, contents=contents)
    assert answer.usage_metadata.prompt_token_count > 200
    assert client.models.count_tokens(model=MODEL, contents=contents).total_tokens > 200
    assert next(iter(client.models.list())).name.startswith("models/")


def errors():
    for status in (400, 401, 403, 404, 413, 429, 500, 503):
        for call in (client.models.generate_content, client.models.generate_content_stream):
            try:
                list(call(model=f"{MODEL}--s{status}", contents="x"))
                raise AssertionError(f"{status} raised nothing")
            except kinds.APIError as error:
                kind = kinds.ServerError if status >= 500 else kinds.ClientError
                assert type(error) is kind and error.code == status and error.message and error.status, error


def broken():
    for fault in ("error_mid", "cut"):
        seen = 0
        try:
            for _ in client.models.generate_content_stream(model=f"{MODEL}--{fault}", contents="Tell a long story"):
                seen += 1
        except Exception as error:  # a cut comes as an error of the HTTP library
            assert fault == "cut" or isinstance(error, kinds.ServerError), (fault, error)
            assert seen > 0, (fault, error)
        else:
            raise AssertionError(f"{fault} raised nothing")


ALL = [text, stream, tools, thinking, structured, image, errors, broken]
wanted = os.environ.get("CHECKS", ",".join(check.__name__ for check in ALL)).split(",")
for check in ALL:
    if check.__name__ in wanted:
        print(check.__name__)
        check()
