-- What PostgreSQL says of a failure can have values of rows: quoted, after a colon, over several
-- lines, and any text at all if a function raised it. So only what is known to have none is shown:
-- messages of ours, of classes that speak of connections, locks, rights and resources, and those of
-- constraints, which name only objects. Of all others, what comes before the first quote or colon.
CREATE FUNCTION etl.without_values(p_text text, p_error_code text, p_error text) RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH texts AS (
        SELECT
            t.line,
            regexp_replace(t.line, '(["«»„“”‹›「」]|: ).*$', '') AS beginning,
            coalesce(
                p_error_code LIKE 'P0%'
                -- the context names the statement in every language, and functions of ours
                OR coalesce(p_error_code, '') NOT LIKE 'DW%'
                AND p_error ~ '(?n)^(?!.* etl\.).*\m(RAISE|ASSERT)$',
                false
            ) AS is_raised
        FROM split_part(p_text, E'\n', 1) AS t (line)
    ),

    parts AS (
        SELECT
            t.*,
            substr(t.line, length(t.beginning) + 1) AS rest
        FROM texts AS t
    )

    SELECT
        CASE
            WHEN line IS NULL THEN NULL
            WHEN is_raised
                THEN 'a function raised an exception' || coalesce(format(' (%s)', p_error_code), '')
            WHEN
                rest = ''
                OR p_error_code ~ '^(DW|08|25|28|3D|40|53|55|57|58|42501|42703|42804)'
                OR line ~ (
                    '^(null value in column|duplicate key value violates unique constraint'
                    '|conflicting key value violates exclusion constraint|new row for relation'
                    '|(insert or update|update or delete) on table|no partition of relation) "'
                )
                THEN line
            ELSE
                concat(
                    beginning,
                    CASE
                        WHEN rest ~ '^: ["«»„“”‹›「」]' THEN ': "..."'
                        WHEN starts_with(rest, ': ') THEN ': ...'
                        ELSE '"..."'
                    END,
                    substring(
                        rest
                        FROM '["«»“”‹›」]( is out of range for type [a-z0-9 ]+'
                        '| not recognized| does not exist)$'
                    )
                )
        END
    FROM parts;
END;
COMMENT ON FUNCTION etl.without_values IS
'Returns the first line of a message or hint, without what may be values of rows (null: there is none). Arguments: the text, the SQLSTATE of the error (null: not known), the error with its context, which says whether a function raised it.';
