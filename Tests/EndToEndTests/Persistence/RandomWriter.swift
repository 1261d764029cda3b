import K8sClient

/// Numbers that a seed repeats (splitmix64).
struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}

/// Creates, changes and deletes its own ConfigMaps over a connection of its own, and notes what the server acknowledged.
struct RandomWriter: Sendable {
    /// What is known of one object.
    struct Record: Sendable {
        /// The object as the server last acknowledged it; nil when it acknowledged that it is gone.
        var acknowledged: JSONValue?
        /// The value that a write without an answer would have given it; `.some(nil)` for a deletion.
        var unanswered: String??
    }

    static let path = "/api/v1/namespaces/default/configmaps"

    let name: String
    var generator: SeededGenerator
    private(set) var records: [String: Record] = [:]
    private(set) var acknowledgements = 0
    private var counter = 0

    init(name: String, seed: UInt64) {
        self.name = name
        generator = SeededGenerator(seed: seed)
    }

    /// Writes until a request has no answer.
    mutating func run(_ client: KubernetesClient) async {
        while await step(client) {}
    }

    private mutating func step(_ client: KubernetesClient) async -> Bool {
        counter += 1
        let key = "\(name)-\(generator.next() % 20)"
        let existing = records[key]?.acknowledged
        let value = "\(name) \(counter) \(String(repeating: "x", count: Int(generator.next() % 2000)))"
        let object: JSONValue = [
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": .string(key)],
            "data": ["value": .string(value)],
        ]
        let request: KubernetesRequest
        var wanted: String? = value
        switch (existing, generator.next() % 4) {
        case (nil, _): request = .init(.post, Self.path, body: object.jsonBytes())
        case (.some, 0):
            request = .init(.delete, "\(Self.path)/\(key)")
            wanted = nil
        case (.some, _): request = .init(.put, "\(Self.path)/\(key)", body: object.jsonBytes())
        }
        records[key, default: Record()].unanswered = .some(wanted)
        guard let response = try? await client.raw(request), (200..<300).contains(response.status) else { return false }
        records[key]?.unanswered = nil
        records[key]?.acknowledged = wanted == nil ? nil : try? JSONValue(parsing: response.body)
        acknowledgements += 1
        return true
    }

    /// Compares what the server holds with what it acknowledged, and takes over how unanswered writes ended.
    /// - Returns: what is not as it has to be.
    mutating func reconcile(with found: [String: JSONValue]) -> [String] {
        var problems: [String] = []
        for (key, record) in records {
            let object = found[key]
            if let unanswered = record.unanswered, object?["data", "value"]?.string == unanswered {
                // Made, though nobody was told.
            } else if object != record.acknowledged {
                problems.append(
                    "\(key): \(Self.summary(object)) instead of \(Self.summary(record.acknowledged))")
            }
            records[key] = Record(acknowledged: object)
        }
        return problems
    }

    private static func summary(_ object: JSONValue?) -> String {
        guard let object else { return "nothing" }
        let value = object["data", "value"]?.string?.prefix(24) ?? ""
        return "\(value) at \(object["metadata", "resourceVersion"]?.string ?? "")"
    }
}
