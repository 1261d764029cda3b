import Foundation
import Glibc

/// A program that does its work in a moment, run to its end from code that cannot wait asynchronously.
///
/// Not by Foundation's `waitUntilExit`: that waits for the end of a socket which every process inherits that is started at the same
/// moment elsewhere, so for a server that lives as long as the tests do, it waits for ever. Here the kernel is asked for the child.
enum ShortProgram {
    struct Failed: Error {
        let command: [String]
        /// As waitpid(2) gives it; nil when it did not end in time.
        let status: Int32?
    }

    /// Runs `command`, whose first word is a path, and gives the status that it exits with.
    /// - Throws: ``Failed`` when it cannot be started, is ended by a signal, or takes more than two minutes.
    static func status(_ command: [String], in folder: URL? = nil) throws -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
        let command = (folder.map { ["/usr/bin/env", "--chdir=\($0.path)"] } ?? []) + command
        var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var child: pid_t = 0
        guard posix_spawn(&child, command[0], &actions, nil, &arguments, environ) == 0 else {
            throw Failed(command: command, status: nil)
        }
        var status: Int32 = 0
        let end = ContinuousClock.now + .seconds(120)
        while waitpid(child, &status, WNOHANG) == 0 {
            if ContinuousClock.now > end {
                kill(child, SIGKILL)
                waitpid(child, &status, 0)
                throw Failed(command: command, status: nil)
            }
            usleep(2000)
        }
        guard status & 0x7F == 0 else { throw Failed(command: command, status: status) }
        return status >> 8 & 0xFF
    }

    /// Runs `command`, which must exit with 0.
    static func run(_ command: [String], in folder: URL? = nil) throws {
        let status = try status(command, in: folder)
        guard status == 0 else { throw Failed(command: command, status: status) }
    }
}
