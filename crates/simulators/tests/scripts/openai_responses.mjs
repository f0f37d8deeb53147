// The openai package's Responses, as in openai_responses.py.

import assert from "node:assert/strict";
import OpenAI from "openai";
import { zodTextFormat } from "openai/helpers/zod";
import { z } from "zod";

const model = process.env.MODEL;
const client = new OpenAI();
const billed = ({ id, usage }) =>
  console.log(JSON.stringify({ id, input: usage.input_tokens, output: usage.output_tokens }));

const answer = await client.responses.create({ model, input: "What is a gateway?" });
assert.equal(answer.status, "completed");
assert.ok(answer.output_text.length > 20);
billed(answer);

const stream = client.responses.stream({ model, input: "Tell a story" });
let text = "";
for await (const event of stream) if (event.type === "response.output_text.delta") text += event.delta;
const whole = await stream.finalResponse();
assert.equal(whole.output_text, text);
billed(whole);

const parsed = await client.responses.parse({
  model,
  input: "Plan a trip",
  text: { format: zodTextFormat(z.object({ steps: z.array(z.string()), days: z.number() }), "plan") },
});
assert.ok(Array.isArray(parsed.output_parsed.steps));
billed(parsed);

const listed = [];
for await (const item of client.responses.inputItems.list(answer.id)) listed.push(item);
assert.equal(listed.length, 1);
await client.responses.delete(answer.id);
await assert.rejects(client.responses.retrieve(answer.id), OpenAI.NotFoundError);
await assert.rejects(client.responses.create({ model: `${model}--s429`, input: "x" }, { maxRetries: 0 }), OpenAI.RateLimitError);
