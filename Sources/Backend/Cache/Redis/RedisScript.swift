import COpenSSL

/// A Lua script, sent by its digest: the text goes over the wire only to a server that does not know it yet.
struct RedisScript: Sendable {
    let source: String
    /// In hexadecimal, as `EVALSHA` takes it.
    let digest: String

    init(_ source: String) {
        self.source = source
        var bytes = [UInt8](repeating: 0, count: Int(SHA_DIGEST_LENGTH))
        let text = Array(source.utf8)
        _ = SHA1(text, text.count, &bytes)
        digest = bytes.map { byte in
            let digits = String(byte, radix: 16)
            return byte < 16 ? "0" + digits : digits
        }.joined()
    }
}

extension RedisClient {
    /// Runs a script.
    func run(
        _ script: RedisScript, keys: [String], arguments: [RedisCommand.Argument]
    ) async throws(RedisError) -> RESPValue {
        let operands: [RedisCommand.Argument] =
            [.integer(Int64(keys.count))] + keys.map { .text($0) } + arguments
        do {
            return try await send(RedisCommand("EVALSHA", [.text(script.digest)] + operands))
        } catch {
            guard error.replyCode == "NOSCRIPT" else { throw error }
            // It was not run; EVAL runs it and makes it known.
            return try await send(RedisCommand("EVAL", [.text(script.source)] + operands))
        }
    }
}
