use super::*;
use proptest::prelude::*;

fn written(shortcuts: &Shortcuts) -> String {
    let mappings = shortcuts.mappings().unwrap();
    let document: Value = serde_json::from_str(mappings.as_json()).unwrap();
    let rules = document["rules"].as_array().unwrap().iter().map(|rule| {
        let locator = &rule["object-locator"];
        let text = |value: &Value| value.as_str().unwrap_or("").to_owned();
        format!(
            "{} {}.{} {}>{}",
            text(&rule["rule-action"]),
            text(&locator["schema-name"]),
            text(&locator["table-name"]),
            text(&rule["old-value"]),
            text(&rule["value"]),
        )
    });
    rules
        .collect::<Vec<_>>()
        .join("; ")
        .replace(" >;", ";")
        .trim_end_matches(" >")
        .to_owned()
}

fn tables(entries: &[&str]) -> Shortcuts {
    Shortcuts {
        tables: entries.iter().map(|entry| (*entry).to_owned()).collect(),
        ..Shortcuts::default()
    }
}

fn rename(entry: &str) -> Shortcuts {
    Shortcuts {
        rename: vec![entry.to_owned()],
        ..Shortcuts::default()
    }
}

#[test]
fn tables_are_selected_by_name_and_wildcard() {
    let check = |entries: &[&str], expected: &str| {
        assert_eq!(written(&tables(entries)), expected, "{entries:?}");
    };
    check(&[], "include %.%");
    check(&["shop"], "include shop.%");
    check(&["shop.%"], "include shop.%");
    check(&["shop.tmp_*,crm"], "include shop.tmp[_]%; include crm.%");
    check(&["shop.a", "shop.b"], "include shop.a; include shop.b");
    check(&["`a.b`.`c,d``e`"], "include a.b.c,d`e");
    check(&["\"100%\".*"], "include 100[%].%");
}

#[test]
fn a_source_with_one_schema_needs_no_schema() {
    let shortcuts = Shortcuts {
        only_schema: Some("main".into()),
        ..tables(&["users,main.x"])
    };
    assert_eq!(written(&shortcuts), "include main.users; include main.x");
}

#[test]
fn renames_become_rules() {
    let check = |entry: &str, expected: &str| {
        assert_eq!(
            written(&rename(entry)),
            format!("include %.%; {expected}"),
            "{entry}"
        );
    };
    check("shop=store", "rename shop.% >store");
    check("shop.users=people", "rename shop.users >people");
    check(
        "shop.users=app.people",
        "rename shop.users >app; rename shop.users >people",
    );
    check("shop.users=shop.people", "rename shop.users >people");
    check(
        "shop.old_*=shop.new_*",
        "replace-prefix shop.old[_]% old_>new_",
    );
    check("shop.*=v2_*", "add-prefix shop.% >v2_");
}

#[test]
fn what_cannot_be_understood_is_quoted() {
    let check = |shortcuts: &Shortcuts| {
        let error = shortcuts.mappings().unwrap_err();
        assert_eq!(error.code(), Code::MappingInvalid);
        assert!(
            error.to_string().contains("cannot be understood"),
            "{error}"
        );
    };
    check(&tables(&["a.b.c"]));
    check(&tables(&["a,,b"]));
    check(&tables(&[".users"]));
    check(&tables(&["`open"]));
    check(&rename("shop"));
    check(&rename("a=b=c"));
    check(&rename("shop.users="));
    check(&rename("shop=a.b"));
    check(&rename("shop.a*b=c*d"));
}

proptest! {
    #[test]
    fn any_text_is_read_without_a_panic(text in "([a-c.,=*%_`\"]){0,20}") {
        let _ = tables(&[&text]).mappings();
        let _ = rename(&text).mappings();
    }
}
