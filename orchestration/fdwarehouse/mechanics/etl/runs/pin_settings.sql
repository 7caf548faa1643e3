-- A procedure that commits cannot have a SET clause, and a COMMIT resets settings that are local to
-- the transaction, so each transaction begins with this call. Nothing before it may depend on the
-- search_path.
CREATE PROCEDURE etl.pin_settings()
LANGUAGE sql
BEGIN ATOMIC
    SELECT
        {%- for setting, value in pins.items() %}
        pg_catalog.set_config({{ setting | literal }}, {{ value | literal }}, true),
        {%- endfor %}
        pg_catalog.set_config( -- a limit that the caller has set stays
            'lock_timeout',
            coalesce(
                nullif(pg_catalog.current_setting('lock_timeout'), '0'), {{ timeouts.lock | literal }}
            ),
            true
        );
END;
COMMENT ON PROCEDURE etl.pin_settings IS
'Sets, until the transaction ends, the settings that affect the meaning and results of statements to the values of the warehouse, and a lock_timeout if the session has none.';
