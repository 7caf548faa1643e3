{#- Rendered once per dimension: gold.write_<table>, which writes its members and their history (SCD type
    2, Kimball). A version is valid from its updated_at time stamp, or from its extraction if the time
    stamp does not increase (a change without it, a deletion, a key that reappears) or is later. The
    first version is valid from the beginning. Versions are ordered by extraction. A member that facts
    refer to and that was never extracted is inferred, and completed when its row arrives.
    target         the table; its key is (key, valid_from)
    key            business key
    type2          type 2 columns: a change creates a version
    stamped        the updated_at column; none: versions are valid from their extraction
    overwritten    type 1 columns: all versions show the latest value
    referenced_by  views of versions whose rows refer to the key, each with the column -#}
{%- import "per_select/difference.sql" as difference -%}
{%- import "per_select/merge.sql" as merge -%}
{%- set k = key | ident -%}
{%- set carried = ([stamped] if stamped and stamped not in type2 else []) -%}
{%- set attributes = type2 + carried + overwritten -%}
{%- set tracked = type2 + ["is_deleted"] -%}
{%- set body -%}
WITH referenced_members AS (
    -- Members that new versions refer to, and those that are still inferred.
    {%- for view, column in referenced_by %}
    SELECT {{ column | ident }}{{ " AS " ~ k if column != key }} FROM {{ view }}
    WHERE _run_id > p_since_run_id AND {{ silver.is_accepted() }} AND {{ column | ident }} IS NOT NULL
    UNION
    {%- endfor %}
    SELECT {{ k }} FROM {{ target.qualified }}
    WHERE is_inferred AND {{ k }} IS NOT NULL AND p_since_run_id > 0
),

affected_members AS (
    -- Members with new versions, and missing members that are referred to; in a full refresh, all.
    SELECT {{ k }} FROM {{ target.versions }}
    WHERE _run_id > p_since_run_id AND {{ silver.is_accepted() }}
    UNION
    SELECT r.{{ k }} FROM referenced_members AS r
    WHERE NOT EXISTS (SELECT FROM {{ target.qualified }} AS t WHERE t.{{ k }} = r.{{ k }})
    UNION
    SELECT {{ k }} FROM {{ target.qualified }}
    WHERE p_since_run_id = 0 AND {{ surrogate | ident }} <> -1
),

accepted_versions AS (
    -- All their versions. Unlike a join, a condition is pushed down into the view and uses an
    -- index.
    SELECT
        v.*
        {%- if type2 %},
        CASE
            WHEN lag(v._run_id) OVER seen IS NULL THEN '-infinity'
            {%- if stamped %}
            WHEN NOT v.is_deleted AND v.{{ stamped | ident }} > lag(v.{{ stamped | ident }}) OVER seen
                THEN least(v.{{ stamped | ident }}, v._seen_at)
            {%- endif %}
            ELSE v._seen_at
        END AS began_at
        {%- endif %}
    FROM {{ target.versions }} AS v
    WHERE
        {{ silver.is_accepted('v') }}
        AND (
            p_since_run_id = 0
            OR v.{{ k }} = ANY(array(SELECT m.{{ k }} FROM affected_members AS m))
        )
    {%- if type2 %}
    WINDOW seen AS (PARTITION BY v.{{ k }} ORDER BY v._run_id)
    {%- endif %}
),

{%- if type2 %}

dated_versions AS (
    -- The beginning of each validity: not before that of an earlier version; of equal ones, the
    -- last.
    SELECT DISTINCT ON ({{ k }}, valid_from)
        *, max(began_at) OVER (PARTITION BY {{ k }} ORDER BY _run_id) AS valid_from
    FROM accepted_versions
    ORDER BY {{ k }}, valid_from, _run_id DESC
),

marked_versions AS (
    -- Whether a version differs from the previous one in a type 2 column.
    SELECT
        *, record_image_ne(
            row({{ tracked | filled(width=84) | indent(12) }}),
            lag(row({{ tracked | filled(width=80) | indent(12) }})) OVER seen
        ) AS is_change
    FROM dated_versions
    WINDOW seen AS (PARTITION BY {{ k }} ORDER BY valid_from)
),

numbered_versions AS (
    SELECT *, count(*) FILTER (WHERE is_change) OVER seen AS change
    FROM marked_versions
    WINDOW seen AS (PARTITION BY {{ k }} ORDER BY valid_from)
),

changes AS (
    -- Each change: valid from its first version to that of the next change, with its last values.
    SELECT DISTINCT ON ({{ k }}, change)
        {{ ([key] + attributes + ["is_deleted"]) | filled(width=88) | indent(8) }},
        min(valid_from) OVER (PARTITION BY {{ k }}, change) AS valid_from,
        coalesce(min(valid_from) OVER following, 'infinity') AS valid_to
    FROM numbered_versions
    WINDOW
        following AS (
            PARTITION BY {{ k }} ORDER BY change GROUPS BETWEEN 1 FOLLOWING AND 1 FOLLOWING
        )
    ORDER BY {{ k }}, change, numbered_versions.valid_from DESC
),

known_versions AS (
    {{ known | selected | indent(4) }}
    FROM changes
    WHERE NOT is_deleted
    {%- if overwritten %}
    WINDOW latest AS (PARTITION BY {{ k }} ORDER BY valid_from DESC)
    {%- endif %}
),
{%- else %}

known_versions AS (
    -- Without history: the last state, also of deleted members.
    {{ known | selected("SELECT DISTINCT ON (" ~ k ~ ")") | indent(4) }}
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

expected_rows AS MATERIALIZED (
    -- The expected versions.
    SELECT * FROM known_versions
    UNION ALL
    {{ inferred | selected | indent(4) }}
    FROM inferred_members
),

present_rows AS MATERIALIZED (
    -- The present versions.
    {{ target.names | prefixed("t") | selected | indent(4) }}
    FROM {{ target.qualified }} AS t
    INNER JOIN affected_members AS m ON t.{{ k }} = m.{{ k }}
),

{{ merge.written_rows(target, true, born=true) }}
{%- if target.logged %},

{{ merge.logged_images(target) }}
{%- endif %}

{{ merge.counts("affected_members") }}
{%- endset -%}
{{ difference.routine(target) }}
AS {{ body | dollar_quoted }};
COMMENT ON FUNCTION {{ target.writer }} IS
{{ ("Brings " ~ target.qualified ~ " up to date with the versions in " ~ target.versions ~ ". Arguments: the run; the run since which changes are read (0: all). Returns counts.") | literal }};
