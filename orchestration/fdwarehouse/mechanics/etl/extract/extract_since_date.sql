-- A row that is stamped with a day may change at any time of that day.
CREATE FUNCTION etl.extract_since_date(
    p_model text, p_run_id bigint, p_since_run_id bigint, p_utc_offset interval
) RETURNS date
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT etl.extract_since_local(p_model, p_run_id, p_since_run_id, p_utc_offset)::date;
END;
COMMENT ON FUNCTION etl.extract_since_date IS
'From which day on a bronze table must be read: that of its last fence less the overlap of its source. Arguments: the model, the run, 0 to read all, the offset of the source from UTC now.';
