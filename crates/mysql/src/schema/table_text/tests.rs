use dbferry_core::catalog::{ColumnDefault, KeyKind, KeyPartOf, ReferenceAction};
use dbferry_core::{Code, DataType};
use proptest::prelude::*;

use super::*;
use crate::server::tests::server_with;
use crate::server::{Flavour, Version};

const COLLATIONS: &[&str] = &["utf8mb4_unicode_ci", "latin1_swedish_ci", "ascii_bin"];

fn mysql() -> Server {
    server_with(Flavour::MySql, Version(9, 0, 0), COLLATIONS)
}

fn mariadb() -> Server {
    server_with(Flavour::MariaDb, Version(10, 11, 0), COLLATIONS)
}

fn read(text: &str, server: &Server) -> Table {
    parse(&TableName::new("s", "t"), text, server).unwrap()
}

#[test]
fn a_table_of_mysql_is_understood() {
    let table = read(
        "CREATE TABLE `t` (\n  `id` bigint unsigned NOT NULL AUTO_INCREMENT COMMENT 'it''s, \\\\',\n  \
         `name` varchar(100) COLLATE utf8mb4_unicode_ci NOT NULL DEFAULT 'no''body',\n  \
         `n` int(8) unsigned zerofill NOT NULL DEFAULT '00000042',\n  \
         `twice` int GENERATED ALWAYS AS ((`n` * 2)) STORED,\n  \
         `at` datetime(3) DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),\n  \
         `u` varchar(36) DEFAULT (uuid()),\n  `b` bit(5) DEFAULT b'10101',\n  \
         `x` binary(2) DEFAULT 0xFF00,\n  \
         `p` point NOT NULL /*!80003 SRID 4326 */,\n  `h` int DEFAULT '7' /*!80023 INVISIBLE */,\n  \
         PRIMARY KEY (`id`),\n  UNIQUE KEY `sum` (((`n` + 1))),\n  \
         KEY `k` (`name`(10) DESC,`id`) /*!80000 INVISIBLE */,\n  SPATIAL KEY `p` (`p`),\n  \
         FULLTEXT KEY `f` (`name`) /*!50100 WITH PARSER `ngram` */ ,\n  \
         CONSTRAINT `fk` FOREIGN KEY (`n`) REFERENCES `o`.`u` (`a`) ON DELETE SET NULL,\n  \
         CONSTRAINT `c` CHECK (((`n` > 0) and (`name` <> _utf8mb4'a\\')'))) /*!80016 NOT ENFORCED */\n\
         ) ENGINE=InnoDB AUTO_INCREMENT=1002 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci \
         ROW_FORMAT=DYNAMIC COMMENT='it''s'\n\
         /*!50100 PARTITION BY RANGE (`id`)\n(PARTITION `p 0` VALUES LESS THAN (10) ENGINE = InnoDB,\n \
         PARTITION p1 VALUES LESS THAN MAXVALUE COMMENT = 'PARTITION x' ENGINE = InnoDB) */",
        &mysql(),
    );
    let column = |name: &str| table.column(name).unwrap();
    assert_eq!(column("id").comment, "it's, \\");
    assert!(column("id").auto_increment && !column("id").nullable);
    assert_eq!(column("name").charset.as_deref(), Some("utf8mb4"));
    let literal = |text: &str| Some(ColumnDefault::Literal(Some(text.into())));
    assert_eq!(column("name").default, literal("no'body"));
    assert_eq!(column("n").default, literal("42"));
    assert_eq!(column("n").declared, "int(8) unsigned zerofill");
    assert_eq!(
        column("twice").generated.as_ref().unwrap().expression,
        "`n` * 2"
    );
    assert_eq!(
        column("at").default,
        Some(ColumnDefault::CurrentTimestamp(3))
    );
    assert_eq!(
        column("at").on_update.as_deref(),
        Some("CURRENT_TIMESTAMP(3)")
    );
    let expression = |text: &str| Some(ColumnDefault::Expression(text.into()));
    assert_eq!(column("u").default, expression("uuid()"));
    assert_eq!(column("b").default, expression("b'10101'"));
    assert_eq!(column("x").default, expression("0xFF00"));
    assert!(matches!(
        column("p").data_type,
        DataType::Geometry {
            srid: Some(4326),
            ..
        }
    ));
    assert!(column("h").invisible);
    let kinds: Vec<KeyKind> = table.keys.iter().map(|key| key.kind).collect();
    use KeyKind::{FullText, Plain, Primary, Spatial, Unique};
    assert_eq!(kinds, [Primary, Unique, Plain, Spatial, FullText]);
    assert_eq!(
        table.keys[1].parts[0].of,
        KeyPartOf::Expression("`n` + 1".into())
    );
    assert_eq!(
        (
            table.keys[2].parts[0].prefix,
            table.keys[2].parts[0].descending
        ),
        (Some(10), true)
    );
    assert!(!table.keys[2].visible);
    assert_eq!(table.keys[4].options, ["WITH PARSER `ngram`"]);
    let foreign = &table.foreign_keys[0];
    assert_eq!(foreign.referenced, TableName::new("o", "u"));
    assert_eq!(foreign.on_delete, ReferenceAction::SetNull);
    assert_eq!(foreign.on_update, ReferenceAction::NoAction);
    assert_eq!(
        table.checks[0].expression,
        "(`n` > 0) and (`name` <> _utf8mb4'a\\')')"
    );
    assert!(!table.checks[0].enforced);
    assert_eq!(
        (table.auto_increment, table.comment.as_str()),
        (Some(1002), "it's")
    );
    assert_eq!(table.option("engine"), Some("InnoDB"));
    assert_eq!(table.partitions, ["p 0", "p1"]);
    assert!(
        table
            .partitioning
            .as_deref()
            .unwrap()
            .ends_with("ENGINE = InnoDB)")
    );
}

#[test]
fn a_table_of_mariadb_is_understood() {
    let table = read(
        "CREATE TABLE `t` (\n  `id` uuid NOT NULL DEFAULT uuid(),\n  \
         `doc` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci DEFAULT NULL \
         CHECK (json_valid(`doc`)),\n  `seq` int(11) DEFAULT nextval(`s`.`numbers`),\n  \
         `sum` int(11) DEFAULT (1 + 2),\n  `neg` float DEFAULT -0.25,\n  \
         `small` text /*M!100301 COMPRESSED*/ DEFAULT NULL,\n  \
         `hidden` int(11) INVISIBLE DEFAULT 7,\n  `y` int(11) DEFAULT NULL WITHOUT SYSTEM VERSIONING,\n  \
         `rs` timestamp(6) GENERATED ALWAYS AS ROW START INVISIBLE,\n  \
         `ts` timestamp NULL DEFAULT current_timestamp() ON UPDATE current_timestamp(),\n  \
         PERIOD FOR `valid` (`a`, `b`),\n  \
         PRIMARY KEY (`id`),\n  KEY `i` (`seq`) IGNORED,\n  \
         UNIQUE KEY `once` (`id`,`valid` WITHOUT OVERLAPS),\n  \
         CONSTRAINT `fk` FOREIGN KEY (`seq`) REFERENCES `u` (`a`)\n\
         ) ENGINE=InnoDB DEFAULT CHARSET=latin1 COLLATE=latin1_swedish_ci `PAGE_COMPRESSED`='1' \
         WITH SYSTEM VERSIONING\n PARTITION BY KEY (`id`)\nPARTITIONS 3",
        &mariadb(),
    );
    let column = |name: &str| table.column(name).unwrap();
    let expression = |text: &str| Some(ColumnDefault::Expression(text.into()));
    assert_eq!(column("id").default, expression("uuid()"));
    assert_eq!(column("doc").data_type, DataType::Json);
    assert_eq!(column("doc").default, None);
    assert_eq!(column("seq").default, expression("nextval(`numbers`)"));
    assert_eq!(column("sum").default, expression("1 + 2"));
    assert_eq!(
        column("neg").default,
        Some(ColumnDefault::Literal(Some("-0.25".into())))
    );
    assert_eq!(column("small").attributes, ["COMPRESSED"]);
    assert!(column("hidden").invisible);
    assert_eq!(column("y").attributes, ["WITHOUT SYSTEM VERSIONING"]);
    assert_eq!(column("rs").attributes, ["GENERATED ALWAYS AS ROW START"]);
    assert_eq!(column("ts").on_update.as_deref(), Some("CURRENT_TIMESTAMP"));
    assert_eq!(table.checks[0].column.as_deref(), Some("doc"));
    assert!(!table.keys[1].visible);
    assert_eq!(table.keys[2].options, ["`valid` WITHOUT OVERLAPS"]);
    assert_eq!(table.foreign_keys[0].on_delete, ReferenceAction::Restrict);
    assert_eq!(table.option("PERIOD"), Some("`valid` (`a`, `b`)"));
    assert_eq!(table.option("PAGE_COMPRESSED"), Some("'1'"));
    assert!(table.option(SYSTEM_VERSIONING).is_some());
    assert_eq!(table.partitions, ["p0", "p1", "p2"]);
}

#[test]
fn names_of_every_kind_come_through() {
    let text = "CREATE TABLE `we``ird` (`a``b` int NOT NULL, `PRIMARY` int, `new\nline` int, \
        PRIMARY KEY (`a``b`), KEY `k``),` (`PRIMARY`)) ENGINE=InnoDB";
    let table = read(text, &mysql());
    assert!(table.column("a`b").is_some() && table.column("new\nline").is_some());
    assert_eq!(table.keys[1].name, "k`),");
}

#[test]
fn bytes_that_are_no_text_become_a_hexadecimal_default() {
    let text =
        super::super::text::decode(b"CREATE TABLE `t` (`a` binary(2) DEFAULT '\xff\\0') ENGINE=x");
    let table = read(&text, &mariadb());
    assert_eq!(
        table.columns[0].default,
        Some(ColumnDefault::Expression("0xFF00".into()))
    );
    let text = super::super::text::decode(b"CREATE TABLE `t` (`a` int COMMENT '\xff') ENGINE=x");
    let error = parse(&TableName::new("s", "t"), &text, &mariadb()).unwrap_err();
    assert_eq!(error.code(), Code::DefinitionUnreadable);
}

proptest! {
    #[test]
    fn cut_definitions_are_refused_without_a_panic(length in 0..170_usize) {
        let text = "CREATE TABLE `t` (`id` int NOT NULL DEFAULT (1 + (2)), PRIMARY KEY (`id`(3) DESC) \
            USING BTREE, CONSTRAINT `c` CHECK ((`id` > 0)), FOREIGN KEY (`id`) REFERENCES `u` (`a`)) ";
        let Some(text) = text.get(..length) else { return Ok(()) };
        let result = parse(&TableName::new("s", "t"), text, &mysql());
        prop_assert!(result.is_err(), "{}", text);
    }

    #[test]
    fn no_text_panics(text in ".*") {
        let _ = parse(&TableName::new("s", "t"), &text, &mariadb());
        let _ = parse(&TableName::new("s", "t"), &format!("CREATE TABLE `t` ({text}"), &mysql());
    }
}
