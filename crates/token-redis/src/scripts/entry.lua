-- The entry of a key with its ages, and 1 if its lease is held; included in the scripts that
-- return it.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function age(at)
  return at and math.max(0, now - tonumber(at)) or 0
end
local function entry()
  local found = redis.call('HMGET', KEYS[1],
    'fingerprint', 'generation', 'body', 'due_at', 'grant_ends_at', 'initial', 'committed_at',
    'intent_owner', 'intent_fingerprint', 'intent_generation', 'intent_at',
    'tombstoned', 'tombstoned_generation', 'tombstoned_initial', 'lease_until')
  return {
    { found[1], found[2], found[3], found[4], found[5], found[6] }, age(found[7]),
    { found[8], found[9], found[10] }, age(found[11]),
    { found[12] and 1 or 0, found[13], found[14] },
    found[15] and tonumber(found[15]) > now and 1 or 0,
  }
end
