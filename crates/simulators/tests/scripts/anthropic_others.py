"""The anthropic SDK beside messages: counting tokens, lists of models by pages."""

import json
import os

from anthropic import Anthropic

MODEL = os.environ["MODEL"]
client = Anthropic()
tool = {"name": "f", "input_schema": {"type": "object", "properties": {"a": {"type": "string"}}}}
question = {"model": MODEL, "messages": [{"role": "user", "content": "Tell me"}], "system": "Be brief.", "tools": [tool]}
counted = client.messages.count_tokens(**question)
message = client.messages.create(max_tokens=50, **question)
assert counted.input_tokens == message.usage.input_tokens
print(json.dumps({"path": "/v1/messages", "input": message.usage.input_tokens, "output": message.usage.output_tokens}))

names = [model.id for model in client.models.list(limit=2)]
assert len(names) > 2 and len(set(names)) == len(names), names
model = client.models.retrieve("claude-opus-5-5")
assert model.lifecycle == "active" and model.capabilities.thinking.types.adaptive.supported
assert not model.capabilities.thinking.types.disabled.supported
