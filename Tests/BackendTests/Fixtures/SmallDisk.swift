import Foundation
import Testing

@testable import Backend

/// A file system of a process's own that is soon full, for tests of what happens then.
///
/// It lives in the process's own mount namespace, so it goes with the process, however that ends.
enum SmallDisk {
    /// Making one takes the right to mount, which root outside of most containers has.
    static let isAvailable: Bool = {
        let command = ["/usr/bin/unshare", "-m", "mount", "-t", "tmpfs", "none", "/tmp"]
        return (try? ShortProgram.status(command)) == 0
    }()

    static let reason: Comment = "mounting a small file system takes rights that are not there"

    /// For ``BackendProcess``: mounts a disk of `size` on `folder`, then becomes the program.
    static func wrapper(_ folder: String, size: String) -> [String] {
        script(folder, size, #"exec "$@""#)
    }

    /// As ``wrapper(_:size:)``; when the program has ended, the names of what is on the disk are printed.
    static func listingWrapper(_ folder: String, size: String) -> [String] {
        script(folder, size, #""$@"; status=$?; ls -A "$folder"; exit $status"#)
    }

    private static func script(_ folder: String, _ size: String, _ rest: String) -> [String] {
        let mount = #"folder=$0; mount -t tmpfs -o size=\#(size) none "$folder" || exit 99; "#
        return ["/usr/bin/unshare", "-m", "bash", "-c", mount + rest, folder]
    }
}
