/// What an ingress controller has to be told so that streams pass through it: frames at once, no end after a minute of silence,
/// and bodies as large as the backend takes. Only for classes whose controller documents annotations for it; others (Traefik)
/// pass streams on as they are.
enum StreamAnnotations {
    /// Longer than any answer and than the silence of a WebSocket between two pings.
    private static let idleSeconds = "3600"

    static func annotations(forClass className: String) -> [String: String] {
        switch className {
        case "nginx":
            // ingress-nginx; times are in seconds.
            let prefix = "nginx.ingress.kubernetes.io/"
            return [
                prefix + "proxy-buffering": "off",
                prefix + "proxy-read-timeout": idleSeconds,
                prefix + "proxy-send-timeout": idleSeconds,
                prefix + "proxy-connect-timeout": "60",
                prefix + "proxy-body-size": "10m",
            ]
        case "haproxy":
            // HAProxy Technologies' controller; it buffers no answers, and its tunnels last an hour by default.
            return ["haproxy.org/timeout-server": idleSeconds + "s"]
        case "alb":
            // AWS Load Balancer Controller.
            return ["alb.ingress.kubernetes.io/load-balancer-attributes": "idle_timeout.timeout_seconds=" + idleSeconds]
        default:
            return [:]
        }
    }
}
