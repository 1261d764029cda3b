import ServiceLifecycle

/// Ends watches whose time is over, sends bookmarks, and ends every watch at shutdown.
struct WatchTimer: Service {
    let store: ClusterStore

    func run() async throws {
        await withGracefulShutdownHandler {
            await cancelWhenGracefulShutdown {
                var ticks = 0
                while !Task.isCancelled {
                    // The only end of this sleep besides its time is the shutdown's cancellation.
                    guard (try? await Task.sleep(for: .milliseconds(500))) != nil else { return }
                    ticks += 1
                    store.endOverdueWatches()
                    if ticks % 60 == 0 { store.publishBookmarks() }
                }
            }
        } onGracefulShutdown: {
            store.endAllWatches()
        }
    }
}
