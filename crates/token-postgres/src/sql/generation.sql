SELECT generation
FROM vendor_auth_tokens
WHERE key = $1
