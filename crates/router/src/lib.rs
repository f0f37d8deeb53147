//! Which target serves a call, and what follows a failure: decisions only.
