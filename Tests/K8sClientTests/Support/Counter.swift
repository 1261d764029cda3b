import Synchronization

/// Counts calls across threads.
final class Counter: Sendable {
    private let count = Atomic<Int>(0)

    /// 1 at the first call, 2 at the second.
    func next() -> Int { count.wrappingAdd(1, ordering: .relaxed).newValue }

    var value: Int { count.load(ordering: .relaxed) }
}

/// A growing list across threads.
final class Recorder<Element: Sendable>: Sendable {
    private let elements = Mutex<[Element]>([])

    func append(_ element: Element) { elements.withLock { $0.append(element) } }

    var all: [Element] { elements.withLock { $0 } }
}
