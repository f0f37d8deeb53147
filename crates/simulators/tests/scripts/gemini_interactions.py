"""The google-genai SDK's interactions. GEMINI_BASE_URL and GEMINI_API_KEY say where, MODEL whom.

What was billed is printed as JSON lines {"id", "input", "output"}.
"""

import json
import os

from google import genai
from google.genai import errors, types

MODEL = os.environ["MODEL"]
options = types.HttpOptions(base_url=os.environ["GEMINI_BASE_URL"])
client = genai.Client(api_key=os.environ["GEMINI_API_KEY"], http_options=options)
WEATHER = {
    "type": "function",
    "name": "get_weather",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


def billed(interaction):
    usage = interaction.usage
    output = usage.total_output_tokens + usage.total_thought_tokens
    assert usage.total_tokens == usage.total_input_tokens + output
    print(json.dumps({"id": interaction.id, "input": usage.total_input_tokens, "output": output}))


first = client.interactions.create(model=MODEL, input="What is a gateway?", system_instruction="You are terse.")
assert first.status == "completed" and len(first.output_text) > 20, first
billed(first)

text = ""
for event in client.interactions.create(model=MODEL, input="Tell a story", stream=True):
    if event.event_type == "step.delta" and event.delta.type == "text":
        text += event.delta.text
assert event.event_type == "interaction.completed" and event.interaction.status == "completed"
assert client.interactions.get(id=event.interaction.id).output_text == text != ""
billed(event.interaction)

called = client.interactions.create(model=MODEL, input="Weather in both Paris and Lima?", tools=[WEATHER])
assert called.status == "requires_action", called
calls = [step for step in called.steps if step.type == "function_call"]
assert len(calls) >= 2 and all("city" in call.arguments for call in calls)
results = [{"type": "function_result", "call_id": call.id, "name": call.name, "result": "18 degrees"} for call in calls]
told = client.interactions.create(model=MODEL, input=results, previous_interaction_id=called.id, tools=[WEATHER])
assert told.output_text, told
billed(told)

# The same without anything kept: the steps go back as the SDK read them.
question = {"type": "user_input", "content": [{"type": "text", "text": "Weather in both Paris and Lima?"}]}
steps = [step.model_dump(exclude_none=True) for step in called.steps]
again = client.interactions.create(model=MODEL, input=[question, *steps, *results], tools=[WEATHER], store=False)
assert again.output_text, again

work = client.interactions.create(agent="deep-research-preview-04-2026", input="Bridges", background=True)
assert work.status == "in_progress" and client.interactions.cancel(id=work.id).status == "cancelled"
client.interactions.delete(id=first.id)
try:
    client.interactions.get(id=first.id)
    raise AssertionError("it was deleted")
except Exception as error:
    assert getattr(error, "status_code", None) == 404, repr(error)
try:
    client.interactions.create(model=MODEL, input="x", generation_config={"thinking_level": "none"})
    raise AssertionError("a level that is none was taken")
except Exception as error:
    assert getattr(error, "status_code", None) == 400 and "Thinking level" in str(error), repr(error)
failed = client.interactions.create(model=f"{MODEL}--failed", input="x")
assert failed.status == "failed" and failed.errors[0].message
