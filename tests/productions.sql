-- Small productions in the shapes of well-known sample databases, written for these tests.

-- A film rental: time stamps set by triggers, an enumeration, a domain, partitions, views.
CREATE SCHEMA films;
SET search_path = films;
CREATE TYPE rating AS ENUM ('G', 'PG', 'R');
CREATE DOMAIN release_year AS integer CHECK (value BETWEEN 1901 AND 2155);
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.last_update := clock_timestamp();
    RETURN NEW;
END;
$$;
CREATE TABLE actor (
    actor_id serial PRIMARY KEY,
    first_name text NOT NULL,
    last_update timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE film (
    film_id serial PRIMARY KEY,
    title varchar(128) NOT NULL,
    released release_year,
    rated rating DEFAULT 'G',
    rate numeric(4, 2) NOT NULL DEFAULT 4.99,
    features text [],
    fulltext tsvector,
    last_update timestamp NOT NULL DEFAULT (clock_timestamp() AT TIME ZONE 'UTC')
);
CREATE TABLE film_actor (
    actor_id int REFERENCES actor,
    film_id int REFERENCES film,
    last_update timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (actor_id, film_id)
);
CREATE TABLE payment (
    payment_id int,
    amount numeric(5, 2) NOT NULL,
    paid_at date NOT NULL,
    PRIMARY KEY (payment_id, paid_at)
) PARTITION BY RANGE (paid_at);
CREATE TABLE payment_2025 PARTITION OF payment FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE payment_2026 PARTITION OF payment FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE "Staff" ("staffId" int PRIMARY KEY, "e-mail" text, is_deleted boolean);
CREATE TABLE inventory (sku text NOT NULL UNIQUE, store int NOT NULL, held int, UNIQUE (sku, store));
CREATE TABLE person (id int PRIMARY KEY, name text);
CREATE TABLE manager (bonus int) INHERITS (person);
CREATE TABLE visits (at timestamptz, page text);
CREATE TABLE django_migrations (id int PRIMARY KEY, app text);
CREATE VIEW film_list AS SELECT film_id, title FROM film;
CREATE MATERIALIZED VIEW rental_by_rating AS SELECT rated, count(*) FROM film GROUP BY rated;
CREATE TRIGGER stamp BEFORE UPDATE ON actor FOR EACH ROW EXECUTE FUNCTION stamp();
CREATE TABLE secrets (id int PRIMARY KEY);
CREATE TABLE tenants (id int PRIMARY KEY);
ALTER TABLE tenants ENABLE ROW LEVEL SECURITY;
CREATE TABLE an_extraordinarily_long_table_name_of_a_generator (id int PRIMARY KEY);
INSERT INTO actor (first_name) SELECT 'actor ' || n FROM generate_series(1, 5) AS n;
INSERT INTO film (title, released, rated, features, fulltext)
SELECT 'film ' || n, 1990 + n, 'PG', ARRAY['a', NULL], to_tsvector('film ' || n)
FROM generate_series(1, 5) AS n;
INSERT INTO film_actor SELECT n, n FROM generate_series(1, 5) AS n;
INSERT INTO payment SELECT n, n, '2025-12-28'::date + n FROM generate_series(1, 8) AS n;
INSERT INTO person VALUES (1, 'Ana'), (2, 'Bo');
INSERT INTO manager VALUES (1, 'Cy', 10);
INSERT INTO visits VALUES ('2026-01-01', 'home'), (NULL, NULL);
INSERT INTO "Staff" VALUES (1, 'a@b', false), (2, NULL, true);
INSERT INTO inventory VALUES ('x', 1, 10), ('y', 1, NULL);
INSERT INTO an_extraordinarily_long_table_name_of_a_generator VALUES (1);
GRANT USAGE ON SCHEMA films TO warehouse_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA films TO warehouse_reader;
REVOKE ALL ON secrets FROM warehouse_reader;
