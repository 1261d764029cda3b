import K8sClient

extension JSONValue {
    /// What an `IntOrString` such as `maxSurge` stands for: a number, or a percentage of a total.
    func count(of total: Int, roundingUp: Bool) -> Int? {
        if let int { return int }
        guard let text = string, text.hasSuffix("%"), let percent = Int(text.dropLast()) else { return nil }
        let scaled = percent * total
        return roundingUp ? (scaled + 99) / 100 : scaled / 100
    }
}
