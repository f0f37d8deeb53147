"""Interactions that are kept, by the google-genai SDK: in the background and by agents where Gemini does so, gone on from at
another provider, and not by another key.

GATEWAY, KEY and OTHER_KEY say where and who; GEMINI and OTHER are models.
"""

import os
import time

from google import genai
from google.genai import types
from google.genai._gaos.lib import compat_errors

GEMINI, OTHER = os.environ["GEMINI"], os.environ["OTHER"]
AGENT = "deep-research-preview-04-2026"


def client(key):
    options = types.HttpOptions(base_url=os.environ["GATEWAY"], retry_options=types.HttpRetryOptions(attempts=1))
    return genai.Client(api_key=key, http_options=options)


CLIENTS = [client(os.environ["KEY"]), client(os.environ["OTHER_KEY"])]
ours, theirs = (it.interactions for it in CLIENTS)


def refuses(status, call, *words):
    try:
        call()
    except compat_errors.APIStatusError as error:
        assert error.status_code == status and all(word in str(error) for word in words), error
        return
    raise AssertionError("was taken")


def until_over(interaction):
    until = time.monotonic() + 20
    while interaction.status in {"queued", "in_progress"}:
        assert time.monotonic() < until, interaction
        interaction = ours.get(interaction.id)
    return interaction


def in_the_background():
    begun = ours.create(model=GEMINI, input="Tell me about gates.", background=True)
    assert begun.status == "in_progress", begun
    refuses(404, lambda: theirs.get(begun.id))
    over = until_over(begun)
    assert over.status == "completed" and over.output_text, over
    events = list(ours.get(begun.id, stream=True))
    assert events[-1].event_type == "interaction.completed", events[-1]
    middle = len(events) // 2
    rest = list(ours.get(begun.id, stream=True, last_event_id=events[middle - 1].event_id))
    assert [event.event_id for event in rest] == [event.event_id for event in events[middle:]], rest
    # Seen to be over, it is gone on from anywhere: by its own vendor, by another, and not by another key.
    for model in (GEMINI, OTHER):
        further = ours.create(model=model, input="And who opens them?", previous_interaction_id=begun.id)
        assert further.status == "completed" and further.usage.total_input_tokens > 30, further
        refuses(404, lambda: theirs.create(model=model, input="And?", previous_interaction_id=begun.id), begun.id)
    ours.delete(begun.id)
    refuses(404, lambda: ours.get(begun.id))


def called_off():
    begun = ours.create(model=GEMINI, input="Tell me about walls.", background=True)
    assert ours.cancel(begun.id).status == "cancelled"
    refuses(400, lambda: ours.create(model=OTHER, input="And?", previous_interaction_id=begun.id), "not complete")


def by_an_agent():
    # An agent is asked for as a model is: at a provider.
    begun = ours.create(agent=f"gemini/{AGENT}", input="Look into gates.", background=True)
    assert until_over(begun).status == "completed"


def only_where_the_vendor_does_so():
    provider = OTHER.split("/")[0]
    refuses(400, lambda: ours.create(model=OTHER, input="Hi.", background=True), "background")
    refuses(400, lambda: ours.create(agent=f"{provider}/{AGENT}", input="Hi.", background=True), "agent")
    refuses(400, lambda: ours.create(model=GEMINI, input="Hi.", background=True, store=False), "store")
    refuses(404, lambda: ours.get("v1_nobody"), "v1_nobody")
    refuses(404, lambda: ours.create(model=OTHER, input="Hi.", previous_interaction_id="v1_nobody"), "v1_nobody")


def kept_by_the_gateway():
    first = ours.create(model=OTHER, input="Remember the word lantern.")
    second = ours.create(model=GEMINI, input="Which word was it?", previous_interaction_id=first.id)
    third = ours.create(model=OTHER, input="Say it again.", previous_interaction_id=second.id)
    shown = ours.get(third.id, include_input=True)
    assert shown.output_text == third.output_text and shown.previous_interaction_id == second.id, shown
    refuses(400, lambda: ours.get(third.id, stream=True, last_event_id="3"), "last_event_id")
    refuses(400, lambda: ours.cancel(third.id), "background")
    refuses(404, lambda: theirs.get(third.id))
    refuses(404, lambda: theirs.delete(third.id))
    assert ours.get(third.id).id == third.id


for check in (in_the_background, called_off, by_an_agent, only_where_the_vendor_does_so, kept_by_the_gateway):
    check()
    print(check.__name__)
