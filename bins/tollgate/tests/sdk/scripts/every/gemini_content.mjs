// The @google/genai package's generateContent through the shared scenarios. See harness.py.

import { ApiError, FunctionCallingConfigMode, GoogleGenAI, ThinkingLevel } from '@google/genai';
import { main } from './harness.mjs';

const finishes = { STOP: 'stop', MAX_TOKENS: 'length', SAFETY: 'refused', PROHIBITED_CONTENT: 'refused' };
const modes = {
  auto: FunctionCallingConfigMode.AUTO,
  none: FunctionCallingConfigMode.NONE,
  required: FunctionCallingConfigMode.ANY,
};

class Content {
  showsReasoning = true;
  marksCache = false;
  without = { one_tool_at_a_time: 'the format has no such switch', memory: 'the format keeps no answers' };

  constructor({ baseUrl, key, fetch }) {
    this.where = { baseUrl, fetch };
    this.client = new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl, fetch } });
  }

  withKey(key) {
    return new Content({ ...this.where, key });
  }

  begin() {
    return { contents: [] };
  }

  system(talk, text) {
    talk.system = text;
  }

  user(talk, parts) {
    talk.contents.push({ role: 'user', parts: parts.map((part) => this.part(part)) });
  }

  part(part) {
    return typeof part === 'string' ? { text: part } : { inlineData: { mimeType: part.type, data: part.data } };
  }

  answered(talk, answer) {
    talk.contents.push(answer.own);
  }

  results(talk, results) {
    talk.contents.push({ role: 'user', parts: results.map((result) => this.result(result)) });
  }

  result({ call: { id, name }, is, value }) {
    const told = { text: { output: value }, json: value, error: { error: value }, image: { output: { $ref: 'sky.png' } } };
    const functionResponse = { id, name, response: told[is] };
    if (is === 'image') {
      functionResponse.parts = [{ inlineData: { mimeType: value.type, data: value.data, displayName: 'sky.png' } }];
    }
    return { functionResponse };
  }

  asked(talk, { model, tools, choice, schema, maxTokens, stop, reasoning }) {
    const config = { systemInstruction: talk.system };
    const declare = ({ name, description, parameters }) => ({ name, description, parametersJsonSchema: parameters });
    if (tools.length) config.tools = [{ functionDeclarations: tools.map(declare) }];
    if (choice) {
      const named = choice.tool && { mode: modes.required, allowedFunctionNames: [choice.tool] };
      config.toolConfig = { functionCallingConfig: named ?? { mode: modes[choice] } };
    }
    if (schema) Object.assign(config, { responseMimeType: 'application/json', responseJsonSchema: schema });
    if (maxTokens) config.maxOutputTokens = maxTokens;
    if (stop) config.stopSequences = stop;
    if (reasoning) config.thinkingConfig = { includeThoughts: true, thinkingLevel: ThinkingLevel.LOW };
    return { model, contents: talk.contents, config };
  }

  async ask(talk, options) {
    const answer = await this.client.models.generateContent(this.asked(talk, options));
    return this.read(answer, answer.candidates?.[0].content?.parts ?? []);
  }

  async stream(talk, options, piece) {
    const parts = [];
    let last;
    for await (const chunk of await this.client.models.generateContentStream(this.asked(talk, options))) {
      for (const part of chunk.candidates?.[0].content?.parts ?? []) {
        parts.push(part);
        if (part.text && !part.thought) piece(part.text);
      }
      last = chunk;
    }
    return this.read(last, parts);
  }

  read(answer, parts) {
    const { usageMetadata: usage } = answer;
    const calls = parts.flatMap((part) => part.functionCall ?? []);
    const texts = parts.filter((part) => part.text);
    // A prompt that is blocked has no candidate.
    const reason = answer.candidates ? answer.candidates[0].finishReason : answer.promptFeedback.blockReason;
    return {
      id: answer.responseId,
      model: answer.modelVersion,
      text: texts.filter((part) => !part.thought).map((part) => part.text).join(''),
      // The format has no reason of its own for calls.
      finish: calls.length && reason === 'STOP' ? 'tools' : (finishes[reason] ?? reason),
      // All of the limit can go into thoughts that nobody sees.
      own: { role: 'model', parts: parts.length ? parts : [{ text: ' ' }] },
      input: usage.promptTokenCount,
      output: (usage.candidatesTokenCount ?? 0) + (usage.thoughtsTokenCount ?? 0),
      cached: usage.cachedContentTokenCount ?? 0,
      thought: texts.filter((part) => part.thought).map((part) => part.text).join(''),
      thoughtTokens: usage.thoughtsTokenCount ?? 0,
      calls: calls.map(({ id, name, args }) => ({ id, name, arguments: args })),
    };
  }

  async models() {
    const listed = [];
    for await (const model of await this.client.models.list()) listed.push(model.name.replace(/^models\//, ''));
    return listed;
  }

  async count(talk, { model }) {
    return (await this.client.models.countTokens({ model, contents: talk.contents })).totalTokens;
  }

  async embed(model, contents) {
    return (await this.client.models.embedContent({ model, contents })).embeddings.map((item) => item.values);
  }

  kind(error) {
    if (!(error instanceof ApiError)) return undefined;
    // The vendor's own way: a 400 with this reason.
    if (error.message.includes('API_KEY_INVALID')) return 'authentication';
    const kinds = { 400: 'invalid', 401: 'authentication', 404: 'not_found', 429: 'rate_limit', 503: 'overloaded' };
    return kinds[error.status] ?? (error.status >= 500 ? 'server' : 'other');
  }

  /** The vendor says it in the error's details, which the SDK leaves in its message. */
  retryAfter(error) {
    return /"retryDelay":\s*"([\d.]+)s"/.exec(error.message)?.[1] ?? null;
  }
}

await main((where) => new Content(where));
