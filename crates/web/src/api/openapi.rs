//! OpenAPI 3.1, made of the same table as the routes and the same types as the bodies.
//!
//! Nothing is described here by hand but what all operations share.

use super::{Answers, Operation, endpoints};
use crate::caller::Need;
use crate::problem::ProblemDocument;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

/// The description of the API.
#[must_use]
pub fn document() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut generator = settings.into_generator();
    let problem = generator.subschema_for::<ProblemDocument>();
    let mut paths: Map<String, Value> = Map::new();
    for endpoint in endpoints() {
        let operation = endpoint.operation;
        let described = operation_document(&operation, &mut generator);
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        path[operation.method.as_str().to_ascii_lowercase()] = described;
    }
    let schemas = generator.take_definitions(true);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Cardwarden",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "A card-payment host. Whatever was not done is answered by a problem document \
                (RFC 9457). A decline is a result, not an error. Every POST that changes something takes an \
                Idempotency-Key: the same key and body give the stored answer, another body gives 422, and 409 \
                while the first is under way.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" }
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": {
                "Problem": {
                    "description": "It was not done",
                    "content": { "application/problem+json": { "schema": problem } }
                }
            },
            "securitySchemes": { "key": { "type": "http", "scheme": "bearer" } }
        }
    })
}

fn operation_document(operation: &Operation, generator: &mut SchemaGenerator) -> Value {
    let mut described = json!({
        "operationId": operation.id,
        "summary": operation.summary,
        "tags": [tag(operation.path)],
        "responses": {
            "200": { "description": "Done", "content": content(operation.answers, generator) },
            "default": { "$ref": "#/components/responses/Problem" }
        },
        "security": match operation.need {
            Need::Nothing => json!([]),
            Need::Read | Need::Write => json!([{ "key": [] }]),
        }
    });
    let parameters = parameters(operation, generator);
    if !parameters.is_empty() {
        described["parameters"] = Value::Array(parameters);
    }
    if let Some(body) = operation.body {
        let schema = body(generator);
        described["requestBody"] =
            json!({ "required": true, "content": { "application/json": { "schema": schema } } });
    }
    described
}

/// The first part of a path that names something.
fn tag(path: &str) -> &str {
    path.split('/').find(|part| !part.is_empty() && *part != "v1").unwrap_or("house")
}

fn content(answers: Answers, generator: &mut SchemaGenerator) -> Value {
    match answers {
        Answers::Json(describe) => json!({ "application/json": { "schema": describe(generator) } }),
        Answers::AnyJson => json!({ "application/json": { "schema": {} } }),
        Answers::Text => json!({ "text/plain": { "schema": { "type": "string" } } }),
        // Each event's data is JSON of this form.
        Answers::Events(describe) => json!({ "text/event-stream": { "schema": describe(generator) } }),
    }
}

fn parameters(operation: &Operation, generator: &mut SchemaGenerator) -> Vec<Value> {
    let braced = operation.path.split('{').skip(1).filter_map(|rest| rest.split_once('}'));
    let mut parameters: Vec<Value> = braced
        .map(|(name, _)| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
        .collect();
    if operation.keyed {
        parameters.push(json!({
            "name": "Idempotency-Key",
            "in": "header",
            "required": true,
            "description": "The same for every attempt at the same request.",
            "schema": { "type": "string", "minLength": 1, "maxLength": crate::intake::KEY_CHARS_MAX }
        }));
    }
    if operation.id == "stream_events" {
        parameters.push(json!({
            "name": "Last-Event-ID",
            "in": "header",
            "description": "The id of the last event seen: what came after it and is still kept is sent first.",
            "schema": { "type": "string" }
        }));
    }
    if let Some(query) = operation.query {
        parameters.extend(query_parameters(&query(generator).to_value(), generator));
    }
    parameters
}

/// The fields of a query's type as parameters.
fn query_parameters(schema: &Value, generator: &SchemaGenerator) -> Vec<Value> {
    let name = schema["$ref"].as_str().and_then(|reference| reference.rsplit('/').next()).unwrap_or_default();
    let Some(definition) = generator.definitions().get(name) else { return Vec::new() };
    let fields = definition["properties"].as_object().into_iter().flatten();
    let parameter = |(name, field): (&String, &Value)| {
        let mut schema = field.clone();
        let description = schema.as_object_mut().and_then(|schema| schema.remove("description"));
        schema.as_object_mut().map(|schema| schema.remove("default"));
        json!({ "name": name, "in": "query", "description": description, "schema": schema })
    };
    fields.map(parameter).collect()
}
