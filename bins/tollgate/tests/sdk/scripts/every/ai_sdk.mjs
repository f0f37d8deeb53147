// The ai-sdk through the shared scenarios, by the provider package of the front door that DOOR names: chat, responses,
// messages or content. See harness.py.

import { createAnthropic } from '@ai-sdk/anthropic';
import { createGoogle } from '@ai-sdk/google';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { APICallError, embedMany, generateText, jsonSchema, Output, streamText, tool } from 'ai';
import { main } from './harness.mjs';

globalThis.AI_SDK_LOG_WARNINGS = false;

/** The SDK asks by a forced tool and takes one call of it only. */
const oneCallOnly = 'such servers take the switch against several calls and do not heed it';

/** What differs between the doors: the provider, and what is asked for in its own words. */
const doors = {
  chat: {
    provider: ({ baseUrl, ...rest }) => {
      const gateway = createOpenAICompatible({
        name: 'gateway', baseURL: `${baseUrl}/v1`, includeUsage: true, supportsStructuredOutputs: true, ...rest,
      });
      return { model: (name) => gateway.chatModel(name), embedding: (name) => gateway.embeddingModel(name) };
    },
    showsReasoning: false,
    oneTool: { gateway: { parallel_tool_calls: false } },
    without: { tool_result_image: 'results of tools hold text only in this format' },
  },
  responses: {
    provider: ({ baseUrl, ...rest }) => {
      const openai = createOpenAI({ baseURL: `${baseUrl}/v1`, ...rest });
      return { model: (name) => openai.responses(name), embedding: (name) => openai.embeddingModel(name) };
    },
    showsReasoning: true,
    always: { openai: { store: false, include: ['reasoning.encrypted_content'] } },
    reasoning: { openai: { reasoningEffort: 'low', reasoningSummary: 'auto', forceReasoning: true } },
    oneTool: { openai: { parallelToolCalls: false } },
    without: { stop: 'the format has no stop texts' },
  },
  messages: {
    provider: ({ baseUrl, ...rest }) => {
      const anthropic = createAnthropic({ baseURL: `${baseUrl}/v1`, ...rest });
      return { model: (name) => anthropic(name) };
    },
    showsReasoning: true,
    marksCache: true,
    reasoning: { anthropic: { thinking: { type: 'adaptive', display: 'summarized' } } },
    oneTool: { anthropic: { disableParallelToolUse: true } },
    without: { embeddings: 'not in this SDK' },
    withoutAt: (name) => name === 'compatible' && { structured: oneCallOnly, structured_stream: oneCallOnly },
  },
  content: {
    provider: ({ baseUrl, ...rest }) => {
      const google = createGoogle({ baseURL: `${baseUrl}/v1beta`, ...rest });
      // The name of a model with a slash in it is taken for a whole path.
      return { model: (name) => google(`models/${name}`), embedding: (name) => google.embeddingModel(name) };
    },
    showsReasoning: true,
    reasoning: { google: { thinkingConfig: { includeThoughts: true, thinkingLevel: 'low' } } },
    without: { one_tool_at_a_time: 'the format has no such switch' },
    withoutAt: (name) =>
      !name.startsWith('gemini') && {
        tool_result_image: 'to models that are not of Gemini 3 this SDK sends the picture without the result',
      },
  },
};
const door = doors[process.env.DOOR];
const finishes = { 'tool-calls': 'tools', 'content-filter': 'refused' };
const lacks = { models: 'not in this SDK', count_tokens: 'not in this SDK', memory: 'not in this SDK' };

/** An error that came as a part of a stream. */
class StreamError extends Error {
  constructor(cause) {
    super(cause?.message ?? JSON.stringify(cause), { cause });
  }
}

class AiSdk {
  showsReasoning = door.showsReasoning;
  marksCache = !!door.marksCache;

  constructor({ baseUrl, key, fetch, name }) {
    this.where = { baseUrl, fetch, name };
    this.without = { ...lacks, ...door.without, ...door.withoutAt?.(name) };
    this.provider = door.provider({ baseUrl, apiKey: key, fetch });
  }

  withKey(key) {
    return new AiSdk({ ...this.where, key });
  }

  begin() {
    return { messages: [] };
  }

  system(talk, content, cache) {
    const marked = cache && { providerOptions: { anthropic: { cacheControl: { type: 'ephemeral' } } } };
    talk.instructions = [{ role: 'system', content, ...marked }];
  }

  user(talk, parts) {
    talk.messages.push({ role: 'user', content: parts.map((part) => this.part(part)) });
  }

  part(part) {
    if (typeof part === 'string') return { type: 'text', text: part };
    return { type: 'file', mediaType: part.type, filename: part.name, data: part.data };
  }

  answered(talk, answer) {
    talk.messages.push(...answer.own);
  }

  results(talk, results) {
    const content = results.map(({ call, is, value }) => ({
      type: 'tool-result', toolCallId: call.id, toolName: call.name, output: this.output(is, value),
    }));
    talk.messages.push({ role: 'tool', content });
  }

  output(is, value) {
    if (is !== 'image') return { type: is === 'error' ? 'error-text' : is, value };
    return { type: 'content', value: [{ type: 'file-data', mediaType: value.type, data: value.data }] };
  }

  asked(talk, { model, tools, choice, parallel, schema, maxTokens, stop, reasoning }) {
    const declare = ({ name, description, parameters }) => {
      return [name, tool({ description, inputSchema: jsonSchema(parameters) })];
    };
    const options = [door.always, reasoning && door.reasoning, parallel === false && door.oneTool];
    const providerOptions = {};
    for (const [name, given] of options.flatMap((each) => Object.entries(each || {}))) {
      providerOptions[name] = { ...providerOptions[name], ...given };
    }
    return {
      model: this.provider.model(model),
      ...talk,
      tools: tools.length ? Object.fromEntries(tools.map(declare)) : undefined,
      toolChoice: choice?.tool ? { type: 'tool', toolName: choice.tool } : choice,
      output: schema && Output.object({ schema: jsonSchema(schema), name: 'answer' }),
      maxOutputTokens: maxTokens,
      stopSequences: stop,
      reasoning: reasoning && !door.reasoning ? 'low' : undefined,
      providerOptions,
      maxRetries: 0,
    };
  }

  async ask(talk, options) {
    return this.read(await generateText(this.asked(talk, options)));
  }

  async stream(talk, options, piece) {
    const stream = streamText({ ...this.asked(talk, options), onError: () => {} });
    for await (const part of stream.stream) {
      if (part.type === 'text-delta') piece(part.text);
      if (part.type === 'error') throw APICallError.isInstance(part.error) ? part.error : new StreamError(part.error);
    }
    const names = ['text', 'toolCalls', 'finishReason', 'usage', 'reasoningText', 'response', 'responseMessages'];
    const values = await Promise.all(names.map((name) => stream[name]));
    return this.read(Object.fromEntries(names.map((name, at) => [name, values[at]])));
  }

  read({ text, toolCalls, finishReason, usage, reasoningText, response, responseMessages }) {
    return {
      id: response.id,
      model: response.modelId,
      text,
      finish: finishes[finishReason] ?? finishReason,
      own: responseMessages,
      input: usage.inputTokens,
      output: usage.outputTokens,
      cached: usage.inputTokenDetails.cacheReadTokens ?? 0,
      thought: reasoningText ?? '',
      thoughtTokens: usage.outputTokenDetails.reasoningTokens ?? 0,
      calls: toolCalls.map(({ toolCallId: id, toolName: name, input }) => ({ id, name, arguments: input })),
    };
  }

  async embed(model, values) {
    return (await embedMany({ model: this.provider.embedding(model), values, maxRetries: 0 })).embeddings;
  }

  kind(error) {
    if (error instanceof StreamError) return 'other';
    if (!APICallError.isInstance(error)) return undefined;
    // The vendors' own ways, where the status says less.
    if (error.responseBody?.includes('API_KEY_INVALID')) return 'authentication';
    if (error.responseBody?.includes('model_not_found')) return 'not_found';
    const kinds = { 400: 'invalid', 401: 'authentication', 404: 'not_found', 429: 'rate_limit', 529: 'overloaded' };
    return kinds[error.statusCode] ?? (error.statusCode >= 500 ? 'server' : 'other');
  }

  /** Google says it in the error's details. */
  retryAfter(error) {
    const inDetails = /"retryDelay":\s*"([\d.]+)s"/.exec(error.responseBody)?.[1];
    return error.responseHeaders?.['retry-after'] ?? inDetails ?? null;
  }
}

await main((where) => new AiSdk(where));
