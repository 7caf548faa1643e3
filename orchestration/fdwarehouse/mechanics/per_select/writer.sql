{#- Rendered once a table that is one SELECT: gold.write_<table>, which writes what differs.
    target    the table
    plan      how its rows are found
    ctes      the compiled steps, up to expected_rows and affected_keys
    scope     the CTE with the keys that may have changed; none where all rows are computed -#}
{%- macro same(left, right, key) -%}
{% for k in key %}{{ left }}.{{ k | ident }} = {{ right }}.{{ k | ident }}{{ "\nAND " if not loop.last }}{% endfor %}
{%- endmacro -%}
{%- macro columns(names, alias) -%}
{%- if names | length == 1 %} {{ alias }}.{{ names[0] | ident }}
{%- else %}{% for c in names %}
        {{ alias }}.{{ c | ident }}{{ "," if not loop.last }}
{%- endfor %}{% endif %}
{%- endmacro -%}
{% if plan.reads_old_state %}-- noqa: disable=AM09
-- OFFSET 0 lets the planner scan what was written since beside an index of the table.
{% endif -%}
CREATE FUNCTION {{ target.writer }}(p_run_id bigint, p_after_run_id bigint)
RETURNS etl.row_counts
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
SET work_mem = {{ target.work_mem | literal }}
SET plan_cache_mode = force_custom_plan -- as many rows as this run has, not as one may have
BEGIN ATOMIC
    WITH {{ ctes | join(",\n\n") | indent(4) }},

    inserted_rows AS (
        INSERT INTO {{ target.qualified }} AS t (
            {{ (target.names + ["_run_id"]) | filled | indent(12) }}
        )
        SELECT
            s.*,
            p_run_id
        FROM expected_rows AS s
        WHERE
            NOT EXISTS (
                SELECT FROM {{ target.qualified }} AS t
                WHERE
                    {{ same("t", "s", target.key) | indent(20) }}
            )
        -- an index that is filled in order is filled fast
        ORDER BY {{ target.key | filled("s") | indent(12) }}
        RETURNING
            {{ (target.logged | filled("new") | indent(12)) or "1" }}
    ),
    {%- if target.values %}

    updated_rows AS (
        UPDATE {{ target.qualified }} AS t
        SET (
            {{ (target.values + ["_run_id"]) | filled | indent(12) }}
        ) = (
            {{ target.values | filled("s") | indent(12) }}, p_run_id
        )
        FROM expected_rows AS s
        WHERE
            {{ same("t", "s", target.key) | indent(12) }}
            AND record_image_ne(
                row(
                    {{ target.values | filled("t") | indent(20) }}
                ),
                row(
                    {{ target.values | filled("s") | indent(20) }}
                )
            )
        {%- if target.logged %}
        RETURNING
            row(
                {{ target.logged | filled("old") | indent(16) }}
            )::{{ target.log_row }} AS was,
            row(
                {{ target.logged | filled("new") | indent(16) }}
            )::{{ target.log_row }} AS is_now
        {%- else %}
        RETURNING 1
        {%- endif %}
    ),
    {%- endif %}

    gone_keys AS (
        {%- if scope %}
        SELECT{{ columns(target.key, "t") | indent(4) }}
        FROM {{ target.qualified }} AS t
        INNER JOIN {{ scope }} AS d
            ON {{ same("t", "d", plan.key) | indent(16) }}
        UNION ALL
        {%- endif %}
        SELECT{{ columns(target.key, "t") | indent(4) }}
        FROM {{ target.qualified }} AS t
        {{- " WHERE p_after_run_id = 0" if scope }}
        EXCEPT
        SELECT{{ columns(target.key, "s") | indent(4) }}
        FROM expected_rows AS s
    ),
    {%- if not plan.is_key_unique %}

    duplicates AS (
        SELECT
            jsonb_build_object(
                {%- for k in target.key %}
                {{ k | literal }}, s.{{ k | ident }}{{ "," if not loop.last }}
                {%- endfor %}
            ) AS key,
            count(*) AS row_count
        FROM expected_rows AS s
        GROUP BY {{ target.key | filled("s") | indent(12) }}
        HAVING count(*) > 1
        ORDER BY row_count DESC
        LIMIT 1
    ),
    {%- endif %}

    removed_rows AS (
        DELETE FROM {{ target.qualified }} AS t
        USING gone_keys AS g
        WHERE
            {{ same("t", "g", target.key) | indent(12) }}
            {%- if not plan.is_key_unique %}
            AND (
                SELECT
                    etl.refuse_twins(
                        {{ target.qualified | literal }},
                        x.key,
                        x.row_count,
                        'Its SELECT has to return one row per key.'
                    )
                FROM duplicates AS x
            ) IS NULL
            {%- endif %}
        RETURNING
            {{ (target.logged | filled("t") | indent(12)) or "1" }}
    )
    {%- if target.logged %},

    images AS (
        SELECT
            1 AS sign,
            i.*
        FROM inserted_rows AS i
        UNION ALL
        {%- if target.values %}
        SELECT
            v.sign,
            (v.image).* -- noqa: RF01
        FROM updated_rows AS u
        CROSS JOIN LATERAL (VALUES (1, u.is_now), (-1, u.was)) AS v (sign, image)
        WHERE record_image_ne(u.is_now, u.was)
        UNION ALL
        {%- endif %}
        SELECT
            -1 AS sign,
            r.*
        FROM removed_rows AS r
    ),

    logged_images AS (
        INSERT INTO {{ target.log }} (
            run_id, sign,
            {{ target.logged | filled | indent(12) }}
        )
        SELECT
            p_run_id,
            i.*
        FROM images AS i
        WHERE p_after_run_id > 0 -- after a full build all that reads it is full too
        RETURNING 1
    ),

    forgotten_images AS (
        DELETE FROM {{ target.log }}
        WHERE
            run_id <= (SELECT min(run_id) FROM etl.watermarks WHERE model LIKE 'gold.%')
            AND EXISTS (SELECT FROM logged_images)
    )
    {%- endif %}

    SELECT
        (SELECT count(*) FROM expected_rows) AS rows_read,
        (SELECT count(*) FROM inserted_rows) AS rows_inserted,
        {{ "(SELECT count(*) FROM updated_rows)" if target.values else "0::bigint" }} AS rows_updated,
        (SELECT count(*) FROM removed_rows) AS rows_deleted,
        0::bigint AS rows_rejected;
END;
COMMENT ON FUNCTION {{ target.writer }} IS
{{ ("Brings " ~ target.qualified ~ " up to its SELECT, " ~ plan.describe() ~ ". Arguments: the run; changes of later runs than this one are read, 0 for everything. Returns counts.") | literal }};
