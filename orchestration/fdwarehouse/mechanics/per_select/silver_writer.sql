{#- Rendered once per table of silver: silver.write_<table>, which writes the latest accepted version of
    each key. Rejected versions are set aside and the last accepted version stays. A deletion marks the
    row.
    target       the table; its last column is is_deleted
    is_computed  whether the key is computed, so that several rows of the source can have the same -#}
{%- import "per_select/difference.sql" as difference -%}
{%- import "per_select/merge.sql" as merge -%}
{%- set keys = target.key | map("ident") | join(", ") -%}
{%- set names = target.names[:-1] -%}
{%- set body %}
    WITH {{ silver.rows_by_computed_key(target.versions, target.key | list, target.values[:-1]) | indent(4) if is_computed -}}
    accepted_versions AS (
        {%- if is_computed %}
        SELECT
            {{ (target.names + ["_run_id"]) | filled | indent(12) }}
        FROM rows_by_key
        {%- else %}
        SELECT DISTINCT ON ({{ keys }})
            {{ (target.names + ["_run_id"]) | filled | indent(12) }}
        FROM {{ target.versions }}
        WHERE _run_id > p_since_run_id AND {{ silver.is_accepted() }}
        ORDER BY {{ keys }}, _run_id DESC
        {%- endif %}
    ),

    {% if target.primary_key != target.key -%}
    {%- set by = target.partitions.by | ident -%}
    -- A deleted row may have no date that a partition accepts: it keeps its last valid date.
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
        {{ target.names | prefixed("") | selected | indent(8) }}
        FROM placed_versions
        WHERE NOT is_deleted OR {{ by }} IS NOT NULL
    ),
    {%- else -%}
    expected_rows AS NOT MATERIALIZED (
        {{ target.names | prefixed("") | selected | indent(8) }}
        FROM accepted_versions
    ),
    {%- endif %}

    {{ silver.standing_rejects(target.versions, target.key, names, is_computed, names | filled) | indent(4) }},

    affected_keys AS (
        SELECT {{ keys }} FROM expected_rows WHERE p_since_run_id > 0
    ),

    {{ merge.present_rows(target, true, target.key, true) | indent(4) }},

    {{ merge.filled_rows(target, true) | indent(4) }},

    {{ merge.written_rows(
        target, true, returns=["old.is_deleted AS was_deleted", "new.is_deleted"]
    ) | indent(4) }},

    {{ silver.set_aside(target.qualified, target.key, target.versions, is_computed) | indent(4) }}
    {%- if target.logged %},

    {{ merge.logged_images(target) | indent(4) }}
    {%- endif %}

    SELECT
        (SELECT count(*) FROM accepted_versions)
        + (SELECT count(*) FROM standing_rejects) AS rows_read,
        (SELECT count(*) FROM filled_rows)
        + count(*) FILTER (WHERE action = 'INSERT') AS rows_inserted,
        count(*) FILTER (
            WHERE action = 'UPDATE' AND (NOT is_deleted OR was_deleted)
        ) AS rows_updated,
        count(*) FILTER (
            WHERE action = 'DELETE' OR (action = 'UPDATE' AND is_deleted AND NOT was_deleted)
        )
        {%- if is_computed %}
        + coalesce(
            (
                SELECT etl.raise_duplicate_key({{ target.qualified | literal }}, t.key, t.row_count, t.hint)
                FROM duplicate_keys AS t
            ),
            0
        )
        {%- endif %} AS rows_deleted,
        (SELECT count(*) FROM set_aside_rows) AS rows_rejected
    FROM written_rows
{% endset -%}
{{ difference.routine(target) }}
AS {{ body | dedented | dollar_quoted }};
COMMENT ON FUNCTION {{ target.writer }} IS
{{ ("Brings " ~ target.qualified ~ " up to date with the latest accepted versions in " ~ target.versions ~ ". Arguments: the run; the run since which changes are read (0: all). Returns counts.") | literal }};
