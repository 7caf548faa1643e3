{#- Rendered once per table that has a watermark: bronze.reconcile_raw_<table>. -#}
{%- set body -%}
{%- if table.is_hashed -%}
WITH source_hashes AS (
    -- One row per bucket: the source computes the hashes.
    SELECT
        {{ bronze.bucket_of(table, "s") }} AS bucket,
        count(*) AS row_count,
        bit_xor({{ table.hash_function }}({{ bronze.image(table, "s") | indent(8) }})) AS hash
    FROM {{ table.foreign_table }} AS s
    WHERE {{ bronze.is_keyed(table, "s") }}
    GROUP BY 1
),

bronze_hashes AS (
    SELECT h.bucket, sum(h.row_count) AS row_count, bit_xor(h.hash) AS hash
    FROM etl.bucket_hashes AS h
    WHERE h.model = {{ table.model | literal }}
    GROUP BY h.bucket
    HAVING sum(h.row_count) > 0
),

differing_buckets AS (
    SELECT coalesce(array_agg(coalesce(s.bucket, b.bucket)), '{}') AS buckets
    FROM source_hashes AS s
    FULL JOIN bronze_hashes AS b ON s.bucket = b.bucket
    WHERE (s.row_count, s.hash) IS DISTINCT FROM (b.row_count, b.hash)
)

SELECT c.*
FROM differing_buckets AS d
CROSS JOIN LATERAL {{ appends }}(p_run_id, 0, p_buckets => d.buckets) AS c
{%- else -%}
-- A column has no hash in the source, so all rows are read.
SELECT c.* FROM {{ appends }}(p_run_id, 0) AS c
{%- endif -%}
{%- endset -%}
-- Finds what the watermark does not show: deletions, and updates that did not change the watermark.
{{ routine.writer(creates, hashes=true) }}
AS {{ body | dollar_quoted }};
COMMENT ON FUNCTION {{ creates }} IS
{{ ("Compares " ~ table.foreign_table ~ " with " ~ table.raw_table ~ (", by the hashes of 4096 buckets of keys," if table.is_hashed else ", row by row,") ~ " and appends the differences: new versions, and tombstones for deleted rows. Arguments: the run; the second is not used. Returns counts; rows_read counts the rows that were compared one by one.") | literal }};
