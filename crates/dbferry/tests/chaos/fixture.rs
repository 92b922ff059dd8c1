//! The database that is migrated: a table of each kind that is loaded in its own way, and rows
//! enough that a run takes seconds.

use super::server::Server;

/// The database's name, on both sides.
pub(super) const SCHEMA: &str = "chaos";

/// About how many rows there are in all.
pub(super) const ROWS: u64 = 205_000;

/// Tables that cannot go on where an interrupted load of them stopped: one has no key, the other
/// no transactions.
pub(super) const RESTARTED: [&str; 2] = ["journal", "legacy"];

const SMALL_TABLES: usize = 50;

/// Cuts two of the tables, which are too small to be cut otherwise.
pub(super) const MAPPINGS: &str = r#"{"rules": [
    {"rule-type": "selection", "rule-id": "1", "rule-name": "1", "rule-action": "include",
     "object-locator": {"schema-name": "chaos", "table-name": "%"}},
    {"rule-type": "table-settings", "rule-id": "2", "rule-name": "2",
     "object-locator": {"schema-name": "chaos", "table-name": "orders"},
     "parallel-load": {"type": "ranges", "columns": ["id"],
                       "boundaries": [["10000"], ["30000"], ["40000"]]}},
    {"rule-type": "table-settings", "rule-id": "3", "rule-name": "3",
     "object-locator": {"schema-name": "chaos", "table-name": "readings"},
     "parallel-load": {"type": "partitions-auto"}}
]}"#;

/// Numbers from 0 to 99,999, from which every row is made.
const NUMBERS: &str = "INSERT INTO numbers.numbers
    WITH d (d) AS (SELECT 0 UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL
        SELECT 4 UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8
        UNION ALL SELECT 9)
    SELECT a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d FROM d a, d b, d c, d e, d f";

/// Large enough that its indexes are built after its rows.
const CUSTOMERS: [&str; 2] = [
    "CREATE TABLE customers (
        id INT UNSIGNED AUTO_INCREMENT PRIMARY KEY, email VARCHAR(80) NOT NULL,
        name VARCHAR(60), city VARCHAR(40) NOT NULL, balance DECIMAL(12,2) NOT NULL,
        born DATE, changed DATETIME(6) NOT NULL,
        UNIQUE KEY email (email), KEY name (name), KEY city (city, born), KEY balance (balance))",
    "INSERT INTO customers (email, name, city, balance, born, changed)
     SELECT CONCAT('customer.', n, '@mail.example'),
        IF(n % 11 = 0, NULL, CONCAT('Nämé ', REVERSE(n), ' of the family ', n % 977)),
        CONCAT('City ', n % 300, REPEAT(' and more', n % 3)), n * 1.37 - 5000,
        IF(n % 13 = 0, NULL, DATE '1950-01-01' + INTERVAL n % 20000 DAY),
        TIMESTAMP '2020-01-01 00:00:00' + INTERVAL n * 1000003 MICROSECOND
     FROM numbers.numbers WHERE n < 40000",
];

/// Cut into ranges, and referring to another table.
const ORDERS: [&str; 2] = [
    "CREATE TABLE orders (
        id BIGINT AUTO_INCREMENT PRIMARY KEY, customer_id INT UNSIGNED NOT NULL,
        total DECIMAL(20,4) NOT NULL, note TEXT, weight DOUBLE,
        CONSTRAINT orders_customer FOREIGN KEY (customer_id) REFERENCES customers (id))",
    "INSERT INTO orders (customer_id, total, note, weight)
     SELECT 1 + n * 7 % 40000, n / 7, IF(n % 5 = 0, NULL, CONCAT('\\t', n, '\\n\\\\\\0''')), n / 3
     FROM numbers.numbers WHERE n < 50000",
];

const PAYMENTS: [&str; 2] = [
    "CREATE TABLE payments (
        id INT PRIMARY KEY, order_id BIGINT NOT NULL, paid TIMESTAMP(3) NULL,
        KEY paid (paid),
        CONSTRAINT payments_order FOREIGN KEY (order_id) REFERENCES orders (id) ON DELETE CASCADE)",
    "INSERT INTO payments
     SELECT n * 3 - 1000, 1 + n,
        IF(n % 4 = 0, NULL, TIMESTAMP '2021-06-01 00:00:00' + INTERVAL n MINUTE)
     FROM numbers.numbers WHERE n < 20000",
];

/// A key of several columns, whose first varies little, in an order that is the collation's.
const STOCK: [&str; 2] = [
    "CREATE TABLE stock (
        region VARCHAR(12) NOT NULL, code VARCHAR(24) NOT NULL, bin INT NOT NULL,
        quantity INT NOT NULL, PRIMARY KEY (region, code, bin))",
    "INSERT INTO stock
     SELECT ELT(1 + n % 3, 'Nord', 'Süd', 'ábc'), CONCAT(IF(n % 2, 'x-', 'X-'), n DIV 10),
        n % 10 - 5, n
     FROM numbers.numbers WHERE n < 30000",
];

/// Loaded partition by partition.
const READINGS: [&str; 2] = [
    "CREATE TABLE readings (
        id INT NOT NULL, taken DATE NOT NULL, value DOUBLE, PRIMARY KEY (id, taken), KEY taken (taken))
     PARTITION BY RANGE (id) (
        PARTITION p0 VALUES LESS THAN (10000), PARTITION p1 VALUES LESS THAN (15000),
        PARTITION p2 VALUES LESS THAN (28000), PARTITION p3 VALUES LESS THAN MAXVALUE)",
    "INSERT INTO readings
     SELECT n, DATE '2022-01-01' + INTERVAL n % 365 DAY, n / 9 FROM numbers.numbers
     WHERE n < 30000",
];

/// Without a key, and with each row many times.
const JOURNAL: [&str; 2] = [
    "CREATE TABLE journal (kind INT, text VARCHAR(60))",
    "INSERT INTO journal
     SELECT IF(n % 50 = 0, NULL, n % 40), CONCAT('entry ', n % 25) FROM numbers.numbers
     WHERE n < 20000",
];

/// Without transactions.
const LEGACY: [&str; 2] = [
    "CREATE TABLE legacy (id INT PRIMARY KEY, text VARCHAR(90), KEY text (text)) ENGINE=MyISAM",
    "INSERT INTO legacy SELECT n, CONCAT('old ', REVERSE(n)) FROM numbers.numbers WHERE n < 15000",
];

/// Values of 1 to 3 MiB.
const SCANS: [&str; 2] = [
    "CREATE TABLE scans (id INT PRIMARY KEY, image LONGBLOB)",
    "INSERT INTO scans
     SELECT n, REPEAT(UNHEX(SHA2(n, 512)), 16384 * (1 + n % 3) + n) FROM numbers.numbers
     WHERE n < 12",
];

/// What stands on the tables.
const OBJECTS: [&str; 2] = [
    "CREATE VIEW rich AS SELECT id, name FROM customers WHERE balance > 40000",
    "CREATE TRIGGER payments_positive BEFORE INSERT ON payments FOR EACH ROW
     SET NEW.order_id = ABS(NEW.order_id)",
];

/// Makes it.
pub(super) fn make(server: &Server) {
    let mut statements: Vec<String> = [
        "CREATE DATABASE numbers",
        "CREATE TABLE numbers.numbers (n INT PRIMARY KEY)",
        NUMBERS,
        "CREATE DATABASE chaos CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci",
        "USE chaos",
    ]
    .map(str::to_owned)
    .to_vec();
    let tables = [
        CUSTOMERS, ORDERS, PAYMENTS, STOCK, READINGS, JOURNAL, LEGACY, SCANS,
    ];
    statements.extend(tables.concat().into_iter().map(str::to_owned));
    for number in 0..SMALL_TABLES {
        statements.push(format!(
            "CREATE TABLE small_{number:02} (id INT AUTO_INCREMENT PRIMARY KEY, word VARCHAR(20))"
        ));
        statements.push(format!(
            "INSERT INTO small_{number:02} (word)
             SELECT CONCAT('word ', n) FROM numbers.numbers WHERE n < {number}"
        ));
    }
    statements.extend(OBJECTS.map(str::to_owned));
    // What a plan is made of should not change between two runs by itself.
    statements.push("ANALYZE TABLE customers, orders, payments, stock, readings, scans".into());
    statements.push("DROP DATABASE numbers".into());
    server.execute_all(&statements);
}
