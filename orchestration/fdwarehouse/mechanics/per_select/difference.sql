{#- Common parts of the writers of compiled tables: CTEs that write the differences between a table and
    the CTE expected_rows, and log them.
    target     the table, see Target in compiler/statement.py -#}

{#- a.k1 = b.k1 AND a.k2 = b.k2, one per line. -#}
{%- macro same(left, right, key) -%}
{% for k in key %}{{ left }}.{{ k | ident }} = {{ right }}.{{ k | ident }}{{ "\nAND " if not loop.last }}{% endfor %}
{%- endmacro -%}

{#- The head of every writer. -#}
{%- macro routine(target) -%}
CREATE FUNCTION {{ target.writer }}(p_run_id bigint, p_since_run_id bigint)
RETURNS etl.row_counts
LANGUAGE sql
{{ settings_of_statement() }}
{%- endmacro -%}

{#- The head of a function that returns the dates of the rows that would be written. -#}
{%- macro dates_routine(target, type) -%}
CREATE FUNCTION {{ target.dates }}(p_since_run_id bigint)
RETURNS TABLE ({{ target.partitions.by | ident }} {{ type }})
LANGUAGE sql STABLE
{{ settings_of_statement() }}
{%- endmacro -%}

{%- macro settings_of_statement() -%}
SET search_path = pg_catalog, pg_temp
SET work_mem = {{ work_mem | literal }}
SET plan_cache_mode = force_custom_plan -- plan for the number of rows of this run
SET enable_mergejoin = off -- it would read a whole index for a few keys
{%- endmacro -%}

{#- inserted_rows: expected rows that are missing.
    born       whether the table stores the run that inserted a row in _inserted_run_id -#}
{%- macro inserted_rows(target, born=false) -%}
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
            SELECT FROM {{ target.qualified }} AS t
            WHERE
                {{ same("t", "s", target.key) | indent(16) }}
        )
    -- inserting into an index in order is faster
    ORDER BY {{ target.key | filled("s") | indent(8) }}
    RETURNING
        {{ (target.logged | filled("new") | indent(8)) or "1" }}
)
{%- endmacro -%}

{#- updated_rows: expected rows that exist and differ.
    returns    what it returns in addition to the images for the log -#}
{%- macro updated_rows(target, returns=[]) -%}
updated_rows AS (
    UPDATE {{ target.qualified }} AS t
    SET (
        {{ (target.imaged + ["_run_id"]) | filled | indent(8) }}
    ) = (
        {{ target.imaged | filled("s") | indent(8) }}, p_run_id
    )
    FROM expected_rows AS s
    WHERE
        {{ same("t", "s", target.key) | indent(8) }}
        AND record_image_ne(
            row(
                {{ target.imaged | filled("t") | indent(16) }}
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

{#- Logs the deltas of the rows that were written, for the downstream tables: three CTEs, after
    inserted_rows, updated_rows and removed_rows. Deltas that every table of gold has read are deleted
    when there are new ones. -#}
{%- macro logged_images(target) -%}
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
    UNION ALL
    SELECT
        -1 AS sign,
        r.*
    FROM removed_rows AS r
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
    WHERE p_since_run_id > 0 -- after a full refresh, downstream tables are refreshed in full
    RETURNING 1
),

{{ forgotten_images(target) }}
{%- endmacro -%}

{#- forgotten_images: deletes the deltas that every table of gold has read, when there are new ones. -#}
{%- macro forgotten_images(target) -%}
forgotten_images AS (
    DELETE FROM {{ target.log }}
    WHERE
        run_id <= (SELECT min(w.run_id) FROM etl.watermarks AS w WHERE w.model LIKE 'gold.%')
        AND EXISTS (SELECT FROM logged_images)
)
{%- endmacro -%}
