INSERT INTO vendor_auth_tokens AS stored (key, lineage, generation, body, committed_at)
VALUES ($1, $2, $3, $4, clock_timestamp())
ON CONFLICT (key) DO UPDATE
SET lineage = excluded.lineage,
    generation = excluded.generation,
    body = excluded.body,
    -- A repetition makes the record no younger.
    committed_at = CASE WHEN stored.lineage = excluded.lineage AND stored.generation = excluded.generation
                        THEN stored.committed_at ELSE excluded.committed_at END,
    tombstoned = false,
    tombstoned_generation = NULL,
    -- An intent to spend the new record is another flight's: a late repetition of this commit leaves it.
    intent_owner = CASE WHEN stored.intent_lineage = excluded.lineage THEN stored.intent_owner END,
    intent_lineage = CASE WHEN stored.intent_lineage = excluded.lineage THEN stored.intent_lineage END,
    intended_at = CASE WHEN stored.intent_lineage = excluded.lineage THEN stored.intended_at END
-- Only a person or the program, who logs in anew, brings a tombstoned grant back.
WHERE $5 OR NOT stored.tombstoned
RETURNING true
