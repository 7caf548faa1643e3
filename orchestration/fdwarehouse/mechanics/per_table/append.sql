{#- Rendered once per table of a source: bronze.append_raw_<table>. Every load of the table is a call of
    it, that of a run, a full one, a chunk of a backfill and a reconciliation: they differ in which rows
    are read. The function is planned for its arguments (force_custom_plan): what they rule out of a
    condition is neither sent to the source nor run. -#}
{%- set columns = table.columns -%}
{%- set keys = table.key -%}
{%- set model = table.model | literal -%}
{%- set first = keys[0] | ident -%}
{%- set first_type = table.first_key.type -%}
{#- Whether every row was read that the table has, or has in some buckets; whether it was the table. -#}
{%- set is_complete = "p_after_run_id = 0 AND p_chunk IS NULL" if table.watermark else "true" -%}
{%- set is_whole = is_complete ~ " AND p_buckets IS NULL" -%}

{#- Whether a row is in one of the buckets, if there are any. -#}
{%- macro in_buckets(alias) -%}
(p_buckets <> '{}' AND {{ bronze.bucket_of(table, alias) }} = ANY (p_buckets))
{%- endmacro -%}

{#- The latest version of each row in bronze that a condition holds for. -#}
{%- macro latest_versions(condition) -%}
SELECT DISTINCT ON ({{ keys | filled("b") | indent(4) }})
    {{ (columns + ["_is_deleted"]) | filled("b") | indent(4) }}
FROM {{ table.raw_table }} AS b
WHERE
    {{ condition | indent(4) }}
ORDER BY {{ keys | filled("b") | indent(4) }}, b._run_id DESC
{%- endmacro -%}

{%- set body -%}
WITH read_rows AS MATERIALIZED (
    SELECT s.*
    FROM {{ table.foreign_table }} AS s
    {%- if table.watermark %}
    WHERE
        (
            p_after_run_id = 0
            OR s.{{ table.watermark | ident }} >= (
                SELECT {{ table.lower_bound }}({{ model }}, p_run_id, p_after_run_id
                {%- if table.is_stamped_in_local_time %}, {{ source.name | ident }}.utc_offset(){% endif %})
            )
        )
        AND (p_from_key IS NULL OR s.{{ first }} >= (SELECT p_from_key::{{ first_type }}))
        AND (
            p_before_key IS NULL
            OR s.{{ first }} < (SELECT p_before_key::{{ first_type }})
            OR (p_from_key IS NULL AND s.{{ first }} IS NULL) -- these are in the first chunk
        )
        {%- if table.is_hashed %}
        AND (
            p_buckets IS NULL
            OR {{ bronze.is_unkeyed(table, "s") }}
            OR {{ in_buckets("s") }}
        )
        {%- endif %}
    {%- endif %}
),

keyed_rows AS NOT MATERIALIZED (
    SELECT r.*
    FROM read_rows AS r
    WHERE NOT {{ bronze.is_unkeyed(table, "r") }}
),

unkeyed_rows AS (
    -- Rows whose key has a null in it. They have no versions: they are set aside.
    SELECT u.*
    FROM read_rows AS r
    CROSS JOIN LATERAL etl.describe_unkeyed_row(
        ARRAY[{{ keys | map("literal") | join(", ") }}], to_json(r.*)
    ) AS u
    WHERE {{ bronze.is_unkeyed(table, "r") }}
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
    -- What bronze knows of the rows that were read, and of all others where all were read.
    (
        {%- set condition %}
        {{- is_complete }}
        {%- if table.is_hashed %}
AND (p_buckets IS NULL OR {{ in_buckets("b") }})
        {%- endif %}
        {%- endset %}
        {{ latest_versions(condition) | indent(8) }}
    )
    UNION ALL
    (
        {%- set condition -%}
NOT ({{ is_complete }})
AND ({{ keys | filled("b") | indent(4) }}) IN (
    SELECT {{ keys | filled("r") | indent(8) }} FROM keyed_rows AS r
)
AND ( -- the rows of a chunk lie side by side in the index
    p_chunk IS NULL
    OR b.{{ first }} BETWEEN
        (SELECT r.{{ first }} FROM keyed_rows AS r ORDER BY r.{{ first }} LIMIT 1)
        AND (SELECT r.{{ first }} FROM keyed_rows AS r ORDER BY r.{{ first }} DESC LIMIT 1)
)
        {%- endset %}
        {{ latest_versions(condition) | indent(8) }}
    )
    {%- else %}
    {{ latest_versions("true") | indent(4) }}
    {%- endif %}
),

new_versions AS (
    -- Rows that are not known, or not with this image, or as deleted.
    SELECT r.*, v._is_deleted AS _was_deleted
    FROM keyed_rows AS r
    LEFT JOIN known_versions AS v ON {{ compare.same_key("r", "v", keys) }}
    WHERE record_image_ne(row(r.*, false), row(v.*))
),

unread_versions AS (
    -- Rows that are known and were not read, although all were.
    SELECT v.*
    FROM known_versions AS v
    WHERE {{ is_complete }}
        AND NOT EXISTS (SELECT FROM keyed_rows AS r WHERE {{ compare.same_key("r", "v", keys) }})
),

gone_versions AS NOT MATERIALIZED (
    SELECT u.* FROM unread_versions AS u WHERE NOT u._is_deleted
),

appended_rows AS (
    INSERT INTO {{ table.raw_table }} (
        {{ (columns + ["_is_deleted", "_run_id", "_extracted_at"]) | filled | indent(8) }}
    )
    SELECT
        {{ columns | filled("n") | indent(8) }}, false, p_run_id, now()
    FROM new_versions AS n
    UNION ALL
    SELECT
        {{ columns | filled("g") | indent(8) }}, true, p_run_id, now()
    FROM gone_versions AS g
),
{%- if table.is_hashed %}

hashed_rows AS (
    -- What comes into the hashes of the buckets, and what leaves them. A XOR takes away what it has
    -- added. A load of the whole table takes away all hashes and adds all rows.
    SELECT 1 AS _sign, r.*, false AS _was_deleted
    FROM keyed_rows AS r
    WHERE {{ is_whole }}
    UNION ALL
    SELECT 1, n.*
    FROM new_versions AS n
    WHERE NOT ({{ is_whole }})
    UNION ALL
    SELECT -1, v.*
    FROM known_versions AS v
    INNER JOIN new_versions AS n ON {{ compare.same_key("v", "n", keys) }}
    WHERE NOT v._is_deleted AND NOT ({{ is_whole }})
    UNION ALL
    SELECT -1, g.*
    FROM gone_versions AS g
    WHERE NOT ({{ is_whole }})
),

hash_changes AS (
    SELECT
        {{ bronze.bucket_of(table, "h") }} AS bucket,
        h._sign AS row_count,
        {{ table.hash_function }}(row(
            {{ columns | filled("h") | indent(12) }}
        )::{{ table.foreign_table }}) AS hash
    FROM hashed_rows AS h
    UNION ALL
    SELECT h.bucket, -h.row_count, h.hash
    FROM etl.bucket_hashes AS h
    WHERE h.model = {{ model }} AND {{ is_whole }}
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

twins AS (
    -- Of several rows of one key none is the right one. Where all are new, the unique constraint of
    -- bronze finds them; else there are fewer versions than rows.
    SELECT
        etl.refuse_twins(
            'the source',
            jsonb_build_object(
                {%- for c in keys %}{{ c | literal }}, r.{{ c | ident }}{{ ", " if not loop.last }}{% endfor -%}
            ),
            count(*),
            'Name the columns in warehouse.yaml that are its key in production. Of a '
            'parent that others inherit from, the rows of its children are read too.'
        ) AS refusal
    FROM keyed_rows AS r
    WHERE
        (SELECT count(*) FROM keyed_rows)
        > (SELECT count(*) FROM known_versions)
        - (SELECT count(*) FROM unread_versions)
        + (SELECT count(*) FROM new_versions AS n WHERE n._was_deleted IS NULL)
    GROUP BY {{ keys | filled("r") | indent(4) }}
    HAVING count(*) > 1
    ORDER BY {{ keys | filled("r") | indent(4) }}
    LIMIT 1
)

SELECT
    (SELECT count(*) FROM read_rows) + (SELECT count(t.refusal) FROM twins AS t) AS rows_read,
    (SELECT count(*) FROM new_versions) AS rows_inserted,
    0::bigint AS rows_updated,
    {%- if table.max_deleted %}
    etl.limit_deletions(
        p_run_id, {{ model }}, (SELECT count(*) FROM gone_versions),
        {%- set live %}(SELECT count(*) FROM known_versions AS v WHERE NOT v._is_deleted){% endset %}
        {%- if table.is_hashed %}
        CASE
            WHEN p_buckets IS NULL THEN {{ live }}
            ELSE (
                SELECT sum(h.row_count) FROM etl.bucket_hashes AS h WHERE h.model = {{ model }}
            )::bigint
        END,
        {%- else %}
        {{ live }},
        {%- endif %}
        {{ table.max_deleted.rows }}, {{ table.max_deleted.share }}
    ) AS rows_deleted,
    {%- else %}
    (SELECT count(*) FROM gone_versions) AS rows_deleted,
    {%- endif %}
    (SELECT count(*) FROM set_aside_rows) AS rows_rejected
{%- endset -%}
-- Appends to {{ table.raw_table }} what differs between {{ table.foreign_table }} and the latest versions.
-- Grain: one version of one row.
CREATE FUNCTION {{ creates }}(
    p_run_id bigint, p_after_run_id bigint
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
SET plan_cache_mode = force_custom_plan -- of conditions on arguments, what holds is left
AS {{ body | dollar_quoted }};
COMMENT ON FUNCTION {{ creates }} IS
{{ ("Appends to " ~ table.raw_table ~ " what differs between " ~ table.foreign_table ~ " and its latest versions: new versions, and tombstones for rows that are gone. Arguments: the run; 0 to read the whole table, or the run after whose fence the rows were changed that are read" ~ ("; a chunk of a backfill, with the first value of " ~ keys[0] ~ " (null: from the beginning) and the one that the next chunk begins with (null: to the end)" if table.watermark) ~ ("; buckets of keys, the only ones that are compared" if table.is_hashed) ~ ". Returns counts.") | literal }};
