//! The description of the API is the API: written by a test, and every answer of a walk through all operations
//! is held against it.

use crate::browser::Browser;
use crate::walk;
use expect_test::expect_file;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use web::api::{Answers, endpoints, openapi};
use web::caller::Need;

#[test]
fn openapi_is_written() {
    let document = serde_json::to_string_pretty(&openapi::document()).expect("is JSON");
    expect_file!["../../../../docs/openapi.json"].assert_eq(&(document + "\n"));
}

#[test]
fn the_page_on_the_api_is_written() {
    expect_file!["../../../../docs/api.md"].assert_eq(&page());
}

/// The page on the API.
fn page() -> String {
    let mut page = include_str!("api_head.md").to_owned();
    let mut tags: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for endpoint in endpoints() {
        let operation = endpoint.operation;
        let tag = operation.path.split('/').find(|part| !part.is_empty() && *part != "v1").unwrap_or("house");
        let needs = match operation.need {
            Need::Nothing => "nothing",
            Need::Read => "`read`",
            Need::Write => "`write`",
        };
        let keyed = if operation.keyed { "yes" } else { "" };
        tags.entry(tag.to_owned()).or_default().push(format!(
            "| `{} {}` | {} | {needs} | {keyed} |",
            operation.method, operation.path, operation.summary
        ));
    }
    page += "\n## Operations\n";
    for (tag, lines) in tags {
        write!(
            page,
            "\n### {tag}\n\n| | | needs | idempotency key |\n| --- | --- | --- | --- |\n{}\n",
            lines.join("\n")
        )
        .expect("a string takes all");
    }
    page += "\n## Problems\n\n| code | status | class | retry | fixer | 中文 | English |\n";
    page += "| --- | ---: | --- | --- | --- | --- | --- |\n";
    let mut codes = BTreeSet::new();
    for problem in web::problem::every() {
        let document = serde_json::to_value(problem.document()).expect("is JSON");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        assert!(codes.insert(text(&document["code"])), "a code stands for one kind: {document}");
        writeln!(
            page,
            "| `{}` | {} | {} | {} | {} | {} | {} |",
            text(&document["code"]),
            document["status"],
            text(&document["class"]),
            text(&document["retry"]["when"]),
            text(&document["fixer"]),
            text(&document["messages"]["zh-CN"]),
            text(&document["messages"]["en"]),
        )
        .expect("a string takes all");
    }
    page
}

#[tokio::test]
async fn a_walk_through_all_operations_meets_what_is_described() {
    let document = openapi::document();
    let browser = Browser::demo(3);
    let mut walked: BTreeSet<&'static str> = BTreeSet::new();
    for (method, path, body) in walk::steps(&browser) {
        let reply = match method {
            "GET" => browser.get(&path).await,
            _ => browser.post(&path, &body).await,
        };
        assert!(reply.status.is_success(), "{method} {path} {body}: {}", reply.text);
        let operation = endpoints()
            .into_iter()
            .map(|endpoint| endpoint.operation)
            .find(|operation| operation.method == method && fits(operation.path, &path))
            .unwrap_or_else(|| panic!("{method} {path} is not in the table"));
        walked.insert(operation.id);
        let described = &document["paths"][operation.path][method.to_ascii_lowercase()];
        match operation.answers {
            Answers::Json(_) => {
                let schema = &described["responses"]["200"]["content"]["application/json"]["schema"];
                let mut wrong = Vec::new();
                hold(&document, schema, &reply.json(), &path, &mut wrong);
                assert!(wrong.is_empty(), "{method} {path}: {wrong:#?}\n{}", reply.text);
            }
            Answers::AnyJson | Answers::Text | Answers::Events(_) => {}
        }
    }
    let all: BTreeSet<&str> = endpoints().iter().map(|endpoint| endpoint.operation.id).collect();
    let missed: Vec<_> = all.difference(&walked.iter().copied().collect()).copied().collect();
    assert_eq!(missed, ["stream_events"], "operations nobody walked through");
}

#[tokio::test]
async fn events_and_problems_are_as_described() {
    let document = openapi::document();
    let problem =
        &document["components"]["responses"]["Problem"]["content"]["application/problem+json"]["schema"];
    for every in web::problem::every() {
        let mut wrong = Vec::new();
        let told = serde_json::to_value(every.document()).expect("is JSON");
        hold(&document, problem, &told, "problem", &mut wrong);
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}

/// Whether `path` is of the form of `pattern`.
fn fits(pattern: &str, path: &str) -> bool {
    let path = path.split('?').next().unwrap_or_default();
    let (pattern, path): (Vec<&str>, Vec<&str>) = (pattern.split('/').collect(), path.split('/').collect());
    pattern.len() == path.len()
        && pattern.iter().zip(path).all(|(form, part)| form.starts_with('{') || *form == part)
}

/// Holds a value against a schema of JSON Schema 2020-12, as far as this API uses it; any other keyword is an
/// error, so that nothing is passed over. Objects are closed: a field that is not described is wrong.
fn hold(document: &Value, schema: &Value, value: &Value, at: &str, wrong: &mut Vec<String>) {
    let Some(schema) = schema.as_object() else { return };
    for (keyword, demand) in schema {
        match keyword.as_str() {
            "$ref" => {
                let pointer =
                    demand.as_str().and_then(|reference| reference.strip_prefix('#')).unwrap_or_default();
                match document.pointer(pointer) {
                    Some(schema) => hold(document, schema, value, at, wrong),
                    None => wrong.push(format!("{at}: nothing is described under {demand}")),
                }
            }
            "type" => {
                let one = |kind: &Value| is(value, kind.as_str().unwrap_or_default());
                if !demand.as_array().map_or_else(|| one(demand), |kinds| kinds.iter().any(one)) {
                    wrong.push(format!("{at}: {value} is no {demand}"));
                }
            }
            "const" if value != demand => wrong.push(format!("{at}: {value} is not {demand}")),
            "enum" if !demand.as_array().is_some_and(|all| all.contains(value)) => {
                wrong.push(format!("{at}: {value} is none of {demand}"));
            }
            "anyOf" | "oneOf" => {
                let fitting = demand.as_array().map_or(0, |all| fitting(document, all, value, at));
                if fitting == 0 || (keyword == "oneOf" && fitting > 1) {
                    wrong.push(format!("{at}: {value} fits {fitting} of {keyword}"));
                }
            }
            "properties" => {
                for (name, field) in value.as_object().into_iter().flatten() {
                    match demand.get(name) {
                        Some(schema) => hold(document, schema, field, &format!("{at}.{name}"), wrong),
                        None => wrong.push(format!("{at}: the field {name} is not described")),
                    }
                }
            }
            "required" => {
                let missing = |name: &&Value| value.get(name.as_str().unwrap_or_default()).is_none();
                wrong.extend(
                    demand
                        .as_array()
                        .into_iter()
                        .flatten()
                        .filter(missing)
                        .map(|n| format!("{at}: {n} is missing")),
                );
            }
            "items" => {
                for item in value.as_array().into_iter().flatten() {
                    hold(document, demand, item, &format!("{at}[]"), wrong);
                }
            }
            "minimum" if value.is_number() && value.as_f64() < demand.as_f64() => {
                wrong.push(format!("{at}: {value} is below {demand}"))
            }
            "maximum" if value.is_number() && value.as_f64() > demand.as_f64() => {
                wrong.push(format!("{at}: {value} is above {demand}"))
            }
            "pattern" => {
                if let (Some(prefix), Some(text)) =
                    (prefix(demand.as_str().unwrap_or_default()), value.as_str())
                    && !text.starts_with(prefix)
                {
                    wrong.push(format!("{at}: {value} is not of the form {demand}"));
                }
            }
            "const" | "enum" | "minimum" | "maximum" => {}
            "additionalProperties"
            | "description"
            | "title"
            | "default"
            | "examples"
            | "format"
            | "writeOnly" => {}
            other => wrong.push(format!("{at}: the keyword {other} is not known to this check")),
        }
    }
}

/// How many of `all` a value fits.
fn fitting(document: &Value, all: &[Value], value: &Value, at: &str) -> usize {
    let fit = |schema: &&Value| {
        let mut wrong = Vec::new();
        hold(document, schema, value, at, &mut wrong);
        wrong.is_empty()
    };
    all.iter().filter(fit).count()
}

/// The letters a pattern begins with, where it begins with letters and an underscore.
fn prefix(pattern: &str) -> Option<&str> {
    let letters = pattern.strip_prefix('^')?;
    let end = letters.find('_')? + 1;
    letters[..end].bytes().all(|b| b.is_ascii_lowercase() || b == b'_').then(|| &letters[..end])
}

fn is(value: &Value, kind: &str) -> bool {
    match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    }
}
