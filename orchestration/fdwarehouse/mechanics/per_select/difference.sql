{#- What the writers of compiled tables have in common: CTEs that write the difference between a table
    and the CTE expected_rows, and log it.
    target     the table, see Target in compiler/statement.py -#}

{#- a.k1 = b.k1 AND a.k2 = b.k2, each on a line. -#}
{%- macro same(left, right, key) -%}
{% for k in key %}{{ left }}.{{ k | ident }} = {{ right }}.{{ k | ident }}{{ "\nAND " if not loop.last }}{% endfor %}
{%- endmacro -%}

{#- The columns of a SELECT list; a lone one stays on the line of its SELECT. -#}
{%- macro columns(names, alias) -%}
{%- if names | length == 1 %} {{ alias }}.{{ names[0] | ident }}
{%- else %}{% for c in names %}
        {{ alias }}.{{ c | ident }}{{ "," if not loop.last }}
{%- endfor %}{% endif %}
{%- endmacro -%}

{#- What every writer begins with. -#}
{%- macro routine(target) -%}
CREATE FUNCTION {{ target.writer }}(p_run_id bigint, p_after_run_id bigint)
RETURNS etl.row_counts
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
SET work_mem = {{ work_mem | literal }}
SET plan_cache_mode = force_custom_plan -- as many rows as this run has, not as one may have
{%- endmacro -%}

{#- present_rows: those of which the others are told apart, read once.
    scope      the CTE with the keys that may have changed; none where all rows are computed
    key        its columns -#}
{%- macro present_rows(target, scope, key) -%}
present_rows AS MATERIALIZED (
    {%- if scope %}
    SELECT t.*
    FROM {{ target.qualified }} AS t
    INNER JOIN {{ scope }} AS d
        ON {{ same("t", "d", key) | indent(12) }}
    UNION ALL
    {%- endif %}
    SELECT t.*
    FROM {{ target.qualified }} AS t
    {{- " WHERE p_after_run_id = 0" if scope }}
)
{%- endmacro -%}

{#- A condition that is an error where a key is expected twice; it is tested before any row. -#}
{%- macro unless_duplicates(target) -%}
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
{%- endmacro -%}

{#- inserted_rows: expected rows that are not there.
    there      has the rows that may be there
    born       whether the table keeps the run that inserted a row, in _inserted_run_id
    is_key_unique  whether the SELECT cannot have a key twice; else duplicates are looked for first,
               which are an error -#}
{%- macro inserted_rows(target, there=none, born=false, is_key_unique=true) -%}
{% if not is_key_unique -%}
duplicates AS (
    SELECT
        jsonb_build_object(
            {%- for k in target.key %}
            {{ k | literal }}, s.{{ k | ident }}{{ "," if not loop.last }}
            {%- endfor %}
        ) AS key,
        count(*) AS row_count
    FROM expected_rows AS s
    GROUP BY {{ target.key | filled("s") | indent(8) }}
    HAVING count(*) > 1
    ORDER BY row_count DESC
    LIMIT 1
),

{% endif -%}
inserted_rows AS (
    INSERT INTO {{ target.qualified }} AS t (
        {{ (target.names + (["_inserted_run_id"] if born else []) + ["_run_id"]) | filled | indent(8) }}
    )
    SELECT
        s.*,
        {{ "p_run_id,\n        " if born }}p_run_id
    FROM expected_rows AS s
    WHERE
        NOT EXISTS (
            SELECT FROM {{ there or target.qualified }} AS t
            WHERE
                {{ same("t", "s", target.key) | indent(16) }}
        )
        {%- if not is_key_unique %}
        {{ unless_duplicates(target) | indent(8) }}
        {%- endif %}
    -- an index that is filled in order is filled fast
    ORDER BY {{ target.key | filled("s") | indent(8) }}
    RETURNING
        {{ (target.logged | filled("new") | indent(8)) or "1" }}
)
{%- endmacro -%}

{#- updated_rows: expected rows that are there, and differ.
    there      the CTE that has the rows that may be there
    returns    more that it returns, beside the images for the log -#}
{%- macro updated_rows(target, there=none, returns=[]) -%}
updated_rows AS (
    UPDATE {{ target.qualified }} AS t
    SET (
        {{ (target.imaged + ["_run_id"]) | filled | indent(8) }}
    ) = (
        {{ target.imaged | filled("s") | indent(8) }}, p_run_id
    )
    FROM expected_rows AS s
    {%- if there %}
    INNER JOIN {{ there }} AS p
        ON {{ same("s", "p", target.key) | indent(12) }}
    {%- endif %}
    WHERE
        {{ same("t", "s", target.key) | indent(8) }}
        AND record_image_ne(
            row(
                {{ target.imaged | filled("p" if there else "t") | indent(16) }}
            ),
            row(
                {{ target.imaged | filled("s") | indent(16) }}
            )
        )
    {%- if target.logged %}
    RETURNING
        {%- for r in returns %}
        {{ r }},
        {%- endfor %}
        row(
            {{ target.logged | filled("old") | indent(12) }}
        )::{{ target.log_row }} AS was,
        row(
            {{ target.logged | filled("new") | indent(12) }}
        )::{{ target.log_row }} AS is_now
    {%- else %}
    RETURNING {{ (returns | join(", ")) or "1" }}
    {%- endif %}
)
{%- endmacro -%}

{#- removed_rows: rows that are there and not expected. That duplicates are looked for here as well
    tells the planner that few rows go. -#}
{%- macro removed_rows(target, is_key_unique=true) -%}
gone_keys AS (
    SELECT{{ columns(target.key, "p") }}
    FROM present_rows AS p
    EXCEPT
    SELECT{{ columns(target.key, "s") }}
    FROM expected_rows AS s
),

removed_rows AS (
    DELETE FROM {{ target.qualified }} AS t
    USING gone_keys AS g
    WHERE
        {{ same("t", "g", target.key) | indent(8) }}
        {%- if not is_key_unique %}
        {{ unless_duplicates(target) | indent(8) }}
        {%- endif %}
    RETURNING
        {{ (target.logged | filled("t") | indent(8)) or "1" }}
)
{%- endmacro -%}

{#- The images of the rows that were written, for the tables that are made of them: three CTEs, after
    inserted_rows, updated_rows and, where rows go, removed_rows. Images that every table of gold has
    taken up are forgotten when there are new ones. -#}
{%- macro logged_images(target, removes_rows=true) -%}
row_images AS (
    SELECT
        1 AS sign,
        i.*
    FROM inserted_rows AS i
    {%- if target.imaged %}
    UNION ALL
    SELECT
        v.sign,
        (v.image).* -- noqa: RF01
    FROM updated_rows AS u
    CROSS JOIN LATERAL (VALUES (1, u.is_now), (-1, u.was)) AS v (sign, image)
    WHERE record_image_ne(u.is_now, u.was)
    {%- endif %}
    {%- if removes_rows %}
    UNION ALL
    SELECT
        -1 AS sign,
        r.*
    FROM removed_rows AS r
    {%- endif %}
),

logged_images AS (
    INSERT INTO {{ target.log }} (
        run_id, sign,
        {{ target.logged | filled | indent(8) }}
    )
    SELECT
        p_run_id,
        i.*
    FROM row_images AS i
    WHERE p_after_run_id > 0 -- after a full build all that reads it is full too
    RETURNING 1
),

forgotten_images AS (
    DELETE FROM {{ target.log }}
    WHERE
        run_id <= (SELECT min(run_id) FROM etl.watermarks WHERE model LIKE 'gold.%')
        AND EXISTS (SELECT FROM logged_images)
)
{%- endmacro -%}

{#- The row that every writer returns, an etl.row_counts. -#}
{%- macro counts(target) -%}
SELECT
    (SELECT count(*) FROM expected_rows) AS rows_read,
    (SELECT count(*) FROM inserted_rows) AS rows_inserted,
    {{ "(SELECT count(*) FROM updated_rows)" if target.imaged else "0::bigint" }} AS rows_updated,
    (SELECT count(*) FROM removed_rows) AS rows_deleted,
    0::bigint AS rows_rejected
{%- endmacro -%}
