{#- A dimension with history, SCD type 2 (Kimball). A version is valid from its updated_at time stamp,
    or from its extraction if the time stamp does not increase (a change without it, a deletion, a key
    that reappears) or is later. The first version is valid from the beginning. Versions are ordered by
    extraction. A member that facts refer to and that was never extracted is inferred, and completed
    when its row arrives.
    table         name of the table in gold
    surrogate     its surrogate key
    key           business key, one column
    type2         type 2 columns: a change creates a version
    type1         columns of which a version has only the latest value
    updated_at    the updated_at column
    versions      view with all cleaned versions
    referenced_by views with all versions of the rows that refer to the key, by a column of the same
                  name -#}
{%- macro write_dimension(
    table, surrogate, key, type2, type1, updated_at, versions, referenced_by
) -%}
{%- set type2, type1 = type2 | listed, type1 | listed -%}
{%- if key_is_computed(versions, [key]) -%}
{{ refuse("gold." ~ table ~ ": " ~ versions ~ " computes " ~ key ~ ": a row of the source could end the history of another") }}
{%- endif -%}
{{ routine.writer('gold.write_' ~ table) }}
BEGIN ATOMIC
    WITH referenced_members AS (
        {%- for view in referenced_by | listed %}
        SELECT {{ key | ident }}
        FROM {{ view }}
        WHERE
            _run_id > p_since_run_id
            AND {{ silver.is_accepted() }}
            AND {{ key | ident }} IS NOT NULL
        UNION
        {%- endfor %}
        SELECT {{ key | ident }}
        FROM gold.{{ table | ident }}
        WHERE is_inferred AND {{ key | ident }} IS NOT NULL AND p_since_run_id > 0
    ),

    affected_members AS (
        SELECT {{ key | ident }}
        FROM {{ versions }}
        WHERE _run_id > p_since_run_id AND {{ silver.is_accepted() }}
        UNION
        SELECT r.{{ key | ident }}
        FROM referenced_members AS r
        WHERE NOT EXISTS (SELECT FROM gold.{{ table | ident }} AS t WHERE t.{{ key | ident }} = r.{{ key | ident }})
        UNION
        SELECT {{ key | ident }}
        FROM gold.{{ table | ident }}
        WHERE p_since_run_id = 0 AND {{ surrogate | ident }} <> -1
    ),

    accepted_versions AS (
        SELECT
            v.*,
            lag(v._run_id) OVER seen IS NULL AS is_first,
            NOT v.is_deleted AND v.{{ updated_at | ident }} > lag(v.{{ updated_at | ident }}) OVER seen AS has_risen
        FROM {{ versions }} AS v
        WHERE
            (
                p_since_run_id = 0 -- all are affected
                -- unlike a join, a condition is pushed down into the view and uses the index
                OR v.{{ key | ident }} = ANY(
                    coalesce((SELECT array_agg(m.{{ key | ident }}) FROM affected_members AS m), '{}')
                )
            )
            AND {{ silver.is_accepted('v') }}
        WINDOW seen AS (PARTITION BY v.{{ key | ident }} ORDER BY v._run_id)
    ),

    dated_versions AS (
        SELECT
            *,
            max(
                CASE
                    WHEN is_first THEN '-infinity'
                    WHEN has_risen THEN least({{ updated_at | ident }}, _seen_at)
                    ELSE _seen_at
                END
            ) OVER (PARTITION BY {{ key | ident }} ORDER BY _run_id) AS valid_from
        FROM accepted_versions
    ),

    effective_versions AS (
        SELECT DISTINCT ON ({{ key | ident }}, valid_from) *
        FROM dated_versions
        ORDER BY {{ key | ident }}, valid_from, _run_id DESC
    ),

    marked_versions AS (
        SELECT
            *,
            record_image_ne(
                ROW(
                    {{ compare.columns_of(type2 + ['is_deleted']) | indent(20) }}
                ),
                ROW(
                    {% for c in type2 + ['is_deleted'] -%}
                    lag({{ c | ident }}) OVER seen{{ ",\n                    " if not loop.last }}
                    {%- endfor %}
                )
            ) AS is_change
        FROM effective_versions
        WINDOW seen AS (PARTITION BY {{ key | ident }} ORDER BY valid_from)
    ),

    numbered_versions AS (
        SELECT
            *,
            count(*) FILTER (WHERE is_change) OVER (
                PARTITION BY {{ key | ident }} ORDER BY valid_from
            ) AS change_number
        FROM marked_versions
    ),

    changes AS (
        SELECT DISTINCT ON ({{ key | ident }}, change_number)
            {{ compare.columns_of([key] + type2 + type1) | indent(12) }},
            is_deleted,
            change_number,
            min(valid_from) OVER (PARTITION BY {{ key | ident }}, change_number) AS valid_from
        FROM numbered_versions
        ORDER BY {{ key | ident }}, change_number, numbered_versions.valid_from DESC
    ),

    validities AS (
        SELECT
            *,
            lead(valid_from, 1, 'infinity') OVER (
                PARTITION BY {{ key | ident }} ORDER BY valid_from
            ) AS valid_to
        FROM changes
    ),

    known_versions AS (
        SELECT
            {{ compare.columns_of([key] + type2 + type1) | indent(12) }},
            valid_from,
            valid_to,
            false AS is_inferred
        FROM validities
        WHERE NOT is_deleted
    ),

    inferred_members AS (
        SELECT {{ key | ident }} FROM referenced_members
        INTERSECT
        SELECT {{ key | ident }} FROM affected_members
        EXCEPT
        SELECT {{ key | ident }} FROM known_versions
    ),

    expected_versions AS (
        SELECT * FROM known_versions
        UNION ALL
        SELECT
            {{ key | ident }},
            {%- for c in type2 + type1 %}
            NULL,
            {%- endfor %}
            '-infinity',
            'infinity',
            true
        FROM inferred_members
    ),

    present_rows AS (
        SELECT
            t.{{ key | ident }},
            t.valid_from
        FROM gold.{{ table | ident }} AS t
        INNER JOIN affected_members AS m ON t.{{ key | ident }} = m.{{ key | ident }}
    ),

    {{ merge.write_difference(
        'gold.' ~ (table | ident),
        key=[key, 'valid_from'],
        columns=type2 + type1 + ['valid_to', 'is_inferred'],
        source='expected_versions',
        affected_keys='present_rows',
        born=true,
    ) | indent(4) }}

    {{ merge.counts('affected_members') | indent(4) }};
END;
COMMENT ON FUNCTION gold.write_{{ table }} IS
'Brings gold.{{ table | ident }} up to date with the versions in {{ versions }}. Arguments: the run; the run since which changes are read (0: all). Returns counts.';
{%- endmacro -%}

{#- A function that returns the versions of a dimension at a given time and is queried like the table.
    It has no SET clause (BEGIN ATOMIC needs no search_path), so that PostgreSQL inlines it and
    conditions on it use indexes.
    table         name of the table in gold -#}
{%- macro as_of(table) -%}
CREATE FUNCTION gold.{{ table }}_as_of(p_at timestamp) RETURNS SETOF gold.{{ table | ident }}
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT t.* -- noqa: AM04
    FROM gold.{{ table | ident }} AS t
    WHERE t.valid_from <= p_at AND t.valid_to > p_at;
END;
COMMENT ON FUNCTION gold.{{ table }}_as_of IS
'Returns the versions of gold.{{ table | ident }} that were valid at a given time, at most one per member, and the unknown member. Argument: the time, local time of production.';
{%- endmacro -%}

{#- Keys of facts that a change of a dimension assigns to another version: those in the validity of an
    inserted version, those that still refer to a version that ended before their time, and those that
    had no version at their time and have one now. Each has an arm of its own, so that the planner
    estimates few rows and does not read whole tables. -#}
{%- macro rekeyed_facts(fact, fact_key, event_time, dimension, surrogate, key) -%}
SELECT f.{{ fact_key | ident }}
FROM gold.{{ dimension | ident }} AS d
INNER JOIN gold.{{ fact | ident }} AS f
    ON d.{{ key | ident }} = f.{{ key | ident }}
        AND d.valid_from <= f.{{ event_time | ident }}
        AND d.valid_to > f.{{ event_time | ident }}
        AND d.{{ surrogate | ident }} <> f.{{ surrogate | ident }}
WHERE
    d._run_id > p_since_run_id
    AND d._inserted_run_id > p_since_run_id
    AND p_since_run_id > 0
UNION
SELECT f.{{ fact_key | ident }}
FROM gold.{{ dimension | ident }} AS d
INNER JOIN gold.{{ fact | ident }} AS f
    ON d.{{ key | ident }} = f.{{ key | ident }}
        AND d.valid_to <= f.{{ event_time | ident }}
        AND d.{{ surrogate | ident }} = f.{{ surrogate | ident }}
WHERE
    d._run_id > p_since_run_id
    AND p_since_run_id > 0
UNION
SELECT f.{{ fact_key | ident }}
FROM gold.{{ dimension | ident }} AS d
INNER JOIN gold.{{ fact | ident }} AS f
    ON d.{{ key | ident }} = f.{{ key | ident }} AND f.{{ surrogate | ident }} = -1
WHERE
    d._run_id > p_since_run_id
    AND p_since_run_id > 0
    AND d.valid_from <= f.{{ event_time | ident }}
    AND d.valid_to > f.{{ event_time | ident }}
{%- endmacro -%}
