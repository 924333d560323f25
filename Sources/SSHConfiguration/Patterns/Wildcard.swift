/// One piece of a pattern of ssh_config(5).
package enum Wildcard: Hashable, Sendable {
    case byte(UInt8)
    /// `*`
    case anyText
    /// `?`
    case anyByte

    package init(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "*"): self = .anyText
        case UInt8(ascii: "?"): self = .anyByte
        default: self = .byte(byte)
        }
    }

    /// Takes at most (pattern length) x (text length) steps, however many stars there are.
    package static func matches(_ pattern: ArraySlice<Wildcard>, _ text: [UInt8]) -> Bool {
        var position = pattern.startIndex
        var index = 0
        // Where the last star stood, and where the text that it stands for ends so far.
        var star: (position: Int, index: Int)?
        while index < text.count {
            if position < pattern.endIndex, pattern[position] == .anyText {
                star = (position, index)
                position += 1
            } else if position < pattern.endIndex,
                pattern[position] == .anyByte || pattern[position] == .byte(text[index])
            {
                position += 1
                index += 1
            } else if let last = star {
                star = (last.position, last.index + 1)
                position = last.position + 1
                index = last.index + 1
            } else {
                return false
            }
        }
        return pattern[position...].allSatisfy { $0 == .anyText }
    }
}
