{#- Rendered once per table that has a watermark: bronze.reconcile_raw_<table>. -#}
{%- set body -%}
{%- if table.is_hashed -%}
WITH source_hashes AS (
    -- One row per bucket: the source hashes its rows itself.
    SELECT
        {{ bronze.bucket_of(table, "s") }} AS bucket,
        count(*) AS row_count,
        bit_xor({{ table.hash_function }}(s.*)) AS hash
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
-- Not every column has a hash in the source: all rows are read.
SELECT c.* FROM {{ appends }}(p_run_id, 0) AS c
{%- endif -%}
{%- endset -%}
-- Finds what no watermark shows: deletions, updates that left the watermark alone, and all else.
{{ routine.writer(creates, hashes=true) }}
AS {{ body | dollar_quoted }};
COMMENT ON FUNCTION {{ creates }} IS
{{ ("Compares " ~ table.foreign_table ~ " with " ~ table.raw_table ~ (", by the hashes of 4096 buckets of keys," if table.is_hashed else ", row by row,") ~ " and appends what differs: new versions, and tombstones for rows that are gone. Arguments: the run; the second is not used. Returns counts; rows read are those that were compared one by one.") | literal }};
