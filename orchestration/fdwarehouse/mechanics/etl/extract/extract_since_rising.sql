-- A sequence hands out numbers before their transactions commit, so a smaller number can become
-- visible after a larger one. But every transaction that was open when the table was last read
-- began after the fence of that run, and took its numbers later. So its numbers are larger than any
-- that was visible before that fence. If numbers start over, the largest one becomes smaller.
CREATE FUNCTION etl.extract_since_rising(p_model text, p_run_id bigint, p_since_run_id bigint)
RETURNS bigint
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT coalesce(min(coalesce(n.number, -9223372036854775808)), -9223372036854775808)
    FROM etl.largest_numbers AS n
    WHERE
        n.model = p_model
        AND n.observed_at >= (
            SELECT max(o.observed_at)
            FROM etl.largest_numbers AS o
            WHERE
                o.model = p_model
                AND o.observed_at <= etl.extract_since(p_model, p_run_id, p_since_run_id)
        );
END;
COMMENT ON FUNCTION etl.extract_since_rising IS
'Returns the lower bound of a rising number for an extraction: the largest number that was visible before the last fence of the table, minus the overlap of that fence. Arguments: the model, the run, 0 to read all.';
