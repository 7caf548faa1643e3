-- Requires that only trusted roles can create objects in schema public: otherwise functions and
-- operators of other roles could replace those that the project calls, and run as the owner.
CREATE OR REPLACE FUNCTION pg_temp.who_may_create(p_schema text) RETURNS text
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT string_agg(coalesce(r.rolname, 'every role'), ', ' ORDER BY r.rolname)
    FROM pg_namespace AS n
    CROSS JOIN aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) AS a
    LEFT JOIN pg_roles AS r ON a.grantee = r.oid
    WHERE
        n.nspname = p_schema
        AND a.privilege_type = 'CREATE'
        AND r.rolsuper IS NOT TRUE
        AND coalesce(r.rolname, '') NOT IN (current_user, 'pg_database_owner');
END;
COMMENT ON FUNCTION pg_temp.who_may_create IS
'Returns the roles that may create objects in a schema, except superusers, the owner of the database and the role that deploys (null: none). Argument: the schema.';

DO $$
BEGIN
    IF to_regnamespace('public') IS NOT NULL AND pg_temp.who_may_create('public') IS NOT NULL THEN
        RAISE EXCEPTION '% may create objects in schema public', pg_temp.who_may_create('public')
            USING ERRCODE = 'DW017',
                DETAIL = 'Functions and operators of other roles there could run as the owner.',
                HINT = format(
                    'REVOKE CREATE ON SCHEMA public FROM %s; as an administrator.',
                    replace(pg_temp.who_may_create('public'), 'every role', 'PUBLIC')
                );
    END IF;
END;
$$;
