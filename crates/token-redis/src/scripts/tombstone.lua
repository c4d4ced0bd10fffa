-- channel
local removed = redis.call('HGET', KEYS[1], 'generation')
redis.call('HSET', KEYS[1], 'tombstoned', '1')
-- A second logout keeps what the first one removed.
if removed then
  redis.call('HSET', KEYS[1], 'tombstoned_generation', removed)
end
redis.call('HDEL', KEYS[1], 'lineage', 'generation', 'body', 'committed_at', 'intent_owner', 'intent_lineage', 'intent_at')
redis.pcall('PUBLISH', ARGV[1], 'tombstone')
return 1
