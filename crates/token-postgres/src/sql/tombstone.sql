-- The removed record is read under the row's lock and returned by the same statement, so that no
-- commit can come between.
WITH stored AS MATERIALIZED (
    SELECT *
    FROM vendor_auth_tokens
    WHERE key = $1
    FOR UPDATE
),
emptied AS (
    UPDATE vendor_auth_tokens AS tokens
    SET tombstoned = true,
        -- A second logout keeps the values that the first one set.
        tombstoned_generation = CASE WHEN stored.fingerprint IS NULL
                                     THEN stored.tombstoned_generation ELSE stored.generation END,
        tombstoned_initial = CASE WHEN stored.fingerprint IS NULL
                                  THEN stored.tombstoned_initial ELSE stored.initial END,
        fingerprint = NULL,
        generation = NULL,
        body = NULL,
        due_at = NULL,
        grant_ends_at = NULL,
        initial = NULL,
        committed_at = NULL,
        intent_owner = NULL,
        intent_fingerprint = NULL,
        intent_generation = NULL,
        intended_at = NULL
    FROM stored
    WHERE tokens.key = stored.key
    RETURNING true
),
created AS (
    INSERT INTO vendor_auth_tokens (key, tombstoned)
    SELECT $1, true
    WHERE NOT EXISTS (SELECT FROM stored)
    ON CONFLICT (key) DO NOTHING
    RETURNING true
)
SELECT fingerprint,
       generation,
       body,
       due_at,
       grant_ends_at,
       initial,
       EXISTS (SELECT FROM emptied) OR EXISTS (SELECT FROM created) AS is_settled
FROM (SELECT) AS always
LEFT JOIN stored ON true
