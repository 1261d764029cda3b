/// Turns the lines of a `LogFile` into what a reader asked for; pure.
struct LogLines {
    private let timestamps: Bool
    private let since: String?
    private var left: Int?
    private var partial: [UInt8] = []

    /// - Parameter since: RFC 3339 time; earlier lines are left out.
    init(timestamps: Bool, since: String?, limitBytes: Int?) {
        self.timestamps = timestamps
        self.since = since
        left = limitBytes
    }

    /// Whether as many bytes came out as may.
    var isFull: Bool { left == 0 }

    /// The output for a piece of the file.
    mutating func read(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var output: [UInt8] = []
        var rest = bytes
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            if partial.isEmpty {
                emit(rest[..<end], to: &output)
            } else {
                partial += rest[..<end]
                emit(partial[...], to: &output)
                partial.removeAll(keepingCapacity: true)
            }
            rest = rest[(end + 1)...]
        }
        partial += rest
        if let limit = left {
            output = Array(output.prefix(limit))
            left = limit - output.count
        }
        return output
    }

    private func emit(_ line: ArraySlice<UInt8>, to output: inout [UInt8]) {
        // TIME STREAM FLAG TEXT
        let parts = line.split(separator: UInt8(ascii: " "), maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 4 else { return }
        if let since, parts[0].lexicographicallyPrecedes(since.utf8) { return }
        if timestamps {
            output += parts[0]
            output.append(UInt8(ascii: " "))
        }
        output += parts[3]
        if parts[2].elementsEqual("F".utf8) { output.append(UInt8(ascii: "\n")) }
    }

    /// Where the last lines of a file begin.
    static func start(ofLast lines: Int, in bytes: [UInt8]) -> Int {
        guard lines > 0 else { return bytes.count }
        var count = 0
        for index in bytes.indices.reversed() where bytes[index] == UInt8(ascii: "\n") {
            if count == lines { return index + 1 }
            count += 1
        }
        return 0
    }
}
