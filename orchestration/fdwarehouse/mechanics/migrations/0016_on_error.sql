-- Whether a table of a source that fails stops the others.
ALTER TABLE etl.sources
ADD COLUMN on_error text NOT NULL DEFAULT 'isolate'
CONSTRAINT sources_on_error_known CHECK (on_error IN ('isolate', 'error'));
COMMENT ON COLUMN etl.sources.on_error IS
'isolate: a table that cannot be read fails alone; error: it fails all tables of bronze.';
