-- The shape of an ERP with a CMS: ten schemas, equal names, names of 60 bytes, inheritance, row security,
-- identity, keys of several nullable and other columns, documents, infinite times, numeric NaN.
CREATE SCHEMA core;
CREATE SCHEMA crm;
CREATE SCHEMA sales;
CREATE SCHEMA purchase;
CREATE SCHEMA stock;
CREATE SCHEMA accounting;
CREATE SCHEMA "HR & Payroll";
CREATE SCHEMA cms;
CREATE SCHEMA audit;
CREATE SCHEMA reporting;
CREATE TYPE core.address AS (street text, zip text);
CREATE DOMAIN core.money_amount AS numeric(18, 4);
CREATE TYPE sales.state AS ENUM ('draft', 'sale', 'done');

CREATE TABLE core.company (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text COLLATE "C" NOT NULL,
    settings jsonb NOT NULL DEFAULT '{}',
    hstore_like text DEFAULT '"a"=>"1", "b"=>NULL',
    seat core.address,
    write_date timestamp
);
CREATE TABLE core.users (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    login text NOT NULL UNIQUE,
    addresses inet [],
    valid tstzrange,
    modified_on timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE crm.orders (
    company_id bigint NOT NULL,
    number text NOT NULL,
    note text,
    write_date timestamptz,
    UNIQUE (company_id, number)
);
CREATE TABLE sales.orders (
    id bigserial PRIMARY KEY,
    state sales.state NOT NULL DEFAULT 'draft',
    total core.money_amount,
    history sales.state [],
    write_date timestamptz
);
CREATE TABLE sales.order_lines (
    order_id bigint,
    line smallint,
    quantity numeric NOT NULL,
    discount double precision,
    PRIMARY KEY (order_id, line)
);
CREATE TABLE purchase.orders (LIKE sales.orders INCLUDING ALL);
CREATE TABLE purchase.a_table_whose_generated_name_is_as_long_as_postgresql_allows (
    id int PRIMARY KEY,
    a_column_whose_generated_name_is_as_long_as_postgresql_allows__ text,
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE purchase.a_table_whose_generated_name_is_as_long_as_postgresql_allowz (
    LIKE purchase.a_table_whose_generated_name_is_as_long_as_postgresql_allows INCLUDING ALL
);
CREATE TABLE stock.move (
    id int NOT NULL,
    warehouse text NOT NULL,
    lot text,
    moved_at timestamptz,
    UNIQUE (id, warehouse, lot)
);
CREATE TABLE stock.quant (product int, place int, quantity numeric, UNIQUE NULLS NOT DISTINCT (product, place));
CREATE TABLE accounting.document (
    id int PRIMARY KEY,
    booked_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE accounting.invoice (amount numeric, PRIMARY KEY (id)) INHERITS (accounting.document);
CREATE TABLE "HR & Payroll"."employee's contract" (
    id int PRIMARY KEY,
    "salary per month (€)" money,
    worked interval,
    "from" date,
    "User" text
);
CREATE TABLE cms.node (
    nid int,
    vid int,
    langcode varchar(12) NOT NULL DEFAULT 'und',
    title text,
    body xml,
    changed int NOT NULL,
    PRIMARY KEY (nid, vid, langcode)
);
CREATE TABLE cms.cache_render (cid text PRIMARY KEY, data bytea, expire bigint);
CREATE TABLE audit.log (at timestamptz, who text, what json);
CREATE TABLE audit.secret (id int PRIMARY KEY, tenant text);
ALTER TABLE audit.secret ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON audit.secret USING (tenant = current_user);
CREATE MATERIALIZED VIEW reporting.turnover AS
SELECT state, sum(total) AS total FROM sales.orders GROUP BY state WITH NO DATA;
CREATE TABLE reporting.no_columns ();

INSERT INTO core.company (name, settings, seat, write_date) VALUES
('Azure', '{"a": {"b": [1, 2.50, null]}, "é": "\\u0000x"}', ROW('a "b" (c), d', NULL), now()),
('Bank', '[]', NULL, NULL), ('Cob', 'null', ROW(NULL, NULL), now());
INSERT INTO core.users (login, addresses, valid)
SELECT 'u' || n, '{10.0.0.1,::1/64}', '[2020-01-01,infinity)' FROM generate_series(1, 9) AS n;
INSERT INTO crm.orders SELECT n % 3, 'SO' || n, NULL, CASE WHEN n > 3 THEN now() END
FROM generate_series(1, 30) AS n;
INSERT INTO sales.orders (total, history, write_date) VALUES
('NaN', '{draft,sale}', 'infinity'), (NULL, '{NULL}', '-infinity'), (0.00, '{}', NULL), (1, NULL, now());
INSERT INTO sales.order_lines
SELECT n, m, ('1e' || -n)::numeric, CASE m WHEN 1 THEN '-Infinity' WHEN 2 THEN 'NaN' ELSE 0.1 END::float
FROM generate_series(1, 9) AS n, generate_series(1, 4) AS m;
INSERT INTO purchase.orders (state, total, write_date) SELECT 'done', n, now() FROM generate_series(1, 9) AS n;
INSERT INTO purchase.a_table_whose_generated_name_is_as_long_as_postgresql_allows VALUES (1, 's');
INSERT INTO purchase.a_table_whose_generated_name_is_as_long_as_postgresql_allowz VALUES (1, 'z');
INSERT INTO stock.move SELECT n, 'w', NULL, 'infinity' FROM generate_series(1, 9) AS n;
INSERT INTO stock.move SELECT 1, 'w', NULL, 'infinity' FROM generate_series(1, 2);
INSERT INTO stock.quant VALUES (1, NULL, 'NaN'), (NULL, NULL, 'Infinity'), (1, 1, 1.000);
INSERT INTO accounting.document SELECT n, 'infinity' FROM generate_series(1, 5) AS n;
INSERT INTO accounting.invoice SELECT n, '-infinity', now(), n FROM generate_series(4, 9) AS n;
INSERT INTO "HR & Payroll"."employee's contract" VALUES
(1, 1234.5, '1 mon -2 days 03:00', '0044-03-15 BC', 'x'), (2, -0.01, NULL, 'infinity', NULL);
INSERT INTO cms.node SELECT n, m, 'de', 'T' || n, NULL, 1600000000 + n
FROM generate_series(1, 9) AS n, generate_series(1, 2) AS m;
INSERT INTO cms.cache_render VALUES ('entity:node:1:[a]=b%c', '\x613a303a7b7d', -1);
INSERT INTO audit.log SELECT '2026-01-01', 'who', '{"a":1,  "a":2}' FROM generate_series(1, 3);
INSERT INTO audit.secret VALUES (1, 'other');
ANALYZE;

-- === what a run sees
UPDATE core.users SET login = upper(login), modified_on = clock_timestamp() WHERE login < 'u4';
INSERT INTO core.company (name) VALUES ('Without a time');
UPDATE core.company SET seat = NULL, write_date = now() WHERE name = 'Azure';
UPDATE core.company SET name = 'Bank of x' WHERE name = 'Bank';
UPDATE sales.order_lines SET line = 40 WHERE order_id = 1 AND line = 4;
DELETE FROM sales.order_lines WHERE order_id = 9 AND line = 1;
INSERT INTO stock.move VALUES (1, 'w', NULL, 'infinity'), (77, 'x', 'lot', '-infinity');
UPDATE stock.quant SET quantity = 1.0 WHERE place = 1;
INSERT INTO accounting.document VALUES (90, now(), clock_timestamp());
INSERT INTO accounting.invoice VALUES (91, now(), clock_timestamp(), 'NaN');
UPDATE "HR & Payroll"."employee's contract" SET worked = '-00:00:00.000001', "from" = NULL WHERE id = 1;
DELETE FROM cms.node WHERE nid = 9 AND vid = 2;
UPDATE cms.node SET langcode = 'fr' WHERE nid = 8 AND vid = 2;
INSERT INTO audit.log VALUES ('2026-01-01', 'who', '{"a":1,  "a":2}'), (NULL, NULL, 'null');
DELETE FROM audit.log WHERE ctid = (SELECT min(ctid) FROM audit.log);

-- === what a reconciliation sees
UPDATE purchase.orders SET state = 'draft' WHERE id = 1;
UPDATE purchase.orders SET id = 900 WHERE id = 2;
DELETE FROM accounting.invoice WHERE id = 4;
DELETE FROM ONLY accounting.document WHERE id = 5;
DELETE FROM core.company WHERE write_date IS NULL AND name <> 'Bank of x';
UPDATE crm.orders SET number = 'SO-x' WHERE number = 'SO9';
UPDATE core.users SET addresses = NULL WHERE login = 'u9';
DELETE FROM purchase.a_table_whose_generated_name_is_as_long_as_postgresql_allowz;
UPDATE sales.orders SET total = 'NaN', history = '{done}' WHERE total = 0;
