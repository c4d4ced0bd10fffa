-- after SELECT and the columns of entry.sql
  , (extract(epoch FROM lease_until - clock_timestamp()) * 1000000)::bigint AS lease_left_micros
FROM vendor_auth_tokens
WHERE key = $1
