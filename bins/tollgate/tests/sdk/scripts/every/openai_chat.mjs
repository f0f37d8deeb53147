// The openai package's Chat Completions through the shared scenarios. See harness.py.

import OpenAI from 'openai';
import { ContentFilterFinishReasonError, LengthFinishReasonError } from 'openai/error';
import { kindOf } from './openai_errors.mjs';
import { main } from './harness.mjs';

const finishes = { tool_calls: 'tools', content_filter: 'refused' };

class Chat {
  // What reasoning costs is told; the format has no field in which to ask to see it.
  showsReasoning = false;
  marksCache = false;
  without = {
    tool_result_image: 'results of tools hold text only in this format',
    count_tokens: 'not in this SDK',
    memory: 'the format keeps no answers',
  };
  kind = kindOf;

  constructor(client) {
    this.client = client;
  }

  withKey(apiKey) {
    return new Chat(this.client.withOptions({ apiKey }));
  }

  begin() {
    return [];
  }

  system(talk, content) {
    talk.push({ role: 'system', content });
  }

  user(talk, parts) {
    talk.push({ role: 'user', content: parts.map((part) => this.part(part)) });
  }

  part(part) {
    if (typeof part === 'string') return { type: 'text', text: part };
    const url = `data:${part.type};base64,${part.data}`;
    if (part.is === 'image') return { type: 'image_url', image_url: { url } };
    return { type: 'file', file: { filename: part.name, file_data: url } };
  }

  answered(talk, answer) {
    talk.push(answer.own);
  }

  results(talk, results) {
    for (const { call, is, value } of results) {
      const content = is === 'text' ? value : JSON.stringify(is === 'error' ? { error: value } : value);
      talk.push({ role: 'tool', tool_call_id: call.id, content });
    }
  }

  body(talk, { model, tools, choice, parallel, schema, maxTokens, stop, reasoning }) {
    const body = { model, messages: talk };
    if (tools.length) body.tools = tools.map((tool) => ({ type: 'function', function: { ...tool, strict: true } }));
    if (choice) body.tool_choice = choice.tool ? { type: 'function', function: { name: choice.tool } } : choice;
    if (parallel !== undefined) body.parallel_tool_calls = parallel;
    if (schema) {
      body.response_format = { type: 'json_schema', json_schema: { name: 'answer', schema, strict: true } };
    }
    if (maxTokens) body.max_completion_tokens = maxTokens;
    if (stop) body.stop = stop;
    if (reasoning) body.reasoning_effort = 'low';
    return body;
  }

  async ask(talk, options) {
    return this.read(await this.client.chat.completions.create(this.body(talk, options)));
  }

  async stream(talk, options, piece) {
    const body = { ...this.body(talk, options), stream_options: { include_usage: true } };
    const stream = this.client.chat.completions.stream(body);
    stream.on('content', piece);
    stream.on('refusal.delta', ({ delta }) => piece(delta));
    const answer = await stream.finalChatCompletion().catch((error) => {
      // The SDK's way of saying why an answer ended early.
      const early = [LengthFinishReasonError, ContentFilterFinishReasonError].some((type) => error instanceof type);
      if (early) return stream.currentChatCompletionSnapshot;
      throw error;
    });
    return this.read(answer);
  }

  read(answer) {
    const [{ message, finish_reason: reason }] = answer.choices;
    const { usage } = answer;
    const calls = (message.tool_calls ?? []).map(({ id, function: { name, arguments: text } }) => ({
      id, name, arguments: JSON.parse(text),
    }));
    for (const call of message.tool_calls ?? []) delete call.function.parsed_arguments;
    delete message.parsed;
    return {
      id: answer.id,
      model: answer.model,
      text: message.content || message.refusal || '',
      finish: message.refusal ? 'refused' : (finishes[reason] ?? reason),
      // xAI names the role in every piece, and the SDK adds the names up.
      own: { ...message, role: 'assistant' },
      input: usage.prompt_tokens,
      output: usage.completion_tokens,
      cached: usage.prompt_tokens_details?.cached_tokens ?? 0,
      // Servers like vLLM call it by another name.
      thought: message.reasoning_content ?? message.reasoning ?? '',
      thoughtTokens: usage.completion_tokens_details?.reasoning_tokens ?? 0,
      calls,
    };
  }

  async models() {
    const listed = [];
    for await (const model of this.client.models.list()) listed.push(model.id);
    return listed;
  }

  async embed(model, input) {
    return (await this.client.embeddings.create({ model, input })).data.map((item) => item.embedding);
  }
}

await main(({ baseUrl, key, fetch }) => {
  return new Chat(new OpenAI({ baseURL: `${baseUrl}/v1`, apiKey: key, maxRetries: 0, fetch }));
});
