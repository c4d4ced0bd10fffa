  lineage,
  generation,
  body,
  tombstoned,
  tombstoned_generation,
  intent_owner,
  intent_lineage,
  (extract(epoch FROM clock_timestamp() - intended_at) * 1000000)::bigint AS intent_age_micros,
  (extract(epoch FROM clock_timestamp() - committed_at) * 1000000)::bigint AS record_age_micros
