CREATE TABLE main.dbferry_control_segments (
    task TEXT NOT NULL,
    schema_name TEXT NOT NULL,
    table_name TEXT NOT NULL,
    segment INTEGER NOT NULL,
    key_range TEXT NOT NULL,
    partition TEXT,
    reached TEXT,
    done INTEGER NOT NULL,
    row_count INTEGER NOT NULL,
    byte_count INTEGER NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (task, schema_name, table_name, segment)
) WITHOUT ROWID;
CREATE TABLE main.dbferry_control_journal (mode TEXT NOT NULL);
