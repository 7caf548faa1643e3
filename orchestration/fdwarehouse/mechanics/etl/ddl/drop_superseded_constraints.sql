CREATE FUNCTION etl.drop_superseded_constraints(p_table regclass, p_constraints text[])
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_name text;
    v_is_ours boolean := EXISTS ( -- those of headers have two underscores and their clause as comment
        SELECT FROM pg_constraint AS c
        WHERE c.conrelid = p_table AND c.conname LIKE '%\_\_key'
    );
BEGIN
    FOR v_name IN
        SELECT c.conname
        FROM pg_constraint AS c
        WHERE c.conrelid = p_table
            AND c.contype <> 'p' -- foreign keys may refer to it, see etl.add_constraints
            AND NOT EXISTS ( -- nor NOT NULL of metadata, key and identity columns
                SELECT FROM pg_attribute AS a
                WHERE c.contype = 'n'
                    AND a.attrelid = p_table
                    AND a.attnum = c.conkey[1]
                    AND (
                        a.attname LIKE '\_%'
                        OR a.attidentity <> ''
                        OR a.attnum = ANY(
                            SELECT unnest(k.conkey) FROM pg_constraint AS k
                            WHERE k.conrelid = p_table AND k.contype = 'p'
                        )
                    )
            )
            AND (c.conname LIKE '%\_\_%' OR NOT v_is_ours)
            AND NOT EXISTS (
                SELECT FROM generate_subscripts(p_constraints, 1) AS n
                WHERE p_constraints[n][1] = c.conname
                    AND p_constraints[n][2] = obj_description(c.oid, 'pg_constraint')
            )
        ORDER BY c.contype = 'n' DESC
    LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', p_table, v_name);
    END LOOP;
END;
$$;
COMMENT ON FUNCTION etl.drop_superseded_constraints IS
'Drops the constraints of a table that is one SELECT if they are no longer in its header; if the table was written by hand until now, all its constraints. Never drops the primary key. Arguments: the table; name and clause of each constraint that it should have.';
