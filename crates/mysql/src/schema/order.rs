//! Views behind what they read.
//!
//! The servers refuse a view of something that does not exist. In the text of a view, as the
//! servers print it, a table or view that is read stands after `from`, `join`, `(` or a comma,
//! as a name or as schema and name; columns are always qualified there. A false guess costs
//! nothing but a place in the order.

use std::collections::HashMap;

use dbferry_core::{ObjectName, StoredObject};

use crate::tokens::{Quoting, Token, TokenKind, tokens, unquote_name};

/// Puts views into an order in which they can be created; those that depend on nothing stay in
/// their order.
pub(super) fn views(views: Vec<StoredObject>) -> Vec<StoredObject> {
    let places: HashMap<ObjectName, usize> = views
        .iter()
        .enumerate()
        .map(|(index, view)| (view.name.clone(), index))
        .collect();
    let reads: Vec<Vec<usize>> = views
        .iter()
        .map(|view| {
            references(view)
                .iter()
                .filter_map(|name| places.get(name))
                .copied()
                .collect()
        })
        .collect();
    let mut order = Vec::with_capacity(views.len());
    let mut seen = vec![false; views.len()];
    for index in 0..views.len() {
        visit(index, &reads, &mut seen, &mut order);
    }
    let mut views: Vec<Option<StoredObject>> = views.into_iter().map(Some).collect();
    order
        .into_iter()
        .filter_map(|index| views[index].take())
        .collect()
}

/// Places a view after those that it reads. On an explicit stack: chains of views may be long.
fn visit(start: usize, reads: &[Vec<usize>], seen: &mut [bool], order: &mut Vec<usize>) {
    if std::mem::replace(&mut seen[start], true) {
        return;
    }
    let mut stack = vec![(start, 0)];
    while let Some((index, next)) = stack.pop() {
        match reads[index].get(next) {
            Some(&read) => {
                stack.push((index, next + 1));
                if !std::mem::replace(&mut seen[read], true) {
                    stack.push((read, 0));
                }
            }
            None => order.push(index),
        }
    }
}

/// The tables and views that a view may read.
fn references(view: &StoredObject) -> Vec<ObjectName> {
    let mut found = Vec::new();
    for statement in &view.statements {
        let Ok(tokens) = tokens(statement, Quoting::default()) else {
            continue;
        };
        for (index, token) in tokens.iter().enumerate() {
            if token.kind == TokenKind::Name && index > 0 && is_place(&tokens[index - 1]) {
                found.push(name_at(&tokens[index..], &view.name.schema));
            }
        }
    }
    found
}

fn is_place(before: &Token<'_>) -> bool {
    before.is_symbol('(')
        || before.is_symbol(',')
        || ["from", "join", "straight_join"]
            .iter()
            .any(|word| before.is_word(word))
}

fn name_at(tokens: &[Token<'_>], schema: &str) -> ObjectName {
    match tokens {
        [first, dot, second, ..] if dot.is_symbol('.') && second.kind == TokenKind::Name => {
            ObjectName::new(unquote_name(first.text), unquote_name(second.text))
        }
        [first, ..] => ObjectName::new(schema, unquote_name(first.text)),
        [] => ObjectName::new(schema, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dbferry_core::ObjectKind;

    fn view(name: &str, body: &str) -> StoredObject {
        StoredObject {
            kind: ObjectKind::View,
            name: ObjectName::new("s", name),
            table: None,
            statements: vec![format!("CREATE VIEW `{name}` AS select {body}")],
            definer: None,
            settings: Vec::new(),
            active: false,
        }
    }

    fn order(given: &[(&str, &str)]) -> Vec<String> {
        let given = given.iter().map(|(name, body)| view(name, body)).collect();
        views(given)
            .into_iter()
            .map(|view| view.name.name)
            .collect()
    }

    #[test]
    fn views_come_after_what_they_read() {
        let sorted = order(&[
            (
                "a",
                "`b`.`x` AS `x` from (`t` join `b` on(`b`.`x` = `t`.`x`))",
            ),
            ("b", "1 AS `x` from `s`.`c` `z`"),
            (
                "c",
                "(select 1 from `d` limit 1) AS `a`,`x`.`a` AS `b` from (`u` `x`,`e`)",
            ),
            ("d", "'from `a`' AS `text`"),
            ("e", "1 AS `x`"),
        ]);
        assert_eq!(sorted, ["d", "e", "c", "b", "a"]);
    }

    #[test]
    fn a_false_circle_keeps_every_view() {
        let sorted = order(&[("a", "concat(`b`,`c`) AS `x`"), ("b", "1 AS `x` from `a`")]);
        assert_eq!(sorted.len(), 2);
        assert_eq!(
            order(&[("a", "1 AS `x` from `o`.`b`"), ("b", "1 AS `x`")]),
            ["a", "b"]
        );
    }
}
