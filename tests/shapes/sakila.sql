-- The shape of Sakila, moved from MySQL: unsigned numbers and SET as domains and text, YEAR, a point,
-- bit, time, payments divided by inheritance and rules instead of partitions, keys of one byte.
CREATE DOMAIN tinyint_unsigned AS smallint CHECK (value BETWEEN 0 AND 255);
CREATE DOMAIN year AS smallint;
CREATE DOMAIN special_features AS text CHECK (value ~ '^(Trailers|Commentaries|,)*$');
CREATE FUNCTION on_update_current_timestamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW::text IS DISTINCT FROM OLD::text THEN
        NEW.last_update := now() AT TIME ZONE 'UTC';
    END IF;
    RETURN NEW;
END;
$$;

CREATE TABLE country (
    country_id smallint PRIMARY KEY,
    country varchar(50) NOT NULL,
    last_update timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'UTC')
);
CREATE TABLE city (
    city_id smallint PRIMARY KEY,
    city varchar(50) NOT NULL,
    country_id smallint NOT NULL REFERENCES country ON UPDATE CASCADE,
    last_update timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'UTC')
);
CREATE TABLE address (
    address_id smallint PRIMARY KEY,
    address2 varchar(50) DEFAULT NULL,
    location point NOT NULL,
    last_update timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'UTC')
);
CREATE TABLE customer (
    customer_id smallint PRIMARY KEY,
    store_id tinyint_unsigned NOT NULL,
    active "char" NOT NULL DEFAULT '1',
    create_date timestamp NOT NULL DEFAULT '-infinity',
    last_update timestamp DEFAULT (now() AT TIME ZONE 'UTC')
);
CREATE TABLE film (
    film_id smallint PRIMARY KEY,
    title varchar(255) NOT NULL,
    release_year year,
    rental_rate decimal(4, 2) NOT NULL DEFAULT 4.99,
    rating varchar(5) DEFAULT 'G' CHECK (rating IN ('G', 'PG', 'R')),
    special_features special_features,
    flags bit(8) NOT NULL DEFAULT b'00000001',
    opening_time time,
    last_update timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'UTC')
);
CREATE TABLE film_text (film_id smallint PRIMARY KEY, title varchar(255) NOT NULL, description text);
CREATE TABLE inventory (
    inventory_id int PRIMARY KEY,
    film_id smallint NOT NULL,
    store_id tinyint_unsigned NOT NULL,
    last_update timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'UTC')
);
CREATE TABLE store (
    store_id tinyint_unsigned PRIMARY KEY,
    manager_staff_id smallint NOT NULL UNIQUE,
    last_update timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'UTC')
);
CREATE TABLE payment (
    payment_id serial PRIMARY KEY,
    customer_id smallint NOT NULL,
    amount decimal(5, 2) NOT NULL,
    payment_date timestamp NOT NULL,
    last_update timestamp
);
CREATE TABLE payment_p2007_01 (CHECK (payment_date < '2007-02-01')) INHERITS (payment);
CREATE TABLE payment_p2007_02 (CHECK (payment_date >= '2007-02-01')) INHERITS (payment);
CREATE RULE payment_insert_p2007_01 AS ON INSERT TO payment
WHERE NEW.payment_date < '2007-02-01' DO INSTEAD
INSERT INTO payment_p2007_01 VALUES (NEW.*);
CREATE RULE payment_insert_p2007_02 AS ON INSERT TO payment
WHERE NEW.payment_date BETWEEN '2007-02-01' AND '2007-03-01' DO INSTEAD
INSERT INTO payment_p2007_02 VALUES (NEW.*);
CREATE VIEW nicer_but_slower_film_list AS SELECT film_id AS fid, title FROM film;

DO $$
DECLARE
    v_table text;
BEGIN
    FOREACH v_table IN ARRAY ARRAY['country', 'city', 'address', 'customer', 'film', 'store'] LOOP
        EXECUTE format(
            'CREATE TRIGGER stamp BEFORE UPDATE ON %I '
            'FOR EACH ROW EXECUTE FUNCTION on_update_current_timestamp()', v_table
        );
    END LOOP;
END;
$$;

INSERT INTO country SELECT n, 'Côte d''Ivoire' FROM generate_series(1, 9) AS n;
INSERT INTO city SELECT n, 'A Corua (La Corua)', n FROM generate_series(1, 9) AS n;
INSERT INTO address SELECT n, NULL, point(n, 1 / n::float) FROM generate_series(1, 9) AS n;
INSERT INTO customer (customer_id, store_id, last_update)
SELECT n, n % 256, CASE WHEN n % 4 > 0 THEN now() AT TIME ZONE 'UTC' END
FROM generate_series(1, 90) AS n;
INSERT INTO film (film_id, title, release_year, special_features, opening_time)
SELECT n, 'ACE', 2006, 'Trailers,Commentaries', '24:00' FROM generate_series(1, 9) AS n;
INSERT INTO film_text SELECT n, 'ACE', 'A Epistle' FROM generate_series(1, 9) AS n;
INSERT INTO inventory SELECT n, n % 9, n % 256 FROM generate_series(1, 300) AS n;
INSERT INTO store VALUES (0, 1), (255, 2);
INSERT INTO payment (customer_id, amount, payment_date)
SELECT n, n, '2007-01-20'::date + n FROM generate_series(1, 50) AS n;
ANALYZE;

-- === what a run sees
UPDATE customer SET active = '0' WHERE customer_id IN (1, 4);
UPDATE customer SET last_update = NULL WHERE customer_id = 8;
INSERT INTO customer (customer_id, store_id, create_date, last_update) VALUES (91, 9, now(), NULL);
UPDATE film SET special_features = '', flags = b'11111111', opening_time = NULL WHERE film_id = 1;
UPDATE film_text SET film_id = 99 WHERE film_id = 9;
DELETE FROM film_text WHERE film_id = 8;
UPDATE address SET location = '(1e-7,-0)' WHERE address_id = 2;
UPDATE country SET country_id = country_id, country = '' WHERE country_id = 1;

-- === what a reconciliation sees
DELETE FROM ONLY payment_p2007_01 WHERE customer_id = 3;
UPDATE payment SET amount = 0 WHERE customer_id IN (5, 30, 50);
UPDATE payment_p2007_02 SET payment_id = 1000 WHERE customer_id = 20;
INSERT INTO payment (customer_id, amount, payment_date) VALUES (1, 1, '2007-02-02'), (2, 1, '2020-01-01');
DELETE FROM inventory WHERE inventory_id > 290;
UPDATE inventory SET inventory_id = 1000 WHERE inventory_id = 1;
UPDATE store SET store_id = 7 WHERE store_id = 255;
UPDATE country SET country_id = 77 WHERE country_id = 2;
