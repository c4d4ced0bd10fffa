-- condition, parent, lineage, generation, body, channel
local found = redis.call('HMGET', KEYS[1], 'lineage', 'generation', 'tombstoned')
if found[3] and ARGV[1] ~= 'anew' then
  return 'tombstoned'
end
local again = found[1] == ARGV[3] and found[2] == ARGV[4]
if ARGV[1] == 'child' and not again then
  if not found[1] then
    return 'missing'
  end
  if found[1] ~= ARGV[2] then
    return 'lost'
  end
end
if not again then
  local time = redis.call('TIME')
  redis.call('HSET', KEYS[1], 'committed_at', string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000)))
end
-- A repetition is written too: WAIT is documented for the writes of its own connection only.
redis.call('HSET', KEYS[1], 'lineage', ARGV[3], 'generation', ARGV[4], 'body', ARGV[5])
redis.call('HDEL', KEYS[1], 'tombstoned', 'tombstoned_generation')
if not again then
  redis.call('HDEL', KEYS[1], 'intent_owner', 'intent_lineage', 'intent_at')
end
-- Only a hint: a user without the right to publish still commits.
redis.pcall('PUBLISH', ARGV[6], 'commit')
return 'stored'
