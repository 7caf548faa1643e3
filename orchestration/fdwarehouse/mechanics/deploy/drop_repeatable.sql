-- Drops the routines, views and foreign tables that the last deploy created; this deploy creates
-- them again from its files. An object that another of these objects depends on is dropped after
-- it. If an object of other roles depends on it, the deploy fails and names that object. While a
-- session reads a view, all locks are released before the next attempt, so that no session queues
-- behind the deploy.
CREATE OR REPLACE FUNCTION pg_temp.repeatable_objects() RETURNS SETOF text
LANGUAGE sql
BEGIN ATOMIC
    WITH schemas AS (
        SELECT oid FROM pg_namespace WHERE nspname = ANY({{ schemas }})
    ),

    objects AS (
        SELECT
            'pg_proc'::regclass AS class_id,
            oid AS object_id,
            'ROUTINE' AS kind
        FROM pg_proc
        WHERE pronamespace IN (SELECT s.oid FROM schemas AS s)
        UNION ALL
        SELECT
            'pg_class'::regclass,
            oid,
            CASE relkind WHEN 'v' THEN 'VIEW' ELSE 'FOREIGN TABLE' END
        FROM pg_class
        WHERE relkind IN ('v', 'f') AND relnamespace IN (SELECT s.oid FROM schemas AS s)
    )

    SELECT kind || ' ' || (pg_identify_object(class_id, object_id, 0)).identity FROM objects;
END;
COMMENT ON FUNCTION pg_temp.repeatable_objects IS
'Returns all objects of the kinds that every deploy recreates, whichever role created them.';

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
                            HINT = 'Base it on a table instead of a view or routine, '
                                || 'or drop it before the deploy.';
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
