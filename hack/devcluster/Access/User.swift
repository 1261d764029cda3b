/// Who makes a request.
struct User: Sendable, Hashable {
    var name: String
    var groups: [String]
    var uid = ""

    static let anonymous = User(name: "system:anonymous", groups: ["system:unauthenticated"])

    var isSuperuser: Bool { groups.contains("system:masters") }
}
