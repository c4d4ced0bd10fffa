-- The row is locked as it is now, not as it was when the statement began: of several children one wins, and the others are told why
-- they do not.
WITH stored AS MATERIALIZED (
    SELECT key,
           buried,
           lineage IS NULL AS is_missing,
           NOT buried AND (lineage = $5 OR (lineage = $2 AND generation = $3)) AS is_allowed,
           -- An intent to spend the new record is another flight's: a late repetition of this commit leaves it.
           intent_lineage IS NOT DISTINCT FROM $2 AS keeps_intent
    FROM vendor_auth_tokens
    WHERE key = $1
    FOR UPDATE
), written AS (
    UPDATE vendor_auth_tokens AS next
    SET lineage = $2,
        generation = $3,
        body = $4,
        committed_at = clock_timestamp(),
        intent_owner = CASE WHEN keeps_intent THEN intent_owner END,
        intent_lineage = CASE WHEN keeps_intent THEN intent_lineage END,
        intended_at = CASE WHEN keeps_intent THEN intended_at END
    FROM stored
    WHERE next.key = stored.key AND stored.is_allowed
    RETURNING true
)
SELECT CASE
           WHEN buried THEN 'buried'
           WHEN EXISTS (SELECT FROM written) THEN 'stored'
           WHEN is_missing THEN 'missing'
           ELSE 'lost'
       END AS outcome
FROM stored
