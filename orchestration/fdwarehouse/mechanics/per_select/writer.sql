{#- Rendered once per table that is one SELECT: gold.write_<table>, which writes the differences.
    target    the table
    plan      how its rows are found
    ctes      the compiled steps, up to expected_rows -#}
{%- import "per_select/merge.sql" as merge -%}
{%- set steps %}WITH {{ ctes | join(",\n\n") }}{% endset -%}
{{ merge.function(target, plan, steps, plan.affected, plan.key, plan.is_exact) }}