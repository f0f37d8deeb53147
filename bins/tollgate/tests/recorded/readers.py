"""Reads recorded answers, and the gateway's, into what they say: each format by its vendor's documentation alone."""
import collections
import json

Answer = collections.namedtuple("Answer", "text reasoning calls finish usage")


class Unreadable(Exception):
    """The recording itself is no complete answer: it says why."""


def frames(text):
    """The data of server-sent events, or the lines of a JSON stream."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text.lstrip().startswith("["):
        return json.loads(text)
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
    text, reasoning, calls, finish, usage, refused = "", "", {}, None, None, False
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
                for part in content:
                    if part.get("type") == "thinking":
                        reasoning += "".join(inner.get("text", "") for inner in part.get("thinking") or [])
                content = "".join(part.get("text", "") for part in content if part.get("type") == "text")
            # A refusal is told in words by every format, and in a field of its own by some.
            refused |= bool(message.get("refusal"))
            text += content or message.get("refusal") or ""
            reasoning += message.get("reasoning_content") or message.get("reasoning") or ""
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
    finish = "content_filter" if refused and finish == "stop" else {"function_call": "tool_calls"}.get(finish, finish)
    counted = usage and (usage.get("prompt_tokens"), usage.get("completion_tokens"),
                         details(usage, "prompt_tokens_details", "cached_tokens"),
                         details(usage, "completion_tokens_details", "reasoning_tokens"))
    return Answer(text, reasoning, [(name, arguments(value)) for _, (name, value) in sorted(calls.items())], finish, counted)


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
                elif delta["type"] == "thinking_delta":
                    blocks[event["index"]][0]["thinking"] += delta["thinking"]
                elif delta["type"] == "input_json_delta":
                    blocks[event["index"]][1] += delta["partial_json"]
            elif kind == "message_delta":
                stop = event["delta"].get("stop_reason") or stop
                usage.update({name: value for name, value in event.get("usage", {}).items() if value is not None})
            elif kind == "error":
                raise Unreadable("an error within the stream")
    text = "".join(block["text"] for block, _ in blocks if block["type"] == "text")
    reasoning = "".join(block["thinking"] for block, _ in blocks if block["type"] == "thinking")
    calls = [(block["name"], arguments(streamed) if streamed else block["input"])
             for block, streamed in blocks if block["type"] == "tool_use"]
    cached = usage.get("cache_read_input_tokens") or 0
    written = usage.get("cache_creation_input_tokens") or 0
    prompt = (usage.get("input_tokens") or 0) + cached + written
    thought = details(usage, "output_tokens_details", "thinking_tokens") or None
    counted = (prompt, usage.get("output_tokens"), cached, thought)
    return Answer(text, reasoning, calls, ANTHROPIC_FINISH.get(stop), counted)


GEMINI_FINISH = {"STOP": "stop", "MAX_TOKENS": "length", "SAFETY": "content_filter", "RECITATION": "content_filter",
                 "BLOCKLIST": "content_filter", "PROHIBITED_CONTENT": "content_filter", "SPII": "content_filter",
                 "LANGUAGE": "content_filter", "IMAGE_SAFETY": "content_filter", "MALFORMED_FUNCTION_CALL": "stop",
                 "UNEXPECTED_TOOL_CALL": "stop", "OTHER": "stop"}


def read_gemini(documents):
    text, reasoning, calls, finish, usage = "", "", [], None, {}
    for document in documents:
        if document.get("error"):
            raise Unreadable("an error within the answer")
        # Each report stands for the whole answer so far: the last one counts, also where it leaves out a class.
        usage = document.get("usageMetadata") or usage
        if (document.get("promptFeedback") or {}).get("blockReason"):
            finish = "SAFETY"
        for candidate in document.get("candidates") or []:
            if candidate.get("index", 0) != 0:
                continue
            finish = candidate.get("finishReason") or finish
            for part in (candidate.get("content") or {}).get("parts") or []:
                if "functionCall" in part:
                    calls.append((part["functionCall"]["name"], part["functionCall"].get("args") or {}))
                elif "text" in part and part.get("thought"):
                    reasoning += part["text"]
                elif "text" in part:
                    text += part["text"]
    if finish is None:
        raise Unreadable("no finish reason")
    word = GEMINI_FINISH.get(finish, "stop")
    thoughts = usage.get("thoughtsTokenCount") or 0
    prompt = usage.get("promptTokenCount")
    if prompt is not None:
        prompt += usage.get("toolUsePromptTokenCount") or 0
    counted = (prompt, (usage.get("candidatesTokenCount") or 0) + thoughts, usage.get("cachedContentTokenCount") or 0, thoughts)
    finish = "tool_calls" if calls and word == "stop" else word
    return Answer(text, reasoning, calls, finish, counted if usage else None)


RESPONSES_FINISH = {"max_output_tokens": "length", "content_filter": "content_filter"}


def read_responses(documents):
    """A response object, or all events of one: the last holds the whole."""
    last = documents[-1]
    if last.get("type") == "error" or last.get("type") == "response.failed":
        raise Unreadable("an error within the stream")
    response = last.get("response") if str(last.get("type", "")).startswith("response.") else last
    if not response or response.get("object") != "response":
        raise Unreadable("no end")
    if response.get("status") == "failed" or response.get("error"):
        raise Unreadable("an error within the answer")
    text, reasoning, calls, refused = "", "", [], False
    for item in response.get("output") or []:
        if item["type"] == "message":
            for part in item.get("content") or []:
                text += part.get("text") or part.get("refusal") or ""
                refused |= part["type"] == "refusal"
        elif item["type"] == "reasoning":
            pieces = (item.get("summary") or []) + (item.get("content") or [])
            reasoning += "".join(piece.get("text") or "" for piece in pieces)
        elif item["type"] == "function_call":
            calls.append((item["name"], arguments(item["arguments"])))
        elif item["type"] == "custom_tool_call":
            calls.append((item["name"], arguments(item["input"])))
    reason = (response.get("incomplete_details") or {}).get("reason")
    finish = RESPONSES_FINISH.get(reason) or ("tool_calls" if calls else "content_filter" if refused else "stop")
    if response.get("status") in ("queued", "in_progress"):
        finish = None
    usage = response.get("usage")
    counted = usage and (usage.get("input_tokens"), usage.get("output_tokens"),
                         details(usage, "input_tokens_details", "cached_tokens"),
                         details(usage, "output_tokens_details", "reasoning_tokens"))
    return Answer(text, reasoning, calls, finish, counted)


INTERACTION_FINISH = {"completed": "stop", "requires_action": "tool_calls", "incomplete": "length", "in_progress": None,
                      "requires_continuation": "stop"}


def read_interactions(documents):
    """An interaction, or all events of one. The older revision has `outputs`, and `content.*` events."""
    last, steps = documents[-1], {}
    for event in documents:
        kind, delta = event.get("event_type"), event.get("delta") or {}
        if event.get("error"):
            raise Unreadable("an error within the answer")
        if kind in ("step.start", "content.start"):
            steps[event["index"]] = dict(event.get("step") or event.get("content") or {})
        elif kind in ("step.delta", "content.delta"):
            grow(steps.setdefault(event["index"], {}), delta)
    ends = [event["interaction"] for event in documents if event.get("event_type") in ("interaction.completed", "interaction.complete")]
    if "event_type" in last and not ends:
        raise Unreadable("no end")
    whole = ends[-1] if ends else last
    if whole.get("status") == "failed":
        raise Unreadable("an error within the answer")
    told = list(steps.values()) or whole.get("steps") or whole.get("outputs") or []
    text, reasoning, calls = "", "", []
    for step in told:
        kind = step.get("type")
        if kind == "text":
            text += step.get("text") or ""
        elif kind == "model_output":
            text += "".join(part.get("text") or "" for part in step.get("content") or [] if part.get("type") == "text")
        elif kind == "thought":
            reasoning += "".join(part.get("text") or "" for part in step.get("summary") or [])
        elif kind == "function_call":
            given = step.get("arguments") or {}
            calls.append((step["name"], arguments(given) if isinstance(given, str) else given))
    usage = whole.get("usage")
    thoughts = (usage or {}).get("total_thought_tokens") or 0
    counted = usage and ((usage.get("total_input_tokens") or 0) + (usage.get("total_tool_use_tokens") or 0),
                         (usage.get("total_output_tokens") or 0) + thoughts, usage.get("total_cached_tokens") or 0, thoughts)
    finish = INTERACTION_FINISH.get(whole.get("status"), whole.get("status"))
    return Answer(text, reasoning, calls, "content_filter" if whole.get("errors") else finish, counted)


def grow(step, delta):
    kind = delta.get("type")
    if kind == "text":
        # The older revision's step is the content.
        if step.get("type") in (None, "text"):
            step["type"], step["text"] = "text", step.get("text", "") + delta["text"]
        else:
            step.setdefault("content", []).append(delta)
    elif kind == "thought_summary":
        step["type"] = "thought"
        step.setdefault("summary", []).append(delta.get("content") or {})
    elif kind == "arguments_delta":
        said = step.get("arguments") if isinstance(step.get("arguments"), str) else ""
        step["arguments"] = said + delta["arguments"]
    elif kind == "function_call":
        step.update(delta)


def read_ollama(documents):
    text, reasoning, calls, last = "", "", [], {}
    for document in documents:
        message = document.get("message") or {}
        text += message.get("content") or ""
        reasoning += message.get("thinking") or ""
        calls += [(call["function"]["name"], call["function"].get("arguments") or {}) for call in message.get("tool_calls") or []]
        last = document if document.get("done") else last
    finish = {"length": "length"}.get(last.get("done_reason"), "tool_calls" if calls else "stop")
    return Answer(text, reasoning, calls, finish, (last.get("prompt_eval_count"), last.get("eval_count"), 0, 0))


READERS = {"openai": read_openai, "anthropic": read_anthropic, "gemini": read_gemini, "ollama": read_ollama,
           "responses": read_responses, "interactions": read_interactions}
