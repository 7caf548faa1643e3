{#- Rendered once per source, and by `fdwarehouse contract` for one that is not mounted yet. -#}
-- OIDs below 10,000 are assigned by hand and are the same in every version and database. Some types
-- among them have names of objects of the source as values, or no input function.
-- https://www.postgresql.org/docs/18/system-catalog-initial-data.html#SYSTEM-CATALOG-OID-ASSIGNMENT
CREATE VIEW {{ source.name | ident }}._columns AS
WITH RECURSIVE tables AS MATERIALIZED (
    SELECT
        oid,
        relname
    FROM {{ source.name | ident }}._pg_class
    WHERE
        relname = ANY(ARRAY[
            {%- for name in table_names %}
            {{ name | literal }}{{ "," if not loop.last }}
            {%- endfor %}
        ])
        AND relkind IN ('r', 'p', 'v', 'm', 'f')
        AND relnamespace = (
            SELECT n.oid FROM {{ source.name | ident }}._pg_namespace AS n
            WHERE n.nspname = {{ source.schema_name | literal }}
        )
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
        relname,
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
        b.relname,
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
            AND l.typname !~ '^_?(reg|aclitem|pg_node|pg_ndis|pg_dep|pg_mcv|pg_brin)',
            false
        ) AS is_known
    FROM columns AS c
    INNER JOIN base_types AS b ON c.relname = b.relname AND c.attnum = b.attnum
    LEFT JOIN pg_type AS l ON b.type = l.oid
    LEFT JOIN pg_type AS e ON l.typelem = e.oid
    WHERE b.typtype <> 'd'
)

SELECT
    relname AS table_name,
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
