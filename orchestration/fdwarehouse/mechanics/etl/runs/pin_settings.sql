-- A procedure that commits cannot have settings of its own, and a COMMIT ends those of its
-- transaction: each transaction begins with this. Nothing before it may need the search_path.
CREATE PROCEDURE etl.pin_settings()
LANGUAGE sql
BEGIN ATOMIC
    SELECT
        {%- for setting, value in pins.items() %}
        pg_catalog.set_config({{ setting | literal }}, {{ value | literal }}, true),
        {%- endfor %}
        pg_catalog.set_config( -- a limit of the caller's holds
            'lock_timeout',
            coalesce(
                nullif(pg_catalog.current_setting('lock_timeout'), '0'), {{ timeouts.lock | literal }}
            ),
            true
        );
END;
COMMENT ON PROCEDURE etl.pin_settings IS
'Until the transaction ends: the settings that decide what statements mean and compute are the warehouse''s, whatever those of the session are, and no wait for a lock is without a limit.';
