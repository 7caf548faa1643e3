-- What a step removes leaves no trace for an incremental build: neither rows that a full build takes away,
-- nor versions of a dimension that turn out never to have been (production's clock runs ahead of ours).
CREATE FUNCTION etl.forget_what_follows(p_model text, p_is_full boolean) RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    DELETE FROM etl.watermarks AS w
    USING etl.models AS m, etl.models AS later
    WHERE
        m.model = p_model
        AND m.layer IN ('silver', 'gold')
        AND later.model = w.model
        AND later.layer = 'gold'
        AND later.position > m.position
        AND (
            p_is_full
            OR EXISTS (
                SELECT FROM pg_constraint AS c
                WHERE c.contype = 'f' AND c.confrelid = m.table_name::regclass
            )
        );
END;
COMMENT ON FUNCTION etl.forget_what_follows IS
'After a full build, or one that removed rows of a table that others refer to: lets all tables of gold that come later be computed anew. Arguments: the model, whether all of it was computed.';
