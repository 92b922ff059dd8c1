//! Statements from structures. Pure.

use dbferry_core::catalog::{Check, ColumnDefault, ForeignKey, Key, KeyKind, KeyPart, KeyPartOf};
use dbferry_core::{Column, DataType, Table};

use crate::datatypes::{Affinity, affinity};
use crate::dialect::structure::{
    self, AT_COLUMN_DESCENDING, AUTOINCREMENT, SQL, STRICT, WITHOUT_ROWID, is_constraint,
};
use crate::dialect::{definition, quote, quote_list, quote_text, same_name};

/// The statement that creates a table: the source's own where the table is still the same.
pub(crate) fn create_table(table: &Table) -> String {
    match original(table) {
        Some(sql) => sql.to_owned(),
        None => written(table),
    }
}

/// The source's statement, if it still means this table.
fn original(table: &Table) -> Option<&str> {
    let sql = table.option(SQL)?;
    let parsed = definition::table(sql).ok()?;
    let described = structure::table(&parsed, sql);
    let constraints = |table: &Table| -> Vec<Key> {
        table
            .keys
            .iter()
            .filter(|key| is_constraint(key))
            .cloned()
            .collect()
    };
    let same = described.name == table.name
        && described.columns == table.columns
        && constraints(&described) == constraints(table)
        && same_references(&described, table)
        && described.checks == table.checks
        && described.option(STRICT) == table.option(STRICT)
        && described.option(WITHOUT_ROWID) == table.option(WITHOUT_ROWID);
    same.then_some(sql)
}

/// Whether two tables refer to the same, in whatever case a statement spells the names: the
/// catalog spells them as their tables do.
fn same_references(a: &Table, b: &Table) -> bool {
    let lower = |table: &Table| -> Vec<ForeignKey> {
        let mut keys = table.foreign_keys.clone();
        for key in &mut keys {
            key.referenced.name.make_ascii_lowercase();
            for column in &mut key.referenced_columns {
                column.make_ascii_lowercase();
            }
        }
        keys
    };
    lower(a) == lower(b)
}

/// The statement, written from the structure.
fn written(table: &Table) -> String {
    let mut items: Vec<String> = table
        .columns
        .iter()
        .map(|item| column(table, item))
        .collect();
    for key in table.keys.iter().filter(|key| is_constraint(key)) {
        if !stands_at_column(table, key) {
            items.push(key_constraint(key));
        }
    }
    items.extend(table.checks.iter().map(check));
    items.extend(table.foreign_keys.iter().map(foreign_key));
    let options: Vec<&str> = [WITHOUT_ROWID, STRICT]
        .into_iter()
        .filter(|option| table.option(option).is_some())
        .collect();
    let mut sql = format!(
        "CREATE TABLE {} (\n  {}\n)",
        quote(&table.name.name),
        items.join(",\n  ")
    );
    if !options.is_empty() {
        sql.push(' ');
        sql.push_str(&options.join(", "));
    }
    sql
}

/// Whether a primary key is written at its column: `AUTOINCREMENT` and a key that is not the
/// rowid though it looks like it cannot be written otherwise.
fn stands_at_column(table: &Table, key: &Key) -> bool {
    let numbered = key.kind == KeyKind::Primary && structure::rowid_column(table).is_some();
    numbered
        || key
            .options
            .iter()
            .any(|option| option == AT_COLUMN_DESCENDING)
}

fn column(table: &Table, column: &Column) -> String {
    let mut sql = quote(&column.name);
    if !column.declared.is_empty() {
        sql.push(' ');
        sql.push_str(&column.declared);
    }
    let key = table
        .primary_key()
        .filter(|key| stands_at_column(table, key) && contains(key, column));
    if let Some(key) = key {
        sql.push_str(&column_key(column, key));
    }
    if !column.nullable {
        let clause = column
            .attributes
            .iter()
            .find(|attribute| attribute.starts_with("NOT NULL"));
        sql.push(' ');
        sql.push_str(clause.map_or("NOT NULL", String::as_str));
    }
    if let Some(collation) = &column.collation {
        sql.push_str(&format!(" COLLATE {}", quote(collation)));
    }
    if let Some(default) = &column.default {
        let strict = table.option(STRICT).is_some();
        sql.push_str(&format!(
            " DEFAULT {}",
            default_value(column, default, strict)
        ));
    }
    if let Some(generated) = &column.generated {
        let kind = if generated.stored {
            "STORED"
        } else {
            "VIRTUAL"
        };
        sql.push_str(&format!(
            " GENERATED ALWAYS AS ({}) {kind}",
            generated.expression
        ));
    }
    sql
}

fn contains(key: &Key, column: &Column) -> bool {
    structure::column_names(key)
        .iter()
        .any(|name| same_name(name, &column.name))
}

fn column_key(column: &Column, key: &Key) -> String {
    let mut sql = String::new();
    if !key.name.is_empty() {
        sql.push_str(&format!(" CONSTRAINT {}", quote(&key.name)));
    }
    sql.push_str(" PRIMARY KEY");
    if key
        .options
        .iter()
        .any(|option| option == AT_COLUMN_DESCENDING)
    {
        sql.push_str(" DESC");
    }
    sql.push_str(&conflict_clause(key));
    if column
        .attributes
        .iter()
        .any(|attribute| attribute == AUTOINCREMENT)
    {
        sql.push_str(" AUTOINCREMENT");
    }
    sql
}

fn default_value(column: &Column, default: &ColumnDefault, strict: bool) -> String {
    let numeric = affinity(&column.declared, strict) != Affinity::Text;
    match default {
        ColumnDefault::Literal(None) => "NULL".to_owned(),
        ColumnDefault::Literal(Some(text)) => match (&column.data_type, text.as_str()) {
            (DataType::Boolean, "t") => "1".to_owned(),
            (DataType::Boolean, "f") => "0".to_owned(),
            _ if numeric && is_number(text) => text.clone(),
            _ => quote_text(text),
        },
        ColumnDefault::CurrentTimestamp(_) => "CURRENT_TIMESTAMP".to_owned(),
        ColumnDefault::Expression(expression) => format!("({expression})"),
    }
}

/// Whether a text can stand as a number in a statement.
fn is_number(text: &str) -> bool {
    crate::codec::shape::looks_numeric(text.as_bytes())
        && text.bytes().all(|byte| !byte.is_ascii_whitespace())
}

fn key_constraint(key: &Key) -> String {
    let mut sql = String::new();
    if !key.name.is_empty() {
        sql.push_str(&format!("CONSTRAINT {} ", quote(&key.name)));
    }
    let kind = match key.kind {
        KeyKind::Primary => "PRIMARY KEY",
        _ => "UNIQUE",
    };
    format!("{sql}{kind} ({}){}", key_parts(key), conflict_clause(key))
}

fn conflict_clause(key: &Key) -> String {
    key.options
        .iter()
        .find(|option| option.starts_with("ON CONFLICT"))
        .map_or_else(String::new, |clause| format!(" {clause}"))
}

fn key_parts(key: &Key) -> String {
    let parts: Vec<String> = key.parts.iter().map(key_part).collect();
    parts.join(", ")
}

fn key_part(part: &KeyPart) -> String {
    let mut sql = match &part.of {
        KeyPartOf::Column(name) => quote(name),
        KeyPartOf::Expression(expression) => expression.clone(),
    };
    if let Some(collation) = &part.collation {
        sql.push_str(&format!(" COLLATE {}", quote(collation)));
    }
    if part.descending {
        sql.push_str(" DESC");
    }
    sql
}

fn check(check: &Check) -> String {
    format!(
        "CONSTRAINT {} CHECK ({})",
        quote(&check.name),
        check.expression
    )
}

fn foreign_key(key: &ForeignKey) -> String {
    let mut sql = format!(
        "CONSTRAINT {} FOREIGN KEY ({}) REFERENCES {}",
        quote(&key.name),
        quote_list(key.columns.iter().map(String::as_str)),
        quote(&key.referenced.name)
    );
    if !key.referenced_columns.is_empty() {
        let columns = quote_list(key.referenced_columns.iter().map(String::as_str));
        sql.push_str(&format!(" ({columns})"));
    }
    sql.push_str(&format!(
        " ON DELETE {} ON UPDATE {}",
        key.on_delete.as_sql(),
        key.on_update.as_sql()
    ));
    for attribute in &key.attributes {
        sql.push(' ');
        sql.push_str(attribute);
    }
    sql
}

/// The statement that creates an index: the source's own where the index is still the same.
pub(crate) fn create_index(table: &Table, key: &Key) -> String {
    if let Some(sql) = structure::index_sql(key) {
        let same = definition::index(sql).is_ok_and(|parsed| {
            same_name(&parsed.table, &table.name.name)
                && structure::index_key(table, &parsed, sql) == *key
        });
        if same {
            return sql.to_owned();
        }
    }
    let unique = if key.kind == KeyKind::Unique {
        "UNIQUE "
    } else {
        ""
    };
    let mut sql = format!(
        "CREATE {unique}INDEX {} ON {} ({})",
        quote(&key.name),
        quote(&table.name.name),
        key_parts(key)
    );
    if let Some(condition) = &key.condition {
        sql.push_str(&format!(" WHERE {condition}"));
    }
    sql
}

/// The keys that are indexes of their own.
pub(crate) fn indexes(table: &Table) -> impl Iterator<Item = &Key> {
    table
        .keys
        .iter()
        .filter(|key| !is_constraint(key) && matches!(key.kind, KeyKind::Unique | KeyKind::Plain))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::tables;
    use rusqlite::Connection;

    fn read(sql: &str) -> Table {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(sql).unwrap();
        let view = connection.transaction().unwrap();
        tables::read(&view).unwrap().remove(0)
    }

    /// What a table means, whatever its text.
    fn meaning(table: &Table) -> Table {
        let mut table = table.clone();
        table.options.retain(|(name, _)| name != SQL);
        for check in &mut table.checks {
            check.column = None;
        }
        table
    }

    #[test]
    fn a_table_written_anew_means_the_same() {
        let columns = [
            "a INTEGER PRIMARY KEY",
            "a INTEGER CONSTRAINT k PRIMARY KEY ON CONFLICT REPLACE AUTOINCREMENT",
            "a INTEGER PRIMARY KEY DESC, b",
            "a INTEGER, b, PRIMARY KEY (a DESC)",
            "a INTEGER, PRIMARY KEY (a AUTOINCREMENT)",
            "a INTEGER, b, PRIMARY KEY (b COLLATE NOCASE DESC, a) ON CONFLICT FAIL",
            "a TEXT NOT NULL ON CONFLICT IGNORE DEFAULT 'it''s' COLLATE RTRIM UNIQUE",
            "a REAL DEFAULT -1.5e3, b DEFAULT 5, c TEXT DEFAULT 5, d INT DEFAULT '5', \
             e DEFAULT NULL, f DEFAULT CURRENT_DATE, g DEFAULT (1 + 1), h BLOB DEFAULT x'00'",
            "a INT CHECK (a > 0 AND ')' <> '('), b AS (a + 1), c INT AS (a * 2) STORED",
            "a REFERENCES other DEFERRABLE, b, FOREIGN KEY (A, b) REFERENCES other (x, y) \
             ON UPDATE SET DEFAULT MATCH FULL NOT DEFERRABLE INITIALLY IMMEDIATE",
            "\"a\"\"b\" \"odd type\"(1,2), [c d] int, 'e' unsigned big int, `f``g`",
            "a, b, UNIQUE (a) ON CONFLICT ROLLBACK CONSTRAINT u UNIQUE (b, a)",
        ];
        for columns in columns {
            let table = read(&format!("CREATE TABLE \"t \"\" x\" ({columns})"));
            let again = read(&written(&table));
            assert_eq!(meaning(&again), meaning(&table), "{columns}");
            assert!(original(&table).is_some() && original(&again).is_some());
        }
    }

    #[test]
    fn a_change_of_any_clause_gives_up_the_old_text() {
        let table = read("CREATE TABLE t (a INT CHECK (a > 0), b TEXT UNIQUE REFERENCES t (a))");
        let changes: [fn(&mut Table); 5] = [
            |table| table.name.name.push('2'),
            |table| table.columns[0].name.push('2'),
            |table| table.columns[0].nullable = false,
            |table| table.checks.clear(),
            |table| table.foreign_keys.clear(),
        ];
        for change in changes {
            let mut changed = table.clone();
            change(&mut changed);
            assert_eq!(original(&changed), None);
        }
    }
}
