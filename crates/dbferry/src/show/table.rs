//! Tables of text, all in one style: a line under the head, columns kept apart by space.

use comfy_table::{
    Cell, CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, Table, TableStyle, Width,
};

/// No borders: what is pasted into a mail or a ticket stays readable.
const STYLE: TableStyle =
    TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// Text below this width, in columns, is not read any more; a line that breaks is better then.
const LEAST_WIDTH: ColumnConstraint = ColumnConstraint::LowerBoundary(Width::Fixed(12));

/// Makes a table for standard output with these columns.
pub(crate) fn new_table<const COLUMNS: usize>(head: [(&str, CellAlignment); COLUMNS]) -> Table {
    let mut table = Table::new();
    table.load_style(STYLE);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    if !console::colors_enabled() {
        without_colors(&mut table);
    }
    table.set_header(head.map(|(name, alignment)| Cell::new(name).set_alignment(alignment)));
    for (index, (_, alignment)) in head.into_iter().enumerate() {
        if let Some(column) = table.column_mut(index) {
            column.set_cell_alignment(alignment);
            column.set_constraint(match alignment {
                // A number that is broken into lines is another number.
                CellAlignment::Right => ColumnConstraint::ContentWidth,
                CellAlignment::Left | CellAlignment::Center => LEAST_WIDTH,
            });
        }
    }
    table
}

/// Keeps the width of a terminal that shows no colours.
fn without_colors(table: &mut Table) {
    table.force_no_tty();
    if let Some((_, width)) = console::Term::stdout().size_checked() {
        table.set_width(width);
    }
}
