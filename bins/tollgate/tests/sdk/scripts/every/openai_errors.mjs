// What the errors of the openai package are called in the scenarios.

import OpenAI from 'openai';

const kinds = [
  [OpenAI.BadRequestError, 'invalid'],
  [OpenAI.AuthenticationError, 'authentication'],
  [OpenAI.NotFoundError, 'not_found'],
  [OpenAI.RateLimitError, 'rate_limit'],
  [OpenAI.InternalServerError, 'server'],
];

export function kindOf(error) {
  // Responses says it with a 400.
  if (error?.code === 'model_not_found') return 'not_found';
  const known = kinds.find(([type]) => error instanceof type)?.[1];
  // Any other error of the API, also in a stream. A connection that broke is not one: nobody said anything.
  const isOther = error instanceof OpenAI.APIError && !(error instanceof OpenAI.APIConnectionError);
  return known ?? (isOther ? 'other' : undefined);
}
