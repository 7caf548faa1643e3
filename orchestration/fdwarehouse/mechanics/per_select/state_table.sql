{#- The state of the groups of a counted table.
    state     name and type of each of its columns, the groups first
    counting  the groups -#}
{%- if counting is not none %}
DO $do$
BEGIN
    -- The writer relies on the order of columns. A new definition fills the table in the next run.
    IF ARRAY[
        {%- for name, type in state %}
        {{ (name ~ " " ~ type) | literal }}{{ "," if not loop.last }}
        {%- endfor %}
    ] <> (
        SELECT array_agg(concat_ws(' ', attname, format_type(atttypid, atttypmod)) ORDER BY attnum)
        FROM pg_attribute
        WHERE attrelid = to_regclass({{ target.state | literal }}) AND attnum > 0
    ) THEN
        DROP TABLE {{ target.state }};
    END IF;
END;
$do$;
CREATE TABLE IF NOT EXISTS {{ target.state }} (
    {%- for name, type in state %}
    {{ name }} {{ type }},
    {%- endfor %}
    CONSTRAINT {{ (target.name ~ "_state__key")[:63] | ident }} UNIQUE NULLS NOT DISTINCT ({{ counting.groups | join(", ") }})
);
COMMENT ON TABLE {{ target.state }} IS
{{ ("What the aggregates of " ~ target.qualified ~ " are computed from: rows, sums, counts and extremes. Grain: one group, including groups that HAVING excludes.") | literal }};
{%- for name, _ in state %}
COMMENT ON COLUMN {{ target.state }}.{{ name }} IS {{ said[name] | literal }};
{%- endfor %}
{%- endif %}
