"""The anthropic SDK in its usual calls. ANTHROPIC_BASE_URL and ANTHROPIC_API_KEY say where, MODEL whom.

MODEL must be one that takes a thinking budget and sampling parameters. CHECKS as in openai_chat.py.
"""

import json
import os

import anthropic
from anthropic import Anthropic

MODEL = os.environ["MODEL"]
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
WEATHER = {
    "name": "get_weather",
    "description": "The weather of a city",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
client = Anthropic()
once = client.with_options(max_retries=0)


def said(text):
    return [{"role": "user", "content": text}]


def billed(answer):
    usage = answer.usage
    whole = usage.input_tokens + (usage.cache_read_input_tokens or 0) + (usage.cache_creation_input_tokens or 0)
    print(json.dumps({"id": answer.id, "input": whole, "output": usage.output_tokens}))


def text():
    answer = client.messages.create(model=MODEL, max_tokens=900, system="You are terse.", messages=said("Hello"))
    assert answer.stop_reason == "end_turn" and answer.content[0].text, answer
    billed(answer)
    short = client.messages.create(model=MODEL, max_tokens=5, messages=said("Hello"))
    assert short.stop_reason == "max_tokens" and short.usage.output_tokens == 5
    stopped = client.messages.create(model=MODEL, max_tokens=900, messages=said("Hello"), stop_sequences=["e"])
    assert stopped.stop_reason == "stop_sequence" and stopped.stop_sequence == "e"


def stream():
    with client.messages.stream(model=MODEL, max_tokens=900, messages=said("Tell a story")) as helper:
        deltas = "".join(helper.text_stream)
        final = helper.get_final_message()
    assert final.content[0].text == deltas != "" and final.stop_reason == "end_turn"
    billed(final)
    kinds = [e.type for e in client.messages.create(model=MODEL, max_tokens=900, messages=said("x"), stream=True)]
    assert kinds[0] == "message_start" and kinds[-1] == "message_stop", kinds


def tools():
    for thinking in ({"type": "disabled"}, {"type": "enabled", "budget_tokens": 1024}):
        messages = said("The weather in both Paris and Lima")
        ask = dict(model=MODEL, max_tokens=3000, tools=[WEATHER], thinking=thinking)
        with client.messages.stream(messages=messages, **ask) as helper:
            answer = helper.get_final_message()
        calls = [block for block in answer.content if block.type == "tool_use"]
        assert answer.stop_reason == "tool_use" and len(calls) >= 2 and all(call.input["city"] for call in calls)
        assert (answer.content[0].type == "thinking") == (thinking["type"] == "enabled")
        messages.append({"role": "assistant", "content": answer.content})
        results = [{"type": "tool_result", "tool_use_id": call.id, "content": "18 degrees"} for call in calls]
        messages.append({"role": "user", "content": results})
        told = client.messages.create(messages=messages, **ask)
        assert told.stop_reason == "end_turn" and told.content[-1].text, told
        billed(told)


def thinking():
    budget = {"type": "enabled", "budget_tokens": 1024}
    answer = client.messages.create(model=MODEL, max_tokens=2000, messages=said("Think"), thinking=budget)
    first = answer.content[0]
    assert first.type == "thinking" and first.thinking and len(first.signature) > 40
    assert 0 < answer.usage.output_tokens_details.thinking_tokens < answer.usage.output_tokens


def structured():
    schema = {
        "type": "object",
        "properties": {"city": {"type": "string"}, "inhabitants": {"type": "integer"}},
        "required": ["city", "inhabitants"],
        "additionalProperties": False,
    }
    answer = client.messages.create(
        model=MODEL,
        max_tokens=500,
        messages=said("A city"),
        output_config={"format": {"type": "json_schema", "schema": schema}},
    )
    assert isinstance(json.loads(answer.content[0].text)["inhabitants"], int)


def image():
    source = {"type": "base64", "media_type": "image/png", "data": PIXEL}
    content = [{"type": "image", "source": source}, {"type": "text", "text": "What is it?"}]
    answer = client.messages.create(model=MODEL, max_tokens=500, messages=said(content))
    assert answer.usage.input_tokens > 500, answer


def cache():
    def ask(question):
        block = {"type": "text", "text": "A rule. " * 3000, "cache_control": {"type": "ephemeral"}}
        return client.messages.create(model=MODEL, max_tokens=50, system=[block], messages=said(question))

    first, second = ask("One?"), ask("Two?")
    assert first.usage.cache_creation.ephemeral_5m_input_tokens == second.usage.cache_read_input_tokens > 5000
    billed(first)
    billed(second)


def count():
    assert client.messages.count_tokens(model=MODEL, messages=said("Four bytes a token")).input_tokens > 3
    assert client.models.list().data[0].type == "model"


CLASSES = {
    400: anthropic.BadRequestError,
    401: anthropic.AuthenticationError,
    403: anthropic.PermissionDeniedError,
    404: anthropic.NotFoundError,
    429: anthropic.RateLimitError,
    500: anthropic.InternalServerError,
}


def errors():
    for status in (400, 401, 403, 404, 413, 429, 500, 503, 529):
        for streamed in (False, True):
            try:
                once.messages.create(
                    model=f"{MODEL}--s{status}", max_tokens=9, messages=said("x"), stream=streamed
                )
                raise AssertionError(f"{status} raised nothing")
            except anthropic.APIStatusError as error:
                assert isinstance(error, CLASSES.get(status, anthropic.APIStatusError)), (status, type(error))
                assert error.status_code == status and error.body["error"]["message"] and error.request_id
    assert client.messages.create(model=f"{MODEL}--s529x1", max_tokens=9, messages=said("x")).content


def broken():
    for fault in ("error_mid", "cut"):
        seen = 0
        try:
            for _ in once.messages.create(
                model=f"{MODEL}--{fault}", max_tokens=900, messages=said("x"), stream=True
            ):
                seen += 1
        except Exception as error:  # a cut comes as an error of the HTTP library
            assert fault == "cut" or isinstance(error, anthropic.APIStatusError), (fault, error)
            assert seen > 0, (fault, error)
        else:
            raise AssertionError(f"{fault} raised nothing")


ALL = [text, stream, tools, thinking, structured, image, cache, count, errors, broken]
wanted = os.environ.get("CHECKS", ",".join(check.__name__ for check in ALL)).split(",")
for check in ALL:
    if check.__name__ in wanted:
        print(check.__name__)
        check()
