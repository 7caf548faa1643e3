COMMENT ON COLUMN etl.failure.is_of_check IS 'Whether a check raised it, after the models had been built.';
