import FoundationEssentials

/// A mail in plain text to one address.
struct MailMessage: Sendable, Equatable {
    let to: UserEmail
    let subject: String
    let text: String
}

extension MailMessage {
    /// The message as it is sent (RFC 5322, MIME), lines ending in CR LF.
    ///
    /// Nothing in it can begin a header: addresses cannot hold spaces or control characters, the subject is encoded unless it is
    /// plain ASCII, and the text is base64.
    func formatted(from sender: EmailAddress, at time: Timestamp) -> String {
        let domain = sender.description.drop { $0 != "@" }.dropFirst()
        let headers = [
            ("From", sender.description),
            ("To", to.description),
            ("Subject", Self.encodedHeader(subject)),
            ("Date", Self.date(time)),
            ("Message-ID", "<\(UUID.version7(time).uuidString.lowercased())@\(domain)>"),
            // Vacation programs must not answer (RFC 3834).
            ("Auto-Submitted", "auto-generated"),
            ("MIME-Version", "1.0"),
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Transfer-Encoding", "base64"),
        ]
        return headers.map { "\($0): \($1)\r\n" }.joined() + "\r\n" + Self.encodedBody(text)
    }

    /// An unstructured header's value: as it is, or in encoded words (RFC 2047), which have at most 75 characters each.
    static func encodedHeader(_ text: String) -> String {
        let isPlain =
            text.utf8.allSatisfy { (0x20..<0x7F).contains($0) } && text.utf8.count <= 60 && !text.contains("=?")
        guard !isPlain else { return text }
        var words: [String] = []
        var word: [UInt8] = []
        for character in text {
            // A word ends between characters; 45 bytes are 60 of base64.
            let bytes = Array(String(character).utf8)
            if word.count + bytes.count > 45, !word.isEmpty {
                words.append(encodedWord(word))
                word = []
            }
            word += bytes.prefix(45)
        }
        words.append(encodedWord(word))
        return words.joined(separator: "\r\n ")
    }

    private static func encodedWord(_ bytes: [UInt8]) -> String {
        "=?UTF-8?B?\(Data(bytes).base64EncodedString())?="
    }

    private static func encodedBody(_ text: String) -> String {
        let text = text.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\r\n") + "\r\n"
        return Data(text.utf8).base64EncodedString(options: [
            .lineLength76Characters, .endLineWithCarriageReturn, .endLineWithLineFeed,
        ])
            + "\r\n"
    }

    private static func date(_ time: Timestamp) -> String {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        let parts = calendar.dateComponents([.weekday, .day, .month, .year, .hour, .minute, .second], from: time.date)
        let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        func two(_ number: Int?) -> String { (number ?? 0) < 10 ? "0\(number ?? 0)" : "\(number ?? 0)" }
        let day = days[((parts.weekday ?? 1) - 1) % 7]
        let month = months[((parts.month ?? 1) - 1) % 12]
        let clock = "\(two(parts.hour)):\(two(parts.minute)):\(two(parts.second))"
        return "\(day), \(two(parts.day)) \(month) \(parts.year ?? 1970) \(clock) +0000"
    }
}
