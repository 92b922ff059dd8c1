//! What the account of an endpoint may do, read from its own grants.
//!
//! `SHOW GRANTS` is the one source that every account may read about itself. Privileges of roles
//! that are active in a session count; on MySQL they are asked for with `USING`. What is granted
//! for single tables or columns is left out: a migration needs whole schemas.

use std::collections::BTreeSet;

use dbferry_core::Error;

use crate::tokens::{Quoting, Token, TokenKind, tokens, unquote_name};

/// The privileges of an account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Privileges {
    global: BTreeSet<String>,
    /// A pattern of schema names, as the server stores it, and the privileges for these.
    schemas: Vec<(String, BTreeSet<String>)>,
}

/// In both products, everything that is granted by one word. MySQL 8 prints it as a list.
const ALL: &str = "ALL PRIVILEGES";

impl Privileges {
    /// Reads the lines of `SHOW GRANTS`.
    ///
    /// # Errors
    /// `DefinitionUnreadable` when a line is not closed properly.
    pub fn of_grants<'a>(lines: impl IntoIterator<Item = &'a str>) -> Result<Self, Error> {
        let mut privileges = Self::default();
        for line in lines {
            privileges.add(&tokens(line, Quoting::default())?);
        }
        Ok(privileges)
    }

    fn add(&mut self, tokens: &[Token<'_>]) {
        let Some((first, rest)) = tokens.split_first() else {
            return;
        };
        let on = rest.iter().position(|token| token.is_word("ON"));
        let Some((names, target)) = on
            .filter(|_| first.is_word("GRANT"))
            .map(|on| rest.split_at(on))
        else {
            // The grant of a role, `GRANT role TO user`, or a `REVOKE` of MySQL's partial kind.
            return;
        };
        let names = privilege_names(names);
        match target {
            [_, schema, dot, table, ..] if dot.is_symbol('.') && table.is_symbol('*') => {
                if schema.is_symbol('*') {
                    self.global.extend(names);
                } else if schema.kind == TokenKind::Name {
                    self.schemas.push((unquote_name(schema.text), names));
                }
            }
            _ => {}
        }
    }

    /// Whether a privilege is held for the whole server.
    pub fn has(&self, privilege: &str) -> bool {
        self.global.contains(ALL) || self.global.contains(privilege)
    }

    /// Whether a privilege is held for everything in a schema.
    pub fn has_in(&self, privilege: &str, schema: &str) -> bool {
        self.has(privilege)
            || self.schemas.iter().any(|(pattern, names)| {
                (names.contains(ALL) || names.contains(privilege)) && like(pattern, schema)
            })
    }

    /// Whether one of these is held for the whole server.
    pub fn has_any(&self, privileges: &[&str]) -> bool {
        privileges.iter().any(|privilege| self.has(privilege))
    }
}

/// Splits `SELECT, SHOW VIEW, INSERT (a, b)` at its commas. Privileges for columns are left out.
fn privilege_names(tokens: &[Token<'_>]) -> BTreeSet<String> {
    tokens
        .split(|token| token.is_symbol(','))
        .filter(|words| words.iter().all(|token| token.kind == TokenKind::Word))
        .map(|words| {
            let words: Vec<String> = words
                .iter()
                .map(|token| token.text.to_ascii_uppercase())
                .collect();
            words.join(" ")
        })
        .filter(|name| !name.is_empty())
        .collect()
}

/// Whether a name matches a pattern of `%`, `_` and backslash, as in the database grants.
fn like(pattern: &str, name: &str) -> bool {
    let mut pattern_rest = pattern.chars();
    let mut name_rest = name.chars();
    match pattern_rest.next() {
        None => name.is_empty(),
        Some('%') => name
            .char_indices()
            .map(|(index, _)| index)
            .chain([name.len()])
            .any(|index| like(pattern_rest.as_str(), &name[index..])),
        Some('_') => name_rest.next().is_some() && like(pattern_rest.as_str(), name_rest.as_str()),
        Some('\\') => match pattern_rest.next() {
            Some(literal) => {
                name_rest.next() == Some(literal) && like(pattern_rest.as_str(), name_rest.as_str())
            }
            None => name == "\\",
        },
        Some(literal) => {
            name_rest.next() == Some(literal) && like(pattern_rest.as_str(), name_rest.as_str())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grants_are_read() {
        let privileges = Privileges::of_grants([
            "GRANT SELECT, SHOW VIEW ON *.* TO `u`@`%` IDENTIFIED BY PASSWORD '*AB' WITH GRANT OPTION",
            "GRANT SET_ANY_DEFINER ON *.* TO `u`@`%`",
            "GRANT ALL PRIVILEGES ON `shop\\_%`.* TO `u`@`%`",
            "GRANT INSERT (`a`), UPDATE ON `other`.* TO `u`@`%`",
            "GRANT DELETE ON `one`.`table` TO `u`@`%`",
            "GRANT `role`@`%` TO `u`@`%`",
        ])
        .unwrap();
        assert!(privileges.has("SELECT") && privileges.has("SHOW VIEW"));
        assert!(privileges.has_any(&["SUPER", "SET_ANY_DEFINER"]));
        assert!(!privileges.has("INSERT"));
        assert!(privileges.has_in("INSERT", "shop_eu"));
        assert!(!privileges.has_in("INSERT", "shopseu"));
        assert!(privileges.has_in("UPDATE", "other"));
        assert!(
            !privileges.has_in("INSERT", "other"),
            "a column is not the schema"
        );
        assert!(
            !privileges.has_in("DELETE", "one"),
            "a table is not the schema"
        );
    }

    #[test]
    fn all_means_all() {
        let privileges =
            Privileges::of_grants(["GRANT ALL PRIVILEGES ON *.* TO `root`@`localhost`"]).unwrap();
        assert!(privileges.has("SUPER") && privileges.has_in("TRIGGER", "any"));
    }
}
