-- times
-- A value of another kind is not a record.
local times = redis.pcall('HMGET', KEYS[1], 'due_at', 'grant_ends_at')
if times.err and string.find(times.err, 'WRONGTYPE', 1, true) then
  return { false, false }
end
return times
