{#- Rendered once per partitioned table of gold: the dates that it may get, for etl.add_partitions.
    target  the table
    type    the type of its partition column
    arms    SELECTs of dates of upstream tables; none if the dates must be computed
    ctes    in that case, the steps of the writer up to expected_rows -#}
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
{{ ("Dates that " ~ target.qualified ~ " may get: the dates of the upstream rows, with the run that wrote them.") | literal }};
{%- else -%}
{{ difference.dates_routine(target, type) }}
BEGIN ATOMIC
    WITH {{ ctes | join(",\n\n") | indent(4) }}

    SELECT s.{{ by }} FROM expected_rows AS s;
END;
COMMENT ON FUNCTION {{ target.dates }} IS
{{ ("Returns the dates of the rows that " ~ target.writer ~ " would write. Argument: the run since which changes are read (0: all).") | literal }};
{%- endif %}
