//! Errors as they are printed: once, at the end, with everything that helps.
//!
//! ```text
//! error[DF1002]: the server refused the user or the password
//!   object: mysql://app@old/
//!   cause:  Access denied for user 'app'@'10.0.0.7'
//!   hint:   look at the password
//! ```

use dbferry_core::ErrorReport;

use super::{harmless, style};

/// The lines of an error for people.
pub(crate) fn lines(error: &ErrorReport) -> String {
    let red = style().red().bold();
    let head = red.apply_to(format!("error[{}]", error.code));
    let mut text = format!("{head}: {}", harmless(&error.message).replace('\n', "\n  "));
    let mut part = |name: &str, content: &str| {
        let name = style().bold().apply_to(format!("{name}:")).to_string();
        let gap = " ".repeat(8_usize.saturating_sub(console::measure_text_width(&name)));
        text.push_str(&format!("\n  {name}{gap}{}", indent(&harmless(content))));
    };
    if let Some(object) = &error.object {
        part("object", object);
    }
    for cause in causes(error) {
        part("cause", cause);
    }
    if let Some(hint) = &error.hint {
        part("hint", hint);
    }
    text
}

/// The causes, without those that only repeat what was said before them.
fn causes(error: &ErrorReport) -> Vec<&str> {
    let mut said = vec![error.message.as_str()];
    for cause in &error.causes {
        let repeats =
            |earlier: &&str| earlier.contains(cause.as_str()) || cause.ends_with(*earlier);
        if !said.iter().any(repeats) {
            said.push(cause);
        }
    }
    said.split_off(1)
}

fn indent(text: &str) -> String {
    text.trim_end().replace('\n', "\n          ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use dbferry_core::{Code, Error};

    #[test]
    fn an_error_shows_code_object_cause_and_hint_once() {
        let error = Error::definite(Code::AccessDenied, "the server refused the password")
            .with_object("mysql://app@old/")
            .with_hint("look at it")
            .with_source(std::io::Error::other("Access denied\u{1b}[0m\nfor user"));
        console::set_colors_enabled_stderr(false);
        assert_eq!(
            lines(&error.report()),
            "error[DF1002]: the server refused the password\n\
             \x20 object: mysql://app@old/\n\
             \x20 cause:  Access denied\u{fffd}[0m\n\
             \x20         for user\n\
             \x20 hint:   look at it"
        );
    }

    #[test]
    fn a_cause_that_says_nothing_new_is_left_out() {
        let error = Error::definite(Code::ServerError, "it broke: no such table")
            .with_source(std::io::Error::other("no such table"));
        console::set_colors_enabled_stderr(false);
        assert_eq!(
            lines(&error.report()),
            "error[DF9001]: it broke: no such table"
        );
    }
}
