{#- Rendered once a dimension: gold.write_<table>, which keeps its members and their history (SCD type
    2, Kimball). A version is valid from the time that production stamped on it, or from when it was
    seen where the stamp does not rise (a silent change, a deletion, a key that came back) or is later;
    the first is valid from the beginning. Versions follow one another in the order in which they were
    seen, which is the order in which they were true. A member that facts refer to but that was never
    seen is inferred, and completed when it comes.
    target         the table; its key is (key, valid_from)
    key            business key
    type2          columns whose change makes a version
    stamped        the column with the time of the change; none: a version is valid from when it was seen
    overwritten    other columns: all versions show the latest state
    referenced_by  views of versions whose rows refer to the key, each with the column -#}
{%- import "per_select/difference.sql" as difference -%}
{%- set k = key | ident -%}
{%- set carried = ([stamped] if stamped and stamped not in type2 else []) -%}
{%- set attributes = type2 + carried + overwritten -%}
{{ difference.routine(target) }}
BEGIN ATOMIC
    WITH referenced_members AS (
        {%- for view, column in referenced_by %}
        SELECT {{ column | ident }}{{ " AS " ~ k if column != key }}
        FROM {{ view }}
        WHERE
            _run_id > p_after_run_id
            AND {{ silver.is_accepted() }}
            AND {{ column | ident }} IS NOT NULL
        UNION
        {%- endfor %}
        SELECT {{ k }}
        FROM {{ target.qualified }}
        WHERE is_inferred AND {{ k }} IS NOT NULL AND p_after_run_id > 0
    ),

    affected_members AS (
        SELECT {{ k }}
        FROM {{ target.versions }}
        WHERE _run_id > p_after_run_id AND {{ silver.is_accepted() }}
        UNION
        SELECT r.{{ k }}
        FROM referenced_members AS r
        WHERE NOT EXISTS (SELECT FROM {{ target.qualified }} AS t WHERE t.{{ k }} = r.{{ k }})
        UNION
        SELECT {{ k }}
        FROM {{ target.qualified }}
        WHERE p_after_run_id = 0 AND {{ surrogate | ident }} <> -1
    ),

    accepted_versions AS (
        SELECT
            v.*,
            lag(v._run_id) OVER seen IS NULL AS is_first,
            {%- if stamped %}
            NOT v.is_deleted AND v.{{ stamped | ident }} > lag(v.{{ stamped | ident }}) OVER seen AS has_risen
            {%- else %}
            false AS has_risen
            {%- endif %}
        FROM {{ target.versions }} AS v
        WHERE
            (
                p_after_run_id = 0 -- all are affected
                -- a condition, unlike a join, finds its way into the view and to the index below
                OR v.{{ k }} = ANY(
                    coalesce((SELECT array_agg(m.{{ k }}) FROM affected_members AS m), '{}')
                )
            )
            AND {{ silver.is_accepted('v') }}
        WINDOW seen AS (PARTITION BY v.{{ k }} ORDER BY v._run_id)
    ),

    {%- if type2 %}

    dated_versions AS (
        SELECT
            *,
            max(
                CASE
                    WHEN is_first THEN '-infinity'
                    {%- if stamped %}
                    WHEN has_risen THEN least({{ stamped | ident }}, _seen_at)
                    {%- endif %}
                    ELSE _seen_at
                END
            ) OVER (PARTITION BY {{ k }} ORDER BY _run_id) AS valid_from
        FROM accepted_versions
    ),

    effective_versions AS (
        SELECT DISTINCT ON ({{ k }}, valid_from) *
        FROM dated_versions
        ORDER BY {{ k }}, valid_from, _run_id DESC
    ),

    marked_versions AS (
        SELECT
            *,
            record_image_ne(
                row(
                    {{ (type2 + ["is_deleted"]) | lined | indent(20) }}
                ),
                row(
                    {% for c in type2 + ["is_deleted"] -%}
                    lag({{ c | ident }}) OVER seen{{ ",\n                    " if not loop.last }}
                    {%- endfor %}
                )
            ) AS is_change
        FROM effective_versions
        WINDOW seen AS (PARTITION BY {{ k }} ORDER BY valid_from)
    ),

    numbered_versions AS (
        SELECT
            *,
            count(*) FILTER (WHERE is_change) OVER (
                PARTITION BY {{ k }} ORDER BY valid_from
            ) AS change_number
        FROM marked_versions
    ),

    changes AS (
        SELECT DISTINCT ON ({{ k }}, change_number)
            {{ ([key] + attributes) | lined | indent(12) }},
            is_deleted,
            change_number,
            min(valid_from) OVER (PARTITION BY {{ k }}, change_number) AS valid_from
        FROM numbered_versions
        ORDER BY {{ k }}, change_number, numbered_versions.valid_from DESC
    ),

    validities AS (
        SELECT
            *,
            lead(valid_from, 1, 'infinity') OVER (
                PARTITION BY {{ k }} ORDER BY valid_from
            ) AS valid_to
        FROM changes
    ),

    known_versions AS (
        SELECT
            {{ ([key] + type2 + carried) | lined | indent(12) }},
            {%- for c in overwritten %}
            first_value({{ c | ident }}) OVER latest AS {{ c | ident }},
            {%- endfor %}
            valid_from,
            valid_to,
            false AS is_inferred
        FROM validities
        WHERE NOT is_deleted
        {%- if overwritten %}
        WINDOW latest AS (PARTITION BY {{ k }} ORDER BY valid_from DESC)
        {%- endif %}
    ),
    {%- else %}

    known_versions AS ( -- without history: the last state, also of what is deleted
        SELECT DISTINCT ON ({{ k }})
            {{ ([key] + attributes) | lined | indent(12) }},
            '-infinity'::timestamp AS valid_from,
            'infinity'::timestamp AS valid_to,
            false AS is_inferred
        FROM accepted_versions
        WHERE NOT is_deleted
        ORDER BY {{ k }}, _run_id DESC
    ),
    {%- endif %}

    inferred_members AS (
        SELECT {{ k }} FROM referenced_members
        INTERSECT
        SELECT {{ k }} FROM affected_members
        EXCEPT
        SELECT {{ k }} FROM known_versions
    ),

    expected_rows AS (
        SELECT
            {{ target.names | lined("v") | indent(12) }}
        FROM known_versions AS v
        UNION ALL
        SELECT
            {%- for c in target.names %}
            {{ {key: k, "valid_from": "'-infinity'", "valid_to": "'infinity'", "is_inferred": "true"}.get(c, "NULL") }}{{ "," if not loop.last }}
            {%- endfor %}
        FROM inferred_members
    ),

    {{ difference.inserted_rows(target, born=true) | indent(4) }},

    {{ difference.updated_rows(target) | indent(4) }},

    removed_rows AS (
        DELETE FROM {{ target.qualified }} AS t
        USING affected_members AS m
        WHERE
            t.{{ k }} = m.{{ k }}
            AND NOT EXISTS (
                SELECT FROM expected_rows AS s
                WHERE
                    {{ difference.same("t", "s", target.key) | indent(20) }}
            )
        RETURNING
            {{ (target.logged | lined("t") | indent(12)) or "1" }}
    )
    {%- if target.logged %},

    {{ difference.logged_images(target) | indent(4) }}
    {%- endif %}

    SELECT
        (SELECT count(*) FROM affected_members) AS rows_read,
        (SELECT count(*) FROM inserted_rows) AS rows_inserted,
        (SELECT count(*) FROM updated_rows) AS rows_updated,
        (SELECT count(*) FROM removed_rows) AS rows_deleted,
        0::bigint AS rows_rejected;
END;
COMMENT ON FUNCTION {{ target.writer }} IS
{{ ("Brings " ~ target.qualified ~ " up to the versions in " ~ target.versions ~ ". Arguments: the run; changes of later runs than this one are read, 0 for everything. Returns counts.") | literal }};
