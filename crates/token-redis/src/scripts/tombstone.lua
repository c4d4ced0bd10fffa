-- channel
-- Returns the mark of this tombstone, and the previous values, to revoke the token or to undo this.
local fields = {
  'fingerprint', 'generation', 'body', 'due_at', 'grant_ends_at', 'initial', 'committed_at',
  'intent_owner', 'intent_fingerprint', 'intent_generation', 'intent_at',
}
local before = redis.call('HMGET', KEYS[1], unpack(fields))
local kept = redis.call('HMGET', KEYS[1], 'tombstoned', 'tombstoned_generation', 'tombstoned_initial')
local time = redis.call('TIME')
local mark = time[1] .. '.' .. time[2]
redis.call('HSET', KEYS[1], 'tombstoned', mark)
-- A second logout keeps what the first one removed.
if before[2] then
  redis.call('HSET', KEYS[1], 'tombstoned_generation', before[2])
  if before[6] then
    redis.call('HSET', KEYS[1], 'tombstoned_initial', before[6])
  else
    redis.call('HDEL', KEYS[1], 'tombstoned_initial')
  end
end
redis.call('HDEL', KEYS[1], unpack(fields))
redis.pcall('PUBLISH', ARGV[1], 'tombstone')
for index = 1, 3 do
  before[#fields + index] = kept[index]
end
return { mark, before }
