import Logging
import Observability
import Testing

@testable import Backend

@Suite("Settings", .timeLimit(.minutes(10)))
struct SettingsTests {
    static let goodKey = "4f1c9b7a63d2e8055b6c7d8e9fa0b1c2"

    /// What is wrong with `variables`.
    private func problems(
        _ variables: [String: String], _ flags: Settings.Flags = Settings.Flags()
    ) -> [ConfigurationError.Problem] {
        do {
            _ = try Settings(variables: variables, flags: flags)
            return []
        } catch {
            return error.problems
        }
    }

    @Test("Without any variable the service is a development one on SQLite, open on port 8000")
    func defaults() throws {
        let settings = try Settings(variables: [:])
        #expect(settings.environment == .development)
        #expect(settings.host == "0.0.0.0")
        #expect(settings.port == 8000)
        #expect(settings.database == .sqlite(path: "./app.db"))
        #expect(settings.upstream.source == .echo)
        #expect(settings.allowedHosts == .all)
        #expect(settings.corsOrigins == .listed([]))
        #expect(settings.logFormat == .json)
        #expect(settings.logLevel == .info)
        #expect(settings.mail == nil)
        #expect(settings.isSecretKeyTemporary)
        #expect(settings.drainDelay == .zero)
        #expect(try Settings(variables: [:]).secretKey != settings.secretKey)
    }

    @Test("The guide's production variables are understood, once the key is a real one")
    func guide() throws {
        let settings = try Settings(variables: [
            "ENVIRONMENT": "production", "SECRET_KEY": Self.goodKey, "DEBUG": "false",
            "DATABASE_URL": "postgresql://username:password@db:5432/chatgpt_backend",
            "REDIS_URL": "redis://redis:6379/0", "OPENAI_API_KEY": "your_production_openai_api_key",
            "OPENAI_BASE_URL": "https://api.openai.com/v1",
            "CORS_ORIGINS": "https://yourdomain.com,https://www.yourdomain.com",
            "ALLOWED_HOSTS": "yourdomain.com,www.yourdomain.com", "LOG_LEVEL": "INFO", "LOG_FORMAT": "json",
            "SMTP_HOST": "smtp.gmail.com", "SMTP_PORT": "587", "SMTP_USERNAME": "your_email@gmail.com",
            "SMTP_PASSWORD": "your_app_password", "SMTP_FROM_EMAIL": "noreply@yourdomain.com",
        ])
        #expect(settings.environment == .production)
        #expect(!settings.isDebug)
        #expect("\(settings.database)" == "postgresql://username:***@db:5432/chatgpt_backend")
        #expect(settings.redis?.host == "redis")
        #expect(settings.corsOrigins == .listed(["https://yourdomain.com", "https://www.yourdomain.com"]))
        #expect(settings.mail?.from.description == "noreply@yourdomain.com")
        #expect(settings.drainDelay == .seconds(5))
    }

    @Test(
        "A wrong value is named, with what it must be",
        arguments: [
            ("ENVIRONMENT", "prod"), ("DEBUG", "maybe"), ("HOST", "a b"), ("HOST", "http://x"), ("PORT", "70000"),
            ("PORT", "-1"), ("PORT", "eighty"), ("DATABASE_URL", "mysql://a/b"), ("DATABASE_URL", "postgresql://host"),
            ("DATABASE_URL", "postgresql:///db"), ("DATABASE_URL", "postgresql://u:p@ss@host/db"),
            ("DATABASE_URL", "postgresql://host:99999/db"), ("DATABASE_URL", "sqlite://app.db"),
            ("DATABASE_URL", "sqlite:///"),
            ("REDIS_URL", "http://redis"), ("REDIS_URL", "redis://"), ("REDIS_URL", "redis://redis/zero"),
            ("REDIS_URL", "redis://redis:0/1"), ("OPENAI_BASE_URL", "api.openai.com"),
            ("OPENAI_BASE_URL", "ftp://x/v1"),
            ("OPENAI_BASE_URL", "https://user:pw@x/v1"), ("OPENAI_BASE_URL", "https://x/v1?a=b"),
            ("OPENAI_API_KEY", "two words"), ("OPENAI_API_KEY", "schlüssel"), ("CORS_ORIGINS", "example.com"),
            ("CORS_ORIGINS", "https://a/"), ("CORS_ORIGINS", "https://a,*"), ("ALLOWED_HOSTS", "https://a"),
            ("ALLOWED_HOSTS", "a:8000"), ("ALLOWED_HOSTS", "a,b c"), ("LOG_LEVEL", "loud"), ("LOG_FORMAT", "xml"),
            ("SMTP_PORT", "0"), ("DRAIN_DELAY", "-1"), ("DRAIN_DELAY", "301"), ("DRAIN_DELAY", "nan"),
        ])
    func wrongValues(name: String, value: String) throws {
        let problem = try #require(problems([name: value]).first)
        #expect(problem.name == name)
        #expect(problem.description.hasPrefix("\(name) must "))
    }

    @Test(
        "Mail settings must be complete",
        arguments: [
            (["SMTP_HOST": "mail"], "SMTP_FROM_EMAIL"), (["SMTP_FROM_EMAIL": "a@b"], "SMTP_HOST"),
            (["SMTP_HOST": "mail", "SMTP_FROM_EMAIL": "a@b", "SMTP_USERNAME": "u"], "SMTP_PASSWORD"),
            (["SMTP_HOST": "mail", "SMTP_FROM_EMAIL": "a@b", "SMTP_PASSWORD": "p"], "SMTP_USERNAME"),
            (["SMTP_HOST": "mail", "SMTP_FROM_EMAIL": "not an address"], "SMTP_FROM_EMAIL"),
            (["SMTP_HOST": "ma il", "SMTP_FROM_EMAIL": "a@b"], "SMTP_HOST"),
        ])
    func mail(variables: [String: String], name: String) {
        #expect(problems(variables).map(\.name) == [name])
    }

    @Test("All wrong values are reported at once")
    func allAtOnce() {
        let names = problems([
            "ENVIRONMENT": "production", "PORT": "x", "LOG_LEVEL": "x", "DATABASE_URL": "x", "DEBUG": "true",
        ]).map(\.name)
        #expect(Set(names) == ["SECRET_KEY", "PORT", "LOG_LEVEL", "DATABASE_URL", "DEBUG"])
        #expect(names.count == 5)
    }

    @Test(
        "Outside development a missing, short, regular or placeholder key is refused",
        arguments: [
            nil, "", "   ", "short", "your-super-secure-secret-key-for-production",
            "CHANGEME-changeme-changeme-changeme",
            String(repeating: "a", count: 64), String(repeating: "ab", count: 20), String(goodKey.dropLast()),
        ])
    func refusedKeys(key: String?) {
        for environment in ["production", "staging"] {
            var variables = ["ENVIRONMENT": environment]
            variables["SECRET_KEY"] = key
            let problems = problems(variables)
            #expect(problems.map(\.name) == ["SECRET_KEY"])
            if let key, key.trimmed.count > 3 { #expect(!problems.map(\.description).joined().contains(key)) }
        }
    }

    @Test("Good keys are taken")
    func goodKeys() throws {
        for key in [Self.goodKey, "q7Jd0m1v3r6yQ8u2sXzLkWn5cTbAeHfG+/9iPoRt4Y=", Secret.random().value] {
            #expect(problems(["ENVIRONMENT": "production", "SECRET_KEY": key]).isEmpty)
        }
    }

    @Test("A refused value is repeated, but never one that may hold a secret")
    func secretsInReports() {
        let shown = problems(["PORT": "70000\nforged"]).map(\.description)
        #expect(shown == ["PORT must be a number from 0 to 65535; it is \"70000\\u{a}forged\""])
        let hidden = problems([
            "DATABASE_URL": "mysql://u:hunter2@h/d", "REDIS_URL": "http://:hunter2@h", "OPENAI_API_KEY": "hunter2 x",
            "OPENAI_BASE_URL": "https://u:hunter2@h/v1", "ENVIRONMENT": "production", "SECRET_KEY": "hunter2",
        ])
        #expect(hidden.count == 5)
        #expect(!hidden.map(\.description).joined().contains("hunter2"))
    }

    @Test("No secret is in the summary that is logged, nor in a dump of the settings")
    func secretsInSummary() throws {
        let secrets = ["hunter2database", "hunter2redis", "hunter2openai", "hunter2smtp", Self.goodKey]
        let settings = try Settings(variables: [
            "SECRET_KEY": Self.goodKey, "DATABASE_URL": "postgres://u:hunter2database@h/d?password=hunter2database",
            "REDIS_URL": "rediss://:hunter2redis@h", "OPENAI_API_KEY": "hunter2openai", "SMTP_HOST": "h",
            "SMTP_USERNAME": "u", "SMTP_PASSWORD": "hunter2smtp", "SMTP_FROM_EMAIL": "a@b",
        ])
        var dumped = ""
        dump(settings, to: &dumped)
        for text in ["\(settings.summary)", "\(settings)", String(reflecting: settings), dumped] {
            for secret in secrets { #expect(!text.contains(secret)) }
        }
    }

    @Test("Flags win over variables")
    func flags() throws {
        let flags = Settings.Flags(host: "::1", port: 1, drainDelay: .seconds(2), logLevel: .error, logFormat: .text)
        let variables = ["HOST": "1.2.3.4", "PORT": "2", "DRAIN_DELAY": "3", "LOG_LEVEL": "info", "LOG_FORMAT": "json"]
        let settings = try Settings(variables: variables, flags: flags)
        #expect(settings.host == "::1")
        #expect(settings.port == 1)
        #expect(settings.drainDelay == .seconds(2))
        #expect(settings.logLevel == .error)
        #expect(settings.logFormat == .text)
    }

    @Test("--dev changes defaults only, and is refused in production")
    func development() throws {
        let settings = try Settings(variables: [:], flags: Settings.Flags(isDevelopment: true))
        #expect(settings.isDebug)
        #expect(settings.host == "127.0.0.1")
        #expect(settings.logFormat == .text)
        #expect(settings.logLevel == .debug)
        let set = try Settings(
            variables: ["HOST": "0.0.0.0", "DEBUG": "no", "LOG_FORMAT": "JSON"],
            flags: Settings.Flags(isDevelopment: true))
        #expect(set.host == "0.0.0.0")
        #expect(!set.isDebug)
        #expect(set.logFormat == .json)
        let variables = ["ENVIRONMENT": "production", "SECRET_KEY": Self.goodKey]
        #expect(problems(variables, Settings.Flags(isDevelopment: true)).map(\.name) == ["--dev"])
    }

    @Test(
        "Databases and caches are read in every form",
        arguments: [
            ("sqlite:////var/lib/app.db", "sqlite:////var/lib/app.db"), ("sqlite:///:memory:", "sqlite:///:memory:"),
            ("postgres://db/chat", "postgresql://db:5432/chat"),
            ("postgresql://u%40x:p%3Aw@[::1]:6000/chat?sslmode=require", "postgresql://u@x:***@::1:6000/chat"),
        ])
    func databases(text: String, shown: String) throws {
        #expect("\(try DatabaseURL(parsing: text))" == shown)
    }

    @Test("A Redis address carries TLS, user, password and database")
    func redis() throws {
        let url = try RedisURL(parsing: "rediss://chat:p%40ss@cache.example.com/3")
        #expect(url.usesTLS)
        #expect(url.port == 6379)
        #expect(url.password?.value == "p@ss")
        #expect(url.database == 3)
        #expect("\(url)" == "rediss://chat:***@cache.example.com:6379/3")
    }

    @Test(
        "Hosts are matched without case and port, and by suffix where asked",
        arguments: [
            ("example.com", "example.com", true), ("example.com", "EXAMPLE.com:8443", true),
            ("example.com", "www.example.com", false), ("*.example.com", "a.b.example.com", true),
            ("*.example.com", "example.com", false), ("*.example.com", "notexample.com", false),
            (".example.com", "example.com", true), (".example.com", "a.example.com", true), ("::1", "[::1]:8000", true),
            ("10.0.0.1", "10.0.0.1:80", true), ("example.com", "example.com:80:80", false), ("example.com", "", false),
            ("example.com", "example.com@evil.com", false), ("example.com", nil, false), ("*", nil, true),
            ("a, b ,", "b", true),
        ])
    func hosts(setting: String, authority: String?, isAllowed: Bool) throws {
        #expect(try AllowedHosts(parsing: setting).allows(authority) == isAllowed)
    }

    @Test("Origins are compared as browsers send them")
    func origins() throws {
        let origins = try CORSOrigins(parsing: "https://App.example.com:443, http://localhost:3000")
        #expect(origins.allowed("https://app.example.com") == "https://app.example.com")
        #expect(origins.allowed("http://localhost:3000") == "http://localhost:3000")
        #expect(origins.allowed("http://app.example.com") == nil)
        #expect(origins.allowed("null") == nil)
    }
}
