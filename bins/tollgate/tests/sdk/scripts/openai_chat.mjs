// The openai package and the AI SDK in their usual calls. OPENAI_BASE_URL and OPENAI_API_KEY say where, MODEL whom.
// CHECKS as in openai_chat.py.

import assert from 'node:assert/strict';
import OpenAI from 'openai';
import { zodResponseFormat } from 'openai/helpers/zod';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateText, streamText, tool, isStepCount, stepCountIs } from 'ai';
import { z } from 'zod';

const model = process.env.MODEL;
const client = new OpenAI();
const once = client.withOptions({ maxRetries: 0 });
const messages = (text) => [{ role: 'user', content: text }];
const billed = ({ id, usage }) =>
  console.log(JSON.stringify({ id, input: usage.prompt_tokens, output: usage.completion_tokens }));
const weather = {
  type: 'function',
  function: {
    name: 'get_weather',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
};

async function text() {
  const answer = await client.chat.completions.create({ model, messages: messages('What is a gateway?') });
  assert.equal(answer.choices[0].finish_reason, 'stop');
  assert.ok(answer.choices[0].message.content.length > 20);
  billed(answer);
}

async function stream() {
  const chunks = [];
  const options = { model, messages: messages('Tell a story'), stream: true, stream_options: { include_usage: true } };
  for await (const chunk of await client.chat.completions.create(options)) chunks.push(chunk);
  assert.ok(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('').length > 20);
  billed(chunks.at(-1));
  const runner = client.chat.completions.stream({ model, messages: messages('Tell another story') });
  assert.ok((await runner.finalContent()).length > 20);
}

async function tools() {
  const conversation = messages('The weather in both Paris and Lima');
  const answer = await client.chat.completions.create({ model, messages: conversation, tools: [weather] });
  const { message, finish_reason } = answer.choices[0];
  assert.equal(finish_reason, 'tool_calls');
  assert.ok(message.tool_calls.length >= 2 && JSON.parse(message.tool_calls[0].function.arguments).city);
  conversation.push(message);
  for (const call of message.tool_calls) conversation.push({ role: 'tool', tool_call_id: call.id, content: '18' });
  const told = await client.chat.completions.create({ model, messages: conversation, tools: [weather] });
  assert.ok(told.choices[0].message.content);
}

async function structured() {
  const City = z.object({ name: z.string(), inhabitants: z.number().int() });
  const answer = await client.chat.completions.parse({
    model,
    messages: messages('A city'),
    response_format: zodResponseFormat(City, 'city'),
  });
  assert.ok(Number.isInteger(answer.choices[0].message.parsed.inhabitants));
}

async function errors() {
  const classes = {
    400: OpenAI.BadRequestError,
    401: OpenAI.AuthenticationError,
    404: OpenAI.NotFoundError,
    413: OpenAI.APIError,
    429: OpenAI.RateLimitError,
    500: OpenAI.InternalServerError,
    503: OpenAI.InternalServerError,
  };
  for (const [status, kind] of Object.entries(classes)) {
    const error = await once.chat.completions.create({ model: `${model}--s${status}`, messages: messages('x') }).then(
      () => assert.fail(`${status} raised nothing`),
      (error) => error,
    );
    assert.ok(error instanceof kind && error.status === Number(status) && error.message, `${status}: ${error}`);
    if (status === '429') assert.equal(error.headers.get('retry-after'), '1');
  }
  const retried = await client.chat.completions.create({ model: `${model}--s429x1`, messages: messages('x') });
  assert.ok(retried.choices[0].message.content);
}

async function broken() {
  for (const fault of ['error_mid', 'cut']) {
    let seen = 0;
    await assert.rejects(async () => {
      const options = { model: `${model}--${fault}`, messages: messages('x'), stream: true };
      for await (const chunk of await once.chat.completions.create(options)) seen += chunk.choices.length;
    }, fault);
    assert.ok(seen > 0, fault);
  }
}

async function ai() {
  const provider = createOpenAICompatible({
    name: 'tollgate',
    baseURL: process.env.OPENAI_BASE_URL,
    apiKey: process.env.OPENAI_API_KEY,
    includeUsage: true,
  });
  const plain = await generateText({ model: provider(model), prompt: 'What is a gateway?' });
  assert.ok(plain.text.length > 20 && plain.usage.outputTokens > 0);
  const streamed = streamText({ model: provider(model), prompt: 'Tell a story' });
  let length = 0;
  for await (const piece of streamed.textStream) length += piece.length;
  assert.ok(length > 20 && (await streamed.usage).inputTokens > 0);
  assert.equal(await streamed.finishReason, 'stop');
  const getWeather = tool({
    inputSchema: z.object({ city: z.string() }),
    execute: async ({ city }) => `18 degrees in ${city}`,
  });
  const stopWhen = (isStepCount ?? stepCountIs)(4);
  const round = await generateText({ model: provider(model), prompt: 'Weather?', tools: { getWeather }, stopWhen });
  assert.ok(round.steps.length === 2 && round.text.length > 0);
}

const all = { text, stream, tools, structured, errors, broken, ai };
const wanted = (process.env.CHECKS ?? Object.keys(all).join(',')).split(',');
for (const [name, check] of Object.entries(all)) {
  if (!wanted.includes(name)) continue;
  console.log(name);
  await check();
}
