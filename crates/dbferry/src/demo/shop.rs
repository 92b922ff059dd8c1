//! The sample shop as SQL that SQLite, MySQL and MariaDB all understand, save for the definitions.
//!
//! Every row follows from its number and one seed, so the shop is the same on every machine. It
//! has what migrations stumble over: foreign keys, composite and self-referring ones too, names
//! in many scripts, decimals, dates with fractions, NULLs, empty strings, binary data, a view on a
//! view, and triggers.

use std::fmt::Write;

/// The definitions for SQLite, without what needs the rows first.
pub(super) const SQLITE_TABLES: &str = include_str!("shop_sqlite.sql");

/// Views and triggers for SQLite, separated by lines of `--`.
pub(super) const SQLITE_OBJECTS: &str = include_str!("shop_sqlite_objects.sql");

/// The definitions for MySQL and MariaDB.
pub(super) const MYSQL_TABLES: &str = include_str!("shop_mysql.sql");

/// Views, triggers and routines for MySQL and MariaDB, separated likewise.
pub(super) const MYSQL_OBJECTS: &str = include_str!("shop_mysql_objects.sql");

/// The statements of a script; each ends at a line that says `--`.
pub(super) fn statements(script: &str) -> impl Iterator<Item = &str> {
    script
        .split("\n--\n")
        .map(str::trim)
        .filter(|statement| !statement.is_empty())
}

const CATEGORIES: u64 = 48;
const PRODUCTS: u64 = 5_000;
const CUSTOMERS: u64 = 20_000;
const ORDERS: u64 = 40_000;
const REVIEWS: u64 = 25_000;
const IMAGES: u64 = 1_000;

/// A customer, an order or a review gets a moment within this span, from 2021 on.
const DAYS: u64 = 1_800;

const FIRST_NAMES: [&str; 16] = [
    "Ana",
    "Björn",
    "Chloé",
    "Дмитрий",
    "Ελένη",
    "Fatima",
    "Günther",
    "花子",
    "Ibrahim",
    "Jürgen",
    "김민준",
    "Łukasz",
    "María",
    "Nguyễn",
    "O''Brien",
    "Zoë 🚢",
];

const LAST_NAMES: [&str; 12] = [
    "Andersson",
    "Brontë",
    "Çelik",
    "D''Souza",
    "Иванова",
    "Papadopoulos",
    "García Márquez",
    "Þór",
    "李",
    "Müller-Lüdenscheidt",
    "Nakamura",
    "Ó Súilleabháin",
];

const ADJECTIVES: [&str; 10] = [
    "Sturdy",
    "Tiny",
    "Elegant",
    "Rainproof",
    "Vintage",
    "Crème",
    "Über",
    "Silent",
    "Folding",
    "Second-hand",
];

const THINGS: [&str; 12] = [
    "lamp",
    "teapot",
    "rucksack",
    "bicycle",
    "umbrella",
    "bookshelf",
    "kayak",
    "fountain pen",
    "café table",
    "smörgås knife",
    "望遠鏡",
    "piñata",
];

const OPINIONS: [&str; 8] = [
    "Exactly what I wanted.",
    "Arrived late,\nbut in one piece.",
    "“Five stars”, says my cat.",
    "Too small 😕",
    "It''s fine.",
    "C:\\\\temp is where I keep it",
    "Ne recommande pas.",
    "100% wool?",
];

/// A stream of random numbers that is the same everywhere (SplitMix64).
struct Random(u64);

impl Random {
    /// A stream of its own for each row of each table.
    fn of(table: u64, row: u64) -> Self {
        Self(table.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ row.wrapping_mul(0xd1b5_4a32_d192_ed03))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn one_in(&mut self, chances: u64) -> bool {
        self.below(chances) == 0
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        let index = self.below(from.len() as u64);
        usize::try_from(index)
            .ok()
            .and_then(|index| from.get(index))
            .copied()
            .unwrap_or("")
    }
}

/// An INSERT statement.
pub(super) struct Insert {
    /// Its text.
    pub(super) sql: String,
    /// The rows that it makes.
    pub(super) rows: u64,
}

/// Every row of the shop in INSERT statements, parents before children.
pub(super) fn inserts() -> impl Iterator<Item = Insert> {
    [
        Table {
            name: "categories",
            numbers: CATEGORIES,
            per_statement: 500,
            row: category,
        },
        Table {
            name: "products",
            numbers: PRODUCTS,
            per_statement: 500,
            row: product,
        },
        Table {
            name: "customers",
            numbers: CUSTOMERS,
            per_statement: 500,
            row: customer,
        },
        Table {
            name: "orders",
            numbers: ORDERS,
            per_statement: 500,
            row: order,
        },
        Table {
            name: "order_items",
            numbers: ORDERS,
            per_statement: 500,
            row: order_items,
        },
        Table {
            name: "reviews",
            numbers: REVIEWS,
            per_statement: 500,
            row: review,
        },
        Table {
            name: "images",
            numbers: IMAGES,
            per_statement: 50,
            row: image,
        },
    ]
    .into_iter()
    .flat_map(Table::inserts)
}

/// How the rows of a table are made.
struct Table {
    name: &'static str,
    /// Rows come from the numbers from 1 to this.
    numbers: u64,
    /// So many numbers go into one statement; fewer where rows are large.
    per_statement: u64,
    /// Appends the rows of a number, each with a comma after it; returns how many they are.
    row: fn(&mut String, u64) -> u64,
}

impl Table {
    fn inserts(self) -> impl Iterator<Item = Insert> {
        (0..self.numbers.div_ceil(self.per_statement)).map(move |statement| {
            let first = statement * self.per_statement + 1;
            let last = (first + self.per_statement - 1).min(self.numbers);
            let mut insert = Insert {
                sql: format!("INSERT INTO {} VALUES", self.name),
                rows: 0,
            };
            for number in first..=last {
                insert.rows += (self.row)(&mut insert.sql, number);
            }
            insert.sql.pop();
            insert
        })
    }
}

/// Appends a row; a `String` takes whatever is written.
macro_rules! row {
    ($sql:expr, $($format:tt)+) => {{
        let _ = write!($sql, $($format)+);
        $sql.push(',');
    }};
}

fn category(sql: &mut String, id: u64) -> u64 {
    // Eight roots with five children each.
    let parent = match id {
        ..=8 => "NULL".into(),
        _ => ((id - 9) % 8 + 1).to_string(),
    };
    let mut random = Random::of(1, id);
    let name = random.pick(&THINGS);
    row!(sql, "({id},{parent},'All about {name} {id}')");
    1
}

fn product(sql: &mut String, id: u64) -> u64 {
    let mut random = Random::of(2, id);
    let (adjective, thing) = (random.pick(&ADJECTIVES), random.pick(&THINGS));
    let category = random.below(CATEGORIES - 8) + 9;
    let (price, weight) = (random.below(500_000), random.below(3_000_000));
    let description = match random.below(3) {
        0 => "NULL".into(),
        1 => "''".into(),
        _ => format!(
            "'{adjective} {thing}, made with care. {}'",
            random.pick(&OPINIONS)
        ),
    };
    row!(
        sql,
        "({id},{category},'SKU-{id:06}','{adjective} {thing}',{description},{}.{:02},{}.{:03},{})",
        price / 100,
        price % 100,
        weight / 1000,
        weight % 1000,
        u8::from(!random.one_in(20)),
    );
    1
}

fn customer(sql: &mut String, id: u64) -> u64 {
    let mut random = Random::of(3, id);
    let (first, last) = (random.pick(&FIRST_NAMES), random.pick(&LAST_NAMES));
    let born = match random.one_in(4) {
        true => "NULL".into(),
        false => format!("'{}'", date(random.below(DAYS * 20), 1940)),
    };
    let phone = match random.one_in(3) {
        true => "NULL".into(),
        false => format!("'+{}'", 10_000_000_000 + random.below(90_000_000_000)),
    };
    let credit = i128::from(random.below(2_000_000)) - 500_000;
    row!(
        sql,
        "({id},'customer{id}@example.com','{first} {last}',{born},{phone},{}{}.{:04},'{}')",
        if credit < 0 { "-" } else { "" },
        credit.abs() / 10_000,
        credit.abs() % 10_000,
        moment(&mut random),
    );
    1
}

fn order(sql: &mut String, id: u64) -> u64 {
    let mut random = Random::of(4, id);
    let customer = random.below(CUSTOMERS) + 1;
    let status = random.pick(&["new", "paid", "shipped", "returned"]);
    let note = match random.one_in(6) {
        true => format!("'{}'", random.pick(&OPINIONS)),
        false => "NULL".into(),
    };
    row!(
        sql,
        "({id},{customer},'{status}','{}',{note})",
        moment(&mut random)
    );
    1
}

fn order_items(sql: &mut String, order: u64) -> u64 {
    let mut random = Random::of(5, order);
    let items = random.below(5) + 1;
    for line in 1..=items {
        let (product, quantity) = (random.below(PRODUCTS) + 1, random.below(9) + 1);
        let (price, discount) = (random.below(500_000), random.below(30));
        row!(
            sql,
            "({order},{line},{product},{quantity},{}.{:02},0.{discount:02})",
            price / 100,
            price % 100,
        );
    }
    items
}

fn review(sql: &mut String, id: u64) -> u64 {
    let mut random = Random::of(6, id);
    let (product, customer) = (random.below(PRODUCTS) + 1, random.below(CUSTOMERS) + 1);
    let (stars, opinion) = (random.below(5) + 1, random.pick(&OPINIONS));
    row!(
        sql,
        "({id},{product},{customer},{stars},'{opinion}','{}')",
        moment(&mut random)
    );
    1
}

fn image(sql: &mut String, id: u64) -> u64 {
    let mut random = Random::of(7, id);
    let words = random.below(500) + 30;
    let _ = write!(
        sql,
        "({id},{},'image/png',X'89504E470D0A1A0A00",
        (id * 5) % PRODUCTS + 1
    );
    for _ in 0..words {
        let _ = write!(sql, "{:016X}", random.next());
    }
    sql.push_str("'),");
    1
}

/// A moment with microseconds.
fn moment(random: &mut Random) -> String {
    let day = date(random.below(DAYS), 2021);
    let (second, micros) = (random.below(86_400), random.below(1_000_000));
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{day} {hour:02}:{minute:02}:{second:02}.{micros:06}")
}

/// A date in the calendar in which every month has 28 days, so that each is one in ours.
fn date(day: u64, first_year: u64) -> String {
    let (year, rest) = (first_year + day / 336, day % 336);
    format!("{year:04}-{:02}-{:02}", rest / 28 + 1, rest % 28 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shop_has_about_200_000_rows_and_is_the_same_every_time() {
        let made = || {
            inserts().fold((0, 0, 0_u64), |(rows, longest, hash), insert| {
                let hash = insert.sql.bytes().fold(hash, |hash, byte| {
                    (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
                });
                (rows + insert.rows, insert.sql.len().max(longest), hash)
            })
        };
        let (rows, longest, _) = made();
        assert!((190_000..=230_000).contains(&rows), "{rows}");
        // Servers take packets of 16 MiB by default, older ones of 4 MiB.
        assert!(longest < 4 << 20, "{longest}");
        assert_eq!(made(), made());
    }
}
