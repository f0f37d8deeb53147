"""Answers in the background, by the openai SDK's Responses: begun, looked at, read from the middle on, called off.

OPENAI_BASE_URL and OPENAI_API_KEY say where, MODEL whom. The last answer is left to be made by itself.
"""

import os
import time

import openai
from openai import OpenAI

MODEL = os.environ["MODEL"]
client = OpenAI(max_retries=0)


def begin(model=MODEL, **options):
    options = {"input": "Tell me about gates.", "background": True} | options
    return client.responses.create(model=model, **options)


def until_over(response):
    until = time.monotonic() + 20
    while response.status in {"queued", "in_progress"}:
        assert time.monotonic() < until, response
        time.sleep(0.05)
        response = client.responses.retrieve(response.id)
    return response


def refuses(status, call):
    try:
        call()
    except openai.APIStatusError as error:
        assert error.status_code == status, error
        return error
    raise AssertionError("was taken")


def looked_at():
    begun = begin(f"{MODEL}--slow")
    assert begun.status in {"queued", "in_progress"} and begun.background is True, begun
    assert begun.output == [], begun
    over = until_over(begun)
    assert over.id == begun.id and over.status == "completed" and over.background is True, over
    assert over.output_text and over.usage.output_tokens > 0, over
    # It is kept as any other, and can be gone on from.
    listed = client.responses.input_items.list(over.id)
    assert listed.data[0].content[0].text == "Tell me about gates.", listed
    on = client.responses.create(model=MODEL, input="Go on.", previous_response_id=over.id)
    assert on.usage.input_tokens > over.usage.input_tokens, on


def read_from_the_middle():
    seen = []
    with begin(f"{MODEL}--slow", stream=True) as stream:
        for event in stream:
            seen.append(event)
            if len(seen) == 5:
                break
    assert seen[0].type == "response.created" and seen[0].response.background is True, seen[0]
    begun = seen[0].response
    rest = list(client.responses.retrieve(begun.id, stream=True, starting_after=seen[-1].sequence_number))
    numbers = [event.sequence_number for event in seen + rest]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers))), numbers
    assert rest[-1].type == "response.completed" and rest[-1].response.id == begun.id, rest[-1]
    pieces = [event.delta for event in seen + rest if event.type == "response.output_text.delta"]
    assert "".join(pieces) == rest[-1].response.output_text
    again = list(client.responses.retrieve(begun.id, stream=True))
    assert [event.sequence_number for event in again] == numbers


def called_off():
    begun = begin(f"{MODEL}--slow")
    off = client.responses.cancel(begun.id)
    assert off.id == begun.id and off.status == "cancelled", off
    assert client.responses.cancel(begun.id).status == "cancelled"
    assert client.responses.retrieve(begun.id).status == "cancelled"
    error = refuses(400, lambda: client.responses.create(model=MODEL, input="On.", previous_response_id=begun.id))
    assert error.param == "previous_response_id", error
    ordinary = client.responses.create(model=MODEL, input="Hello.")
    refuses(400, lambda: client.responses.cancel(ordinary.id))
    client.responses.delete(begun.id)
    refuses(404, lambda: client.responses.retrieve(begun.id))


def forgotten_while_it_is_made():
    begun = begin(f"{MODEL}--slow")
    client.responses.delete(begun.id)
    time.sleep(0.3)
    refuses(404, lambda: client.responses.retrieve(begun.id))


def what_goes_wrong():
    refuses(400, lambda: begin(store=False))
    refuses(503, lambda: begin(f"{MODEL}--s503"))
    broken = until_over(begin(f"{MODEL}--cut"))
    assert broken.status == "failed" and broken.error.code, broken
    stranger = OpenAI(max_retries=0, api_key=os.environ["OTHER_KEY"])
    mine = until_over(begin())
    refuses(404, lambda: stranger.responses.retrieve(mine.id))
    refuses(400, lambda: client.responses.retrieve(client.responses.create(model=MODEL, input="a").id, extra_query={"stream": "true"}))


looked_at()
read_from_the_middle()
called_off()
forgotten_while_it_is_made()
what_goes_wrong()
begin(f"{MODEL}--slow", metadata={"left": "alone"})
