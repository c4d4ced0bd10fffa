-- condition, parent or owner, fingerprint, generation, body, channel, due_at, grant_ends_at, initial
-- Generations are compared as text: Lua numbers lose precision for large ones.
local function is_lower(one, other)
  return #one < #other or (#one == #other and one < other)
end
local condition, named, fingerprint, generation = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local found = redis.call('HMGET', KEYS[1], 'fingerprint', 'generation', 'tombstoned', 'intent_owner', 'intent_generation')
local is_repeated = found[1] == fingerprint and found[2] == generation
-- Like `CommitCondition::judge` of token-core; the conformance suite compares the two.
local function judge()
  if condition == 'overwrite' or (condition == 'login' and found[4] == named) then
    return 'stored'
  end
  if found[3] then
    return 'tombstoned'
  end
  if not found[2] then
    return condition == 'parent' and 'missing' or 'stored'
  end
  if is_repeated then
    return 'stored'
  end
  if not is_lower(found[2], generation) or (condition == 'parent' and found[1] ~= named) then
    return 'lost'
  end
  return 'stored'
end
local outcome = judge()
if outcome ~= 'stored' then
  return outcome
end
if not is_repeated then
  local time = redis.call('TIME')
  redis.call('HSET', KEYS[1], 'committed_at', string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000)))
end
-- A repetition is written too: WAIT only covers writes of its own connection.
redis.call('HSET', KEYS[1], 'fingerprint', fingerprint, 'generation', generation, 'body', ARGV[5])
for index, field in ipairs({ 'due_at', 'grant_ends_at', 'initial' }) do
  local value = ARGV[6 + index]
  if value == '' then
    redis.call('HDEL', KEYS[1], field)
  else
    redis.call('HSET', KEYS[1], field, value)
  end
end
redis.call('HDEL', KEYS[1], 'tombstoned', 'tombstoned_generation', 'tombstoned_initial')
if found[4] and is_lower(found[5] or '0', generation) then
  redis.call('HDEL', KEYS[1], 'intent_owner', 'intent_fingerprint', 'intent_generation', 'intent_at')
end
-- The message is optional: a user without permission to publish can still commit.
redis.pcall('PUBLISH', ARGV[6], 'commit')
return outcome
