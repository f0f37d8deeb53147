//! What is known to fail, each entry with what is wrong in the gateway. An entry goes when its bug is gone.

use tollgate_simulators::Vendor;

use crate::clients::Client;

/// One bug and where it shows.
#[derive(Debug)]
pub(crate) struct Known {
    /// What the clients' names begin with.
    clients: &'static [&'static str],
    /// Empty: all.
    vendors: &'static [Vendor],
    scenarios: &'static [&'static str],
    /// What the failure says: another failure at the same place is not known.
    pub(crate) says: &'static str,
    pub(crate) reason: &'static str,
}

pub(crate) static KNOWN: [Known; 0] = [];

impl Known {
    /// Whether this is listed for a place.
    pub(crate) fn lists(&self, client: &Client, vendor: Vendor, scenario: &str) -> bool {
        self.clients.iter().any(|start| client.name.starts_with(start))
            && (self.vendors.is_empty() || self.vendors.contains(&vendor))
            && self.scenarios.contains(&scenario)
    }
}
