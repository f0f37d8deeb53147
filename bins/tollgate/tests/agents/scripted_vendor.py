"""A vendor's server that plays one script in two vendors' formats: first a tool, then, once its result is there, the last
word. It refuses what the vendors refuse: a result without its call, signed reasoning that came back otherwise.

    python3 scripted_vendor.py PORT
"""
import http.server
import json
import sys

COMMAND = "echo made by a tool > made.txt"
LAST_WORD = "The file is made."
SIGNATURE = "c2lnbmVkIGJ5IHRoZSB2ZW5kb3I="
# The tools that agents are known to have for commands, and how each takes one.
SHELLS = {
    "Bash": {"command": COMMAND, "description": "makes a file"},
    "exec_command": {"cmd": COMMAND},
    "shell_command": {"command": COMMAND},
    "shell": {"command": ["bash", "-lc", COMMAND]},
}


class Refused(Exception):
    """What the vendor answers with a 400."""


def shell(names):
    for name, arguments in SHELLS.items():
        if name in names:
            return name, arguments
    raise Refused(f"no tool for commands among {sorted(names)}")


def chat(body):
    """Chat Completions: the chunks of a stream."""
    calls = [call["id"] for message in body["messages"] for call in message.get("tool_calls") or []]
    results = [message["tool_call_id"] for message in body["messages"] if message["role"] == "tool"]
    if calls != results:
        raise Refused(f"calls {calls} and results {results} do not match")
    names = {tool["function"]["name"] for tool in body.get("tools", []) if tool["type"] == "function"}
    delta, finish = {"role": "assistant", "content": LAST_WORD}, "stop"
    if names and not results:
        name, arguments = shell(names)
        function = {"name": name, "arguments": json.dumps(arguments)}
        call = {"index": 0, "id": "call_1", "type": "function", "function": function}
        delta, finish = {"role": "assistant", "content": None, "tool_calls": [call]}, "tool_calls"
    base = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": body["model"]}
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    yield None, {**base, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
    yield None, {**base, "choices": [{"index": 0, "delta": {}, "finish_reason": finish}]}
    yield None, {**base, "choices": [], "usage": usage}
    yield None, "[DONE]"


def messages(body):
    """Messages: the events of a stream."""
    blocks = [block for turn in body["messages"] for block in turn["content"] if isinstance(block, dict)]
    calls = [block["id"] for block in blocks if block["type"] == "tool_use"]
    results = [block["tool_use_id"] for block in blocks if block["type"] == "tool_result"]
    if calls != results:
        raise Refused(f"calls {calls} and results {results} do not match")
    if calls and SIGNATURE not in [block.get("signature") for block in blocks]:
        raise Refused("the reasoning before the call did not come back as it was")
    content = [({"type": "text", "text": ""}, {"type": "text_delta", "text": LAST_WORD})]
    stop = "end_turn"
    if not results:
        name, arguments = shell({tool["name"] for tool in body.get("tools", [])})
        content = [
            ({"type": "thinking", "thinking": "", "signature": ""}, {"type": "thinking_delta", "thinking": "A command."}),
            ({"type": "tool_use", "id": "toolu_1", "name": name, "input": {}},
             {"type": "input_json_delta", "partial_json": json.dumps(arguments)}),
        ]
        stop = "tool_use"
    start = {"id": "msg_1", "type": "message", "role": "assistant", "model": body["model"], "content": [],
             "stop_reason": None, "stop_sequence": None, "usage": {"input_tokens": 10, "output_tokens": 1}}
    yield "message_start", {"message": start}
    for index, (block, delta) in enumerate(content):
        yield "content_block_start", {"index": index, "content_block": block}
        yield "content_block_delta", {"index": index, "delta": delta}
        if block["type"] == "thinking":
            yield "content_block_delta", {"index": index, "delta": {"type": "signature_delta", "signature": SIGNATURE}}
        yield "content_block_stop", {"index": index}
    yield "message_delta", {"delta": {"stop_reason": stop, "stop_sequence": None}, "usage": {"output_tokens": 5}}
    yield "message_stop", {}


class Vendor(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        script = {"/v1/chat/completions": chat, "/v1/messages": messages}.get(self.path)
        try:
            if not script or not body.get("stream"):
                raise Refused(f"{self.path} is not played here, or only as a stream")
            events = list(script(body))
        except Refused as why:
            error = {"type": "invalid_request_error", "message": str(why)}
            return self.answer(400, "application/json", json.dumps({"type": "error", "error": error}))
        text = ""
        for name, data in events:
            if name:
                text += f"event: {name}\n"
                data = {"type": name, **data}
            text += f"data: {data if isinstance(data, str) else json.dumps(data)}\n\n"
        self.answer(200, "text/event-stream", text)

    def answer(self, status, content_type, text):
        body = text.encode()
        self.send_response(status)
        self.send_header("content-type", content_type)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Vendor).serve_forever()
