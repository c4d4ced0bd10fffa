-- Version 1. May be run again, and by several at once where each takes the same lock first, as `PostgresStore::migrate` does.
-- Who refreshes tokens needs SELECT, INSERT and UPDATE on the first table and SELECT on the second.

CREATE TABLE IF NOT EXISTS vendor_auth_tokens (
    key               text COLLATE "C" PRIMARY KEY,
    -- The record. Its body is sealed; its lineage is a keyed hash.
    lineage           bytea,
    generation        bigint,
    body              text,
    committed_at      timestamptz,
    -- A logout left a tombstone, and removed this generation.
    tombstoned            boolean NOT NULL DEFAULT false,
    tombstoned_generation bigint,
    -- Who is about to spend the record's token.
    intent_owner      text,
    intent_lineage    bytea,
    intended_at       timestamptz,
    -- Who may.
    lease_owner       text,
    lease_until       timestamptz
) WITH (fillfactor = 50);

CREATE TABLE IF NOT EXISTS vendor_auth_tokens_version (
    version integer NOT NULL
);

INSERT INTO vendor_auth_tokens_version (version)
SELECT 1
WHERE NOT EXISTS (SELECT FROM vendor_auth_tokens_version);
