-- owner
if redis.call('HGET', KEYS[1], 'intent_owner') == ARGV[1] then
  redis.call('HDEL', KEYS[1], 'intent_owner', 'intent_fingerprint', 'intent_generation', 'intent_at')
end
return 1
