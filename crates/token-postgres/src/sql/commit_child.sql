-- Of several children that are committed at once, the second waits for the first, looks again and finds its parent gone.
UPDATE vendor_auth_tokens
SET lineage = $2,
    generation = $3,
    body = $4,
    -- A repetition makes the record no younger.
    committed_at = CASE WHEN lineage = $2 AND generation = $3 THEN committed_at ELSE clock_timestamp() END,
    -- An intent to spend the new record is another flight's: a late repetition of this commit leaves it.
    intent_owner = CASE WHEN intent_lineage = $2 THEN intent_owner END,
    intent_lineage = CASE WHEN intent_lineage = $2 THEN intent_lineage END,
    intended_at = CASE WHEN intent_lineage = $2 THEN intended_at END
WHERE key = $1
  AND NOT tombstoned
  AND (lineage = $5 OR (lineage = $2 AND generation = $3))
RETURNING true
