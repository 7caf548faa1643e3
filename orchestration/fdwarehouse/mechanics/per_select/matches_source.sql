{#- Rendered once per silver table whose rows can be counted in the source: a check.
    source  the source
    table   its table
    keys    each column of the target's key, and that of the table which it is
    totals  name and expression of sums that are compared -#}
WITH last_fence AS (
    SELECT {{ "(fence AT TIME ZONE 'UTC') + utc_offset" if table.is_stamped_in_local_time else "fence" }} AS at
    FROM etl.watermarks
    WHERE model = {{ table.raw_table | literal }}
),

changed_since AS (
    SELECT {{ keys | map(attribute=1) | list | filled }}
    FROM {{ table.foreign_table }}
    WHERE
        {{ table.watermark | ident }} >= (SELECT f.at FROM last_fence AS f)
        {%- if table.is_watermark_nullable %}
        OR {{ table.watermark | ident }} IS NULL -- may have changed at any time
        {%- endif %}
),

in_source AS (
    SELECT
        count(*) AS row_count
        {%- for name, expression in totals.items() %},
        coalesce(sum({{ expression }}), 0) AS {{ name | ident }}
        {%- endfor %}
    FROM {{ table.foreign_table }}
    WHERE {{ table.watermark | ident }} < (SELECT f.at FROM last_fence AS f)
),

in_silver AS (
    SELECT
        count(*) AS row_count
        {%- for name, expression in totals.items() %},
        coalesce(sum({{ expression }}), 0) AS {{ name | ident }}
        {%- endfor %}
    FROM {{ target.qualified }} AS t
    WHERE
        NOT is_deleted
        AND NOT EXISTS (
            SELECT FROM changed_since AS c
            WHERE
                {%- for here, there in keys %}
                {{ "AND " if not loop.first }}t.{{ here | ident }} = c.{{ there | ident }}
                {%- endfor %}
        )
),

kept_out AS ( -- rows that were forgotten, and those that a rule rejects
    SELECT
        f.row_count + count(r.key) FILTER (WHERE t.{{ keys[0][0] | ident }} IS NULL) AS row_count,
        f.row_count = 0 AND count(r.key) = 0 AS are_sums_comparable
    FROM (
        SELECT count(*) AS row_count
        FROM etl.forgotten_keys
        WHERE model = {{ table.raw_table | literal }}
    ) AS f
    LEFT JOIN silver.rejected_rows AS r
        ON r.model IN ({{ target.qualified | literal }}, {{ table.raw_table | literal }})
    LEFT JOIN {{ target.qualified }} AS t -- the last good version
        ON r.model = {{ target.qualified | literal }}
            AND NOT t.is_deleted
            {%- for here, there in keys %}
            AND (jsonb_populate_record(NULL::{{ target.qualified }}, r.key)).{{ here | ident }}
            = t.{{ here | ident }}
            {%- endfor %}
    GROUP BY f.row_count
)

SELECT
    s.row_count AS rows_in_source,
    t.row_count AS rows_in_silver
    {%- for name in totals %},
    s.{{ name | ident }} AS {{ (name ~ "_in_source") | ident }},
    t.{{ name | ident }} AS {{ (name ~ "_in_silver") | ident }}
    {%- endfor %}
FROM in_source AS s
CROSS JOIN in_silver AS t
CROSS JOIN kept_out AS k
WHERE
    s.row_count - t.row_count NOT BETWEEN 0 AND k.row_count -- the source may still have them
    {%- for name in totals %}
    OR (k.are_sums_comparable AND s.{{ name | ident }} <> t.{{ name | ident }})
    {%- endfor %}
