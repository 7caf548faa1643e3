-- Requires the same of every schema that the project uses. It runs near the end, when pg_depend has
-- the dependencies of all objects of the project.
DO $$
DECLARE
    v_schema text;
    v_object text;
BEGIN
    SELECT n.nspname, pg_describe_object(d.refclassid, d.refobjid, 0) INTO v_schema, v_object
    FROM pg_depend AS d
    INNER JOIN (
        SELECT 'pg_proc'::regclass AS classid, p.oid AS objid
        FROM pg_proc AS p
        INNER JOIN pg_namespace AS s ON p.pronamespace = s.oid
        WHERE s.nspname = ANY({{ schemas }})
        UNION ALL
        SELECT 'pg_rewrite'::regclass, r.oid
        FROM pg_rewrite AS r
        INNER JOIN pg_class AS c ON r.ev_class = c.oid
        INNER JOIN pg_namespace AS s ON c.relnamespace = s.oid
        WHERE s.nspname = ANY({{ schemas }})
        UNION ALL
        SELECT v.classid, v.objid
        FROM pg_class AS c
        INNER JOIN pg_namespace AS s ON c.relnamespace = s.oid
        CROSS JOIN LATERAL (
            SELECT 'pg_class'::regclass AS classid, c.oid AS objid -- columns, and those of indexes
            UNION ALL
            SELECT 'pg_attrdef'::regclass, oid FROM pg_attrdef WHERE adrelid = c.oid
            UNION ALL
            SELECT 'pg_constraint'::regclass, oid FROM pg_constraint WHERE conrelid = c.oid
            UNION ALL
            SELECT 'pg_trigger'::regclass, oid FROM pg_trigger WHERE tgrelid = c.oid
            UNION ALL
            SELECT 'pg_policy'::regclass, oid FROM pg_policy WHERE polrelid = c.oid
            UNION ALL
            SELECT 'pg_statistic_ext'::regclass, oid FROM pg_statistic_ext WHERE stxrelid = c.oid
        ) AS v
        WHERE s.nspname = ANY({{ schemas }})
    ) AS ours ON d.classid = ours.classid AND d.objid = ours.objid
    INNER JOIN (
        SELECT 'pg_proc'::regclass AS classid, oid AS objid, pronamespace AS schema_id FROM pg_proc
        UNION ALL
        SELECT 'pg_operator'::regclass, oid, oprnamespace FROM pg_operator
        UNION ALL
        SELECT 'pg_class'::regclass, oid, relnamespace FROM pg_class
        UNION ALL
        SELECT 'pg_type'::regclass, oid, typnamespace FROM pg_type
        UNION ALL
        SELECT 'pg_collation'::regclass, oid, collnamespace FROM pg_collation
        UNION ALL
        SELECT 'pg_opclass'::regclass, oid, opcnamespace FROM pg_opclass
        UNION ALL
        SELECT 'pg_opfamily'::regclass, oid, opfnamespace FROM pg_opfamily
    ) AS used ON d.refclassid = used.classid AND d.refobjid = used.objid
    INNER JOIN pg_namespace AS n ON used.schema_id = n.oid
    WHERE pg_temp.who_may_create(n.nspname) IS NOT NULL
    ORDER BY 1, 2
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION '% may create objects in schema %, which the project uses',
            pg_temp.who_may_create(v_schema), v_schema
            USING ERRCODE = 'DW017',
                DETAIL = format('It uses %s there.', v_object),
                HINT = format(
                    'REVOKE CREATE ON SCHEMA %I FROM them, or move it to another schema.', v_schema
                );
    END IF;
END;
$$;
