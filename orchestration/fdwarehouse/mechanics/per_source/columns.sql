{#- Rendered once per source, and by `fdwarehouse contract` for one that is not mounted yet. -#}
-- OIDs below 10,000 are assigned by hand and are the same in every version and database. Some types
-- among them have names of objects of the source as values, or no input function.
-- https://www.postgresql.org/docs/18/system-catalog-initial-data.html#SYSTEM-CATALOG-OID-ASSIGNMENT
CREATE VIEW {{ source.name | ident }}._columns AS
WITH RECURSIVE read_tables (known_as, nspname, relname) AS (
    VALUES
    {%- for name, schema, table in tables %}
    ({{ name | literal }}, {{ schema | literal }}, {{ table | literal }}){{ "," if not loop.last }}
    {%- endfor %}
),

schemas AS MATERIALIZED (
    SELECT
        oid,
        nspname
    FROM {{ source.name | ident }}._pg_namespace
    WHERE nspname = ANY((SELECT array_agg(DISTINCT r.nspname) FROM read_tables AS r)::text[])
),

relations AS MATERIALIZED (
    SELECT
        oid,
        relname,
        relnamespace
    FROM {{ source.name | ident }}._pg_class
    WHERE
        relname = ANY((SELECT array_agg(DISTINCT r.relname) FROM read_tables AS r)::text[])
        AND relkind IN ('r', 'p', 'v', 'm', 'f')
        AND relnamespace = ANY((SELECT array_agg(s.oid) FROM schemas AS s)::oid[])
),

tables AS (
    SELECT
        c.oid,
        r.*
    FROM relations AS c
    INNER JOIN schemas AS s ON c.relnamespace = s.oid
    INNER JOIN read_tables AS r ON s.nspname = r.nspname AND c.relname = r.relname
),

-- Each query passes the OIDs, so that the source uses its indexes.
attributes AS MATERIALIZED (
    SELECT *
    FROM {{ source.name | ident }}._pg_attribute
    WHERE
        attrelid = ANY((SELECT array_agg(t.oid) FROM tables AS t)::oid[])
        AND attnum > 0
        AND NOT attisdropped
),

types AS MATERIALIZED (
    SELECT *
    FROM {{ source.name | ident }}._pg_type
    WHERE oid = ANY((SELECT array_agg(DISTINCT a.atttypid) FROM attributes AS a)::oid[])
),

primary_keys AS MATERIALIZED (
    SELECT *
    FROM {{ source.name | ident }}._pg_constraint
    WHERE
        conrelid = ANY((SELECT array_agg(t.oid) FROM tables AS t)::oid[])
        AND contype = 'p'
),

loose_collations AS MATERIALIZED ( -- for which different strings can be equal
    SELECT oid
    FROM {{ source.name | ident }}._pg_collation
    WHERE NOT collisdeterministic
),

columns AS (
    SELECT
        t.known_as,
        t.nspname,
        t.relname,
        a.attname,
        a.attnum,
        a.attnotnull,
        a.attcollation,
        k.conkey,
        y.oid AS type,
        a.atttypmod AS modifier,
        y.typname,
        y.typtype,
        y.typbasetype,
        y.typtypmod
    FROM tables AS t
    INNER JOIN attributes AS a ON t.oid = a.attrelid
    INNER JOIN types AS y ON a.atttypid = y.oid
    LEFT JOIN primary_keys AS k ON t.oid = k.conrelid
),

domains AS MATERIALIZED (
    SELECT *
    FROM {{ source.name | ident }}._pg_type
    WHERE typtype = 'd'
),

base_types AS (
    SELECT
        known_as,
        attnum,
        type,
        modifier,
        typname,
        typtype,
        typbasetype,
        typtypmod
    FROM columns
    UNION ALL
    SELECT
        b.known_as,
        b.attnum,
        b.typbasetype,
        b.typtypmod,
        coalesce(d.typname, b.typname),
        coalesce(d.typtype, 'b'),
        d.typbasetype,
        d.typtypmod
    FROM base_types AS b
    LEFT JOIN domains AS d ON b.typbasetype = d.oid
    WHERE b.typtype = 'd'
),

described_columns AS (
    SELECT
        c.*,
        b.type AS base_type,
        b.modifier AS base_modifier,
        b.typname AS base_name,
        coalesce(
            l.oid < 10000
            AND coalesce(e.typrelid, l.typrelid) = 0 -- row types of catalogs vary with the version
            AND l.typname !~ '^_?(reg|aclitem|pg_node|pg_ndis|pg_dep|pg_mcv|pg_brin)'
            AND l.typname NOT IN ('xml', '_xml'), -- not every build of PostgreSQL supports it
            false
        ) AS is_known
    FROM columns AS c
    INNER JOIN base_types AS b ON c.known_as = b.known_as AND c.attnum = b.attnum
    LEFT JOIN pg_type AS l ON b.type = l.oid
    LEFT JOIN pg_type AS e ON l.typelem = e.oid
    WHERE b.typtype <> 'd'
)

SELECT
    known_as AS table_name,
    nspname AS schema_name,
    relname AS name_in_schema,
    attnum AS position,
    attname AS column_name,
    CASE WHEN is_known THEN format_type(base_type, base_modifier) ELSE 'text' END AS type,
    CASE WHEN NOT is_known AND base_name <> 'citext' THEN base_name END AS source_type,
    base_name = 'citext' AS is_case_insensitive,
    attcollation IN (SELECT c.oid FROM loose_collations AS c) AS is_nondeterministic,
    attnotnull AS not_null,
    array_position(conkey, attnum) AS key_position
FROM described_columns;
COMMENT ON VIEW {{ source.name | ident }}._columns IS
'The present columns of the mounted tables, described as in the contract of the source. Grain: one column.';
