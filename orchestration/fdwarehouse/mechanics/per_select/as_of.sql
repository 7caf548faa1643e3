{#- Rendered once a dimension with history: what it was at a moment, as a function that queries like
    the table. It has no settings of its own (a BEGIN ATOMIC needs no search_path), so that PostgreSQL
    takes its body into the query and conditions on it find their index. -#}
CREATE FUNCTION {{ target.as_of }}(p_at timestamp) RETURNS SETOF {{ target.qualified }}
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT t.* -- noqa: AM04
    FROM {{ target.qualified }} AS t
    WHERE t.valid_from <= p_at AND t.valid_to > p_at;
END;
COMMENT ON FUNCTION {{ target.as_of }} IS
{{ ("The versions of " ~ target.qualified ~ " that were valid at a moment, at most one a member, and the unknown member. Argument: the moment, local time of production.") | literal }};
