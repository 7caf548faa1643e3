{#- Rendered once per partitioned table of silver: the dates that it may get, for etl.add_partitions. -#}
CREATE VIEW {{ target.dates }} AS
SELECT
    v.{{ target.partitions.by | ident }},
    v._run_id
FROM {{ target.versions }} AS v
WHERE {{ silver.is_accepted("v") }};
COMMENT ON VIEW {{ target.dates }} IS
{{ ("Dates that " ~ target.qualified ~ " may get: the dates of accepted versions, with the run that extracted them.") | literal }};
