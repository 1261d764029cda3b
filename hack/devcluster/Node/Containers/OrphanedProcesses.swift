import CLinux
import Glibc
import ServiceLifecycle

/// Processes that outlived what started them.
///
/// A bubblewrap that is killed in its first moments can leave its child behind, which has not yet asked to die with it; a
/// probe's command that takes too long is left behind by the nsenter that is ended in its stead. As the subreaper of all
/// that it starts, this process inherits such children: it has to wait for them, because a container's process 1 cannot
/// end while one that was in the container has not been waited for, and it ends them before it ends itself.
struct OrphanedProcesses: Service {
    /// Makes this process inherit orphaned descendants (prctl(2), PR_SET_CHILD_SUBREAPER).
    static func adopt() {
        _ = linux_become_subreaper()
    }

    /// Ends orphans and waits for them, until shutdown.
    func run() async throws {
        await cancelWhenGracefulShutdown {
            // The only end of this sleep besides its time is the shutdown's cancellation.
            while (try? await Task.sleep(for: .seconds(1))) != nil { Self.reap() }
        }
    }

    /// Kills whatever child is left. To be called when everything that was started has been waited for.
    static func end() {
        // Nobody waits here for one child before the others: it may be waiting for them itself. What has not ended two
        // seconds after SIGKILL hangs in the kernel, and is the system's to wait for.
        for _ in 0..<200 {
            let children = children()
            if children.isEmpty { return }
            for child in children {
                _ = kill(child, SIGKILL)
                _ = waitpid(child, nil, WNOHANG)
            }
            usleep(10_000)
        }
    }

    /// Ends children that came from a container, and waits for them: commands whose time was over, and what is left of a
    /// container that has ended. What this process started itself is not in a process namespace below its own.
    private static func reap() {
        let own = namespaces(of: getpid())
        for child in children() where namespaces(of: child) > own {
            _ = kill(child, SIGKILL)
            _ = waitpid(child, nil, WNOHANG)
        }
    }

    /// In how many process namespaces, each within the one before, a process has a number.
    private static func namespaces(of process: pid_t) -> Int {
        field("NSpid:", of: process)?.split(whereSeparator: \.isWhitespace).count ?? 0
    }

    private static func field(_ name: String, of process: pid_t) -> Substring? {
        guard let file = fopen("/proc/\(process)/status", "r") else { return nil }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 512)
        while fgets(&line, CInt(line.count), file) != nil {
            let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            if text.hasPrefix(name) { return text.dropFirst(name.count) }
        }
        return nil
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
