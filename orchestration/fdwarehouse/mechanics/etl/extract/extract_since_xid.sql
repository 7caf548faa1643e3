CREATE FUNCTION etl.extract_since_xid(p_model text, p_run_id bigint, p_since_run_id bigint)
RETURNS xid8
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT etl.extract_since_number(p_model, p_run_id, p_since_run_id)::text::xid8;
END;
COMMENT ON FUNCTION etl.extract_since_xid IS
'Like etl.extract_since_number, for a watermark of type xid8. Arguments: the model, the run, 0 to read all.';
