-- index
-- score, key
-- Returns 1 if that changed the index.
return redis.call('ZADD', KEYS[1], 'CH', ARGV[1], ARGV[2])
