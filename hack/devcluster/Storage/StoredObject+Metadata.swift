extension StoredObject {
    /// The text of the object's `metadata`, found without reading the object; nil when there is none.
    ///
    /// The text is the serializer's own: without white space, and with each name once.
    var metadataBytes: ArraySlice<UInt8>? {
        let name = Array(#""metadata":"#.utf8)
        var position = 1
        while position < bytes.count, bytes[position] != UInt8(ascii: "}") {
            let isWanted = bytes[position...].starts(with: name)
            position = Self.endOfString(bytes, position) + 1
            let end = Self.endOfValue(bytes, position)
            if isWanted { return bytes[position..<end] }
            position = end + 1
        }
        return nil
    }

    /// Where a value that begins at a position ends: at the comma or bracket of what it lies in.
    private static func endOfValue(_ bytes: [UInt8], _ start: Int) -> Int {
        var depth = 0
        var position = start
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                position = endOfString(bytes, position)
                continue
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                if depth == 0 { return position }
                depth -= 1
            case UInt8(ascii: ",") where depth == 0: return position
            default: break
            }
            position += 1
        }
        return position
    }

    /// What follows the string that begins at a position.
    private static func endOfString(_ bytes: [UInt8], _ start: Int) -> Int {
        var position = start + 1
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""): return position + 1
            case UInt8(ascii: "\\"): position += 2
            default: position += 1
            }
        }
        return position
    }
}
