INSERT INTO vendor_auth_tokens (key, buried)
VALUES ($1, true)
ON CONFLICT (key) DO UPDATE
SET buried = true,
    lineage = NULL,
    generation = NULL,
    body = NULL,
    committed_at = NULL,
    intent_owner = NULL,
    intent_lineage = NULL,
    intended_at = NULL
