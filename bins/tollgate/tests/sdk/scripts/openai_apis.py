"""OpenAI's APIs beside chat, by its SDK through the gateway, and what any other client asks of a provider by passthrough.

OPENAI_BASE_URL and OPENAI_API_KEY say where. `openai`, `anthropic`, `gemini` and `edge` (a server like vLLM) are configured.
"""

import json
import os
import urllib.error
import urllib.request

import openai
from openai import OpenAI

BASE, KEY = os.environ["OPENAI_BASE_URL"], os.environ["OPENAI_API_KEY"]
ROOT = BASE.removesuffix("/v1")
client = OpenAI(max_retries=0)
web = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def plain(method, path, body=None, headers=None, key=KEY):
    """Asks as a program without an SDK does. Returns the status, the headers and the body."""
    headers = {"content-type": "application/json"} | (headers or {})
    if key:
        headers["authorization"] = f"Bearer {key}"
    data = json.dumps(body).encode() if body is not None else None
    try:
        with web.open(urllib.request.Request(f"{ROOT}{path}", data, headers, method=method), timeout=20) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def refuses(status, call):
    try:
        call()
    except openai.APIStatusError as error:
        assert error.status_code == status, error
        return error
    raise AssertionError("was taken")


def completions():
    raw = client.completions.with_raw_response.create(
        model="openai/gpt-3.5-turbo-instruct", prompt="A gate is", max_tokens=20, extra_body={"tomorrow": 1}
    )
    whole = raw.parse()
    assert whole.choices[0].text and whole.usage.completion_tokens, whole
    assert raw.headers["x-tollgate-provider"] == "openai" and raw.headers["x-tollgate-call-id"], raw.headers
    options = {"model": "gpt-3.5-turbo-instruct", "prompt": "A wall is", "stream_options": {"include_usage": True}}
    chunks = list(client.completions.create(stream=True, **options))
    assert "".join(chunk.choices[0].text for chunk in chunks if chunk.choices) and chunks[-1].usage, chunks
    edge = client.completions.create(model="edge/meta-llama/Llama-3.2-3B-Instruct", prompt="A door is")
    assert edge.choices[0].text, edge
    try:
        list(client.completions.create(stream=True, **(options | {"model": "openai/gpt-3.5-turbo-instruct--cut"})))
    except openai.APIError:
        return
    raise AssertionError("a stream that was cut was taken for a whole one")


def pictures_and_sound():
    picture = client.images.generate(model="openai/gpt-image-1.5", prompt="a gate")
    assert picture.data[0].b64_json and picture.usage.output_tokens, picture.usage
    spoken = client.audio.speech.create(model="openai/gpt-4o-mini-tts", voice="alloy", input="Who goes there?")
    sound = spoken.content
    assert len(sound) > 100, len(sound)
    heard = client.audio.transcriptions.create(model="openai/whisper-1", file=("gate.mp3", sound, "audio/mpeg"))
    assert heard.text, heard
    streamed = client.audio.transcriptions.create(
        model="openai/gpt-4o-mini-transcribe", file=("gate.mp3", sound, "audio/mpeg"), stream=True
    )
    events = list(streamed)
    assert events[-1].type == "transcript.text.done", events[-1]
    english = client.audio.translations.create(model="openai/whisper-1", file=("gate.mp3", sound, "audio/mpeg"))
    assert english.text, english


def judged_and_ranked():
    # Without a model: the vendor's own default, at the provider that has the API.
    assert len(client.moderations.create(input=["hello", "again"]).results) == 2
    body = {"model": "edge/BAAI/bge-reranker-v2-m3", "query": "gate", "documents": ["a wall", "a gate"]}
    status, _, ranked = plain("POST", "/v1/rerank", body)
    assert status == 200 and len(json.loads(ranked)["results"]) == 2, ranked


def what_is_refused():
    nowhere = refuses(400, lambda: client.images.generate(model="anthropic/claude-sonnet-5", prompt="a gate"))
    assert "anthropic" in str(nowhere) and "image_generation" in str(nowhere), nowhere
    refuses(400, lambda: client.audio.transcriptions.create(model="", file=("gate.mp3", b"x", "audio/mpeg")))
    refuses(404, lambda: client.images.generate(model="nobody/picture", prompt="a gate"))
    refuses(401, lambda: OpenAI(api_key="sk-wrong", max_retries=0).moderations.create(input="x"))
    refuses(429, lambda: client.completions.create(model="openai/gpt-3.5-turbo-instruct--s429", prompt="x"))
    # The second target of a name has what the first has not.
    assert client.completions.create(model="either", prompt="A gate is").choices[0].text


def passed_through():
    status, _, body = plain("GET", "/passthrough/openai/v1/models")
    assert status == 200 and json.loads(body)["object"] == "list", body
    asked = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello."}]}
    status, headers, body = plain("POST", "/passthrough/openai/v1/chat/completions", asked)
    assert status == 200 and json.loads(body)["usage"]["total_tokens"], body
    assert headers["x-tollgate-cost-usd"], headers
    status, _, body = plain("POST", "/passthrough/openai/v1/chat/completions", asked | {"stream": True})
    assert status == 200 and body.rstrip().endswith(b"data: [DONE]"), body
    status, _, body = plain(
        "POST",
        "/passthrough/anthropic/v1/messages",
        {"model": "claude-sonnet-5", "max_tokens": 50, "messages": asked["messages"]},
        {"anthropic-version": "2023-06-01"},
    )
    assert status == 200 and json.loads(body)["type"] == "message", body
    status, _, body = plain("GET", f"/passthrough/gemini/v1beta/models?key={KEY}", key=None)
    assert status == 200 and json.loads(body)["models"], body
    assert plain("GET", "/passthrough/nobody/v1/models")[0] == 404
    assert plain("GET", "/passthrough/openai/v1/nothing")[0] == 404
    assert plain("POST", "/passthrough/openai/v1/%2e%2e/admin", {})[0] == 400
    assert plain("GET", "/passthrough/openai/v1/models", key=None)[0] == 401


completions()
pictures_and_sound()
judged_and_ranked()
what_is_refused()
passed_through()
