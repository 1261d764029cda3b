/// How connections to PostgreSQL are kept; the guide's numbers under the names that SQLAlchemy's users know.
struct DatabasePoolSettings: Sendable, Equatable {
    /// `DATABASE_POOL_SIZE`: connections that are kept open.
    var size = 20
    /// `DATABASE_MAX_OVERFLOW`: further connections while those are all in use, closed when they are given back.
    var maximumOverflow = 30
    /// `DATABASE_POOL_RECYCLE`: the age at which a connection is replaced; nil for never.
    var recycle: Duration? = .seconds(3600)
    /// `DATABASE_POOL_PRE_PING`: whether a connection that lay idle is tried before it is used.
    var checksBeforeUse = true
    /// `DATABASE_POOL_TIMEOUT`: how long to wait for a connection.
    var timeout: Duration = .seconds(30)
}

extension DatabasePoolSettings {
    init(reading reader: inout SettingsReader) {
        self.init()
        size =
            reader.value("DATABASE_POOL_SIZE") { text throws(InvalidValue) in try Int(parsing: text, 1...1000) } ?? size
        maximumOverflow =
            reader.value("DATABASE_MAX_OVERFLOW") { text throws(InvalidValue) in try Int(parsing: text, 0...1000) }
            ?? maximumOverflow
        // SQLAlchemy's own way to say never.
        let seconds = reader.value("DATABASE_POOL_RECYCLE") { text throws(InvalidValue) in
            try Int(parsing: text, -1...604_800)
        }
        if let seconds { recycle = seconds < 0 ? nil : .seconds(seconds) }
        checksBeforeUse = reader.value("DATABASE_POOL_PRE_PING", parse: Bool.init(parsing:)) ?? checksBeforeUse
        let timeout = reader.value("DATABASE_POOL_TIMEOUT") { text throws(InvalidValue) in
            try Int(parsing: text, 1...600)
        }
        if let timeout { self.timeout = .seconds(timeout) }
    }
}

extension Int {
    /// Reads a whole number.
    init(parsing text: String, _ range: ClosedRange<Int>) throws(InvalidValue) {
        guard let number = Int(text), range.contains(number) else {
            throw InvalidValue("must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        self = number
    }
}
