"""A tool loop of twelve calls that changes its provider in the middle, more than once, through one of the front doors.

    python3 tool_loop.py GATEWAY_URL chat|messages|generate_content|responses|kept|interactions|kept_interactions

The client keeps the conversation as its format has it, and sends back what it was told, as applications do. The simulated
vendors refuse what the real ones refuse: turns out of order, results without their calls, signatures that are not theirs or
were changed. Prints the answer's provider and kind for each call; exits 1 at the first that is no success.
"""
import http.client
import json
import sys
import urllib.parse

ANTHROPIC, GEMINI, OPENAI = "anthropic/claude-sonnet-4-6", "gemini/gemini-3.5-flash", "openai/gpt-5"
# The provider changes between a call of tools and the answer to its results, and between turns.
MODELS = [ANTHROPIC] * 3 + [GEMINI] * 3 + [OPENAI] * 3 + [ANTHROPIC] * 3
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
GATEWAY, DOOR = urllib.parse.urlparse(sys.argv[1]), sys.argv[2]


def post(path, body, headers=None):
    connection = http.client.HTTPConnection(GATEWAY.hostname, GATEWAY.port, timeout=30)
    connection.request("POST", path, json.dumps(body), {"content-type": "application/json", **(headers or {})})
    response = connection.getresponse()
    answer = json.loads(response.read())
    if response.status != 200:
        sys.exit(f"refused with {response.status}: {json.dumps(answer)}\nasked: {json.dumps(body)[-3000:]}")
    return answer


def chat(model, history):
    tool = {"type": "function", "function": {"name": "get_weather", "parameters": PARAMETERS}}
    answer = post("/v1/chat/completions", {"model": model, "messages": history, "tools": [tool], "reasoning_effort": "low"})
    message = answer["choices"][0]["message"]
    # What most clients send back: not what they do not know.
    history.append({name: message[name] for name in ("role", "content", "tool_calls") if message.get(name) is not None})
    calls = message.get("tool_calls") or []
    history += [{"role": "tool", "tool_call_id": call["id"], "content": "rain"} for call in calls]
    return len(calls)


def messages(model, history):
    tool = {"name": "get_weather", "input_schema": PARAMETERS}
    body = {"model": model, "max_tokens": 4000, "thinking": {"type": "enabled", "budget_tokens": 1024},
            "messages": history, "tools": [tool]}
    answer = post("/v1/messages", body, {"anthropic-version": "2023-06-01"})
    history.append({"role": "assistant", "content": answer["content"]})
    calls = [block for block in answer["content"] if block["type"] == "tool_use"]
    if calls:
        results = [{"type": "tool_result", "tool_use_id": call["id"], "content": "rain"} for call in calls]
        history.append({"role": "user", "content": results})
    return len(calls)


def generate_content(model, history):
    body = {"contents": history, "tools": [{"functionDeclarations": [{"name": "get_weather", "parametersJsonSchema": PARAMETERS}]}],
            "generationConfig": {"thinkingConfig": {"thinkingLevel": "low", "includeThoughts": True}}}
    answer = post(f"/v1beta/models/{urllib.parse.quote(model, safe='')}:generateContent", body)
    content = answer["candidates"][0]["content"]
    history.append(content)
    calls = [part["functionCall"] for part in content["parts"] if "functionCall" in part]
    if calls:
        results = [{"functionResponse": {**{name: call[name] for name in ("id", "name") if name in call},
                                         "response": {"output": "rain"}}} for call in calls]
        history.append({"role": "user", "parts": results})
    return len(calls)


def responses(model, history):
    tool = {"type": "function", "name": "get_weather", "parameters": PARAMETERS, "strict": False}
    body = {"model": model, "input": history, "tools": [tool], "reasoning": {"effort": "low", "summary": "auto"},
            "store": False, "include": ["reasoning.encrypted_content"]}
    answer = post("/v1/responses", body)
    history += answer["output"]
    calls = [item for item in answer["output"] if item["type"] == "function_call"]
    history += [{"type": "function_call_output", "call_id": call["call_id"], "output": "rain"} for call in calls]
    return len(calls)


def kept(model, history):
    """Responses, each going on from the one before: the client sends what is new only."""
    tool = {"type": "function", "name": "get_weather", "parameters": PARAMETERS, "strict": False}
    body = {"model": model, "input": history[kept.sent:], "tools": [tool], "previous_response_id": kept.previous,
            "reasoning": {"effort": "low", "summary": "auto"}}
    answer = post("/v1/responses", body)
    kept.previous, kept.sent = answer["id"], len(history)
    calls = [item for item in answer["output"] if item["type"] == "function_call"]
    history += [{"type": "function_call_output", "call_id": call["call_id"], "output": "rain"} for call in calls]
    return len(calls)


kept.previous, kept.sent = None, 0


def interactions(model, history, **state):
    tool = {"type": "function", "name": "get_weather", "parameters": PARAMETERS}
    body = {"model": model, "input": history, "tools": [tool], "store": False, **state,
            "generation_config": {"thinking_level": "low", "thinking_summaries": "auto"}}
    answer = post("/v1beta/interactions", body)
    if not state:
        history += answer["steps"]
    interactions.last = answer["id"]
    calls = [step for step in answer["steps"] if step["type"] == "function_call"]
    history += [{"type": "function_result", "call_id": call["id"], "name": call["name"], "result": "rain"} for call in calls]
    return len(calls)


def kept_interactions(model, history):
    """Interactions, each going on from the one before."""
    new = history[kept.sent:]
    kept.sent = len(history)
    called = interactions(model, new, store=True, previous_interaction_id=interactions.last)
    history += new[len(new) - called:] if called else []
    return called


interactions.last = None


def user(text):
    if DOOR.endswith("interactions"):
        return {"type": "user_input", "content": [{"type": "text", "text": text}]}
    if DOOR == "generate_content":
        return {"role": "user", "parts": [{"text": text}]}
    return {"role": "user", "content": text}


def main():
    ask = {"chat": chat, "messages": messages, "generate_content": generate_content, "responses": responses, "kept": kept,
           "interactions": interactions, "kept_interactions": kept_interactions}[DOOR]
    history, waiting, called = [], 0, 0
    for number, model in enumerate(MODELS):
        if not waiting:
            history.append(user(f"Round {number}: the weather of each of Rome, Oslo"))
        waiting = ask(model, history)
        called += waiting
        print(number, model, f"{waiting} calls")
    if called < 6:
        sys.exit(f"only {called} tools were called")


main()
