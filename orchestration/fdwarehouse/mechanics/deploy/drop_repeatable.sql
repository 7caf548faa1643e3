-- Routines, views and foreign tables that a deploy made are made again from the files. What cannot
-- be dropped because something of ours needs it is tried again after that; what others built on it
-- stops the deploy, and is named. Where somebody reads a view, all is let go of and tried again, so
-- that nobody waits behind the deploy.
DO $$
DECLARE
    v_wait text := nullif(current_setting('fdwarehouse.deploy_wait', true), '');
    v_give_up timestamptz := clock_timestamp() + coalesce(v_wait, '10 seconds')::interval;
    v_all text[];
    v_drops text[];
    v_left text[];
    v_drop text;
    v_message text;
    v_detail text;
BEGIN
    SELECT array_agg('DROP ' || o.object_identity) INTO v_all
    FROM etl.repeatable_objects AS o
    INNER JOIN pg_temp.repeatable_objects() AS present ON o.object_identity = present;

    LOOP
        BEGIN
            v_left := v_all;
            WHILE v_left <> '{}' LOOP
                v_drops := v_left;
                v_left := '{}';
                FOREACH v_drop IN ARRAY v_drops LOOP
                    BEGIN
                        EXECUTE v_drop;
                    EXCEPTION WHEN dependent_objects_still_exist THEN
                        GET STACKED DIAGNOSTICS
                            v_message = MESSAGE_TEXT, v_detail = PG_EXCEPTION_DETAIL;
                        v_left := v_left || v_drop;
                    END;
                END LOOP;
                IF cardinality(v_left) = cardinality(v_drops) THEN
                    RAISE EXCEPTION '%', v_message
                        USING ERRCODE = 'DW011', DETAIL = v_detail,
                            HINT = 'Base it on a table rather than on a view or routine, '
                                || 'or drop it before deploying.';
                END IF;
            END LOOP;
            EXIT;
        EXCEPTION WHEN lock_not_available THEN
            IF clock_timestamp() > v_give_up THEN
                RAISE EXCEPTION '% is being read',
                    regexp_replace(v_drop, '^DROP (VIEW|FOREIGN TABLE|ROUTINE) ', '')
                    USING ERRCODE = 'DW001', HINT = 'Deploy when its reader has ended.';
            END IF;
            PERFORM pg_sleep(0.2);
        END;
    END LOOP;
END;
$$;
