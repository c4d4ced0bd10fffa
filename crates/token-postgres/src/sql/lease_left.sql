SELECT (extract(epoch FROM lease_until - clock_timestamp()) * 1000000)::bigint AS left_micros
FROM vendor_auth_tokens
WHERE key = $1
