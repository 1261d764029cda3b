import FoundationEssentials
import Glibc
import K8sClient

/// What stands for container images on this machine: an image reference names a local program.
///
/// The file that it is read from:
///
///     images:
///       - image: registry.example/chatgpt-backend   # with any tag; with a tag or digest: only that one
///         entrypoint: [.build/debug/chatgpt-backend]  # as an image's ENTRYPOINT; relative to the file
///         args: [serve]                              # as an image's CMD
///         env: {HOST: $(POD_IP)}                     # set whatever the pod says: pods share the machine's network
///         workingDir: /tmp
///         user: 65532                                # and userName, for programs that look it up
///         volumes: [/data]                           # as an image's VOLUMEs: directories of the container's own
///         stopSignal: SIGINT                         # as an image's STOPSIGNAL
struct ImageMap: Sendable, Hashable {
    /// One image: what it runs and how.
    struct Image: Sendable, Hashable {
        var entrypoint: [String]
        var args: [String] = []
        var env: [String: String] = [:]
        var workingDir: String?
        var user: Int?
        var userName: String?
        var volumes: [String] = []
        var stopSignal = SIGTERM

        /// Files of the machine that the container has to see: those that the entrypoint names, and what lies beside it.
        var files: [String] {
            let scripts = entrypoint.dropFirst().filter { $0.hasPrefix("/") }
            let parts = entrypoint[0].split(separator: "/").dropLast()
            let isPath = entrypoint[0].hasPrefix("/") && parts.count > 1
            return scripts + (isPath ? ["/" + parts.joined(separator: "/")] : [])
        }
    }

    /// Why a file is not an image map.
    struct FormatError: Error, CustomStringConvertible {
        let description: String
    }

    private var images: [String: Image] = [:]
    /// Why an image that this cluster has without a map cannot be run, by repository.
    private var unavailable: [String: String] = [:]

    init() {}

    /// Adds images that are there unless the map says otherwise.
    mutating func merge(_ builtIn: BuiltInImages) {
        images.merge(builtIn.images) { own, _ in own }
        unavailable = builtIn.unavailable
    }

    /// Why there is no image for a reference.
    func problem(with reference: String) -> String {
        unavailable[Self.repository(of: Self.normalised(reference))]
            ?? "the image map of this development cluster has no entry for \"\(reference)\""
    }

    /// - Parameters:
    ///   - text: the file's YAML.
    ///   - directory: what relative paths begin at.
    init(yaml text: String, directory: String) throws {
        for document in try YAML.parse(text) {
            guard let members = document.value.object else {
                throw FormatError(description: "line \(document.line): expected a mapping with the key images")
            }
            if let unknown = members.keys.sorted().first(where: { $0 != "images" }) {
                throw FormatError(description: "unknown key \(unknown); the only one is images")
            }
            for (index, entry) in document.value.items("images").enumerated() {
                let (reference, image) = try Self.image(entry, at: "images[\(index)]", directory: directory)
                images[reference] = image
            }
        }
    }

    /// Reads a file.
    static func load(path: String) throws -> ImageMap {
        let data = try Data(contentsOf: URL(filePath: path))
        let directory = URL(filePath: path).absoluteURL.deletingLastPathComponent().path()
        do {
            return try ImageMap(yaml: String(decoding: data, as: UTF8.self), directory: directory)
        } catch {
            throw FormatError(description: "\(path): \(error)")
        }
    }

    /// Adds an image, or replaces the one that has the reference.
    mutating func add(_ reference: String, _ image: Image) { images[Self.normalised(reference)] = image }

    /// The image that a reference names: by the whole reference, or else by its repository alone.
    func image(for reference: String) -> Image? {
        let full = Self.normalised(reference)
        return images[full] ?? images[Self.repository(of: full)]
    }

    private static func image(_ entry: JSONValue, at path: String, directory: String) throws -> (String, Image) {
        let known = [
            "image", "entrypoint", "args", "env", "workingDir", "user", "userName", "volumes", "stopSignal",
        ]
        for key in (entry.object ?? [:]).keys.sorted() where !known.contains(key) {
            throw FormatError(description: "\(path): unknown key \(key); known are \(known.joined(separator: ", "))")
        }
        func strings(_ key: String) throws -> [String]? {
            guard let value = entry[key] else { return nil }
            guard let items = value.array, let texts = items.map(\.string) as [String?]?, !texts.contains(nil) else {
                throw FormatError(description: "\(path).\(key): expected a list of strings")
            }
            return texts.compactMap { $0 }
        }
        guard let reference = entry["image"]?.string, !reference.isEmpty else {
            throw FormatError(description: "\(path).image: expected an image reference")
        }
        guard var entrypoint = try strings("entrypoint"), let program = entrypoint.first, !program.isEmpty else {
            throw FormatError(description: "\(path).entrypoint: expected the program and its first arguments")
        }
        if program.contains("/"), !program.hasPrefix("/") {
            entrypoint[0] = (directory.hasSuffix("/") ? directory : directory + "/") + program
        }
        var image = Image(entrypoint: entrypoint)
        image.args = try strings("args") ?? []
        if let env = entry["env"] {
            guard let members = env.object, members.values.allSatisfy({ $0.string != nil }) else {
                throw FormatError(description: "\(path).env: expected strings by name")
            }
            image.env = env.strings
        }
        if let value = entry["workingDir"] {
            guard let directory = value.string, directory.hasPrefix("/") else {
                throw FormatError(description: "\(path).workingDir: expected an absolute path")
            }
            image.workingDir = directory
        }
        if let value = entry["user"] {
            guard let user = value.int, user >= 0 else {
                throw FormatError(description: "\(path).user: expected a user number")
            }
            image.user = user
        }
        if let value = entry["userName"] {
            guard let name = value.string, Names.isLabel(name) else {
                throw FormatError(description: "\(path).userName: expected a user's name")
            }
            image.userName = name
        }
        image.volumes = try strings("volumes") ?? []
        if image.volumes.contains(where: { !$0.hasPrefix("/") || $0 == "/" }) {
            throw FormatError(description: "\(path).volumes: expected absolute paths")
        }
        if let value = entry["stopSignal"] {
            guard let signal = value.string.flatMap(signal) else {
                throw FormatError(
                    description: "\(path).stopSignal: expected one of \(signals.keys.sorted().joined(separator: ", "))")
            }
            image.stopSignal = signal
        }
        return (normalised(reference), image)
    }

    private static let signals = [
        "SIGHUP": SIGHUP, "SIGINT": SIGINT, "SIGQUIT": SIGQUIT, "SIGTERM": SIGTERM, "SIGUSR1": SIGUSR1,
        "SIGUSR2": SIGUSR2, "SIGWINCH": SIGWINCH, "SIGKILL": SIGKILL,
    ]

    /// A signal by its name.
    static func signal(_ name: String) -> CInt? { signals[name] }

    /// The reference as registries see it: Docker Hub's default parts left out.
    private static func normalised(_ reference: String) -> String {
        for prefix in ["docker.io/library/", "docker.io/"] where reference.hasPrefix(prefix) {
            return String(reference.dropFirst(prefix.count))
        }
        return reference
    }

    private static func repository(of reference: String) -> String {
        let name = reference.split(separator: "@", maxSplits: 1)[0]
        // A colon after the last slash begins the tag; before it, a registry's port.
        guard let colon = name.lastIndex(of: ":"), !name[colon...].contains("/") else { return String(name) }
        return String(name[..<colon])
    }
}
