{#- Rendered once per source, and by `fdwarehouse contract` for one that is not mounted yet. -#}
-- The catalog of {{ source.name }}, to compare it with its contract.
CREATE FOREIGN TABLE {{ source.name | ident }}._pg_namespace (
    oid oid,
    nspname text
) SERVER {{ source.name | ident }} OPTIONS (schema_name 'pg_catalog', table_name 'pg_namespace');
COMMENT ON FOREIGN TABLE {{ source.name | ident }}._pg_namespace IS 'Schemas of the source.';

CREATE FOREIGN TABLE {{ source.name | ident }}._pg_class (
    oid oid,
    relname text,
    relnamespace oid,
    relkind text,
    relispartition boolean,
    reltuples real
) SERVER {{ source.name | ident }} OPTIONS (schema_name 'pg_catalog', table_name 'pg_class');
COMMENT ON FOREIGN TABLE {{ source.name | ident }}._pg_class IS 'Tables of the source.';

CREATE FOREIGN TABLE {{ source.name | ident }}._pg_inherits (
    inhrelid oid,
    inhparent oid
) SERVER {{ source.name | ident }} OPTIONS (schema_name 'pg_catalog', table_name 'pg_inherits');
COMMENT ON FOREIGN TABLE {{ source.name | ident }}._pg_inherits IS 'Tables of the source whose rows are read through another table.';

CREATE FOREIGN TABLE {{ source.name | ident }}._pg_depend (
    classid oid,
    objid oid,
    deptype text
) SERVER {{ source.name | ident }} OPTIONS (schema_name 'pg_catalog', table_name 'pg_depend');
COMMENT ON FOREIGN TABLE {{ source.name | ident }}._pg_depend IS 'Dependencies of the source, for the tables of extensions.';

CREATE FOREIGN TABLE {{ source.name | ident }}._pg_attribute (
    attrelid oid,
    attname text,
    atttypid oid,
    atttypmod integer,
    attnum smallint,
    attnotnull boolean,
    attisdropped boolean,
    attcollation oid
) SERVER {{ source.name | ident }} OPTIONS (schema_name 'pg_catalog', table_name 'pg_attribute');
COMMENT ON FOREIGN TABLE {{ source.name | ident }}._pg_attribute IS 'Columns of the source.';

CREATE FOREIGN TABLE {{ source.name | ident }}._pg_type (
    oid oid,
    typname text,
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

CREATE FOREIGN TABLE {{ source.name | ident }}._pg_collation (
    oid oid,
    collisdeterministic boolean
) SERVER {{ source.name | ident }} OPTIONS (schema_name 'pg_catalog', table_name 'pg_collation');
COMMENT ON FOREIGN TABLE {{ source.name | ident }}._pg_collation IS 'Collations of the source.';
