SELECT pg_is_in_recovery() AS is_standby,
       current_setting('transaction_read_only') = 'on' AS is_read_only,
       tokens.oid IS NOT NULL AND versions.oid IS NOT NULL AS is_there,
       coalesce(tokens.relpersistence <> 'p', false) AS is_unlogged,
       to_regclass($3) IS NOT NULL AS is_indexed,
       coalesce(
           has_table_privilege(tokens.oid, 'SELECT') AND has_table_privilege(versions.oid, 'SELECT'),
           false
       ) AS is_readable,
       coalesce(
           has_table_privilege(tokens.oid, 'INSERT') AND has_table_privilege(tokens.oid, 'UPDATE'),
           false
       ) AS is_permitted
FROM (SELECT to_regclass($1) AS tokens, to_regclass($2) AS versions) AS names
LEFT JOIN pg_class AS tokens ON tokens.oid = names.tokens
LEFT JOIN pg_class AS versions ON versions.oid = names.versions
