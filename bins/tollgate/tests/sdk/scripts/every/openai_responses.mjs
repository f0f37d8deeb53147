// The openai package's Responses through the shared scenarios. See harness.py.

import OpenAI from 'openai';
import { kindOf } from './openai_errors.mjs';
import { main, need } from './harness.mjs';

const finishes = { max_output_tokens: 'length', content_filter: 'refused' };
const deltas = ['response.output_text.delta', 'response.refusal.delta'];
const ends = ['response.completed', 'response.incomplete', 'response.failed'];

/** An answer that says of itself that it failed. */
class Failed extends Error {}

class Responses {
  showsReasoning = true;
  marksCache = false;
  without = { stop: 'the format has no stop texts', embeddings: 'played with Chat Completions' };

  constructor(client) {
    this.client = client;
  }

  withKey(apiKey) {
    return new Responses(this.client.withOptions({ apiKey }));
  }

  begin() {
    return { input: [] };
  }

  system(talk, text) {
    talk.instructions = text;
  }

  user(talk, parts) {
    talk.input.push({ role: 'user', content: parts.map((part) => this.part(part)) });
  }

  part(part) {
    if (typeof part === 'string') return { type: 'input_text', text: part };
    const url = `data:${part.type};base64,${part.data}`;
    if (part.is === 'image') return { type: 'input_image', detail: 'auto', image_url: url };
    return { type: 'input_file', filename: part.name, file_data: url };
  }

  answered(talk, answer) {
    talk.input.push(...answer.own);
  }

  results(talk, results) {
    for (const { call, is, value } of results) {
      const told = { text: value, image: [this.part({ is, ...value })] };
      const output = told[is] ?? JSON.stringify(is === 'error' ? { error: value } : value);
      talk.input.push({ type: 'function_call_output', call_id: call.id, output });
    }
  }

  body(talk, { model, tools, choice, parallel, schema, maxTokens, reasoning }) {
    const body = { model, store: false, ...talk };
    if (tools.length) body.tools = tools.map((tool) => ({ type: 'function', strict: true, ...tool }));
    if (choice) body.tool_choice = choice.tool ? { type: 'function', name: choice.tool } : choice;
    if (parallel !== undefined) body.parallel_tool_calls = parallel;
    if (schema) body.text = { format: { type: 'json_schema', name: 'answer', schema, strict: true } };
    if (maxTokens) body.max_output_tokens = maxTokens;
    if (reasoning) {
      body.reasoning = { effort: 'low', summary: 'auto' };
      body.include = ['reasoning.encrypted_content'];
    }
    return body;
  }

  async ask(talk, options) {
    return this.read(await this.client.responses.create(this.body(talk, options)));
  }

  async stream(talk, options, piece) {
    let answer;
    for await (const event of this.client.responses.stream(this.body(talk, options))) {
      if (deltas.includes(event.type)) piece(event.delta);
      if (ends.includes(event.type)) answer = event.response;
    }
    if (!answer) throw new Failed('the stream ended without an end');
    return this.read(answer);
  }

  read(answer) {
    if (answer.status === 'failed') throw new Failed(answer.error.message);
    const { usage, output: items } = answer;
    const calls = items.filter((item) => item.type === 'function_call');
    const thoughts = items.filter((item) => item.type === 'reasoning');
    const said = items.flatMap((item) => (item.type === 'message' ? item.content : []));
    const cut = answer.incomplete_details?.reason;
    const refused = said.some((part) => part.type === 'refusal') ? 'refused' : undefined;
    return {
      id: answer.id,
      model: answer.model,
      text: said.map((part) => part.text ?? part.refusal ?? '').join(''),
      finish: finishes[cut] ?? cut ?? refused ?? (calls.length ? 'tools' : 'stop'),
      own: items.map((item) => this.again(structuredClone(item))),
      input: usage.input_tokens,
      output: usage.output_tokens,
      cached: usage.input_tokens_details.cached_tokens,
      thought: thoughts.flatMap((item) => [...item.summary, ...(item.content ?? [])]).map((part) => part.text).join(''),
      thoughtTokens: usage.output_tokens_details.reasoning_tokens,
      calls: calls.map(({ call_id: id, name, arguments: text }) => ({ id, name, arguments: JSON.parse(text) })),
    };
  }

  /** An item as it goes back: without the SDK's own notes, which the API does not know. */
  again(item) {
    delete item.parsed_arguments;
    for (const part of item.content ?? []) delete part.parsed;
    return item;
  }

  /** Two answers that are kept, the second going on from the first; what is kept is shown and forgotten. */
  async memory({ model }, input, then) {
    const kept = this.client.responses;
    const first = await kept.create({ model, input });
    const second = await kept.create({ model, input: then, previous_response_id: first.id });
    need((await kept.retrieve(second.id)).output_text === second.output_text, 'the answer is shown again', second.id);
    const texts = [];
    for await (const item of kept.inputItems.list(second.id)) {
      if (item.type === 'message') texts.push(...item.content.map((part) => part.text));
    }
    need(texts.includes(then), 'what was asked is listed', texts);
    await kept.delete(first.id);
    const gone = await kept.retrieve(first.id).catch((error) => error);
    need(gone instanceof OpenAI.NotFoundError, 'what was deleted is gone', gone);
    return [this.read(first), this.read(second)];
  }

  async models() {
    const listed = [];
    for await (const model of this.client.models.list()) listed.push(model.id);
    return listed;
  }

  async count(talk, { model }) {
    return (await this.client.responses.inputTokens.count({ model, ...talk })).input_tokens;
  }

  kind(error) {
    return error instanceof Failed ? 'other' : kindOf(error);
  }
}

await main(({ baseUrl, key, fetch }) => {
  return new Responses(new OpenAI({ baseURL: `${baseUrl}/v1`, apiKey: key, maxRetries: 0, fetch }));
});
