import CLinux
import Glibc

/// Processes that outlived what started them.
///
/// A bubblewrap that is killed in its first moments can leave its child behind, which has not yet asked to die with it.
/// As the subreaper of all that it starts, this process inherits such children and ends them before it ends itself.
enum OrphanedProcesses {
    /// Makes this process inherit orphaned descendants (prctl(2), PR_SET_CHILD_SUBREAPER).
    static func adopt() {
        _ = linux_become_subreaper()
    }

    /// Kills whatever child is left. To be called when everything that was started has been waited for.
    static func end() {
        // Each round ends the children of one generation; nobody nests sandboxes deeper than a few.
        for _ in 0..<8 {
            let children = children()
            if children.isEmpty { return }
            for child in children {
                _ = kill(child, SIGKILL)
                _ = waitpid(child, nil, 0)
            }
        }
    }

    private static func children() -> [pid_t] {
        guard let threads = opendir("/proc/self/task") else { return [] }
        defer { closedir(threads) }
        var found: [pid_t] = []
        while let entry = readdir(threads) {
            let thread = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard thread.allSatisfy(\.isNumber), let file = fopen("/proc/self/task/\(thread)/children", "r") else {
                continue
            }
            defer { fclose(file) }
            var child: pid_t = 0
            while withUnsafeMutablePointer(to: &child, { withVaList([$0]) { vfscanf(file, "%d", $0) } }) == 1 {
                found.append(child)
            }
        }
        return found
    }
}
