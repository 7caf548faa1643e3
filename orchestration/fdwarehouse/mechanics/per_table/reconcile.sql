{#- Rendered once a table that has a watermark: bronze.reconcile_raw_<table>. -#}
-- Finds what no watermark shows: deletions, updates that left the watermark alone, and all else.

{%- if table.is_hashed %}
-- The source hashes its rows bucket by bucket and sends one row a bucket; only buckets that differ
-- from what bronze holds are read row by row.
{%- else %}
-- Not every column has a hash in the source, so all rows are read.
{%- endif %}
{{ routine.writer(creates, hashes=true) }}
BEGIN ATOMIC
{%- if table.is_hashed %}
    WITH hashed_rows AS (
        SELECT
            {{ bronze.bucket(table, 's') | indent(12) }} AS bucket,
            {{ bronze.row_hash(table, 's') | indent(12) }} AS hash
        FROM {{ table.foreign_table }} AS s
        WHERE NOT {{ bronze.is_unkeyed(table, 's') }}
    ),

    source_hashes AS MATERIALIZED (
        SELECT
            bucket,
            count(*) AS row_count,
            bit_xor(hash) AS hash
        FROM hashed_rows
        GROUP BY bucket
    ),

    bronze_hashes AS (
        SELECT
            h.bucket,
            sum(h.row_count) AS row_count,
            bit_xor(h.hash) AS hash
        FROM etl.bucket_hashes AS h
        WHERE h.model = {{ table.model | literal }}
        GROUP BY h.bucket
        HAVING sum(h.row_count) > 0
    ),

    differing_buckets AS (
        SELECT coalesce(s.bucket, h.bucket) AS bucket
        FROM source_hashes AS s
        FULL JOIN bronze_hashes AS h ON s.bucket = h.bucket
        WHERE (s.row_count, s.hash) IS DISTINCT FROM (h.row_count, h.hash)
    ),

    read_rows AS MATERIALIZED (
        SELECT
            {{ compare.columns_of(table.columns, 's') | indent(12) }}
        FROM {{ table.foreign_table }} AS s
        WHERE
            {{ bronze.in_differing_bucket(table, 's') | indent(12) }}
            AND NOT {{ bronze.is_unkeyed(table, 's') }}
        UNION ALL
        SELECT
            {{ compare.columns_of(table.columns, 's') | indent(12) }}
        FROM {{ table.foreign_table }} AS s
        WHERE {{ bronze.is_unkeyed(table, 's') }}
    ),

    {{ bronze.append_difference(
        table,
        whole=bronze.in_differing_bucket(table, 'b'),
        live='(SELECT sum(h.row_count) FROM bronze_hashes AS h)::bigint',
    ) | indent(4) }};
{%- else %}
    SELECT c.*
    FROM {{ appends }}(p_run_id, 0) AS c;
{%- endif %}
END;
COMMENT ON FUNCTION {{ creates }} IS
{{ ("Compares " ~ table.foreign_table ~ " with " ~ table.raw_table ~ (", by the hashes of 4096 buckets of keys," if table.is_hashed else ", row by row,") ~ " and appends what differs: new versions, and tombstones for rows that are gone. Arguments: the run; the second is not used. Returns counts; rows read are those that were compared one by one.") | literal }};
