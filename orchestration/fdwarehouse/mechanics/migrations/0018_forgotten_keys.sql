CREATE TABLE etl.forgotten_keys (
    model text NOT NULL,
    key_hash bytea NOT NULL,
    source_table text NOT NULL,
    key_columns text[] NOT NULL,
    run_id bigint NOT NULL REFERENCES etl.runs (run_id),
    forgotten_by name NOT NULL DEFAULT session_user,
    forgotten_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (model, key_hash)
);
COMMENT ON TABLE etl.forgotten_keys IS
'Rows of the sources that were erased and are never read again, see etl.forget. Grain: one key.';
COMMENT ON COLUMN etl.forgotten_keys.model IS 'The table in bronze.';
COMMENT ON COLUMN etl.forgotten_keys.key_hash IS 'A keyed hash, see etl.key_hash: it does not tell the key.';
COMMENT ON COLUMN etl.forgotten_keys.source_table IS 'The table of the source, as in its contract.';
COMMENT ON COLUMN etl.forgotten_keys.key_columns IS 'The columns whose values are hashed, sorted.';
COMMENT ON COLUMN etl.forgotten_keys.run_id IS 'The run that erased it.';
COMMENT ON COLUMN etl.forgotten_keys.forgotten_by IS 'The role that called.';
COMMENT ON COLUMN etl.forgotten_keys.forgotten_at IS 'Clock of the warehouse.';

CREATE TYPE etl.forgotten_row AS (model text, key text []);
COMMENT ON TYPE etl.forgotten_row IS 'A row that etl.forget erases: its table in bronze, the values of its key.';
