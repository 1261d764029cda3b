import CCurl

/// What is the same for every transfer of a client.
struct TransportConfiguration: Sendable {
    /// The server's address without a slash at its end.
    var server: ServerAddress
    var insecureSkipVerify: Bool
    var serverName: String?
    var proxyURL: String?
    var userAgent: String
    var connectTimeout: Duration
    var httpVersion: ClientConfiguration.HTTPVersion
    /// How many buffered transfers of each lane run at once; the others wait for their turn.
    var laneLimits: [Int]
    /// Told how many transfers of a lane wait, whenever that changes.
    var onQueueDepth: @Sendable (_ lane: Int, _ depth: Int) -> Void
}

/// Owns one libcurl easy handle, the buffers that libcurl writes to and the transfer that it carries out, one after another.
///
/// Threading: made, used and freed on the driver thread only. The callbacks run there too, inside `curl_multi_perform` and
/// `curl_easy_pause`; they get this object, which the driver keeps alive, as user data.
final class EasyHandle {
    let pointer: UnsafeMutableRawPointer
    private let server: ServerAddress
    private let offersHTTP2: Bool
    private let errorBuffer: UnsafeMutablePointer<CChar>
    private var headerList: UnsafeMutablePointer<curl_slist>?
    private var connectTo: UnsafeMutablePointer<curl_slist>?

    private(set) var transfer: Transfer?
    /// What the handle's TLS options are set to.
    private var material: TLSMaterial?
    /// By when the head of a stream must have come, and the body of an error.
    private var headDeadline: ContinuousClock.Instant?
    /// When a stream's body last said something; `nil` while nobody reads it.
    private var lastHeard: ContinuousClock.Instant?
    private var headerBytes: [UInt8] = []
    private var body: [UInt8] = []
    private var sentBytes = 0
    private var hasDeliveredHead = false
    /// Why a callback stopped the transfer; libcurl only says that one did.
    private var abortReason: KubernetesError?

    /// - Throws: `KubernetesError` when libcurl refuses an option, such as a certificate that is not PEM.
    init(_ configuration: TransportConfiguration) throws(KubernetesError) {
        guard let pointer = curl_easy_init() else {
            throw KubernetesError(.connection, "libcurl has no memory for another request")
        }
        self.pointer = pointer
        server = configuration.server
        errorBuffer = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorBuffer.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        offersHTTP2 = configuration.httpVersion == .automatic && configuration.server.isSecure && HTTP2Support.isFit
        try configure(configuration)
    }

    deinit {
        curl_easy_cleanup(pointer)
        curl_slist_free_all(headerList)
        curl_slist_free_all(connectTo)
        errorBuffer.deallocate()
    }

    // MARK: Options

    private func configure(_ configuration: TransportConfiguration) throws(KubernetesError) {
        let userData = Unmanaged.passUnretained(self).toOpaque()
        _ = curl_setopt_pointer(pointer, CURLOPT_ERRORBUFFER, errorBuffer)
        _ = curl_setopt_pointer(pointer, CURLOPT_PRIVATE, userData)
        _ = curl_setopt_pointer(pointer, CURLOPT_WRITEDATA, userData)
        _ = curl_setopt_pointer(pointer, CURLOPT_HEADERDATA, userData)
        _ = curl_setopt_pointer(pointer, CURLOPT_READDATA, userData)
        _ = curl_setopt_function(pointer, CURLOPT_WRITEFUNCTION) { bytes, size, count, userData in
            EasyHandle.callback(bytes, size * count, userData) { $0.received($1) }
        }
        _ = curl_setopt_function(pointer, CURLOPT_HEADERFUNCTION) { bytes, size, count, userData in
            EasyHandle.callback(bytes, size * count, userData) { $0.receivedHeader($1) }
        }
        _ = curl_setopt_function(pointer, CURLOPT_READFUNCTION) { bytes, size, count, userData in
            EasyHandle.callback(bytes, size * count, userData) { $0.send(into: $1) }
        }
        set(CURLOPT_NOSIGNAL, 1)
        // The default of 64 KiB is meant for uploads of files.
        set(CURLOPT_UPLOAD_BUFFERSIZE, 16 * 1024)
        set(CURLOPT_PATH_AS_IS, 1)
        set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        set(CURLOPT_CONNECTTIMEOUT_MS, configuration.connectTimeout.milliseconds)
        // A peer that vanished without a word is noticed after about two minutes, also under a silent watch.
        set(CURLOPT_TCP_KEEPALIVE, 1)
        set(CURLOPT_TCP_KEEPIDLE, 30)
        set(CURLOPT_TCP_KEEPINTVL, 10)
        try check(curl_setopt_string(pointer, CURLOPT_PROTOCOLS_STR, "http,https"), "the protocols")
        try check(curl_setopt_string(pointer, CURLOPT_USERAGENT, configuration.userAgent), "the user agent")
        configureTLS(configuration)
        // Both are always set, lest libcurl ask the environment: the configuration has done that, by Kubernetes' rules.
        try check(curl_setopt_string(pointer, CURLOPT_PROXY, Self.proxy(configuration.proxyURL)), "the proxy")
        try check(curl_setopt_string(pointer, CURLOPT_NOPROXY, ""), "the proxy")
    }

    /// Go's clients leave a name to be resolved to a SOCKS proxy; libcurl has a scheme of its own for that.
    private static func proxy(_ url: String?) -> String {
        guard let url, url.hasPrefix("socks5://") else { return url ?? "" }
        return "socks5h://" + url.dropFirst("socks5://".count)
    }

    private func configureTLS(_ configuration: TransportConfiguration) {
        set(CURLOPT_SSL_VERIFYPEER, configuration.insecureSkipVerify ? 0 : 1)
        set(CURLOPT_SSL_VERIFYHOST, configuration.insecureSkipVerify ? 0 : 2)
        set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        if let name = configuration.serverName {
            // The URL carries the name that the certificate must have; the connection goes to the real address.
            let route = "\(name):\(configuration.server.port):\(configuration.server.host):\(configuration.server.port)"
            connectTo = curl_slist_append(nil, route)
            _ = curl_setopt_list(pointer, CURLOPT_CONNECT_TO, connectTo)
        }
    }

    /// Sets authorities and certificate, unless they are the ones set already.
    private func use(_ material: TLSMaterial) throws(KubernetesError) {
        guard material !== self.material else { return }
        self.material = nil
        // Debian's libcurl would trust the system's folder of authorities beside the cluster's own.
        if material.certificateAuthority != nil { _ = curl_setopt_string(pointer, CURLOPT_CAPATH, nil) }
        try set(CURLOPT_CAINFO_BLOB, material.certificateAuthority, "the certificate authority")
        try set(CURLOPT_SSLCERT_BLOB, material.clientCertificate, "the client certificate")
        try set(CURLOPT_SSLKEY_BLOB, material.clientKey, "the client key")
        self.material = material
    }

    private func set(_ option: CURLoption, _ value: Int) {
        _ = curl_setopt_long(pointer, option, value)
    }

    private func set(_ option: CURLoption, _ bytes: [UInt8]?, _ what: String) throws(KubernetesError) {
        // Without bytes, what an earlier transfer set is taken back.
        try check(curl_setopt_blob(pointer, option, bytes, bytes?.count ?? 0), what)
    }

    private func check(_ code: CURLcode, _ what: String) throws(KubernetesError) {
        guard code == CURLE_OK else {
            throw KubernetesError(
                .configuration, "libcurl refuses \(what): \(String(cString: curl_easy_strerror(code)))")
        }
    }
}

extension EasyHandle {
    // MARK: One transfer

    /// Makes the handle ready for a transfer; the driver then adds it to the multi handle.
    func prepare(_ transfer: Transfer) throws(KubernetesError) {
        let request = transfer.request
        self.transfer = transfer
        errorBuffer.pointee = 0
        try use(request.tls)
        headDeadline = request.headTimeout.map { .now + $0 }
        try check(curl_setopt_string(pointer, CURLOPT_URL, server.url + request.target), "the URL")
        // A paused stream of HTTP/2 holds up the others on its connection: streams get connections of their own.
        let wantsHTTP2 = offersHTTP2 && !transfer.isStreamed
        set(CURLOPT_HTTP_VERSION, Int(wantsHTTP2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1))
        // Many requests at once wait for the first connection and share it, if it speaks HTTP/2. Where it cannot, they
        // would wait for an answer on it first.
        set(CURLOPT_PIPEWAIT, wantsHTTP2 ? 1 : 0)
        set(CURLOPT_TIMEOUT_MS, request.deadline.map { max(($0 - .now).milliseconds, 1) } ?? 0)
        prepareBody(request)
        try check(curl_setopt_string(pointer, CURLOPT_CUSTOMREQUEST, request.method), "the method")
        curl_slist_free_all(headerList)
        headerList = nil
        for line in request.headers { headerList = curl_slist_append(headerList, line) }
        // libcurl would wait for leave before it sends a large body; API servers give none.
        if request.body != nil { headerList = curl_slist_append(headerList, "Expect:") }
        _ = curl_setopt_list(pointer, CURLOPT_HTTPHEADER, headerList)
    }

    private func prepareBody(_ request: HTTPRequest) {
        guard let body = request.body else {
            set(CURLOPT_HTTPGET, 1)
            return
        }
        set(CURLOPT_POST, 1)
        set(CURLOPT_POSTFIELDSIZE, body.count)
        if request.isReplayable {
            _ = body.withUnsafeBytes { bytes in
                curl_setopt_pointer(
                    pointer, CURLOPT_COPYPOSTFIELDS, UnsafeMutableRawPointer(mutating: bytes.baseAddress))
            }
        } else {
            // libcurl repeats a request by itself when a reused connection dies before the answer. It cannot where the
            // body comes from a callback that does not rewind, and that is what keeps a POST from being carried out twice.
            _ = curl_setopt_pointer(pointer, CURLOPT_POSTFIELDS, nil)
        }
    }

    /// Ends the transfer with libcurl's result and makes the handle ready for the pool.
    func finish(_ code: CURLcode) {
        let outcome: Transfer.Outcome
        if code == CURLE_OK {
            outcome = .success(HTTPResponse(head: HTTPHead(status: status, headerBytes: headerBytes), body: body))
        } else {
            outcome = .failure(
                abortReason
                    ?? CurlFailure.error(
                        code, detail: String(cString: errorBuffer), server: server,
                        isStreamed: transfer?.isStreamed == true))
        }
        finish(outcome)
    }

    func finish(_ outcome: Transfer.Outcome) {
        let transfer = transfer
        self.transfer = nil
        body = []
        headerBytes.removeAll(keepingCapacity: true)
        sentBytes = 0
        hasDeliveredHead = false
        (headDeadline, lastHeard) = (nil, nil)
        abortReason = nil
        transfer?.finish(outcome)
    }

    func resume() {
        lastHeard = .now
        curl_easy_pause(pointer, 0)
    }

    // MARK: Silence

    /// How long a stream may go on without a word, and from when on.
    private var silenceDeadline: ContinuousClock.Instant? {
        guard hasDeliveredHead, (200..<300).contains(status) else { return headDeadline }
        guard let lastHeard, let idle = transfer?.idleTimeout else { return nil }
        return lastHeard + idle
    }

    /// When to ask for `silenceError` at the latest.
    func nextSilenceCheck(_ now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        guard let transfer, transfer.isStreamed else { return nil }
        let deadline = silenceDeadline
        // The head may come at any time, and then the body's own limit counts.
        guard !hasDeliveredHead, let idle = transfer.idleTimeout else { return deadline }
        return min(deadline ?? now + idle, now + idle)
    }

    /// The error with which a stream ends that has been silent for too long.
    func silenceError(at now: ContinuousClock.Instant) -> KubernetesError? {
        guard let deadline = silenceDeadline, deadline <= now else { return nil }
        guard hasDeliveredHead, (200..<300).contains(status), let idle = transfer?.idleTimeout else {
            return KubernetesError(.timeout, "the server \(server.url) did not answer in time")
        }
        return KubernetesError(.timeout, "the server \(server.url) has sent nothing for \(idle)")
    }

    private var status: Int {
        var status = 0
        _ = curl_getinfo_long(pointer, CURLINFO_RESPONSE_CODE, &status)
        return status
    }

    // MARK: Callbacks

    private static func callback(
        _ bytes: UnsafeMutablePointer<CChar>?, _ count: Int, _ userData: UnsafeMutableRawPointer?,
        _ body: (EasyHandle, UnsafeMutableRawBufferPointer) -> Int
    ) -> Int {
        guard let userData else { return 0 }
        let handle = Unmanaged<EasyHandle>.fromOpaque(userData).takeUnretainedValue()
        return body(handle, UnsafeMutableRawBufferPointer(start: bytes, count: count))
    }

    private func received(_ bytes: UnsafeMutableRawBufferPointer) -> Int {
        guard let transfer else { return 0 }
        if transfer.isStreamed {
            guard transfer.deliver(UnsafeRawBufferPointer(bytes)) == .accepted else {
                // It is the reader's turn now.
                lastHeard = nil
                return Int(CURL_WRITEFUNC_PAUSE)
            }
            lastHeard = .now
            return bytes.count
        }
        guard body.count + bytes.count <= transfer.request.maximumBodyBytes else {
            abortReason = KubernetesError(
                .invalidResponse, "the server's answer is longer than \(transfer.request.maximumBodyBytes) bytes")
            return 0
        }
        body.append(contentsOf: bytes)
        return bytes.count
    }

    /// More than any server sends; the bound that keeps endless headers from filling the memory.
    private static let maximumHeaderBytes = 256 * 1024

    private func receivedHeader(_ bytes: UnsafeMutableRawBufferPointer) -> Int {
        // A new status line follows an interim answer (1xx); its headers are not the answer's.
        if bytes.starts(with: "HTTP/".utf8) { headerBytes.removeAll(keepingCapacity: true) }
        guard headerBytes.count + bytes.count <= Self.maximumHeaderBytes else {
            abortReason = KubernetesError(.invalidResponse, "the headers of the server's answer are too long")
            return 0
        }
        headerBytes.append(contentsOf: bytes)
        let isBlank = bytes.count <= 2 && bytes.allSatisfy { $0 == 0x0D || $0 == 0x0A }
        if isBlank, let transfer, transfer.isStreamed, !hasDeliveredHead, status >= 200 {
            hasDeliveredHead = true
            lastHeard = .now
            transfer.deliverHead(HTTPHead(status: status, headerBytes: headerBytes))
        }
        return bytes.count
    }

    private func send(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        guard let body = transfer?.request.body else { return 0 }
        let count = min(buffer.count, body.count - sentBytes)
        body.withUnsafeBytes {
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[sentBytes..<sentBytes + count]))
        }
        sentBytes += count
        return count
    }
}

extension Duration {
    /// Whole milliseconds, rounded down.
    var milliseconds: Int {
        let (seconds, attoseconds) = components
        return Int(clamping: seconds) * 1_000 + Int(attoseconds / 1_000_000_000_000_000)
    }
}
