UPDATE vendor_auth_tokens
SET lease_owner = NULL, lease_until = NULL
WHERE key = $1 AND lease_owner = $2
RETURNING true
