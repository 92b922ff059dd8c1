//! Accounts, roles and what they may do.
//!
//! Asked for only on request. An account becomes two objects: one that creates it with its
//! password's hash and what it may do everywhere, which must come before objects that run as it;
//! and one with its grants for single schemas and objects, which must come after them. The
//! servers' own accounts, and the one that dbferry connects with, are left out.

use dbferry_core::{Error, ObjectKind, ObjectName, StoredObject};

use super::statement;
use crate::dialect;
use crate::server::Server;
use crate::sessions::{Borrowed, Purpose, Sessions};
use crate::tokens::{Quoting, TokenKind, tokens};

/// Accounts that every installation has.
const SYSTEM_USERS: &[&str] = &[
    "mysql.sys",
    "mysql.session",
    "mysql.infoschema",
    "mariadb.sys",
    "root",
    "rdsadmin",
    "rds_superuser_role",
    "rdsrepladmin",
    "debian-sys-maint",
    "mysql",
    "PUBLIC",
];

/// What the name of an account's second half has behind that of the first.
const GRANTS: &str = " (grants)";

/// An account's two halves.
#[derive(Debug)]
pub(super) struct Account {
    create: StoredObject,
    grants: Option<StoredObject>,
}

/// Puts the creation of accounts before other objects, and their grants behind them.
pub(super) fn around(objects: Vec<StoredObject>, accounts: Vec<Account>) -> Vec<StoredObject> {
    let (mut first, mut last) = (Vec::new(), Vec::new());
    for account in accounts {
        first.push(account.create);
        last.extend(account.grants);
    }
    first.extend(objects);
    first.extend(last);
    first
}

/// Reads the accounts, roles first.
pub(super) async fn read(sessions: &Sessions) -> Result<Vec<Account>, Error> {
    let mut connection = sessions.borrow(Purpose::Catalog).await?;
    let mut accounts = Vec::new();
    for (name, is_role) in list(&mut connection, sessions.server()).await? {
        let account = read_one(&mut connection, sessions.server(), &name, is_role)
            .await
            .map_err(|error| error.with_object(&name))?;
        accounts.push(account);
    }
    Ok(accounts)
}

/// Names of accounts as `user@host`, of MariaDB's roles as `role`, and whether each is a role.
async fn list(connection: &mut Borrowed, server: &Server) -> Result<Vec<(String, bool)>, Error> {
    let sql = match server.is_mariadb() {
        true => {
            "SELECT user, host, is_role = 'Y' FROM mysql.user ORDER BY is_role DESC, user, host"
        }
        false => {
            "SELECT user, host, account_locked = 'Y' AND authentication_string = '' \
            FROM mysql.user ORDER BY 3 DESC, user, host"
        }
    };
    let set = connection.query(sql).await?;
    let mut names = Vec::new();
    for row in set.rows() {
        let (user, host) = (row.text(0)?, row.text(1)?);
        let is_role = row.u64(2)? == 1;
        let name = match is_role && server.is_mariadb() {
            true => user.to_owned(),
            false => format!("{user}@{host}"),
        };
        if !SYSTEM_USERS.contains(&user) && name != server.account {
            names.push((name, is_role));
        }
    }
    Ok(names)
}

async fn read_one(
    connection: &mut Borrowed,
    server: &Server,
    name: &str,
    is_role: bool,
) -> Result<Account, Error> {
    let quoted = statement::account(name);
    let create = match is_role && server.is_mariadb() {
        true => format!("CREATE ROLE {quoted}"),
        false => {
            let set = connection
                .query(&format!("SHOW CREATE USER {quoted}"))
                .await?;
            set.require_first()?.text(0)?.to_owned()
        }
    };
    let set = connection
        .query(&format!("SHOW GRANTS FOR {quoted}"))
        .await?;
    let (mut statements, mut later) = (vec![create], Vec::new());
    for row in set.rows() {
        let grant = row.text(0)?.to_owned();
        match is_for_everything(&grant)? {
            true => statements.push(without_password(&grant)?),
            false => later.push(grant),
        }
    }
    let object = |name: &str, statements| StoredObject {
        kind: ObjectKind::Account,
        name: ObjectName::new("", name),
        table: None,
        statements,
        definer: None,
        settings: Vec::new(),
        active: false,
    };
    let grants = (!later.is_empty()).then(|| object(&format!("{name}{GRANTS}"), later));
    Ok(Account {
        create: object(name, statements),
        grants,
    })
}

/// Whether a grant is for the whole server, or for membership in a role.
fn is_for_everything(grant: &str) -> Result<bool, Error> {
    let tokens = tokens(grant, Quoting::default())?;
    let on = tokens.iter().position(|token| token.is_word("ON"));
    Ok(on.is_none_or(|on| tokens.get(on + 1).is_some_and(|token| token.is_symbol('*'))))
}

/// Takes `IDENTIFIED BY PASSWORD …` and `REQUIRE …` out of a grant of MariaDB: the statement that
/// creates the account has them.
fn without_password(grant: &str) -> Result<String, Error> {
    let tokens = tokens(grant, Quoting::default())?;
    let is_extra = |word: &str| ["IDENTIFIED", "REQUIRE"].contains(&word.to_uppercase().as_str());
    let from = tokens
        .iter()
        .position(|token| token.kind == TokenKind::Word && is_extra(token.text));
    let Some(from) = from else {
        return Ok(grant.to_owned());
    };
    let with = tokens.iter().skip(from).find(|token| token.is_word("WITH"));
    let rest = with.map_or("", |token| &grant[token.start..]);
    Ok(format!("{}{rest}", &grant[..tokens[from].start])
        .trim_end()
        .to_owned())
}

/// Whether an account is there already.
///
/// # Errors
/// What the connection brings.
pub(crate) async fn exists(connection: &mut Borrowed, name: &str) -> Result<bool, Error> {
    let (user, host) = name.rsplit_once('@').unwrap_or((name, ""));
    let sql = format!(
        "SELECT COUNT(*) FROM mysql.user WHERE user = {} AND host = {}",
        dialect::string(user),
        dialect::string(host)
    );
    let set = connection.query(&sql).await?;
    Ok(set.require_first()?.u64(0)? > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grants_are_told_apart() {
        let check = |grant: &str, everything: bool| {
            assert_eq!(is_for_everything(grant).unwrap(), everything, "{grant}");
        };
        check("GRANT USAGE ON *.* TO `u`@`%`", true);
        check("GRANT `r`@`%` TO `u`@`%`", true);
        check("GRANT SELECT ON `s`.* TO `u`@`%`", false);
        check("GRANT EXECUTE ON PROCEDURE `s`.`p` TO `u`@`%`", false);
        check("GRANT PROXY ON ''@'%' TO 'root'@'localhost'", false);
    }

    #[test]
    fn the_password_stands_only_where_the_account_is_created() {
        let check = |grant: &str, expected: &str| {
            assert_eq!(without_password(grant).unwrap(), expected);
        };
        check(
            "GRANT USAGE ON *.* TO `u`@`%` IDENTIFIED BY PASSWORD '*AB' REQUIRE SSL WITH GRANT OPTION",
            "GRANT USAGE ON *.* TO `u`@`%` WITH GRANT OPTION",
        );
        check(
            "GRANT USAGE ON *.* TO `IDENTIFIED`@`%`",
            "GRANT USAGE ON *.* TO `IDENTIFIED`@`%`",
        );
        check(
            "GRANT USAGE ON *.* TO `u`@`%` IDENTIFIED BY PASSWORD '*AB'",
            "GRANT USAGE ON *.* TO `u`@`%`",
        );
    }
}
