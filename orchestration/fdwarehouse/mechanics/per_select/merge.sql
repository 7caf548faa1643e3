{#- The end of the writers: merges the differences between the CTE expected_rows and a table into the
    table, and logs them.
    target     the table, see Target in compiler/statement.py -#}
{%- import "per_select/difference.sql" as difference -%}

{#- duplicate_keys: raises an error if the SELECT returns a key twice. -#}
{%- macro duplicate_keys(target) -%}
duplicate_keys AS (
    -- Raises an error for keys that the SELECT returns twice.
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

{#- present_rows: the rows with which the expected ones are compared.
    scope      whether only the rows of affected_keys are computed
    key        columns of affected_keys
    is_exact   whether the keys of all expected rows are among affected_keys
    affected   the CTE with the affected keys -#}
{%- macro present_rows(target, scope, key, is_exact, affected="affected_keys") -%}
{%- set rows -%}
{{ target.names | prefixed("t") | selected }}
FROM {{ target.qualified }} AS t
{%- endset -%}
present_rows AS MATERIALIZED (
    -- The present rows.
    {{ rows | indent(4) }}
    {%- if scope %}
    LEFT JOIN {{ affected }} AS k ON {{ difference.same("t", "k", key) | indent(8) }}
    WHERE p_since_run_id = 0 OR k.{{ key[0] | ident }} IS NOT NULL
    {%- if not is_exact %}
    UNION ALL
    {{ rows | indent(4) }}
    INNER JOIN expected_rows AS s ON {{ difference.same("t", "s", target.key) | indent(8) }}
    LEFT JOIN {{ affected }} AS k ON {{ difference.same("t", "k", key) | indent(8) }}
    WHERE p_since_run_id > 0 AND k.{{ key[0] | ident }} IS NULL -- computed in addition
    {%- endif %}
    {%- endif %}
)
{%- endmacro -%}

{#- filled_rows: all rows, if the table is empty and there is nothing to compare. written_rows then
    writes nothing.
    is_key_unique  whether the SELECT cannot return a key twice -#}
{%- macro filled_rows(target, is_key_unique) -%}
filled_rows AS (
    -- Fills an empty table without comparing.
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

{#- written_rows: each row that was inserted, updated or deleted, with the action.
    is_key_unique  whether the SELECT cannot return a key twice
    returns        what is returned in addition to the action and the images for the log
    born           whether the table stores the run that inserted a row in _inserted_run_id; such a
                   table is never empty, so there are no filled_rows -#}
{%- macro written_rows(target, is_key_unique, returns=[], born=false) -%}
{%- set runs = ["_inserted_run_id", "_run_id"] if born else ["_run_id"] -%}
written_rows AS (
    -- Inserts missing rows, updates different ones and deletes rows that are no longer expected.
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

{#- logged_images: the deltas of the changed rows, for the downstream tables. Deltas that every table of
    gold has read are deleted when there are new ones. -#}
{%- macro logged_images(target) -%}
logged_images AS (
    -- The deltas of the changed rows, for the downstream tables.
    {% filter flat(96) -%}
    INSERT INTO {{ target.log }}
        ({{ (["run_id", "sign"] + target.logged | list) | filled(width=88) | indent(8) }})
    {%- endfilter %}
    SELECT p_run_id, v.sign, (v.image).*
    FROM written_rows AS w
    CROSS JOIN LATERAL (VALUES (-1, w.was, 'INSERT'), (1, w.is_now, 'DELETE')) AS v (sign, image, no)
    WHERE p_since_run_id > 0 AND w.action <> v.no -- downstream tables follow a full refresh in full
        AND (w.action <> 'UPDATE' OR record_image_ne(w.was, w.is_now))
    RETURNING 1
),

{{ difference.forgotten_images(target) }}
{%- endmacro -%}

{#- The row that every writer returns, an etl.row_counts.
    read       the CTE with the rows that were read
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

{#- A writer that computes expected_rows and writes the differences.
    ctes       the steps that compute expected_rows
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
{{ ("Brings " ~ target.qualified ~ " up to date with its SELECT, " ~ plan.describe() ~ ". Arguments: the run; the run since which changes are read (0: all). Returns counts.") | literal }};
{% endmacro -%}
