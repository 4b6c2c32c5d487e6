import type { Result } from 'ioredis';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    throttleTake(keys: number, ...keysAndArguments: (string | number)[]): Result<number[], Context>;
    throttleAdd(keys: number, ...keysAndArguments: (string | number)[]): Result<null, Context>;
  }
}

/** Each runs in one step at the server, by the server's clock, which is the same for all replicas. */
export const scripts = {
  /**
   * For each group of calls that go by the same rules: how many of them asked, how many rules there are, and the limit and the
   * seconds of each. Answers the time in milliseconds, then for each group how many of its calls are admitted, and for each of
   * its rules how many there were before, and when its window ends.
   */
  throttleTake: `
    local time = redis.call('TIME')
    local now = time[1] * 1000 + math.floor(time[2] / 1000)
    local answer = { now }
    local key, at = 0, 1
    while at <= #ARGV do
      local admitted, rules = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
      local used, ends, fresh = {}, {}, {}
      for rule = 1, rules do
        local left = redis.call('PTTL', KEYS[key + rule])
        fresh[rule] = left <= 0
        used[rule] = fresh[rule] and 0 or tonumber(redis.call('GET', KEYS[key + rule]))
        ends[rule] = fresh[rule] and math.floor(now / 1000) + ARGV[at + 1 + 2 * rule] or math.floor((now + left) / 1000 + 0.5)
        admitted = math.max(0, math.min(admitted, ARGV[at + 2 * rule] - used[rule]))
      end
      answer[#answer + 1] = admitted
      for rule = 1, rules do
        if admitted > 0 and fresh[rule] then
          redis.call('SET', KEYS[key + rule], admitted)
          redis.call('PEXPIREAT', KEYS[key + rule], string.format('%.0f', ends[rule] * 1000))
        elseif admitted > 0 then
          redis.call('INCRBY', KEYS[key + rule], admitted)
        end
        answer[#answer + 1] = used[rule]
        answer[#answer + 1] = ends[rule]
      end
      key = key + rules
      at = at + 2 + 2 * rules
    end
    return answer`,

  /** For each key: calls that were counted elsewhere, and when their window ends, in Unix seconds. */
  throttleAdd: `
    for index, key in ipairs(KEYS) do
      local used = tonumber(ARGV[2 * index - 1])
      if redis.call('INCRBY', key, used) == used then
        redis.call('PEXPIREAT', key, ARGV[2 * index] .. '000')
      end
    end`,
};
