-- Version 1. May be repeated, also concurrently if each run takes the same lock first, as
-- `PostgresStore::migrate` does. A process that refreshes tokens needs SELECT, INSERT and UPDATE on
-- the first table and SELECT on the second.

CREATE TABLE IF NOT EXISTS vendor_auth_tokens (
    key               text COLLATE "C" PRIMARY KEY,
    -- The record. The body is encrypted, the fingerprint a keyed hash. A generation is an unsigned
    -- 64-bit number, stored as the signed number with the same bits.
    fingerprint           bytea,
    generation        bigint,
    body              text,
    -- Milliseconds since the Unix epoch by the clock of the writer: to_timestamp(due_at / 1000.0).
    due_at            bigint,
    grant_ends_at     bigint,
    -- A keyed hash of the initial token of the grant.
    initial           bytea,
    committed_at      timestamptz,
    -- The tombstone of a logout: the generation that it removed and the initial token of the grant.
    tombstoned            boolean NOT NULL DEFAULT false,
    tombstoned_generation bigint,
    tombstoned_initial    bytea,
    -- The intent: the owner that is about to spend the token of this generation.
    intent_owner      text,
    intent_fingerprint    bytea,
    intent_generation bigint,
    intended_at       timestamptz,
    -- The lease.
    lease_owner       text,
    lease_until       timestamptz
) WITH (fillfactor = 50);

CREATE TABLE IF NOT EXISTS vendor_auth_tokens_version (
    version integer NOT NULL
);

INSERT INTO vendor_auth_tokens_version (version)
SELECT 1
WHERE NOT EXISTS (SELECT FROM vendor_auth_tokens_version);
