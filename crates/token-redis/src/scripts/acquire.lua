-- owner, lease_ttl
-- Returns the remaining time of another owner's lease, 0 if the caller has it, and the entry.
local lease = redis.call('HMGET', KEYS[1], 'lease_owner', 'lease_until')
if lease[1] and lease[1] ~= ARGV[1] and tonumber(lease[2]) > now then
  return { tonumber(lease[2]) - now, entry() }
end
redis.call('HSET', KEYS[1], 'lease_owner', ARGV[1], 'lease_until', string.format('%.0f', now + ARGV[2]))
return { 0, entry() }
