/// A piece of a text with tokens such as `%h`. Which tokens there are, and what stands for them, is the caller's to say.
package enum PercentPiece: Hashable, Sendable {
    case text(String)
    /// What stands behind a percent sign; nil where the text ends there.
    case token(Unicode.Scalar?)

    package static func split(_ text: String) -> [PercentPiece] {
        var pieces: [PercentPiece] = []
        var rest = text.unicodeScalars[...]
        while let percent = rest.firstIndex(of: "%") {
            if percent > rest.startIndex { pieces.append(.text(String(rest[..<percent]))) }
            let behind = rest[percent...].dropFirst()
            pieces.append(.token(behind.first))
            rest = behind.dropFirst()
        }
        if !rest.isEmpty { pieces.append(.text(String(rest))) }
        return pieces
    }
}
