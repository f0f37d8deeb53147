"""The google-genai SDK beside generateContent: counting tokens, embeddings, lists of models by pages."""

import os

from google import genai
from google.genai import errors, types

options = types.HttpOptions(base_url=os.environ["GEMINI_BASE_URL"])
client = genai.Client(api_key=os.environ["GEMINI_API_KEY"], http_options=options)

counted = client.models.count_tokens(model=os.environ["MODEL"], contents="Tell me")
answer = client.models.generate_content(model=os.environ["MODEL"], contents="Tell me")
usage = answer.usage_metadata
assert counted.total_tokens == usage.prompt_token_count
output = (usage.candidates_token_count or 0) + (usage.thoughts_token_count or 0)
print('{"id": "%s", "input": %d, "output": %d}' % (answer.response_id, usage.prompt_token_count, output))

many = client.models.embed_content(
    model="gemini-embedding-001",
    contents=["one", "two"],
    config=types.EmbedContentConfig(output_dimensionality=8, task_type="RETRIEVAL_QUERY"),
)
assert [len(embedding.values) for embedding in many.embeddings] == [8, 8]
one = client.models.embed_content(model="gemini-embedding-2", contents="one")
assert len(one.embeddings[0].values) == 3072
try:
    client.models.embed_content(model="gemini-embedding-9", contents="one")
    raise AssertionError("an unknown model embedded")
except errors.ClientError as error:
    assert error.code == 404

names = [model.name for model in client.models.list(config={"page_size": 3})]
assert len(names) > 6 and len(set(names)) == len(names), names
embeds = [model for model in client.models.list() if "embedContent" in (model.supported_actions or [])]
assert embeds, names
