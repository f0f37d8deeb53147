"""Vectors and counts of tokens, by three vendors' SDKs through the gateway, from providers of every format.

GATEWAY and GATEWAY_KEY say where. `openai`, `gemini`, `ollama`, `anthropic`, `xai` and `edge` are configured, and `either`, whose
first target embeds nothing.
"""

import json
import os
import struct
import urllib.request

import anthropic
import openai
from google import genai
from google.genai import types

BASE, KEY = os.environ["GATEWAY"], os.environ["GATEWAY_KEY"]
of_openai = openai.OpenAI(base_url=f"{BASE}/v1", api_key=KEY, max_retries=0)
of_anthropic = anthropic.Anthropic(base_url=BASE, api_key=KEY, max_retries=0)
of_gemini = genai.Client(api_key=KEY, http_options=types.HttpOptions(base_url=BASE))
web = urllib.request.build_opener(urllib.request.ProxyHandler({}))
TEXTS = ["a gate is a door in a wall", "bread and butter"]
# Of plain texts, the SDK makes one content for the newer models, and one vector.
CONTENTS = [types.Content(parts=[types.Part(text=text)]) for text in TEXTS]
EMBEDDING = ["openai/text-embedding-3-small", "gemini/gemini-embedding-2", "ollama/embeddinggemma:latest", "edge/BAAI/bge-m3"]
ANSWERING = [
    "openai/gpt-6-luna",
    "anthropic/claude-sonnet-5",
    "gemini/gemini-3.8-flash",
    "xai/grok-4.7",
    "ollama/qwen3:8b",
    "edge/meta-llama/Llama-3.2-3B-Instruct",
]
# Those of which nobody counts.
ESTIMATED = ("xai/", "ollama/", "edge/")


def floats(numbers):
    return [struct.unpack("<f", struct.pack("<f", number))[0] for number in numbers]


def refuses(status, call):
    try:
        call()
    except (openai.APIStatusError, anthropic.APIStatusError) as error:
        assert error.status_code == status, error
        return str(error)
    except genai.errors.APIError as error:
        assert error.code == status, error
        return str(error)
    raise AssertionError("was taken")


def embeddings(model):
    # The SDK asks for base64 by itself, and reads it.
    raw = of_openai.embeddings.with_raw_response.create(model=model, input=TEXTS)
    packed = raw.parse()
    assert [item.index for item in packed.data] == [0, 1], packed
    assert packed.usage.prompt_tokens > 0 and packed.model, packed.usage
    assert "x-tollgate-lossy" not in raw.headers, raw.headers
    plain = of_openai.embeddings.create(model=model, input=TEXTS, encoding_format="float")
    by_gemini = of_gemini.models.embed_content(model=model, contents=CONTENTS)
    assert len(by_gemini.embeddings) == 2, by_gemini
    for packed, plain, other in zip(packed.data, plain.data, by_gemini.embeddings):
        assert floats(packed.embedding) == floats(plain.embedding) == floats(other.values)
    alone = post(f"/v1beta/models/{model}:embedContent", {"content": {"parts": [{"text": TEXTS[0]}]}})
    assert floats(alone["embedding"]["values"]) == floats(by_gemini.embeddings[0].values)
    one = of_openai.embeddings.create(model=model, input=TEXTS[1])
    assert len(one.data) == 1 and floats(one.data[0].embedding) == floats(plain.embedding)


def shorter(model):
    short = of_openai.embeddings.create(model=model, input=TEXTS, dimensions=64)
    assert [len(item.embedding) for item in short.data] == [64, 64]
    config = types.EmbedContentConfig(output_dimensionality=64)
    other = of_gemini.models.embed_content(model=model, contents=CONTENTS, config=config)
    assert [len(item.values) for item in other.embeddings] == [64, 64]


def post(path, body):
    headers = {"content-type": "application/json", "x-goog-api-key": KEY}
    request = urllib.request.Request(f"{BASE}{path}", json.dumps(body).encode(), headers)
    with web.open(request, timeout=20) as answer:
        return json.load(answer)


def refusals():
    refuses(404, lambda: of_openai.embeddings.create(model="openai/no-such-model", input="a"))
    said = refuses(400, lambda: of_openai.embeddings.create(model="anthropic/claude-sonnet-5", input="a"))
    assert "`anthropic` has no API for `embeddings`" in said, said
    said = refuses(400, lambda: of_openai.embeddings.create(model=EMBEDDING[1], input=["a"] * 101))
    assert "at most 100" in said, said
    refuses(400, lambda: of_openai.embeddings.create(model=EMBEDDING[2], input=[1, 2, 3]))
    refuses(400, lambda: of_openai.embeddings.create(model=EMBEDDING[0], input=[]))
    refuses(404, lambda: of_gemini.models.embed_content(model="nobody/knows", contents="a"))
    refuses(401, lambda: openai.OpenAI(base_url=f"{BASE}/v1", api_key="no").embeddings.create(model="m", input="a"))
    config = types.EmbedContentConfig(task_type="RETRIEVAL_QUERY")
    of_gemini.models.embed_content(model=EMBEDDING[0], contents="a", config=config)


def goes_on():
    raw = of_openai.embeddings.with_raw_response.create(model="either", input="a")
    assert raw.headers["x-tollgate-provider"] == "openai" and raw.headers["x-tollgate-attempts"] == "2", raw.headers


def counts(model):
    estimated = model.startswith(ESTIMATED)

    def check(raw, tokens):
        assert 3 < tokens < 2000, tokens
        assert (raw.headers.get("x-tollgate-usage") == "estimated") == estimated, raw.headers

    raw = of_anthropic.messages.with_raw_response.count_tokens(
        model=model, system="Be terse.", messages=[{"role": "user", "content": "What is the capital of France?"}]
    )
    check(raw, raw.parse().input_tokens)
    raw = of_openai.responses.input_tokens.with_raw_response.count(model=model, input="What is the capital of France?")
    check(raw, raw.parse().input_tokens)
    counted = of_gemini.models.count_tokens(model=model, contents="What is the capital of France?")
    headers = {name.lower(): value for name, value in counted.sdk_http_response.headers.items()}
    assert counted.total_tokens > 3, counted
    assert (headers.get("x-tollgate-usage") == "estimated") == estimated, headers


def lists():
    listed = {model.id for model in of_openai.models.list()}
    assert {"openai/text-embedding-3-small", "gemini/gemini-embedding-2", "openai/gpt-6-luna"} <= listed, listed
    listed = {model.name: model.supported_actions for model in of_gemini.models.list()}
    assert "embedContent" in listed["models/gemini/gemini-embedding-2"], listed
    assert "generateContent" in listed["models/openai/gpt-6-luna"], listed
    refuses(404, lambda: of_openai.responses.retrieve("resp_nobody"))


for model in EMBEDDING:
    embeddings(model)
for model in EMBEDDING[:3]:
    shorter(model)
refusals()
goes_on()
for model in ANSWERING:
    counts(model)
lists()
