/// A directory or file of the machine to show in a container.
struct Mount: Hashable, Sendable {
    var source: String
    var target: String
    var isReadOnly: Bool
}

/// The arguments of bubblewrap that build a container's root: the machine's files read-only, but for what the pod has
/// of its own. Pure, given what is there.
///
/// A mount point that the machine does not have cannot be made in a read-only tree: the directory above it is then
/// rebuilt from its entries.
struct RootPlan {
    private(set) var arguments: [String] = []
    private var sealed: [String] = []
    private let host: any HostFiles

    /// Never shown as they are on the machine.
    private static let own: Set<String> = ["/proc", "/dev", "/tmp", "/run"]

    /// A container's `/dev`: as bubblewrap's own, but without pseudo-terminals. To mount those, an unprivileged bubblewrap
    /// has to be root in one user namespace and to put the program into another within it, where nothing that is to
    /// run in the container later (a probe's command) could follow.
    private static let devices: [String] =
        ["--tmpfs", "/dev"]
        + ["null", "zero", "full", "random", "urandom", "tty"].flatMap {
            ["--dev-bind-try", "/dev/\($0)", "/dev/\($0)"]
        }
        + [("fd", ""), ("stdin", "/0"), ("stdout", "/1"), ("stderr", "/2")].flatMap {
            ["--symlink", "/proc/self/fd\($1)", "/dev/\($0)"]
        } + ["--tmpfs", "/dev/shm"]

    /// - Parameters:
    ///   - mounts: the pod's volumes and files.
    ///   - temporary: the directory that is to be `/tmp`.
    ///   - visible: files of the machine that have to be there though they lie under a directory of the pod's own.
    init(mounts: [Mount], temporary: Mount, visible: [String], host: any HostFiles) {
        self.host = host
        for name in host.children("/").sorted() {
            let path = "/" + name
            if !Self.own.contains(path) { show(path) }
        }
        arguments += ["--proc", "/proc"] + Self.devices + ["--dir", "/run"]
        var tmp = temporary
        tmp.target = "/tmp"
        var all = mounts.map { mount in
            var mount = mount
            mount.target = resolve(mount.target)
            return mount
        }
        if !all.contains(where: { $0.target == "/tmp" }) { all.append(tmp) }
        for path in visible {
            // Where the path leads is of no matter if it is itself under such a directory: it is made there as it is.
            let target = isOwn(path) ? path : resolve(path)
            if isOwn(target) { all.append(Mount(source: path, target: target, isReadOnly: true)) }
        }
        // Outer mounts first: an inner one would be hidden by them.
        all.sort { ($0.target.count, $0.target) < ($1.target.count, $1.target) }
        for directory in rebuilt(for: all.map(\.target)) {
            arguments += ["--tmpfs", directory]
            for name in host.children(directory).sorted() { show(directory + "/" + name) }
            sealed.append(directory)
        }
        for mount in all {
            // A /tmp to read from is sealed when all within it is in place: its mount points have to be made first.
            let isSealedLater = mount.isReadOnly && mount.source == temporary.source
            if isSealedLater { sealed.append(mount.target) }
            arguments += [
                mount.isReadOnly && !isSealedLater ? "--ro-bind" : "--bind", mount.source, mount.target,
            ]
        }
        for path in sealed.reversed() { arguments += ["--remount-ro", path] }
        arguments += ["--remount-ro", "/"]
    }

    private func isOwn(_ path: String) -> Bool { Self.own.contains { path.hasPrefix($0 + "/") } }

    private mutating func show(_ path: String) {
        switch host.kind(path) {
        case .symlink(let target): arguments += ["--symlink", target, path]
        case .directory, .file: arguments += ["--ro-bind", path, path]
        case nil: break  // went away meanwhile, or is a socket
        }
    }

    /// The machine's directories that lack a mount point, outer ones first.
    private func rebuilt(for targets: [String]) -> [String] {
        var directories: Set<String> = []
        for (index, target) in targets.enumerated() {
            func isUnder(_ directory: String) -> Bool { target == directory || target.hasPrefix(directory + "/") }
            if Self.own.contains(where: isUnder) || targets[..<index].contains(where: isUnder) { continue }
            if host.kind(target) != nil { continue }
            var ancestor = target
            repeat { ancestor = Self.parent(ancestor) } while ancestor != "/" && host.kind(ancestor) != .directory
            if ancestor != "/" { directories.insert(ancestor) }
        }
        return directories.sorted { ($0.count, $0) < ($1.count, $1) }
    }

    /// The path with the machine's symbolic links followed (`/var/run` is `/run`): bubblewrap would follow them out of
    /// the root that it builds.
    private func resolve(_ path: String) -> String {
        var done = ""
        var rest = path.split(separator: "/").map(String.init)[...]
        var links = 0
        while let part = rest.popFirst() {
            if part == "." { continue }
            if part == ".." {
                done = Self.parent(done.isEmpty ? "/" : done)
                if done == "/" { done = "" }
                continue
            }
            let next = done + "/" + part
            if case .symlink(let target)? = host.kind(next), links < 40 {
                links += 1
                if target.hasPrefix("/") { done = "" }
                rest = target.split(separator: "/").map(String.init)[...] + rest
            } else {
                done = next
            }
        }
        return done.isEmpty ? "/" : done
    }

    private static func parent(_ path: String) -> String {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
        return String(path[..<slash])
    }
}
