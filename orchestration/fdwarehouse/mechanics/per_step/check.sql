{#- Rendered once per check: etl.check_<name>, around the SELECT of the file. -#}
-- {{ check.description | wordwrap(97, wrapstring="\n-- ") }}
CREATE FUNCTION {{ creates }}(p_since_run_id bigint) RETURNS SETOF jsonb
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
SET work_mem = {{ work_mem | literal }}
BEGIN ATOMIC
    WITH offending_rows AS (
        {{ check.select | indent(8) }}
    )

    SELECT etl.storable_jsonb(to_json(offending_rows.*), 100000) FROM offending_rows;
END;
COMMENT ON FUNCTION {{ creates }} IS
{{ (check.description ~ " Returns the offending rows. Argument: the run since which changes are checked (0: all rows).") | literal }};
