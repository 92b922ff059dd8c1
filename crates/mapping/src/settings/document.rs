//! The settings document: its defaults, and merging what was given into it.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::table::{Fallback, Kind, LOG_COMPONENTS, MORE_LOG_COMPONENTS, SEVERITIES, Setting};
use crate::document::{Node, Reader};

/// Log severity unless given.
const DEFAULT_SEVERITY: &str = "LOGGER_SEVERITY_DEFAULT";

/// The group in which every member has its default.
pub(super) fn defaults(settings: &[Setting]) -> Value {
    let members = settings
        .iter()
        .filter_map(|setting| Some((setting.name.to_owned(), default_of(setting)?)));
    Value::Object(members.collect())
}

/// The default of a setting; `None` when it is not shown unless given.
pub(super) fn default_of(setting: &Setting) -> Option<Value> {
    Some(match (setting.default, &setting.kind) {
        (Fallback::Absent, _) => return None,
        (Fallback::Members, Kind::Group(members)) => defaults(members),
        (Fallback::Members, _) => log_components(),
        (Fallback::Null, _) => Value::Null,
        (Fallback::Bool(value), _) => json!(value),
        (Fallback::Int(value), _) => json!(value),
        (Fallback::Text(value), _) => json!(value),
    })
}

fn log_components() -> Value {
    let list = LOG_COMPONENTS
        .iter()
        .map(|id| json!({"Id": id, "Severity": DEFAULT_SEVERITY}));
    list.collect()
}

/// Merges what a document gives into the complete one.
pub(super) struct Merge<'r, 'a> {
    pub(super) reader: &'r Reader<'a>,
    pub(super) given: &'r mut BTreeSet<String>,
}

impl<'a> Merge<'_, 'a> {
    /// Merges a group at `path`.
    pub(super) fn group(
        &mut self,
        node: Node<'a>,
        settings: &[Setting],
        into: &mut Value,
        path: &str,
    ) {
        let Some(members) = self.reader.object(node) else {
            return;
        };
        if !into.is_object() {
            *into = defaults(settings);
        }
        for member in members {
            let name = member.name.as_ref();
            let Some(setting) = settings.iter().find(|setting| setting.name == name) else {
                self.unknown(member.value, name, settings, path);
                continue;
            };
            let path = format!("{path}/{name}");
            self.reader
                .enter(path.trim_start_matches('/').replace('/', "."));
            if let Some(place) = into.as_object_mut() {
                let old = place.entry(name).or_insert(Value::Null);
                self.member(member.value, setting, old, &path);
            }
            self.reader.leave();
        }
    }

    fn member(&mut self, node: Node<'a>, setting: &Setting, into: &mut Value, path: &str) {
        if let Kind::Group(members) = setting.kind {
            match node.is_null() {
                true => *into = default_of(setting).unwrap_or_default(),
                false => self.group(node, members, into, path),
            }
        } else if node.is_null() {
            *into = default_of(setting).unwrap_or_default();
            self.given.remove(path);
        } else if let Some(value) = self.value(node, setting, into) {
            *into = value;
            self.given.insert(path.to_owned());
        }
    }

    fn value(&mut self, node: Node<'a>, setting: &Setting, old: &Value) -> Option<Value> {
        let reader = self.reader;
        match setting.kind {
            Kind::Boolean => reader.boolean(node).map(Value::from),
            Kind::Integer(min, max) => reader.integer(node, min, max).map(Value::from),
            Kind::Text => reader.text(node).map(Value::from),
            Kind::Choice(choices) => self.choice(node, choices).map(Value::from),
            Kind::List(members) => self.list(node, members),
            Kind::LogComponents => self.log_components(node, old),
            Kind::ReadOnly => {
                reader.fault(node, "this is set by the service and cannot be given");
                None
            }
            Kind::Group(_) => None,
        }
    }

    fn choice(&self, node: Node<'a>, choices: &[&str]) -> Option<String> {
        let text = self.reader.text(node)?;
        if !choices.contains(&text.as_str()) {
            let allowed = choices.join(", ");
            self.reader
                .fault(node, format!("{text:?} is unknown; allowed: {allowed}"));
            return None;
        }
        Some(text)
    }

    fn list(&mut self, node: Node<'a>, settings: &[Setting]) -> Option<Value> {
        let mut list = Vec::new();
        for node in self.reader.list(node)? {
            let mut element = Value::Null;
            // Elements have no names, so nothing below them counts as given.
            let mut merge = Merge {
                reader: self.reader,
                given: &mut BTreeSet::new(),
            };
            merge.group(node, settings, &mut element, "");
            list.push(element);
        }
        Some(Value::Array(list))
    }

    /// Sets the severities that are given; the other components keep theirs.
    fn log_components(&mut self, node: Node<'a>, old: &Value) -> Option<Value> {
        let mut components = old.as_array().cloned().unwrap_or_default();
        for node in self.reader.list(node)? {
            let (id, severity) = self.log_component(node)?;
            match components
                .iter_mut()
                .find(|component| component["Id"] == id.as_str())
            {
                Some(component) => component["Severity"] = severity.into(),
                None => components.push(json!({"Id": id, "Severity": severity})),
            }
        }
        Some(Value::Array(components))
    }

    fn log_component(&mut self, node: Node<'a>) -> Option<(String, String)> {
        let (mut id, mut severity) = (None, None);
        for member in self.reader.object(node)? {
            match member.name.as_ref() {
                "Id" => {
                    let known = [LOG_COMPONENTS, MORE_LOG_COMPONENTS].concat();
                    id = Some(self.choice(member.value, &known)?);
                }
                "Severity" => severity = Some(self.choice(member.value, SEVERITIES)?),
                other => self.reader.fault(
                    member.value,
                    format!("unknown member {other:?}; allowed: Id, Severity"),
                ),
            }
        }
        if id.is_none() || severity.is_none() {
            self.reader.fault(node, "\"Id\" or \"Severity\" is missing");
        }
        Some((id?, severity?))
    }

    fn unknown(&self, node: Node<'a>, name: &str, settings: &[Setting], path: &str) {
        let place = match path.trim_start_matches('/').replace('/', ".") {
            top if top.is_empty() => "the document".to_owned(),
            group => group,
        };
        let names: Vec<_> = settings.iter().map(|setting| setting.name).collect();
        let alike = names.iter().find(|known| known.eq_ignore_ascii_case(name));
        let advice = match alike {
            Some(alike) => format!("write {alike:?}"),
            None => format!("allowed: {}", names.join(", ")),
        };
        self.reader.fault(
            node,
            format!("unknown member {name:?} of {place}; {advice}"),
        );
    }
}

/// DMS echoes this setting under two spellings; whichever is given sets both.
pub(super) fn copy_timeslot(document: &mut Value, given: &BTreeSet<String>) {
    const GROUP: &str = "/ControlTablesSettings";
    let (new, old) = ("HistoryTimeslotInMinutes", "historyTimeslotInMinutes");
    let (from, to) = match given.contains(&format!("{GROUP}/{new}")) {
        true => (new, old),
        false => (old, new),
    };
    if let Some(group) = document.pointer_mut(GROUP) {
        group[to] = group[from].clone();
    }
}

/// Reports settings that contradict each other.
pub(super) fn check_together<'a>(reader: &Reader<'a>, root: Node<'a>, document: &Value) {
    let is = |path: &str| document.pointer(path) == Some(&Value::Bool(true));
    if is("/Logging/EnableLogContext") && !is("/Logging/EnableLogging") {
        reader.fault(root, "Logging.EnableLogContext needs Logging.EnableLogging");
    }
    if is("/ValidationSettings/ValidationOnly") {
        if !is("/ValidationSettings/EnableValidation") {
            let message = "ValidationSettings.ValidationOnly needs EnableValidation";
            reader.fault(root, message);
        }
        let preparation = document.pointer("/FullLoadSettings/TargetTablePrepMode");
        if preparation != Some(&json!("DO_NOTHING")) {
            let message = "ValidationSettings.ValidationOnly needs \
                           FullLoadSettings.TargetTablePrepMode DO_NOTHING";
            reader.fault(root, message);
        }
    }
}

/// The document reduced to what was given.
pub(super) fn only_given(document: &Value, given: &BTreeSet<String>) -> Value {
    let mut kept = Value::Object(Map::new());
    for path in given {
        let Some(value) = document.pointer(path) else {
            continue;
        };
        let mut steps: Vec<_> = path.split('/').skip(1).collect();
        let Some(last) = steps.pop() else {
            continue;
        };
        let mut place = &mut kept;
        for step in steps {
            // Indexing makes an object of what is not there yet.
            place = &mut place[step];
        }
        place[last] = value.clone();
    }
    kept
}
