//! Findings as they are printed: the gravest first, and equal ones together.
//!
//! A remark that holds for two thousand tables is one remark with two thousand objects.

use dbferry_core::{Finding, Severity};

use super::{harmless, style};
use crate::size::count;

/// Objects of one remark that are named; the rest is counted.
const OBJECTS_NAMED: usize = 5;

/// Findings that say the same of several objects.
struct Remark<'a> {
    finding: &'a Finding,
    objects: Vec<&'a str>,
}

/// The lines of findings for people, each with what changes it; empty when there are none.
pub(crate) fn lines(findings: &[Finding]) -> Vec<String> {
    let mut remarks = remarks(findings);
    remarks.sort_by_key(|remark| std::cmp::Reverse(remark.finding.severity));
    remarks.iter().flat_map(Remark::lines).collect()
}

/// How many findings there are of each severity, in words; `None` when there are none.
pub(crate) fn summary(findings: &[Finding]) -> Option<String> {
    let number = |severity| {
        u64::try_from(
            findings
                .iter()
                .filter(|finding| finding.severity == severity)
                .count(),
        )
        .unwrap_or(u64::MAX)
    };
    let parts: Vec<_> = [
        (number(Severity::Error), "error"),
        (number(Severity::Warning), "warning"),
        (number(Severity::Info), "remark"),
    ]
    .into_iter()
    .filter(|(number, _)| *number > 0)
    .map(|(number, noun)| crate::size::counted(number, noun))
    .collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn remarks(findings: &[Finding]) -> Vec<Remark<'_>> {
    let mut remarks: Vec<Remark<'_>> = Vec::new();
    for finding in findings {
        let same = remarks.iter_mut().find(|remark| {
            let other = remark.finding;
            (&other.id, other.severity, &other.message, &other.fix)
                == (
                    &finding.id,
                    finding.severity,
                    &finding.message,
                    &finding.fix,
                )
        });
        match same {
            Some(remark) => remark.objects.extend(finding.object.as_deref()),
            None => remarks.push(Remark {
                finding,
                objects: finding.object.iter().map(String::as_str).collect(),
            }),
        }
    }
    remarks
}

impl Remark<'_> {
    fn lines(&self) -> Vec<String> {
        let (word, style) = match self.finding.severity {
            Severity::Error => ("error", style().red().bold()),
            Severity::Warning => ("warning", style().yellow().bold()),
            Severity::Info => ("note", style().cyan()),
        };
        let head = style.apply_to(format!("{word}[{}]", self.finding.id));
        let mut lines = vec![match self.objects.as_slice() {
            [] => format!("{head}: {}", harmless(&self.finding.message)),
            objects => format!(
                "{head} {}: {}",
                named(objects),
                harmless(&self.finding.message)
            ),
        }];
        if let Some(fix) = &self.finding.fix {
            lines.push(format!(
                "  fix: {}",
                harmless(fix).replace('\n', "\n       ")
            ));
        }
        lines
    }
}

fn named(objects: &[&str]) -> String {
    let shown = objects.len().min(OBJECTS_NAMED);
    let mut text = harmless(&objects[..shown].join(", "));
    if shown < objects.len() {
        let rest = u64::try_from(objects.len() - shown).unwrap_or(u64::MAX);
        text.push_str(&format!(" and {} more", count(rest)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_findings_become_one_remark_and_errors_come_first() {
        console::set_colors_enabled_stderr(false);
        let keyless = |table: usize| {
            Finding::new("table-without-key", Severity::Warning, "no key").on(format!("t{table}"))
        };
        let mut findings: Vec<_> = (0..1_234).map(keyless).collect();
        findings.push(
            Finding::new("local-infile-off", Severity::Error, "off")
                .fixed_by("SET GLOBAL local_infile = 1"),
        );
        assert_eq!(
            lines(&findings),
            [
                "error[local-infile-off]: off",
                "  fix: SET GLOBAL local_infile = 1",
                "warning[table-without-key] t0, t1, t2, t3, t4 and 1,229 more: no key",
            ]
        );
        assert_eq!(
            summary(&findings).as_deref(),
            Some("1 error, 1,234 warnings")
        );
        assert_eq!(summary(&[]), None);
    }
}
