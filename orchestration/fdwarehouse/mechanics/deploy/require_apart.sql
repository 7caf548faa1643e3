-- Requires that no object here depends on one of the main deployment except bronze: it could be
-- neither changed nor dropped there, and a name that was not renamed would read or write it.
DO $$
DECLARE
    v_object text;
    v_used text;
BEGIN
    WITH main AS (
        SELECT oid FROM pg_namespace WHERE nspname IN ('etl', 'silver', 'gold')
    ),

    own AS (
        SELECT oid FROM pg_namespace WHERE nspname = ANY({{ schemas }})
    ),

    relations AS (
        SELECT c.oid, c.relnamespace FROM pg_class AS c
    ),

    ours AS (
        SELECT 'pg_proc'::regclass AS classid, p.oid AS objid, p.oid::regprocedure::text AS name
        FROM pg_proc AS p
        WHERE p.pronamespace IN (SELECT o.oid FROM own AS o)
        UNION ALL
        SELECT v.classid, v.objid, r.oid::regclass::text
        FROM relations AS r
        CROSS JOIN LATERAL (
            SELECT 'pg_class'::regclass AS classid, r.oid AS objid
            UNION ALL
            SELECT 'pg_rewrite'::regclass, w.oid FROM pg_rewrite AS w WHERE w.ev_class = r.oid
            UNION ALL
            SELECT 'pg_constraint'::regclass, k.oid FROM pg_constraint AS k WHERE k.conrelid = r.oid
            UNION ALL
            SELECT 'pg_attrdef'::regclass, a.oid FROM pg_attrdef AS a WHERE a.adrelid = r.oid
        ) AS v
        WHERE r.relnamespace IN (SELECT o.oid FROM own AS o)
    ),

    theirs AS (
        SELECT 'pg_proc'::regclass AS classid, p.oid AS objid, p.oid::regprocedure::text AS name
        FROM pg_proc AS p
        WHERE p.pronamespace IN (SELECT m.oid FROM main AS m)
        UNION ALL
        SELECT 'pg_class'::regclass, r.oid, r.oid::regclass::text
        FROM relations AS r
        WHERE r.relnamespace IN (SELECT m.oid FROM main AS m)
        UNION ALL
        SELECT 'pg_type'::regclass, t.oid, t.oid::regtype::text
        FROM pg_type AS t
        WHERE t.typnamespace IN (SELECT m.oid FROM main AS m)
    )

    SELECT o.name, t.name INTO v_object, v_used
    FROM pg_depend AS d
    INNER JOIN ours AS o ON d.classid = o.classid AND d.objid = o.objid
    INNER JOIN theirs AS t ON d.refclassid = t.classid AND d.refobjid = t.objid
    ORDER BY 1, 2
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION '% uses % of the main deployment', v_object, v_used
            USING ERRCODE = 'DW024',
                HINT = 'Write the name of its schema before a dot, without spaces or escapes: it is renamed then.';
    END IF;
END;
$$;
