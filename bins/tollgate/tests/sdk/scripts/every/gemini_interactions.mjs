// The @google/genai package's Interactions through the shared scenarios. See harness.py.

import { GoogleGenAI } from '@google/genai';
import { main, need } from './harness.mjs';

const statuses = { completed: 'stop', requires_action: 'tools', incomplete: 'length' };
const modes = { auto: 'auto', none: 'none', required: 'any' };
const noWord = "the vendor's pages do not say how such an answer is told, and the simulated vendor tells it as a complete one";

/** A stream that says of itself that it failed, or that has no end. */
class Failed extends Error {}

/** Left to itself, the SDK tries what fails five times. */
const once = { retries: { strategy: 'none' } };

class Interactions {
  showsReasoning = true;
  marksCache = false;
  without = {
    one_tool_at_a_time: 'the format has no such switch',
    models: 'played with generateContent',
    count_tokens: 'the format counts no tokens',
    embeddings: 'played with generateContent',
  };
  withoutAt = { gemini: { filtered_answer: noWord, blocked_prompt: noWord } };
  // The vendor's errors do not say when to try again.
  untimedAt = ['gemini'];

  constructor({ baseUrl, key, fetch }) {
    this.where = { baseUrl, fetch };
    this.client = new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl, fetch } });
    this.kept = this.client.interactions;
  }

  withKey(key) {
    return new Interactions({ ...this.where, key });
  }

  begin() {
    return { input: [] };
  }

  system(talk, text) {
    talk.system_instruction = text;
  }

  user(talk, parts) {
    talk.input.push({ type: 'user_input', content: parts.map((part) => this.part(part)) });
  }

  part(part) {
    if (typeof part === 'string') return { type: 'text', text: part };
    return { type: part.is, mime_type: part.type, data: part.data };
  }

  answered(talk, answer) {
    talk.input.push(...answer.own);
  }

  results(talk, results) {
    for (const { call, is, value } of results) {
      const result = is === 'image' ? [this.part({ is, ...value })] : value;
      const step = { type: 'function_result', call_id: call.id, name: call.name, result };
      talk.input.push(is === 'error' ? { ...step, is_error: true } : step);
    }
  }

  body(talk, { model, tools, choice, schema, maxTokens, stop, reasoning }) {
    const body = { model, store: false, ...talk };
    const config = {};
    if (tools.length) body.tools = tools.map((tool) => ({ type: 'function', ...tool }));
    if (choice) {
      config.tool_choice = choice.tool ? { allowed_tools: { mode: 'any', tools: [choice.tool] } } : modes[choice];
    }
    if (schema) body.response_format = { type: 'text', mime_type: 'application/json', schema };
    if (maxTokens) config.max_output_tokens = maxTokens;
    if (stop) config.stop_sequences = stop;
    if (reasoning) Object.assign(config, { thinking_level: 'low', thinking_summaries: 'auto' });
    return Object.keys(config).length ? { ...body, generation_config: config } : body;
  }

  async ask(talk, options) {
    const answer = await this.kept.create(this.body(talk, options), once);
    return this.read(answer, answer.steps ?? []);
  }

  async stream(talk, options, piece) {
    const steps = [];
    let last;
    this.stepsSeen = 0;
    for await (const event of await this.kept.create({ ...this.body(talk, options), stream: true }, once)) {
      if (event.event_type === 'error') throw new Failed(event.error.message);
      if (event.event_type === 'interaction.completed') last = event.interaction;
      if (event.event_type === 'step.start') {
        steps[event.index] = structuredClone(event.step);
        this.stepsSeen += 1;
      }
      if (event.event_type === 'step.delta') this.grow(steps[event.index], event.delta, piece);
      if (event.event_type === 'step.stop') {
        const step = steps[event.index];
        if (typeof step.arguments === 'string') step.arguments = JSON.parse(step.arguments);
      }
    }
    if (!last) throw new Failed('the stream ended without an end');
    return this.read(last, steps);
  }

  grow(step, delta, piece) {
    if (delta.type === 'text') {
      piece(delta.text);
      step.content ??= [];
      if (step.content.at(-1)?.type === 'text') step.content.at(-1).text += delta.text;
      else step.content.push({ ...delta });
    }
    if (delta.type === 'thought_summary') (step.summary ??= []).push(delta.content);
    if (delta.type === 'thought_signature') step.signature = delta.signature;
    if (delta.type === 'arguments_delta') {
      step.arguments = (typeof step.arguments === 'string' ? step.arguments : '') + delta.arguments;
    }
  }

  read(answer, steps) {
    const { usage } = answer;
    const texts = steps.flatMap((step) => (step.type === 'model_output' ? step.content ?? [] : []));
    const thoughts = steps.flatMap((step) => (step.type === 'thought' ? step.summary ?? [] : []));
    const calls = steps.filter((step) => step.type === 'function_call');
    return {
      id: answer.id,
      model: answer.model,
      text: texts.filter((part) => part.type === 'text').map((part) => part.text).join(''),
      finish: answer.errors?.length ? 'refused' : (statuses[answer.status] ?? answer.status),
      own: steps,
      input: usage.total_input_tokens,
      output: (usage.total_output_tokens ?? 0) + (usage.total_thought_tokens ?? 0),
      cached: usage.total_cached_tokens ?? 0,
      thought: thoughts.map((part) => part.text).join(''),
      thoughtTokens: usage.total_thought_tokens ?? 0,
      calls: calls.map(({ id, name, arguments: given }) => ({ id, name, arguments: given })),
    };
  }

  /** Two answers that are kept, the second going on from the first; what is kept is shown and forgotten. */
  async memory({ model }, input, then) {
    const { kept } = this;
    const first = await kept.create({ model, input });
    const second = await kept.create({ model, input: then, previous_interaction_id: first.id });
    const again = await kept.get(second.id, { include_input: true });
    need(JSON.stringify(again.steps) === JSON.stringify(second.steps), 'the answer is shown again', again);
    need(JSON.stringify(again.input).includes(then), 'what was asked is shown', again);
    const events = [];
    for await (const event of await kept.get(second.id, { stream: true })) events.push(event.event_type);
    need(events.includes('interaction.completed'), 'it is told again', events);
    await kept.delete(first.id);
    const gone = await kept.get(first.id).catch((error) => error);
    need(this.kind(gone) === 'not_found', 'what was deleted is gone', gone);
    return [this.read(first, first.steps), this.read(second, second.steps)];
  }

  kind(error) {
    if (error instanceof Failed) return 'other';
    const status = error.status ?? error.statusCode;
    if (typeof status !== 'number') return undefined;
    const kinds = { 400: 'invalid', 401: 'authentication', 404: 'not_found', 429: 'rate_limit', 503: 'overloaded' };
    return kinds[status] ?? (status >= 500 ? 'server' : 'other');
  }
}

await main((where) => new Interactions(where));
