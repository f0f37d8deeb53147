"""What the errors of the openai SDK are called in the scenarios."""

import openai

KINDS = {
    openai.BadRequestError: "invalid",
    openai.AuthenticationError: "authentication",
    openai.NotFoundError: "not_found",
    openai.RateLimitError: "rate_limit",
    openai.InternalServerError: "server",
}


def kind_of(error):
    if getattr(error, "code", None) == "model_not_found":
        # Responses says it with a 400.
        return "not_found"
    known = next((name for cls, name in KINDS.items() if isinstance(error, cls)), None)
    # Any other error of the API, also in a stream. A connection that broke is not one: nobody said anything.
    lost = isinstance(error, openai.APIConnectionError)
    return known or ("other" if isinstance(error, openai.APIError) and not lost else None)
