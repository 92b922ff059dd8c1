use std::collections::HashSet;

use super::*;

/// `shop` becomes `store`; its `users` become `people`, whose `email` becomes `mail` and whose
/// `ssn` is left out; `orders` keeps its name, `tmp` stays behind; there is a view `v`.
struct Shop {
    users: TableName,
    orders: TableName,
    tmp: TableName,
    people: TableName,
    new_orders: TableName,
}

fn shop() -> Shop {
    Shop {
        users: TableName::new("shop", "users"),
        orders: TableName::new("shop", "orders"),
        tmp: TableName::new("shop", "tmp"),
        people: TableName::new("store", "people"),
        new_orders: TableName::new("store", "orders"),
    }
}

impl NameMap for Shop {
    fn schema(&self, name: &str) -> Option<&str> {
        (name == "shop").then_some("store")
    }

    fn table(&self, schema: &str, name: &str) -> Option<&TableName> {
        [&self.users, &self.orders, &self.tmp]
            .into_iter()
            .find(|table| table.schema == schema && table.name == name)
    }

    fn has_object(&self, schema: &str, name: &str) -> bool {
        (schema, name) == ("shop", "v")
    }

    fn renamed_table(&self, table: &TableName) -> Option<&TableName> {
        match table.name.as_str() {
            "users" => Some(&self.people),
            "orders" => Some(&self.new_orders),
            _ => None,
        }
    }

    fn renamed_column(&self, table: &TableName, column: &str) -> Option<Option<&str>> {
        match (table.name.as_str(), column) {
            ("users", "email") => Some(Some("mail")),
            ("users", "ssn") => Some(None),
            _ => None,
        }
    }

    fn is_changed(&self, word: &str) -> bool {
        ["shop", "users"].contains(&word)
    }

    fn is_changed_column(&self, tables: &HashSet<TableName>, word: &str) -> bool {
        tables
            .iter()
            .any(|table| self.renamed_column(table, word).is_some())
    }
}

fn run(dialect: &Dialect, text: &str, trigger: bool) -> Mentions {
    let names = shop();
    let trigger = trigger.then_some(&names.users);
    let setting = Setting {
        dialect,
        home: "shop",
        trigger,
        grants: false,
    };
    object(text, setting, &names)
}

fn check(text: &str, expected: &str, unsure: &[&str]) {
    let mentions = run(&Dialect::mysql(), text, false);
    assert_eq!(mentions.text, expected);
    assert_eq!(mentions.unsure, unsure, "{text}");
}

#[test]
fn a_view_as_the_server_prints_it_follows_every_name() {
    check(
        "CREATE VIEW `shop`.`v` AS select `shop`.`users`.`email` AS `email`,'users' AS `kind` \
         from (`shop`.`users` join `shop`.`orders` on(`shop`.`users`.`id` = `shop`.`orders`.`u`))",
        "CREATE VIEW `store`.`v` AS select `store`.`people`.`mail` AS `email`,'users' AS `kind` \
         from (`store`.`people` join `store`.`orders` on(`store`.`people`.`id` = `store`.`orders`.`u`))",
        // The literal may be a name that is put into a statement later.
        &["users"],
    );
}

#[test]
fn aliases_are_followed() {
    check(
        "select `u`.`email` AS `email`,`o`.`id` from (`shop`.`users` `u` join `orders` `o`)",
        "select `u`.`mail` AS `email`,`o`.`id` from (`store`.`people` `u` join `orders` `o`)",
        &[],
    );
    check(
        "select users.email from users, orders as o where users.id = o.id",
        "select `people`.`mail` from `people`, orders as o where `people`.id = o.id",
        &[],
    );
}

#[test]
fn an_alias_that_is_the_old_name_stays() {
    check(
        "select `users`.`email` from `shop`.`users` `users`",
        "select `users`.`mail` from `store`.`people` `users`",
        &[],
    );
}

/// Texts as MariaDB 10.11 and MySQL 9.7 print them.
#[test]
fn texts_of_real_servers_are_followed() {
    check(
        "CREATE ALGORITHM=UNDEFINED VIEW `v3` AS with users as (select `orders`.`u` AS `email` \
         from `orders`)select `users`.`email` AS `email` from `users`",
        "CREATE ALGORITHM=UNDEFINED VIEW `v3` AS with users as (select `orders`.`u` AS `email` \
         from `orders`)select `users`.`email` AS `email` from `users`",
        &[],
    );
    check(
        "CREATE VIEW `v7` AS select `d`.`email` AS `email` from ((select `users`.`email` AS \
         `email` from `users`) `d` left join `users` on(`users`.`email` = `d`.`email`))",
        "CREATE VIEW `v7` AS select `d`.`email` AS `email` from ((select `people`.`mail` AS \
         `email` from `people`) `d` left join `people` on(`people`.`mail` = `d`.`email`))",
        &[],
    );
    // An alias that is the old name of another table cannot be told from it everywhere.
    check(
        "CREATE VIEW `v8` AS select 1 AS `1` from `users` where exists(select 1 from `orders` \
         `users` where (`users`.`u` = 1))",
        "CREATE VIEW `v8` AS select 1 AS `1` from `people` where exists(select 1 from `orders` \
         `users` where (`users`.`u` = 1))",
        &["users", "users.u"],
    );
}

#[test]
fn words_of_functions_are_no_tables() {
    check(
        "select trim(leading 'x' from `users`.`email`),extract(year from `shop`.`users`.`email`) \
         from `users`",
        "select trim(leading 'x' from `people`.`mail`),extract(year from `store`.`people`.`mail`) \
         from `people`",
        &[],
    );
}

#[test]
fn an_alias_of_two_tables_is_left_alone() {
    check(
        "select (select u.x from orders u) from shop.users u where `shop`.`email` = 1",
        "select (select u.x from orders u) from `store`.`people` u where `shop`.`email` = 1",
        &["shop.email"],
    );
}

#[test]
fn literals_and_comments_are_never_touched() {
    check(
        "select 1 /* `shop`.`users` */ from dual -- `shop`.`users`\n",
        "select 1 /* `shop`.`users` */ from dual -- `shop`.`users`\n",
        &[],
    );
    check(
        "SET @s = 'delete from shop.x'",
        "SET @s = 'delete from shop.x'",
        &["shop"],
    );
}

#[test]
fn a_common_table_expression_hides_a_table() {
    check(
        "with `users` as (select 1 AS `email`) select `users`.`email` from `users`",
        "with `users` as (select 1 AS `email`) select `users`.`email` from `users`",
        &[],
    );
}

#[test]
fn a_routine_is_followed_where_that_is_certain() {
    check(
        "CREATE PROCEDURE `p`() BEGIN INSERT INTO users (email) VALUES (1); \
         UPDATE `shop`.`orders` SET `u` = 1; CALL shop.v(); END",
        "CREATE PROCEDURE `p`() BEGIN INSERT INTO `people` (email) VALUES (1); \
         UPDATE `store`.`orders` SET `u` = 1; CALL `store`.v(); END",
        &["email"],
    );
}

#[test]
fn a_trigger_follows_its_table_and_rows() {
    let text = "CREATE TRIGGER t BEFORE UPDATE ON users FOR EACH ROW \
                SET NEW.email = lower(OLD.`email`)";
    let mentions = run(&Dialect::mysql(), text, true);
    assert_eq!(
        mentions.text,
        "CREATE TRIGGER t BEFORE UPDATE ON `people` FOR EACH ROW \
         SET NEW.`mail` = lower(OLD.`mail`)"
    );
    assert_eq!(mentions.unsure, Vec::<String>::new());
}

#[test]
fn a_trigger_on_columns_follows_its_table() {
    let text = "CREATE TRIGGER t AFTER UPDATE OF id ON users BEGIN SELECT 1; END";
    let mentions = run(&Dialect::sqlite(), text, true);
    assert_eq!(
        mentions.text,
        "CREATE TRIGGER t AFTER UPDATE OF id ON \"people\" BEGIN SELECT 1; END"
    );
}

#[test]
fn what_is_left_out_is_mentioned() {
    let text = "select `users`.`ssn` AS `ssn` from (`users` join `shop`.`tmp`)";
    let mentions = run(&Dialect::mysql(), text, false);
    assert_eq!(
        mentions.dropped,
        [(TableName::new("shop", "users"), "ssn".to_owned())]
    );
    assert!(mentions.tables.contains(&TableName::new("shop", "tmp")));
    assert_eq!(
        mentions.text,
        "select `people`.`ssn` AS `ssn` from (`people` join `store`.`tmp`)"
    );
}

#[test]
fn grants_follow_schemas() {
    let names = shop();
    let dialect = Dialect::mysql();
    let setting = Setting {
        dialect: &dialect,
        home: "",
        trigger: None,
        grants: true,
    };
    let text = "GRANT SELECT ON `shop`.* TO `shop`@`%`";
    let mentions = object(text, setting, &names);
    assert_eq!(mentions.text, "GRANT SELECT ON `store`.* TO `shop`@`%`");
    let text = "GRANT SELECT ON `shop`.`users` TO `a`@`%`";
    assert_eq!(
        object(text, setting, &names).text,
        "GRANT SELECT ON `store`.`people` TO `a`@`%`"
    );
}

#[test]
fn sqlite_names_are_followed_unquoted() {
    let mentions = run(
        &Dialect::sqlite(),
        "CREATE VIEW x AS SELECT u.email FROM [users] AS u",
        false,
    );
    assert_eq!(
        mentions.text,
        "CREATE VIEW x AS SELECT u.\"mail\" FROM \"people\" AS u"
    );
}

proptest::proptest! {
    #[test]
    fn any_text_is_rewritten_without_a_panic(
        text in "(`shop`|`users`|shop|users|email|NEW|from|with|as|[.,()'`;* ]){0,40}"
    ) {
        run(&Dialect::mysql(), &text, true);
    }
}
