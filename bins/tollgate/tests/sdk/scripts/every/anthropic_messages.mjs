// The @anthropic-ai/sdk package's Messages through the shared scenarios. See harness.py.

import Anthropic, * as sdk from '@anthropic-ai/sdk';
import { main } from './harness.mjs';

const finishes = { end_turn: 'stop', stop_sequence: 'stop', max_tokens: 'length', tool_use: 'tools', refusal: 'refused' };
const choices = { auto: { type: 'auto' }, none: { type: 'none' }, required: { type: 'any' } };
const kinds = [
  [sdk.BadRequestError, 'invalid'],
  [sdk.AuthenticationError, 'authentication'],
  [sdk.NotFoundError, 'not_found'],
  [sdk.RateLimitError, 'rate_limit'],
  [sdk.OverloadedError, 'overloaded'],
  [sdk.InternalServerError, 'server'],
];
const source = ({ type, data }) => ({ type: 'base64', media_type: type, data });

class Messages {
  showsReasoning = true;
  marksCache = true;
  without = { embeddings: 'not in this SDK', memory: 'the format keeps no answers' };

  constructor(client) {
    this.client = client;
  }

  withKey(apiKey) {
    return new Messages(this.client.withOptions({ apiKey }));
  }

  begin() {
    return { messages: [] };
  }

  system(talk, text, cache) {
    talk.system = [{ type: 'text', text, ...(cache && { cache_control: { type: 'ephemeral' } }) }];
  }

  user(talk, parts) {
    talk.messages.push({ role: 'user', content: parts.map((part) => this.part(part)) });
  }

  part(part) {
    return typeof part === 'string' ? { type: 'text', text: part } : { type: part.is, source: source(part) };
  }

  answered(talk, answer) {
    talk.messages.push({ role: 'assistant', content: answer.own });
  }

  results(talk, results) {
    talk.messages.push({ role: 'user', content: results.map((result) => this.result(result)) });
  }

  result({ call, is, value }) {
    const result = { type: 'tool_result', tool_use_id: call.id, content: value };
    if (is === 'json') result.content = JSON.stringify(value);
    if (is === 'error') result.is_error = true;
    if (is === 'image') result.content = [{ type: 'image', source: source(value) }];
    return result;
  }

  body(talk, { model, tools, choice, parallel, schema, maxTokens, stop, reasoning }) {
    const body = { model, max_tokens: maxTokens ?? 4096, ...talk };
    const tool = ({ name, description, parameters }) => ({ name, description, input_schema: parameters });
    if (tools.length) body.tools = tools.map(tool);
    if (choice) body.tool_choice = choice.tool ? { type: 'tool', name: choice.tool } : choices[choice];
    if (parallel === false) {
      body.tool_choice = { ...(body.tool_choice ?? choices.auto), disable_parallel_tool_use: true };
    }
    if (schema) body.output_config = { format: { type: 'json_schema', schema } };
    if (stop) body.stop_sequences = stop;
    if (reasoning) body.thinking = { type: 'enabled', budget_tokens: 1024, display: 'summarized' };
    return body;
  }

  async ask(talk, options) {
    return this.read(await this.client.messages.create(this.body(talk, options)));
  }

  async stream(talk, options, piece) {
    const stream = this.client.messages.stream(this.body(talk, options));
    stream.on('text', piece);
    return this.read(await stream.finalMessage());
  }

  read(answer) {
    const { usage, content: own } = answer;
    const of = (type) => own.filter((block) => block.type === type);
    const cached = usage.cache_read_input_tokens ?? 0;
    return {
      id: answer.id,
      model: answer.model,
      text: of('text').map((block) => block.text).join(''),
      finish: finishes[answer.stop_reason] ?? answer.stop_reason,
      own,
      input: usage.input_tokens + cached + (usage.cache_creation_input_tokens ?? 0),
      output: usage.output_tokens,
      cached,
      thought: of('thinking').map((block) => block.thinking).join(''),
      calls: of('tool_use').map(({ id, name, input }) => ({ id, name, arguments: input })),
    };
  }

  async models() {
    const listed = [];
    for await (const model of this.client.models.list()) listed.push(model.id);
    return listed;
  }

  async count(talk, { model }) {
    return (await this.client.messages.countTokens({ model, ...talk })).input_tokens;
  }

  kind(error) {
    const known = kinds.find(([type]) => error instanceof type)?.[1];
    // Any other error of the API, also in a stream. A connection that broke is not one: nobody said anything.
    const isOther = error instanceof sdk.APIError && !(error instanceof sdk.APIConnectionError);
    return known ?? (isOther ? 'other' : undefined);
  }
}

await main(({ baseUrl, key, fetch }) => {
  return new Messages(new Anthropic({ baseURL: baseUrl, apiKey: key, maxRetries: 0, fetch }));
});
