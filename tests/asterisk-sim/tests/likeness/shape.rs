//! The shape of a JSON value: which keys it has, at which depth, and of which type what stands there is.

use std::collections::BTreeSet;

use serde_json::Value;

pub(crate) type Shape = BTreeSet<String>;

/// Every key with its type, such as `channel.state: string`, and `args[]: string` for what is in a list.
pub(crate) fn shape(value: &Value) -> Shape {
    let mut shape = Shape::new();
    walk("", value, &mut shape);
    shape
}

fn walk(path: &str, value: &Value, shape: &mut Shape) {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    };
    shape.insert(format!("{path}: {kind}"));
    match value {
        Value::Array(entries) => entries.iter().for_each(|entry| walk(&format!("{path}[]"), entry, shape)),
        Value::Object(fields) => {
            for (key, value) in fields {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                walk(&path, value, shape);
            }
        }
        _ => {}
    }
}

#[test]
fn a_shape_names_keys_and_types() {
    let shape = shape(&serde_json::json!({ "a": [{ "b": 1 }, { "b": "x" }], "c": null, "d": 1.5 }));
    let expected =
        [": object", "a: list", "a[]: object", "a[].b: integer", "a[].b: string", "c: null", "d: float"];
    assert_eq!(shape, expected.map(str::to_owned).into());
}
