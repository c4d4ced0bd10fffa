-- correct
-- key, score that was read, right score or '' if the key is not due
-- Does nothing if the score has changed since: another process indexed a commit.
local score = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not score or tonumber(score) ~= tonumber(ARGV[2]) then
  return 0
end
if ARGV[3] == '' then
  return redis.call('ZREM', KEYS[1], ARGV[1])
end
return redis.call('ZADD', KEYS[1], 'CH', ARGV[3], ARGV[1])
