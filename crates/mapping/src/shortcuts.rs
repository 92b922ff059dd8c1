//! Rules from the command line.
//!
//! `--tables`, `--exclude` and `--rename` cover what most migrations need without a file. They
//! are written out as the JSON of DMS and read like any other mapping, so a task knows one form
//! of rules only, and a shortcut can be looked at and grown into a file.
//!
//! In shortcuts `*` and `%` are wildcards and `_` is an underscore: on a command line nobody
//! means "any character" by it. A name with a dot, comma or wildcard in it is quoted with
//! backticks or double quotes, inside which every character stands for itself.
//!
//! | written | means |
//! |---|---|
//! | `shop` | every table of schema `shop`, or table `shop` where the source has one schema |
//! | `shop.users,shop.orders` | two tables |
//! | `shop.tmp_*` | the tables of `shop` that begin with `tmp_` |
//! | `shop=store` | schema `shop` becomes `store` |
//! | `shop.users=people` | table `users` of `shop` becomes `people` |
//! | `shop.users=app.people` | and moves to schema `app` |
//! | `shop.old_*=shop.new_*` | the prefix `old_` becomes `new_` |

use dbferry_core::{Code, Error};
use serde_json::{Value, json};

use crate::pattern;
use crate::rules::TableMappings;

/// What the command line says about tables. Every text may hold several entries, separated by
/// commas.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shortcuts {
    /// Tables to select; none is all.
    pub tables: Vec<String>,
    /// Tables to leave out.
    pub exclude: Vec<String>,
    /// New names, as `old=new`.
    pub rename: Vec<String>,
    /// The schema that a name without one belongs to, for a source that has only one.
    pub only_schema: Option<String>,
}

impl Shortcuts {
    /// The mappings.
    ///
    /// # Errors
    /// `MappingInvalid` quoting the option that cannot be understood.
    pub fn mappings(&self) -> Result<TableMappings, Error> {
        let mut rules = Rules::default();
        let everything = [String::from("*")];
        let tables = if self.tables.is_empty() {
            &everything[..]
        } else {
            &self.tables
        };
        for entry in entries(tables)? {
            rules.selection("include", &self.name(&entry)?);
        }
        for entry in entries(&self.exclude)? {
            rules.selection("exclude", &self.name(&entry)?);
        }
        for entry in entries(&self.rename)? {
            self.rename(&entry, &mut rules)?;
        }
        let document = json!({ "rules": rules.list }).to_string();
        TableMappings::parse(&document).map_err(Error::from)
    }

    /// The schema and table of an entry.
    fn name(&self, entry: &str) -> Result<Name, Error> {
        let mut parts = split(entry, '.')?.into_iter();
        let (first, second, third) = (parts.next(), parts.next(), parts.next());
        let part = |text: Option<String>| text.as_deref().map_or(Ok(Part::any()), Part::parse);
        match (first, second, third) {
            (Some(table), None, None) if self.only_schema.is_some() => Ok(Name {
                schema: Part::exact(self.only_schema.as_deref().unwrap_or_default()),
                table: Part::parse(&table)?,
                whole_schema: false,
            }),
            (Some(schema), table, None) => Ok(Name {
                schema: Part::parse(&schema)?,
                whole_schema: table.is_none(),
                table: part(table)?,
            }),
            _ => Err(invalid(
                entry,
                "write schema.table; quote a name that has a dot in it",
            )),
        }
    }

    fn rename(&self, entry: &str, rules: &mut Rules) -> Result<(), Error> {
        let sides = split(entry, '=')?;
        let [old, new] = &sides[..] else {
            return Err(invalid(entry, "write old=new"));
        };
        let (from, to) = (self.name(old)?, split(new, '.')?);
        let to: Vec<Part> = to
            .iter()
            .map(|part| Part::parse(part))
            .collect::<Result<_, _>>()?;
        match (from.whole_schema, &to[..]) {
            (true, [schema]) => rules.rename("schema", &from, &from.schema, schema, entry),
            (false, [table]) => rules.rename("table", &from, &from.table, table, entry),
            (false, [schema, table]) => {
                if from.schema != *schema {
                    rules.rename("schema", &from, &from.schema, schema, entry)?;
                }
                if from.table != *table {
                    rules.rename("table", &from, &from.table, table, entry)?;
                }
                Ok(())
            }
            _ => Err(invalid(
                entry,
                "give a new schema to a schema, and a new table to a table",
            )),
        }
    }
}

/// The rules written so far.
#[derive(Default)]
struct Rules {
    list: Vec<Value>,
}

impl Rules {
    fn selection(&mut self, action: &str, name: &Name) {
        let id = self.list.len() + 1;
        self.list.push(json!({
            "rule-type": "selection",
            "rule-id": id.to_string(),
            "rule-name": format!("{action}-{id}"),
            "rule-action": action,
            "object-locator": name.locator(),
        }));
    }

    fn rename(
        &mut self,
        target: &str,
        name: &Name,
        old: &Part,
        new: &Part,
        entry: &str,
    ) -> Result<(), Error> {
        let id = self.list.len() + 1;
        let mut rule = json!({
            "rule-type": "transformation",
            "rule-id": id.to_string(),
            "rule-name": format!("rename-{id}"),
            "rule-target": target,
            "object-locator": name.locator(),
        });
        match (old.prefix(), new.prefix()) {
            (_, _) if !new.has_wildcard() => {
                rule["rule-action"] = "rename".into();
                rule["value"] = new.literal().into();
            }
            (Some(old), Some(new)) if !old.is_empty() => {
                rule["rule-action"] = "replace-prefix".into();
                rule["old-value"] = old.into();
                rule["value"] = new.into();
            }
            (Some(_), Some(new)) => {
                rule["rule-action"] = "add-prefix".into();
                rule["value"] = new.into();
            }
            _ => return Err(invalid(entry, "a new name may have one *, at its end")),
        }
        self.list.push(rule);
        Ok(())
    }
}

/// A schema and a table of it, both perhaps with wildcards.
struct Name {
    schema: Part,
    table: Part,
    /// Whether no table was named.
    whole_schema: bool,
}

impl Name {
    fn locator(&self) -> Value {
        json!({"schema-name": self.schema.pattern(), "table-name": self.table.pattern()})
    }
}

/// A name in pieces: text, and wildcards between.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Part(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Wildcard,
}

impl Part {
    fn any() -> Self {
        Self(vec![Piece::Wildcard])
    }

    fn exact(name: &str) -> Self {
        Self(vec![Piece::Text(name.to_owned())])
    }

    fn parse(written: &str) -> Result<Self, Error> {
        let mut pieces = Vec::new();
        let mut text = String::new();
        let mut quote = None;
        let mut characters = written.trim().chars().peekable();
        while let Some(character) = characters.next() {
            match (quote, character) {
                (Some(open), _) if character == open => match characters.peek() == Some(&open) {
                    true => text.extend(characters.next()),
                    false => quote = None,
                },
                (None, '`' | '"') => quote = Some(character),
                (None, '*' | '%') => {
                    if !text.is_empty() {
                        pieces.push(Piece::Text(std::mem::take(&mut text)));
                    }
                    pieces.push(Piece::Wildcard);
                }
                _ => text.push(character),
            }
        }
        if !text.is_empty() {
            pieces.push(Piece::Text(text));
        }
        match pieces.is_empty() {
            true => Err(invalid(written, "a name is empty")),
            false => Ok(Self(pieces)),
        }
    }

    fn pattern(&self) -> String {
        let pieces = self.0.iter().map(|piece| match piece {
            Piece::Text(text) => pattern::escape(text),
            Piece::Wildcard => "%".to_owned(),
        });
        pieces.collect()
    }

    fn has_wildcard(&self) -> bool {
        self.0.contains(&Piece::Wildcard)
    }

    fn literal(&self) -> &str {
        match &self.0[..] {
            [Piece::Text(text)] => text,
            _ => "",
        }
    }

    /// The text before a single wildcard at the end.
    fn prefix(&self) -> Option<&str> {
        match &self.0[..] {
            [Piece::Wildcard] => Some(""),
            [Piece::Text(text), Piece::Wildcard] => Some(text),
            _ => None,
        }
    }
}

/// The entries of several options.
fn entries(options: &[String]) -> Result<Vec<String>, Error> {
    let mut entries = Vec::new();
    for option in options {
        for entry in split(option, ',')? {
            if entry.trim().is_empty() {
                return Err(invalid(option, "an entry is empty"));
            }
            entries.push(entry);
        }
    }
    Ok(entries)
}

/// Cuts a text at a character that is not within quotes. The quotes stay.
fn split(text: &str, at: char) -> Result<Vec<String>, Error> {
    let mut parts = vec![String::new()];
    let mut quote = None;
    for character in text.chars() {
        match quote {
            Some(open) if character == open => quote = None,
            None if matches!(character, '`' | '"') => quote = Some(character),
            None if character == at => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(part) = parts.last_mut() {
            part.push(character);
        }
    }
    match quote {
        Some(_) => Err(invalid(text, "a quote is not closed")),
        None => Ok(parts),
    }
}

fn invalid(entry: &str, message: &str) -> Error {
    Error::definite(
        Code::MappingInvalid,
        format!("{entry:?} cannot be understood: {message}"),
    )
    .with_hint("examples: --tables 'shop.*', --exclude 'shop.tmp_*', --rename 'shop=store'")
}

#[cfg(test)]
mod tests;
