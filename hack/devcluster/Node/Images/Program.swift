/// The program and arguments that a container runs, from its image and what the pod says over it; pure.
struct Program: Hashable, Sendable {
    var executable: String
    var arguments: [String]

    /// - Parameters:
    ///   - command: the container's `command`: it replaces the entrypoint and, unless `args` are given too, the
    ///     image's arguments.
    ///   - args: the container's `args`.
    ///   - environment: what `$(NAME)` in `command` and `args` stands for.
    init(image: ImageMap.Image, command: [String], args: [String], environment: [String: String]) {
        let command = command.map { VariableExpansion.expand($0, environment) }
        let args = args.map { VariableExpansion.expand($0, environment) }
        var whole: [String]
        if command.isEmpty {
            whole = image.entrypoint + (args.isEmpty ? image.args : args)
        } else {
            whole = command + args
            // In the image the program has a path of its own; here it is the mapped one, known by its name.
            let mapped = image.entrypoint[0]
            if Self.baseName(whole[0]) == Self.baseName(mapped) { whole[0] = mapped }
        }
        executable = whole[0]
        arguments = Array(whole.dropFirst())
    }

    private static func baseName(_ path: String) -> Substring {
        path.split(separator: "/").last ?? ""
    }
}

/// `$(NAME)` in commands, arguments and variables, as Kubernetes expands it.
enum VariableExpansion {
    /// Replaces `$(NAME)` of known variables; an unknown one stays as it is, and `$$(NAME)` becomes `$(NAME)`.
    static func expand(_ text: String, _ variables: [String: String]) -> String {
        guard text.contains("$") else { return text }
        var result = ""
        var rest = text[...]
        while let dollar = rest.firstIndex(of: "$") {
            result += rest[..<dollar]
            let next = rest.index(after: dollar)
            guard next < rest.endIndex else {
                result += "$"
                return result
            }
            if rest[next] == "$" {
                result += "$"
                rest = rest[rest.index(after: next)...]
            } else if rest[next] == "(", let end = rest[next...].firstIndex(of: ")") {
                let name = String(rest[rest.index(after: next)..<end])
                result += variables[name] ?? "$(\(name))"
                rest = rest[rest.index(after: end)...]
            } else {
                result += "$"
                rest = rest[next...]
            }
        }
        return result + rest
    }
}
