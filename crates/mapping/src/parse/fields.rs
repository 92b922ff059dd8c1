//! The members of one object, taken one by one; what is left over is unknown.

use crate::document::{Member, Node, Reader};
use crate::pattern;
use crate::rules::Locator;

/// The members of an object.
pub(crate) struct Fields<'r, 'a> {
    reader: &'r Reader<'a>,
    node: Node<'a>,
    members: Vec<Member<'a>>,
}

impl<'r, 'a> Fields<'r, 'a> {
    /// Opens an object; `None`, and a fault, when it is none.
    pub(crate) fn new(reader: &'r Reader<'a>, node: Node<'a>) -> Option<Self> {
        let members = reader.object(node)?;
        Some(Self {
            reader,
            node,
            members,
        })
    }

    /// The reader that collects faults.
    pub(crate) fn reader(&self) -> &'r Reader<'a> {
        self.reader
    }

    /// The object itself, as the place of faults about what is not there.
    pub(crate) fn node(&self) -> Node<'a> {
        self.node
    }

    /// Takes a member; `null` counts as not given.
    pub(crate) fn take(&mut self, name: &str) -> Option<Node<'a>> {
        let index = self.members.iter().position(|member| member.name == name)?;
        let node = self.members.remove(index).value;
        (!node.is_null()).then_some(node)
    }

    /// Reports that a member is missing.
    pub(crate) fn missing<T>(&self, name: &str) -> Option<T> {
        self.reader.fault(self.node, format!("{name:?} is missing"));
        None
    }

    /// Takes a member that must be there.
    pub(crate) fn require(&mut self, name: &str) -> Option<Node<'a>> {
        self.take(name).or_else(|| self.missing(name))
    }

    /// Takes a text that must be there and not empty.
    pub(crate) fn require_text(&mut self, name: &str) -> Option<String> {
        let node = self.require(name)?;
        let text = self.reader.scalar(node)?;
        if text.is_empty() {
            self.reader.fault(node, format!("{name:?} is empty"));
            return None;
        }
        Some(text)
    }

    /// Takes a text.
    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        let node = self.take(name)?;
        self.reader.scalar(node)
    }

    /// Takes a whole number.
    pub(crate) fn integer(&mut self, name: &str, min: i64, max: i64) -> Option<i64> {
        let node = self.take(name)?;
        self.reader.integer(node, min, max)
    }

    /// Takes a list of texts or numbers.
    pub(crate) fn texts(&mut self, name: &str) -> Option<Vec<String>> {
        let node = self.take(name)?;
        self.texts_of(node)
    }

    /// The texts or numbers of a list.
    pub(crate) fn texts_of(&self, node: Node<'a>) -> Option<Vec<String>> {
        let nodes = self.reader.list(node)?;
        nodes
            .into_iter()
            .map(|node| self.reader.scalar(node))
            .collect()
    }

    /// Takes a member that must be one of a few words.
    pub(crate) fn choice<T: Copy>(&mut self, name: &str, choices: &[(&str, T)]) -> Option<T> {
        let node = self.require(name)?;
        self.choice_of(node, name, choices)
    }

    /// Reads a value that must be one of a few words.
    pub(crate) fn choice_of<T: Copy>(
        &self,
        node: Node<'a>,
        name: &str,
        choices: &[(&str, T)],
    ) -> Option<T> {
        let text = self.reader.scalar(node)?;
        let found = choices.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let allowed: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
            self.reader.fault(
                node,
                format!(
                    "{name} {text:?} is unknown; allowed: {}",
                    allowed.join(", ")
                ),
            );
        }
        found.map(|(_, value)| *value)
    }

    /// Takes an object.
    pub(crate) fn object(&mut self, name: &str) -> Option<Fields<'r, 'a>> {
        let node = self.take(name)?;
        Fields::new(self.reader, node)
    }

    /// Reports whatever was not taken; `known` are the members that may be there.
    pub(crate) fn finish(mut self, known: &[&[&str]]) {
        self.finish_with(known);
    }

    /// The same for members of a rule, whose reader goes on.
    pub(crate) fn finish_with(&mut self, known: &[&[&str]]) {
        for member in std::mem::take(&mut self.members) {
            let name = member.name.as_ref();
            if known.iter().any(|names| names.contains(&name)) {
                if !member.value.is_null() {
                    self.reader
                        .fault(member.value, format!("{name:?} does not belong here"));
                }
                continue;
            }
            let names = known.concat().join(", ");
            self.reader.fault(
                member.value,
                format!("unknown member {name:?}; allowed: {names}"),
            );
        }
    }

    /// Takes the object locator.
    pub(crate) fn locator(&mut self, allowed: &[&str]) -> Option<LocatorFields<'a>> {
        let node = self.require("object-locator")?;
        let mut fields = Fields::new(self.reader, node)?;
        let faults = self.reader.faults();
        let schema = fields.name("schema-name");
        let table = fields.name("table-name");
        let column = fields.name("column-name");
        let readable = self.reader.faults() == faults;
        let data_type = fields.take("data-type");
        let kind = fields.take("table-type");
        fields.take_tablespaces(allowed);
        for (name, given) in [
            ("table-name", table.is_some()),
            ("column-name", column.is_some()),
            ("data-type", data_type.is_some()),
            ("table-type", kind.is_some()),
        ] {
            if given && !allowed.contains(&name) {
                self.reader
                    .fault(node, format!("{name:?} does not belong into this locator"));
            }
        }
        if schema.is_none() && readable {
            fields.missing::<()>("schema-name");
        }
        fields.finish(&[&["schema-name"], allowed]);
        let schema = schema?;
        readable.then_some(LocatorFields {
            node,
            schema,
            table,
            column,
            data_type,
            kind,
        })
    }

    fn take_tablespaces(&mut self, allowed: &[&str]) {
        for name in ["table-tablespace-name", "index-tablespace-name"] {
            if allowed.contains(&name) {
                self.take(name);
            }
        }
    }

    /// Takes a name, which is not empty.
    fn name(&mut self, member: &str) -> Option<String> {
        let node = self.take(member)?;
        let name = self.reader.text(node)?;
        if name.is_empty() {
            self.reader
                .fault(node, format!("{member:?} is empty; \"%\" is every name"));
        }
        Some(name)
    }
}

/// An object locator before it is checked.
pub(crate) struct LocatorFields<'a> {
    pub(crate) node: Node<'a>,
    pub(crate) schema: String,
    pub(crate) table: Option<String>,
    pub(crate) column: Option<String>,
    pub(crate) data_type: Option<Node<'a>>,
    pub(crate) kind: Option<Node<'a>>,
}

impl LocatorFields<'_> {
    /// The locator, which must name a table, perhaps with wildcards.
    pub(crate) fn with_table(self, reader: &Reader<'_>) -> Option<Locator> {
        if self.table.is_none() {
            reader.fault(self.node, "\"table-name\" is missing");
        }
        Some(Locator {
            column: self.column,
            ..Locator::new(self.schema, self.table?)
        })
    }

    /// Reports wildcards where names must be exact; `why` says for what.
    pub(crate) fn must_be_exact(&self, reader: &Reader<'_>, why: &str) {
        let names = [
            ("schema-name", Some(&self.schema)),
            ("table-name", self.table.as_ref()),
        ];
        for (member, name) in names {
            if name.is_some_and(|name| pattern::has_wildcard(name)) {
                reader.fault(
                    self.node,
                    format!("{member} must be exact, without wildcards, {why}"),
                );
            }
        }
    }
}
