-- owner, fingerprint or '', generation
-- Returns whether it was written, and the previous intent.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local lease = redis.call('HMGET', KEYS[1], 'lease_owner', 'lease_until')
local before = redis.call('HMGET', KEYS[1], 'intent_owner', 'intent_fingerprint', 'intent_generation', 'intent_at')
if lease[1] ~= ARGV[1] or tonumber(lease[2]) <= now then
  return { 0, before }
end
redis.call('HSET', KEYS[1],
  'intent_owner', ARGV[1], 'intent_fingerprint', ARGV[2], 'intent_generation', ARGV[3],
  'intent_at', string.format('%.0f', now))
return { 1, before }
