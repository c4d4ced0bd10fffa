-- What is kept for the key, and how long: the beginning of the scripts that tell it.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function entry()
  local found = redis.call('HMGET', KEYS[1],
    'lineage', 'generation', 'body', 'intent_owner', 'intent_lineage', 'intent_at', 'tombstoned', 'committed_at',
    'tombstoned_generation')
  local age = found[6] and math.max(0, now - tonumber(found[6])) or 0
  local record_age = found[8] and math.max(0, now - tonumber(found[8])) or 0
  return { found[1], found[2], found[3], found[4], found[5], age, found[7] and 1 or 0, record_age, found[9] }
end
