{#- Rendered once per dimension with history: a function that returns its versions at a given time and
    is queried like the table. It has no SET clause (BEGIN ATOMIC needs no search_path), so that
    PostgreSQL inlines it and conditions on it use indexes. -#}
CREATE FUNCTION {{ target.as_of }}(p_at timestamp) RETURNS SETOF {{ target.qualified }}
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT t.* -- noqa: AM04
    FROM {{ target.qualified }} AS t
    WHERE t.valid_from <= p_at AND t.valid_to > p_at;
END;
COMMENT ON FUNCTION {{ target.as_of }} IS
{{ ("Returns the versions of " ~ target.qualified ~ " that were valid at a given time, at most one per member, and the unknown member. Argument: the time, local time of production.") | literal }};
