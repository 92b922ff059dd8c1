//! Where passwords come from. They are read once, kept for the process, and never stored, shown
//! or logged.
//!
//! A new task looks in this order: the file that was named, the address, the environment
//! variable, a prompt. What served is remembered as a [`PasswordPlace`], and `dbferry resume`
//! asks the same place again; where it does not answer any more, the environment variable and the
//! prompt are asked too.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use dbferry_control::{EndpointSpec, PasswordPlace};
use dbferry_core::{Code, EndpointAddress, Error, Role, Secret};

/// How a password is looked for. The parts are replaceable, for tests.
pub(crate) struct PasswordSources<'a> {
    /// The value of an environment variable.
    pub(crate) variable: &'a dyn Fn(&str) -> Option<String>,
    /// Asks a person, if there is one.
    pub(crate) prompt: &'a dyn Fn(&str) -> Option<Result<String, Error>>,
}

/// A password and the place that it came from.
pub(crate) type Found = (PasswordPlace, Option<Secret>);

/// The environment and the terminal of this process.
pub(crate) fn of_process() -> PasswordSources<'static> {
    PasswordSources {
        variable: &|name| std::env::var(name).ok(),
        prompt: &prompt,
    }
}

impl PasswordSources<'_> {
    /// Finds the password for a new task.
    ///
    /// # Errors
    /// `FileUnavailable`, and `EndpointInvalid` when there is no password and nobody to ask.
    pub(crate) fn find(
        &self,
        address: &EndpointAddress,
        role: Role,
        file: Option<&Path>,
    ) -> Result<Found, Error> {
        if let Some(path) = file {
            let path = std::path::absolute(path).map_err(|error| unreadable(path, error))?;
            let password = from_file(&path)?;
            return Ok((PasswordPlace::File { path }, Some(password)));
        }
        if let Some(password) = &address.password {
            return Ok((PasswordPlace::Address, Some(password.clone())));
        }
        self.ask(address, role)
    }

    /// Finds the password of a task that ran before; a file that is named now replaces the place
    /// where it was then.
    ///
    /// # Errors
    /// As [`PasswordSources::find`].
    pub(crate) fn find_again(
        &self,
        endpoint: &EndpointSpec,
        role: Role,
        file: Option<&Path>,
    ) -> Result<Option<Secret>, Error> {
        if let Some(path) = file {
            return from_file(path).map(Some);
        }
        match &endpoint.password {
            PasswordPlace::Nowhere => return Ok(None),
            PasswordPlace::File { path } => return from_file(path).map(Some),
            PasswordPlace::Environment { variable } => {
                if let Some(password) = (self.variable)(variable) {
                    return Ok(Some(Secret::new(password)));
                }
            }
            PasswordPlace::Address | PasswordPlace::Prompt => {}
        }
        self.ask(&endpoint.address, role)
            .map(|(_, password)| password)
    }

    fn ask(&self, address: &EndpointAddress, role: Role) -> Result<Found, Error> {
        let variable = variable_of(role);
        if let Some(password) = (self.variable)(variable) {
            let place = PasswordPlace::Environment {
                variable: variable.into(),
            };
            return Ok((place, Some(Secret::new(password))));
        }
        match (self.prompt)(&format!("Password of the {} {address}: ", name_of(role))) {
            Some(password) => Ok((PasswordPlace::Prompt, Some(Secret::new(password?)))),
            None => Err(no_password(address, role)),
        }
    }
}

/// The environment variable that holds the password of a role.
pub(crate) const fn variable_of(role: Role) -> &'static str {
    match role {
        Role::Source => "DBFERRY_SOURCE_PASSWORD",
        Role::Target => "DBFERRY_TARGET_PASSWORD",
    }
}

/// The word for a role.
pub(crate) const fn name_of(role: Role) -> &'static str {
    match role {
        Role::Source => "source",
        Role::Target => "target",
    }
}

/// The first line of a file. Only a line break is taken off: spaces may be part of a password.
fn from_file(path: &Path) -> Result<Secret, Error> {
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(path, error))?;
    Ok(Secret::new(text.lines().next().unwrap_or("")))
}

fn unreadable(path: &Path, error: std::io::Error) -> Error {
    Error::definite(Code::FileUnavailable, "the password file cannot be read")
        .with_object(PathBuf::from(path).display())
        .with_source(error)
}

fn no_password(address: &EndpointAddress, role: Role) -> Error {
    let (name, variable) = (name_of(role), variable_of(role));
    Error::definite(
        Code::EndpointInvalid,
        format!("there is no password for the {name}, and no terminal to ask for it"),
    )
    .with_object(address)
    .with_hint(format!(
        "set {variable}, or name a file with --{name}-password-file; an account without a \
         password is written user:@host"
    ))
}

/// Asks at the terminal; `None` when there is none.
fn prompt(question: &str) -> Option<Result<String, Error>> {
    if !std::io::stdin().is_terminal() {
        return None;
    }
    Some(rpassword::prompt_password(question).map_err(|error| {
        Error::definite(
            Code::FileUnavailable,
            "the password cannot be read from the terminal",
        )
        .with_source(error)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nobody(_: &str) -> Option<Result<String, Error>> {
        None
    }

    fn somebody(_: &str) -> Option<Result<String, Error>> {
        Some(Ok("typed".into()))
    }

    fn nothing(_: &str) -> Option<String> {
        None
    }

    fn set(name: &str) -> Option<String> {
        (name == "DBFERRY_SOURCE_PASSWORD").then(|| "from variable".into())
    }

    fn address(text: &str) -> EndpointAddress {
        text.parse().unwrap()
    }

    fn exposed(password: Option<&Secret>) -> Option<&str> {
        password.map(Secret::expose)
    }

    #[test]
    fn the_most_explicit_place_wins() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(&file, " from file \nsecond line").unwrap();
        let sources = PasswordSources {
            variable: &set,
            prompt: &somebody,
        };
        let check = |url: &str, file: Option<&Path>, expected: &str| {
            let (_, password) = sources.find(&address(url), Role::Source, file).unwrap();
            assert_eq!(exposed(password.as_ref()), Some(expected), "{url}");
        };
        check("mysql://a:in%20url@h/", Some(file.path()), " from file ");
        check("mysql://a:in%20url@h/", None, "in url");
        check("mysql://a:@h/", None, "");
        check("mysql://a@h/", None, "from variable");
        let sources = PasswordSources {
            variable: &nothing,
            prompt: &somebody,
        };
        let (place, password) = sources
            .find(&address("mysql://a@h/"), Role::Target, None)
            .unwrap();
        assert_eq!(
            (place, exposed(password.as_ref())),
            (PasswordPlace::Prompt, Some("typed"))
        );
    }

    #[test]
    fn without_a_terminal_the_error_names_every_way() {
        let sources = PasswordSources {
            variable: &nothing,
            prompt: &nobody,
        };
        let error = sources
            .find(&address("mysql://a@h/"), Role::Target, None)
            .unwrap_err();
        assert_eq!(error.code(), Code::EndpointInvalid);
        let hint = error.hint().unwrap();
        assert!(hint.contains("DBFERRY_TARGET_PASSWORD"), "{hint}");
        assert!(hint.contains("--target-password-file"), "{hint}");
    }

    #[test]
    fn a_resumed_task_asks_where_it_asked_before() {
        let sources = PasswordSources {
            variable: &set,
            prompt: &somebody,
        };
        let again = |place| {
            let endpoint = EndpointSpec::new(address("mysql://a@h/"), place);
            sources.find_again(&endpoint, Role::Source, None).unwrap()
        };
        assert_eq!(again(PasswordPlace::Nowhere), None);
        let gone = PasswordPlace::Environment {
            variable: "GONE".into(),
        };
        assert_eq!(exposed(again(gone).as_ref()), Some("from variable"));
        assert_eq!(
            exposed(again(PasswordPlace::Address).as_ref()),
            Some("from variable")
        );
        let missing = PasswordPlace::File {
            path: "/does/not/exist".into(),
        };
        let endpoint = EndpointSpec::new(address("mysql://a@h/"), missing);
        let error = sources
            .find_again(&endpoint, Role::Source, None)
            .unwrap_err();
        assert_eq!(error.code(), Code::FileUnavailable);
    }
}
