import ArgumentParser

#if canImport(Glibc)
    import Glibc
#endif

/// A user of the library as a process of its own: for what only a whole process shows, such as its memory, its descriptors and
/// its terminal.
@main
struct Probe: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "K8sClientProbe", subcommands: [GetProbe.self, WatchProbe.self, SoakProbe.self])

    /// Ends the process after five minutes, whatever it does: it must not outlive for long a test that has crashed.
    static func limitLife() {
        #if canImport(Glibc)
            alarm(300)
        #endif
    }
}
