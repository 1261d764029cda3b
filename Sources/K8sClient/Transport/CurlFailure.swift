import CCurl

/// What libcurl's results mean to someone who wants to reach a Kubernetes API server.
enum CurlFailure {
    static func error(
        _ code: CURLcode, detail: String, server: ServerAddress, isStreamed: Bool
    ) -> KubernetesError {
        var error = described(code, detail: detail, server: server, isStreamed: isStreamed)
        switch code {
        case CURLE_GOT_NOTHING, CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_PARTIAL_FILE, CURLE_HTTP2,
            CURLE_HTTP2_STREAM:
            error.isBrokenConnection = true
        default: break
        }
        return error
    }

    private static func described(
        _ code: CURLcode, detail: String, server: ServerAddress, isStreamed: Bool
    ) -> KubernetesError {
        let detail = detail.isEmpty ? String(cString: curl_easy_strerror(code)) : detail
        switch code {
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY:
            return KubernetesError(.connection, "the server's name does not resolve: \(detail)")
        case CURLE_COULDNT_CONNECT:
            return KubernetesError(.connection, "the server \(server.url) cannot be reached: \(detail)")
        case CURLE_OPERATION_TIMEDOUT:
            return KubernetesError(.timeout, "the server \(server.url) did not answer in time: \(detail)")
        case CURLE_PEER_FAILED_VERIFICATION:
            return KubernetesError(.tls, "the certificate of \(server.url) is not trusted: \(explained(detail))")
        case CURLE_SSL_CERTPROBLEM, CURLE_SSL_CACERT_BADFILE:
            return KubernetesError(.tls, "a certificate or key of the configuration cannot be used: \(detail)")
        case CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CIPHER, CURLE_SSL_ISSUER_ERROR, CURLE_USE_SSL_FAILED:
            return KubernetesError(.tls, "no TLS connection to \(server.url) came about: \(detail)")
        case CURLE_PARTIAL_FILE:
            // What came of a stream is good; half a document is not.
            return KubernetesError(
                isStreamed ? .connection : .invalidResponse,
                "the connection ended in the middle of the answer: \(detail)")
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY:
            return KubernetesError(.invalidResponse, "the server \(server.url) does not speak HTTP: \(detail)")
        case CURLE_URL_MALFORMAT:
            return KubernetesError(.configuration, "the URL cannot be used: \(detail)")
        case CURLE_SEND_FAIL_REWIND:
            return KubernetesError(
                .connection,
                "the connection to \(server.url) broke after the request was sent: it may have been carried out")
        default:
            return KubernetesError(.connection, "the connection to \(server.url) broke: \(detail)")
        }
    }

    /// OpenSSL's commonest reasons, with what they mostly come from.
    private static func explained(_ detail: String) -> String {
        if detail.contains("certificate has expired") { return "it has expired" }
        if detail.contains("certificate is not yet valid") { return "it is not valid yet; is the clock right?" }
        if detail.contains("self-signed") || detail.contains("self signed")
            || detail.contains("unable to get local issuer")
        {
            return "it was not issued by the certificate authority of the configuration (\(detail))"
        }
        if detail.contains("does not match") || detail.contains("no alternative certificate subject name") {
            return "it is for another name (\(detail))"
        }
        return detail
    }
}
