{#- Rendered once per source with a watermark that is a rising number. -#}
CREATE FUNCTION {{ creates }}(p_observed_at timestamptz) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_model text;
    v_query text;
    v_number bigint;
BEGIN
    FOR v_model, v_query IN VALUES
        {%- for t in tables %}
        (
            {{ t.model | literal }},
            {{ ("SELECT max(" ~ (t.watermark | ident) ~ ") FROM " ~ t.foreign_table) | literal }}
        ){{ "," if not loop.last }}
        {%- endfor %}
    LOOP
        BEGIN
            EXECUTE v_query INTO v_number;
            INSERT INTO etl.largest_numbers (model, observed_at, number)
            VALUES (v_model, p_observed_at, v_number)
            ON CONFLICT DO NOTHING;
        EXCEPTION WHEN OTHERS THEN
            IF NOT etl.concerns_one_table(SQLSTATE, SQLERRM) THEN
                RAISE;
            END IF; -- the step of the table raises it
        END;
        DELETE FROM etl.largest_numbers AS n
        WHERE n.model = v_model
            AND n.observed_at < (
                SELECT max(o.observed_at)
                FROM etl.largest_numbers AS o
                INNER JOIN etl.watermarks AS w ON o.model = w.model
                WHERE o.model = v_model AND o.observed_at < w.fence - interval '1 day'
            );
    END LOOP;
END;
$$;
COMMENT ON FUNCTION {{ creates }} IS
'Records the largest rising numbers of the tables of {{ source.name }}, before a fence. Argument: the clock of the source, read in this transaction after its first query there.';
