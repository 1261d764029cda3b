import K8sClient

/// Plays a recorded conversation against a server, through the client's transport.
final class ConversationPlayer {
    private let client: KubernetesClient
    /// Values captured from answers, which later requests name as `{{name}}`.
    private var captured: [String: JSONValue] = [:]
    /// The version in which each object was last seen.
    private var versions: [String: String] = [:]
    private var watches: [String: Task<[JSONValue], Never>] = [:]

    init(client: KubernetesClient) {
        self.client = client
    }

    /// What differs from the recorded answers.
    func play(_ conversation: RecordedConversation) async throws -> [String] {
        var problems: [String] = []
        for (index, step) in conversation.steps.enumerated() {
            let answer = try await answer(to: step)
            let title = "step \(index) \(step["method"]?.string ?? "") \(step["path"]?.string ?? "")"
            problems += RecordedComparison.differences(
                step["answer"] ?? [:], answer, isExact: step["exact"]?.bool ?? false
            ).map { "\(title): \($0)" }
        }
        for watch in watches.values { watch.cancel() }
        return problems
    }

    /// The recorded form of what this server answers to a step.
    private func answer(to step: JSONValue) async throws -> JSONValue {
        if let seconds = step["sleep"]?.double {
            // The recording waits here so that something that must not happen has time to.
            try await Task.sleep(for: .seconds(seconds))
            return [:]
        }
        if let name = step["watch"]?.string {
            watches[name] = watch(filled(step["path"]?.string ?? ""), seconds: step["seconds"]?.double ?? 5)
            try await Task.sleep(for: .milliseconds(300))
            return [:]
        }
        if let name = step["collect"]?.string { return ["events": .array(await events(of: name, step))] }
        return try await exchange(step)
    }

    private func exchange(_ step: JSONValue) async throws -> JSONValue {
        let deadline = ContinuousClock.now + .seconds(step["until", "seconds"]?.double ?? 0)
        let expected = step["until", "status"]?.int
        var response = try await client.raw(request(step))
        while let expected, response.status != expected, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(250))
            response = try await client.raw(request(step))
        }
        let body = (try? JSONValue(parsing: response.body)) ?? .string(String(decoding: response.body, as: UTF8.self))
        for (name, path) in step["capture"]?.object ?? [:] {
            let keys = (path.string ?? "").split(separator: ".").map { String($0) }
            captured[name] = body[path: keys[...]]
        }
        var answer: JSONValue = ["status": JSONValue(response.status)]
        if let uid = body["metadata", "uid"]?.string, let version = body["metadata", "resourceVersion"]?.string,
            !uid.isEmpty, !version.isEmpty
        {
            if let last = versions.updateValue(version, forKey: uid) {
                answer["rv"] = last == version ? "same" : "new"
            }
        }
        if step["ignore"]?.array?.contains("body") != true {
            let keep = Set((step["keep"]?.array ?? []).compactMap(\.string))
            answer["body"] = RecordedComparison.projection(
                RecordedComparison.normal(body, keep: keep), paths(step))
        }
        return answer
    }

    private func paths(_ step: JSONValue) -> [String]? { step["only"]?.array?.compactMap(\.string) }

    private func request(_ step: JSONValue) -> KubernetesRequest {
        var body: [UInt8]?
        switch step["body"] {
        case nil, .null?: body = nil
        case .string(let text)?: body = Array(filled(text).utf8)
        case .some(let value): body = filled(value).jsonBytes()
        }
        let headers = (step["headers"]?.object ?? [:]).map { KubernetesRequest.Field($0, $1.string ?? "") }
        return KubernetesRequest(
            .init(rawValue: step["method"]?.string ?? "GET"), filled(step["path"]?.string ?? ""), body: body,
            contentType: step["type"]?.string, accept: step["accept"]?.string ?? KubernetesRequest.json,
            headers: headers)
    }

    // MARK: Captured values

    private func filled(_ text: String) -> String {
        captured.reduce(text) { text, value in
            text.replacing("{{\(value.key)}}", with: value.value.string ?? value.value.jsonText)
        }
    }

    private func filled(_ value: JSONValue) -> JSONValue {
        switch value {
        case .string(let text): .string(filled(text))
        case .array(let items): .array(items.map { filled($0) })
        case .object(let members): .object(members.mapValues { filled($0) })
        default: value
        }
    }

    // MARK: Watches

    private func watch(_ path: String, seconds: Double) -> Task<[JSONValue], Never> {
        let request = KubernetesRequest(.get, path, timeout: .seconds(seconds))
        let client = client
        return Task {
            var text: [UInt8] = []
            do {
                for try await chunk in try await client.stream(request) { text += chunk }
            } catch {
                // A watch that the deadline ends has told what it had to.
            }
            return text.split(separator: UInt8(ascii: "\n")).compactMap { try? JSONValue(parsing: Array($0)) }
        }
    }

    private func events(of name: String, _ step: JSONValue) async -> [JSONValue] {
        let types = step["types"]?.array?.compactMap(\.string) ?? ["ADDED", "MODIFIED", "DELETED", "ERROR"]
        let names = step["names"]?.array
        return await (watches[name]?.value ?? []).filter { event in
            guard types.contains(event["type"]?.string ?? "") else { return false }
            guard let names else { return true }
            return event["object", "metadata", "name"].map(names.contains) ?? false
        }.map { event in
            [
                "type": event["type"] ?? "",
                "object": RecordedComparison.projection(
                    RecordedComparison.normal(event["object"] ?? [:]), paths(step)),
            ]
        }
    }
}
