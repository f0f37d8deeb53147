// Plays the shared scenarios of scenarios.json with one SDK, and prints one JSON line for each: harness.py for Node. What
// TARGETS, SCENARIOS and the lines are, and what an SDK's script has to give, is said there.

import { readFileSync } from 'node:fs';

const list = JSON.parse(readFileSync(new URL('scenarios.json', import.meta.url)));
const { image, document } = list;

/** Something that must hold does not. */
class Unmet extends Error {}

const shown = (seen) => (typeof seen === 'string' ? seen : (JSON.stringify(seen) ?? ''));

export function need(holds, what, seen = '') {
  if (!holds) throw new Unmet(`${what}: ${shown(seen)}`.slice(0, 600));
}

/** The HTTP exchanges of one scenario, as they pass `fetch`. */
class Exchanges {
  constructor() {
    this.forget();
  }

  forget() {
    [this.refused, this.named, this.retryAfter] = [[], [], null];
  }

  fetch = async (...request) => {
    const response = await fetch(...request);
    this.named.push(...(response.headers.get('x-tollgate-lossy') ?? '').split(', ').filter(Boolean));
    this.retryAfter = response.headers.get('retry-after');
    if (response.status === 400) this.refused.push(`400 ${(await response.clone().json()).error.message}`);
    return response;
  };

  /** What the gateway named, with one of these fates, of what this scenario may lose. */
  losses({ losses = [], refusals = [] }, kinds) {
    const isLost = (entry) => {
      const [, path, kind] = /^(.*)=(\w+)$/.exec(entry) ?? [];
      return kinds.includes(kind) && losses.includes(path.replace(/\[\d+\]/g, '[]'));
    };
    const said = this.refused.filter((refusal) => refusals.some((word) => refusal.includes(word)));
    return [...new Set(this.named.filter(isLost)), ...said];
  }
}

function textOf(said, scenario, target) {
  if (typeof said === 'object') return said.text.repeat(said.times);
  // Marked, so that what arrives at a provider can be told from what others are sent.
  return said === '@' ? `${scenario.asks} (for ${target.name})` : said;
}

function follows(value, { properties, required }) {
  const is = { string: (it) => typeof it === 'string', integer: Number.isInteger };
  return !!value && typeof value === 'object' && required.every((name) => is[properties[name].type](value[name]));
}

/** One scenario on one target. */
class Play {
  constructor(sdk, target, scenario, exchanges) {
    Object.assign(this, { sdk, target, scenario, exchanges, talk: sdk.begin(), last: null });
  }

  async run() {
    for (const step of this.scenario.steps) {
      if ('system' in step) this.sdk.system(this.talk, this.text(step.system), !!step.cache);
      else if ('user' in step) this.sdk.user(this.talk, step.user.map((part) => this.part(part)));
      else if ('results' in step) this.results(step.results);
      else if ('ask' in step) await this.ask(step);
      else if ('memory' in step) await this.memory(step.memory);
      else if ('models' in step) await this.models(step.models);
      else if ('count' in step) {
        const counted = await this.sdk.count(this.talk, this.options(step.count));
        need(counted >= step.at_least, 'the question is counted', counted);
      } else if ('embed' in step) await this.embed(step.embed);
    }
  }

  text(said) {
    return textOf(said, this.scenario, this.target);
  }

  /** A text, or what is shown. */
  part(part) {
    if (part.image) return { is: 'image', ...image };
    if (part.document) return { is: 'document', ...document };
    return this.text(part);
  }

  /** One result for each call of the last answer: {call, is: "text" | "json" | "error" | "image", value}. */
  results(content) {
    const [[is, given]] = Object.entries(typeof content === 'string' ? { text: content } : content);
    const value = is === 'image' ? image : given;
    this.sdk.results(this.talk, this.last.calls.map((call) => ({ call, is, value })));
  }

  async memory(next) {
    const [first, second] = await this.sdk.memory(this.options({}), this.text('@'), next);
    this.check(first, { finish: ['stop'], text: 1, id: true });
    this.last = first;
    this.check(second, { finish: ['stop'], text: 1, id: true, more_input: 20 });
  }

  async models(roles) {
    const listed = await this.sdk.models();
    for (const role of roles) need(listed.includes(this.target.models[role]), 'the model is listed', listed);
  }

  async embed(texts) {
    const vectors = await this.sdk.embed(this.target.models.embedding ?? 'none', texts);
    need(vectors.length === texts.length, 'a vector for each text', vectors.length);
    need(vectors.every((vector) => vector.length > 7) && shown(vectors[0]) !== shown(vectors[1]), 'vectors', vectors);
  }

  options(asked) {
    const { model = 'usual', fault, tools = [], schema, choice, parallel, max_tokens, stop, reasoning } = asked;
    const name = this.target.models[model];
    return {
      model: fault ? `${name}--${fault}` : name,
      tools: tools.map((tool) => ({ name: tool, ...list.tools[tool] })),
      schema: list.schemas[schema],
      choice, parallel, stop, reasoning,
      maxTokens: max_tokens,
    };
  }

  async ask({ ask: asked, expect, raises }) {
    const pieces = [];
    const sdk = asked.key ? this.sdk.withKey(asked.key) : this.sdk;
    const options = this.options(asked);
    const answer = () =>
      asked.stream ? sdk.stream(this.talk, options, (piece) => pieces.push(piece)) : sdk.ask(this.talk, options);
    if (raises) return this.raises(raises, answer, pieces);
    const got = await answer();
    if (asked.stream) {
      // An answer of calls alone has no text, and a provider may say a short one at once.
      need(pieces.join('') === got.text, 'deltas join to the text', [pieces, got.text]);
      need(pieces.length > 1 || got.text.length < 300, 'the text comes in pieces', pieces.length);
    }
    this.check(got, expect);
    // What was refused is no turn to go on from.
    if (got.finish !== 'refused') this.sdk.answered(this.talk, got);
    this.last = got;
  }

  async raises({ kinds, retry_after: retryAfter, midway }, answer, pieces) {
    const error = await answer().then(
      (got) => { throw new Unmet(`it ended as if nothing had happened: ${shown(got)}`.slice(0, 400)); },
      (error) => error,
    );
    if (error instanceof Unmet) throw error;
    const kind = this.sdk.kind(error);
    need(kind, "the error is one of the SDK's", `${error?.name} ${error}`);
    need(kinds.includes('any') || kinds.includes(kind), `the error is ${kinds}`, `${kind} ${error?.name} ${error}`);
    need(`${error.message}` && !error.message.includes('<html'), 'the error says something', `${error}`);
    if (retryAfter && !this.sdk.untimedAt?.includes(this.target.name.replace(/-direct$/, ''))) {
      // Where the SDK's users look for it: in a header, or in the error.
      const seconds = this.sdk.retryAfter ? this.sdk.retryAfter(error) : this.exchanges.retryAfter;
      need(seconds !== null && Number(seconds) === retryAfter, 'when to try again', seconds);
    }
    // Half of a short stream can be events before the first word.
    if (midway) need(pieces.join('') || this.sdk.stepsSeen, 'something was seen before it broke', pieces);
  }

  check(got, expected) {
    need(got.model, 'the model is named', got);
    need(got.id || !expected.id, 'the answer has an id', got);
    // What was refused before a word was said costs no output.
    need(got.input > 0 && (got.output > 0 || got.finish === 'refused'), 'usage', got);
    if (expected.finish) need(expected.finish.includes(got.finish), `the reason is ${expected.finish}`, got);
    if (expected.declined) {
      // By a reason or a field of the format, or at least in words, where provider or format have nothing else.
      need(got.finish === 'refused' || got.text.includes('sorry'), 'a refusal is told from an answer', got);
    }
    need(got.text.length >= (expected.text ?? 0), 'there is text', got.own);
    const [least, most] = expected.calls ?? [0, 9];
    need(least <= got.calls.length && got.calls.length <= most, `${least} to ${most} calls`, got.own);
    need(new Set(got.calls.map((call) => call.id)).size === got.calls.length, 'each call has its id', got.calls);
    for (const call of got.calls) {
      need(call.name === (expected.called ?? call.name), 'the tool that was named', call);
      need(follows(call.arguments, list.tools[call.name].parameters), 'the arguments follow the schema', call);
    }
    if (expected.structured) {
      const schema = list.schemas[expected.structured];
      need(follows(JSON.parse(got.text), schema), 'the answer follows the schema', got.text);
    }
    if (expected.reasoning) {
      const isShown = got.thought || (got.thoughtTokens > 0 && !this.sdk.showsReasoning);
      need(isShown, 'reasoning is shown', got.own);
    }
    need(!expected.without || !got.text.includes(expected.without), 'it stops before the stop text', got.text);
    need(got.output <= (expected.output_at_most ?? got.output), 'the limit holds', got.output);
    need((got.cached ?? 0) >= (expected.cached ?? 0), 'cached tokens are counted', got);
    need((got.cached ?? 0) <= got.input, 'cached tokens are a part of the input', got);
    if (expected.more_input) {
      const more = got.input - this.last.input;
      need(more >= expected.more_input, `the input grows by ${expected.more_input}`, more);
    }
  }
}

/** Why a scenario is not played here. Nothing: it is. */
function absent(sdk, target, { name, needs_marks: needsMarks = [], not_for: notFor = {} }) {
  const vendor = target.name.replace(/-direct$/, '');
  if (!sdk.marksCache && needsMarks.includes(vendor)) return 'this format does not mark what is to be cached';
  return sdk.withoutAt?.[vendor]?.[name] ?? target.without?.[name] ?? sdk.without[name] ?? notFor[vendor];
}

async function outcome(sdk, target, scenario, exchanges) {
  const why = absent(sdk, target, scenario);
  if (why) return { outcome: 'skip', why };
  exchanges.forget();
  try {
    await new Play(sdk, target, scenario, exchanges).run();
  } catch (error) {
    const why = error instanceof Unmet ? error.message : `${error?.stack ?? error}`.slice(0, 900);
    // What was reached in another way is no loss: then it must hold.
    const named = exchanges.losses(scenario, ['dropped', 'approximated']);
    if (named.length) return { outcome: 'loss', why, named };
    return { outcome: 'fail', why: `${why} [named: ${exchanges.named}] [refused: ${exchanges.refused}]` };
  }
  const named = exchanges.losses(scenario, ['dropped']);
  if (named.length) return { outcome: 'loss', why: 'all the rest holds', named };
  return { outcome: 'pass', named: [...new Set(exchanges.named)] };
}

/** `make({ name, baseUrl, key, fetch })` gives the SDK's part. */
export async function main(make) {
  const wanted = process.env.SCENARIOS?.split(',');
  for (const target of JSON.parse(process.env.TARGETS)) {
    const exchanges = new Exchanges();
    const sdk = make({ name: target.name, baseUrl: target.base_url, key: target.key, fetch: exchanges.fetch });
    for (const scenario of list.scenarios) {
      if (wanted && !wanted.includes(scenario.name)) continue;
      const line = await outcome(sdk, target, scenario, exchanges);
      console.log(JSON.stringify({ target: target.name, scenario: scenario.name, ...line }));
    }
  }
}
