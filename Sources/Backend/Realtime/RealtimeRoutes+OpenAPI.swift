import HTTPTypes

extension RealtimeRoutes {
    var operations: [APIOperation] {
        [
            APIOperation(
                method: .get, path: WebSocketAdmission.path, id: "openChatSocket", tag: "Chat",
                summary: "Open a WebSocket for chat",
                description:
                    "The credential comes in `Authorization`, as a subprotocol `bearer.TOKEN`, or as the first message.",
                access: .anyone,
                answers: [
                    APIOperation.Answer(status: 101, description: "The connection is a WebSocket."),
                    .error(400, "The request is no valid opening of a WebSocket."),
                    .error(401, "The credential is not valid."),
                    .error(403, "The page's origin is not allowed."), .error(426, "The request asks for no WebSocket."),
                ])
        ]
    }
}
