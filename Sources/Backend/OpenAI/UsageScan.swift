import NIOCore

/// Finds the usage in answers of any endpoint.
enum UsageScan {
    /// The `usage` of a JSON document, or of the `response` in it, as the events of `/responses` have it.
    static func usage(in document: ByteBuffer) -> TokenUsage? {
        document.withUnsafeReadableBytes { bytes in
            var scanner = JSONScanner(bytes)
            do {
                return try usage(&scanner)
            } catch {
                return nil  // Not JSON: it tells nothing.
            }
        }
    }

    private static func usage(_ scanner: inout JSONScanner) throws(JSONScanner.Failure) -> TokenUsage? {
        var usage: TokenUsage?
        try scanner.object { scanner, name throws(JSONScanner.Failure) in
            if scanner.equals(name, "usage"), try scanner.kind() == .object {
                usage = try TokenUsage(reading: &scanner)
            } else if scanner.equals(name, "response"), try scanner.kind() == .object {
                usage = try Self.usage(&scanner) ?? usage
            } else {
                try scanner.skip()
            }
        }
        return usage
    }
}
