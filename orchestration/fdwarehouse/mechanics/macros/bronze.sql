{#- The metadata columns that a silver view takes over from bronze.
    _seen_at is on the same clock as the source's time stamps without time zone. -#}
{%- macro metadata(source) -%}
_is_deleted AS is_deleted,
_run_id,
_extracted_at AT TIME ZONE {{ source.local_time_zone | literal }} AS _seen_at
{%- endmacro -%}

{#- Which of 4096 buckets a row is in, by its key. The hash functions are such that every PostgreSQL
    since 12 has them and postgres_fdw sends them to the source. -#}
{%- macro bucket(table, alias) -%}
(
    hash_array_extended(
        ARRAY[
            {{ hashes(table.key_hashes, alias) | indent(12) }}
        ],
        0
    ) & 4095
)
{%- endmacro -%}

{#- One number for a whole row. hash_array_extended alone is linear; mixed once more, two rows that exchange
    a value do not cancel out when rows are XORed. -#}
{%- macro row_hash(table, alias) -%}
hashint8extended(
    hash_array_extended(
        ARRAY[
            {{ hashes(table.row_hashes, alias) | indent(12) }}
        ],
        0
    ),
    0
)
{%- endmacro -%}

{%- macro hashes(columns, alias) -%}
{% for c in columns %}{{ c.hash(alias) }}{{ ",\n" if not loop.last }}{% endfor %}
{%- endmacro -%}

{#- Appends to bronze what differs between the CTE extracted_rows and the latest versions, and keeps the
    hashes of the buckets in step. Ends the statement with the counts.
    whole    condition on b, a row of bronze: extracted_rows has every row of the source like it, so what is
             not there is gone
    rehashes whether extracted_rows has everything when p_after_run_id is 0, and the hashes are made anew -#}
{%- macro append_difference(table, whole, rehashes=false) -%}
{%- set columns = table.columns -%}
latest_versions AS (
    SELECT DISTINCT ON ({{ compare.list_of(table.key, 'b') }})
        {{ compare.columns_of(columns, 'b') | indent(8) }},
        b._is_deleted
    FROM {{ table.raw_table }} AS b
    WHERE
        ({{ compare.list_of(table.key, 'b') }}) IN (
            SELECT {{ compare.list_of(table.key, 'e') }} FROM extracted_rows AS e
        )
    ORDER BY {{ compare.list_of(table.key, 'b') }}, b._run_id DESC
),

new_versions AS (
    SELECT
        {{ compare.columns_of(columns, 'e') | indent(8) }},
        false AS _is_deleted
    FROM extracted_rows AS e
    LEFT JOIN latest_versions AS v ON {{ compare.same_key('e', 'v', table.key) }}
    WHERE
        v.{{ table.key[0] | ident }} IS NULL
        OR v._is_deleted
        OR {{ compare.images_differ('e', 'v', columns) | indent(8) }}
),

covered_versions AS (
    SELECT DISTINCT ON ({{ compare.list_of(table.key, 'b') }})
        {{ compare.columns_of(columns, 'b') | indent(8) }},
        b._is_deleted
    FROM {{ table.raw_table }} AS b
    WHERE {{ whole }}
    ORDER BY {{ compare.list_of(table.key, 'b') }}, b._run_id DESC
),

gone_versions AS (
    SELECT
        {{ compare.columns_of(columns, 'c') | indent(8) }},
        true AS _is_deleted
    FROM covered_versions AS c
    WHERE
        NOT c._is_deleted
        AND NOT EXISTS (
            SELECT FROM extracted_rows AS e
            WHERE {{ compare.same_key('e', 'c', table.key) }}
        )
),

appended_rows AS (
    INSERT INTO {{ table.raw_table }} (
        {{ compare.columns_of(columns) | indent(8) }},
        _is_deleted,
        _run_id,
        _extracted_at
    )
    SELECT
        n.*,
        p_run_id,
        now()
    FROM (
        SELECT * FROM new_versions
        UNION ALL
        SELECT * FROM gone_versions
    ) AS n
    RETURNING _is_deleted
),
{%- if table.is_reconciled %}

hash_changes AS (
    SELECT
        {{ bucket(table, 'n') | indent(8) }} AS bucket,
        1 AS row_count,
        {{ row_hash(table, 'n') | indent(8) }} AS hash
    FROM new_versions AS n
    {%- if rehashes %}
    WHERE p_after_run_id > 0
    {%- endif %}
    UNION ALL
    SELECT
        {{ bucket(table, 'v') | indent(8) }},
        -1,
        {{ row_hash(table, 'v') | indent(8) }}
    FROM latest_versions AS v
    INNER JOIN new_versions AS n ON {{ compare.same_key('v', 'n', table.key) }}
    WHERE NOT v._is_deleted{{ " AND p_after_run_id > 0" if rehashes }}
    UNION ALL
    SELECT
        {{ bucket(table, 'g') | indent(8) }},
        -1,
        {{ row_hash(table, 'g') | indent(8) }}
    FROM gone_versions AS g
    {%- if rehashes %}
    WHERE p_after_run_id > 0
    {%- endif %}
    {%- if rehashes %}
    UNION ALL
    SELECT
        {{ bucket(table, 'e') | indent(8) }},
        1,
        {{ row_hash(table, 'e') | indent(8) }}
    FROM extracted_rows AS e
    WHERE p_after_run_id = 0
    UNION ALL
    SELECT
        h.bucket,
        0,
        0
    FROM etl.bucket_hashes AS h
    WHERE h.model = '{{ table.model }}' AND p_after_run_id = 0
    {%- endif %}
),

written_hashes AS (
    INSERT INTO etl.bucket_hashes AS t (model, bucket, row_count, hash)
    SELECT
        '{{ table.model }}',
        bucket,
        sum(row_count),
        bit_xor(hash)
    FROM hash_changes
    GROUP BY bucket
    ON CONFLICT (model, bucket) DO UPDATE
        {%- if rehashes %}
        SET row_count = excluded.row_count
            + CASE WHEN p_after_run_id > 0 THEN t.row_count ELSE 0 END,
            hash = int8xor(CASE WHEN p_after_run_id > 0 THEN t.hash ELSE 0 END, excluded.hash)
        WHERE p_after_run_id > 0 OR (t.row_count, t.hash) <> (excluded.row_count, excluded.hash)
        {%- else %}
        SET row_count = t.row_count + excluded.row_count,
            hash = int8xor(t.hash, excluded.hash)
        {%- endif %}
),
{%- endif %}

counted_rows AS (
    SELECT
        count(*) FILTER (WHERE NOT _is_deleted) AS new_versions,
        count(*) FILTER (WHERE _is_deleted) AS tombstones
    FROM appended_rows
)

SELECT
    (SELECT count(*) FROM extracted_rows) AS rows_read,
    c.new_versions AS rows_inserted,
    0::bigint AS rows_updated,
    c.tombstones AS rows_deleted,
    0::bigint AS rows_rejected
FROM counted_rows AS c
{%- endmacro -%}
