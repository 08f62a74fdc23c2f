//! What callers give as anything that holds texts.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// A list of texts, ids or values.
pub(crate) fn texts<T>(values: impl IntoIterator<Item = impl Into<T>>) -> Vec<T> {
    values.into_iter().map(Into::into).collect()
}

/// Names with their values, in an order that does not depend on the caller's.
pub(crate) fn settings<V>(
    pairs: impl IntoIterator<Item = (impl Into<String>, impl Into<V>)>,
) -> BTreeMap<String, V> {
    pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect()
}

/// Names with their values in the caller's order.
pub(crate) fn pairs(
    pairs: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>,
) -> Vec<(String, String)> {
    pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect()
}

/// Such pairs as ARI takes them.
pub(crate) fn tuples(pairs: Vec<(String, String)>) -> Value {
    pairs.into_iter().map(|(attribute, value)| json!({ "attribute": attribute, "value": value })).collect()
}
