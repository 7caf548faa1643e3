CREATE FUNCTION etl.in_words(p_interval interval) RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH rounded AS (
        SELECT justify_hours(
            CASE
                WHEN p_interval < '1 minute' THEN p_interval
                ELSE date_trunc('second', p_interval + interval '0.5 seconds')
            END
        ) AS span
    ),

    parts AS (
        SELECT
            u.position,
            u.unit,
            CASE u.unit WHEN 'second' THEN trim_scale(round(u.value, 2)) ELSE u.value END AS value
        FROM rounded AS r
        CROSS JOIN LATERAL (
            VALUES
            (1, 'year', extract(YEAR FROM r.span)),
            (2, 'month', extract(MONTH FROM r.span)),
            (3, 'day', extract(DAY FROM r.span)),
            (4, 'hour', extract(HOUR FROM r.span)),
            (5, 'minute', extract(MINUTE FROM r.span)),
            (6, 'second', extract(SECOND FROM r.span))
        ) AS u (position, unit, value)
    )

    SELECT
        coalesce(
            string_agg(
                format('%s %s%s', p.value, p.unit, CASE p.value WHEN 1 THEN '' ELSE 's' END),
                ' ' ORDER BY p.position
            ) FILTER (WHERE p.value <> 0),
            '0 seconds'
        )
    FROM parts AS p;
END;
COMMENT ON FUNCTION etl.in_words IS
'Writes a span of time for people: 1 minute, 2 hours 30 minutes. Argument: the span.';
