-- page
-- exclusive upper score, how many, score and key of the last one seen, or '' and ''
-- Compares bytes: Lua's own comparison of strings follows the server's locale.
local function is_after(one, other)
  for index = 1, math.min(#one, #other) do
    local left, right = string.byte(one, index), string.byte(other, index)
    if left ~= right then
      return left > right
    end
  end
  return #one > #other
end
-- The rank of the first key after the last one seen, which may have been moved or removed.
local function first_rank(score, key)
  local low = redis.call('ZCOUNT', KEYS[1], '-inf', '(' .. score)
  local high = low + redis.call('ZCOUNT', KEYS[1], score, score)
  while low < high do
    local middle = math.floor((low + high) / 2)
    if is_after(redis.call('ZRANGE', KEYS[1], middle, middle)[1], key) then
      high = middle
    else
      low = middle + 1
    end
  end
  return low
end
local first = ARGV[3] == '' and 0 or first_rank(ARGV[3], ARGV[4])
local due = redis.call('ZCOUNT', KEYS[1], '-inf', '(' .. ARGV[1])
local last = math.min(due, first + tonumber(ARGV[2])) - 1
if last < first then
  return {}
end
return redis.call('ZRANGE', KEYS[1], first, last, 'WITHSCORES')
