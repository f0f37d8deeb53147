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

/// The most attempts of one call. More would let one call load every provider while all of them are in trouble, and keep its
/// client waiting beyond any patience.
pub const MAX_ATTEMPTS: usize = 3;

/// Says what follows a failure of kind `kind`, after `attempts` attempts, with `targets_left` targets untried.
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
pub const fn after_failure(
    kind: ErrorKind,
    attempts: usize,
    targets_left: usize,
    next_window_is_larger: bool,
) -> Step {
    let may = match kind.retry() {
        Retry::Same | Retry::Other => true,
        Retry::OtherWithLargerContext => next_window_is_larger,
        Retry::Never => false,
    };
    if may && targets_left > 0 && attempts < MAX_ATTEMPTS { Step::NextTarget } else { Step::GiveUp }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_another_target_can_mend_moves_on() {
        assert_eq!(after_failure(ErrorKind::Overloaded, 1, 1, false), Step::NextTarget);
        assert_eq!(after_failure(ErrorKind::Authentication, 2, 1, false), Step::NextTarget);
        assert_eq!(after_failure(ErrorKind::Overloaded, 1, 0, false), Step::GiveUp);
        assert_eq!(after_failure(ErrorKind::ContextLengthExceeded, 1, 1, false), Step::GiveUp);
        assert_eq!(after_failure(ErrorKind::ContextLengthExceeded, 1, 1, true), Step::NextTarget);
        assert_eq!(after_failure(ErrorKind::InvalidRequest, 1, 1, true), Step::GiveUp);
        assert_eq!(after_failure(ErrorKind::Cancelled, 1, 1, true), Step::GiveUp);
    }

    #[test]
    fn three_attempts_are_enough() {
        assert_eq!(after_failure(ErrorKind::Overloaded, MAX_ATTEMPTS - 1, 5, false), Step::NextTarget);
        assert_eq!(after_failure(ErrorKind::Overloaded, MAX_ATTEMPTS, 5, false), Step::GiveUp);
    }
}
