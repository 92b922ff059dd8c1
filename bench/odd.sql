-- One wide table of the types that dumps get wrong, in about 1 KB a row. The variable @rows says
-- how many; every value follows from the row's number, so each run makes the same table.
--
-- The values are those that a text dump can carry at all, because a leg that loses data has no
-- time: a FLOAT has at most six digits, and the JSON no DECIMAL. dbferry's own tests go further.

SET NAMES utf8mb4;

CREATE TABLE odd (
  id bigint unsigned NOT NULL AUTO_INCREMENT,
  code char(12) NOT NULL,
  tiny tinyint NOT NULL,
  truth tinyint(1) NOT NULL,
  small smallint unsigned NOT NULL,
  medium mediumint NOT NULL,
  big bigint NOT NULL,
  big_unsigned bigint unsigned NOT NULL,
  price decimal(12,2) NOT NULL,
  exact decimal(65,30) NOT NULL,
  ratio float NOT NULL,
  measure double NOT NULL,
  born date NOT NULL,
  happened datetime(6) NOT NULL,
  seen timestamp(3) NULL DEFAULT NULL,
  lasted time(6) NOT NULL,
  vintage year NOT NULL,
  flag bit(1) NOT NULL,
  bits bit(48) NOT NULL,
  state enum('new','paid','sent','it''s back') NOT NULL,
  tags set('red','green','blue') NOT NULL,
  token binary(16) NOT NULL,
  payload varbinary(200) NOT NULL,
  name varchar(80) NOT NULL,
  city varchar(40) CHARACTER SET latin1 COLLATE latin1_swedish_ci NOT NULL,
  remark text CHARACTER SET latin1 COLLATE latin1_swedish_ci,
  story longtext NOT NULL,
  doc json NOT NULL,
  maybe_number int DEFAULT NULL,
  maybe_text varchar(60) DEFAULT NULL,
  maybe_bytes blob DEFAULT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY by_code (code),
  KEY by_state (state, born),
  KEY by_name (name(20))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

INSERT INTO odd
WITH
  ten AS (
    SELECT 0 AS d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4
    UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9
  ),
  numbers AS (
    SELECT 1 + a.d + 10 * b.d + 100 * c.d + 1000 * d.d + 10000 * e.d + 100000 * f.d AS n
    FROM ten a, ten b, ten c, ten d, ten e, ten f
  ),
  hashes AS (
    -- h is 32 bits without a pattern.
    SELECT n, CAST(CRC32(CONCAT('odd', n)) AS SIGNED) AS h, LEFT(SHA2(n, 256), 32) AS m FROM numbers WHERE n <= @rows
  )
SELECT
  n,
  CONCAT('C', LPAD(n, 9, '0'), IF(n % 2, 'x', '')),
  n % 256 - 128,
  IF(n % 50 = 0, 127, n % 2),
  h % 65536,
  h % 16777216 - 8388608,
  (h - 2147483648) * 4294967296 + n,
  18446744073709551615 - h,
  (h % 1000000000 - 500000000) / 100,
  CONCAT(IF(n % 2, '-', ''), REPEAT(n % 9 + 1, 20), LPAD(h, 15, '7'), '.', LPAD(h, 30, '123456789')),
  (h % 1000000) / 1000,
  (h - 2147483648) / 7e0 * POW(10, n % 60 - 30),
  '1000-01-01' + INTERVAL h % 3000000 DAY,
  '1970-01-01' + INTERVAL h SECOND + INTERVAL n % 1000000 MICROSECOND,
  IF(n % 5 = 0, NULL, FROM_UNIXTIME(1 + h % 2000000000 + n % 1000 / 1000)),
  SEC_TO_TIME(h % 6000000 - 3000000 + n % 1000000 / 1000000),
  1901 + n % 250,
  n % 2,
  h * 65521 + n,
  n % 4 + 1,
  n % 8,
  UNHEX(IF(n % 3, m, RPAD(LEFT(m, 16), 32, '0'))),
  UNHEX(CONCAT(SHA2(n, 512), SHA2(h, 512))),
  ELT(n % 6 + 1, 'Łukasz Żółć', 'O''Brien', 'back\\slash', '李小龍', 'emoji 🚢🌊', ''),
  ELT(n % 5 + 1, 'Århus', 'Málaga', 'Köln', 'Besançon', 'Zürich € 1'),
  IF(n % 7 = 0, NULL, CONCAT('ø', REPEAT('æñß ', n % 20), m)),
  REPEAT(CONCAT('it''s "said"\tby\r\n\\N and \\0, ', m, ' ßθ🚀; '), n % 8 + 1),
  JSON_OBJECT('n', n, 'half', n / 2e0, 'name', m, 'note', '"quoted" \\ ünï', 'list', JSON_ARRAY(1, NULL, 'x')),
  IF(n % 4 = 0, NULL, h - 2147483648),
  IF(n % 3 = 0, NULL, CONCAT('text ', m)),
  IF(n % 3 = 1, NULL, UNHEX(SHA2(n + h, 256)))
FROM hashes
ORDER BY n;
