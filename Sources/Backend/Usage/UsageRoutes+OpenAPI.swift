import HTTPTypes

extension UsageRoutes {
    var operations: [APIOperation] {
        [
            APIOperation(
                method: .get, path: Self.path, id: "getUsage", tag: "Usage",
                summary: "What the caller used, by day (UTC) and model",
                parameters: [
                    .query("from", "The first day. None: 29 days before `to`.", .string(format: "date")),
                    .query("to", "The last day. None: today.", .string(format: "date")),
                ],
                answers: [.ok("The sums.", .json(.named("Usage")))])
        ]
    }

    var schemas: [String: JSONSchema] {
        [
            "Usage": .object(
                required: [
                    "object": .oneOf(["list"]), "from": .string(format: "date"), "to": .string(format: "date"),
                    "data": .array(
                        of: .object(
                            required: [
                                "date": .string(format: "date"), "model": .string(), "requests": .integer(),
                                "prompt_tokens": .integer(), "completion_tokens": .integer(),
                                "total_tokens": .integer(),
                                "estimated_requests": .integer("Those of the requests whose tokens were estimated."),
                            ])),
                ])
        ]
    }
}
