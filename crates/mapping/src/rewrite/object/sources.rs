//! Which tables a statement reads or writes, and what it calls them.

use super::{Called, Chain, Walk};

/// Words after which a bare name is a table.
const BEFORE_TABLES: &[&str] = &["FROM", "JOIN", "INTO", "UPDATE", "TABLE", "REFERENCES"];

/// Words that end the list of tables after `FROM`.
const AFTER_TABLES: &[&str] = &[
    "WHERE",
    "GROUP",
    "ORDER",
    "HAVING",
    "LIMIT",
    "SET",
    "UNION",
    "VALUES",
    "SELECT",
    "WINDOW",
    "FOR",
    "DO",
    "THEN",
    "ELSE",
    "END",
    "BEGIN",
    "RETURNING",
    "EXCEPT",
    "INTERSECT",
];

/// Words that may follow a table and are no alias.
const NO_ALIASES: &[&str] = &[
    "ON",
    "USING",
    "JOIN",
    "INNER",
    "LEFT",
    "RIGHT",
    "FULL",
    "CROSS",
    "NATURAL",
    "OUTER",
    "STRAIGHT_JOIN",
    "PARTITION",
    "USE",
    "FORCE",
    "IGNORE",
    "INDEXED",
    "NOT",
    "DEFAULT",
    "LOCK",
    "FROM",
    "FETCH",
    "OFFSET",
    "AND",
    "OR",
    "AFTER",
    "BEFORE",
    "FOLLOWS",
    "PRECEDES",
    "TO",
    "IN",
];

impl Walk<'_> {
    /// Finds which tables the statement reads or writes, and what it calls them.
    pub(super) fn find_sources(&mut self) {
        self.find_local();
        let mut lists: Vec<i32> = Vec::new();
        let mut depth = 0;
        let mut position = 0;
        while position < self.tokens.len() {
            match self.word(position) {
                "(" => depth += 1,
                ")" => {
                    depth -= 1;
                    lists.retain(|list| *list <= depth);
                }
                ";" => lists.clear(),
                _ if self.is_one_of(position, &["FROM"]) => lists.push(depth),
                _ if self.is_one_of(position, AFTER_TABLES) => lists.retain(|list| *list != depth),
                _ => {}
            }
            let in_list = self.word(position.wrapping_sub(1)) == "," && lists.contains(&depth);
            if (in_list || self.is_table_place(position))
                && let Some(chain) = self.chain(position)
            {
                self.source(&chain);
                position = chain.end;
                continue;
            }
            position += 1;
        }
    }

    /// Common table expressions: `name AS (` and `name (columns) AS (` after `WITH` or a comma.
    fn find_local(&mut self) {
        if !(0..self.tokens.len()).any(|position| self.is_one_of(position, &["WITH"])) {
            return;
        }
        for position in 1..self.tokens.len() {
            let opens = self.is_one_of(position - 1, &["WITH", "RECURSIVE"])
                || self.word(position - 1) == ",";
            let mut next = position + 1;
            if self.word(next) == "(" {
                while next < self.tokens.len() && self.word(next) != ")" {
                    next += 1;
                }
                next += 1;
            }
            let defined = self.is_one_of(next, &["AS"]) && self.word(next + 1) == "(";
            if opens && defined && self.is_name(position) {
                self.local.insert(self.name(position).to_lowercase());
            }
        }
    }

    /// Whether a name at the position is a table because of the word before it.
    fn is_table_place(&self, position: usize) -> bool {
        let mut before = position;
        while before > 0 && self.word(before - 1) == "(" {
            before -= 1;
        }
        if before == 0 {
            return false;
        }
        let before = before - 1;
        let trigger_head = self.setting.trigger.is_some()
            && self.is_one_of(before, &["ON"])
            && !(0..before).any(|earlier| self.is_one_of(earlier, &["ON"]));
        // UPDATE in `ON UPDATE CASCADE` or `FOR UPDATE` and FROM in `IS DISTINCT FROM` are
        // followed by no table of the catalog.
        self.is_one_of(before, BEFORE_TABLES) || trigger_head
    }

    /// Takes note of a table in a place for tables, and of its alias.
    fn source(&mut self, chain: &Chain) {
        let table = match chain.parts[..] {
            [name] if self.local.contains(&self.name(name).to_lowercase()) => None,
            [name] => self.table(self.setting.home, &self.name(name)),
            [schema, name] => self.table(&self.name(schema), &self.name(name)),
            _ => return,
        };
        let own_name = self.name(chain.parts[chain.parts.len() - 1]);
        let after = match self.is_one_of(chain.end, &["AS"]) {
            true => chain.end + 1,
            false => chain.end,
        };
        let is_alias = self.is_name(after)
            && !self.is_one_of(after, NO_ALIASES)
            && !self.is_one_of(after, AFTER_TABLES)
            && self.word(after + 1) != ".";
        let called = if is_alias { self.name(after) } else { own_name };
        if let Some(table) = &table {
            self.mentions.tables.insert(table.clone());
            self.replace_table(chain, table);
        }
        let called = called.to_lowercase();
        let own_name = !is_alias;
        let found = table.map(|table| Called { table, own_name });
        let known = self.aliases.entry(called).or_insert_with(|| found.clone());
        if *known != found {
            *known = None;
        }
    }
}
