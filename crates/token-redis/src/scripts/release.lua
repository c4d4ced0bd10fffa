-- owner, channel
if redis.call('HGET', KEYS[1], 'lease_owner') == ARGV[1] then
  redis.call('HDEL', KEYS[1], 'lease_owner', 'lease_until')
  redis.pcall('PUBLISH', ARGV[2], 'release')
end
return 1
