-- The index for `TokenStore::due`, in the order of its pages. Processes without it work with this
-- table too, so the version stays 1. May be repeated.
--
-- On a large table that is in use, create the index beforehand, since this blocks writes while it
-- is built: CREATE INDEX CONCURRENTLY with the same name and columns.

CREATE INDEX IF NOT EXISTS vendor_auth_tokens_by_due ON vendor_auth_tokens (due_at, key)
INCLUDE (grant_ends_at)
WHERE due_at IS NOT NULL;

-- That of earlier versions, without the key.
DROP INDEX IF EXISTS vendor_auth_tokens_due;
