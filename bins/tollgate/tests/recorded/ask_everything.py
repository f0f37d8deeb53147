"""Asks the gateway, through one of its front doors, for every recorded chat exchange, and holds the answers against the
recordings.

    python3 ask_everything.py CORPUS GATEWAY_URL chat|messages|generate_content|responses|interactions

The gateway's providers must point at a replay of the same corpus. Each exchange is asked for twice: as a whole and as a
stream, whichever way it was recorded. What is compared is read from the recording by the code below, which shares nothing
with the gateway: text, reasoning, tool calls (name and arguments), finish reason, and usage. Prints a line for each failure and the
counts; exits 1 if anything failed.
"""
import collections
import concurrent.futures
import http.client
import json
import os
import sys
import urllib.parse

from readers import READERS, Unreadable, frames

# Recorded api -> (provider in the gateway's configuration, reader below)
APIS = {
    ("openai", "openai.chat"): ("openai", "openai"),
    ("anthropic", "anthropic.messages"): ("anthropic", "anthropic"),
    ("gemini", "gemini.generateContent"): ("gemini", "gemini"),
    ("gemini", "gemini.streamGenerateContent"): ("gemini", "gemini"),
    ("ollama", "ollama.chat"): ("ollama", "ollama"),
    ("ollama", "ollama.openai_chat"): ("ollama-v1", "openai"),
    ("vllm", "vllm.chat"): ("vllm", "openai"),
    ("local", "local.chat"): ("vllm", "openai"),
    ("openai", "openai.responses"): ("openai-responses", "responses"),
    ("xai", "xai.responses"): ("xai", "responses"),
    ("gemini", "gemini.interactions"): ("gemini-interactions", "interactions"),
}

# The status by which a vendor's SDKs find the class that another vendor has another number for.
SAME_CLASS = {("messages", 503): (529,), ("chat", 529): (503,), ("responses", 529): (503,), ("generate_content", 529): (503,),
              ("interactions", 529): (503,)}

# Front door -> its reader, the provider that speaks its format, and how the end of a stream is known
DOORS = {
    "chat": ("openai", "openai", b"data: [DONE]"),
    "messages": ("anthropic", "anthropic", b"event: message_stop"),
    "generate_content": ("gemini", "gemini", b'"finishReason"'),
    "responses": ("responses", "openai-responses", b"event: response."),
    "interactions": ("interactions", "gemini-interactions", b"event: done"),
}

def recorded(exchange, reader):
    response = exchange["response"]
    if "body" in response:
        return READERS[reader]([response["body"]])
    return READERS[reader](frames(response["body_text"]))


def differences(door, expected, got, compare_usage):
    if len(expected.calls) == len(got.calls):
        # Free text as a tool's input stands inside an object where a format knows objects only.
        unwrapped = [(name, value["input"]) if isinstance(value, dict) and value == {"input": want} else (name, value)
                     for (name, value), (_, want) in zip(got.calls, expected.calls)]
        got = got._replace(calls=unwrapped)
    if door in ("generate_content", "interactions") and expected.finish in (None, "content_filter") and got.finish == "stop":
        # These formats have no word for an answer that declines in words, nor for none at all.
        got = got._replace(finish=expected.finish)
    if expected.finish is None and got.finish in ("stop", "queued", "in_progress"):
        # Some formats have no word for an answer that does not say why it ended.
        got = got._replace(finish=None)
    # Where a summary is cut into paragraphs is the format's own affair.
    expected, got = (answer._replace(reasoning="".join(answer.reasoning.split())) for answer in (expected, got))
    found = [name for name in ("text", "reasoning", "calls", "finish") if getattr(expected, name) != getattr(got, name)]
    if compare_usage and expected.usage is not None:
        if got.usage is None:
            found.append("usage")
        else:
            same = all(want is None or want == (have or 0) for want, have in zip(expected.usage, got.usage))
            found += [] if same else ["usage"]
    return [f"{name}: recorded {getattr(expected, name)!r:.300} got {getattr(got, name)!r:.300}" for name in found]


def ask(connection, door, model, stream):
    body, path, headers = {"model": model, "stream": stream}, "/v1/" + door, {"content-type": "application/json"}
    if door == "chat":
        path = "/v1/chat/completions"
        body["messages"] = [{"role": "user", "content": "as recorded"}]
        if stream:
            body["stream_options"] = {"include_usage": True}
    elif door == "messages":
        body |= {"max_tokens": 1000, "messages": [{"role": "user", "content": "as recorded"}]}
        headers["anthropic-version"] = "2023-06-01"
    elif door == "responses":
        body |= {"input": "as recorded", "store": False}
    elif door == "interactions":
        path = "/v1beta/interactions"
        body |= {"input": "as recorded", "store": False}
    else:
        verb = "streamGenerateContent?alt=sse" if stream else "generateContent"
        path = f"/v1beta/models/{urllib.parse.quote(model, safe='')}:{verb}"
        body = {"contents": [{"role": "user", "parts": [{"text": "as recorded"}]}]}
    connection.request("POST", path, json.dumps(body), headers)
    response = connection.getresponse()
    return response.status, dict(response.getheaders()), response.read()


def check(connection, door, exchange, provider, reader, stream):
    """Returns what is wrong, and the losses that the answer names."""
    status, headers, body = ask(connection, door, f"{provider}/rec-{exchange['id']}", stream)
    lossy = headers.get("x-tollgate-lossy", "")
    door_reader, same_format, end = DOORS[door]
    recorded_status = exchange["response"]["status"]
    if recorded_status != 200:
        error = json.loads(body).get("error", {})
        # Gemini says 400 to a wrong key; clients of OpenAI's format expect 401, and their SDKs raise that.
        wrong_key = recorded_status == 400 and b"API_KEY_INVALID" in json.dumps(exchange["response"]).encode()
        expected = {401 if wrong_key else recorded_status, *SAME_CLASS.get((door, recorded_status), ())}
        if b'"model_not_found"' in json.dumps(exchange["response"]).encode():
            expected.add(404)
        if door == "generate_content":
            expected.add(recorded_status)
        right = status in expected and error.get("message")
        return [] if right else [f"status: recorded {recorded_status} got {status} {body[:200]!r}"], lossy
    try:
        expected = recorded(exchange, reader)
    except Unreadable as why:
        failed = status != 200 or b'"error"' in body
        return [] if failed else [f"the recording holds {why}, the answer does not say so"], lossy
    if status != 200:
        return [f"status: got {status} {body[:300]!r}"], lossy
    documents = frames(body.decode()) if stream else [json.loads(body)]
    if stream and end not in body:
        return [f"the stream has no end: {body[-300:]!r}"], lossy
    wrong = differences(door, expected, READERS[door_reader](documents), compare_usage=True)
    response = exchange["response"]
    as_array = response.get("body_text", "").lstrip().startswith("[")
    if as_array:
        # Recorded without `alt=sse`, which is what a gateway asks for: nothing that a provider would answer here.
        return wrong, lossy
    if provider == same_format and stream == ("body_text" in response) and not wrong:
        # The same format on both sides: the very bytes.
        original = response.get("body_text") or json.dumps(response["body"], ensure_ascii=False)
        if body != original.encode("utf-8", "surrogatepass"):
            wrong = ["bytes: the answer is not the recorded one"]
    return wrong, lossy


def exchanges(corpus):
    with open(os.path.join(corpus, "INDEX.tsv"), encoding="utf-8") as index:
        next(index)
        for line in index:
            columns = line.rstrip("\n").split("\t")
            target = APIS.get((columns[1], columns[2]))
            if target:
                with open(os.path.join(corpus, columns[7]), encoding="utf-8") as file:
                    yield columns[2], json.load(file), target


def main():
    corpus, gateway, door = sys.argv[1], urllib.parse.urlparse(sys.argv[2]), sys.argv[3]
    work = list(exchanges(corpus))
    counts, failures, losses = collections.Counter(), [], collections.Counter()

    def one_share(share):
        connection = http.client.HTTPConnection(gateway.hostname, gateway.port, timeout=60)
        results = []
        for api, exchange, (provider, reader) in share:
            for stream in (False, True):
                if door == "generate_content" and not stream and exchange["response"].get("body_text", "").lstrip().startswith("["):
                    continue  # a stream is no answer to what was not asked as one, and passes untouched here
                try:
                    wrong, lossy = check(connection, door, exchange, provider, reader, stream)
                except Exception as error:  # a broken connection fails this exchange, not all
                    connection.close()
                    wrong, lossy = [f"{type(error).__name__}: {error}"], ""
                results.append((api, exchange["id"], stream, wrong, lossy))
        return results

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for results in pool.map(one_share, [work[start::4] for start in range(4)]):
            for api, ident, stream, wrong, lossy in results:
                counts[api, "failed" if wrong else "passed"] += 1
                losses.update(entry.split("=")[0].strip() for entry in lossy.split(",") if entry.strip())
                failures += [f"{api} {ident} {'streamed' if stream else 'whole'}: {'; '.join(wrong)}"] if wrong else []
    for failure in sorted(failures):
        print("FAILED", failure)
    for api in sorted({api for api, _ in counts}):
        print(f"{api}: {counts[api, 'passed']} passed, {counts[api, 'failed']} failed")
    print("named losses:", dict(losses.most_common(20)))
    print(f"{door}: {sum(1 for _ in work)} exchanges asked whole and streamed: "
          f"{sum(n for (_, r), n in counts.items() if r == 'passed')} passed, {len(failures)} failed")
    sys.exit(1 if failures or not work else 0)


main()
