{#- Rendered once per model: bronze.load_<table>, silver.build_<table>, gold.build_<table>. -#}
-- It commits, so it can neither be SECURITY DEFINER nor set a search_path; see etl.pin_settings.
CREATE PROCEDURE {{ model.procedure }}(
    p_run_id bigint DEFAULT NULL, p_is_full boolean DEFAULT false
)
LANGUAGE plpgsql
AS $$ BEGIN CALL etl.run_model({{ model.model | literal }}, p_run_id, p_is_full); END; $$;
COMMENT ON PROCEDURE {{ model.procedure }} IS
{{ ("Brings " ~ model.model ~ " up to date, see etl.run_model.") | literal }};
