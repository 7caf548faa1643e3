{#- Rendered once a table that is one SELECT: gold.write_<table>, which writes what differs.
    target    the table
    plan      how its rows are found
    ctes      the compiled steps, up to expected_rows -#}
{%- import "per_select/difference.sql" as difference -%}
{%- import "per_select/merge.sql" as merge -%}
{%- set body -%}
WITH {{ ctes | join(",\n\n") }},

{% if not plan.is_key_unique -%}
{{ merge.twins(target) }},

{% endif -%}
{{ merge.present_rows(target, plan.affected, plan.key, plan.is_exact) }},

{{ merge.written_rows(target, plan.is_key_unique) }}
{%- if target.logged %},

{{ merge.logged_images(target) }}
{%- endif %}

{{ merge.counts() }}
{%- endset -%}
{{ difference.routine(target) }}
AS {{ body | dollar_quoted }};
COMMENT ON FUNCTION {{ target.writer }} IS
{{ ("Brings " ~ target.qualified ~ " up to its SELECT, " ~ plan.describe() ~ ". Arguments: the run; changes of later runs than this one are read, 0 for everything. Returns counts.") | literal }};
