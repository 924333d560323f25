import SSHWire
import Testing

@testable import SSHCrypto

struct Base64Tests {
    /// RFC 4648 §10.
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ])
    func vectorsOfTheRFC(plain: String, encoded: String) throws {
        #expect(Base64.encode(plain.utf8) == encoded)
        #expect(try Base64.decode(encoded) == Array(plain.utf8))
        #expect(Base64.encode(plain.utf8, padded: false) == encoded.filter { $0 != "=" })
    }

    @Test func everyByteSurvives() throws {
        for count in 0..<300 {
            let plain = bytes(0..<count)
            #expect(try Base64.decode(Base64.encode(plain)) == plain)
        }
        #expect(Base64.encode([0xfb, 0xff, 0xbf]) == "+/+/")
    }

    @Test(arguments: [
        "Z", "Zg", "Zg=", "Zg===", "Z===", "====", "=", "Zg==Zg==", "Z=g=", "Zm9v\n", " Zm9v", "Zm-_", "Zm9v=", "Zh==",
        "Zm9=", "Zm9vZé", "Zm\u{0}v",
    ])
    func anythingElseIsRefused(text: String) {
        expectError(.invalidKey) { try Base64.decode(text) }
    }

    @Test func aTextBeyondTheLimitIsRefused() {
        expectError(.invalidKey) { try Base64.decode("Zm9vYmFy", limit: 7) }
    }
}
