PRAGMA user_version = 7;
CREATE TABLE "Customers" (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    [email] VARCHAR(80) NOT NULL ON CONFLICT FAIL UNIQUE ON CONFLICT REPLACE COLLATE NOCASE,
    `first` TEXT NOT NULL DEFAULT '',
    last TEXT, -- a comment, with a ) and a '
    age INT CHECK (age > 0 AND note <> ')'),
    note TEXT DEFAULT 'x',
    "full name" TEXT GENERATED ALWAYS AS (first || ' ' || [last]) STORED,
    initial AS (substr(first, 1, 1)),
    CONSTRAINT names CHECK (length(first) > 0 -- a comment ) here
    )
    UNIQUE (first, last) ON CONFLICT IGNORE
);
CREATE TABLE orders (
    number TEXT PRIMARY KEY,
    customer INTEGER CONSTRAINT buyer REFERENCES customers (ID)
        ON DELETE CASCADE ON UPDATE SET NULL DEFERRABLE INITIALLY DEFERRED,
    state TEXT COLLATE RTRIM,
    placed DATETIME DEFAULT CURRENT_TIMESTAMP,
    total DECIMAL(10, 2)
);
CREATE INDEX recent ON orders (state, placed DESC) WHERE state <> 'old' -- not those
;
CREATE INDEX by_month ON "orders" (substr(placed, 1, 7), lower(number));
CREATE UNIQUE INDEX by_state ON orders (state COLLATE RTRIM, number);
CREATE TABLE pairs (a INT, b TEXT COLLATE NOCASE, c BLOB, PRIMARY KEY (b DESC, a DESC)) WITHOUT ROWID;
CREATE TABLE strict_things (
    id INT PRIMARY KEY, anything ANY, r REAL, t TEXT, b BLOB
) STRICT, WITHOUT ROWID;
CREATE TABLE descending (id INTEGER PRIMARY KEY DESC, v);
CREATE TABLE no_key (a, b "a type" , c LONG VARCHAR (10, 5));
CREATE TABLE defaults (
    n REAL DEFAULT -1.5, t TEXT DEFAULT 'it''s', word DEFAULT unquoted, empty DEFAULT NULL,
    now TEXT DEFAULT CURRENT_TIMESTAMP, e INT DEFAULT (abs(-1) + (2)), b BLOB DEFAULT x'00ff',
    yes BOOLEAN DEFAULT TRUE, none
);
CREATE TABLE "quotes""and'more" ("sel""ect" INTEGER, 'text' TEXT);
CREATE TABLE "line
break" ("😀" TEXT PRIMARY KEY NOT NULL, "select" INT, rowid TEXT);
CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT);
CREATE VIRTUAL TABLE words USING fts5(body);
CREATE VIEW big AS SELECT * FROM orders WHERE total > 100;
CREATE VIEW bigger AS SELECT * FROM big WHERE total > 1000;
CREATE TRIGGER noted AFTER INSERT ON notes BEGIN INSERT INTO words VALUES (new.body); END;
CREATE TRIGGER through INSTEAD OF INSERT ON big BEGIN SELECT 1; END;

INSERT INTO Customers (id, email, first, last, age) VALUES
    (3, 'a@x', 'Ann', 'Ay', 30), (7, 'b@x', 'Bob', NULL, NULL), (100, 'gone@x', 'C', 'D', 1);
DELETE FROM Customers WHERE id = 100;
INSERT INTO orders VALUES ('n1', 3, 'new', '2024-02-29 10:00:00', 12.5), ('n2', 99, 'old', NULL, 7);
INSERT INTO pairs VALUES (1, 'A', x'00'), (2, 'a', NULL), (1, 'b', 'text');
INSERT INTO strict_things VALUES (1, '5', 1, 't', x''), (2, 5, 2.5, 'u', NULL);
INSERT INTO descending VALUES (1, 'x'), (2, 5), (NULL, 'no key');
INSERT INTO no_key VALUES (1, 2, 3), (1, 2, 3), ('1', 2.0, x'31');
INSERT INTO defaults DEFAULT VALUES;
INSERT INTO "quotes""and'more" VALUES (1, 'one');
INSERT INTO "line
break" VALUES ('key', 1, 'not the rowid');
INSERT INTO notes VALUES (1, 'hello');
ANALYZE;
