"""The openai SDK in its usual calls. OPENAI_BASE_URL and OPENAI_API_KEY say where, MODEL whom.

CHECKS names the checks to make (default: all of them). Each prints its name; what was billed is printed as JSON lines
{"id", "input", "output"}. Faults are asked for by a suffix of the model's name, as the simulated providers know them.
"""

import json
import os
import time

import openai
from openai import OpenAI
from pydantic import BaseModel

MODEL = os.environ["MODEL"]
LIMIT = os.environ.get("LIMIT_PARAMETER", "max_completion_tokens")
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
client = OpenAI()
once = client.with_options(max_retries=0)


def said(text):
    return [{"role": "system", "content": "You are terse."}, {"role": "user", "content": text}]


def billed(answer):
    print(json.dumps({"id": answer.id, "input": answer.usage.prompt_tokens, "output": answer.usage.completion_tokens}))


def text():
    answer = client.chat.completions.create(model=MODEL, messages=said("What is a gateway?"))
    choice = answer.choices[0]
    assert choice.finish_reason == "stop" and len(choice.message.content) > 20, answer
    assert answer.usage.total_tokens >= answer.usage.prompt_tokens + answer.usage.completion_tokens > 0
    billed(answer)


def stream():
    chunks = list(
        client.chat.completions.create(
            model=MODEL, messages=said("Tell a story"), stream=True, stream_options={"include_usage": True}
        )
    )
    content = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    reasons = [c.choices[0].finish_reason for c in chunks if c.choices and c.choices[0].finish_reason]
    assert len(content) > 20 and len(chunks) > 3 and reasons == ["stop"], chunks
    assert chunks[-1].usage and chunks[-1].usage.completion_tokens > 0
    billed(chunks[-1])
    with client.chat.completions.stream(model=MODEL, messages=said("Tell another story")) as helper:
        deltas = "".join(event.delta for event in helper if event.type == "content.delta")
        assert helper.get_final_completion().choices[0].message.content == deltas != ""


def limit():
    answer = client.chat.completions.create(model=MODEL, messages=said("Tell a long story"), **{LIMIT: 8})
    assert answer.choices[0].finish_reason == "length", answer


def stop():
    answer = client.chat.completions.create(model=MODEL, messages=said("Tell a story"), stop=["e"])
    assert answer.choices[0].finish_reason == "stop" and "e" not in answer.choices[0].message.content, answer


def choices():
    answer = client.chat.completions.create(model=MODEL, messages=said("Tell a story"), n=3)
    assert [choice.index for choice in answer.choices] == [0, 1, 2]
    assert len({choice.message.content for choice in answer.choices}) == 3


def tools():
    messages = said("The weather in both Paris and Lima, please")
    answer = client.chat.completions.create(model=MODEL, messages=messages, tools=[WEATHER])
    message = answer.choices[0].message
    assert answer.choices[0].finish_reason == "tool_calls" and len(message.tool_calls) >= 2, answer
    assert len({call.id for call in message.tool_calls}) == len(message.tool_calls)
    for call in message.tool_calls:
        arguments = json.loads(call.function.arguments)
        assert call.function.name == "get_weather" and arguments["city"] and 1 <= arguments["days"] <= 5
    messages.append(message)
    messages += [{"role": "tool", "tool_call_id": call.id, "content": "18 degrees"} for call in message.tool_calls]
    told = client.chat.completions.create(model=MODEL, messages=messages, tools=[WEATHER])
    assert told.choices[0].finish_reason == "stop" and told.choices[0].message.content, told
    with client.chat.completions.stream(model=MODEL, messages=said("in parallel, please"), tools=[WEATHER]) as helper:
        final = helper.get_final_completion().choices[0]
    assert final.finish_reason == "tool_calls" and len(final.message.tool_calls) >= 2
    assert all(json.loads(call.function.arguments)["city"] for call in final.message.tool_calls)


class Step(BaseModel):
    title: str
    minutes: int


class Plan(BaseModel):
    goal: str
    steps: list[Step]


def structured():
    answer = client.chat.completions.parse(model=MODEL, messages=said("Plan a day"), response_format=Plan)
    plan = answer.choices[0].message.parsed
    assert plan.goal and plan.steps and plan.steps[0].minutes >= 0, answer


def image():
    content = [{"type": "text", "text": "What is it?"}, {"type": "image_url", "image_url": {"url": PIXEL}}]
    answer = client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": content}])
    assert answer.usage.prompt_tokens > 50 and answer.choices[0].message.content, answer


def reasoning():
    answer = client.chat.completions.create(model=MODEL, messages=said("Think"), reasoning_effort="low")
    assert answer.usage.completion_tokens_details.reasoning_tokens > 0, answer
    billed(answer)


def models():
    assert any(model.id for model in client.models.list())


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
    for status, kind in CLASSES.items():
        for streamed in (False, True):
            try:
                once.chat.completions.create(model=f"{MODEL}--s{status}", messages=said("x"), stream=streamed)
                raise AssertionError(f"{status} raised nothing")
            except openai.APIStatusError as error:
                assert type(error) is kind and error.status_code == status, (status, type(error))
                assert error.message and error.response.json(), error
                assert status != 429 or float(error.response.headers["retry-after"]) == 1
    started = time.monotonic()
    answer = client.chat.completions.create(model=f"{MODEL}--s429x1", messages=said("x"))
    assert answer.choices[0].message.content and time.monotonic() - started >= 0.9, "retry-after was not obeyed"


def broken():
    for fault in ("error_mid", "cut"):
        seen = 0
        try:
            for _ in once.chat.completions.create(model=f"{MODEL}--{fault}", messages=said("x"), stream=True):
                seen += 1
            raise AssertionError(f"{fault} raised nothing")
        except (openai.APIError, openai.APIConnectionError) as error:
            assert seen > 0, (fault, error)
    for fault in ("reset", "cut"):
        try:
            once.chat.completions.create(model=f"{MODEL}--{fault}", messages=said("x"))
            raise AssertionError(f"{fault} raised nothing")
        except openai.APIConnectionError:
            pass
    try:
        once.with_options(timeout=0.5).chat.completions.create(model=f"{MODEL}--stall", messages=said("x"))
        raise AssertionError("a stall raised nothing")
    except openai.APITimeoutError:
        pass


ALL = [text, stream, limit, stop, choices, tools, structured, image, reasoning, models, errors, broken]
wanted = os.environ.get("CHECKS", ",".join(check.__name__ for check in ALL)).split(",")
for check in ALL:
    if check.__name__ in wanted:
        print(check.__name__)
        check()
