//! Views, routines and triggers.

use super::*;

fn object<'r>(resolution: &'r Resolution, name: &str) -> &'r dbferry_core::StoredObject {
    resolution
        .objects
        .iter()
        .find(|object| object.name.name == name)
        .unwrap()
}

#[test]
fn objects_follow_their_schema_and_tables() {
    let resolution = resolved(&[
        RENAME_SCHEMA,
        &of_table("client", r#""rule-action": "rename", "value": "customer""#),
        &of_column(
            "client",
            "email",
            r#""rule-action": "rename", "value": "mail""#,
        ),
    ]);
    assert_eq!(resolution.objects.len(), 4);
    let spenders = object(&resolution, "spenders");
    assert_eq!(spenders.name.schema, "store");
    assert_eq!(
        spenders.statements[0],
        "CREATE VIEW `store`.`spenders` AS select `store`.`customer`.`mail` AS `email` from \
         `store`.`customer`"
    );
    assert_eq!(
        object(&resolution, "over").statements[0],
        "CREATE VIEW `store`.`over` AS select `spenders`.`email` AS `email` from \
         `store`.`spenders`"
    );
    let trigger = object(&resolution, "client_bi");
    assert_eq!(trigger.table, Some(TableName::new("store", "customer")));
    assert_eq!(
        trigger.statements[0],
        "CREATE TRIGGER `client_bi` BEFORE INSERT ON `customer` FOR EACH ROW SET NEW.`mail` = \
         lower(NEW.`mail`)"
    );
    let purge = object(&resolution, "purge");
    assert_eq!(
        purge.statements[0],
        "CREATE PROCEDURE `purge`() DELETE FROM `store`.`tmp_load`"
    );
    assert_eq!(
        found(&resolution, "object-text-unsure"),
        Vec::<String>::new()
    );
}

#[test]
fn without_renames_every_text_stays_as_it_is() {
    let resolution = resolved(&[]);
    assert_eq!(resolution.objects, catalog().objects);
    assert_eq!(
        resolution.schema_names,
        [("shop".to_owned(), "shop".to_owned())]
    );
}

#[test]
fn what_needs_a_table_that_stays_behind_stays_behind() {
    let exclude = r#""rule-type": "selection", "rule-action": "exclude",
        "object-locator": {"schema-name": "shop", "table-name": "client"}"#;
    let resolution = resolved(&[exclude]);
    let left: Vec<_> = resolution
        .unselected
        .iter()
        .filter(|left| left.kind.is_some())
        .map(|left| (left.name.name.as_str(), left.reason.clone()))
        .collect();
    assert_eq!(
        left,
        [
            ("spenders", Reason::Needs(shop("client"))),
            ("over", Reason::Needs(shop("spenders"))),
            ("client_bi", Reason::Needs(shop("client"))),
        ]
    );
}

#[test]
fn a_routine_that_mentions_what_stays_behind_goes_along_with_a_word() {
    let exclude = r#""rule-type": "selection", "rule-action": "exclude",
        "object-locator": {"schema-name": "shop", "table-name": "tmp[_]load"}"#;
    let resolution = resolved(&[exclude]);
    assert_eq!(
        object(&resolution, "purge").statements,
        catalog().objects[3].statements
    );
    assert_eq!(
        found(&resolution, "object-needs-more"),
        ["procedure shop.purge: it mentions shop.tmp_load, which is not migrated",]
    );
}

#[test]
fn views_can_be_left_out_by_rules_about_views() {
    let exclude = r#""rule-type": "selection", "rule-action": "exclude",
        "object-locator": {"schema-name": "shop", "table-name": "spen%", "table-type": "view"}"#;
    let resolution = resolved(&[exclude]);
    let names: Vec<_> = resolution
        .objects
        .iter()
        .map(|object| &*object.name.name)
        .collect();
    assert_eq!(names, ["client_bi", "purge"]);
}

#[test]
fn a_view_that_needs_a_removed_column_stays_behind() {
    let rule = of_column("client", "email", r#""rule-action": "remove-column""#);
    let resolution = resolved(&[&rule]);
    let names: Vec<_> = resolution
        .objects
        .iter()
        .map(|object| &*object.name.name)
        .collect();
    assert_eq!(names, ["purge"]);
    let reason = resolution
        .unselected
        .iter()
        .find(|left| left.name.name == "spenders");
    assert_eq!(
        reason.unwrap().reason.to_string(),
        "it needs column \"email\" of shop.client, which is left out"
    );
}

#[test]
fn a_table_never_takes_the_name_of_a_view() {
    let rule = of_table("item", r#""rule-action": "rename", "value": "spenders""#);
    refused(
        &[&rule],
        Code::TargetNameConflict,
        "view shop.spenders would become shop.spenders",
    );
}

#[test]
fn a_trigger_of_a_view_goes_with_it() {
    let mut catalog = catalog();
    let mut trigger = catalog.objects[2].clone();
    trigger.name.name = "spenders_io".to_owned();
    trigger.table = Some(shop("spenders"));
    trigger.statements = vec!["CREATE TRIGGER spenders_io INSTEAD OF INSERT ON spenders".into()];
    catalog.objects.push(trigger);
    let resolution = resolve(&rules(&[]), &catalog, &options()).unwrap();
    assert_eq!(resolution.objects.len(), 5);
    let exclude = r#""rule-type": "selection", "rule-action": "exclude",
        "object-locator": {"schema-name": "shop", "table-name": "spenders", "table-type": "view"}"#;
    let resolution = resolve(&rules(&[exclude]), &catalog, &options()).unwrap();
    assert!(
        resolution
            .objects
            .iter()
            .all(|object| object.name.name != "spenders_io")
    );
}
