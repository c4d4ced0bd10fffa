-- owner, lease_ttl
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local lease = redis.call('HMGET', KEYS[1], 'lease_owner', 'lease_until')
if lease[1] ~= ARGV[1] or tonumber(lease[2]) <= now then
  return 0
end
redis.call('HSET', KEYS[1], 'lease_until', string.format('%.0f', now + ARGV[2]))
return 1
