use super::*;

/// A server of this version with nothing else known about it.
pub(crate) fn server(flavour: Flavour, version: Version) -> Server {
    Server {
        flavour,
        hosting: Hosting::Plain,
        version,
        variables: BTreeMap::new(),
        collations: BTreeMap::new(),
        default_collations: BTreeMap::new(),
        engines: BTreeSet::from(["innodb".into()]),
        account: "u@%".into(),
        privileges: Privileges::default(),
        accounts: None,
    }
}

/// A server that has these collations.
pub(crate) fn server_with(flavour: Flavour, version: Version, collations: &[&str]) -> Server {
    let mut server = server(flavour, version);
    for name in collations {
        let charset = name.split('_').next().unwrap_or(name);
        server.collations.insert((*name).into(), charset.into());
    }
    server
}

fn variables(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).into(), (*value).into()))
        .collect()
}

#[test]
fn versions_are_read_and_judged() {
    let check = |flavour, text: &str, expected: Option<Version>| {
        let version = identify_version(flavour, &variables(&[("version", text)]));
        if let Err(error) = &version {
            assert_eq!(error.code(), Code::ServerUnsupported, "{text}");
        }
        assert_eq!(version.ok(), expected, "{text}");
    };
    use Flavour::{MariaDb, MySql};
    check(MySql, "5.7.44-log", Some(Version(5, 7, 44)));
    check(MySql, "8.0.mysql_aurora.3.04.0", Some(Version(8, 0, 0)));
    check(MySql, "9.7.1", Some(Version(9, 7, 1)));
    check(
        MariaDb,
        "10.11.19-MariaDB-0+deb12u1-log",
        Some(Version(10, 11, 19)),
    );
    check(MySql, "5.6.51", None);
    check(MariaDb, "10.4.34-MariaDB", None);
    check(MySql, "8.0.11-TiDB-v7.5.0", None);
    check(MySql, "nonsense", None);
}

#[test]
fn hosts_are_recognised() {
    let check = |pairs: &[(&str, &str)], expected| {
        assert_eq!(identify_hosting(&variables(pairs)), expected);
    };
    check(
        &[("aurora_version", "3.04.0")],
        Hosting::Aurora("3.04.0".into()),
    );
    check(&[("basedir", "/rdsdbbin/mysql-8.0.35.R2/")], Hosting::Rds);
    check(
        &[("version_comment", "Percona Server (GPL)")],
        Hosting::Percona,
    );
    check(&[("basedir", "/usr")], Hosting::Plain);
}

#[test]
fn features_follow_the_version() {
    let mysql = |version| server(Flavour::MySql, version);
    let mariadb = |version| server(Flavour::MariaDb, version);
    assert!(!mysql(Version(5, 7, 44)).has_checks());
    assert!(mysql(Version(8, 0, 16)).has_checks());
    assert!(!mariadb(Version(10, 5, 9)).has_descending_keys());
    assert!(mariadb(Version(10, 11, 0)).has_descending_keys());
    assert_eq!(mariadb(Version(10, 5, 9)).invisible_key_word(), None);
    assert_eq!(
        mysql(Version(9, 1, 0)).invisible_key_word(),
        Some("INVISIBLE")
    );
    assert!(mariadb(Version(12, 0, 1)).untested());
    assert!(!mariadb(Version(11, 8, 1)).untested());
}

#[test]
fn identities_of_two_mariadb_servers_on_one_host_differ() {
    let of = |port: &str| {
        let mut server = server(Flavour::MariaDb, Version(10, 11, 0));
        server.variables = variables(&[("hostname", "h"), ("port", port)]);
        server.identity()
    };
    assert_ne!(of("3306"), of("3307"));
}
