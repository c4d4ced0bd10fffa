-- owner, life. Returns what is left of another's lease, 0 where the caller has it.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local lease = redis.call('HMGET', KEYS[1], 'lease_owner', 'lease_until')
if lease[1] and lease[1] ~= ARGV[1] and tonumber(lease[2]) > now then
  return tonumber(lease[2]) - now
end
redis.call('HSET', KEYS[1], 'lease_owner', ARGV[1], 'lease_until', string.format('%.0f', now + ARGV[2]))
return 0
