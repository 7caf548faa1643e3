-- The warehouse must not be able to tell what a masked value was, but that two are equal.
CREATE TABLE etl.mask_keys (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    inner_key bytea NOT NULL,
    outer_key bytea NOT NULL
);
COMMENT ON TABLE etl.mask_keys IS
'The keys of mask: hash, made by the first deploy. Only the owner may read it. Grain: one row.';
COMMENT ON COLUMN etl.mask_keys.only_row IS 'True.';
COMMENT ON COLUMN etl.mask_keys.inner_key IS '64 bytes, the length of a block of SHA-256: hashed before the value.';
COMMENT ON COLUMN etl.mask_keys.outer_key IS 'The same, hashed before that hash.';

-- gen_random_uuid() has 122 random bits from the operating system.
INSERT INTO etl.mask_keys (inner_key, outer_key)
SELECT
    sha256(k.inner_bytes || '\x01') || sha256(k.inner_bytes || '\x02'),
    sha256(k.outer_bytes || '\x01') || sha256(k.outer_bytes || '\x02')
FROM (
    SELECT
        uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
        || uuid_send(gen_random_uuid()),
        uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
        || uuid_send(gen_random_uuid())
) AS k (inner_bytes, outer_bytes);

ALTER TABLE etl.source_columns ADD COLUMN mask text;
COMMENT ON COLUMN etl.source_columns.mask IS
'How its values are replaced while they are read: hash, redact, null or domain.';
COMMENT ON TABLE etl.source_columns IS
'What the contracts say of the columns that are taken or that a condition reads, to compare the sources with. Grain: one column of a table of a source. Written by deploy.';
