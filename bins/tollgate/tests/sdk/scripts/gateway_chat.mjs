// The openai package through the gateway, in its usual calls and in all that can go wrong.
// The environment is that of gateway_chat.py, and so are the lines that are printed.

import assert from 'node:assert/strict';
import OpenAI from 'openai';
import { zodResponseFormat } from 'openai/helpers/zod';
import { z } from 'zod';

const model = process.env.MODEL;
const { STOP_MODEL = model, VISION_MODEL = model, REASONING_MODEL = model } = process.env;
const client = new OpenAI({ maxRetries: 0 });
const user = (text) => [{ role: 'user', content: text }];
const pixel =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const weather = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'The weather of a city',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
};

const billed = (response, usage) =>
  console.log(
    JSON.stringify({
      call: response.headers.get('x-tollgate-call-id'),
      input: usage.prompt_tokens,
      output: usage.completion_tokens,
    }),
  );

async function ask(options) {
  const { data, response } = await client.chat.completions.create({ model, ...options }).withResponse();
  assert.equal(response.headers.get('x-tollgate-provider'), (options.model ?? model).split('/')[0]);
  billed(response, data.usage);
  return data;
}

async function chunksOf(options) {
  const asked = client.chat.completions.create({ model, ...options, stream: true });
  const { data, response } = await asked.withResponse();
  const chunks = [];
  for await (const chunk of data) chunks.push(chunk);
  if (chunks.at(-1)?.usage) billed(response, chunks.at(-1).usage);
  return chunks;
}

const content = (chunks) => chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('');
const reasons = (chunks) => chunks.map((chunk) => chunk.choices[0]?.finish_reason).filter(Boolean);

async function text() {
  const answer = await ask({ messages: user('What is a gateway?') });
  assert.equal(answer.choices[0].finish_reason, 'stop');
  assert.ok(answer.choices[0].message.content.length > 20 && answer.id);
}

async function conversation() {
  const messages = [
    { role: 'developer', content: 'You are terse.' },
    { role: 'user', content: 'Hello' },
    { role: 'assistant', content: 'Hello. What may I do?' },
    ...user('Tell me of gates.'),
  ];
  const answer = await ask({ messages });
  assert.ok(answer.choices[0].message.content);
}

async function stream() {
  const chunks = await chunksOf({ messages: user('Tell a story'), stream_options: { include_usage: true } });
  assert.ok(content(chunks).length > 20);
  assert.deepEqual(reasons(chunks), ['stop']);
  assert.ok(chunks.at(-1).usage.completion_tokens > 0);
  const runner = client.chat.completions.stream({ model, messages: user('Tell another story') });
  assert.ok((await runner.finalContent()).length > 20);
  const plain = await chunksOf({ messages: user('Tell a third story') });
  // xAI says its usage unasked, and what it says passes untouched.
  assert.ok(model.startsWith('xai/') || plain.every((chunk) => chunk.choices.length > 0));
}

async function tools() {
  const one = await ask({
    messages: user('The weather in Rome'),
    tools: [weather],
    tool_choice: { type: 'function', function: { name: 'get_weather' } },
    parallel_tool_calls: false,
  });
  assert.equal(one.choices[0].message.tool_calls.length, 1);
  const messages = user('The weather in both Paris and Lima');
  const answer = await ask({ messages, tools: [weather] });
  const { message, finish_reason } = answer.choices[0];
  assert.equal(finish_reason, 'tool_calls');
  assert.ok(message.tool_calls.length >= 2 && JSON.parse(message.tool_calls[0].function.arguments).city);
  messages.push(message);
  for (const call of message.tool_calls) messages.push({ role: 'tool', tool_call_id: call.id, content: '18' });
  const told = await ask({ messages, tools: [weather] });
  assert.ok(told.choices[0].message.content);
}

async function streamedTools() {
  const messages = user('The weather in each of Rome and Oslo');
  const runner = client.chat.completions.stream({ model, messages, tools: [weather] });
  const final = (await runner.finalChatCompletion()).choices[0];
  assert.equal(final.finish_reason, 'tool_calls');
  assert.ok(final.message.tool_calls.length >= 2);
  assert.ok(final.message.tool_calls.every((call) => JSON.parse(call.function.arguments).city));
  messages.push(final.message);
  for (const call of final.message.tool_calls) messages.push({ role: 'tool', tool_call_id: call.id, content: 'rain' });
  const told = await chunksOf({ messages, tools: [weather] });
  assert.ok(content(told).length > 0);
  // The SDK's own loop: it calls the function and says the result back by itself.
  const loop = client.chat.completions.runTools({
    model,
    messages: user('Weather of Rome?'),
    tools: [
      {
        type: 'function',
        function: {
          ...weather.function,
          parse: JSON.parse,
          function: ({ city }) => `18 degrees in ${city}`,
        },
      },
    ],
  });
  assert.ok((await loop.finalContent()).length > 0);
}

async function structured() {
  const City = z.object({ name: z.string(), inhabitants: z.number().int() });
  const options = { model, messages: user('A city'), response_format: zodResponseFormat(City, 'city') };
  const answer = await client.chat.completions.parse(options);
  assert.ok(Number.isInteger(answer.choices[0].message.parsed.inhabitants));
  const streamed = await client.chat.completions.stream(options).finalChatCompletion();
  assert.equal(typeof streamed.choices[0].message.parsed.name, 'string');
}

async function image() {
  const question = [
    { type: 'text', text: 'What is it?' },
    { type: 'image_url', image_url: { url: pixel, detail: 'low' } },
  ];
  const answer = await ask({ model: VISION_MODEL, messages: [{ role: 'user', content: question }] });
  assert.ok(answer.choices[0].message.content && answer.usage.prompt_tokens > 20);
}

async function reasoning() {
  const options = { model: REASONING_MODEL, messages: user('Think, then say'), reasoning_effort: 'low' };
  const answer = await ask(options);
  const thought = answer.choices[0].message.reasoning_content;
  assert.ok(thought || answer.usage.completion_tokens_details.reasoning_tokens > 0);
  const chunks = await chunksOf({ ...options, stream_options: { include_usage: true } });
  const pieces = chunks.map((chunk) => chunk.choices[0]?.delta.reasoning_content ?? '').join('');
  assert.ok(pieces || chunks.at(-1).usage.completion_tokens_details.reasoning_tokens > 0);
}

async function limits() {
  const stopped = await ask({ model: STOP_MODEL, messages: user('Tell a story'), stop: ['e'] });
  assert.ok(stopped.choices[0].finish_reason === 'stop' && !stopped.choices[0].message.content.includes('e'));
  const short = await ask({ model: STOP_MODEL, messages: user('Tell a long story'), max_completion_tokens: 8 });
  assert.equal(short.choices[0].finish_reason, 'length');
}

async function models() {
  const listed = [];
  for await (const each of client.models.list()) listed.push(each.id);
  assert.ok(listed.includes('smart') && listed.some((name) => name.startsWith(`${model.split('/')[0]}/`)));
  const name = listed.find((each) => each.includes('/'));
  assert.equal((await client.models.retrieve(name)).id, name);
  await raised(client.models.retrieve('no-such-model'), OpenAI.NotFoundError, 404);
}

async function raised(promise, kind, status) {
  const error = await promise.then(
    () => assert.fail(`${status} raised nothing`),
    (error) => error,
  );
  assert.ok(error.constructor === kind && error.status === status, `${status}: ${error.constructor.name} ${error}`);
  assert.ok(error.message && error.error.message && !error.message.includes('<html'), `${status}: ${error}`);
  return error;
}

const classes = {
  400: OpenAI.BadRequestError,
  401: OpenAI.AuthenticationError,
  403: OpenAI.PermissionDeniedError,
  404: OpenAI.NotFoundError,
  413: OpenAI.APIError,
  429: OpenAI.RateLimitError,
  500: OpenAI.InternalServerError,
  503: OpenAI.InternalServerError,
};

async function errors() {
  for (const stream of [false, true]) {
    for (const [status, kind] of Object.entries(classes)) {
      const options = { model: `${model}--s${status}`, messages: user('x'), stream };
      const error = await raised(client.chat.completions.create(options), kind, Number(status));
      assert.ok(error.headers.get('x-tollgate-call-id'));
      if (status === '429') assert.equal(error.headers.get('retry-after'), '1');
    }
  }
}

async function refusals() {
  for (const stream of [false, true]) {
    const create = (options, of = client) =>
      of.chat.completions.create({ model, messages: user('x'), stream, ...options });
    const stranger = client.withOptions({ apiKey: 'sk-not-a-key-of-the-gateway' });
    const wrong = await raised(create({}, stranger), OpenAI.AuthenticationError, 401);
    assert.ok(wrong.code === 'invalid_api_key' && !wrong.message.includes('sk-not'));
    const unknown = await raised(create({ model: 'smrat' }), OpenAI.NotFoundError, 404);
    assert.ok(unknown.code === 'model_not_found' && unknown.message.includes('smart'));
    await raised(create({ messages: user('x'.repeat(3_000_000)) }), OpenAI.APIError, 413);
    await raised(create({ messages: [{ role: 'user', content: 7 }] }), OpenAI.BadRequestError, 400);
  }
}

async function brokenStreams() {
  for (const fault of ['error_mid', 'cut', 'no_end', 'garbage', 'stall']) {
    let seen = 0;
    const error = await (async () => {
      const options = { model: `${model}--${fault}`, messages: user('x'), stream: true };
      for await (const chunk of await client.chat.completions.create(options)) seen += chunk.choices.length;
    })().then(
      () => assert.fail(`${fault} ended as if nothing had happened`),
      (error) => error,
    );
    assert.ok(error instanceof OpenAI.APIError && error.status === undefined, `${fault}: ${error.constructor.name} ${error}`);
    assert.ok(seen > 0 && error.message, fault);
  }
  for (const fault of ['reset', 'html', 'empty']) {
    const options = { model: `${model}--${fault}`, messages: user('x'), stream: true };
    await raised(client.chat.completions.create(options), OpenAI.InternalServerError, 502);
  }
}

async function brokenAnswers() {
  const expected = { error_mid: 500, cut: 502, no_end: 502, garbage: 502, empty: 502, html: 502, reset: 502, stall: 504 };
  for (const [fault, status] of Object.entries(expected)) {
    const options = { model: `${model}--${fault}`, messages: user('x') };
    await raised(client.chat.completions.create(options), OpenAI.InternalServerError, status);
  }
}

async function retries() {
  const patient = client.withOptions({ maxRetries: 2 });
  const answer = await patient.chat.completions.create({ model: `${model}--s429x1`, messages: user('again') });
  assert.ok(answer.choices[0].message.content);
  const failing = { model: `${model}--s500x9`, messages: user('again and again') };
  await raised(patient.chat.completions.create(failing), OpenAI.InternalServerError, 500);
  const everywhere = { model: 'busy-everywhere', messages: user('anywhere') };
  const error = await raised(patient.chat.completions.create(everywhere), OpenAI.InternalServerError, 503);
  assert.equal(error.headers.get('x-tollgate-attempts'), '2');
  assert.equal(error.headers.get('x-should-retry'), 'false');
}

async function leaving() {
  const options = { model: `${model}--slow`, messages: user('Tell a very long story') };
  for await (const chunk of await client.chat.completions.create({ ...options, stream: true })) {
    assert.ok(chunk.choices);
    break;
  }
  await assert.rejects(
    client.withOptions({ timeout: 150 }).chat.completions.create(options),
    OpenAI.APIConnectionTimeoutError,
  );
}

const all = [
  text, conversation, stream, tools, streamedTools, structured, image, reasoning, limits, models, errors, refusals,
  brokenStreams, brokenAnswers, retries, leaving,
];
const failed = [];
for (const check of all) {
  if ((check === image && !VISION_MODEL) || (check === reasoning && !REASONING_MODEL)) continue;
  console.log(check.name);
  try {
    await check();
  } catch (error) {
    console.error(check.name, error);
    failed.push(check.name);
  }
}
assert.deepEqual(failed, []);
