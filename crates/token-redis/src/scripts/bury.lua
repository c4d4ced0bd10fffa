-- channel
redis.call('HSET', KEYS[1], 'buried', '1')
redis.call('HDEL', KEYS[1], 'lineage', 'generation', 'body', 'committed_at', 'intent_owner', 'intent_lineage', 'intent_at')
redis.pcall('PUBLISH', ARGV[1], 'bury')
return 1
