INSERT INTO vendor_auth_tokens AS stored (key, lease_owner, lease_until)
VALUES ($1, $2, clock_timestamp() + $3 * interval '1 microsecond')
ON CONFLICT (key) DO UPDATE
SET lease_owner = excluded.lease_owner, lease_until = excluded.lease_until
WHERE stored.lease_owner IS NULL
   OR stored.lease_owner = excluded.lease_owner
   OR stored.lease_until <= clock_timestamp()
RETURNING lineage,
          generation,
          body,
          buried,
          buried_generation,
          intent_owner,
          intent_lineage,
          (extract(epoch FROM clock_timestamp() - intended_at) * 1000000)::bigint AS intent_age_micros,
          (extract(epoch FROM clock_timestamp() - committed_at) * 1000000)::bigint AS record_age_micros
