//! JSON whose every value knows its place.
//!
//! `serde_json` reads a document in one go and reports the first fault only. Here it does the
//! same work one level at a time: a [`Node`] is the text of one value, found by
//! [`RawValue`], and its place is where that text lies in the document. Documents are a few
//! levels deep, so reading each level anew costs little.
//!
//! A [`Reader`] collects the faults. Reading goes on after each: a value that is wrong reads as
//! `None`, and whoever asked leaves it out.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::fmt;

use dbferry_core::Code;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::problem::{Problem, Problems};

/// Reads one document and collects what is wrong with it.
pub(crate) struct Reader<'a> {
    text: &'a str,
    code: Code,
    subject: RefCell<Option<String>>,
    problems: RefCell<Vec<Problem>>,
    faults: Cell<usize>,
}

/// One value of a document.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node<'a> {
    raw: &'a str,
}

/// One member of an object.
#[derive(Debug, Clone)]
pub(crate) struct Member<'a> {
    pub(crate) name: Cow<'a, str>,
    pub(crate) value: Node<'a>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(text: &'a str, code: Code) -> Self {
        Self {
            text,
            code,
            subject: RefCell::new(None),
            problems: RefCell::new(Vec::new()),
            faults: Cell::new(0),
        }
    }

    /// The whole document, unless it is not JSON at all.
    pub(crate) fn root(&self) -> Option<Node<'a>> {
        match serde_json::from_str::<&RawValue>(self.text) {
            Ok(raw) => Some(Node { raw: raw.get() }),
            Err(error) => {
                self.push(error.line(), error.column(), without_place(&error));
                None
            }
        }
    }

    /// Says which rule or group the following faults belong to.
    pub(crate) fn enter(&self, subject: impl Into<String>) {
        *self.subject.borrow_mut() = Some(subject.into());
    }

    /// Leaves the rule or group.
    pub(crate) fn leave(&self) {
        *self.subject.borrow_mut() = None;
    }

    /// Reports a fault at a value.
    pub(crate) fn fault(&self, at: Node<'_>, message: impl Into<String>) {
        let (line, column) = self.place(at.raw);
        self.push(line, column, message.into());
    }

    /// How many faults were reported so far.
    pub(crate) fn faults(&self) -> usize {
        self.faults.get()
    }

    /// The value, unless anything was wrong with the document.
    pub(crate) fn finish<T>(self, value: T) -> Result<T, Problems> {
        let problems = self.problems.into_inner();
        match problems.is_empty() {
            true => Ok(value),
            false => Err(Problems::new(self.code, problems)),
        }
    }

    /// The members of an object; a fault when the value is none, or names a member twice.
    pub(crate) fn object(&self, node: Node<'a>) -> Option<Vec<Member<'a>>> {
        let Ok(Members(entries)) = serde_json::from_str(node.raw) else {
            self.fault(node, format!("expected an object, found {}", node.kind()));
            return None;
        };
        let mut members: Vec<Member<'a>> = Vec::with_capacity(entries.len());
        for (name, raw) in entries {
            let value = Node { raw: raw.get() };
            if members.iter().any(|member| member.name == name) {
                self.fault(value, format!("member {name:?} is given twice"));
            } else {
                members.push(Member { name, value });
            }
        }
        Some(members)
    }

    /// The elements of a list; a fault when the value is none.
    pub(crate) fn list(&self, node: Node<'a>) -> Option<Vec<Node<'a>>> {
        match serde_json::from_str::<Elements<'a>>(node.raw) {
            Ok(Elements(raws)) => Some(raws.iter().map(|raw| Node { raw: raw.get() }).collect()),
            Err(_) => {
                self.fault(node, format!("expected a list, found {}", node.kind()));
                None
            }
        }
    }

    /// A text.
    pub(crate) fn text(&self, node: Node<'a>) -> Option<String> {
        let text = node.as_text();
        if text.is_none() {
            self.fault(node, format!("expected a text, found {}", node.kind()));
        }
        text
    }

    /// A text, or a number or boolean as it is written.
    pub(crate) fn scalar(&self, node: Node<'a>) -> Option<String> {
        let text = match node.kind() {
            "a text" => node.as_text(),
            "a number" | "a boolean" => Some(node.raw.to_owned()),
            _ => None,
        };
        if text.is_none() {
            self.fault(
                node,
                format!("expected a text or number, found {}", node.kind()),
            );
        }
        text
    }

    /// A whole number within bounds, plain or as a text.
    pub(crate) fn integer(&self, node: Node<'a>, min: i64, max: i64) -> Option<i64> {
        let written = node.as_text().unwrap_or_else(|| node.raw.to_owned());
        let number = written.trim().parse().ok();
        let number = number.filter(|number| (min..=max).contains(number));
        if number.is_none() {
            let message = format!("expected a whole number from {min} to {max}");
            self.fault(node, format!("{message}, found {}", node.shown()));
        }
        number
    }

    /// A boolean, plain or as a text.
    pub(crate) fn boolean(&self, node: Node<'a>) -> Option<bool> {
        let written = node.as_text().unwrap_or_else(|| node.raw.to_owned());
        match written.to_ascii_lowercase().as_str() {
            "true" => Some(true),
            "false" => Some(false),
            _ => {
                self.fault(
                    node,
                    format!("expected true or false, found {}", node.shown()),
                );
                None
            }
        }
    }

    /// Line and column of a piece of the document, both from 1, the column in characters.
    fn place(&self, piece: &str) -> (usize, usize) {
        let offset = (piece.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        let before = self.text.get(..offset).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.matches('\n').count() + 1;
        (line, before[line_start..].chars().count() + 1)
    }

    fn push(&self, line: usize, column: usize, message: String) {
        self.faults.set(self.faults.get() + 1);
        self.problems.borrow_mut().push(Problem {
            line,
            column,
            subject: self.subject.borrow().clone(),
            message,
        });
    }
}

impl<'a> Node<'a> {
    /// What the value is, in words.
    pub(crate) fn kind(self) -> &'static str {
        match self.raw.as_bytes().first() {
            Some(b'{') => "an object",
            Some(b'[') => "a list",
            Some(b'"') => "a text",
            Some(b't' | b'f') => "a boolean",
            Some(b'n') => "null",
            _ => "a number",
        }
    }

    /// Whether the value is `null`.
    pub(crate) fn is_null(self) -> bool {
        self.raw == "null"
    }

    /// The text, if the value is one.
    pub(crate) fn as_text(self) -> Option<String> {
        serde_json::from_str(self.raw).ok()
    }

    /// The value for a message: scalars as written, cut when long.
    fn shown(self) -> String {
        match self.kind() {
            kind @ ("an object" | "a list") => kind.to_owned(),
            _ => self.raw.chars().take(40).collect(),
        }
    }
}

/// The message of a syntax error without the place, which is reported beside it.
fn without_place(error: &serde_json::Error) -> String {
    let message = error.to_string();
    match message.rfind(" at line ") {
        Some(end) => message[..end].to_owned(),
        None => message,
    }
}

/// The members of an object in order, twins included.
struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

/// The elements of a list.
struct Elements<'a>(Vec<&'a RawValue>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
            type Value = Members<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, &RawValue>()? {
                    members.push((Cow::Owned(name), value));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Visit)
    }
}

impl<'de> Deserialize<'de> for Elements<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
            type Value = Elements<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut elements = Vec::new();
                while let Some(value) = seq.next_element()? {
                    elements.push(value);
                }
                Ok(Elements(elements))
            }
        }
        deserializer.deserialize_seq(Visit)
    }
}
