import COpenSSL
import FoundationEssentials
import K8sClient

/// Service account tokens: JSON Web Tokens signed with the cluster's own key (HMAC-SHA-256, which issuer and checker share
/// here, being one process).
struct TokenIssuer: Sendable {
    static let issuer = "https://kubernetes.default.svc.cluster.local"

    private let key: [UInt8]

    init(key: [UInt8]) {
        self.key = key
    }

    struct Claims: Sendable, Hashable {
        var namespace: String
        var serviceAccount: String
        var serviceAccountUID: String
        var podName: String?
        var podUID: String?
        var audiences: [String]
        var expires: Int
    }

    func issue(_ claims: Claims) -> String {
        var bound: JSONValue = [
            "namespace": .string(claims.namespace),
            "serviceaccount": [
                "name": .string(claims.serviceAccount), "uid": .string(claims.serviceAccountUID),
            ],
        ]
        if let name = claims.podName, let uid = claims.podUID {
            bound["pod"] = ["name": .string(name), "uid": .string(uid)]
        }
        let now = Int(Date().timeIntervalSince1970)
        let payload: JSONValue = [
            "iss": .string(Self.issuer), "aud": JSONValue(claims.audiences), "exp": JSONValue(claims.expires),
            "iat": JSONValue(now), "nbf": JSONValue(now), "jti": .string(GeneratedName.uid()), "kubernetes.io": bound,
            "sub": .string("system:serviceaccount:\(claims.namespace):\(claims.serviceAccount)"),
        ]
        let header: JSONValue = ["alg": "HS256", "typ": "JWT"]
        let signed = "\(Base64.encodeURL(header.jsonBytes())).\(Base64.encodeURL(payload.jsonBytes()))"
        return "\(signed).\(Base64.encodeURL(signature(of: signed)))"
    }

    /// The claims of a token that this cluster issued and that is within its time; nil for any other text.
    func claims(of token: String) -> Claims? {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let given = Base64.decodeURL(parts[2]), let payload = Base64.decodeURL(parts[1]) else {
            return nil
        }
        let expected = signature(of: "\(parts[0]).\(parts[1])")
        guard given.count == expected.count, CRYPTO_memcmp(given, expected, expected.count) == 0,
            let body = try? JSONValue(parsing: payload), let expires = body["exp"]?.int,
            Double(expires) > Date().timeIntervalSince1970,
            let namespace = body["kubernetes.io", "namespace"]?.string,
            let account = body["kubernetes.io", "serviceaccount", "name"]?.string,
            let uid = body["kubernetes.io", "serviceaccount", "uid"]?.string
        else { return nil }
        return Claims(
            namespace: namespace, serviceAccount: account, serviceAccountUID: uid,
            podName: body["kubernetes.io", "pod", "name"]?.string,
            podUID: body["kubernetes.io", "pod", "uid"]?.string,
            audiences: (body["aud"]?.array ?? []).compactMap(\.string), expires: expires)
    }

    private func signature(of text: String) -> [UInt8] {
        let message = Array(text.utf8)
        var digest = [UInt8](repeating: 0, count: 32)
        var length: UInt32 = 0
        HMAC(EVP_sha256(), key, Int32(key.count), message, message.count, &digest, &length)
        return digest
    }
}
