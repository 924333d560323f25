import Foundation
import Logging
import SSHConfiguration
import SSHSystem
import Testing

@testable import SSHServer

struct JSONReaderTests {
    @Test func everyKindOfValueIsRead() throws {
        let text = #" { "a" : [ 1 , 18446744073709551615, true,false ], "b": {"c":"d"}, "e":[] , "f":{}, "":"" } "#
        #expect(
            try JSONReader.read(text.utf8)
                == .object([
                    "a": .array([.number(1), .number(.max), .flag(true), .flag(false)]),
                    "b": .object(["c": .string("d")]), "e": .array([]), "f": .object([:]), "": .string(""),
                ])
        )
    }

    @Test func escapesMeanWhatRFC8259Says() throws {
        let text = #""\"\\\/\b\f\n\r\t\u00e9\uD83D\uDD12é""#
        #expect(try JSONReader.read(text.utf8) == .string("\"\\/\u{8}\u{c}\n\r\té🔒é"))
    }

    @Test(arguments: [
        "", " ", "{", "}", "[", "[1", "[1,", "[1,]", "[,]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{\"a\" 1}",
        "{\"a\":1,\"a\":2}", "1 2", "1}", "nul", "null", "True", "tru", "-1", "1.5", "1e3", "01",
        "18446744073709551616",
        "+1", ".5", "\"", "\"a", "\"\\\"", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"\\u+123\"", "\"\\ud800\"",
        "\"\\ud800\\u0041\"", "\"\\udc00\"", "\"\\ud800x\"", "\"\n\"", "\"\t\"", "'a'", "[[[[[[1]]]]]]", "\u{feff}1",
    ])
    func whatIsNoJSONToTheLetterIsRefused(_ text: String) {
        #expect(throws: InvalidValue.self) { try JSONReader.read(text.utf8) }
    }

    @Test func aTextIsUTF8() {
        #expect(throws: InvalidValue.self) { try JSONReader.read([0x22, 0xff, 0x22]) }
        #expect(throws: InvalidValue.self) { try JSONReader.read([0x22, 0xc0, 0x80, 0x22]) }
    }

    /// A million brackets neither fill the stack nor take long.
    @Test func nestingIsBounded() {
        #expect(throws: InvalidValue.self) { try JSONReader.read([UInt8](repeating: 0x5b, count: 1_000_000)) }
    }

    /// Every text of the fuzzer's kind: cut, and with any byte changed, it is read or refused, as Foundation does.
    @Test func nothingIsReadThatFoundationRefuses() throws {
        let text = Array(#"{"relay":1,"command":"kick","account":"a\u00e9\\"}"#.utf8)
        for index in text.indices {
            for byte in UInt8.min...UInt8.max {
                var changed = text
                changed[index] = byte
                guard (try? JSONReader.read(changed)) != nil else { continue }
                #expect((try? JSONSerialization.jsonObject(with: Data(changed))) != nil)
            }
            #expect(throws: InvalidValue.self) { try JSONReader.read(text[..<index]) }
        }
    }

    @Test func whatTheLogWritesIsRead() throws {
        let hostile = (0...255).map { String(UnicodeScalar(UInt8($0))) }.joined() + "\u{2028}\u{1F512}"
        var writer = JSONObjectWriter()
        writer.add(hostile, .array([.string(hostile), .stringConvertible(UInt64.max), .stringConvertible(true)]))
        let expected = JSONValue.object([hostile: .array([.string(hostile), .number(.max), .flag(true)])])
        #expect(try JSONReader.read(writer.text.utf8) == expected)
    }
}
