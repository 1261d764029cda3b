import CCurl

/// One mail on its way, over libcurl.
///
/// The handle lives within ``send(_:from:to:through:)`` and is used by the one thread that calls it.
enum SMTPTransfer {
    private static let connectTimeout = 10
    /// For all of it.
    private static let timeout = 60

    /// libcurl's own start must happen once, before anything else of it.
    private static let globalResult: CURLcode = curl_global_init(Int(CURL_GLOBAL_SSL))

    /// Sends a message; blocks until the server has taken it, or for a minute.
    static func send(
        _ message: String, from sender: String, to recipient: String, through settings: MailSettings
    ) throws(SMTPError) {
        guard globalResult == CURLE_OK, let handle = curl_easy_init() else {
            throw SMTPError(isTransient: true, description: "libcurl does not start")
        }
        defer { curl_easy_cleanup(handle) }
        let recipients = curl_slist_append(nil, "<\(recipient)>")
        defer { curl_slist_free_all(recipients) }
        guard recipients != nil else { throw SMTPError(isTransient: true, description: "out of memory") }
        try configure(handle, settings)
        try check(curl_setopt_string(handle, CURLOPT_MAIL_FROM, "<\(sender)>"))
        try check(curl_setopt_list(handle, CURLOPT_MAIL_RCPT, recipients))
        let upload = Upload(message)
        try check(curl_setopt_long(handle, CURLOPT_UPLOAD, 1))
        try check(curl_setopt_pointer(handle, CURLOPT_READDATA, Unmanaged.passUnretained(upload).toOpaque()))
        try check(
            curl_setopt_function(handle, CURLOPT_READFUNCTION) { buffer, size, count, userData in
                guard let buffer, let userData else { return 0 }
                return Unmanaged<Upload>.fromOpaque(userData).takeUnretainedValue().read(into: buffer, size * count)
            })
        let result = withExtendedLifetime(upload) { curl_easy_perform(handle) }
        guard result == CURLE_OK else { throw error(result, handle) }
    }

    private static func configure(_ handle: UnsafeMutableRawPointer, _ settings: MailSettings) throws(SMTPError) {
        let scheme = settings.security == .implicitTLS ? "smtps" : "smtp"
        try check(curl_setopt_string(handle, CURLOPT_PROTOCOLS_STR, scheme))
        try check(
            curl_setopt_string(
                handle, CURLOPT_URL, "\(scheme)://\(NetworkName.inURL(settings.host)):\(settings.port)"))
        // No environment variable may send passwords another way.
        try check(curl_setopt_string(handle, CURLOPT_PROXY, ""))
        try check(curl_setopt_long(handle, CURLOPT_NOSIGNAL, 1))
        try check(curl_setopt_long(handle, CURLOPT_CONNECTTIMEOUT, connectTimeout))
        try check(curl_setopt_long(handle, CURLOPT_TIMEOUT, timeout))
        let protection = settings.security == .none ? CURLUSESSL_NONE : CURLUSESSL_ALL
        try check(curl_setopt_long(handle, CURLOPT_USE_SSL, Int(protection.rawValue)))
        try check(curl_setopt_long(handle, CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2)))
        if let file = settings.authorityFile { try check(curl_setopt_string(handle, CURLOPT_CAINFO, file)) }
        if let username = settings.username, let password = settings.password {
            try check(curl_setopt_string(handle, CURLOPT_USERNAME, username))
            try check(curl_setopt_string(handle, CURLOPT_PASSWORD, password.value))
        }
    }

    private static func check(_ code: CURLcode) throws(SMTPError) {
        guard code != CURLE_OK else { return }
        throw SMTPError(isTransient: false, description: "libcurl: \(String(cString: curl_easy_strerror(code)))")
    }

    private static func error(_ result: CURLcode, _ handle: UnsafeMutableRawPointer) -> SMTPError {
        var answer = 0
        _ = curl_getinfo_long(handle, CURLINFO_RESPONSE_CODE, &answer)
        let isRefused =
            switch result {
            case CURLE_LOGIN_DENIED, CURLE_USE_SSL_FAILED, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE:
                true
            default: (500...599).contains(answer)
            }
        let code = answer > 0 ? " (the server's last answer was \(answer))" : ""
        return SMTPError(
            isTransient: !isRefused || (400...499).contains(answer),
            description: String(cString: curl_easy_strerror(result)) + code)
    }

    /// What of a message libcurl has not taken yet. Used by the thread of the transfer only.
    private final class Upload {
        private let bytes: [UInt8]
        private var offset = 0

        init(_ message: String) {
            bytes = Array(message.utf8)
        }

        func read(into buffer: UnsafeMutablePointer<CChar>, _ capacity: Int) -> Int {
            let count = min(capacity, bytes.count - offset)
            let target = UnsafeMutableRawBufferPointer(start: buffer, count: count)
            target.copyBytes(from: bytes[offset..<offset + count])
            offset += count
            return count
        }
    }
}
