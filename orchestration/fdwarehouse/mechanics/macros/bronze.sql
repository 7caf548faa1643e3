{#- The metadata columns that a silver view takes over from bronze.
    _seen_at is on the same clock as the source's time stamps without time zone; _partition and
    _version are where the version lies in bronze, by which etl.prune_bronze knows those that silver
    rejects; _source_key is the key of the row there, for silver tables whose own key is computed. -#}
{%- macro metadata(source) -%}
_is_deleted AS is_deleted,
_run_id,
tableoid AS _partition,
ctid AS _version,
{{ source_key_here }} AS _source_key,
_extracted_at AT TIME ZONE {{ source.local_time_zone | literal }} AS _seen_at
{%- endmacro -%}

{#- Hashes are made of functions that every PostgreSQL since 11 has and that postgres_fdw sends to
    the source. A null counts as well, and so does the order of the columns. -#}

{#- Which of 4096 buckets a row is in, by its key. -#}
{%- macro bucket(table, alias) -%}
hash_array_extended(ARRAY[
{%- for c in table.key_hashes %}{{ c.key_hash(alias) }}{{ ", " if not loop.last }}{% endfor -%}
], 0) & 4095
{%- endmacro -%}

{#- Whether a row is in one of the CTE differing_buckets; nothing is read when there is none. -#}
{%- macro in_differing_bucket(table, alias) -%}
EXISTS (SELECT FROM differing_buckets)
AND ({{ bucket(table, alias) }}) = ANY(
    (SELECT array_agg(d.bucket) FROM differing_buckets AS d)::bigint[]
)
{%- endmacro -%}

{#- One number for a whole row. hash_array_extended alone is linear; mixed once more, two rows that
    exchange a value do not cancel out when rows are XORed. -#}
{%- macro row_hash(table, alias) -%}
hashint8extended(
    hash_array_extended(
        ARRAY[
            {% for c in table.row_hashes -%}
            {{ c.hash(alias) }}{{ ",\n            " if not loop.last }}
            {%- endfor %}
        ],
        0
    ),
    0
)
{%- endmacro -%}

{#- Whether a part of the key is null. -#}
{%- macro is_unkeyed(table, alias) -%}
({% for c in table.key %}{{ alias }}.{{ c | ident }} IS NULL{{ " OR " if not loop.last }}{% endfor %})
{%- endmacro -%}

{#- Appends to bronze what differs between the CTE read_rows and the latest versions, and keeps the
    hashes of the buckets in step. Rows without a key have no versions: they are set aside. Of several
    rows of one key none is the right one: that they are there is seen by the counts, if one of them
    is known already, else by the unique constraint. Ends the statement with the counts.
    whole          condition on b, a row of bronze: read_rows has every row of the source like it,
                   so what is not there is gone; none where it has every row there is
    whole_unkeyed  condition under which read_rows has every row without a key
    rehashes       whether a full load (p_after_run_id = 0) computes the hashes anew
    live           how many rows there were, where read_rows has not every row
    chunk          the part of the hashes that the statement keeps up to date: a chunk of a backfill
                   has one of its own, so that chunks which are loaded side by side do not wait -#}
{%- macro append_difference(
    table, whole=none, whole_unkeyed='true', rehashes=false, live=none, chunk='0'
) -%}
{%- set columns = table.columns -%}
extracted_rows AS NOT MATERIALIZED (
    SELECT *
    FROM read_rows AS r
    WHERE NOT {{ is_unkeyed(table, 'r') }}
),

unkeyed_rows AS (
    SELECT
        s.stored_row AS rejected_row,
        jsonb_build_object(
            {%- for c in table.key %}
            {{ c | literal }}, r.{{ c | ident }},
            {%- endfor %}
            '_row', md5(s.stored_row::text)
        ) AS reject_key,
        array_remove(
            ARRAY[
                {%- for c in table.key %}
                CASE WHEN r.{{ c | ident }} IS NULL THEN {{ (c ~ " is null") | literal }} END
                {{- "," if not loop.last }}
                {%- endfor %}
            ],
            NULL
        ) AS reasons
    FROM read_rows AS r
    CROSS JOIN LATERAL etl.storable_jsonb(to_json(r.*)) AS s (stored_row)
    WHERE {{ is_unkeyed(table, 'r') }}
),

set_aside_rows AS (
    INSERT INTO silver.rejected_rows (model, key, reasons, rejected_row, _run_id)
    SELECT DISTINCT ON (reject_key)
        {{ table.model | literal }},
        reject_key,
        reasons,
        rejected_row,
        p_run_id
    FROM unkeyed_rows
    ORDER BY reject_key
    ON CONFLICT (model, md5(key::text)) DO NOTHING
    RETURNING 1
),

cleared_rows AS (
    DELETE FROM silver.rejected_rows AS t
    WHERE
        t.model = {{ table.model | literal }}
        AND {{ whole_unkeyed }}
        AND NOT EXISTS (SELECT FROM unkeyed_rows AS u WHERE u.reject_key = t.key)
),

latest_versions AS (
    SELECT DISTINCT ON ({{ compare.list_of(table.key, 'b') }})
        {{ compare.columns_of(columns, 'b') | indent(8) }},
        b._is_deleted
    FROM {{ table.raw_table }} AS b
    WHERE
        ({{ compare.list_of(table.key, 'b') }}) IN (
            SELECT {{ compare.list_of(table.key, 'e') }} FROM extracted_rows AS e
        )
        {%- if chunk != '0' %}
        {%- set first = "e." ~ (table.key[0] | ident) %}
        -- the index has them side by side
        AND b.{{ table.key[0] | ident }}
        BETWEEN (
            SELECT {{ first }} FROM extracted_rows AS e
            ORDER BY {{ first }} LIMIT 1
        )
        AND (
            SELECT {{ first }} FROM extracted_rows AS e
            ORDER BY {{ first }} DESC LIMIT 1
        )
        {%- endif %}
    ORDER BY {{ compare.list_of(table.key, 'b') }}, b._run_id DESC
),

new_versions AS (
    SELECT
        {{ compare.columns_of(columns, 'e') | indent(8) }},
        false AS _is_deleted,
        v._is_deleted IS NULL AS _is_first
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
    {%- if whole %}
    WHERE
        {{ whole | indent(8) }}
    {%- endif %}
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

due_versions AS (
    SELECT
        {{ compare.columns_of(columns) | indent(8) }},
        _is_deleted
    FROM new_versions
    UNION ALL
    SELECT * FROM gone_versions
),

appended_rows AS (
    INSERT INTO {{ table.raw_table }} (
        {{ compare.columns_of(columns) | indent(8) }},
        _is_deleted,
        _run_id,
        _extracted_at
    )
    SELECT
        {{ compare.columns_of(columns) | indent(8) }},
        _is_deleted,
        p_run_id,
        now()
    FROM due_versions
    RETURNING _is_deleted
),
{%- if table.is_hashed %}

{{ hash_changes(table, rehashes, chunk) }},
{%- endif %}

twins AS (
    SELECT
        jsonb_build_object(
            {%- for c in table.key %}
            {{ c | literal }}, {{ c | ident }}{{ "," if not loop.last }}
            {%- endfor %}
        ) AS key,
        count(*) AS row_count
    FROM extracted_rows
    GROUP BY {{ table.key | map("ident") | join(", ") }}
    HAVING count(*) > 1
    ORDER BY {{ table.key | map("ident") | join(", ") }}
    LIMIT 1
),

counted_rows AS (
    SELECT
        count(*) FILTER (WHERE NOT _is_deleted) AS new_versions,
        count(*) FILTER (WHERE _is_deleted) AS tombstones
    FROM appended_rows
)
{%- set is_guarded = table.max_deleted and whole != 'false' %}
{%- if is_guarded %},

deletions AS (
    SELECT
        g.gone,
        {%- if live %}
        {{ live }} AS live
        {%- else %}
        g.gone
        + (SELECT count(*) FROM extracted_rows)
        - (SELECT count(*) FROM new_versions AS n WHERE n._is_first) AS live
        {%- endif %}
    FROM (SELECT count(*) AS gone FROM gone_versions) AS g
),

mass_deletions AS (
    SELECT *
    FROM deletions
    WHERE gone > {{ table.max_deleted.rows }} AND gone > {{ table.max_deleted.share }} * live
),

used_permissions AS (
    UPDATE etl.allowed_deletions
    SET used_by_run = p_run_id
    WHERE
        model = {{ table.model | literal }}
        AND used_by_run IS NULL
        AND allowed_at > clock_timestamp() - interval '1 day'
        AND EXISTS (SELECT FROM mass_deletions)
    RETURNING 1
)
{%- endif %}

SELECT
    CASE
        WHEN NOT EXISTS (SELECT FROM latest_versions)
            OR (SELECT count(*) FROM extracted_rows)
            = (SELECT count(*) FROM latest_versions)
            + (SELECT count(*) FROM new_versions AS n WHERE n._is_first)
            THEN (SELECT count(*) FROM read_rows)
        ELSE (
            SELECT
                etl.refuse_twins(
                    'the source',
                    t.key,
                    t.row_count,
                    'Name the columns in warehouse.yaml that are its key in production. Of a '
                    'parent that others inherit from, the rows of its children are read too.'
                )
            FROM twins AS t
        )
    END AS rows_read,
    c.new_versions AS rows_inserted,
    0::bigint AS rows_updated,
    {%- if is_guarded %}
    coalesce(
        (
            SELECT etl.raise_mass_deletion({{ table.model | literal }}, m.gone, m.live)
            FROM mass_deletions AS m
            WHERE NOT EXISTS (SELECT FROM used_permissions)
        ),
        c.tombstones
    ) AS rows_deleted,
    {%- else %}
    c.tombstones AS rows_deleted,
    {%- endif %}
    (SELECT count(*) FROM set_aside_rows) AS rows_rejected
FROM counted_rows AS c
{%- endmacro -%}

{#- What comes into the buckets and what leaves them. A XOR takes away what it has added, so a full
    load takes away whole buckets and adds every row. int8xor is #, which sqlfluff cannot read. -#}
{%- macro hash_changes(table, rehashes, chunk) -%}
{%- set hashed = table.row_hashes | map(attribute="name") | list -%}
row_changes AS (
    SELECT
        {{ compare.columns_of(hashed, 'n') | indent(8) }},
        1 AS _row_count
    FROM new_versions AS n
    {%- if rehashes %}
    WHERE p_after_run_id > 0
    {%- endif %}
    UNION ALL
    SELECT
        {{ compare.columns_of(hashed, 'v') | indent(8) }},
        -1
    FROM latest_versions AS v
    INNER JOIN new_versions AS n ON {{ compare.same_key('v', 'n', table.key) }}
    WHERE NOT v._is_deleted{{ " AND p_after_run_id > 0" if rehashes }}
    UNION ALL
    SELECT
        {{ compare.columns_of(hashed, 'g') | indent(8) }},
        -1
    FROM gone_versions AS g
    {%- if rehashes %}
    WHERE p_after_run_id > 0
    UNION ALL
    SELECT
        {{ compare.columns_of(hashed, 'e') | indent(8) }},
        1
    FROM extracted_rows AS e
    WHERE p_after_run_id = 0
    {%- endif %}
),

hash_changes AS (
    SELECT
        {{ bucket(table, 'r') | indent(8) }} AS bucket,
        r._row_count AS row_count,
        {{ row_hash(table, 'r') | indent(8) }} AS hash
    FROM row_changes AS r
    {%- if rehashes %}
    UNION ALL
    SELECT
        h.bucket,
        -h.row_count,
        h.hash
    FROM etl.bucket_hashes AS h
    WHERE h.model = {{ table.model | literal }} AND p_after_run_id = 0
    {%- endif %}
),

written_hashes AS (
    INSERT INTO etl.bucket_hashes AS t (model, chunk, bucket, row_count, hash)
    SELECT
        {{ table.model | literal }},
        {{ chunk }},
        bucket,
        sum(row_count),
        bit_xor(hash)
    FROM hash_changes
    GROUP BY bucket
    HAVING sum(row_count) <> 0 OR bit_xor(hash) <> 0
    ON CONFLICT (model, chunk, bucket) DO UPDATE
        SET row_count = t.row_count + excluded.row_count,
            hash = int8xor(t.hash, excluded.hash)
)
{%- endmacro -%}
