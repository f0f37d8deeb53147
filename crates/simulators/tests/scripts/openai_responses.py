"""The openai SDK's Responses. OPENAI_BASE_URL and OPENAI_API_KEY say where, MODEL whom; CHECKS names the checks to make.

What was billed is printed as JSON lines {"id", "input", "output"}.
"""

import json
import os

import openai
from openai import OpenAI
from pydantic import BaseModel

MODEL = os.environ["MODEL"]
WEATHER = {
    "type": "function",
    "name": "get_weather",
    "strict": True,
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
}
client = OpenAI()
once = client.with_options(max_retries=0)


def billed(response):
    usage = response.usage
    assert usage.total_tokens == usage.input_tokens + usage.output_tokens
    print(json.dumps({"id": response.id, "input": usage.input_tokens, "output": usage.output_tokens}))


def text():
    response = client.responses.create(model=MODEL, input="What is a gateway?", instructions="You are terse.")
    assert response.status == "completed" and len(response.output_text) > 20, response
    billed(response)


def stream():
    events = list(client.responses.create(model=MODEL, input="Tell a story", stream=True))
    assert [event.sequence_number for event in events] == list(range(len(events)))
    joined = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert events[-1].type == "response.completed" and events[-1].response.output_text == joined != ""
    billed(events[-1].response)
    with client.responses.stream(model=MODEL, input="Tell another story") as helper:
        deltas = "".join(event.delta for event in helper if event.type == "response.output_text.delta")
        assert helper.get_final_response().output_text == deltas != ""


def tools():
    conversation = [{"role": "user", "content": "Weather in both Paris and Lima?"}]
    with client.responses.stream(model=MODEL, input=conversation, tools=[WEATHER], store=False) as helper:
        for _ in helper:
            pass
        first = helper.get_final_response()
    calls = [item for item in first.output if item.type == "function_call"]
    assert len(calls) >= 2 and all("city" in json.loads(call.arguments) for call in calls), first
    billed(first)
    # As the SDK reads them, items go back.
    conversation += [item.to_dict() for item in first.output]
    for item in conversation:
        item.pop("parsed_arguments", None)
    for call in calls:
        conversation.append({"type": "function_call_output", "call_id": call.call_id, "output": "18 degrees"})
    told = client.responses.create(model=MODEL, input=conversation, tools=[WEATHER], store=False)
    assert told.output_text, told
    billed(told)


def structured():
    class Plan(BaseModel):
        steps: list[str]
        days: int

    response = client.responses.parse(model=MODEL, input="Plan a trip", text_format=Plan)
    assert isinstance(response.output_parsed, Plan), response


def reasoning():
    response = client.responses.create(
        model=MODEL,
        input="Think",
        reasoning={"effort": "high", "summary": "auto"},
        include=["reasoning.encrypted_content"],
        store=False,
    )
    thought = response.output[0]
    assert thought.type == "reasoning" and thought.summary and thought.encrypted_content, response
    assert response.usage.output_tokens_details.reasoning_tokens > 0
    billed(response)


def state():
    first = client.responses.create(model=MODEL, input="One")
    second = client.responses.create(model=MODEL, input="Two", previous_response_id=first.id)
    assert second.usage.input_tokens > first.usage.input_tokens
    assert client.responses.retrieve(second.id).output_text == second.output_text
    items = list(client.responses.input_items.list(second.id, limit=1))
    assert [item.content[0].text for item in items] == ["Two"]
    client.responses.delete(first.id)
    try:
        client.responses.retrieve(first.id)
        raise AssertionError("it was deleted")
    except openai.NotFoundError:
        pass
    work = client.responses.create(model=MODEL, input="Three", background=True)
    assert work.status == "queued" and client.responses.cancel(work.id).status == "cancelled"


def count():
    counted = client.responses.input_tokens.count(model=MODEL, input="What is a gateway?", tools=[WEATHER])
    response = client.responses.create(model=MODEL, input="What is a gateway?", tools=[WEATHER])
    assert counted.input_tokens == response.usage.input_tokens


def errors():
    try:
        once.responses.create(model=MODEL, input=[{"type": "function_call_output", "call_id": "c", "output": "x"}])
        raise AssertionError("a stray result was taken")
    except openai.BadRequestError as error:
        assert error.param == "input" and "No tool call found" in error.message
    for status, kind in ((401, openai.AuthenticationError), (429, openai.RateLimitError), (500, openai.InternalServerError)):
        try:
            once.responses.create(model=f"{MODEL}--s{status}", input="x")
            raise AssertionError(f"{status} raised nothing")
        except kind:
            pass
    failed = once.responses.create(model=f"{MODEL}--failed", input="x")
    assert failed.status == "failed" and failed.error.code == "server_error"
    events = list(once.responses.create(model=f"{MODEL}--failed", input="x", stream=True))
    assert events[-1].type == "response.failed" and events[-1].response.error.message
    try:
        events = list(once.responses.create(model=f"{MODEL}--error_mid", input="x", stream=True))
        assert events[-1].type == "error" and events[-1].message, events[-1]
    except openai.APIError as error:
        assert error.message


ALL = [text, stream, tools, structured, reasoning, state, count, errors]
wanted = os.environ.get("CHECKS", ",".join(check.__name__ for check in ALL)).split(",")
for check in ALL:
    if check.__name__ in wanted:
        print(check.__name__)
        check()
