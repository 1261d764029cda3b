import FoundationEssentials

extension Store {
    /// Writes records in one statement; those that are there already stay as they are.
    /// - Throws: ``DatabaseError``.
    func insert(_ records: [UsageRecord]) async throws {
        try await database.run(
            SQLStatement(
                SQLText(
                    sqlite: """
                        INSERT INTO usage_records (id, user_id, api_key_id, message_id, endpoint, model, prompt_tokens,
                            completion_tokens, source, outcome, created_at)
                        SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6,
                            value ->> 7, value ->> 8, value ->> 9, value ->> 10 FROM json_each($1) WHERE true
                        ON CONFLICT (id) DO NOTHING
                        """,
                    postgreSQL: """
                        INSERT INTO usage_records (id, user_id, api_key_id, message_id, endpoint, model, prompt_tokens,
                            completion_tokens, source, outcome, created_at)
                        SELECT (r ->> 0)::uuid, (r ->> 1)::uuid, (r ->> 2)::uuid, (r ->> 3)::uuid, r ->> 4, r ->> 5,
                            (r ->> 6)::bigint, (r ->> 7)::bigint, r ->> 8, r ->> 9,
                            timestamptz 'epoch' + (r ->> 10)::bigint * interval '1 microsecond'
                        FROM jsonb_array_elements($1::jsonb) AS r
                        ON CONFLICT (id) DO NOTHING
                        """),
                [.json(try Self.json(records))]), .write)
    }

    private static func json(_ records: [UsageRecord]) throws -> String {
        String(decoding: try JSONEncoder().encode(records.map(UsageRow.init)), as: UTF8.self)
    }

    /// A user's sums per day (UTC) and model, the latest day first.
    /// - Parameter limit: The most rows that are read.
    func usage(of user: UUID, from start: Timestamp, to end: Timestamp, limit: Int) async throws -> [UsageSum] {
        let rows = try await database.rows(
            SQLText(
                sqlite: """
                    SELECT date(created_at / 1000000, 'unixepoch') AS day, model, count(*), sum(prompt_tokens),
                        sum(completion_tokens), sum(source = 'estimated')
                    FROM usage_records WHERE user_id = $1 AND created_at >= $2 AND created_at < $3
                    GROUP BY day, model ORDER BY day DESC, model LIMIT $4
                    """,
                postgreSQL: """
                    SELECT to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day, model, count(*),
                        sum(prompt_tokens)::bigint, sum(completion_tokens)::bigint,
                        (count(*) FILTER (WHERE source = 'estimated'))::bigint
                    FROM usage_records WHERE user_id = $1 AND created_at >= $2 AND created_at < $3
                    GROUP BY day, model ORDER BY day DESC, model LIMIT $4
                    """),
            [user.sqlValue, start.sqlValue, end.sqlValue, limit.sqlValue])
        return try rows.map { row in
            UsageSum(
                date: try row.get(0), model: try row.get(1), requests: try row.get(2), promptTokens: try row.get(3),
                completionTokens: try row.get(4), estimatedRequests: try row.get(5))
        }
    }
}

/// The sums of a day and model.
struct UsageSum: Sendable, Equatable {
    /// `2026-01-31`.
    var date: String
    var model: String
    var requests: Int
    var promptTokens: Int
    var completionTokens: Int
    /// Of the requests, those whose tokens were estimated.
    var estimatedRequests: Int
}

extension UsageSum: Encodable {
    enum CodingKeys: String, CodingKey {
        case date, model, requests
        case promptTokens = "prompt_tokens"
        case completionTokens = "completion_tokens"
        case totalTokens = "total_tokens"
        case estimatedRequests = "estimated_requests"
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(date, forKey: .date)
        try container.encode(model, forKey: .model)
        try container.encode(requests, forKey: .requests)
        try container.encode(promptTokens, forKey: .promptTokens)
        try container.encode(completionTokens, forKey: .completionTokens)
        try container.encode(promptTokens + completionTokens, forKey: .totalTokens)
        try container.encode(estimatedRequests, forKey: .estimatedRequests)
    }
}

/// A record as an array, in the order of the statement's columns.
private struct UsageRow: Encodable {
    let record: UsageRecord

    init(_ record: UsageRecord) {
        self.record = record
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.unkeyedContainer()
        // Both databases are given ids as ``SQLValue`` gives them: SQLite compares their text.
        try container.encode(record.id.uuidString.lowercased())
        try container.encode(record.userID.uuidString.lowercased())
        try container.encode(record.apiKeyID?.uuidString.lowercased())
        try container.encode(record.messageID?.uuidString.lowercased())
        try container.encode(record.endpoint)
        try container.encode(record.model)
        try container.encode(record.usage.promptTokens)
        try container.encode(record.usage.completionTokens)
        try container.encode(record.source.rawValue)
        try container.encode(record.outcome.rawValue)
        try container.encode(record.createdAt.microseconds)
    }
}
