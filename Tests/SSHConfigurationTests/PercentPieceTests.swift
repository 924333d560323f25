import Testing

@testable import SSHConfiguration

struct PercentPieceTests {
    @Test(
        arguments: [
            ("", []), ("ab", [.text("ab")]), ("%h", [.token("h")]), ("a%hb", [.text("a"), .token("h"), .text("b")]),
            ("%%", [.token("%")]), ("%%h", [.token("%"), .text("h")]), ("a%", [.text("a"), .token(nil)]),
            ("%h%%%u", [.token("h"), .token("%"), .token("u")]), ("%\u{e9}", [.token("\u{e9}")]),
            // A combining accent belongs to what stands before it, but hides no token.
            ("%h\u{301}", [.token("h"), .text("\u{301}")]),
        ] as [(String, [PercentPiece])]
    )
    func tokensAreFoundByteByByte(_ text: String, _ pieces: [PercentPiece]) {
        #expect(PercentPiece.split(text) == pieces)
    }
}
