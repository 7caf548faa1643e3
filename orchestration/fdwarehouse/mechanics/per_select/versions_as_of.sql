{#- Rendered once per table of silver: a function that returns its rows at a given time and is queried
    like a table. It has no SET clause (BEGIN ATOMIC needs no search_path), so that PostgreSQL inlines
    it.
    is_computed  whether the key is computed, so that several rows of the source can have the same -#}
{%- set names = target.names[:-1] -%}
{%- set row = "_source_key" if is_computed else target.key | map("ident") | join(", ") -%}
CREATE FUNCTION {{ target.as_of }}(p_at timestamp)
RETURNS TABLE (
    {%- for name, type in target.columns[:-1] %}
    {{ name | ident }} {{ type }}{{ "," if not loop.last }}
    {%- endfor %}
)
LANGUAGE sql STABLE
BEGIN ATOMIC
    WITH known_versions AS (
        SELECT DISTINCT ON ({{ row }})
            {{ (names + ["is_deleted"]) | filled | indent(12) }}
        FROM {{ target.versions }}
        WHERE _seen_at <= p_at AND {{ silver.is_accepted() }}
        ORDER BY {{ row }}, _run_id DESC
    )

    SELECT
        {{ names | filled("v") | indent(8) }}
    FROM known_versions AS v
    WHERE NOT v.is_deleted;
END;
COMMENT ON FUNCTION {{ target.as_of }} IS
{{ ("Returns the rows of " ~ target.qualified ~ " as they were known at a given time, without deleted ones. Argument: the time, local time of production.") | literal }};
