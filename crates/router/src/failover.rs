//! What follows a failure.

use tollgate_model::{ErrorKind, error::Retry};

/// The next step after an attempt failed and before a byte has reached the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Try the next target of the plan.
    NextTarget,
    /// Tell the client.
    GiveUp,
}

/// Says what follows a failure of kind `kind`, with `targets_left` targets untried.
///
/// | kind | next target |
/// | --- | --- |
/// | `rate_limited` `overloaded` `timeout` `unavailable` | yes |
/// | `authentication` `permission_denied` `quota_exhausted` `model_not_found` `protocol` `truncated` | yes |
/// | `context_length_exceeded` | if `next_window_is_larger` |
/// | the rest: the caller's fault, or nobody is waiting | no |
///
/// A target is not tried twice: the SDKs do that already, and each try can be billed.
#[must_use]
pub const fn after_failure(kind: ErrorKind, targets_left: usize, next_window_is_larger: bool) -> Step {
    let may = match kind.retry() {
        Retry::Same | Retry::Other => true,
        Retry::OtherWithLargerContext => next_window_is_larger,
        Retry::Never => false,
    };
    if may && targets_left > 0 { Step::NextTarget } else { Step::GiveUp }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_another_target_can_mend_moves_on() {
        assert_eq!(after_failure(ErrorKind::Overloaded, 1, false), Step::NextTarget);
        assert_eq!(after_failure(ErrorKind::Authentication, 1, false), Step::NextTarget);
        assert_eq!(after_failure(ErrorKind::Overloaded, 0, false), Step::GiveUp);
        assert_eq!(after_failure(ErrorKind::ContextLengthExceeded, 1, false), Step::GiveUp);
        assert_eq!(after_failure(ErrorKind::ContextLengthExceeded, 1, true), Step::NextTarget);
        assert_eq!(after_failure(ErrorKind::InvalidRequest, 1, true), Step::GiveUp);
        assert_eq!(after_failure(ErrorKind::Cancelled, 1, true), Step::GiveUp);
    }
}
