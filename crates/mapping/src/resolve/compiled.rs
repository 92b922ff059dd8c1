//! Rules with their patterns compiled, and a tally of what each one hit.

use std::cell::{Cell, RefCell};

use dbferry_core::catalog::{Column, Table};
use dbferry_core::{NameCase, TableName};

use crate::pattern::Pattern;
use crate::rules::{Action, Locator, Rule, RuleBody, RuleTarget, Selection, SelectionAction};

/// Names that a finding lists at most.
pub(super) const EXAMPLES_MAX: usize = 5;

/// A rule that is ready to be matched.
pub(super) struct Compiled<'a> {
    pub(super) rule: &'a Rule,
    schema: Matcher,
    table: Matcher,
    column: Option<Matcher>,
    /// How many objects it hit.
    pub(super) hits: Cell<usize>,
    /// Objects that it hit only because `_` is a wildcard.
    pub(super) surprises: RefCell<Vec<String>>,
    /// The rule that went first where this one would have applied, and an object.
    pub(super) shadowed: RefCell<Option<(u64, String)>>,
}

impl<'a> Compiled<'a> {
    pub(super) fn new(rule: &'a Rule, case: NameCase, column_case: NameCase) -> Self {
        let everything = Locator::new("%", "%");
        let locator = rule.locator().unwrap_or(&everything);
        let exact = rule.names_are_exact();
        Self {
            rule,
            schema: Matcher::new(&locator.schema, case, exact),
            table: Matcher::new(&locator.table, case, exact),
            column: locator
                .column
                .as_ref()
                .map(|c| Matcher::new(c, column_case, false)),
            hits: Cell::new(0),
            surprises: RefCell::default(),
            shadowed: RefCell::default(),
        }
    }

    /// How messages call the rule.
    pub(super) fn title(&self) -> String {
        format!("rule {} {:?}", self.rule.id, self.rule.name)
    }

    /// The selection, if the rule is one.
    pub(super) fn selection(&self) -> Option<&'a Selection> {
        match &self.rule.body {
            RuleBody::Selection(selection) => Some(selection),
            _ => None,
        }
    }

    /// The action on objects of this kind, if the rule is a transformation of them.
    pub(super) fn action(&self, target: RuleTarget) -> Option<&'a Action> {
        match &self.rule.body {
            RuleBody::Transformation(transformation) if transformation.target == target => {
                Some(&transformation.action)
            }
            _ => None,
        }
    }

    /// Whether the locator names the table.
    pub(super) fn fits_table(&self, name: &TableName) -> bool {
        self.schema.fits(&name.schema) && self.table.fits(&name.name)
    }

    /// Whether the locator is about a whole schema.
    pub(super) fn fits_schema(&self, schema: &str) -> bool {
        self.schema.fits(schema) && self.table.pattern.is_everything()
    }

    /// Whether the locator names the schema, whatever tables it is about.
    pub(super) fn fits_part_of_schema(&self, schema: &str) -> bool {
        self.schema.fits(schema)
    }

    /// Whether the locator, which names the table, names the column.
    pub(super) fn fits_column(&self, column: &Column) -> bool {
        let of_type = self.rule.locator().and_then(|locator| locator.data_type);
        self.fits_column_name(&column.name)
            && of_type.is_none_or(|dms_type| dms_type.describes(&column.data_type))
    }

    pub(super) fn fits_column_name(&self, name: &str) -> bool {
        self.column.as_ref().is_none_or(|column| column.fits(name))
    }

    /// Whether the rule names one table exactly.
    pub(super) fn is_exact(&self) -> bool {
        self.schema.is_exact() && self.table.is_exact()
    }

    /// Whether the rule names one column without wildcards.
    pub(super) fn names_one_column(&self) -> bool {
        self.column.as_ref().is_some_and(Matcher::is_exact)
    }

    /// Takes note that the rule applied to a table.
    pub(super) fn hit_table(&self, name: &TableName) {
        self.hits.set(self.hits.get() + 1);
        if !(self.schema.means(&name.schema) && self.table.means(&name.name)) {
            self.surprise(name.to_string());
        }
    }

    /// Takes note that the rule applied to a schema.
    pub(super) fn hit_schema(&self) {
        self.hits.set(self.hits.get() + 1);
    }

    /// Takes note that the rule applied to a column.
    pub(super) fn hit_column(&self, table: &Table, column: &str) {
        self.hits.set(self.hits.get() + 1);
        let meant = self.schema.means(&table.name.schema)
            && self.table.means(&table.name.name)
            && self
                .column
                .as_ref()
                .is_none_or(|pattern| pattern.means(column));
        if !meant {
            self.surprise(format!("{}.{column}", table.name));
        }
    }

    /// Takes note that another rule went first.
    pub(super) fn shadowed_by(&self, winner: u64, object: String) {
        self.shadowed.borrow_mut().get_or_insert((winner, object));
    }

    fn surprise(&self, name: String) {
        let mut surprises = self.surprises.borrow_mut();
        if surprises.len() < EXAMPLES_MAX {
            surprises.push(name);
        }
    }

    /// The patterns of schema and table.
    pub(super) fn patterns(&self) -> (&Pattern, &Pattern) {
        (&self.schema.pattern, &self.table.pattern)
    }
}

impl Rule {
    /// The objects that the rule is about; rules without effect here have none.
    pub(crate) fn locator(&self) -> Option<&Locator> {
        match &self.body {
            RuleBody::Selection(rule) => Some(&rule.locator),
            RuleBody::Transformation(rule) => Some(&rule.locator),
            RuleBody::TableSettings(rule) => Some(&rule.locator),
            RuleBody::Validation(rule) => Some(&rule.locator),
            RuleBody::ObjectMapping | RuleBody::PostProcessing => None,
        }
    }

    /// Whether the rule must name one table exactly, so that `_` is no wildcard in it.
    fn names_are_exact(&self) -> bool {
        match &self.body {
            RuleBody::Selection(rule) => {
                rule.action == SelectionAction::Explicit || !rule.filters.is_empty()
            }
            RuleBody::Transformation(rule) => matches!(rule.action, Action::DefineKey(_)),
            RuleBody::TableSettings(_) => true,
            _ => false,
        }
    }
}

/// A pattern, and what its writer may have meant by `_`.
struct Matcher {
    pattern: Pattern,
    /// The pattern with `_` standing for itself, where it has one that is a wildcard.
    meant: Option<Pattern>,
    exact: bool,
}

impl Matcher {
    fn new(text: &str, case: NameCase, exact: bool) -> Self {
        if exact {
            return Self {
                pattern: Pattern::exact(text, case),
                meant: None,
                exact,
            };
        }
        let pattern = Pattern::new(text, case);
        let meant = pattern
            .has_bare_underscore()
            .then(|| Pattern::with_literal_underscore(text, case));
        let exact = !crate::pattern::has_wildcard(text);
        Self {
            pattern,
            meant,
            exact,
        }
    }

    fn fits(&self, name: &str) -> bool {
        self.pattern.matches(name)
    }

    /// Whether a name that fits would still fit if `_` stood for itself.
    fn means(&self, name: &str) -> bool {
        self.meant.as_ref().is_none_or(|meant| meant.matches(name))
    }

    fn is_exact(&self) -> bool {
        self.exact
    }
}
