{#- Rendered once a partitioned table of gold: the dates that it may get, for etl.add_partitions.
    target  the table
    type    of its date
    arms    SELECTs of the dates that tables have; none where the rows themselves tell
    ctes    then, the steps of the writer up to expected_rows -#}
{%- import "per_select/difference.sql" as difference -%}
{%- set by = target.partitions.by | ident -%}
{%- if arms -%}
CREATE VIEW {{ target.dates }} AS
WITH dates AS (
    {{ arms | join("\nUNION ALL\n") | indent(4) }}
)

SELECT
    d.date::{{ type }} AS {{ by }},
    d._run_id
FROM dates AS d;
COMMENT ON VIEW {{ target.dates }} IS
{{ ("Dates that " ~ target.qualified ~ " may get: those of the rows that it is made of, with the run that wrote them.") | literal }};
{%- else -%}
{{ difference.dates_routine(target, type) }}
BEGIN ATOMIC
    WITH {{ ctes | join(",\n\n") | indent(4) }}

    SELECT s.{{ by }} FROM expected_rows AS s;
END;
COMMENT ON FUNCTION {{ target.dates }} IS
{{ ("Dates of the rows that " ~ target.writer ~ " would write. Argument: changes of later runs than this one are read, 0 for everything.") | literal }};
{%- endif %}
