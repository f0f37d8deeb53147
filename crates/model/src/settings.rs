//! What a request says beside its conversation and its tools, as paths: what a small adapter has to name as lost.

use crate::{
    ChatRequest, Losses,
    request::{CacheSettings, ReasoningSettings, Sampling, ToolChoice},
};

impl ChatRequest {
    /// Names every setting that this request has as lost, but those in `kept`.
    ///
    /// For adapters of services that take little: `request.lose_settings_but(&["max_output_tokens"], "…", &mut losses)`.
    /// Messages and tools, which every adapter looks at itself, are not among the settings; the names, cache hints and
    /// foreign fields of messages and their parts are. Paths are those of [`crate::Loss::path`].
    pub fn lose_settings_but(&self, kept: &[&str], why: &str, losses: &mut Losses) {
        let mut lose = |path: &str, is_set: bool| {
            if is_set && !kept.contains(&path) {
                losses.dropped(path, why);
            }
        };
        // Taken apart, so that a new field cannot be forgotten here.
        let Self {
            model: _,
            messages,
            tools: _,
            tool_choice,
            parallel_tool_calls,
            response_format,
            reasoning: ReasoningSettings { effort, budget_tokens, mode, visible },
            sampling:
                Sampling { temperature, top_p, top_k, presence_penalty, frequency_penalty, seed, logit_bias },
            max_output_tokens,
            stop,
            choices,
            logprobs,
            modalities,
            audio,
            service_tier,
            user,
            metadata,
            cache: CacheSettings { key, automatic, content },
            stream: _,
            stream_usage: _,
            extra,
        } = self;
        lose("tool_choice", !matches!(tool_choice, None | Some(ToolChoice::Auto)));
        lose("parallel_tool_calls", parallel_tool_calls.is_some());
        lose("response_format", response_format.is_some());
        lose("reasoning.effort", effort.is_some());
        lose("reasoning.budget_tokens", budget_tokens.is_some());
        lose("reasoning.mode", mode.is_some());
        lose("reasoning.visible", visible.is_some());
        lose("sampling.temperature", temperature.is_some());
        lose("sampling.top_p", top_p.is_some());
        lose("sampling.top_k", top_k.is_some());
        lose("sampling.presence_penalty", presence_penalty.is_some());
        lose("sampling.frequency_penalty", frequency_penalty.is_some());
        lose("sampling.seed", seed.is_some());
        lose("sampling.logit_bias", !logit_bias.is_empty());
        lose("max_output_tokens", max_output_tokens.is_some());
        lose("stop", !stop.is_empty());
        lose("choices", choices.is_some_and(|choices| choices > 1));
        lose("logprobs", logprobs.is_some());
        lose("modalities", modalities.is_some());
        lose("audio", audio.is_some());
        lose("service_tier", service_tier.is_some());
        lose("user", user.is_some());
        lose("metadata", !metadata.is_empty());
        lose("cache.key", key.is_some());
        lose("cache.automatic", automatic.is_some());
        lose("cache.content", content.is_some());
        extra.lose_all("", losses);
        for (index, message) in messages.iter().enumerate() {
            let place = format!("messages[{index}]");
            if message.name.is_some() {
                losses.dropped(format!("{place}.name"), why);
            }
            message.extra.lose_all(&place, losses);
            for (index, part) in message.parts.iter().enumerate() {
                let place = format!("{place}.parts[{index}]");
                if part.cache.is_some() {
                    losses.dropped(format!("{place}.cache"), why);
                }
                part.extra.lose_all(&place, losses);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Message, ModelName};

    #[test]
    fn what_is_not_kept_is_named() {
        let mut request = ChatRequest::new(ModelName::new("m"), vec![Message::user("hello")]);
        request.sampling.seed = Some(7);
        request.max_output_tokens = Some(10);
        request.tool_choice = Some(ToolChoice::Auto);
        request.choices = Some(1);
        let mut losses = Losses::new();
        request.lose_settings_but(&["max_output_tokens"], "not there", &mut losses);
        assert_eq!(losses.iter().map(|loss| loss.path.as_str()).collect::<Vec<_>>(), ["sampling.seed"]);
    }
}
