import FoundationEssentials
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
///         user: 65532
struct ImageMap: Sendable, Hashable {
    /// One image: what it runs and how.
    struct Image: Sendable, Hashable {
        var entrypoint: [String]
        var args: [String] = []
        var env: [String: String] = [:]
        var workingDir: String?
        var user: Int?
    }

    /// Why a file is not an image map.
    struct FormatError: Error, CustomStringConvertible {
        let description: String
    }

    private var images: [String: Image] = [:]

    init() {}

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
        let known = ["image", "entrypoint", "args", "env", "workingDir", "user"]
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
        return (normalised(reference), image)
    }

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
