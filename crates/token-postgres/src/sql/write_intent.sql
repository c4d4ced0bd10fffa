UPDATE vendor_auth_tokens
SET intent_owner = $2, intent_fingerprint = $3, intent_generation = $4, intended_at = clock_timestamp()
WHERE key = $1 AND lease_owner = $2 AND lease_until > clock_timestamp()
RETURNING true
