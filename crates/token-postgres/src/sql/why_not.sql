-- What keeps a child from being committed. It is ours where an earlier try, given up in between, came through after all.
SELECT CASE
           WHEN tombstoned THEN 'tombstoned'
           WHEN lineage IS NULL THEN 'missing'
           WHEN lineage = $2 AND generation = $3 THEN 'stored'
           ELSE 'lost'
       END AS outcome
FROM vendor_auth_tokens
WHERE key = $1
