import FoundationEssentials

extension Cache {
    /// The value, computed when it is not there. Callers that ask for the same key at once share one computation, and its error.
    /// - Parameter compute: Reads it from its source; nil when there is no such thing, which is not remembered.
    func getOrCompute(
        _ key: CacheKey, compute: @escaping @Sendable () async throws -> [UInt8]?
    ) async throws -> [UInt8]? {
        if let value = await get(key) { return value }
        return try await flights.join(key) {
            let start = ContinuousClock.now
            let value = try await compute()
            if let value, ContinuousClock.now - start < CacheRules.computationLimit { await add(value, for: key) }
            return value
        }
    }

    /// The same for a value that is kept as JSON. An entry that is not such a value is removed and counts as not there.
    func value<Value: Codable & Sendable>(
        for key: CacheKey, as type: Value.Type = Value.self, compute: @escaping @Sendable () async throws -> Value?
    ) async throws -> Value? {
        if let value = await get(key, as: type) { return value }
        let bytes = try await flights.join(key) {
            let start = ContinuousClock.now
            guard let value = try await compute() else { return nil }
            let bytes = Array(try JSONEncoder().encode(value))
            if ContinuousClock.now - start < CacheRules.computationLimit { await add(bytes, for: key) }
            return bytes
        }
        return try bytes.map { try JSONDecoder().decode(type, from: Data($0)) }
    }

    /// The value of an entry that is kept as JSON.
    func get<Value: Decodable>(_ key: CacheKey, as type: Value.Type) async -> Value? {
        guard let bytes = await get(key) else { return nil }
        do {
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch {
            // Written by another version: it would be in the way of the right one until it expires.
            await remove(key)
            return nil
        }
    }

    /// Keeps a value as JSON, in place of whatever is there.
    func set<Value: Encodable>(json value: Value, for key: CacheKey) async throws {
        await set(Array(try JSONEncoder().encode(value)), for: key)
    }
}
