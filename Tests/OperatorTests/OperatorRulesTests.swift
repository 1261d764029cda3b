import Foundation
import K8sClient
import Testing

/// The operator's own alerts, against Prometheus' own tool.
@Suite struct OperatorRulesTests {
    private static let promtool = ["/usr/bin/promtool", "/usr/local/bin/promtool"].first(
        where: FileManager.default.isExecutableFile(atPath:))
    private static let manifest = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "charts-free-manifests/monitoring/operator.yaml")

    private static let errors = "controller_runtime_reconcile_errors_total{controller=\"chatbackend\"}"

    /// Series that fire an alert, and those that do not.
    private static let cases: [(alert: String, series: String, fires: String, rests: String)] = [
        (
            "ChatBackendOperatorNotLeading", "leader_election_master_status{name=\"chatbackend-operator\"}", "0x60",
            "1x60"
        ),
        ("ChatBackendOperatorReconcileErrors", errors, "0+2x60", "0x60"),
        ("ChatBackendOperatorQueueGrowing", "workqueue_depth{name=\"chatbackend\"}", "20x60", "20 0 20 0x57"),
        ("ChatBackendStalled", "chatbackend_resources{condition=\"stalled\"}", "1x60", "0x60"),
    ]

    /// Lets promtool check a PrometheusRule's specification, where it is installed.
    static func check(rules: JSONValue) throws {
        guard let promtool else { return }
        let file = FileManager.default.temporaryDirectory.appending(path: "rules-\(UUID().uuidString).yaml")
        try Data(YAML.serialize(rules).utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let process = try Process.run(URL(filePath: promtool), arguments: ["check", "rules", file.path])
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
    }

    @Test(
        "each alert of the operator fires on what it is for and rests otherwise",
        .enabled(if: promtool != nil, "promtool (Debian's prometheus) is not installed"))
    func alerts() throws {
        let text = try String(contentsOf: Self.manifest, encoding: .utf8)
        let rule = try #require(try YAML.parse(text).map(\.value).first { $0["kind"] == "PrometheusRule" })
        let names = (rule["spec", "groups"]?.array ?? []).flatMap { $0["rules"]?.array ?? [] }
            .compactMap { $0["alert"]?.string }
        #expect(Set(names) == Set(Self.cases.map(\.alert)))

        let folder = FileManager.default.temporaryDirectory.appending(path: "rules-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data(YAML.serialize(rule["spec"] ?? [:]).utf8).write(to: folder.appending(path: "rules.yaml"))
        var tests: [JSONValue] = []
        for test in Self.cases {
            for (values, count) in [(test.fires, 1), (test.rests, 0)] {
                tests.append([
                    "interval": "1m", "input_series": [["series": .string(test.series), "values": .string(values)]],
                    "promql_expr_test": [
                        [
                            "expr": .string(
                                "count(ALERTS{alertname=\"\(test.alert)\",alertstate=\"firing\"}) or vector(0)"),
                            "eval_time": "50m", "exp_samples": [["labels": "{}", "value": .integer(Int64(count))]],
                        ]
                    ],
                ])
            }
        }
        let suite: JSONValue = ["rule_files": ["rules.yaml"], "tests": .array(tests)]
        try Data(YAML.serialize(suite).utf8).write(to: folder.appending(path: "tests.yaml"))

        for arguments in [["check", "rules", "rules.yaml"], ["test", "rules", "tests.yaml"]] {
            let process = Process()
            process.executableURL = URL(filePath: try #require(Self.promtool))
            process.arguments = arguments
            process.currentDirectoryURL = folder
            let output = Pipe()
            process.standardOutput = output
            process.standardError = output
            try process.run()
            let said = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
            process.waitUntilExit()
            #expect(process.terminationStatus == 0, "promtool \(arguments.joined(separator: " ")): \(said)")
        }
    }
}
