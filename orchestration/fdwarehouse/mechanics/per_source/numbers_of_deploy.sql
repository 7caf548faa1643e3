{#- Rendered once per source with a watermark that is a rising number. -#}
-- The first load is then bounded for the run after it.
SELECT {{ source.name | ident }}.observe_numbers(max(query_start))
FROM {{ source.name | ident }}._pg_stat_activity;
