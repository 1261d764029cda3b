import CCurl

/// Whether the libcurl that this runs with can be trusted with HTTP/2.
///
/// Before its rewrite in 8.x, libcurl ends every stream of HTTP/2 with a reset, also after a whole answer (seen with 7.88.1,
/// Debian 12's). Servers that count resets as an attack, SwiftNIO's and Envoy among them, then close the connection after a
/// few hundred requests, under whatever runs on it. With such a libcurl the client speaks HTTP/1.1 over several connections.
enum HTTP2Support {
    /// 8.5.0, as libcurl writes versions.
    static let firstFitVersion: UInt32 = 0x08_05_00

    static let isFit: Bool = {
        guard let version = curl_version_info(CURLVERSION_FIRST) else { return false }
        return version.pointee.version_num >= firstFitVersion && version.pointee.features & CURL_VERSION_HTTP2 != 0
    }()
}
