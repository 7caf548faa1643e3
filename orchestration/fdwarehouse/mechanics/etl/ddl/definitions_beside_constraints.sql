CREATE FUNCTION etl.definitions_beside_constraints(p_table regclass) RETURNS text[]
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH commands AS (
        SELECT etl.index_definition(i.indexrelid) AS command
        FROM pg_index AS i
        WHERE
            i.indrelid = p_table
            AND NOT EXISTS (SELECT FROM pg_constraint AS c WHERE c.conindid = i.indexrelid)
        UNION ALL
        SELECT
            format(
                'GRANT %s%s ON %s TO %s%s',
                a.privilege_type,
                ' (' || quote_ident(p.attname) || ')',
                p_table,
                coalesce(quote_ident(r.rolname), 'PUBLIC'),
                CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' END
            )
        FROM (
            SELECT
                relacl AS privileges,
                NULL::name AS attname
            FROM pg_class
            WHERE oid = p_table
            UNION ALL
            SELECT
                attacl,
                attname
            FROM pg_attribute
            WHERE attrelid = p_table AND NOT attisdropped
        ) AS p
        CROSS JOIN LATERAL aclexplode(p.privileges) AS a
        LEFT JOIN pg_roles AS r ON a.grantee = r.oid
    )

    SELECT coalesce(array_agg(command), '{}') FROM commands;
END;
COMMENT ON FUNCTION etl.definitions_beside_constraints IS
'Returns the commands that recreate the indexes and privileges of a table, except the indexes of constraints.';
