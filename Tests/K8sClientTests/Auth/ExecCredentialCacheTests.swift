@testable import K8sClient
import Testing

@Suite("When a credential plug-in is run")
struct ExecCredentialCacheTests {
    private func at(_ seconds: Int64) -> Timestamp { Timestamp(microseconds: (1_000_000 + seconds) * 1_000_000) }

    private let token = ExecCredential(token: "t")

    @Test("The first request starts a run, the next ones wait for it, all later ones use what it gave")
    func once() {
        var cache = ExecCredentialCache()
        #expect(cache.request(at: at(0)) == .wait(start: true))
        #expect(cache.request(at: at(0)) == .wait(start: false))
        cache.finished(.success(token), at: at(1))
        #expect(cache.request(at: at(1_000_000)) == .use(token, refresh: false))
    }

    @Test("A credential is renewed a minute before its end, while it is still used; after its end it is waited for")
    func ahead() {
        let token = ExecCredential(token: "t", expiry: at(3600))
        var cache = ExecCredentialCache()
        _ = cache.request(at: at(0))
        cache.finished(.success(token), at: at(0))
        #expect(cache.request(at: at(3539)) == .use(token, refresh: false))
        #expect(cache.request(at: at(3540)) == .use(token, refresh: true))
        #expect(cache.request(at: at(3541)) == .use(token, refresh: false))
        cache.finished(.failure(KubernetesError(.credentials, "away")), at: at(3550))
        #expect(cache.request(at: at(3550)) == .use(token, refresh: false), "not at once again")
        #expect(cache.request(at: at(3552)) == .use(token, refresh: true))
        #expect(cache.request(at: at(3600)) == .wait(start: false))
    }

    @Test("One that lasts only for seconds is renewed in the last fifth of them")
    func brief() {
        let token = ExecCredential(token: "t", expiry: at(10))
        var cache = ExecCredentialCache()
        _ = cache.request(at: at(0))
        cache.finished(.success(token), at: at(0))
        #expect(cache.request(at: at(7)) == .use(token, refresh: false))
        #expect(cache.request(at: at(8)) == .use(token, refresh: true))
    }

    @Test("A failure stands for a second, then the next request tries again")
    func failing() {
        let error = KubernetesError(.credentials, "away")
        var cache = ExecCredentialCache()
        _ = cache.request(at: at(0))
        cache.finished(.failure(error), at: at(5))
        #expect(cache.request(at: at(5)) == .fail(error))
        #expect(cache.request(at: at(6)) == .wait(start: true))
    }

    @Test("A refused credential is thrown away once, unless it is new")
    func refused() {
        var cache = ExecCredentialCache()
        _ = cache.request(at: at(0))
        cache.finished(.success(token), at: at(0))
        let early = cache.rejected(token, at: at(9))
        #expect(!early)
        let late = cache.rejected(token, at: at(10))
        #expect(late)
        #expect(cache.request(at: at(10)) == .wait(start: true))
        cache.finished(.success(ExecCredential(token: "u")), at: at(11))
        let other = cache.rejected(token, at: at(11))
        #expect(other, "another request's refusal has brought a new one")
        #expect(cache.request(at: at(11)) == .use(ExecCredential(token: "u"), refresh: false))
    }

    @Test(
        "Times of RFC 3339 are read with fractions and offsets",
        arguments: [
            ("2026-01-31T12:00:00Z", "2026-01-31T12:00:00.000000Z"),
            ("2026-01-31t12:00:00.5z", "2026-01-31T12:00:00.500000Z"),
            ("2026-01-31T12:00:00.123456789+02:00", "2026-01-31T10:00:00.123456Z"),
            ("2024-02-29T23:30:00-01:30", "2024-03-01T01:00:00.000000Z"),
        ])
    func times(text: String, meaning: String) {
        #expect(Timestamp(rfc3339: text)?.micro == meaning)
    }

    @Test(
        "What is no time is none",
        arguments: [
            "", "soon", "2026-01-31", "2026-01-31T12:00:00", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z",
            "2026-01-31T25:00:00Z", "2026-01-31T12:00:00.Z", "2026-01-31T12:00:00Zx", "2026-01-31T12:00:00+2:00",
        ])
    func noTimes(text: String) {
        #expect(Timestamp(rfc3339: text) == nil)
    }
}
