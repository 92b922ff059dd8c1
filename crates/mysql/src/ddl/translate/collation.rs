//! Collations of one product in terms of the other.
//!
//! `docs/mysql-translation.md` has the table for people. A collation decides which texts are
//! equal, so a nearest one that is not the same can make two keys collide that did not on the
//! source; that is found when the rows are loaded, never passed over.

use crate::server::{Flavour, Server};

/// What a target has for a collation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Counterpart {
    /// The same one.
    Same,
    /// The same order under another name.
    Renamed(String),
    /// One that compares and sorts most texts alike.
    Nearest(String),
}

impl Counterpart {
    /// The name on the target.
    pub(super) fn name<'a>(&'a self, original: &'a str) -> &'a str {
        match self {
            Self::Same => original,
            Self::Renamed(name) | Self::Nearest(name) => name,
        }
    }
}

/// Finds the counterpart of a collation; `None` when even its character set is unknown.
pub(super) fn counterpart(collation: &str, server: &Server) -> Option<Counterpart> {
    if server.has_collation(collation) {
        return Some(Counterpart::Same);
    }
    let existing = |name: &str| server.has_collation(name).then(|| name.to_owned());
    if let Some(name) = renamed(collation).as_deref().and_then(existing) {
        return Some(Counterpart::Renamed(name));
    }
    let candidates = match server.flavour {
        Flavour::MariaDb => for_mariadb(collation),
        Flavour::MySql => for_mysql(collation),
    };
    let unpadded = collation.replace("_nopad", "");
    let charset = charset_of(collation);
    let fallback =
        ["unicode_520_ci", "unicode_ci", "general_ci"].map(|end| format!("{charset}_{end}"));
    candidates
        .iter()
        .chain([&unpadded])
        .chain(&fallback)
        .find_map(|name| existing(name))
        .or_else(|| server.default_collation(charset).map(str::to_owned))
        .map(Counterpart::Nearest)
}

/// The character set that a collation's name begins with.
pub(super) fn charset_of(collation: &str) -> &str {
    collation.split('_').next().unwrap_or(collation)
}

/// The other name of `utf8mb3`, which newer servers write out.
pub(super) fn renamed_charset(charset: &str) -> Option<&'static str> {
    match charset {
        "utf8" => Some("utf8mb3"),
        "utf8mb3" => Some("utf8"),
        _ => None,
    }
}

fn renamed(collation: &str) -> Option<String> {
    let (charset, rest) = collation.split_once('_')?;
    if collation == "utf8mb4_0900_bin" {
        return Some("utf8mb4_nopad_bin".into());
    }
    if collation == "utf8mb4_nopad_bin" {
        return Some("utf8mb4_0900_bin".into());
    }
    renamed_charset(charset).map(|other| format!("{other}_{rest}"))
}

/// Languages, as MySQL 8 and MariaDB 10.10 name them in their collations.
const LANGUAGES: &[(&str, &str)] = &[
    ("cs", "czech"),
    ("da", "danish"),
    ("de_pb", "german2"),
    ("eo", "esperanto"),
    ("es", "spanish"),
    ("es_trad", "spanish2"),
    ("et", "estonian"),
    ("hr", "croatian"),
    ("hu", "hungarian"),
    ("is", "icelandic"),
    ("la", "roman"),
    ("lt", "lithuanian"),
    ("lv", "latvian"),
    ("pl", "polish"),
    ("ro", "romanian"),
    ("sk", "slovak"),
    ("sl", "slovenian"),
    ("sv", "swedish"),
    ("tr", "turkish"),
    ("vi", "vietnamese"),
];

/// `utf8mb4_de_pb_0900_as_cs` and the like, best first. Like them, the counterparts do not pad.
fn for_mariadb(collation: &str) -> Vec<String> {
    let Some((head, strength)) = collation.split_once("0900_") else {
        return Vec::new();
    };
    // Kana are told apart by one of MySQL's alone.
    let strength = strength.trim_end_matches("_ks");
    let language = head.trim_start_matches("utf8mb4").trim_matches('_');
    let language = LANGUAGES
        .iter()
        .find(|(mysql, _)| *mysql == language)
        .map(|(_, name)| name);
    let mut names = Vec::new();
    if let Some(language) = language {
        names.push(format!("utf8mb4_uca1400_{language}_nopad_{strength}"));
    }
    names.push(format!("utf8mb4_uca1400_nopad_{strength}"));
    // Before 10.10: what tells case apart has only the binary one, which is stricter.
    names.push(match strength.ends_with("_cs") {
        true => "utf8mb4_nopad_bin".to_owned(),
        false => "utf8mb4_unicode_520_nopad_ci".to_owned(),
    });
    names
}

/// `utf8mb4_uca1400_german2_nopad_as_cs` and the like, best first.
fn for_mysql(collation: &str) -> Vec<String> {
    let Some((_, rest)) = collation.split_once("uca1400_") else {
        // The older families without padding.
        return match collation
            .strip_prefix("utf8mb4_")
            .is_some_and(|rest| rest.contains("nopad"))
        {
            true => vec!["utf8mb4_0900_ai_ci".to_owned()],
            false => Vec::new(),
        };
    };
    let strength = match rest {
        _ if rest.ends_with("as_cs") || rest.ends_with("ai_cs") => "as_cs",
        _ if rest.ends_with("as_ci") => "as_ci",
        _ => "ai_ci",
    };
    let language = LANGUAGES
        .iter()
        .filter(|(_, name)| rest.starts_with(&format!("{name}_")))
        .map(|(mysql, _)| mysql)
        .next();
    // MySQL's collations of languages come as `ai_ci` and `as_cs`.
    let by_language = language.map(|language| {
        let strength = if strength == "as_ci" {
            "as_cs"
        } else {
            strength
        };
        format!("utf8mb4_{language}_0900_{strength}")
    });
    let own: Vec<String> = by_language
        .into_iter()
        .chain([format!("utf8mb4_0900_{strength}")])
        .collect();
    match charset_of(collation) {
        "utf8mb4" => own,
        // Only `utf8mb4` has these on MySQL.
        charset => vec![format!("{charset}_unicode_520_ci")],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::Version;
    use crate::server::tests::server_with;

    #[test]
    fn counterparts_are_found() {
        let mariadb = server_with(
            Flavour::MariaDb,
            Version(10, 11, 0),
            &[
                "utf8mb4_uca1400_nopad_ai_ci",
                "utf8mb4_uca1400_german2_nopad_as_cs",
                "utf8mb4_nopad_bin",
                "utf8mb4_bin",
                "utf8mb3_general_ci",
                "utf8mb4_unicode_ci",
            ],
        );
        let old = server_with(
            Flavour::MariaDb,
            Version(10, 5, 0),
            &[
                "utf8mb4_unicode_520_nopad_ci",
                "utf8mb4_nopad_bin",
                "utf8_general_ci",
            ],
        );
        let mysql = server_with(
            Flavour::MySql,
            Version(9, 0, 0),
            &[
                "utf8mb4_0900_ai_ci",
                "utf8mb4_0900_as_cs",
                "utf8mb4_0900_bin",
                "utf8mb4_sv_0900_as_cs",
                "latin1_swedish_ci",
                "utf8mb4_unicode_ci",
            ],
        );
        let check = |server: &Server, name: &str, expected: Option<Counterpart>| {
            assert_eq!(counterpart(name, server), expected, "{name}");
        };
        let nearest = |name: &str| Some(Counterpart::Nearest(name.into()));
        let renamed = |name: &str| Some(Counterpart::Renamed(name.into()));
        check(&mariadb, "utf8mb4_bin", Some(Counterpart::Same));
        check(
            &mariadb,
            "utf8mb4_0900_ai_ci",
            nearest("utf8mb4_uca1400_nopad_ai_ci"),
        );
        check(
            &mariadb,
            "utf8mb4_de_pb_0900_as_cs",
            nearest("utf8mb4_uca1400_german2_nopad_as_cs"),
        );
        check(
            &mariadb,
            "utf8mb4_ru_0900_ai_ci",
            nearest("utf8mb4_uca1400_nopad_ai_ci"),
        );
        check(&mariadb, "utf8mb4_0900_bin", renamed("utf8mb4_nopad_bin"));
        check(&mariadb, "utf8_general_ci", renamed("utf8mb3_general_ci"));
        check(&old, "utf8mb4_0900_as_cs", nearest("utf8mb4_nopad_bin"));
        check(
            &old,
            "utf8mb4_0900_ai_ci",
            nearest("utf8mb4_unicode_520_nopad_ci"),
        );
        check(&old, "utf8mb3_general_ci", renamed("utf8_general_ci"));
        check(
            &mysql,
            "utf8mb4_uca1400_ai_ci",
            nearest("utf8mb4_0900_ai_ci"),
        );
        check(
            &mysql,
            "utf8mb4_uca1400_swedish_nopad_as_cs",
            nearest("utf8mb4_sv_0900_as_cs"),
        );
        check(&mysql, "utf8mb4_nopad_bin", renamed("utf8mb4_0900_bin"));
        check(
            &mysql,
            "latin1_swedish_nopad_ci",
            nearest("latin1_swedish_ci"),
        );
        check(&mysql, "gb18030_chinese_ci", None);
    }
}
