import Hummingbird

/// `GET /`: who answers.
struct AboutRoute: RouteGroup {
    private struct About: Encodable {
        let name: String
        let version: String
    }

    var operations: [APIOperation] {
        [
            APIOperation(
                method: .get, path: "/", id: "getAbout", tag: "Operations", summary: "The program's name and version",
                access: .anyone,
                answers: [.ok("Both.", .json(.object(required: ["name": .string(), "version": .string()])))])
        ]
    }

    func add(to router: Router<BackendRequestContext>) {
        router.get("/") { _, _ in JSONBody.response(About(name: Version.program, version: Version.number)) }
    }
}
