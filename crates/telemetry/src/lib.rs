//! Call records, their store, and the bill.
