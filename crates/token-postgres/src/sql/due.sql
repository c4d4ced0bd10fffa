-- A logout clears due_at, so that a tombstoned key is not in the index either.
SELECT key,
       due_at,
       grant_ends_at
FROM vendor_auth_tokens
WHERE due_at < $1
  AND (due_at, key) > ($2, $3)
ORDER BY due_at, key
LIMIT $4
