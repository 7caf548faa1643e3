CREATE FUNCTION etl.checks_to_publish(p_models text[]) RETURNS etl.checks[]
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT array_agg(c ORDER BY array_position('{silver,gold}', c.layer), c.check_name)
    FROM etl.checks AS c
    WHERE
        c.scope = 'run'
        AND c.layer IN ('silver', 'gold')
        AND EXISTS (
            SELECT FROM etl.pipeline_steps AS m
            WHERE m.model = ANY(p_models) AND m.layer = 'gold'
        )
        AND NOT EXISTS ( -- no check reads gold tables that are not built yet
            SELECT FROM etl.pipeline_steps AS m
            WHERE
                m.model = ANY(c.reads)
                AND m.layer = 'gold'
                AND m.model <> ALL(p_models)
        );
END;
COMMENT ON FUNCTION etl.checks_to_publish IS
'Returns the checks that must pass before models of gold are published: those that read silver and, of gold, only these models. Argument: the models that are published together.';
