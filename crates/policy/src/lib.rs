//! Who calls, and what a call may do: decisions only.
