/// How an event is meant.
public enum EventType: String, Sendable, Hashable {
    /// Something went as it should.
    case normal = "Normal"
    /// Someone may want to look.
    case warning = "Warning"
}

/// Turns what is recorded into writes: the first of its kind becomes an Event, the same again within the window counts up
/// that Event's series. What differs in its note alone is combined when there is much of it. Pure.
struct EventSeries: Sendable {
    /// What someone recorded.
    struct Occurrence: Sendable, Hashable {
        var type: EventType
        var regarding: ObjectReference
        var reason: String
        var action: String
        var note: String
    }

    enum Write: Sendable, Hashable {
        case create(namespace: String, JSONValue)
        /// Set the count and the time of the series. When the Event has gone, `otherwise` is created.
        case count(namespace: String, name: String, JSONValue, otherwise: JSONValue)
    }

    /// Of the Event as it was created only what the occurrence does not tell: of many objects there are many.
    private struct Entry: Sendable {
        let name: String
        let firstTime: Timestamp
        /// The note, where it is not the occurrence's own.
        let note: String?
        var count = 1
        var writtenCount = 1
        var lastTime: Timestamp
    }

    /// How long after its last occurrence the same counts as a repetition.
    static let window: Int64 = 10 * 60 * 1_000_000
    /// How many are remembered; the one that rested longest is forgotten first.
    static let capacity = 1024
    /// What the API takes as a note, in bytes.
    static let maximumNoteBytes = 1024

    /// How many notes that differ make events of their own; those that follow within the window are one series.
    static let maximumSimilar = 10

    let controller: String
    let instance: String
    private var entries: [Occurrence: Entry] = [:]
    /// Those whose count is still to be written.
    private var unwritten: Set<Occurrence> = []
    /// How many notes there are of what is the same but for that.
    private var similar: [Occurrence: Int] = [:]

    init(controller: String, instance: String) {
        self.controller = controller
        self.instance = instance
    }

    /// Whether repetitions wait to be written.
    var hasUnwritten: Bool { !unwritten.isEmpty }

    /// - Returns: the Event to create, or `nil` for a repetition, which `flush` writes with others.
    mutating func record(_ occurrence: Occurrence, at time: Timestamp) -> Write? {
        var occurrence = occurrence
        occurrence.note = Self.shortened(occurrence.note)
        // Each reconcile may have seen another version: it is the same object all along.
        var key = occurrence
        key.regarding.resourceVersion = nil
        var combined = key
        combined.note = ""
        if similar[combined, default: 0] >= Self.maximumSimilar { forgetRested(like: combined, at: time) }
        if entries[key] == nil, similar[combined, default: 0] >= Self.maximumSimilar {
            key = combined
            occurrence.note = Self.shortened("combined from similar events: " + occurrence.note)
        }
        if var entry = entries[key], time.microseconds - entry.lastTime.microseconds < Self.window {
            entry.count += 1
            entry.lastTime = time
            entries[key] = entry
            unwritten.insert(key)
            return nil
        }
        forgetOldest()
        let entry = Entry(
            name: Self.name(occurrence.regarding, time), firstTime: time,
            note: occurrence.note == key.note ? nil : occurrence.note, lastTime: time)
        unwritten.remove(key)
        if entries.updateValue(entry, forKey: key) == nil, key != combined { similar[combined, default: 0] += 1 }
        return .create(namespace: Self.namespace(occurrence.regarding), event(occurrence, entry))
    }

    /// What the repetitions since the last call come to.
    mutating func flush() -> [Write] {
        var writes: [Write] = []
        for key in unwritten {
            guard var entry = entries[key] else { continue }
            entry.writtenCount = entry.count
            entries[key] = entry
            let series: JSONValue = [
                "count": JSONValue(entry.count), "lastObservedTime": .string(entry.lastTime.micro),
            ]
            writes.append(
                .count(
                    namespace: Self.namespace(key.regarding), name: entry.name, ["series": series],
                    otherwise: event(key, entry)))
        }
        unwritten.removeAll()
        return writes
    }

    /// Makes room for one more.
    private mutating func forgetOldest() {
        guard entries.count >= Self.capacity,
            let oldest = entries.min(by: { $0.value.lastTime < $1.value.lastTime })
        else { return }
        forget(oldest.key)
    }

    /// Forgets what rested for longer than the window: notes of long ago combine nothing.
    private mutating func forgetRested(like combined: Occurrence, at time: Timestamp) {
        let rested = entries.filter { key, entry in
            var other = key
            other.note = ""
            return other == combined && key != combined
                && time.microseconds - entry.lastTime.microseconds >= Self.window && entry.count == entry.writtenCount
        }
        for key in rested.keys { forget(key) }
    }

    private mutating func forget(_ key: Occurrence) {
        entries[key] = nil
        unwritten.remove(key)
        var combined = key
        combined.note = ""
        guard key != combined, let count = similar[combined] else { return }
        similar[combined] = count > 1 ? count - 1 : nil
    }

    private func event(_ occurrence: Occurrence, _ entry: Entry) -> JSONValue {
        let regarding = occurrence.regarding
        var reference: JSONValue = [:]
        let fields: [(String, String?)] = [
            ("apiVersion", regarding.apiVersion), ("kind", regarding.kind), ("namespace", regarding.namespace),
            ("name", regarding.name), ("uid", regarding.uid), ("resourceVersion", regarding.resourceVersion),
            ("fieldPath", regarding.fieldPath),
        ]
        for (name, value) in fields where value != nil { reference[name] = value.map { .string($0) } }
        return [
            "apiVersion": .string(APIResource.events.apiVersion), "kind": .string(APIResource.events.kind),
            "metadata": [
                "name": .string(entry.name), "namespace": .string(Self.namespace(regarding)),
            ],
            "eventTime": .string(entry.firstTime.micro), "type": .string(occurrence.type.rawValue),
            "reason": .string(occurrence.reason), "action": .string(occurrence.action),
            "note": .string(entry.note ?? occurrence.note), "regarding": reference,
            "reportingController": .string(controller), "reportingInstance": .string(instance),
        ]
    }

    /// Events lie with what they are about; those about cluster-scoped objects lie in `default`.
    static func namespace(_ regarding: ObjectReference) -> String {
        regarding.namespace.flatMap { $0.isEmpty ? nil : $0 } ?? "default"
    }

    /// The object's name and the time in hexadecimal, as Kubernetes' own components name events.
    private static func name(_ regarding: ObjectReference, _ time: Timestamp) -> String {
        let suffix = "." + String(time.microseconds, radix: 16) + String(UInt16.random(in: 0...UInt16.max), radix: 16)
        return String((regarding.name ?? "unknown").prefix(253 - suffix.utf8.count)) + suffix
    }

    static func shortened(_ note: String) -> String {
        guard note.utf8.count > maximumNoteBytes else { return note }
        var short = ""
        var count = 0
        for character in note {
            count += character.utf8.count
            if count > maximumNoteBytes - 3 { break }
            short.append(character)
        }
        return short + "…"
    }
}
