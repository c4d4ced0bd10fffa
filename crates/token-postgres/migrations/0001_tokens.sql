-- Version 1. May be run again, and by several at once where each takes the same lock first, as `PostgresStore::migrate` does.
-- Who refreshes tokens needs SELECT, INSERT and UPDATE on the first table and SELECT on the second.

CREATE TABLE IF NOT EXISTS vendor_auth_tokens (
    key               text COLLATE "C" PRIMARY KEY,
    -- The record. Its body is sealed; its fingerprint is a keyed hash. A generation is a number without a sign, and is kept as its 64 bits.
    fingerprint           bytea,
    generation        bigint,
    body              text,
    -- Milliseconds since the Unix epoch, by the clock of who wrote them: to_timestamp(due_at / 1000.0).
    due_at            bigint,
    grant_ends_at     bigint,
    -- A keyed hash of the initial token that the grant began with.
    initial           bytea,
    committed_at      timestamptz,
    -- A logout left a tombstone, and removed this generation of the grant that began with this token.
    tombstoned            boolean NOT NULL DEFAULT false,
    tombstoned_generation bigint,
    tombstoned_initial    bytea,
    -- Who is about to spend the token of this generation.
    intent_owner      text,
    intent_fingerprint    bytea,
    intent_generation bigint,
    intended_at       timestamptz,
    -- Who may.
    lease_owner       text,
    lease_until       timestamptz
) WITH (fillfactor = 50);

-- For a sweep that looks for what is due.
CREATE INDEX IF NOT EXISTS vendor_auth_tokens_due ON vendor_auth_tokens (due_at)
WHERE due_at IS NOT NULL;

CREATE TABLE IF NOT EXISTS vendor_auth_tokens_version (
    version integer NOT NULL
);

INSERT INTO vendor_auth_tokens_version (version)
SELECT 1
WHERE NOT EXISTS (SELECT FROM vendor_auth_tokens_version);
