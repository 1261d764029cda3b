#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Cuts a stream of chunks into lines. Pure; a line may span chunks, a chunk may hold many lines.
struct LineSplitter {
    /// What one line may hold.
    let limit: Int
    private var buffer: [UInt8] = []
    private var start = 0
    /// Up to where no line end has been found, so that a long line is not searched again with each chunk.
    private var searched = 0

    init(limit: Int) {
        self.limit = limit
    }

    /// Takes a chunk in.
    mutating func append(_ chunk: [UInt8]) {
        if start == buffer.count {
            buffer = chunk
        } else {
            if start > 0 { buffer.removeSubrange(..<start) }
            buffer.append(contentsOf: chunk)
        }
        searched -= start
        start = 0
        if searched < 0 || searched > buffer.count { searched = 0 }
    }

    /// The next whole line without its end, or `nil` until more has come.
    /// - Throws: `KubernetesError` when a line grows beyond the limit.
    mutating func next() throws(KubernetesError) -> ArraySlice<UInt8>? {
        guard let end = lineEnd(from: max(searched, start)) else {
            searched = buffer.count
            guard buffer.count - start <= limit else {
                throw KubernetesError(.invalidResponse, "a line of the watch is longer than \(limit) bytes")
            }
            return nil
        }
        let line = buffer[start..<end]
        start = end + 1
        searched = start
        guard line.count <= limit else {
            throw KubernetesError(.invalidResponse, "a line of the watch is longer than \(limit) bytes")
        }
        return line
    }

    private func lineEnd(from start: Int) -> Int? {
        buffer.withUnsafeBytes { bytes in
            guard start < bytes.count, let base = bytes.baseAddress,
                let end = memchr(base + start, 0x0A, bytes.count - start)
            else { return nil }
            return UnsafeRawPointer(end) - base
        }
    }
}
