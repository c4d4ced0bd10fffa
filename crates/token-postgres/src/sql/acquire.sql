INSERT INTO vendor_auth_tokens AS stored (key, lease_owner, lease_until)
VALUES ($1, $2, clock_timestamp() + $3 * interval '1 microsecond')
ON CONFLICT (key) DO UPDATE
SET lease_owner = excluded.lease_owner, lease_until = excluded.lease_until
WHERE stored.lease_owner IS NULL
   OR stored.lease_owner = excluded.lease_owner
   OR stored.lease_until <= clock_timestamp()
RETURNING -- the columns of entry.sql
