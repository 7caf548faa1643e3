{#- Rendered once per table of a source: bronze.append_raw_<table>. A run, a full load, a chunk of a
    backfill and a reconciliation all call it. -#}
{%- set columns = table.columns -%}
{%- set keys = table.key -%}
{%- set model = table.model | literal -%}
{%- set first = keys[0] | ident -%}
{%- set named_key -%}
{% for c in keys %}{{ c | literal }}, r.{{ c | ident }}{{ ", " if not loop.last }}{% endfor %}
{%- endset -%}
{%- set unkeyed, keyed = bronze.is_unkeyed(table, "r"), bronze.is_keyed(table, "r") -%}
{#- Whether all rows of the table, or of some buckets, were read. -#}
{%- set is_complete = "p_since_run_id = 0 AND p_chunk IS NULL" if table.watermark else "true" -%}
{%- set number_of_rows = "coalesce(sum(_copies), 0)::bigint" if table.is_multiset else "count(*)" -%}
{#- Whether all rows without a watermark were read. -#}
{%- set reads_unstamped = "p_chunk IS NULL" ~ (" AND p_buckets IS NULL" if table.is_hashed) -%}
{#- Whether the whole table was read. -#}
{%- set is_whole = is_complete ~ " AND p_buckets IS NULL" -%}

{#- The latest version of each row in bronze that a condition holds for. -#}
{%- macro latest_versions(condition) -%}
SELECT DISTINCT ON ({{ keys | filled("b") | indent(4) }})
    {{ (columns + ["_is_deleted"]) | filled("b") | indent(4) }}
FROM {{ table.raw_table }} AS b
WHERE {{ condition | indent(4) }}
ORDER BY {{ keys | filled("b") | indent(4) }}, b._run_id DESC
{%- endmacro -%}

{%- set body -%}
{%- if table.watermark -%}
-- The arguments define what is read: the rows stamped since the fence of a run, or, if
-- p_since_run_id = 0, all rows, those of a chunk{{ ", or those in some buckets" if table.is_hashed }}. The planner sees them
-- as constants, so a condition that they decide is neither evaluated nor sent to the source.
{% endif -%}
{%- if table.is_multiset -%}
-- Rows are identical if their values have the same bytes: 1.0 and 1.00 differ.
WITH source_rows AS (
    SELECT s.*, encode(substr(sha256(record_send(s.*)), 1, 16), 'hex')::uuid AS _row_hash
    FROM {{ table.foreign_table }} AS s
),

read_rows AS MATERIALIZED (
    SELECT DISTINCT ON (s._row_hash) s.*, count(*) OVER (PARTITION BY s._row_hash) AS _copies
    FROM source_rows AS s
),
{%- else -%}
WITH read_rows AS MATERIALIZED (
    SELECT s.*
    FROM {{ table.foreign_table }} AS s
    WHERE
        {{ bronze.is_not_forgotten(table, "s") | indent(8) }}
        {%- if table.watermark %}
        AND (p_since_run_id = 0 OR {% if table.is_watermark_nullable %}{{ bronze.is_unstamped(table, "s") }} OR {% endif -%}
            {{ bronze.is_recent(table, source, "s", "p_since_run_id") | indent(8) }})
        AND (p_from_key IS NULL OR s.{{ first }} >= (SELECT p_from_key::{{ table.first_key.type }}))
        AND (p_before_key IS NULL OR s.{{ first }} < (SELECT p_before_key::{{ table.first_key.type }})
            OR (p_from_key IS NULL AND s.{{ first }} IS NULL)) -- nulls are in the first chunk
        {%- if table.is_hashed %}
        AND (p_buckets IS NULL OR {{ bronze.is_unkeyed(table, "s") }} OR (
            p_buckets <> '{}' AND {{ bronze.bucket_of(table, "s") }} = ANY (p_buckets)
        ))
        {%- endif %}
        {%- endif %}
),
{%- endif %}

keyed_rows AS NOT MATERIALIZED (
    SELECT r.* FROM read_rows AS r WHERE {{ keyed }}
),

unkeyed_rows AS (
    -- A row whose key has a null in it has no versions and is set aside.
    SELECT u.*
    FROM read_rows AS r
    CROSS JOIN LATERAL etl.describe_unkeyed_row(
        json_build_object({{ named_key }}), to_json(r.*)
    ) AS u
    WHERE {{ unkeyed }}
),

set_aside_rows AS (
    INSERT INTO silver.rejected_rows (model, key, reasons, rejected_row, _run_id)
    SELECT DISTINCT ON (u.key) {{ model }}, u.key, u.reasons, u.rejected_row, p_run_id
    FROM unkeyed_rows AS u
    ORDER BY u.key
    ON CONFLICT (model, md5(key::text)) DO NOTHING
    RETURNING 1
),

cleared_rows AS (
    DELETE FROM silver.rejected_rows AS t
    WHERE t.model = {{ model }} AND {{ is_complete }}
        AND NOT EXISTS (SELECT FROM unkeyed_rows AS u WHERE u.key = t.key)
),

known_versions AS MATERIALIZED (
    {%- if table.watermark %}
    -- The latest version of every row if all rows were read, ...
    (
        {%- set condition -%}
{{ is_complete }}
        {%- if table.is_hashed %}
AND (p_buckets IS NULL OR {{ bronze.bucket_of(table, "b") }} = ANY (p_buckets))
AND p_buckets IS DISTINCT FROM '{}'
        {%- endif %}
        {%- endset %}
        {{ latest_versions(condition) | indent(8) }}
    )
    UNION ALL
    (
        -- ... or of the rows that were read.
        {%- set condition -%}
NOT ({{ is_complete }})
AND ({{ keys | filled("b") }}) IN (SELECT {{ keys | filled("r") }} FROM keyed_rows AS r)
-- the rows of a chunk are adjacent in the index
AND (p_chunk IS NULL OR b.{{ first }} BETWEEN
    (SELECT r.{{ first }} FROM keyed_rows AS r ORDER BY r.{{ first }} LIMIT 1)
    AND (SELECT r.{{ first }} FROM keyed_rows AS r ORDER BY r.{{ first }} DESC LIMIT 1))
        {%- endset %}
        {{ latest_versions(condition) | indent(8) }}
    )
    {%- else %}
    {{ latest_versions("true") | indent(4) }}
    {%- endif %}
),

gone_rows AS MATERIALIZED (
    SELECT v.*
    FROM known_versions AS v
    WHERE {{ is_complete }}
        AND NOT EXISTS (SELECT FROM keyed_rows AS r WHERE {{ compare.same_key("r", "v", keys) }})
),

new_versions AS MATERIALIZED (
    SELECT r.*, false AS _is_deleted, v._is_deleted AS _was_deleted
    FROM keyed_rows AS r
    LEFT JOIN known_versions AS v ON {{ compare.same_key("r", "v", keys) }}
    WHERE record_image_ne(row(r.*, false), row(v.*))
    UNION ALL
    SELECT
        {{ columns | filled("g") | indent(8) }}, true, false
    FROM gone_rows AS g
    WHERE NOT g._is_deleted
),

appended_versions AS (
    INSERT INTO {{ table.raw_table }} (
        {{ (columns + ["_is_deleted", "_run_id", "_extracted_at"]) | filled | indent(8) }}
    )
    SELECT
        {{ (columns + ["_is_deleted"]) | filled("n", 70) | indent(8) }}, p_run_id, now()
    FROM new_versions AS n
),
{%- if table.is_hashed %}

hashed_versions AS (
    -- The changes of bucket hashes: XORing a row twice removes it. If the whole table was read, the
    -- hashes are computed again: the stored ones are subtracted and all rows are added.
    SELECT 1 AS _sign, n.*
    FROM new_versions AS n
    WHERE NOT ({{ is_whole }}) AND NOT n._is_deleted
    UNION ALL
    SELECT -1, v.*, NULL
    FROM known_versions AS v
    INNER JOIN new_versions AS n ON {{ compare.same_key("v", "n", keys) }}
    WHERE NOT ({{ is_whole }}) AND NOT v._is_deleted
    UNION ALL
    SELECT 1, r.*, false, NULL
    FROM keyed_rows AS r
    WHERE {{ is_whole }}
),

hash_changes AS (
    SELECT
        {{ bronze.bucket_of(table, "h") }} AS bucket,
        h._sign AS row_count,
        {{ table.hash_function }}(row(
            {{ columns | filled("h") | indent(12) }}
        )::{{ table.foreign_table }}) AS hash
    FROM hashed_versions AS h
    UNION ALL
    SELECT h.bucket, -h.row_count, h.hash
    FROM etl.bucket_hashes AS h
    WHERE {{ is_whole }}
        AND h.model = {{ model }}
),

written_hashes AS (
    INSERT INTO etl.bucket_hashes AS t (model, chunk, bucket, row_count, hash)
    SELECT {{ model }}, coalesce(p_chunk, 0), c.bucket, sum(c.row_count), bit_xor(c.hash)
    FROM hash_changes AS c
    GROUP BY c.bucket
    HAVING sum(c.row_count) <> 0 OR bit_xor(c.hash) <> 0
    ON CONFLICT (model, chunk, bucket) DO UPDATE
        SET row_count = t.row_count + excluded.row_count, hash = t.hash # excluded.hash
),
{%- endif %}

{%- if table.hashes_unstamped %}

read_hash AS (
    {%- set image %}row({{ table.contract_columns | map(attribute="name") | list | filled("r") | indent(4) }})::{{ table.foreign_table }}{% endset %}
    {{ bronze.unstamped_rows(table, "read_rows", "r", image, "r._copies" if table.is_multiset) | indent(4) }}
    {%- if table.watermark %}
    HAVING {{ reads_unstamped }}
    {%- endif %}
),

written_hash AS (
    INSERT INTO etl.unstamped_rows AS t (model, row_count, hash)
    SELECT {{ model }}, h.row_count, h.hash FROM read_hash AS h
    ON CONFLICT (model) DO UPDATE
        SET row_count = excluded.row_count, hash = excluded.hash
        WHERE (t.row_count, t.hash) <> (excluded.row_count, excluded.hash)
),
{%- if table.watermark %}

outdated_hash AS (
    -- Some of the rows have been read again.
    DELETE FROM etl.unstamped_rows AS t
    WHERE t.model = {{ model }} AND NOT ({{ reads_unstamped }}){{ " AND p_buckets IS DISTINCT FROM '{}'" if table.is_hashed }}
),
{%- endif %}
{%- endif %}

duplicate_keys AS (
    -- Several rows with one key are an error. If the key is new, the unique constraint of bronze
    -- finds them; if it is known, there are more rows than keys.
    SELECT
        etl.raise_duplicate_source_key(jsonb_build_object({{ named_key }}), count(*)) AS refusal
    FROM keyed_rows AS r
    WHERE (SELECT count(*) FROM keyed_rows) + (SELECT count(*) FROM gone_rows)
        > (SELECT count(*) FROM known_versions)
        + (SELECT count(*) FROM new_versions AS n WHERE n._was_deleted IS NULL)
    GROUP BY {{ keys | filled("r") | indent(4) }}
    HAVING count(*) > 1
    ORDER BY {{ keys | filled("r") | indent(4) }}
    LIMIT 1
)

SELECT
    (SELECT {{ number_of_rows }} FROM read_rows) + (SELECT count(t.refusal) FROM duplicate_keys AS t) AS rows_read,
    (SELECT count(*) FROM new_versions AS n WHERE NOT n._is_deleted) AS rows_inserted,
    0::bigint AS rows_updated,
    {%- set gone %}(SELECT count(*) FROM new_versions AS n WHERE n._is_deleted){% endset %}
    {%- if table.max_deleted %}
    {%- set known %}(SELECT {{ number_of_rows }} FROM known_versions WHERE NOT _is_deleted){% endset %}
    {%- if table.is_multiset %}
    -- An update is a row less and a row more.
    greatest({{ gone }}, etl.limit_deletions(
        p_run_id, {{ model }}, {{ table.max_deleted.rows }}, {{ table.max_deleted.share }},
        {{ known }} - (SELECT {{ number_of_rows }} FROM read_rows),
        {{ known }}
    )) AS rows_deleted,
    {%- else %}
    etl.limit_deletions(
        p_run_id, {{ model }}, {{ table.max_deleted.rows }}, {{ table.max_deleted.share }},
        {{ gone }},
        {%- if table.is_hashed %}
        CASE
            WHEN p_buckets IS NULL THEN {{ known }}
            ELSE (
                SELECT sum(h.row_count) FROM etl.bucket_hashes AS h WHERE h.model = {{ model }}
            )
        END::bigint
        {%- else %}
        {{ known }}
        {%- endif %}
    ) AS rows_deleted,
    {%- endif %}
    {%- else %}
    {{ gone }} AS rows_deleted,
    {%- endif %}
    (SELECT count(*) FROM set_aside_rows) AS rows_rejected
{%- endset -%}
-- Appends new, changed and deleted rows to {{ table.raw_table }}.
-- Grain: one version of one row.
CREATE FUNCTION {{ creates }}(
    p_run_id bigint, p_since_run_id bigint
    {%- if table.watermark %},
    p_chunk integer DEFAULT NULL, p_from_key text DEFAULT NULL, p_before_key text DEFAULT NULL
    {%- endif %}
    {%- if table.is_hashed %},
    p_buckets bigint[] DEFAULT NULL
    {%- endif %}
)
RETURNS etl.row_counts
LANGUAGE sql
{{ routine.settings(hashes=true) }}
SET plan_cache_mode = force_custom_plan
AS {{ body | dollar_quoted }};
COMMENT ON FUNCTION {{ creates }} IS
{{ ("Appends the differences between " ~ table.foreign_table ~ " and the latest versions to " ~ table.raw_table ~ ": new versions, and tombstones for deleted rows. Arguments: the run; the run since whose fence changes are read (0: all rows)" ~ ("; the chunk, its first value of " ~ keys[0] ~ " (null: from the beginning) and the first value of the next chunk (null: to the end)" if table.watermark) ~ ("; the buckets to read (null: all)" if table.is_hashed) ~ ". Returns counts.") | literal }};
