"""The openai SDK through the gateway, in its usual calls and in all that can go wrong.

OPENAI_BASE_URL and OPENAI_API_KEY say where, MODEL whom; STOP_MODEL, VISION_MODEL and REASONING_MODEL are named where
that takes another model, empty where there is none. Faults are asked for by a suffix of the model's name, as the
simulated providers know them. Prints one JSON line per answer that was billed: {"call", "input", "output"}.
"""

import json
import os
import traceback

import openai
from openai import OpenAI
from pydantic import BaseModel

MODEL = os.environ["MODEL"]
STOP_MODEL = os.environ.get("STOP_MODEL", MODEL)
VISION_MODEL = os.environ.get("VISION_MODEL", MODEL)
REASONING_MODEL = os.environ.get("REASONING_MODEL", MODEL)
PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather of a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 1, "maximum": 5}},
            "required": ["city", "days"],
            "additionalProperties": False,
        },
    },
}
client = OpenAI(max_retries=0)


def user(text):
    return [{"role": "user", "content": text}]


def ask(model=MODEL, **options):
    """A whole answer, by way of the raw response: its headers name the call."""
    raw = client.chat.completions.with_raw_response.create(model=model, **options)
    answer = raw.parse()
    assert raw.headers["x-tollgate-provider"] == model.split("/")[0], raw.headers
    assert raw.headers["x-tollgate-attempts"] == "1", raw.headers
    billed(raw.headers, answer.usage)
    return answer


def billed(headers, usage):
    call = {"call": headers["x-tollgate-call-id"], "input": usage.prompt_tokens, "output": usage.completion_tokens}
    print(json.dumps(call))


def chunks_of(model=MODEL, **options):
    with client.chat.completions.with_streaming_response.create(model=model, stream=True, **options) as raw:
        assert raw.headers["content-type"].startswith("text/event-stream"), raw.headers
        chunks = list(raw.parse())
    if chunks and chunks[-1].usage:
        billed(raw.headers, chunks[-1].usage)
    return chunks


def content(chunks):
    return "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)


def reasons(chunks):
    return [c.choices[0].finish_reason for c in chunks if c.choices and c.choices[0].finish_reason]


def text():
    answer = ask(messages=user("What is a gateway?"))
    choice = answer.choices[0]
    assert choice.finish_reason == "stop" and len(choice.message.content) > 20, answer
    assert choice.message.role == "assistant" and answer.object == "chat.completion" and answer.created > 0, answer
    assert answer.id and answer.model.startswith(MODEL.split("/")[1]), answer


def conversation():
    messages = [
        {"role": "system", "content": "You are terse."},
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Hello. What may I do?"},
        {"role": "user", "content": [{"type": "text", "text": "Tell me of"}, {"type": "text", "text": "gates."}]},
    ]
    answer = ask(messages=messages, temperature=0.5)
    assert answer.choices[0].finish_reason == "stop" and answer.choices[0].message.content, answer
    longer = ask(messages=messages + [{"role": "assistant", "content": "They open."}] + user("And?"), temperature=0.5)
    assert longer.usage.prompt_tokens > answer.usage.prompt_tokens, (answer, longer)


def stream():
    chunks = chunks_of(messages=user("Tell a story"), stream_options={"include_usage": True})
    assert len(content(chunks)) > 20 and len(chunks) > 3 and reasons(chunks) == ["stop"], chunks
    assert chunks[0].choices[0].delta.role == "assistant", chunks[0]
    assert len({chunk.id for chunk in chunks}) == 1 and all(c.object == "chat.completion.chunk" for c in chunks)
    usage = chunks[-1].usage
    assert usage.prompt_tokens > 0 and usage.completion_tokens > 0 and not chunks[-1].choices, chunks[-1]
    with client.chat.completions.stream(model=MODEL, messages=user("Another story")) as helper:
        deltas = "".join(event.delta for event in helper if event.type == "content.delta")
        assert helper.get_final_completion().choices[0].message.content == deltas != ""


def stream_without_usage():
    chunks = chunks_of(messages=user("Tell a third story"))
    assert len(content(chunks)) > 20 and reasons(chunks) == ["stop"], chunks
    # xAI says its usage unasked, and what it says passes untouched.
    asked_for = MODEL.startswith("xai/")
    assert asked_for or all(chunk.choices for chunk in chunks), "a chunk without choices, though no usage was asked for"


def one_tool():
    named = {"type": "function", "function": {"name": "get_weather"}}
    options = {"tools": [WEATHER], "tool_choice": named, "parallel_tool_calls": False}
    answer = ask(messages=user("The weather in Rome, please"), **options)
    calls = answer.choices[0].message.tool_calls
    # A forced choice ends with `stop` at the vendor itself, with `tool_calls` elsewhere.
    assert len(calls) == 1 and answer.choices[0].finish_reason in ("tool_calls", "stop"), answer
    assert calls[0].type == "function" and json.loads(calls[0].function.arguments)["city"], answer


def parallel_tools():
    messages = [{"role": "system", "content": "You know the weather."}, *user("The weather in both Paris and Lima")]
    answer = ask(messages=messages, tools=[WEATHER])
    message = answer.choices[0].message
    assert answer.choices[0].finish_reason == "tool_calls" and len(message.tool_calls) >= 2, answer
    assert len({call.id for call in message.tool_calls}) == len(message.tool_calls)
    for call in message.tool_calls:
        arguments = json.loads(call.function.arguments)
        assert call.function.name == "get_weather" and arguments["city"] and 1 <= arguments["days"] <= 5
    messages.append(message)
    messages += [{"role": "tool", "tool_call_id": call.id, "content": "18 degrees"} for call in message.tool_calls]
    told = ask(messages=messages, tools=[WEATHER])
    assert told.choices[0].finish_reason == "stop" and told.choices[0].message.content, told
    again = ask(messages=messages + [told.choices[0].message.model_dump(exclude_none=True)] + user("Thanks"), tools=[WEATHER])
    assert again.choices, again


def streamed_tools():
    options = {"messages": user("Weather of each of Rome, Oslo"), "tools": [WEATHER]}
    chunks = chunks_of(**options, stream_options={"include_usage": True})
    calls = {}
    for call in (call for c in chunks if c.choices for call in c.choices[0].delta.tool_calls or []):
        known = calls.setdefault(call.index, {"arguments": ""})
        if call.id:
            assert "id" not in known, "a second beginning of one call"
            known |= {"id": call.id, "name": call.function.name}
        known["arguments"] += call.function.arguments or ""
    assert sorted(calls) == list(range(len(calls))) and len(calls) >= 2 and reasons(chunks) == ["tool_calls"], chunks
    assert all(call["name"] == "get_weather" and json.loads(call["arguments"])["city"] for call in calls.values())
    # The helper adds the pieces up by itself; what it made is said back with results.
    with client.chat.completions.stream(model=MODEL, **options) as helper:
        final = helper.get_final_completion().choices[0]
    assert final.finish_reason == "tool_calls" and len(final.message.tool_calls) >= 2, final
    results = [{"role": "tool", "tool_call_id": c.id, "content": "rain"} for c in final.message.tool_calls]
    # xAI names the role in every piece, and the helper adds the names up.
    said = final.message.model_dump(exclude_none=True) | {"role": "assistant"}
    told = chunks_of(messages=options["messages"] + [said] + results, tools=[WEATHER])
    assert content(told) and reasons(told) == ["stop"], told


class Step(BaseModel):
    title: str
    minutes: int


class Plan(BaseModel):
    goal: str
    steps: list[Step]


def structured():
    answer = client.chat.completions.parse(model=MODEL, messages=user("Plan a day"), response_format=Plan)
    plan = answer.choices[0].message.parsed
    assert plan.goal and plan.steps and plan.steps[0].minutes >= 0, answer
    with client.chat.completions.stream(model=MODEL, messages=user("Plan a night"), response_format=Plan) as helper:
        parsed = helper.get_final_completion().choices[0].message.parsed
    assert parsed.goal and parsed.steps, parsed
    schema = {"name": "plan", "schema": Plan.model_json_schema(), "strict": False}
    answer = ask(messages=user("Plan a week"), response_format={"type": "json_schema", "json_schema": schema})
    assert Plan.model_validate_json(answer.choices[0].message.content)


def image():
    question = [{"type": "text", "text": "What is it?"}, {"type": "image_url", "image_url": {"url": PIXEL}}]
    plain = ask(VISION_MODEL, messages=user("What is it?"))
    answer = ask(VISION_MODEL, messages=[{"role": "user", "content": question}])
    assert answer.usage.prompt_tokens > plain.usage.prompt_tokens + 20 and answer.choices[0].message.content, answer


def reasoning():
    options = {"messages": user("Think, then say"), "reasoning_effort": "low"}
    answer = ask(REASONING_MODEL, **options)
    details = answer.usage.completion_tokens_details
    # Ollama does not count what was thought apart; the thought itself is there.
    thought = getattr(answer.choices[0].message, "reasoning_content", None)
    assert thought or details.reasoning_tokens > 0, answer
    chunks = chunks_of(REASONING_MODEL, **options, stream_options={"include_usage": True})
    thought = "".join(getattr(c.choices[0].delta, "reasoning_content", None) or "" for c in chunks if c.choices)
    assert content(chunks) and (thought or chunks[-1].usage.completion_tokens_details.reasoning_tokens > 0), chunks


def stop():
    answer = ask(STOP_MODEL, messages=user("Tell a story"), stop=["e", "zz"])
    assert answer.choices[0].finish_reason == "stop" and "e" not in answer.choices[0].message.content, answer
    chunks = chunks_of(STOP_MODEL, messages=user("Tell a story"), stop="e")
    assert reasons(chunks) == ["stop"] and "e" not in content(chunks), chunks


def limit():
    options = {"messages": user("Tell a long story"), "max_completion_tokens": 8}
    answer = ask(STOP_MODEL, **options)
    assert answer.choices[0].finish_reason == "length" and answer.usage.completion_tokens <= 8, answer
    assert reasons(chunks_of(STOP_MODEL, **options)) == ["length"]
    older = ask(STOP_MODEL, messages=user("Tell a long story"), max_tokens=9)
    assert older.choices[0].finish_reason == "length", older


def models():
    listed = [model.id for model in client.models.list()]
    provider = MODEL.split("/")[0]
    assert "smart" in listed and any(name.startswith(provider + "/") for name in listed), listed
    name = next(name for name in listed if name.startswith(provider + "/"))
    assert client.models.retrieve(name).id == name
    assert client.models.retrieve("smart").owned_by == "tollgate"
    raised(openai.NotFoundError, 404, lambda: client.models.retrieve("no-such-model"))


def raised(kind, status, call):
    try:
        call()
    except openai.APIStatusError as error:
        assert type(error) is kind and error.status_code == status, (kind, status, type(error), error.status_code)
        assert set(error.body) >= {"message", "type", "param", "code"} and error.body["message"], error.body
        assert "<html" not in error.response.text, error.response.text
        return error
    raise AssertionError(f"{status} raised nothing")


CLASSES = {
    400: openai.BadRequestError,
    401: openai.AuthenticationError,
    403: openai.PermissionDeniedError,
    404: openai.NotFoundError,
    413: openai.APIStatusError,
    429: openai.RateLimitError,
    500: openai.InternalServerError,
    503: openai.InternalServerError,
}


def errors():
    for streamed in (False, True):
        for status, kind in CLASSES.items():
            options = {"model": f"{MODEL}--s{status}", "messages": user("x"), "stream": streamed}
            error = raised(kind, status, lambda: client.chat.completions.create(**options))
            assert error.response.headers["x-tollgate-call-id"], error.response.headers
            if status == 429:
                assert float(error.response.headers["retry-after"]) == 1, error.response.headers


def refusals():
    def refused(kind, status, model=MODEL, key=None, messages=None):
        with_key = client.with_options(api_key=key) if key else client
        for streamed in (False, True):
            options = {"model": model, "messages": messages or user("x"), "stream": streamed}
            error = raised(kind, status, lambda: with_key.chat.completions.create(**options))
        return error

    wrong = refused(openai.AuthenticationError, 401, key="sk-not-a-key-of-the-gateway")
    assert wrong.code == "invalid_api_key" and "sk-not" not in str(wrong.body), wrong.body
    raised(openai.AuthenticationError, 401, lambda: client.with_options(api_key="sk-not-a-key").models.list())
    unknown = refused(openai.NotFoundError, 404, model="smrat")
    assert unknown.code == "model_not_found" and unknown.param == "model" and "smart" in unknown.message
    refused(openai.APIStatusError, 413, messages=user("x" * 3_000_000))
    bad = refused(openai.BadRequestError, 400, messages=[{"role": "user", "content": 7}])
    assert bad.message, bad


def broken_streams():
    for fault in ("error_mid", "cut", "no_end", "garbage", "stall"):
        seen = 0
        try:
            for chunk in client.chat.completions.create(model=f"{MODEL}--{fault}", messages=user("x"), stream=True):
                seen += len(chunk.choices)
            raise AssertionError(f"{fault} ended as if nothing had happened")
        except openai.APIError as error:
            assert not isinstance(error, (openai.APIStatusError, openai.APIConnectionError)), (fault, type(error))
            assert seen > 0 and error.message, (fault, error)
    for fault in ("reset", "html", "empty"):
        try:
            client.chat.completions.create(model=f"{MODEL}--{fault}", messages=user("x"), stream=True)
            raise AssertionError(f"{fault} raised nothing")
        except openai.InternalServerError as error:
            assert error.status_code == 502 and error.body["message"] and "<html" not in error.response.text, error


def broken_answers():
    expected = {"error_mid": 500, "cut": 502, "no_end": 502, "garbage": 502, "empty": 502, "html": 502, "reset": 502}
    for fault, status in {**expected, "stall": 504}.items():
        options = {"model": f"{MODEL}--{fault}", "messages": user("x")}
        raised(openai.InternalServerError, status, lambda: client.chat.completions.create(**options))


def retries():
    """What the SDK tries again, the gateway does not; where the gateway has tried several, the SDK does not."""
    patient = client.with_options(max_retries=2)
    answer = patient.chat.completions.create(model=f"{MODEL}--s429x1", messages=user("again"))
    assert answer.choices[0].message.content, answer
    options = {"model": f"{MODEL}--s500x9", "messages": user("again and again")}
    error = raised(openai.InternalServerError, 500, lambda: patient.chat.completions.create(**options))
    assert error.response.headers["x-tollgate-attempts"] == "1", error.response.headers
    error = raised(
        openai.InternalServerError,
        503,
        lambda: patient.chat.completions.create(model="busy-everywhere", messages=user("anywhere")),
    )
    assert error.response.headers["x-tollgate-attempts"] == "2", error.response.headers
    assert error.response.headers["x-should-retry"] == "false", error.response.headers


def leaving():
    """Two that leave early: one in mid-stream, one whose patience ends before the answer begins."""
    options = {"model": f"{MODEL}--slow", "messages": user("Tell a very long story")}
    stream = client.chat.completions.create(**options, stream=True)
    assert next(iter(stream)).choices is not None
    stream.close()
    try:
        client.with_options(timeout=0.15).chat.completions.create(**options)
        raise AssertionError("patience did not end")
    except openai.APITimeoutError:
        pass


ALL = [
    text, conversation, stream, stream_without_usage, one_tool, parallel_tools, streamed_tools, structured, image,
    reasoning, stop, limit, models, errors, refusals, broken_streams, broken_answers, retries,
    leaving,
]  # fmt: skip
failed = []
for check in ALL:
    if check is image and not VISION_MODEL or check is reasoning and not REASONING_MODEL:
        continue
    print(check.__name__, flush=True)
    try:
        check()
    except Exception as error:
        traceback.print_exc()
        failed.append(f"{check.__name__}: {type(error).__name__}")
assert not failed, failed
