"""Asks the gateway, in OpenAI's format, for every recorded chat exchange, and holds the answers against the recordings.

    python3 ask_everything.py CORPUS GATEWAY_URL

The gateway's providers must point at a replay of the same corpus. Each exchange is asked for twice: as a whole and as a
stream, whichever way it was recorded. What is compared is read from the recording by the code below, which shares nothing
with the gateway: text, tool calls (name and arguments), finish reason, and usage. Prints a line for each failure and the
counts; exits 1 if anything failed.
"""
import collections
import concurrent.futures
import http.client
import json
import os
import sys
import urllib.parse

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
}

Answer = collections.namedtuple("Answer", "text calls finish usage")


class Unreadable(Exception):
    """The recording itself is no complete answer: it says why."""


def frames(text):
    """The data of server-sent events, or the lines of a JSON stream."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text.lstrip().startswith("{"):
        return [json.loads(line) for line in text.split("\n") if line.strip()]
    found = []
    for event in text.split("\n\n"):
        data = [line[5:].removeprefix(" ") for line in event.split("\n") if line.startswith("data:")]
        if data and data[0].strip() != "[DONE]":
            found.append(json.loads("\n".join(data)))
    return found


def arguments(text):
    """Arguments as JSON where they are JSON: white space and key order say nothing."""
    try:
        return json.loads(text) if text.strip() else {}
    except ValueError:
        return text


def details(usage, *path):
    for name in path:
        usage = (usage or {}).get(name)
    return usage or 0


def read_openai(documents):
    """A completion, or all chunks of one. Of several choices, the first."""
    text, calls, finish, usage = "", {}, None, None
    for document in documents:
        if document.get("error"):
            raise Unreadable("an error within the answer")
        usage = document.get("usage") or (document.get("x_groq") or {}).get("usage") or usage
        for choice in document.get("choices") or []:
            if choice.get("index", 0) != 0:
                continue
            finish = choice.get("finish_reason") or finish
            message = choice.get("message") or choice.get("delta") or {}
            content = message.get("content")
            if isinstance(content, list):
                content = "".join(part.get("text", "") for part in content if part.get("type") == "text")
            text += content or ""
            for place, call in enumerate(message.get("tool_calls") or []):
                entry = calls.setdefault(call.get("index", place), ["", ""])
                inner = call.get("function") or call.get("custom") or {}
                entry[0] += inner.get("name") or ""
                more = inner.get("arguments", inner.get("input")) or ""
                entry[1] += more if isinstance(more, str) else json.dumps(more)
            if message.get("function_call"):
                entry = calls.setdefault(0, ["", ""])
                entry[0] += message["function_call"].get("name") or ""
                entry[1] += message["function_call"].get("arguments") or ""
    finish = {"function_call": "tool_calls"}.get(finish, finish)
    counted = usage and (usage.get("prompt_tokens"), usage.get("completion_tokens"),
                         details(usage, "prompt_tokens_details", "cached_tokens"),
                         details(usage, "completion_tokens_details", "reasoning_tokens"))
    return Answer(text, [(name, arguments(value)) for _, (name, value) in sorted(calls.items())], finish, counted)


ANTHROPIC_FINISH = {"end_turn": "stop", "stop_sequence": "stop", "max_tokens": "length", "tool_use": "tool_calls",
                    "refusal": "content_filter", "model_context_window_exceeded": "length", "pause_turn": "stop"}


def read_anthropic(documents):
    if len(documents) == 1 and documents[0].get("type") == "message":
        message = documents[0]
        blocks = [(block, None) for block in message["content"]]
        stop, usage = message["stop_reason"], message["usage"]
    else:
        blocks, stop, usage = [], None, {}
        for event in documents:
            kind = event.get("type")
            if kind == "message_start":
                usage = dict(event["message"]["usage"])
            elif kind == "content_block_start":
                blocks.append([dict(event["content_block"]), ""])
            elif kind == "content_block_delta":
                delta = event["delta"]
                if delta["type"] == "text_delta":
                    blocks[event["index"]][0]["text"] += delta["text"]
                elif delta["type"] == "input_json_delta":
                    blocks[event["index"]][1] += delta["partial_json"]
            elif kind == "message_delta":
                stop = event["delta"].get("stop_reason") or stop
                usage.update({name: value for name, value in event.get("usage", {}).items() if value is not None})
            elif kind == "error":
                raise Unreadable("an error within the stream")
    text = "".join(block["text"] for block, _ in blocks if block["type"] == "text")
    calls = [(block["name"], arguments(streamed) if streamed else block["input"])
             for block, streamed in blocks if block["type"] == "tool_use"]
    cached = usage.get("cache_read_input_tokens") or 0
    written = usage.get("cache_creation_input_tokens") or 0
    prompt = (usage.get("input_tokens") or 0) + cached + written
    return Answer(text, calls, ANTHROPIC_FINISH[stop], (prompt, usage.get("output_tokens"), cached, None))


GEMINI_FINISH = {"STOP": "stop", "MAX_TOKENS": "length", "SAFETY": "content_filter", "RECITATION": "content_filter",
                 "BLOCKLIST": "content_filter", "PROHIBITED_CONTENT": "content_filter", "SPII": "content_filter",
                 "LANGUAGE": "content_filter", "IMAGE_SAFETY": "content_filter", "MALFORMED_FUNCTION_CALL": "stop",
                 "UNEXPECTED_TOOL_CALL": "stop", "OTHER": "stop"}


def read_gemini(documents):
    text, calls, finish, usage = "", [], None, {}
    for document in documents:
        # Each report stands for the whole answer so far: the last one counts, also where it leaves out a class.
        usage = document.get("usageMetadata") or usage
        if (document.get("promptFeedback") or {}).get("blockReason"):
            finish = "SAFETY"
        for candidate in (document.get("candidates") or [])[:1]:
            finish = candidate.get("finishReason") or finish
            for part in (candidate.get("content") or {}).get("parts") or []:
                if "functionCall" in part:
                    calls.append((part["functionCall"]["name"], part["functionCall"].get("args") or {}))
                elif "text" in part and not part.get("thought"):
                    text += part["text"]
    if finish is None:
        raise Unreadable("no finish reason")
    word = GEMINI_FINISH.get(finish, "stop")
    thoughts = usage.get("thoughtsTokenCount") or 0
    prompt = usage.get("promptTokenCount")
    if prompt is not None:
        prompt += usage.get("toolUsePromptTokenCount") or 0
    counted = (prompt, (usage.get("candidatesTokenCount") or 0) + thoughts, usage.get("cachedContentTokenCount") or 0, thoughts)
    return Answer(text, calls, "tool_calls" if calls and word == "stop" else word, counted if usage else None)


def read_ollama(documents):
    text, calls, last = "", [], {}
    for document in documents:
        message = document.get("message") or {}
        text += message.get("content") or ""
        calls += [(call["function"]["name"], call["function"].get("arguments") or {}) for call in message.get("tool_calls") or []]
        last = document if document.get("done") else last
    finish = {"length": "length"}.get(last.get("done_reason"), "tool_calls" if calls else "stop")
    return Answer(text, calls, finish, (last.get("prompt_eval_count"), last.get("eval_count"), 0, 0))


READERS = {"openai": read_openai, "anthropic": read_anthropic, "gemini": read_gemini, "ollama": read_ollama}


def recorded(exchange, reader):
    response = exchange["response"]
    if "body" in response:
        return READERS[reader]([response["body"]])
    return READERS[reader](frames(response["body_text"]))


def differences(expected, got, compare_usage):
    found = [name for name in ("text", "calls", "finish") if getattr(expected, name) != getattr(got, name)]
    if compare_usage and expected.usage is not None:
        if got.usage is None:
            found.append("usage")
        else:
            same = all(want is None or want == have for want, have in zip(expected.usage, got.usage))
            found += [] if same else ["usage"]
    return [f"{name}: recorded {getattr(expected, name)!r:.300} got {getattr(got, name)!r:.300}" for name in found]


def ask(connection, model, stream):
    body = {"model": model, "messages": [{"role": "user", "content": "as recorded"}], "stream": stream}
    if stream:
        body["stream_options"] = {"include_usage": True}
    connection.request("POST", "/v1/chat/completions", json.dumps(body), {"content-type": "application/json"})
    response = connection.getresponse()
    return response.status, dict(response.getheaders()), response.read()


def check(connection, exchange, provider, reader, stream):
    """Returns what is wrong, and the losses that the answer names."""
    status, headers, body = ask(connection, f"{provider}/rec-{exchange['id']}", stream)
    lossy = headers.get("x-tollgate-lossy", "")
    recorded_status = exchange["response"]["status"]
    if recorded_status != 200:
        error = json.loads(body).get("error", {})
        # Gemini says 400 to a wrong key; clients of OpenAI's format expect 401, and their SDKs raise that.
        wrong_key = recorded_status == 400 and b"API_KEY_INVALID" in json.dumps(exchange["response"]).encode()
        right = status == (401 if wrong_key else recorded_status) and error.get("message")
        return [] if right else [f"status: recorded {recorded_status} got {status} {body[:200]!r}"], lossy
    try:
        expected = recorded(exchange, reader)
    except Unreadable as why:
        failed = status != 200 or b'"error"' in body
        return [] if failed else [f"the recording holds {why}, the answer does not say so"], lossy
    if status != 200:
        return [f"status: got {status} {body[:300]!r}"], lossy
    documents = frames(body.decode()) if stream else [json.loads(body)]
    if stream and b"data: [DONE]" not in body:
        return [f"the stream has no end: {body[-300:]!r}"], lossy
    wrong = differences(expected, read_openai(documents), compare_usage=True)
    response = exchange["response"]
    if provider == "openai" and stream == ("body_text" in response) and not wrong:
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
    corpus, gateway = sys.argv[1], urllib.parse.urlparse(sys.argv[2])
    work = list(exchanges(corpus))
    counts, failures, losses = collections.Counter(), [], collections.Counter()

    def one_share(share):
        connection = http.client.HTTPConnection(gateway.hostname, gateway.port, timeout=60)
        results = []
        for api, exchange, (provider, reader) in share:
            for stream in (False, True):
                try:
                    wrong, lossy = check(connection, exchange, provider, reader, stream)
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
    print(f"{sum(1 for _ in work)} exchanges asked whole and streamed: "
          f"{sum(n for (_, r), n in counts.items() if r == 'passed')} passed, {len(failures)} failed")
    sys.exit(1 if failures or not work else 0)


main()
