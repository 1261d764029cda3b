/// What a reader of many documents that are alike remembers of the earlier ones: so that what comes again costs neither time nor,
/// where the documents are kept, memory. Its size has a bound, whatever the documents hold.
struct JSONMemory {
    var names = JSONNames()
    /// The texts that were read as values. A quarter of the room: most come once.
    var texts = JSONNames(capacity: 256)
    /// Whether equal texts are to be one in memory: worth the search where what is read is kept.
    var sharesTexts = false
    var fieldSets = JSONFieldSets()
}

/// The sets of fields (`metav1.FieldsV1`) of the last documents. They are about half of an object as a server sends it, nobody
/// writes them by hand, and objects that one tool has made from one template have the same.
struct JSONFieldSets {
    /// The member that holds one, in an entry of `managedFields`.
    static let name = "fieldsV1"
    /// Smaller ones are read as fast as they are found; larger ones are rare.
    private static let sizes = 64...(16 << 10)
    private static let capacity = 32

    private struct Known {
        let text: [UInt8]
        let depth: Int
        let value: JSONValue
    }

    /// Each that is found moves forward, so that those that come often are found soon.
    private var known: [Known] = []

    /// The set whose text these bytes begin with. An object's text ends where its bracket is closed, so that no longer one can
    /// begin the same way.
    mutating func find(_ bytes: Span<UInt8>, depth: Int) -> (value: JSONValue, byteCount: Int)? {
        guard
            let index = known.firstIndex(where: {
                $0.depth == depth && $0.text.count <= bytes.count
                    && bytes.extracting(first: $0.text.count).hasSameBytes(as: $0.text.span)
            })
        else {
            return nil
        }
        let found = known[index]
        if index > 0 { known.swapAt(index, index / 2) }
        return (found.value, found.text.count)
    }

    mutating func remember(_ bytes: Span<UInt8>, depth: Int, _ value: JSONValue) {
        guard Self.sizes.contains(bytes.count) else { return }
        if known.count >= Self.capacity { known.removeLast() }
        let text = bytes.withUnsafeBufferPointer { Array($0) }
        known.insert(Known(text: text, depth: depth, value: value), at: known.count / 2)
    }
}
