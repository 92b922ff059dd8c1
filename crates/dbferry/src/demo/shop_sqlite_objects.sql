CREATE VIEW order_totals AS
SELECT orders.id AS order_id, orders.customer_id, orders.status,
    sum(order_items.quantity * order_items.price * (1 - order_items.discount)) AS total
FROM orders JOIN order_items ON order_items.order_id = orders.id
GROUP BY orders.id
--
CREATE VIEW customer_totals AS
SELECT customers.id, customers.name, count(*) AS orders, sum(order_totals.total) AS total
FROM customers JOIN order_totals ON order_totals.customer_id = customers.id
GROUP BY customers.id
--
CREATE TRIGGER order_items_take_price AFTER INSERT ON order_items WHEN NEW.price = 0
BEGIN
    UPDATE order_items
    SET price = (SELECT price FROM products WHERE id = NEW.product_id)
    WHERE order_id = NEW.order_id AND line = NEW.line;
END
--
CREATE TRIGGER customers_keep_email BEFORE UPDATE OF email ON customers
WHEN NEW.email NOT LIKE '%_@_%'
BEGIN
    SELECT raise(ABORT, 'not an e-mail address');
END
