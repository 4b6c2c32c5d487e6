import type { Result } from 'ioredis';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    limitsTake(keys: 1, key: string, ...values: number[]): Result<number[], Context>;
  }
}

/** Runs in one step at the server, by the server's clock, which is the same for all. */
export const scripts = {
  /**
   * A bucket and a pause. Given: requests per millisecond (0: any), the bucket's size, how many would go, how many have to stay,
   * a pause in milliseconds that began elsewhere, 1: the bucket counts as used up. Answers how many may go, else when to ask
   * again, and what is left of the pause, in milliseconds. What is full and in no pause need not be known, and is forgotten.
   */
  limitsTake: `
    local time = redis.call('TIME')
    local now = time[1] * 1000 + math.floor(time[2] / 1000)
    local rate, burst, wanted, keep = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
    local kept = redis.call('HMGET', KEYS[1], 'left', 'at', 'paused')
    local left = (tonumber(kept[1]) or burst) + math.max(0, now - (tonumber(kept[2]) or now)) * rate
    left = math.min(burst, left)
    if ARGV[6] == '1' then left = math.min(left, 1) end
    local paused = math.max(0, (tonumber(kept[3]) or 0) - now, tonumber(ARGV[5]))
    local granted, again = 0, 0
    if paused > 0 then
      again = paused
    elseif rate == 0 then
      granted = wanted
    else
      granted = math.max(0, math.min(wanted, math.floor(left - keep)))
      left = left - granted
      if granted == 0 then again = math.ceil((1 + keep - left) / rate) end
    end
    local refill = rate > 0 and (burst - left) / rate or 0
    local forget = math.ceil(math.max(paused, refill))
    if forget > 0 then
      redis.call('HSET', KEYS[1], 'left', string.format('%.6f', left), 'at', string.format('%.0f', now),
        'paused', string.format('%.0f', now + paused))
      redis.call('PEXPIRE', KEYS[1], string.format('%.0f', forget))
    end
    return { granted, again, paused }`,
};
