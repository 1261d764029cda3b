extension JSONParser {
    mutating func number(_ bytes: Span<UInt8>) throws(JSONSyntaxError) -> JSONValue {
        let start = position
        if bytes[position] == UInt8(ascii: "-") { position += 1 }
        let leading = position
        var magnitude: Int64 = 0
        var fits = true
        try digits(bytes) { digit in
            let (product, overflow) = magnitude.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(Int64(digit))
            if overflow || carry { fits = false } else { magnitude = sum }
        }
        if bytes[leading] == UInt8(ascii: "0"), position > leading + 1 {
            position = leading
            throw unexpected(bytes, "a number cannot begin with 0")
        }
        var isInteger = true
        if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
            isInteger = false
            position += 1
            try digits(bytes) { _ in }
        }
        if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
            isInteger = false
            position += 1
            if position < bytes.count, bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-") {
                position += 1
            }
            try digits(bytes) { _ in }
        }
        if isInteger, fits { return .integer(leading > start ? -magnitude : magnitude) }
        let text = try utf8(bytes, start..<position)
        if isInteger, let exact = Int64(text) { return .integer(exact) }  // the least Int64, whose magnitude overflows
        guard let value = Double(text), value.isFinite else {
            position = start
            throw unexpected(bytes, "a number is out of range")
        }
        return .double(value)
    }

    private mutating func digits(_ bytes: Span<UInt8>, _ each: (UInt8) -> Void) throws(JSONSyntaxError) {
        let start = position
        while position < bytes.count, case UInt8(ascii: "0")...UInt8(ascii: "9") = bytes[position] {
            each(bytes[position] - UInt8(ascii: "0"))
            position += 1
        }
        guard position > start else { throw unexpected(bytes, "a digit is missing in a number") }
    }
}
