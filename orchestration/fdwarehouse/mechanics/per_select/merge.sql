{#- What the writers of plain tables end with: what differs between a table and the CTE expected_rows is
    merged into it, and logged.
    target     the table, see Target in compiler/tables/target.py -#}
{%- import "per_select/difference.sql" as difference -%}

{#- duplicate_keys: a key that the SELECT returns twice is an error. -#}
{%- macro duplicate_keys(target) -%}
duplicate_keys AS (
    -- Keys that the SELECT returns twice: an error.
    SELECT
        {%- set key %}{% for k in target.key %}{{ k | literal }}, s.{{ k | ident }}{{ ", " if not loop.last }}{% endfor %}{% endset %}
        etl.raise_duplicate_key(
            {{ target.qualified | literal }},{{ " " if target.key | length == 1 else "\n            " }}jsonb_build_object({{ key }}), count(*)
        ) AS refusal
    FROM expected_rows AS s
    GROUP BY {{ target.key | filled("s", 88) | indent(8) }}
    HAVING count(*) > 1
)
{%- endmacro -%}

{#- present_rows: those of which the expected ones are told apart.
    scope      whether some rows are computed: those of affected_keys
    key        columns of affected_keys
    is_exact   whether all expected rows are among them
    affected   the CTE that stands for affected_keys -#}
{%- macro present_rows(target, scope, key, is_exact, affected="affected_keys") -%}
{%- set rows -%}
{{ target.names | prefixed("t") | selected }}
FROM {{ target.qualified }} AS t
{%- endset -%}
present_rows AS MATERIALIZED (
    -- Rows as they are.
    {{ rows | indent(4) }}
    {%- if scope %}
    LEFT JOIN {{ affected }} AS k ON {{ difference.same("t", "k", key) | indent(8) }}
    WHERE p_since_run_id = 0 OR k.{{ key[0] | ident }} IS NOT NULL
    {%- if not is_exact %}
    UNION ALL
    {{ rows | indent(4) }}
    INNER JOIN expected_rows AS s ON {{ difference.same("t", "s", target.key) | indent(8) }}
    LEFT JOIN {{ affected }} AS k ON {{ difference.same("t", "k", key) | indent(8) }}
    WHERE p_since_run_id > 0 AND k.{{ key[0] | ident }} IS NULL -- computed, and not asked for
    {%- endif %}
    {%- endif %}
)
{%- endmacro -%}

{#- filled_rows: all rows of a table that is empty, which has nothing that they could differ from. For
    written_rows, which leaves them to it.
    is_key_unique  whether the SELECT cannot have a key twice -#}
{%- macro filled_rows(target, is_key_unique) -%}
filled_rows AS (
    -- An empty table is filled: there is nothing to compare.
    INSERT INTO {{ target.qualified }}
        ({{ (target.names + ["_run_id"]) | filled(width=88) | indent(8) }})
    SELECT s.*, p_run_id
    FROM expected_rows AS s
    WHERE p_since_run_id = 0 AND NOT EXISTS (SELECT FROM {{ target.qualified }})
        {%- if not is_key_unique %}
        AND (SELECT count(w.refusal) FROM duplicate_keys AS w) = 0
        {%- endif %}
    RETURNING 1
)
{%- endmacro -%}

{#- written_rows: each row that was missing, different or gone, with what was done about it.
    is_key_unique  whether the SELECT cannot have a key twice
    returns        what is returned of a row beside the action and the images for the log
    born           whether the table keeps the run that inserted a row, in _inserted_run_id; such a
                   table is never empty, so there are no filled_rows -#}
{%- macro written_rows(target, is_key_unique, returns=[], born=false) -%}
{%- set runs = ["_inserted_run_id", "_run_id"] if born else ["_run_id"] -%}
written_rows AS (
    -- What is missing, different or gone.
    MERGE INTO {{ target.qualified }} AS t
    USING (
        SELECT _is.*{% for k in target.primary_key %}, _was.{{ k | ident }} AS _key_{{ loop.index }}{% endfor %}
        FROM expected_rows AS _is
        FULL JOIN present_rows AS _was ON {{ difference.same("_is", "_was", target.key) | indent(12) }}
        WHERE record_image_ne(_is, _was) IS NOT FALSE
            {%- if not born %}
            AND (p_since_run_id > 0 OR EXISTS (SELECT FROM {{ target.qualified }}))
            {%- endif %}
            {%- if not is_key_unique %} AND (SELECT count(w.refusal) FROM duplicate_keys AS w) = 0{% endif %}
    ) AS s ON {% for k in target.primary_key %}t.{{ k | ident }} = s._key_{{ loop.index }}{{ " AND " if not loop.last }}{% endfor %}
    WHEN MATCHED AND s.{{ target.key[0] | ident }} IS NULL THEN DELETE
    {%- if target.imaged %}
    {% filter flat(96) -%}
    WHEN MATCHED THEN UPDATE SET
        ({{ (target.imaged + ["_run_id"]) | filled(width=88) | indent(8) }})
        = ({{ target.imaged | filled("s", 88) | indent(8) }}, p_run_id)
    {%- endfilter %}
    {%- endif %}
    WHEN NOT MATCHED THEN
        INSERT ({{ (target.names + runs) | filled(width=88) | indent(8) }})
        VALUES ({{ target.names | filled("s", 88) | indent(8) }}{{ ", p_run_id" * runs | length }})
    RETURNING merge_action() AS action
        {%- for r in returns %},
        {{ r }}
        {%- endfor %}
        {%- if target.logged %},
        row({{ target.logged | filled("old", 84) | indent(12) }})::{{ target.log_row }} AS was,
        row({{ target.logged | filled("new", 84) | indent(12) }})::{{ target.log_row }} AS is_now
        {%- endif %}
)
{%- endmacro -%}

{#- logged_images: the rows as they were and as they are, for the tables that are made of them. Images
    that every table of gold has taken up are forgotten when there are new ones. -#}
{%- macro logged_images(target) -%}
logged_images AS (
    -- Changed rows as they were and as they are, for the tables that are made of them.
    {% filter flat(96) -%}
    INSERT INTO {{ target.log }}
        ({{ (["run_id", "sign"] + target.logged | list) | filled(width=88) | indent(8) }})
    {%- endfilter %}
    SELECT p_run_id, v.sign, (v.image).*
    FROM written_rows AS w
    CROSS JOIN LATERAL (VALUES (-1, w.was, 'INSERT'), (1, w.is_now, 'DELETE')) AS v (sign, image, no)
    WHERE p_since_run_id > 0 AND w.action <> v.no -- after a full build readers build in full too
        AND (w.action <> 'UPDATE' OR record_image_ne(w.was, w.is_now))
    RETURNING 1
),

{{ difference.forgotten_images(target) }}
{%- endmacro -%}

{#- The row that every writer returns, an etl.row_counts.
    read       the CTE whose rows are those that were read
    is_filled  whether there are filled_rows -#}
{%- macro counts(read="expected_rows", is_filled=false) -%}
SELECT
    (SELECT count(*) FROM {{ read }}) AS rows_read,
    {{ "(SELECT count(*) FROM filled_rows) + " if is_filled }}count(*) FILTER (WHERE action = 'INSERT') AS rows_inserted,
    count(*) FILTER (WHERE action = 'UPDATE') AS rows_updated,
    count(*) FILTER (WHERE action = 'DELETE') AS rows_deleted,
    0::bigint AS rows_rejected
FROM written_rows
{%- endmacro -%}

{#- The end of a function that has computed expected_rows: the difference, and what is said of it.
    ctes       what comes before
    plan       how its rows are found
    scope, key, is_exact, affected  see present_rows -#}
{%- macro function(target, plan, ctes, scope, key, is_exact, affected="affected_keys") -%}
{%- set body -%}
{{ ctes }},

{% if not plan.is_key_unique -%}
{{ duplicate_keys(target) }},

{% endif -%}
{{ present_rows(target, scope, key, is_exact, affected) }},

{{ filled_rows(target, plan.is_key_unique) }},

{{ written_rows(target, plan.is_key_unique) }}
{%- if target.logged %},

{{ logged_images(target) }}
{%- endif %}

{{ counts(is_filled=true) }}
{%- endset -%}
{{ difference.routine(target) }}
AS {{ body | dollar_quoted }};
COMMENT ON FUNCTION {{ target.writer }} IS
{{ ("Brings " ~ target.qualified ~ " up to its SELECT, " ~ plan.describe() ~ ". Arguments: the run; changes of later runs than this one are read, 0 for everything. Returns counts.") | literal }};
{% endmacro -%}
