{#- Rendered once a source, and by `fdwarehouse contract` for one that is not mounted yet. -#}
-- The catalogue of {{ source.name }}, to compare it with its contract.
CREATE FOREIGN TABLE {{ source.name | ident }}._pg_namespace (
    oid oid,
    nspname name
) SERVER {{ source.name | ident }} OPTIONS (schema_name 'pg_catalog', table_name 'pg_namespace');
COMMENT ON FOREIGN TABLE {{ source.name | ident }}._pg_namespace IS 'Schemas of the source.';

CREATE FOREIGN TABLE {{ source.name | ident }}._pg_class (
    oid oid,
    relname name,
    relnamespace oid,
    relkind text
) SERVER {{ source.name | ident }} OPTIONS (schema_name 'pg_catalog', table_name 'pg_class');
COMMENT ON FOREIGN TABLE {{ source.name | ident }}._pg_class IS 'Tables of the source.';

CREATE FOREIGN TABLE {{ source.name | ident }}._pg_attribute (
    attrelid oid,
    attname name,
    atttypid oid,
    atttypmod integer,
    attnum smallint,
    attnotnull boolean,
    attisdropped boolean
) SERVER {{ source.name | ident }} OPTIONS (schema_name 'pg_catalog', table_name 'pg_attribute');
COMMENT ON FOREIGN TABLE {{ source.name | ident }}._pg_attribute IS 'Columns of the source.';

CREATE FOREIGN TABLE {{ source.name | ident }}._pg_type (
    oid oid,
    typname name,
    typtype text,
    typbasetype oid,
    typtypmod integer
) SERVER {{ source.name | ident }} OPTIONS (schema_name 'pg_catalog', table_name 'pg_type');
COMMENT ON FOREIGN TABLE {{ source.name | ident }}._pg_type IS 'Types of the source.';

CREATE FOREIGN TABLE {{ source.name | ident }}._pg_constraint (
    conrelid oid,
    contype text,
    conkey smallint[]
) SERVER {{ source.name | ident }} OPTIONS (schema_name 'pg_catalog', table_name 'pg_constraint');
COMMENT ON FOREIGN TABLE {{ source.name | ident }}._pg_constraint IS 'Constraints of the source, for its primary keys.';

-- Object numbers below 10,000 are given by hand and are the same in every version and database. Of
-- these, some hold names of the source's own objects, or have no input at all.
-- https://www.postgresql.org/docs/18/system-catalog-initial-data.html#SYSTEM-CATALOG-OID-ASSIGNMENT
CREATE VIEW {{ source.name | ident }}._columns AS
WITH RECURSIVE columns AS MATERIALIZED (
    SELECT
        c.relname,
        a.attname,
        a.attnum,
        a.attnotnull,
        k.conkey,
        y.oid AS type,
        a.atttypmod AS modifier,
        y.typname,
        y.typtype,
        y.typbasetype,
        y.typtypmod
    FROM {{ source.name | ident }}._pg_namespace AS n
    INNER JOIN {{ source.name | ident }}._pg_class AS c ON n.oid = c.relnamespace
    INNER JOIN {{ source.name | ident }}._pg_attribute AS a ON c.oid = a.attrelid
    INNER JOIN {{ source.name | ident }}._pg_type AS y ON a.atttypid = y.oid
    LEFT JOIN {{ source.name | ident }}._pg_constraint AS k ON c.oid = k.conrelid AND k.contype = 'p'
    WHERE
        n.nspname = {{ source.schema_name | literal }}
        AND c.relname = ANY(ARRAY[
            {%- for name in table_names %}
            {{ name | literal }}{{ "," if not loop.last }}
            {%- endfor %}
        ]::name[])
        AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
        AND a.attnum > 0
        AND NOT a.attisdropped
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
            AND l.typname !~ '^_?(reg|aclitem|pg_node|pg_ndis|pg_dep|pg_mcv|pg_brin)',
            false
        ) AS is_known
    FROM columns AS c
    INNER JOIN base_types AS b ON c.relname = b.relname AND c.attnum = b.attnum
    LEFT JOIN pg_type AS l ON b.type = l.oid
    WHERE b.typtype <> 'd'
)

SELECT
    relname::text AS table_name,
    attnum AS position,
    attname::text AS column_name,
    CASE WHEN is_known THEN format_type(base_type, base_modifier) ELSE 'text' END AS type,
    CASE WHEN NOT is_known AND base_name <> 'citext' THEN base_name::text END AS source_type,
    attnotnull AS not_null,
    array_position(conkey, attnum) AS key_position
FROM described_columns;
COMMENT ON VIEW {{ source.name | ident }}._columns IS
'The tables of the source that are wanted, as they are now, described as in its contract. Grain: one column.';
