//! Names in statements that create views, routines, triggers, events and accounts.
//!
//! A name is followed where its place in the statement says what it is:
//!
//! 1. `schema.object` and `schema.table.column`, when the schema has such an object;
//! 2. a table by its bare name after `FROM`, `JOIN`, `INTO`, `UPDATE`, `TABLE`, `REFERENCES`, in
//!    a list after `FROM`, and after `ON` in the head of a trigger;
//! 3. `alias.column` and `table.column`, when the statement gives that alias to one table only;
//! 4. `NEW.column` and `OLD.column` in a trigger.
//!
//! Everything else that reads like a changed name (a bare column, a word in a literal) is
//! reported as unsure and left alone: what it means depends on scopes that only the server
//! knows.

mod sources;

use std::collections::{HashMap, HashSet};

use dbferry_core::TableName;

use super::token::{Dialect, Kind, Token, tokens};

/// What names of the source become.
pub(crate) trait NameMap {
    /// The new name of a schema, when it has one.
    fn schema(&self, name: &str) -> Option<&str>;

    /// The table of this name, as the source spells it.
    fn table(&self, schema: &str, name: &str) -> Option<&TableName>;

    /// Whether the schema has a view or routine of this name.
    fn has_object(&self, schema: &str, name: &str) -> bool;

    /// The new name of a table that is moved, when it has another.
    fn renamed_table(&self, table: &TableName) -> Option<&TableName>;

    /// The new name of a column: `None` when it keeps it, `Some(None)` when it is left out.
    fn renamed_column(&self, table: &TableName, column: &str) -> Option<Option<&str>>;

    /// Whether a word is the old name of anything that has a new one.
    fn is_changed(&self, word: &str) -> bool;

    /// Whether a bare word is the old name of a column of one of these tables, which has a new
    /// one.
    fn is_changed_column(&self, tables: &HashSet<TableName>, word: &str) -> bool;
}

/// What is known about a statement beside its text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setting<'a> {
    pub(crate) dialect: &'a Dialect,
    /// The schema that bare names belong to.
    pub(crate) home: &'a str,
    /// The table of a trigger.
    pub(crate) trigger: Option<&'a TableName>,
    /// Whether the statement grants privileges, whose patterns are not names.
    pub(crate) grants: bool,
}

/// A statement under new names, and what it mentions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Mentions {
    /// The statement with every certain name replaced.
    pub(crate) text: String,
    /// The tables that it names for certain.
    pub(crate) tables: HashSet<TableName>,
    /// The views and routines of a schema that it names for certain.
    pub(crate) objects: HashSet<(String, String)>,
    /// Columns that it names for certain and that are left out.
    pub(crate) dropped: Vec<(TableName, String)>,
    /// Changed names that it may mention.
    pub(crate) unsure: Vec<String>,
}

/// Replaces the names in a statement.
pub(crate) fn object(text: &str, setting: Setting<'_>, names: &dyn NameMap) -> Mentions {
    let all = tokens(text, setting.dialect);
    let telling = |token: &Token| !matches!(token.kind, Kind::Space | Kind::Comment);
    let telling: Vec<Token> = all.into_iter().filter(telling).collect();
    let mut walk = Walk::new(text, setting, names, telling);
    walk.find_sources();
    walk.replace();
    walk.report_literals();
    walk.finish()
}

/// A name in several parts: `a`, `a.b` or `a.b.c`, as positions of telling tokens.
#[derive(Debug, Clone)]
struct Chain {
    parts: Vec<usize>,
    /// The position after it.
    end: usize,
}

/// What the statement calls a table.
#[derive(Debug, Clone, PartialEq)]
struct Called {
    table: TableName,
    /// Whether that is the table's own name, which follows the table when it is renamed.
    own_name: bool,
}

struct Walk<'a> {
    text: &'a str,
    setting: Setting<'a>,
    names: &'a dyn NameMap,
    tokens: Vec<Token>,
    /// What each alias or table name stands for; `None` when it is not one table only.
    aliases: HashMap<String, Option<Called>>,
    /// Names of common table expressions.
    local: HashSet<String>,
    /// New text for tokens by position.
    replacements: HashMap<usize, String>,
    mentions: Mentions,
}

impl<'a> Walk<'a> {
    fn new(
        text: &'a str,
        setting: Setting<'a>,
        names: &'a dyn NameMap,
        tokens: Vec<Token>,
    ) -> Self {
        Self {
            text,
            setting,
            names,
            tokens,
            aliases: HashMap::new(),
            local: HashSet::new(),
            replacements: HashMap::new(),
            mentions: Mentions::default(),
        }
    }

    /// The token at a position as written; empty beyond the ends.
    fn word(&self, position: usize) -> &'a str {
        self.tokens
            .get(position)
            .map_or("", |token| token.text(self.text))
    }

    fn is_one_of(&self, position: usize, words: &[&str]) -> bool {
        let word = self.word(position);
        words.iter().any(|known| known.eq_ignore_ascii_case(word))
    }

    fn name(&self, position: usize) -> String {
        self.tokens
            .get(position)
            .map(|token| token.name(self.text))
            .unwrap_or_default()
    }

    fn is_name(&self, position: usize) -> bool {
        self.tokens.get(position).is_some_and(Token::is_name)
    }

    /// The name that begins at a position, unless the position is within one.
    fn chain(&self, position: usize) -> Option<Chain> {
        if !self.is_name(position) || (position > 0 && self.word(position - 1) == ".") {
            return None;
        }
        let mut parts = vec![position];
        let mut end = position + 1;
        while self.word(end) == "." && self.is_name(end + 1) && parts.len() < 3 {
            parts.push(end + 1);
            end += 2;
        }
        Some(Chain { parts, end })
    }

    fn table(&self, schema: &str, name: &str) -> Option<TableName> {
        self.names.table(schema, name).cloned()
    }

    /// Replaces what is certain among the other names.
    fn replace(&mut self) {
        let mut position = 0;
        while position < self.tokens.len() {
            let Some(chain) = self.chain(position) else {
                position += 1;
                continue;
            };
            if !chain
                .parts
                .iter()
                .any(|part| self.replacements.contains_key(part))
            {
                match chain.parts[..] {
                    [name] => self.bare(name),
                    [first, second] => self.pair(&chain, first, second),
                    [schema, table, column] => self.triple(&chain, schema, table, column),
                    _ => {}
                }
            }
            position = chain.end;
        }
    }

    /// A name on its own, not in a place for tables.
    fn bare(&mut self, position: usize) {
        let name = self.name(position);
        if self.setting.grants && self.word(position + 1) == "." && self.word(position + 2) == "*" {
            self.rename_schema(position, &name);
            return;
        }
        if self.word(position + 1) == "@" || self.word(position.wrapping_sub(1)) == "@" {
            return;
        }
        let is_local = self.local.contains(&name.to_lowercase());
        let is_new_name = self.is_one_of(position.wrapping_sub(1), &["AS"]);
        let is_call = self.word(position + 1) == "(";
        if is_local || is_new_name || is_call {
            return;
        }
        let quoted = self.tokens[position].kind == Kind::Quoted;
        if self.names.is_changed_column(&self.mentions.tables, &name)
            || (quoted && self.names_table(&name) && self.changed(&name))
        {
            self.unsure(&name);
        }
    }

    /// Whether the statement calls a table by this name, and not as an alias.
    fn names_table(&self, name: &str) -> bool {
        match self.aliases.get(&name.to_lowercase()) {
            Some(Some(called)) => called.own_name,
            Some(None) => true,
            None => false,
        }
    }

    fn changed(&self, name: &str) -> bool {
        self.names.is_changed(name)
    }

    /// `schema.object`, `alias.column` or `NEW.column`.
    fn pair(&mut self, chain: &Chain, first: usize, second: usize) {
        let (qualifier, name) = (self.name(first), self.name(second));
        let is_row = ["NEW", "OLD"]
            .iter()
            .any(|row| row.eq_ignore_ascii_case(&qualifier));
        if let Some(table) = self.setting.trigger.filter(|_| is_row) {
            self.rename_column(second, &table.clone(), &name);
            return;
        }
        if self.local.contains(&qualifier.to_lowercase()) {
            return;
        }
        let alias = self.aliases.get(&qualifier.to_lowercase()).cloned();
        let table = self.table(&qualifier, &name);
        let is_object = table.is_some() || self.names.has_object(&qualifier, &name);
        match (alias, is_object) {
            (Some(_), true) => self.unsure_if_changed(&qualifier, &name),
            (Some(Some(Called { table, own_name })), false) => {
                self.rename_column(second, &table, &name);
                if own_name && let Some(new) = self.names.renamed_table(&table) {
                    self.put(first, &new.name.clone());
                }
            }
            (Some(None), false) => self.unsure_if_changed(&qualifier, &name),
            (None, true) => match table {
                Some(table) => {
                    self.mentions.tables.insert(table.clone());
                    self.replace_table(chain, &table);
                }
                None => {
                    self.mentions.objects.insert((qualifier.clone(), name));
                    self.rename_schema(first, &qualifier);
                }
            },
            (None, false) if self.setting.grants => self.rename_schema(first, &qualifier),
            (None, false) => self.unsure_if_changed(&qualifier, &name),
        }
    }

    /// `schema.table.column`.
    fn triple(&mut self, chain: &Chain, schema: usize, table: usize, column: usize) {
        let (schema_name, table_name) = (self.name(schema), self.name(table));
        let Some(table) = self.table(&schema_name, &table_name) else {
            if self.names.has_object(&schema_name, &table_name) {
                self.rename_schema(schema, &schema_name);
            } else {
                self.unsure_if_changed(&schema_name, &table_name);
            }
            return;
        };
        self.mentions.tables.insert(table.clone());
        self.replace_table(chain, &table);
        let name = self.name(column);
        self.rename_column(column, &table, &name);
    }

    /// Replaces schema and table at the head of a chain.
    fn replace_table(&mut self, chain: &Chain, table: &TableName) {
        let Some(new) = self.names.renamed_table(table).cloned() else {
            // A table that stays behind still lives in a schema that may have another name.
            if let [schema, _, ..] = chain.parts[..] {
                self.rename_schema(schema, &table.schema);
            }
            return;
        };
        match chain.parts[..] {
            [name] => {
                let home = self
                    .names
                    .schema(self.setting.home)
                    .unwrap_or(self.setting.home);
                if new.schema == home {
                    self.put(name, &new.name);
                } else {
                    self.put_qualified(name, &new);
                }
            }
            [schema, name, ..] => {
                self.put(schema, &new.schema);
                self.put(name, &new.name);
            }
            [] => {}
        }
    }

    fn rename_schema(&mut self, position: usize, name: &str) {
        if let Some(new) = self.names.schema(name) {
            self.put(position, new);
        }
    }

    fn rename_column(&mut self, position: usize, table: &TableName, name: &str) {
        match self.names.renamed_column(table, name) {
            Some(Some(new)) => self.put(position, new),
            Some(None) => self.mentions.dropped.push((table.clone(), name.to_owned())),
            None => {}
        }
    }

    fn put(&mut self, position: usize, name: &str) {
        if self.name(position) != name {
            self.replacements
                .insert(position, self.setting.dialect.quoted(name));
        }
    }

    fn put_qualified(&mut self, position: usize, name: &TableName) {
        let dialect = self.setting.dialect;
        let text = format!(
            "{}.{}",
            dialect.quoted(&name.schema),
            dialect.quoted(&name.name)
        );
        self.replacements.insert(position, text);
    }

    fn unsure_if_changed(&mut self, qualifier: &str, name: &str) {
        if self.changed(qualifier) || self.changed(name) {
            self.unsure(&format!("{qualifier}.{name}"));
        }
    }

    fn unsure(&mut self, name: &str) {
        if !self.mentions.unsure.iter().any(|known| known == name) {
            self.mentions.unsure.push(name.to_owned());
        }
    }

    /// Literals may hold statements that are prepared later.
    fn report_literals(&mut self) {
        if self.setting.grants {
            return;
        }
        let literals: Vec<&str> = self
            .tokens
            .iter()
            .filter(|token| token.kind == Kind::Literal)
            .map(|token| token.text(self.text))
            .collect();
        for literal in literals {
            let inner = literal.trim_matches(['\'', '"']);
            for token in tokens(inner, self.setting.dialect) {
                let word = token.name(inner);
                if token.is_name() && self.names.is_changed(&word) {
                    self.unsure(&word);
                }
            }
        }
    }

    fn finish(mut self) -> Mentions {
        let mut text = String::with_capacity(self.text.len() + 64);
        let mut copied = 0;
        let mut positions: Vec<_> = self.replacements.keys().copied().collect();
        positions.sort_unstable();
        for position in positions {
            let token = self.tokens[position];
            text.push_str(&self.text[copied..token.start]);
            text.push_str(&self.replacements[&position]);
            copied = token.end;
        }
        text.push_str(&self.text[copied..]);
        self.mentions.text = text;
        self.mentions
    }
}

#[cfg(test)]
mod tests;
