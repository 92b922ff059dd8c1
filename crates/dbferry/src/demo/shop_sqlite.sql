CREATE TABLE categories (
    id INTEGER PRIMARY KEY,
    parent_id INTEGER REFERENCES categories (id) ON DELETE CASCADE,
    name TEXT NOT NULL UNIQUE
)
--
CREATE TABLE products (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    category_id INTEGER NOT NULL REFERENCES categories (id),
    sku VARCHAR(20) NOT NULL UNIQUE,
    name TEXT NOT NULL COLLATE NOCASE,
    description TEXT,
    price DECIMAL(10, 2) NOT NULL CHECK (price >= 0),
    weight_kg DOUBLE,
    active BOOLEAN NOT NULL DEFAULT 1
)
--
CREATE TABLE customers (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    email VARCHAR(120) NOT NULL,
    name TEXT NOT NULL,
    born DATE,
    phone VARCHAR(20),
    credit DECIMAL(14, 4) NOT NULL DEFAULT 0,
    created_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP
)
--
CREATE UNIQUE INDEX customers_by_email ON customers (email COLLATE NOCASE)
--
CREATE INDEX customers_with_phone ON customers (phone) WHERE phone IS NOT NULL
--
CREATE TABLE orders (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    customer_id INTEGER NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
    status VARCHAR(10) NOT NULL CHECK (status IN ('new', 'paid', 'shipped', 'returned')),
    placed_at DATETIME NOT NULL,
    note TEXT
)
--
CREATE INDEX orders_by_customer ON orders (customer_id, placed_at DESC)
--
CREATE TABLE order_items (
    order_id INTEGER NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
    line INTEGER NOT NULL,
    product_id INTEGER NOT NULL REFERENCES products (id),
    quantity INTEGER NOT NULL DEFAULT 1 CHECK (quantity > 0),
    price DECIMAL(10, 2) NOT NULL,
    discount DECIMAL(3, 2) NOT NULL DEFAULT 0,
    PRIMARY KEY (order_id, line)
) WITHOUT ROWID
--
CREATE INDEX order_items_by_product ON order_items (product_id)
--
CREATE TABLE reviews (
    id INTEGER PRIMARY KEY,
    product_id INTEGER NOT NULL REFERENCES products (id) ON DELETE CASCADE,
    customer_id INTEGER NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
    stars INTEGER NOT NULL CHECK (stars BETWEEN 1 AND 5),
    opinion TEXT NOT NULL,
    written_at DATETIME NOT NULL
)
--
CREATE INDEX reviews_by_product ON reviews (product_id, stars)
--
CREATE TABLE images (
    id INTEGER PRIMARY KEY,
    product_id INTEGER NOT NULL REFERENCES products (id) ON DELETE CASCADE,
    media_type VARCHAR(40) NOT NULL,
    content BLOB NOT NULL
)
