{#- Rendered once per source. -#}
-- Sets how many rows {{ source.name }} sends at once, because they are in memory together, twice:
-- as many as fit into 16 MB. The row size is the larger of the estimates from statistics, which
-- ignore the size of TOASTed values, and from the first rows, which may not be typical. Without
-- any estimate, rows are assumed to be large.
DO $$
DECLARE
    v_table text;
    v_chosen integer;
    v_bytes numeric;
    v_seen_bytes numeric;
BEGIN
    FOR v_table, v_chosen, v_bytes IN
        WITH tables (schema_name, name, foreign_table, fetch_size) AS (
            VALUES
            {%- for t in source.tables %}
            ({{ t.schema_name | literal }}, {{ t.table_name | literal }}, {{ t.mounted_table | literal }}, {{ t.fetch_size or "NULL::integer" }}){{ "," if not loop.last }}
            {%- endfor %}
        ),

        widths AS MATERIALIZED (
            SELECT schemaname, tablename, sum(avg_width) AS bytes
            FROM {{ source.name | ident }}._pg_stats
            WHERE schemaname = ANY((SELECT array_agg(t.schema_name) FROM tables AS t)::text[])
                AND tablename = ANY((SELECT array_agg(t.name) FROM tables AS t)::text[])
                AND NOT inherited
            GROUP BY schemaname, tablename
        )

        SELECT t.foreign_table, t.fetch_size, w.bytes
        FROM tables AS t
        LEFT JOIN widths AS w ON t.schema_name = w.schemaname AND t.name = w.tablename
    LOOP
        IF v_chosen IS NULL THEN
            v_seen_bytes := NULL;
            BEGIN
                EXECUTE format(
                    'SELECT avg(octet_length(t::text)) FROM (SELECT * FROM %s LIMIT 30) AS t',
                    v_table
                )
                INTO v_seen_bytes;
            EXCEPTION WHEN object_not_in_prerequisite_state THEN
                NULL; -- a materialized view without data; the deploy has warned of it
            END;
            v_bytes := greatest(v_bytes, v_seen_bytes);
            v_chosen := CASE
                WHEN v_bytes IS NULL THEN 500
                ELSE least(greatest(16 * 1024 * 1024 / greatest(v_bytes, 1), 10), 10000)
            END;
        END IF;
        EXECUTE format('ALTER FOREIGN TABLE %s OPTIONS (ADD fetch_size %L)', v_table, v_chosen);
    END LOOP;
END;
$$;
