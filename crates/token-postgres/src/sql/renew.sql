UPDATE vendor_auth_tokens
SET lease_until = clock_timestamp() + $3 * interval '1 microsecond'
WHERE key = $1 AND lease_owner = $2 AND lease_until > clock_timestamp()
RETURNING true
