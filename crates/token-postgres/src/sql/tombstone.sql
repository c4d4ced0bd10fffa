INSERT INTO vendor_auth_tokens AS stored (key, tombstoned)
VALUES ($1, true)
ON CONFLICT (key) DO UPDATE
SET tombstoned = true,
    -- A second logout keeps what the first one removed.
    tombstoned_generation = coalesce(stored.generation, stored.tombstoned_generation),
    lineage = NULL,
    generation = NULL,
    body = NULL,
    committed_at = NULL,
    intent_owner = NULL,
    intent_lineage = NULL,
    intended_at = NULL
