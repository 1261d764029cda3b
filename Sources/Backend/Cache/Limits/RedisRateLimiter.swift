/// Limits in Redis, which all replicas share.
///
/// A call is one script: atomic, one round trip, and by the server's clock, so that the replicas' own do not matter.
struct RedisRateLimiter: Sendable {
    /// What all keys in Redis begin with.
    static let prefix = "cb:limit:"

    private let client: RedisClient

    init(_ client: RedisClient) {
        self.client = client
    }

    /// See ``RateLimiter/take(_:)``.
    /// - Throws: When Redis did not say; the charges may have been made.
    func take(_ charges: [RateLimitCharge]) async throws(RedisError) -> RateLimitOutcome {
        var arguments: [RedisCommand.Argument] = []
        for charge in charges {
            arguments += [
                .integer(Int64(charge.cost)), .integer(Int64(charge.limit.count)),
                .integer(Int64(charge.limit.periodMicroseconds)),
            ]
        }
        let reply = try await client.run(
            Self.takeScript, keys: charges.map { Self.prefix + $0.key }, arguments: arguments)
        guard let numbers = reply.elements?.compactMap(\.integer), numbers.count == 2 * charges.count else {
            throw RedisError(.protocolViolation, "the script's reply is none")
        }
        let decisions = charges.enumerated().map { index, charge in
            CellRate.decision(charge, isAllowed: numbers[2 * index] == 1, ahead: Double(numbers[2 * index + 1]) / 1_000)
        }
        return RateLimitOutcome(decisions: decisions)
    }

    /// See ``RateLimiter/adjust(_:by:limit:)``.
    /// - Throws: When Redis did not say; it may have been done.
    func adjust(_ key: String, by delta: Int, limit: RateLimit) async throws(RedisError) {
        _ = try await client.run(
            Self.adjustScript, keys: [Self.prefix + key],
            arguments: [
                .integer(Int64(delta)), .integer(Int64(limit.count)), .integer(Int64(limit.periodMicroseconds)),
            ])
    }

    /// KEYS: the keys. ARGV: cost, count and period of each, in microseconds. Reply: of each, whether it is allowed, and how many
    /// nanoseconds ahead its moment lies then. A key may come twice: the later charge sees the earlier one.
    private static let takeScript = RedisScript(
        """
        local time = redis.call('TIME')
        local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
        local allowed, moments, all = {}, {}, true
        local pending = {}
        for i, key in ipairs(KEYS) do
            local cost, count, period = tonumber(ARGV[3*i-2]), tonumber(ARGV[3*i-1]), tonumber(ARGV[3*i])
            local full = pending[key] or tonumber(redis.call('GET', key) or now)
            if full < now then full = now end
            local next = full + cost * period / count
            if next - now <= period + \(CellRate.tolerance) then
                allowed[i] = 1
                pending[key] = next
            else
                allowed[i] = 0
                all = false
            end
            moments[i] = {full, next}
        end
        if all then
            for i, key in ipairs(KEYS) do
                if tonumber(ARGV[3*i-2]) > 0 then
                    local ttl = math.ceil((pending[key] - now) / 1000) + 1
                    redis.call('SET', key, string.format('%.3f', pending[key]), 'PX', string.format('%d', ttl))
                end
            end
        end
        local reply = {}
        for i = 1, #KEYS do
            reply[2*i-1] = allowed[i]
            reply[2*i] = math.floor(((all and moments[i][2] or moments[i][1]) - now) * 1000)
        end
        return reply
        """)

    /// KEYS: the key. ARGV: delta, count and period.
    private static let adjustScript = RedisScript(
        """
        local time = redis.call('TIME')
        local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
        local delta, count, period = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
        local full = tonumber(redis.call('GET', KEYS[1]) or now)
        if full < now then full = now end
        local next = full + delta * period / count
        if next > now + 2 * period then next = now + 2 * period end
        if next <= now then
            redis.call('DEL', KEYS[1])
        else
            local ttl = math.ceil((next - now) / 1000) + 1
            redis.call('SET', KEYS[1], string.format('%.3f', next), 'PX', string.format('%d', ttl))
        end
        return redis.status_reply('OK')
        """)
}
