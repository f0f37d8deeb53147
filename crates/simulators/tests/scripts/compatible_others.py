"""The openai SDK with a local server that copies the API: chat with reasoning, embeddings, completions, models, rerank."""

import json

from openai import OpenAI

client = OpenAI()


def billed(path, usage, output=None):
    output = usage.completion_tokens if output is None else output
    print(json.dumps({"path": path, "input": usage.prompt_tokens, "output": output}))


names = [model.id for model in client.models.list()]
generates = names[0]
answer = client.chat.completions.create(model=generates, messages=[{"role": "user", "content": "Tell me"}])
assert answer.choices[0].message.content and answer.choices[0].message.reasoning, answer
billed("/v1/chat/completions", answer.usage)
chunks = list(client.chat.completions.create(model=generates, messages=[{"role": "user", "content": "Tell me"}], stream=True))
assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
answer = client.completions.create(model=generates, prompt="Once")
assert answer.choices[0].text
billed("/v1/completions", answer.usage)
answer = client.embeddings.create(model="BAAI/bge-m3", input="one")
assert len(answer.data[0].embedding) == 1024
billed("/v1/embeddings", answer.usage, 0)
ranked = client.post(
    "/rerank", cast_to=object, body={"model": "BAAI/bge-reranker-v2-m3", "query": "bread", "documents": ["ships", "bread"]}
)
assert [result["index"] for result in ranked["results"]] == [1, 0], ranked
