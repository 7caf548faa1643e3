-- The hash shows that production is as it was read last, not that bronze still holds what was read.
CREATE FUNCTION etl.require_comparison(p_models text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER -- the loader has no privileges on the log
{{- settings.pinned() }}
AS $$
BEGIN
    DELETE FROM etl.unstamped_rows WHERE model = ANY(p_models);
END;
$$;
COMMENT ON FUNCTION etl.require_comparison IS
'Sees to it that the rows of tables without a watermark are compared with bronze when they are read next, even if their hash has not changed. Argument: the tables in bronze.';
