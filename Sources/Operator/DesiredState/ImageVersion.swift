/// The version that an image reference names: its tag, else the beginning of its digest, else `latest`.
struct ImageVersion {
    let text: String

    init(image: String) {
        let parts = image.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        let name = parts[0].split(separator: "/").last ?? ""
        if let colon = name.firstIndex(of: ":"), name.index(after: colon) < name.endIndex {
            text = String(name[name.index(after: colon)...])
        } else if parts.count == 2 {
            // sha256:0123456789ab… is told apart by twelve digits, as container tools show it.
            text = String(parts[1].prefix(19))
        } else {
            text = "latest"
        }
    }

    /// The version as a label's value: at most 63 letters, digits, dashes, dots and underscores, with a letter or digit at both ends.
    var label: String {
        let allowed = text.prefix(63).map { character in
            character.isASCII && (character.isLetter || character.isNumber || "-._".contains(character))
                ? character : "-"
        }
        let isEdge: (Character) -> Bool = { "-._".contains($0) }
        return String(String(allowed).trimming(while: isEdge))
    }
}

extension String {
    fileprivate func trimming(while matches: (Character) -> Bool) -> Substring {
        var rest = drop(while: matches)
        while let last = rest.last, matches(last) { rest.removeLast() }
        return rest
    }
}
