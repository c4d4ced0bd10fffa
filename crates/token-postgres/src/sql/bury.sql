INSERT INTO vendor_auth_tokens AS stored (key, buried)
VALUES ($1, true)
ON CONFLICT (key) DO UPDATE
SET buried = true,
    -- A second logout keeps what the first one removed.
    buried_generation = coalesce(stored.generation, stored.buried_generation),
    lineage = NULL,
    generation = NULL,
    body = NULL,
    committed_at = NULL,
    intent_owner = NULL,
    intent_lineage = NULL,
    intended_at = NULL
