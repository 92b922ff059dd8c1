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
CREATE TRIGGER order_items_take_price BEFORE INSERT ON order_items FOR EACH ROW
BEGIN
    IF NEW.price = 0 THEN
        SET NEW.price = (SELECT price FROM products WHERE id = NEW.product_id);
    END IF;
END
--
CREATE TRIGGER customers_keep_email BEFORE UPDATE ON customers FOR EACH ROW
BEGIN
    IF NEW.email NOT LIKE '%_@_%' THEN
        SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'not an e-mail address';
    END IF;
END
--
CREATE PROCEDURE ship_order (IN the_order INT UNSIGNED)
    UPDATE orders SET status = 'shipped' WHERE id = the_order AND status = 'paid'
