"""The openai SDK beside chat and Responses: embeddings, models, moderations, completions, images, audio.

What was billed is printed as JSON lines {"path", "input", "output"}.
"""

import io
import json
import math

import openai
from openai import OpenAI

client = OpenAI()
once = client.with_options(max_retries=0)


def billed(path, input, output=0):
    print(json.dumps({"path": path, "input": input, "output": output}))


def embeddings():
    # The SDK asks for base64 and hands out numbers.
    answer = client.embeddings.create(model="text-embedding-3-small", input=["one", "two"], dimensions=64)
    vectors = [item.embedding for item in answer.data]
    assert len(vectors) == 2 and all(len(vector) == 64 for vector in vectors)
    assert math.isclose(math.hypot(*vectors[0]), 1, rel_tol=1e-3)
    plain = client.embeddings.create(model="text-embedding-3-small", input="one", dimensions=64, encoding_format="float")
    assert all(math.isclose(a, b, rel_tol=1e-6) for a, b in zip(plain.data[0].embedding, vectors[0]))
    billed("/v1/embeddings", answer.usage.prompt_tokens)
    try:
        once.embeddings.create(model="nothing", input="x")
        raise AssertionError("an unknown model embedded")
    except openai.NotFoundError as error:
        assert error.code == "model_not_found"


def models():
    names = [model.id for model in client.models.list()]
    assert "gpt-6-sol" in names and client.models.retrieve(names[0]).id == names[0]


def moderations():
    answer = client.moderations.create(input=["Good morning", "I will kill them"])
    assert [result.flagged for result in answer.results] == [False, True]
    assert answer.results[1].categories.violence and answer.results[1].category_scores.self_harm < 0.1


def completions():
    answer = client.completions.create(model="gpt-3.5-turbo-instruct", prompt="Once", max_tokens=9)
    assert answer.choices[0].text and answer.choices[0].finish_reason == "length"
    billed("/v1/completions", answer.usage.prompt_tokens, answer.usage.completion_tokens)
    chunks = list(client.completions.create(model="gpt-3.5-turbo-instruct", prompt="Once", stream=True))
    assert "".join(chunk.choices[0].text for chunk in chunks)


def images():
    answer = client.images.generate(model="gpt-image-2", prompt="A cat", quality="low")
    assert answer.data[0].b64_json and answer.usage.total_tokens == answer.usage.input_tokens + 272
    billed("/v1/images/generations", answer.usage.input_tokens, answer.usage.output_tokens)
    events = list(client.images.generate(model="gpt-image-2", prompt="A cat", stream=True, partial_images=1))
    assert [event.type for event in events] == ["image_generation.partial_image", "image_generation.completed"]


def audio():
    speech = dict(model="gpt-4o-mini-tts", voice="coral", input="Good morning", response_format="wav")
    with client.audio.speech.with_streaming_response.create(**speech) as response:
        sound = b"".join(response.iter_bytes())
    assert sound == client.audio.speech.create(**speech).read() and sound.startswith(b"RIFF")
    heard = client.audio.transcriptions.create(model="gpt-4o-transcribe", file=("a.wav", io.BytesIO(sound)))
    assert heard.text and heard.usage.type == "tokens"
    billed("/v1/audio/transcriptions", heard.usage.input_tokens, heard.usage.output_tokens)
    events = list(client.audio.transcriptions.create(model="gpt-4o-transcribe", file=("a.wav", io.BytesIO(sound)), stream=True))
    assert events[-1].type == "transcript.text.done" and events[-1].text == heard.text
    timed = client.audio.transcriptions.create(
        model="whisper-1", file=("a.wav", io.BytesIO(sound)), response_format="verbose_json", timestamp_granularities=["word"]
    )
    assert timed.words[0].word and timed.duration == 1


for check in (embeddings, models, moderations, completions, images, audio):
    print(check.__name__)
    check()
