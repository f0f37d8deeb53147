"""Plays the shared scenarios of scenarios.json with one SDK, and prints one JSON line for each.

A script of an SDK gives `main` a class of its own: how that SDK asks, answers, counts and fails, all in its own words. What
is asked and what must hold stands in the list and here, the same for all SDKs; harness.mjs is the same for Node.

TARGETS says where: a JSON list of {"name", "base_url", "key", "models": {role: name}, "without": {scenario: why}}.
SCENARIOS, a list of names with commas, plays only these. A line is {"target", "scenario", "outcome", "why", "named"}:

    pass  all that was asked for came
    loss  not all could be had, and the gateway said so: a path of `losses` in x-tollgate-lossy, or a 400 with a word of
          `refusals`; `named` is what it said
    skip  this SDK or this target has no such thing
    fail  anything else
"""

import json
import os
import re
import traceback
from dataclasses import dataclass, field
from pathlib import Path

LIST = json.loads((Path(__file__).parent / "scenarios.json").read_text())
IMAGE, DOCUMENT = LIST["image"], LIST["document"]


@dataclass
class Call:
    id: str
    name: str
    arguments: dict


@dataclass
class Answer:
    """An answer in common words. `own` is the SDK's own object, which goes back into the conversation."""

    id: str
    model: str
    text: str
    finish: str  # "stop", "length", "tools", "refused", or what the SDK says
    own: object
    input: int
    output: int
    cached: int = 0
    thought: str = ""
    thought_tokens: int = 0
    calls: list[Call] = field(default_factory=list)


@dataclass
class Options:
    """What is asked for beside the conversation."""

    model: str
    tools: list[dict] = field(default_factory=list)  # {"name", "description", "parameters"}
    choice: object = None  # "auto", "none", "required" or {"tool": name}
    parallel: bool | None = None
    schema: dict | None = None
    max_tokens: int | None = None
    stop: list[str] = field(default_factory=list)
    reasoning: bool = False


class Skip(Exception):
    """This SDK has no such thing."""


class Unmet(Exception):
    """Something that must hold does not."""


def need(holds, what, seen=""):
    if not holds:
        raise Unmet(f"{what}: {seen}"[:600])


class Exchanges:
    """The HTTP exchanges of one scenario, as the hook of the SDK's HTTP client sees them."""

    def __init__(self):
        self.forget()

    def forget(self):
        self.refused, self.named, self.retry_after = [], [], None

    def note(self, response):
        self.named += [it for it in response.headers.get("x-tollgate-lossy", "").split(", ") if it]
        self.retry_after = response.headers.get("retry-after")
        if response.status_code == 400:
            self.refused.append(f"400 {json.loads(response.read())['error']['message']}")

    def losses(self, scenario, kinds):
        """What the gateway named, with one of these fates, of what this scenario may lose."""
        paths = {}
        for entry in self.named:
            path, _, kind = entry.rpartition("=")
            if kind in kinds and re.sub(r"\[\d+\]", "[]", path) in scenario.get("losses", []):
                paths[entry] = None
        said = [refusal for refusal in self.refused if any(word in refusal for word in scenario.get("refusals", []))]
        return list(paths) + said


def text_of(said, scenario, target):
    if isinstance(said, dict):
        return said["text"] * said["times"]
    # Marked, so that what arrives at a provider can be told from what others are sent.
    return f"{scenario['asks']} (for {target['name']})" if said == "@" else said


def follows(value, schema):
    kinds = {"string": str, "integer": int}
    properties = schema["properties"]
    return isinstance(value, dict) and all(
        name in value and isinstance(value[name], kinds[properties[name]["type"]]) for name in schema["required"]
    )


class Play:
    """One scenario on one target."""

    def __init__(self, sdk, target, scenario, exchanges):
        self.sdk, self.target, self.scenario, self.exchanges = sdk, target, scenario, exchanges
        self.talk = sdk.begin()
        self.last = None

    def run(self):
        for step in self.scenario["steps"]:
            if "system" in step:
                text = self.text(step["system"])
                self.sdk.system(self.talk, text, step.get("cache", False))
            elif "user" in step:
                self.sdk.user(self.talk, [self.part(part) for part in step["user"]])
            elif "results" in step:
                self.results(step["results"])
            elif "ask" in step:
                self.ask(step)
            elif "memory" in step:
                first, second = self.sdk.memory(self.options({}), self.text("@"), step["memory"])
                self.check(first, {"finish": ["stop"], "text": 1, "id": True})
                self.last = first
                self.check(second, {"finish": ["stop"], "text": 1, "id": True, "more_input": 20})
            elif "models" in step:
                listed = self.sdk.models()
                for role in step["models"]:
                    need(self.target["models"][role] in listed, "the model is listed", listed)
            elif "count" in step:
                counted = self.sdk.count(self.talk, self.options(step["count"]))
                need(counted >= step["at_least"], "the question is counted", counted)
            elif "embed" in step:
                vectors = self.sdk.embed(self.target["models"].get("embedding", "none"), step["embed"])
                need(len(vectors) == len(step["embed"]), "a vector for each text", len(vectors))
                need(all(len(vector) > 7 for vector in vectors) and vectors[0] != vectors[1], "vectors", vectors)

    def text(self, said):
        return text_of(said, self.scenario, self.target)

    def part(self, part):
        """A text, or what is shown: ("image" or "document", media type, base64)."""
        if isinstance(part, dict) and "image" in part:
            return ("image", IMAGE["type"], IMAGE["data"])
        if isinstance(part, dict) and "document" in part:
            return ("document", DOCUMENT["type"], DOCUMENT["data"])
        return self.text(part)

    def results(self, content):
        """One result for each call of the last answer: (kind, value) of "text", "json", "error" or "image"."""
        if isinstance(content, str):
            content = {"text": content}
        [(kind, value)] = content.items()
        if kind == "image":
            value = (IMAGE["type"], IMAGE["data"])
        self.sdk.results(self.talk, [(call, kind, value) for call in self.last.calls])

    def options(self, asked):
        model = self.target["models"][asked.get("model", "usual")]
        if "fault" in asked:
            model = f"{model}--{asked['fault']}"
        options = Options(model)
        options.tools = [{"name": name, **LIST["tools"][name]} for name in asked.get("tools", [])]
        options.choice, options.parallel = asked.get("choice"), asked.get("parallel")
        options.schema = LIST["schemas"].get(asked.get("schema"))
        options.max_tokens, options.stop = asked.get("max_tokens"), asked.get("stop", [])
        options.reasoning = asked.get("reasoning", False)
        return options

    def ask(self, step):
        asked, pieces = step["ask"], []
        sdk = self.sdk.with_key(asked["key"]) if "key" in asked else self.sdk
        options = self.options(asked)

        def answer():
            if asked.get("stream"):
                return sdk.stream(self.talk, options, pieces.append)
            return sdk.ask(self.talk, options)

        if "raises" in step:
            return self.raises(step["raises"], answer, pieces)
        got = answer()
        if asked.get("stream"):
            # An answer of calls alone has no text, and a provider may say a short one at once.
            need("".join(pieces) == got.text, "deltas join to the text", (pieces, got.text))
            need(len(pieces) > 1 or len(got.text) < 300, "the text comes in pieces", len(pieces))
        self.check(got, step["expect"])
        if got.finish != "refused":
            # What was refused is no turn to go on from.
            self.sdk.answered(self.talk, got)
        self.last = got

    def raises(self, expected, answer, pieces):
        try:
            got = answer()
        except Exception as error:
            return self.raised(expected, error, pieces)
        raise Unmet(f"it ended as if nothing had happened: {got}"[:400])

    def raised(self, expected, error, pieces):
        kind = self.sdk.kind(error)
        need(kind is not None, "the error is one of the SDK's", repr(error))
        need("any" in expected["kinds"] or kind in expected["kinds"], f"the error is {expected['kinds']}", (kind, error))
        need(str(error) and "<html" not in str(error), "the error says something", repr(error))
        if "retry_after" in expected and self.target["name"].removesuffix("-direct") not in getattr(self.sdk, "untimed_at", ()):
            # Where the SDK's users look for it: in a header, or in the error.
            seconds = self.sdk.retry_after(error) if hasattr(self.sdk, "retry_after") else self.exchanges.retry_after
            need(seconds is not None and float(seconds) == expected["retry_after"], "when to try again", seconds)
        if expected.get("midway"):
            # Half of a short stream can be events before the first word.
            need("".join(pieces) or getattr(self.sdk, "steps_seen", 0), "something was seen before it broke", pieces)

    def check(self, got, expected):
        need(got.model, "the model is named", got)
        need(got.id or not expected.get("id"), "the answer has an id", got)
        # What was refused before a word was said costs no output.
        need(got.input > 0 and (got.output > 0 or got.finish == "refused"), "usage", (got.input, got.output))
        if "finish" in expected:
            need(got.finish in expected["finish"], f"the reason is {expected['finish']}", (got.finish, got.text, got.calls))
        if expected.get("declined"):
            # By a reason or a field of the format, or at least in words, where provider or format have nothing else.
            need(got.finish == "refused" or "sorry" in got.text, "a refusal is told from an answer", got)
        need(len(got.text) >= expected.get("text", 0), "there is text", got.own)
        least, most = expected.get("calls", (0, 9))
        need(least <= len(got.calls) <= most, f"{least} to {most} calls", got.own)
        need(len({call.id for call in got.calls}) == len(got.calls), "each call has its id", got.calls)
        for call in got.calls:
            need(call.name == expected.get("called", call.name), "the tool that was named", call)
            need(follows(call.arguments, LIST["tools"][call.name]["parameters"]), "the arguments follow the schema", call)
        if "structured" in expected:
            value = json.loads(got.text)
            need(follows(value, LIST["schemas"][expected["structured"]]), "the answer follows the schema", got.text)
        if "reasoning" in expected:
            shown = got.thought or (got.thought_tokens > 0 and not self.sdk.shows_reasoning)
            need(shown, "reasoning is shown", got.own)
        need(expected.get("without", "\0") not in got.text, "it stops before the stop text", got.text)
        need(got.output <= expected.get("output_at_most", got.output), "the limit holds", got.output)
        need(got.cached >= expected.get("cached", 0), "cached tokens are counted", got)
        need(got.cached <= got.input, "cached tokens are a part of the input", got)
        if "more_input" in expected:
            more = got.input - self.last.input
            need(more >= expected["more_input"], f"the input grows by {expected['more_input']}", more)


def absent(sdk, target, scenario):
    """Why a scenario is not played here. None: it is."""
    name, vendor = scenario["name"], target["name"].removesuffix("-direct")
    if not sdk.marks_cache and vendor in scenario.get("needs_marks", []):
        return "this format does not mark what is to be cached"
    told_here = getattr(sdk, "without_at", {}).get(vendor, {}).get(name)
    return told_here or target.get("without", {}).get(name) or sdk.without.get(name) or scenario.get("not_for", {}).get(vendor)


def outcome(sdk, target, scenario, exchanges):
    if why := absent(sdk, target, scenario):
        return {"outcome": "skip", "why": why}
    exchanges.forget()
    try:
        Play(sdk, target, scenario, exchanges).run()
    except Exception as error:
        why = str(error) if isinstance(error, Unmet) else told(error)
        # What was reached in another way is no loss: then it must hold.
        if named := exchanges.losses(scenario, ["dropped", "approximated"]):
            return {"outcome": "loss", "why": why, "named": named}
        return {"outcome": "fail", "why": f"{why} [named: {', '.join(exchanges.named)}] [refused: {exchanges.refused}]"}
    if named := exchanges.losses(scenario, ["dropped"]):
        return {"outcome": "loss", "why": "all the rest holds", "named": named}
    return {"outcome": "pass", "named": list(dict.fromkeys(exchanges.named))}


def told(error):
    """An error that was not foreseen, and where it came from."""
    places = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
    return f"{type(error).__name__}: {error} (at {', '.join(places[-4:])})"[:900]


def main(make):
    wanted = os.environ.get("SCENARIOS")
    for target in json.loads(os.environ["TARGETS"]):
        exchanges = Exchanges()
        sdk = make(target["base_url"], target["key"], exchanges.note)
        for scenario in LIST["scenarios"]:
            if not wanted or scenario["name"] in wanted.split(","):
                line = {"target": target["name"], "scenario": scenario["name"], **outcome(sdk, target, scenario, exchanges)}
                print(json.dumps(line), flush=True)
