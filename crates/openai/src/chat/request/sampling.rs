//! Sampling and log probabilities, by what the model takes.

use super::encode::Encoder;
use crate::chat::wire::Object;

impl Encoder<'_> {
    pub(super) fn write_sampling(&mut self, body: &mut Object<'_>) {
        let sampling = &self.request.sampling;
        let taken = self.takes_sampling();
        const REFUSED: &str = "the model refuses sampling parameters";
        for (name, path, value) in [
            ("temperature", "sampling.temperature", sampling.temperature),
            ("top_p", "sampling.top_p", sampling.top_p),
        ] {
            match value {
                Some(_) if !taken => self.losses.dropped(path, REFUSED),
                value => {
                    body.optional(name, value);
                }
            }
        }
        match sampling.top_k {
            Some(_) if !self.quirks.top_k => {
                self.losses.dropped("sampling.top_k", "the format has no such field")
            }
            Some(_) if !taken => self.losses.dropped("sampling.top_k", REFUSED),
            top_k => {
                body.optional("top_k", top_k);
            }
        }
        self.write_penalties(body);
        body.optional("seed", sampling.seed);
        if !sampling.logit_bias.is_empty() {
            if self.quirks.logit_bias {
                body.field("logit_bias", &sampling.logit_bias);
            } else {
                self.losses.dropped("sampling.logit_bias", "the server does not weigh single tokens");
            }
        }
        self.write_logprobs(body, taken);
    }

    fn takes_sampling(&self) -> bool {
        let without_reasoning = self.rules.sampling_without_reasoning == Some(true) && !self.reasons();
        self.rules.sampling != Some(false) || without_reasoning
    }

    fn write_penalties(&mut self, body: &mut Object<'_>) {
        let sampling = &self.request.sampling;
        let taken = self.quirks.penalties && self.rules.penalties != Some(false);
        for (name, path, value) in [
            ("presence_penalty", "sampling.presence_penalty", sampling.presence_penalty),
            ("frequency_penalty", "sampling.frequency_penalty", sampling.frequency_penalty),
        ] {
            match value {
                Some(_) if !taken => self.losses.dropped(path, "the model refuses penalties"),
                value => {
                    body.optional(name, value);
                }
            }
        }
    }

    /// Models that refuse sampling refuse to say how likely their tokens were as well.
    fn write_logprobs(&mut self, body: &mut Object<'_>, taken: bool) {
        let Some(logprobs) = self.request.logprobs else { return };
        if taken {
            body.field("logprobs", &true).optional("top_logprobs", logprobs.top);
        } else {
            self.losses.dropped("logprobs", "the model does not say how likely its tokens were");
        }
    }
}
