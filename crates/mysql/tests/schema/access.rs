//! Accounts, and what a check says of the rights of one.

use dbferry_core::{CatalogScope, Endpoint, ObjectKind, Role, Severity, StoredObject, Target};
use dbferry_mysql::FAMILY;
use dbferry_mysql::endpoint::MySqlEndpoint;
use dbferry_mysql::wire::Connection;

use super::objects::{TWINS, endpoint, target};
use crate::support::{MARIADB_B, MYSQL_B, config, fixtures};

#[tokio::test]
async fn accounts_keep_password_and_grants() {
    for (from, to) in TWINS {
        let database = "dbferry_t_accounts";
        let user = "dbferry_t_ann";
        let source = endpoint(from, "dbferry").await;
        let mut connection = fixtures::fresh_database(source.sessions(), database).await;
        let (target, mut other) = target(to, "dbferry", database).await;
        let drop = format!("DROP USER IF EXISTS {user}@'%'");
        connection.execute(&drop).await.unwrap();
        other.execute(&drop).await.unwrap();
        fixtures::run(
            &mut connection,
            &format!(
                "CREATE TABLE t (a INT);\nCREATE VIEW v AS SELECT 1 AS a;\nCREATE USER {user}@'%' IDENTIFIED BY 'it''s';\n\
                 GRANT PROCESS ON *.* TO {user}@'%';\nGRANT SELECT ON {database}.t TO {user}@'%';\n"
            ),
        )
        .await;
        let scope = CatalogScope {
            schemas: Some(vec![database.into()]),
            accounts: true,
            ..CatalogScope::default()
        };
        let catalog = source.catalog(&scope).await.unwrap();
        let name = format!("{user}@%");
        let halves: Vec<&StoredObject> = catalog
            .objects
            .iter()
            .filter(|object| object.name.name.starts_with(&name))
            .collect();
        let position = |name: &str| {
            catalog
                .objects
                .iter()
                .position(|object| object.name.name == name)
                .unwrap()
        };
        let (create, grants) = (position(&name), position(&format!("{name} (grants)")));
        assert!(
            create < position("v") && position("v") < grants,
            "before its views, and after"
        );
        assert_eq!(halves.len(), 2, "creation, and grants that need the table");
        other.execute("CREATE TABLE t (a INT)").await.unwrap();
        for object in halves.iter().chain(&halves) {
            assert_eq!(object.kind, ObjectKind::Account);
            target.create_object(object).await.unwrap();
        }
        let (first, second) = (MARIADB_B, MYSQL_B);
        let elsewhere = endpoint(if to == first { second } else { first }, "dbferry").await;
        let refused = elsewhere.translate_object(halves[0], FAMILY).findings;
        assert_eq!(refused[0].id, "mysql-account-other-product");
        let mut login = config(to);
        login.connect.user = user.into();
        login.connect.password = dbferry_core::Secret::new("it's");
        let mut account = Connection::connect(&login.connect).await.unwrap();
        account
            .query(&format!("SELECT * FROM {database}.t"))
            .await
            .unwrap();
        assert!(account.query("SELECT * FROM mysql.user").await.is_err());
        connection.execute(&drop).await.unwrap();
        other.execute(&drop).await.unwrap();
        fixtures::drop_database(source.sessions(), database).await;
        fixtures::drop_database(target.sessions(), database).await;
    }
}

#[tokio::test]
async fn a_check_names_what_is_missing_and_what_grants_it() {
    for server in [MARIADB_B, MYSQL_B] {
        let database = "dbferry_t_check";
        let (full, _) = target(server, "dbferry", database).await;
        let scope = CatalogScope {
            schemas: Some(vec![database.into()]),
            ..Default::default()
        };
        let errors = async |endpoint: &MySqlEndpoint, role| -> Vec<(String, String)> {
            let findings = endpoint.check(role, &scope).await.unwrap();
            findings
                .into_iter()
                .filter(|finding| finding.severity == Severity::Error)
                .map(|finding| (finding.id, finding.fix.unwrap_or_default()))
                .collect()
        };
        for role in [Role::Source, Role::Target] {
            assert_eq!(errors(&full, role).await, []);
            let aurora = endpoint(server, "aurora").await;
            assert_eq!(errors(&aurora, role).await, [], "{server} {role:?}");
        }
        let readonly = endpoint(server, "readonly").await;
        let missing = errors(&readonly, Role::Source).await;
        let fix = "GRANT SHOW VIEW ON `dbferry\\_t\\_check`.* TO 'readonly'@'%'";
        assert_eq!(
            missing,
            [("mysql-privilege-missing".to_owned(), fix.to_owned())]
        );
        let missing = errors(&readonly, Role::Target).await;
        assert!(
            missing
                .iter()
                .any(|(_, fix)| fix.contains("INSERT") && fix.contains("`dbferry\\_t\\_check`"))
        );
        // The grants that were named are enough.
        let mut admin = full
            .sessions()
            .open(dbferry_mysql::sessions::Purpose::Define)
            .await
            .unwrap();
        for (_, fix) in &missing {
            admin.execute(fix).await.unwrap();
        }
        let granted = endpoint(server, "readonly").await;
        assert_eq!(errors(&granted, Role::Target).await, []);
        for (_, fix) in &missing {
            let revoke = fix.replace("GRANT", "REVOKE").replace(" TO ", " FROM ");
            admin.execute(&revoke).await.unwrap();
        }
        fixtures::drop_database(full.sessions(), database).await;
    }
}
