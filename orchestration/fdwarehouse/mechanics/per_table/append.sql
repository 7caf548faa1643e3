{#- Rendered once a table of a source: bronze.append_raw_<table>. -#}
-- Appends the versions of {{ table.foreign_table }} that bronze does not hold yet.
-- Grain: one version of one row.
{{ routine.writer(creates, hashes=true) }}
BEGIN ATOMIC
    WITH read_rows AS MATERIALIZED (
        SELECT
            {{ compare.columns_of(table.columns) | indent(12) }}
        FROM {{ table.foreign_table }}
        {%- if table.watermark %}
        WHERE
            {{ table.watermark | ident }}
            >= (
                SELECT {{ table.lower_bound }}(
                    {{ table.model | literal }}, p_run_id, p_after_run_id
                    {%- if table.is_stamped_in_local_time %}, {{ source.name | ident }}.utc_offset(){% endif %}
                )
            )
        {%- endif %}
    ),

    {{ bronze.append_difference(
        table,
        whole='p_after_run_id = 0' if table.watermark,
        whole_unkeyed='p_after_run_id = 0' if table.watermark else 'true',
        rehashes=true,
    ) | indent(4) }};
END;
COMMENT ON FUNCTION {{ creates }} IS
{{ ("Writes what differs between " ~ table.foreign_table ~ " and the latest versions in " ~ table.raw_table ~ ". Arguments: the run, and 0 to read the whole table, and so to see what is gone, rather than what changed since the last fence. Returns counts.") | literal }};
