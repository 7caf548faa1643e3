{#- Rendered once per source. -#}
-- After TRUNCATE, or another command that gives a table a new file, the old rows are missing even
-- in an older snapshot. A table that was read is locked until the transaction ends, so a rewrite
-- can only have happened between the snapshot and the read.
CREATE FUNCTION {{ creates }}(p_expected jsonb) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_rewritten text;
BEGIN
    BEGIN
        SELECT min(relation) INTO v_rewritten FROM {{ source.name | ident }}._rewritten;
        IF v_rewritten IS NULL THEN
            SELECT min(e.model) INTO v_rewritten
            FROM jsonb_each_text(p_expected) AS e (model, relations)
            LEFT JOIN {{ source.name | ident }}.storage_now(
                ARRAY(SELECT jsonb_object_keys(p_expected))
            ) AS n ON e.model = n.model
            WHERE e.relations IS NOT NULL AND e.relations IS DISTINCT FROM n.relations;
        END IF;
    EXCEPTION WHEN undefined_table OR undefined_column OR insufficient_privilege THEN
        RETURN; -- production has no view fdwarehouse.storage; `fdwarehouse status` reports that
    END;
    IF v_rewritten IS NOT NULL THEN
        RAISE EXCEPTION '{{ source.name }}: % was rewritten while it was read', v_rewritten
            USING ERRCODE = 'DW018',
                DETAIL = 'A snapshot does not show a table as it was before TRUNCATE, ALTER TABLE '
                    'or another rewrite: rows would seem deleted. Nothing was changed.',
                HINT = 'Run again when production has finished it.';
    END IF;
END;
$$;
COMMENT ON FUNCTION {{ creates }} IS
'Raises an error if a table of {{ source.name }} that this transaction has read was rewritten since its files were recorded. Argument: the recorded relations, by table in bronze. Errors: DW018 a table was rewritten.';
