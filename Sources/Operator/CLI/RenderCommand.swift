import ArgumentParser
import FoundationEssentials
import K8sClient

struct RenderCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "render",
        abstract: "Print the objects that ChatBackends become, without a cluster.",
        discussion: """
            The output is what the operator applies, less what only a cluster gives: owner references and generated \
            secret values. Status 65 when the file is not valid, 66 when it cannot be read.
            """)

    @Option(name: .shortAndLong, help: "The file with the ChatBackends; - reads standard input.")
    var file: String

    @Option(help: "The namespace that the operator runs in, which no ChatBackend may claim.")
    var operatorNamespace = OperatorSettings.defaultNamespace

    func run() throws {
        do {
            let backends = try ChatBackend.read(try text(), origin: origin)
            for backend in backends {
                if let refusal = Admission.check(backend, operatorNamespace: operatorNamespace) {
                    throw FileError(description: "\(origin): \(refusal.message)")
                }
            }
            print(Self.output(backends), terminator: "")
        } catch let error as FileError {
            TerminalError.print(error.description)
            throw ExitCode(65)
        }
    }

    static func output(_ backends: [ChatBackend]) -> String {
        // As in a cluster that has the kinds of other projects.
        let facts = ObservedFacts(servedKinds: Set(OwnedKinds.optional))
        return backends.flatMap { DesiredState.manifests(for: $0, facts) }.map { manifest in
            let note =
                manifest.generatedKeys.map { "# The operator makes \($0) once, from 32 random bytes.\n" }
                .joined()
                + manifest.composedKeys.map { "# The operator makes \($0.key) of \($0.passwordKey).\n" }.joined()
            return note + YAML.serialize(manifest.object)
        }.joined(separator: "---\n")
    }

    private func text() throws -> String {
        let isStandardInput = file == "-"
        let bytes =
            isStandardInput ? StandardInput.readToEnd() : (try? Data(contentsOf: URL(filePath: file))).map { Array($0) }
        guard let bytes else {
            TerminalError.print("\(origin): the file cannot be read; check that it exists and that you may read it")
            throw ExitCode(66)
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw FileError(description: "\(origin): the file is not UTF-8 text; save it as UTF-8")
        }
        return text
    }

    private var origin: String { file == "-" ? "standard input" : file }
}
