import HTTPTypes

extension APIError {
    /// What a client is told when no answer could be had.
    init(_ error: UpstreamError) {
        let status: HTTPResponse.Status =
            switch error.code {
            case .notConfigured, .circuitOpen: .serviceUnavailable
            case .responseTimeout, .idleTimeout, .totalTimeout: .gatewayTimeout
            default: .badGateway
            }
        self.init(status: status, kind: .server, code: error.code.description, message: error.message)
        if let retryAfter = error.retryAfter { headers[.retryAfter] = retryAfter.wholeSeconds }
    }
}

extension Duration {
    /// Whole seconds, rounded up, as `Retry-After` has them.
    var wholeSeconds: String {
        String(max(1, components.seconds + (components.attoseconds > 0 ? 1 : 0)))
    }
}
