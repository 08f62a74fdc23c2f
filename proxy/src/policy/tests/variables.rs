//! Variables of channels: which are set and read, and that none runs a program.

use serde_json::json;

use super::*;

#[test]
fn functions_that_reach_beyond_the_call_are_no_variables() {
    let guard = guard(json!({}));
    let set = |name: &str| {
        let body = json!({"variable": name, "value": "x"}).to_string();
        let by_parameter = rule_of(&guard, "POST", "/channels/c/variable", Some(&body));
        let body = json!({"variables": {name: "x"}}).to_string();
        assert_eq!(by_parameter, rule_of(&guard, "POST", "/channels?endpoint=x", Some(&body)), "{name}");
        by_parameter
    };
    let get = |name: &str| {
        let encoded: String = form_urlencoded(name);
        let one = rule_of(&guard, "GET", &format!("/channels/c/variable?variable={encoded}"), None);
        let several = rule_of(&guard, "GET", &format!("/channels/c/variables?variables=A,{encoded},B"), None);
        assert_eq!(one, several, "{name}");
        one
    };
    for name in
        ["X", "_X", "__X", "x y", "CALLERID(num)", "PJSIP_HEADER(add,Alert-Info)", "CHANNEL(language)"]
    {
        assert_eq!(set(name), None, "{name}");
    }
    for name in ["X", "x y", "CALLERID(num)", "CHANNEL(rtp,dest)", "PJSIP_HEADER(read,From)"] {
        assert_eq!(get(name), None, "{name}");
    }
    for name in [
        "SHELL(id)",
        "FILE(/etc/passwd)",
        "GLOBAL(X)",
        "DB(a/b)",
        "_DB(a/b)",
        "ENV(PATH)",
        "EVAL(${SHELL(id)})",
        "CHANNEL(hangup_handler_push)",
        "X${SHELL(id)}",
        "SHARED(X,c2)",
        "CURL(http://x)",
        "ARI_PROXY",
        "_ARI_PROXY",
        "CALLERID (num)",
        " DB(a/b)",
        "DB(a/b) ",
    ] {
        assert_eq!(set(name).as_deref(), Some("set_variables"), "{name}");
    }
    for name in
        ["SHELL(id)", "ENV(PATH)", "DB(a/b)", "EVAL(${SHELL(id)})", "${ENV(PATH)}", "CHANNEL(a,DB(x),b"]
    {
        assert_eq!(get(name).as_deref(), Some("read_variables"), "{name}");
    }
}

fn form_urlencoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

#[test]
fn variables_are_an_object() {
    let guard = guard(json!({}));
    for variables in [json!(["GLOBAL(X)=1"]), json!("GLOBAL(X)=1"), json!([{"GLOBAL(X)": "1"}]), json!(7)] {
        let body = json!({"variables": variables}).to_string();
        let refused = refused_with(&guard, "POST", "/channels?endpoint=x", Some(&body));
        assert_eq!(refused, Some((400, String::new())), "{body}");
    }
    assert_eq!(refused_with(&guard, "POST", "/channels?endpoint=x", Some(r#"{"variables":null}"#)), None);
    assert_eq!(refused_with(&guard, "GET", "/channels/c/variables", Some(r#"{"variables":"a,b"}"#)), None);
}

#[test]
fn a_variable_runs_no_program() {
    let guard = guard(json!({"allow": ["* /asterisk/variable"]}));
    for (method, url, rule) in [
        ("POST", "/channels/c/variable?variable=MONITOR_EXEC&value=id", "set_variables"),
        ("POST", "/channels/c/variable?variable=__MONITOR_EXEC_ARGS&value=id", "set_variables"),
        // Also where the configuration opens Asterisk's own variables.
        ("POST", "/asterisk/variable?variable=FILE(/etc/x)&value=1", "set_variables"),
        ("GET", "/asterisk/variable?variable=SHELL(id)", "read_variables"),
    ] {
        assert_eq!(rule_of(&guard, method, url, None).as_deref(), Some(rule), "{url}");
    }
    for (method, url) in
        [("GET", "/asterisk/variable?variable=X"), ("POST", "/asterisk/variable?variable=X&value=1")]
    {
        assert_eq!(rule_of(&guard, method, url, None), None, "{url}");
    }
}
