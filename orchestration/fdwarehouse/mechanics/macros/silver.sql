{#- The rules that a version breaks, as a text array; empty for an accepted version.
    rules: reason -> SQL condition, or a list of conditions, any of which breaks the rule. Rules do
    not apply to deleted rows. -#}
{%- macro reject_reasons(rules) -%}
{%- set judged = rules.items() | selectattr(1) | list -%}
{%- if not judged -%}
'{}'::text[]
{%- else -%}
array_remove(
    ARRAY[
        {%- for reason, conditions in judged %}
        CASE
            WHEN is_deleted THEN NULL
            WHEN {{ conditions | listed | join("\n                OR ") }}
                THEN {{ reason | literal }}
        END{{ "," if not loop.last }}
        {%- endfor %}
    ],
    NULL
)
{%- endif -%}
{%- endmacro -%}

{#- Whether a version is accepted. The planner estimates that an inequality holds for a third of the
    rows, but an equality only for one in 200. -#}
{%- macro is_accepted(alias=none) -%}
cardinality({{ alias ~ "." if alias }}reject_reasons) < 1
{%- endmacro -%}

{%- macro has_new_versions(versions) -%}
EXISTS (SELECT FROM {{ versions }} AS n WHERE n._run_id > p_since_run_id)
{%- endmacro -%}

{#- The expected rows of a silver table whose key is computed and not the key of the source. Two source
    rows can then get the same key, and a row can change its key, so all versions are read when there
    are new ones. The row of a key is the one that has it now; if there is none, the last one that had
    it, as deleted. Two live rows with the same key are an error: neither may hide or delete the other.
    Three CTEs: source_versions, rows_by_key and duplicate_keys. -#}
{%- macro rows_by_computed_key(versions, key, columns) -%}
{%- set keys = key | map("ident") | join(", ") -%}
source_versions AS MATERIALIZED (
    SELECT
        {{ compare.columns_of(key + columns) | indent(8) }},
        _run_id,
        _source_key,
        is_deleted
        OR lead(_run_id) OVER (PARTITION BY _source_key ORDER BY _run_id) IS NOT NULL AS is_deleted
    FROM {{ versions }}
    WHERE
        {{ is_accepted() }}
        AND {{ has_new_versions(versions) }}
),

rows_by_key AS MATERIALIZED (
    SELECT DISTINCT ON ({{ keys }}) *
    FROM source_versions
    ORDER BY {{ keys }}, is_deleted, _run_id DESC
),

duplicate_keys AS (
    SELECT
        jsonb_build_object(
            {%- for c in key %}
            {{ c | literal }}, {{ c | ident }}{{ "," if not loop.last }}
            {%- endfor %}
        ) AS key,
        count(*) AS row_count,
        'The key is computed from the rows with the keys '
        || string_agg(array_to_string(_source_key, ', '), ' and ' ORDER BY _source_key)
        || ' of the source: reject one of them by a rule, or compute a different key.' AS hint
    FROM source_versions
    WHERE NOT is_deleted
    GROUP BY {{ keys }}
    HAVING count(*) > 1
    ORDER BY {{ keys }}
    LIMIT 1
),

{% endmacro -%}

{#- The CTEs rejected_versions and standing_rejects: the expected rows of silver.rejected_rows for the
    affected keys. Reads the CTE accepted_versions.
    columns      those of the table, without is_deleted
    listed       the columns as formatted SQL; by default one per line -#}
{%- macro standing_rejects(versions, key, columns, is_computed, listed=none) -%}
{%- set keys = key | map("ident") | join(", ") -%}
rejected_versions AS (
    {%- if is_computed %}
    SELECT * -- rejects are per row of the source, not per computed key
    FROM (
        SELECT DISTINCT ON (_source_key)
            {{ (listed or compare.columns_of(columns)) | indent(12) }},
            _source_key,
            reject_reasons,
            _run_id
        FROM {{ versions }}
        WHERE {{ has_new_versions(versions) }}
        ORDER BY _source_key, _run_id DESC
    ) AS latest
    WHERE reject_reasons <> '{}'
    {%- else %}
    SELECT DISTINCT ON ({{ keys }})
        {{ (listed or compare.columns_of(columns)) | indent(8) }},
        reject_reasons,
        _run_id
    FROM {{ versions }}
    WHERE _run_id > p_since_run_id AND reject_reasons <> '{}'
    ORDER BY {{ keys }}, _run_id DESC
    {%- endif %}
),

standing_rejects AS (
    SELECT
        {{ compare.columns_of(key, 'r') | indent(8) }},
        jsonb_build_object(
            {%- for c in key %}
            {{ c | literal }}, r.{{ c | ident }}{{ "," if is_computed or not loop.last }}
            {%- endfor %}
            {%- if is_computed %}
            '_source_key', r._source_key
            {%- endif %}
        ) AS reject_key,
        r.reject_reasons,
        etl.storable_jsonb(to_json(r.*))
        - '{reject_reasons,_run_id{{ ",_source_key" if is_computed }}}'::text[] AS rejected_row,
        r._run_id
    FROM rejected_versions AS r
    {%- if not is_computed %}
    LEFT JOIN accepted_versions AS a ON {{ compare.same_key('r', 'a', key) }}
    WHERE a._run_id IS NULL OR a._run_id < r._run_id
    {%- endif %}
)
{%- endmacro -%}

{#- The CTEs set_aside_rows and cleared_rows, which write standing_rejects to silver.rejected_rows.
    table        the table that rejects the rows -#}
{%- macro set_aside(table, key, versions, is_computed) -%}
set_aside_rows AS (
    INSERT INTO silver.rejected_rows AS t (model, key, reasons, rejected_row, _run_id)
    SELECT
        {{ table | literal }},
        reject_key,
        reject_reasons,
        rejected_row,
        _run_id
    FROM standing_rejects
    ON CONFLICT (model, md5(key::text)) DO UPDATE
        SET reasons = excluded.reasons,
            rejected_row = excluded.rejected_row,
            _run_id = excluded._run_id
        WHERE (t.reasons, t.rejected_row, t._run_id)
        <> (excluded.reasons, excluded.rejected_row, excluded._run_id)
    RETURNING 1
),

cleared_rows AS (
    DELETE FROM silver.rejected_rows AS t
    WHERE
        t.model = {{ table | literal }}
        AND NOT EXISTS (SELECT FROM standing_rejects AS s WHERE s.reject_key = t.key)
        AND (
            p_since_run_id = 0
            {%- if is_computed %}
            OR {{ has_new_versions(versions) }}
            {%- else %}
            OR EXISTS (
                SELECT FROM accepted_versions AS a
                WHERE
                    {%- for c in key %}
                    {{ "AND " if not loop.first }}(jsonb_populate_record(NULL::{{ table }}, t.key)).{{ c | ident }}
                    = a.{{ c | ident }}
                    {%- endfor %}
            )
            {%- endif %}
        )
    RETURNING 1
)
{%- endmacro -%}

{#- A silver table holds the latest accepted version of each key. Rejected versions are set aside and
    the last accepted version stays. A deletion marks the row.
    table     name of the table in silver
    versions  view with all cleaned versions: the key, the columns, is_deleted, reject_reasons,
              _run_id
    key       key columns
    columns   the other columns
    For computed keys, see rows_by_computed_key. -#}
{%- macro write_latest(table, versions, key, columns) -%}
{%- set key, columns = key | listed, columns | listed -%}
{%- set keys = key | map("ident") | join(", ") -%}
{%- set is_computed = key_is_computed(versions, key) -%}
{{ routine.writer('silver.write_' ~ table) }}
BEGIN ATOMIC
    WITH {{ rows_by_computed_key(versions, key, columns) | indent(4) if is_computed -}}
    accepted_versions AS (
        {%- if is_computed %}
        SELECT
            {{ compare.columns_of(key + columns) | indent(12) }},
            is_deleted,
            _run_id
        FROM rows_by_key
        {%- else %}
        SELECT DISTINCT ON ({{ keys }})
            {{ compare.columns_of(key + columns) | indent(12) }},
            is_deleted,
            _run_id
        FROM {{ versions }}
        WHERE _run_id > p_since_run_id AND {{ is_accepted() }}
        ORDER BY {{ keys }}, _run_id DESC
        {%- endif %}
    ),

    {{ standing_rejects(versions, key, key + columns, is_computed) | indent(4) }},

    affected_keys AS (
        SELECT {{ keys }}
        FROM silver.{{ table | ident }}
        WHERE p_since_run_id = 0
    ),

    {{ merge.write_difference(
        'silver.' ~ (table | ident),
        key=key,
        columns=columns + ['is_deleted'],
        source='accepted_versions',
        affected_keys='affected_keys',
        returns=['is_deleted'],
        distinct=true,
    ) | indent(4) }},

    {{ set_aside('silver.' ~ (table | ident), key, versions, is_computed) | indent(4) }}

    SELECT
        (SELECT count(*) FROM accepted_versions)
        + (SELECT count(*) FROM standing_rejects) AS rows_read,
        (SELECT count(*) FROM inserted_rows) AS rows_inserted,
        (SELECT count(*) FROM updated_rows WHERE NOT is_deleted OR old_is_deleted) AS rows_updated,
        (SELECT count(*) FROM updated_rows WHERE is_deleted AND NOT old_is_deleted)
        + (SELECT count(*) FROM removed_rows)
        {%- if is_computed %}
        + coalesce(
            (
                SELECT
                    etl.raise_duplicate_key(
                        {{ ('silver.' ~ (table | ident)) | literal }}, t.key, t.row_count, t.hint
                    )
                FROM duplicate_keys AS t
            ),
            0
        )
        {%- endif %} AS rows_deleted,
        (SELECT count(*) FROM set_aside_rows) AS rows_rejected;
END;
COMMENT ON FUNCTION silver.write_{{ table }} IS
'Brings silver.{{ table }} up to date with the latest accepted versions in {{ versions }}. Arguments: the run; the run since which changes are read (0: all). Returns counts.';
{%- endmacro -%}
