import K8sClient

/// What a list or watch asks for in its query (`meta.k8s.io ListOptions`), as far as versions and initial events go.
struct ListOptions: Sendable, Hashable {
    var isWatch: Bool
    var resourceVersion: String
    var resourceVersionMatch: String
    var continuation: String
    var limit: Int
    /// What stands there as limit and is no number.
    private var unreadableLimit: String?
    var sendInitialEvents: Bool?
    var allowWatchBookmarks: Bool
    var timeoutSeconds: Int?

    init(_ call: APIRequest) {
        let query = call.query
        isWatch = call.isWatch
        resourceVersion = query["resourceVersion"] ?? ""
        resourceVersionMatch = query["resourceVersionMatch"] ?? ""
        continuation = query["continue"] ?? ""
        let limitText = query["limit"] ?? ""
        limit = Int(limitText) ?? 0
        unreadableLimit = limitText.isEmpty || Int(limitText) != nil ? Optional.none : limitText
        sendInitialEvents = query["sendInitialEvents"].map(Self.isTrue)
        allowWatchBookmarks = query["allowWatchBookmarks"].map(Self.isTrue) ?? false
        timeoutSeconds = query["timeoutSeconds"].flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
    }

    /// The API takes everything but `0` and `false` for true in a query, also nothing at all.
    private static func isTrue(_ text: String) -> Bool { text != "0" && text.lowercased() != "false" }

    /// - Parameter servesWatchList: whether a watch may ask for initial events.
    /// - Throws: 400 for a limit that is no number, 422 for options that do not go together.
    func validate(servesWatchList: Bool) throws(StatusError) {
        if let unreadableLimit {
            throw .badRequest("strconv.ParseInt: parsing \(quoted(unreadableLimit)): invalid syntax")
        }
        let errors = isWatch ? watchErrors(servesWatchList) : listErrors
        guard errors.isEmpty else { throw .invalid(GroupKind("meta.k8s.io", "ListOptions"), "", errors) }
    }

    private func watchErrors(_ servesWatchList: Bool) -> [FieldError] {
        let notOlderThan = "NotOlderThan"
        var errors: [FieldError] = []
        if sendInitialEvents != nil {
            if resourceVersionMatch != notOlderThan {
                errors.append(
                    .forbidden(
                        "resourceVersionMatch",
                        "sendInitialEvents requires setting resourceVersionMatch to \(notOlderThan)"))
            }
            if !servesWatchList {
                errors.append(
                    .forbidden(
                        "sendInitialEvents",
                        "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled"))
            }
        }
        guard !resourceVersionMatch.isEmpty else { return errors }
        if sendInitialEvents == nil {
            errors.append(
                .forbidden(
                    "resourceVersionMatch",
                    "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"))
        }
        if resourceVersionMatch != notOlderThan {
            errors.append(.notSupported("resourceVersionMatch", .string(resourceVersionMatch), [notOlderThan]))
        }
        if !continuation.isEmpty { errors.append(Self.matchWithContinue) }
        return errors
    }

    private var listErrors: [FieldError] {
        var errors: [FieldError] = []
        if !resourceVersionMatch.isEmpty {
            if resourceVersion.isEmpty {
                errors.append(
                    .forbidden(
                        "resourceVersionMatch", "resourceVersionMatch is forbidden unless resourceVersion is provided"))
            }
            if !continuation.isEmpty { errors.append(Self.matchWithContinue) }
            if !["Exact", "NotOlderThan"].contains(resourceVersionMatch) {
                errors.append(
                    .notSupported(
                        "resourceVersionMatch", .string(resourceVersionMatch), ["Exact", "NotOlderThan", ""]))
            }
            if resourceVersionMatch == "Exact", resourceVersion == "0" {
                errors.append(
                    .forbidden(
                        "resourceVersionMatch", #"resourceVersionMatch "exact" is forbidden for resourceVersion "0""#))
            }
        }
        if sendInitialEvents != nil {
            errors.append(.forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"))
        }
        return errors
    }

    private static let matchWithContinue = FieldError.forbidden(
        "resourceVersionMatch", "resourceVersionMatch is forbidden when continue is provided")

    /// The version, nil when none is named.
    /// - Throws: an error without a reason, as the API answers, for what is no number.
    func version() throws(StatusError) -> UInt64? {
        if resourceVersion.isEmpty { return nil }
        guard let version = UInt64(resourceVersion) else {
            throw .plainError("resourceVersion: Invalid value: \(quoted(resourceVersion)): invalid syntax")
        }
        return version
    }

    /// - Throws: 504 when the named version is one that the server has not reached.
    func requireReached(_ current: UInt64) throws(StatusError) {
        guard let asked = UInt64(resourceVersion), asked > current else { return }
        throw StatusError(
            code: 504, reason: "Timeout", message: "Timeout: Too large resource version: \(asked), current: \(current)",
            details: [
                "causes": [["reason": "ResourceVersionTooLarge", "message": "Too large resource version"]],
                "retryAfterSeconds": 1,
            ])
    }
}
