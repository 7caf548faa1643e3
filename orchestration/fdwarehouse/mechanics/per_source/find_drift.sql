-- Drift that breaks a table prevents that table from being read. Additional columns are only
-- reported.
CREATE FUNCTION {{ source.name | ident }}.find_drift(p_run_id bigint, p_time_zone text) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET enable_nestloop = off -- the planner expects few rows from the catalog of the source
AS $$
DECLARE
    v_differences jsonb;
    v_new record;
BEGIN
    WITH live AS MATERIALIZED (
        SELECT
            *,
            bool_or(key_position IS NOT NULL) OVER (PARTITION BY table_name) AS has_key
        FROM {{ source.name | ident }}._columns
    ),

    expected AS (
        SELECT *, format_type(to_regtype(type), to_regtypemod(type)) AS full_type
        FROM etl.source_columns
        WHERE source_name = {{ source.name | literal }}
    ),

    raw_tables (table_name, raw_table, schema_name, name_in_schema) AS (
        VALUES
        {%- for t in source.tables %}
        (
            {{ t.name | literal }},
            {{ t.model | literal }},
            {{ t.schema_name | literal }},
            {{ t.table_name | literal }}
        ){{ "," if not loop.last }}
        {%- endfor %}
    ),

    {%- set left_out = source.tables | selectattr("left_out") | list %}
    {%- if left_out %}
    left_out_columns (table_name, column_name) AS ( -- null: all that are not expected
        VALUES
        {%- for t in left_out %}
        {%- for column in t.left_out %}
        ({{ t.name | literal }}, {{ column | literal }}::text){{ "," if not loop.last }}
        {%- endfor %}
        {{- "," if not loop.last }}
        {%- endfor %}
    ),
    {%- endif %}

    gone_columns AS (
        SELECT
            e.table_name,
            e.column_name,
            (e.full_type, e.source_type) AS type,
            count(*) OVER (PARTITION BY e.table_name) AS row_count
        FROM expected AS e
        WHERE EXISTS (SELECT FROM live AS o WHERE o.table_name = e.table_name)
            AND NOT EXISTS (
                SELECT FROM live AS l
                WHERE l.table_name = e.table_name AND l.column_name = e.column_name
            )
    ),

    new_columns AS (
        SELECT
            l.table_name,
            l.column_name,
            (l.type, l.source_type) AS type,
            count(*) OVER (PARTITION BY l.table_name) AS row_count
        FROM live AS l
        WHERE NOT EXISTS (
            SELECT FROM expected AS e
            WHERE e.table_name = l.table_name AND e.column_name = l.column_name
        )
        {%- if left_out %}
            AND NOT EXISTS (
                SELECT FROM left_out_columns AS o
                WHERE o.table_name = l.table_name
                    AND coalesce(o.column_name, l.column_name) = l.column_name
            )
        {%- endif %}
    ),

    renamed_columns AS ( -- as far as the catalog shows it
        SELECT
            g.table_name,
            g.column_name AS former_name,
            n.column_name AS present_name
        FROM gone_columns AS g
        INNER JOIN new_columns AS n
            ON g.table_name = n.table_name AND g.type IS NOT DISTINCT FROM n.type
        WHERE g.row_count = 1 AND n.row_count = 1
    ),

    differences (subject, difference, broken_table) AS (
        SELECT DISTINCT e.table_name, 'the table is gone', e.table_name
        FROM expected AS e
        WHERE NOT EXISTS (SELECT FROM live AS l WHERE l.table_name = e.table_name)
        UNION ALL
        SELECT
            format('%s.%s', e.table_name, e.column_name),
            CASE
                WHEN r.present_name IS NOT NULL
                    THEN format('the column is gone; it may have been renamed to %s', r.present_name)
                WHEN l.column_name IS NULL THEN 'the column is gone'
                WHEN (l.type, l.source_type) IS DISTINCT FROM (e.full_type, e.source_type)
                    THEN format(
                        'its type is %s, no longer %s',
                        coalesce(l.source_type, l.type), coalesce(e.source_type, e.full_type)
                    )
                WHEN e.is_watermark AND NOT l.not_null THEN 'the watermark is nullable now'
                WHEN l.key_position <> e.key_position OR e.key_position IS NULL
                    THEN 'the primary key has changed'
            END,
            e.table_name
        FROM expected AS e
        LEFT JOIN live AS l ON e.table_name = l.table_name AND e.column_name = l.column_name
        LEFT JOIN renamed_columns AS r
            ON e.table_name = r.table_name AND e.column_name = r.former_name
        WHERE EXISTS (SELECT FROM live AS o WHERE o.table_name = e.table_name)
            AND (
                l.column_name IS NULL
                OR (l.type, l.source_type) IS DISTINCT FROM (e.full_type, e.source_type)
                OR (e.is_watermark AND NOT l.not_null)
                OR (
                    l.has_key
                    AND l.key_position IS DISTINCT FROM e.key_position
                    AND EXISTS (
                        SELECT FROM expected AS k
                        WHERE k.table_name = e.table_name AND k.key_position IS NOT NULL
                    )
                )
            )
        UNION ALL
        SELECT format('%s.%s', n.table_name, n.column_name), 'a new column, which is not read', NULL
        FROM new_columns AS n
        WHERE NOT EXISTS (
            SELECT FROM renamed_columns AS r
            WHERE r.table_name = n.table_name AND r.present_name = n.column_name
        )
        {%- if source.patterns %}
        UNION ALL
        SELECT
            CASE
                WHEN t.schema_name = {{ source.schema_name | literal }} THEN t.table_name
                ELSE format('%s.%s', t.schema_name, t.table_name)
            END,
            'a new table, which is not read',
            NULL
        FROM {{ source.name | ident }}._tables AS t
        WHERE t.is_table
            AND NOT EXISTS (
                SELECT FROM raw_tables AS r
                WHERE r.schema_name = t.schema_name AND r.name_in_schema = t.table_name
            )
            AND ({{ bronze.matches_any(source.patterns, "t") }})
            {%- if source.exclusions %}
            AND NOT ({{ bronze.matches_any(source.exclusions, "t") }})
            {%- endif %}
        {%- endif %}
        UNION ALL
        SELECT DISTINCT e.table_name, 'it no longer has a primary key', e.table_name
        FROM expected AS e
        INNER JOIN live AS l ON e.table_name = l.table_name
        WHERE e.key_position IS NOT NULL AND NOT l.has_key
        UNION ALL
        SELECT
            'TimeZone',
            format('it is %s, no longer %s', p_time_zone, contract_time_zone),
            NULL
        FROM etl.sources
        WHERE source_name = {{ source.name | literal }}
            AND contract_time_zone <> p_time_zone
    )

    SELECT
        jsonb_agg(
            jsonb_build_object(
                'source_name', {{ source.name | literal }},
                'subject', d.subject,
                'difference', d.difference,
                'breaks', r.raw_table,
                '_run_id', p_run_id
            )
        )
    INTO v_differences
    FROM differences AS d
    LEFT JOIN raw_tables AS r ON d.broken_table = r.table_name;

    DELETE FROM etl.drift AS d
    WHERE d.source_name = {{ source.name | literal }}
        AND NOT EXISTS (
            SELECT FROM jsonb_populate_recordset(NULL::etl.drift, v_differences) AS s
            WHERE s.subject = d.subject AND s.difference = d.difference
                AND s.breaks IS NOT DISTINCT FROM d.breaks
        );
    FOR v_new IN
        INSERT INTO etl.drift
        SELECT * FROM jsonb_populate_recordset(NULL::etl.drift, v_differences)
        ON CONFLICT DO NOTHING
        RETURNING *
    LOOP
        CONTINUE WHEN v_new.breaks IS NOT NULL; -- the step of that table raises it
        RAISE WARNING '{{ source.name }}.%: %', v_new.subject, v_new.difference;
    END LOOP;
END;
$$;
COMMENT ON FUNCTION {{ source.name | ident }}.find_drift IS
'Compares the catalog of the source with its contract and stores the differences in etl.drift. Arguments: the run, the present time zone of the source.';
