UPDATE vendor_auth_tokens
SET intent_owner = NULL, intent_fingerprint = NULL, intent_generation = NULL, intended_at = NULL
WHERE key = $1 AND intent_owner = $2
