//! A reader of JSON that keeps numbers as they are written, so that singles are rounded once.
//!
//! Nothing is written here, and nothing deeper than [`DEPTH_MAX`] is read.

use crate::model::Refusal;

use super::foreign;

/// Deepest nesting.
const DEPTH_MAX: usize = 64;

/// A value; numbers are the file's own digits.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Json<'a> {
    Null,
    Bool(bool),
    Number(&'a str),
    Text(String),
    List(Vec<Json<'a>>),
    Object(Vec<(String, Json<'a>)>),
}

impl<'a> Json<'a> {
    /// Reads a whole text.
    pub(super) fn read(text: &'a str) -> Result<Self, Refusal> {
        let mut reader = Reader { text, at: 0 };
        let value = reader.value(0)?;
        reader.blank();
        if reader.at < text.len() {
            return Err(reader.wrong("something behind the end"));
        }
        Ok(value)
    }

    /// A field by name.
    pub(super) fn field(&self, name: &str) -> Result<&Json<'a>, Refusal> {
        if let Json::Object(fields) = self
            && let Some(field) = fields.iter().find(|field| field.0 == name)
        {
            return Ok(&field.1);
        }
        Err(foreign(name, "the field is not there"))
    }

    /// A list by name.
    pub(super) fn list(&self, name: &str) -> Result<&[Json<'a>], Refusal> {
        match self.field(name)? {
            Json::List(items) => Ok(items),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::Object(_) => {
                Err(foreign(name, "not a list"))
            }
        }
    }

    /// Text, or the digits of a number, by name.
    pub(super) fn text(&self, name: &str) -> Result<&str, Refusal> {
        match self.field(name)? {
            Json::Text(text) => Ok(text),
            Json::Number(digits) => Ok(digits),
            Json::Null | Json::Bool(_) | Json::List(_) | Json::Object(_) => Err(foreign(name, "not a text")),
        }
    }

    /// A number of any kind; booleans are 0 and 1, as older writers have them.
    pub(super) fn number<T: std::str::FromStr>(&self, place: &str) -> Result<T, Refusal> {
        let digits = match self {
            Json::Number(digits) => digits,
            Json::Bool(true) => "1",
            Json::Bool(false) => "0",
            Json::Null | Json::Text(_) | Json::List(_) | Json::Object(_) => "",
        };
        digits.parse().map_err(|_| foreign(place, "not a number of the kind that stands here"))
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn wrong(&self, why: &str) -> Refusal {
        foreign(format!("byte {}", self.at), why)
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blank(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn take(&mut self, wanted: u8) -> Result<(), Refusal> {
        if self.peek() == Some(wanted) {
            self.at += 1;
            return Ok(());
        }
        Err(self.wrong(&format!("`{}` should stand here", wanted as char)))
    }

    fn word(&mut self, word: &str, value: Json<'a>) -> Result<Json<'a>, Refusal> {
        if self.text[self.at..].starts_with(word) {
            self.at += word.len();
            return Ok(value);
        }
        Err(self.wrong("not a JSON value"))
    }

    fn value(&mut self, depth: usize) -> Result<Json<'a>, Refusal> {
        if depth > DEPTH_MAX {
            return Err(self.wrong("nested too deep"));
        }
        self.blank();
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => {
                let mut items = Vec::new();
                self.items(b'[', b']', |reader| {
                    items.push(reader.value(depth + 1)?);
                    Ok(())
                })?;
                Ok(Json::List(items))
            }
            Some(b'"') => Ok(Json::Text(self.string()?)),
            Some(b't') => self.word("true", Json::Bool(true)),
            Some(b'f') => self.word("false", Json::Bool(false)),
            Some(b'n') => self.word("null", Json::Null),
            Some(b'-' | b'0'..=b'9') => {
                let start = self.at;
                while matches!(self.peek(), Some(b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')) {
                    self.at += 1;
                }
                Ok(Json::Number(&self.text[start..self.at]))
            }
            Some(_) => Err(self.wrong("not a JSON value")),
            None => Err(self.wrong("the text ends too early")),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json<'a>, Refusal> {
        let mut fields = Vec::new();
        self.items(b'{', b'}', |reader| {
            let name = reader.string()?;
            reader.blank();
            reader.take(b':')?;
            fields.push((name, reader.value(depth + 1)?));
            Ok(())
        })?;
        Ok(Json::Object(fields))
    }

    fn items(
        &mut self,
        open: u8,
        close: u8,
        mut item: impl FnMut(&mut Self) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        self.take(open)?;
        self.blank();
        if self.peek() == Some(close) {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.blank();
            item(self)?;
            self.blank();
            if self.peek() == Some(close) {
                self.at += 1;
                return Ok(());
            }
            self.take(b',')?;
        }
    }

    fn string(&mut self) -> Result<String, Refusal> {
        self.take(b'"')?;
        let mut out = String::new();
        loop {
            let rest = &self.text[self.at..];
            let Some(stop) = rest.find(['"', '\\']) else {
                return Err(self.wrong("a text without its end"));
            };
            out.push_str(&rest[..stop]);
            self.at += stop + 1;
            if rest.as_bytes()[stop] == b'"' {
                return Ok(out);
            }
            let escape = self.peek().ok_or_else(|| self.wrong("a text without its end"))?;
            self.at += 1;
            out.push(match escape {
                b'"' | b'\\' | b'/' => escape as char,
                b'n' => '\n',
                b't' => '\t',
                b'r' => '\r',
                b'b' => '\u{8}',
                b'f' => '\u{c}',
                b'u' => {
                    let digits = self.text.get(self.at..self.at + 4).unwrap_or("");
                    let code = u32::from_str_radix(digits, 16).map_err(|_| self.wrong("a bad escape"))?;
                    self.at += 4;
                    char::from_u32(code).ok_or_else(|| self.wrong("half a character"))?
                }
                _ => return Err(self.wrong("a bad escape")),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Json;

    #[test]
    fn good_and_bad_texts() {
        let text = r#" {"a": [1, -2.5E-3, true, null], "b\u0041": "x\"\n", "c": {}} "#;
        let json = Json::read(text).expect("good");
        assert_eq!(json.list("a").expect("a list")[1], Json::Number("-2.5E-3"));
        assert_eq!(json.text("bA").expect("a text"), "x\"\n");
        let deep = "[".repeat(100_000);
        for bad in ["", "{", "[1,]", "{\"a\" 1}", "tru", "\"abc", "[1] 2", "{\"a\":\"\\u12\"}", "\"\\", &deep]
        {
            assert!(Json::read(bad).is_err(), "{bad:.20}");
        }
    }
}
