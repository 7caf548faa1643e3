{#- Rendered by `fdwarehouse doctor` for a source that it mounts and rolls back. -#}
CREATE FOREIGN TABLE {{ source.name | ident }}._pg_stat_activity (
    pid integer,
    application_name text
) SERVER {{ source.name | ident }} OPTIONS (schema_name 'pg_catalog', table_name 'pg_stat_activity');
COMMENT ON FOREIGN TABLE {{ source.name | ident }}._pg_stat_activity IS 'Sessions of the source.';

CREATE FOREIGN TABLE {{ source.name | ident }}._pg_stat_ssl (
    pid integer,
    ssl boolean
) SERVER {{ source.name | ident }} OPTIONS (schema_name 'pg_catalog', table_name 'pg_stat_ssl');
COMMENT ON FOREIGN TABLE {{ source.name | ident }}._pg_stat_ssl IS 'Sessions of the source over TCP, and whether they are encrypted.';

CREATE VIEW {{ source.name | ident }}._tls AS
SELECT
    a.application_name,
    s.ssl
FROM {{ source.name | ident }}._pg_stat_activity AS a
INNER JOIN {{ source.name | ident }}._pg_stat_ssl AS s ON a.pid = s.pid;
COMMENT ON VIEW {{ source.name | ident }}._tls IS 'Whether sessions of the source are encrypted. Grain: one session over TCP.';
