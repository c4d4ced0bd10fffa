-- `CommitCondition::judge` in SQL. Of two concurrent commits, the second waits for the lock and
-- judges the row that the first one left. $8 is the parent, $9 is true if anything is overwritten,
-- $10 is the owner whose intent must stand: at most one of them is set.
WITH stored AS MATERIALIZED (
    SELECT *
    FROM vendor_auth_tokens
    WHERE key = $1
    FOR UPDATE
),
judged AS MATERIALIZED (
    SELECT CASE
               WHEN $9 OR intent_owner = $10 THEN 'stored'
               WHEN tombstoned THEN 'tombstoned'
               WHEN fingerprint IS NULL AND $8 IS NOT NULL THEN 'missing'
               WHEN fingerprint = $2 AND generation = $3 THEN 'stored'
               -- Generations are unsigned: with the highest bit flipped, signed order is the same.
               WHEN generation # (1::bigint << 63) >= $3 # (1::bigint << 63) THEN 'lost'
               WHEN fingerprint <> $8 THEN 'lost'
               ELSE 'stored'
           END AS verdict
    FROM (SELECT) AS always
    LEFT JOIN stored ON true
),
replaced AS (
    UPDATE vendor_auth_tokens AS tokens
    SET fingerprint = $2,
        generation = $3,
        body = $4,
        due_at = $5,
        grant_ends_at = $6,
        initial = $7,
        -- A repeated commit does not reset the record's age.
        committed_at = CASE WHEN tokens.fingerprint = $2 AND tokens.generation = $3
                            THEN tokens.committed_at ELSE clock_timestamp() END,
        tombstoned = false,
        tombstoned_generation = NULL,
        tombstoned_initial = NULL,
        -- An intent to spend the new record or a later one belongs to another flight.
        (intent_owner, intent_fingerprint, intent_generation, intended_at) = (
            SELECT tokens.intent_owner, tokens.intent_fingerprint, tokens.intent_generation, tokens.intended_at
            WHERE tokens.intent_generation # (1::bigint << 63) >= $3 # (1::bigint << 63)
        )
    FROM judged
    WHERE tokens.key = $1
      AND verdict = 'stored'
    RETURNING true
),
created AS (
    INSERT INTO vendor_auth_tokens (key, fingerprint, generation, body, due_at, grant_ends_at, initial, committed_at)
    SELECT $1, $2, $3, $4, $5, $6, $7, clock_timestamp()
    FROM judged
    WHERE verdict = 'stored'
      AND NOT EXISTS (SELECT FROM stored)
    ON CONFLICT (key) DO NOTHING
    RETURNING true
)
SELECT verdict,
       -- A row that was created meanwhile was not visible: the statement must be repeated.
       verdict <> 'stored' OR EXISTS (SELECT FROM replaced) OR EXISTS (SELECT FROM created) AS is_settled
FROM judged
