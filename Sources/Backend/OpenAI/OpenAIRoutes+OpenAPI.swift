import HTTPTypes

extension OpenAIRoutes {
    var operations: [APIOperation] {
        ProxyEndpoint.allCases.map(\.operation) + [
            APIOperation(
                method: .get, path: "/v1/models", id: "listModels", tag: "OpenAI", summary: "The models there are",
                answers: [
                    .ok(
                        "The models.",
                        .json(
                            .object(
                                required: ["object": .oneOf(["list"]), "data": .array(of: .named("Model"))],
                                isOpen: true)))
                ]),
            APIOperation(
                method: .get, path: "/v1/models/{model}", id: "getModel", tag: "OpenAI", summary: "One model",
                parameters: [.path("model", "Its name, which may have slashes.", .string())],
                answers: [.ok("The model.", .json(.named("Model")))]),
        ]
    }

    var schemas: [String: JSONSchema] {
        [
            "Model": .object(required: ["id": .string(), "object": .oneOf(["model"])], isOpen: true),
            "ChatCompletionRequest": .object(
                "As OpenAI's; members that are not listed here are passed on as they are.",
                required: [
                    "model": .string(length: 1...ProxyRequest.longestModel, example: "echo"),
                    "messages": .array(
                        of: .object(required: ["role": .string(example: "user"), "content": .string()], isOpen: true)),
                ],
                optional: ["stream": JSONSchema.boolean("Answer as a stream of events.", byDefault: false).orNull],
                isOpen: true),
            "ResponseRequest": .object(
                "As OpenAI's; members that are not listed here are passed on as they are.",
                required: [
                    "model": .string(length: 1...ProxyRequest.longestModel, example: "echo"),
                    "input": .any(of: [.string(), .array(of: .object(isOpen: true))]),
                ],
                optional: ["stream": JSONSchema.boolean("Answer as a stream of events.", byDefault: false).orNull],
                isOpen: true),
            "EmbeddingRequest": .object(
                "As OpenAI's; members that are not listed here are passed on as they are.",
                required: [
                    "model": .string(length: 1...ProxyRequest.longestModel, example: "echo"),
                    "input": .any(of: [.string(), .array(of: .string())]),
                ], isOpen: true),
        ]
    }
}

extension ProxyEndpoint {
    fileprivate var operation: APIOperation {
        let (id, summary, body) =
            switch self {
            case .chatCompletions: ("createChatCompletion", "Answer a chat", "ChatCompletionRequest")
            case .responses: ("createResponse", "Answer an input", "ResponseRequest")
            case .embeddings: ("createEmbedding", "Embed texts", "EmbeddingRequest")
            }
        var contents: [APIOperation.Content] = [.json(.object(isOpen: true))]
        if self != .embeddings { contents.append(.events) }
        return APIOperation(
            method: .post, path: servicePath, id: id, tag: "OpenAI", summary: summary,
            description: "The request is passed on to a model's server, and its answer is passed back as it comes.",
            body: .json(.named(body)),
            answers: [
                APIOperation.Answer(status: 200, description: "The server's answer.", contents: contents),
                .error(404, "There is no such model."),
                .error(502, "The model's server failed, or its answer was no answer."),
                .error(504, "The model's server took too long."),
            ])
    }
}
