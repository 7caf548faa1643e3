{#- Rendered once a table of silver: silver.write_<table>, which keeps the latest accepted version of
    each key. Rejected versions are set aside and the last good one stays; a deletion marks the row.
    target       the table; its last column is is_deleted
    is_computed  whether several rows of the source can have one key -#}
{%- import "per_select/difference.sql" as difference -%}
{%- set keys = target.key | map("ident") | join(", ") -%}
{%- set names = target.names[:-1] -%}
{{ difference.routine(target) }}
BEGIN ATOMIC
    WITH {{ silver.rows_by_computed_key(target.versions, target.key | list, target.values[:-1]) | indent(4) if is_computed -}}
    accepted_versions AS (
        {%- if is_computed %}
        SELECT
            {{ target.names | lined | indent(12) }},
            _run_id
        FROM rows_by_key
        {%- else %}
        SELECT DISTINCT ON ({{ keys }})
            {{ target.names | lined | indent(12) }},
            _run_id
        FROM {{ target.versions }}
        WHERE _run_id > p_after_run_id AND {{ silver.is_accepted() }}
        ORDER BY {{ keys }}, _run_id DESC
        {%- endif %}
    ),

    {% if target.primary_key != target.key -%}
    {%- set by = target.partitions.by | ident -%}
    -- A row that is gone may end without a date that a partition holds: it keeps the last one.
    placed_versions AS (
        SELECT
            {%- for c in target.names %}
            {%- if c == target.partitions.by %}
            CASE
                WHEN NOT a.is_deleted OR isfinite(a.{{ by }}) THEN a.{{ by }}
                ELSE (
                    SELECT v.{{ by }}
                    FROM {{ target.versions }} AS v
                    WHERE
                        {{ difference.same("v", "a", target.key) | indent(24) }}
                        AND {{ silver.is_accepted("v") }}
                        AND isfinite(v.{{ by }})
                    ORDER BY v._run_id DESC
                    LIMIT 1
                )
            END AS {{ by }}{{ "," if not loop.last }}
            {%- else %}
            a.{{ c | ident }}{{ "," if not loop.last }}
            {%- endif %}
            {%- endfor %}
        FROM accepted_versions AS a
    ),

    expected_rows AS NOT MATERIALIZED (
        SELECT
            {{ target.names | lined | indent(12) }}
        FROM placed_versions
        WHERE NOT is_deleted OR {{ by }} IS NOT NULL
    ),
    {%- else -%}
    expected_rows AS NOT MATERIALIZED (
        SELECT
            {{ target.names | lined | indent(12) }}
        FROM accepted_versions
    ),
    {%- endif %}

    {{ silver.standing_rejects(target.versions, target.key, names, is_computed) | indent(4) }},

    {{ difference.inserted_rows(target) | indent(4) }},

    {{ difference.updated_rows(
        target, returns=["old.is_deleted AS was_deleted", "new.is_deleted"]
    ) | indent(4) }},

    removed_rows AS ( -- only where the rules or the SELECT are others than before
        DELETE FROM {{ target.qualified }} AS t
        WHERE
            p_after_run_id = 0
            AND NOT EXISTS (
                SELECT FROM expected_rows AS s
                WHERE
                    {{ difference.same("t", "s", target.key) | indent(20) }}
            )
        RETURNING
            {{ (target.logged | lined("t") | indent(12)) or "1" }}
    ),

    {{ silver.set_aside(target.qualified, target.key, target.versions, is_computed) | indent(4) }}
    {%- if target.logged %},

    {{ difference.logged_images(target) | indent(4) }}
    {%- endif %}

    SELECT
        (SELECT count(*) FROM accepted_versions)
        + (SELECT count(*) FROM standing_rejects) AS rows_read,
        (SELECT count(*) FROM inserted_rows) AS rows_inserted,
        (SELECT count(*) FROM updated_rows WHERE NOT is_deleted OR was_deleted) AS rows_updated,
        (SELECT count(*) FROM updated_rows WHERE is_deleted AND NOT was_deleted)
        + (SELECT count(*) FROM removed_rows)
        {%- if is_computed %}
        + coalesce(
            (
                SELECT etl.refuse_twins({{ target.qualified | literal }}, t.key, t.row_count, t.hint)
                FROM twins AS t
            ),
            0
        )
        {%- endif %} AS rows_deleted,
        (SELECT count(*) FROM set_aside_rows) AS rows_rejected;
END;
COMMENT ON FUNCTION {{ target.writer }} IS
{{ ("Brings " ~ target.qualified ~ " up to the latest accepted versions in " ~ target.versions ~ ". Arguments: the run; changes of later runs than this one are read, 0 for everything. Returns counts.") | literal }};
