import K8sClient

extension GeneratedName {
    /// Kubernetes' alphabet without vowels, in which no bad word can be spelled.
    private static let hashAlphabet = Array("bcdfghjklmnpqrstvwxz2456789")

    /// A name from a prefix and five random characters, within the 63 that a host name may have.
    static func random(_ prefix: String) -> String {
        prefix.prefix(58) + suffix()
    }

    /// The `pod-template-hash` of a pod template (FNV-1a over its canonical JSON), made different by the number of
    /// collisions before.
    static func hash(of template: JSONValue, collisions: Int) -> String {
        var hash: UInt32 = 2_166_136_261
        func add(_ byte: UInt8) { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
        for byte in template.jsonBytes() { add(byte) }
        if collisions > 0 { for byte in String(collisions).utf8 { add(byte) } }
        return String(String(hash).utf8.map { hashAlphabet[Int($0) % hashAlphabet.count] })
    }
}
