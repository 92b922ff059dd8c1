CREATE TABLE categories (
    id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    parent_id INT UNSIGNED,
    name VARCHAR(120) NOT NULL,
    UNIQUE KEY by_name (name),
    CONSTRAINT category_parent FOREIGN KEY (parent_id) REFERENCES categories (id) ON DELETE CASCADE
)
--
CREATE TABLE products (
    id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    category_id INT UNSIGNED NOT NULL,
    sku VARCHAR(20) CHARACTER SET ascii NOT NULL,
    name VARCHAR(120) NOT NULL,
    description TEXT,
    price DECIMAL(10, 2) NOT NULL,
    weight_kg DOUBLE,
    active BOOLEAN NOT NULL DEFAULT TRUE,
    UNIQUE KEY by_sku (sku),
    FULLTEXT KEY by_text (name, description),
    CONSTRAINT product_price CHECK (price >= 0),
    CONSTRAINT product_category FOREIGN KEY (category_id) REFERENCES categories (id)
) COMMENT = 'what we sell'
--
CREATE TABLE customers (
    id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    email VARCHAR(120) NOT NULL,
    name VARCHAR(120) NOT NULL,
    born DATE,
    phone VARCHAR(20),
    credit DECIMAL(14, 4) NOT NULL DEFAULT 0,
    created_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    UNIQUE KEY by_email (email),
    KEY by_name (name(20))
)
--
CREATE TABLE orders (
    id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    customer_id INT UNSIGNED NOT NULL,
    status ENUM ('new', 'paid', 'shipped', 'returned') NOT NULL,
    placed_at DATETIME(6) NOT NULL,
    note TEXT,
    KEY by_customer (customer_id, placed_at DESC),
    CONSTRAINT order_customer FOREIGN KEY (customer_id) REFERENCES customers (id) ON DELETE CASCADE
)
--
CREATE TABLE order_items (
    order_id INT UNSIGNED NOT NULL,
    line SMALLINT UNSIGNED NOT NULL,
    product_id INT UNSIGNED NOT NULL,
    quantity INT UNSIGNED NOT NULL DEFAULT 1,
    price DECIMAL(10, 2) NOT NULL,
    discount DECIMAL(3, 2) NOT NULL DEFAULT 0,
    PRIMARY KEY (order_id, line),
    CONSTRAINT item_order FOREIGN KEY (order_id) REFERENCES orders (id) ON DELETE CASCADE,
    CONSTRAINT item_product FOREIGN KEY (product_id) REFERENCES products (id)
)
--
CREATE TABLE reviews (
    id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    product_id INT UNSIGNED NOT NULL,
    customer_id INT UNSIGNED NOT NULL,
    stars TINYINT NOT NULL,
    opinion VARCHAR(500) NOT NULL,
    written_at DATETIME(6) NOT NULL,
    KEY by_product (product_id, stars),
    CONSTRAINT review_stars CHECK (stars BETWEEN 1 AND 5),
    CONSTRAINT review_product FOREIGN KEY (product_id) REFERENCES products (id) ON DELETE CASCADE,
    CONSTRAINT review_customer FOREIGN KEY (customer_id) REFERENCES customers (id) ON DELETE CASCADE
)
--
CREATE TABLE images (
    id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    product_id INT UNSIGNED NOT NULL,
    media_type VARCHAR(40) NOT NULL,
    content MEDIUMBLOB NOT NULL,
    CONSTRAINT image_product FOREIGN KEY (product_id) REFERENCES products (id) ON DELETE CASCADE
)
