{#- Rendered once per source. -#}
-- Divides tables that were never loaded into chunks. The statistics of the source give the bounds:
-- any two neighboring bounds of a histogram have equally many rows between them, whatever the type.
-- A table is one chunk if it has no histogram; if its key is citext, which is mounted as text and
-- sorts differently; or if bronze already has rows of it, because only a full read finds deletions.
CREATE FUNCTION {{ creates }}(p_run_id bigint, p_chunk_rows bigint) RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH tables (model, schema_name, table_name, key_column, is_empty) AS (
        VALUES
        {%- for t in tables %}
        (
            {{ t.model | literal }},
            {{ t.schema_name | literal }},
            {{ t.table_name | literal }},
            {{ (none if t.first_key.source_type or t.first_key.mask else t.first_key.name) | literal }},
            NOT EXISTS (SELECT FROM {{ t.raw_table }})
        ){{ "," if not loop.last }}
        {%- endfor %}
    ),

    due_tables AS (
        SELECT t.*
        FROM tables AS t
        WHERE
            NOT EXISTS (SELECT FROM etl.watermarks AS w WHERE w.model = t.model)
            AND NOT EXISTS (SELECT FROM etl.drift AS f WHERE f.breaks = t.model)
            AND NOT EXISTS (SELECT FROM etl.chunks AS c WHERE c.model = t.model)
    ),

    sizes AS MATERIALIZED (
        SELECT
            n.nspname AS schema_name,
            c.relname AS table_name,
            greatest(c.reltuples, 0) AS row_count
        FROM {{ source.name | ident }}._pg_class AS c
        INNER JOIN {{ source.name | ident }}._pg_namespace AS n ON c.relnamespace = n.oid
        WHERE
            c.relname = ANY((SELECT array_agg(t.table_name) FROM due_tables AS t)::text[])
            AND n.nspname = ANY((SELECT array_agg(t.schema_name) FROM due_tables AS t)::text[])
    ),

    histograms AS MATERIALIZED (
        SELECT
            schemaname AS schema_name,
            tablename AS table_name,
            attname AS key_column,
            inherited,
            histogram_bounds::text[] AS bounds
        FROM {{ source.name | ident }}._pg_stats
        WHERE
            schemaname = ANY((SELECT array_agg(t.schema_name) FROM due_tables AS t)::text[])
            AND tablename = ANY((SELECT array_agg(t.table_name) FROM due_tables AS t)::text[])
            AND attname = ANY((SELECT array_agg(t.key_column) FROM due_tables AS t)::text[])
            AND (schemaname, tablename, attname) NOT IN (
                SELECT
                    c.schema_name,
                    c.name_in_schema,
                    c.column_name
                FROM {{ source.name | ident }}._columns AS c
                WHERE c.is_case_insensitive
            )
    ),

    -- A chunk has the number of bins whose rows are nearest to p_chunk_rows.
    measured_tables AS (
        SELECT DISTINCT ON (t.model)
            t.model,
            coalesce(s.row_count, 0) AS row_count,
            h.bounds,
            cardinality(h.bounds) - 1 AS last_bound,
            least(
                cardinality(h.bounds),
                greatest(
                    1,
                    round(p_chunk_rows / greatest(s.row_count, 1) * (cardinality(h.bounds) - 1))
                )
            )::integer AS bins
        FROM due_tables AS t
        LEFT JOIN sizes AS s
            ON t.schema_name = s.schema_name AND t.table_name = s.table_name
        LEFT JOIN histograms AS h
            ON t.is_empty
                AND t.schema_name = h.schema_name
                AND t.table_name = h.table_name
                AND t.key_column = h.key_column
        ORDER BY t.model, h.inherited DESC NULLS LAST
    ),

    cuts AS (
        SELECT
            model,
            row_count,
            0 AS bound,
            NULL AS from_key
        FROM measured_tables
        UNION ALL
        SELECT
            m.model,
            m.row_count,
            b.bound,
            m.bounds[b.bound + 1]
        FROM measured_tables AS m
        CROSS JOIN generate_series(m.bins, m.last_bound - 1, m.bins) AS b (bound)
    )

    INSERT INTO etl.chunks (model, chunk, from_key, before_key, estimated_rows, fence_run_id)
    SELECT
        model,
        row_number() OVER (PARTITION BY model ORDER BY bound),
        from_key,
        lead(from_key) OVER (PARTITION BY model ORDER BY bound),
        row_count / count(*) OVER (PARTITION BY model),
        p_run_id
    FROM cuts;
END;
COMMENT ON FUNCTION {{ creates }} IS
'Divides the tables of {{ source.name }} that were never loaded into chunks, in etl.chunks. Arguments: the run whose fence has been read, the rows per chunk.';
