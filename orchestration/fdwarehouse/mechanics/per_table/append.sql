{#- Rendered once a table of a source: bronze.append_raw_<table>. -#}
-- Appends the versions of {{ table.name }} that bronze does not hold yet. Grain: one version of one row.
{{ routine.writer('bronze.append_' ~ table.raw_name) }}
BEGIN ATOMIC
    WITH extracted_rows AS MATERIALIZED (
        SELECT
            {{ compare.columns_of(table.columns) | indent(12) }}
        FROM {{ table.foreign_table }}
        {%- if table.watermark %}
        WHERE {{ table.watermark | ident }} >= (
            SELECT {{ table.lower_bound }}(
                'bronze.{{ table.raw_name }}', p_run_id, p_after_run_id
            )
        )
        {%- endif %}
    ),

    latest_versions AS (
        SELECT DISTINCT ON ({{ compare.list_of(table.key, 'b') }})
            {{ compare.columns_of(table.columns, 'b') | indent(12) }},
            b._is_deleted
        FROM bronze.{{ table.raw_name | ident }} AS b
        WHERE ({{ compare.list_of(table.key, 'b') }}) IN (
            SELECT {{ compare.list_of(table.key, 'e') }} FROM extracted_rows AS e
        )
        ORDER BY {{ compare.list_of(table.key, 'b') }}, b._run_id DESC
    ),

    appended_rows AS (
        INSERT INTO bronze.{{ table.raw_name | ident }} (
            {{ compare.columns_of(table.columns) | indent(12) }},
            _run_id,
            _extracted_at
        )
        SELECT
            {{ compare.columns_of(table.columns, 'e') | indent(12) }},
            p_run_id,
            now()
        FROM extracted_rows AS e
        LEFT JOIN latest_versions AS v ON {{ compare.same_key('e', 'v', table.key) }}
        WHERE
            v.{{ table.key[0] | ident }} IS NULL
            OR v._is_deleted
            OR {{ compare.images_differ('e', 'v', table.columns) | indent(12) }}
        RETURNING 1
    )

    SELECT
        (SELECT count(*) FROM extracted_rows) AS rows_read,
        (SELECT count(*) FROM appended_rows) AS rows_inserted,
        0::bigint AS rows_updated,
        0::bigint AS rows_deleted,
        0::bigint AS rows_rejected;
END;
COMMENT ON FUNCTION bronze.append_{{ table.raw_name }} IS
'Writes what differs between {{ table.foreign_table }} and the latest versions in bronze.{{ table.raw_name }}. Arguments: the run, and 0 to read the whole table rather than what changed since the last fence. Returns counts.';
