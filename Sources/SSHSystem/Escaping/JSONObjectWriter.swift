/// Writes the members of a JSON object. Of two with the same name the first one stays.
package struct JSONObjectWriter {
    private var bytes = [UInt8(ascii: "{")]
    private var names: Set<String> = []

    package init() {}

    package var text: String { String(decoding: self.bytes + [UInt8(ascii: "}")], as: UTF8.self) }

    package mutating func add(_ name: String, text: String) {
        guard self.begin(name) else { return }
        self.write(text)
    }

    package mutating func add(_ name: String, number: some FixedWidthInteger) {
        guard self.begin(name) else { return }
        self.bytes += String(number).utf8
    }

    package mutating func add(_ name: String, flag: Bool) {
        guard self.begin(name) else { return }
        self.bytes += (flag ? "true" : "false").utf8
    }

    package mutating func add(_ name: String, texts: [String]) {
        guard self.begin(name) else { return }
        self.writeList(texts) { $0.write($1) }
    }

    /// - Parameter body: writes the members of one.
    package mutating func add<Item>(_ name: String, objects: [Item], _ body: (Item, inout JSONObjectWriter) -> Void) {
        guard self.begin(name) else { return }
        self.writeList(objects) { writer, item in
            var object = JSONObjectWriter()
            body(item, &object)
            writer.bytes += object.bytes
            writer.bytes.append(UInt8(ascii: "}"))
        }
    }

    package mutating func writeList<Item>(_ items: [Item], _ body: (inout JSONObjectWriter, Item) -> Void) {
        self.bytes.append(UInt8(ascii: "["))
        for (index, item) in items.enumerated() {
            if index > 0 { self.bytes.append(UInt8(ascii: ",")) }
            body(&self, item)
        }
        self.bytes.append(UInt8(ascii: "]"))
    }

    /// - Returns: false if there is such a member already.
    package mutating func begin(_ name: String) -> Bool {
        guard self.names.insert(name).inserted else { return false }
        if self.names.count > 1 { self.bytes.append(UInt8(ascii: ",")) }
        self.write(name)
        self.bytes.append(UInt8(ascii: ":"))
        return true
    }

    /// Something that stands for a value as it is.
    package mutating func write(raw text: String) {
        self.bytes += text.utf8
    }

    /// RFC 8259 §7. DEL is no control character there, but it is on a terminal.
    package mutating func write(_ text: String) {
        self.bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): self.bytes += [UInt8(ascii: "\\"), byte]
            case UInt8(ascii: "\n"): self.bytes += "\\n".utf8
            case UInt8(ascii: "\t"): self.bytes += "\\t".utf8
            case 0x00..<0x20, 0x7f:
                let digits = Array("0123456789abcdef".utf8)
                self.bytes += "\\u00".utf8
                self.bytes += [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            default: self.bytes.append(byte)
            }
        }
        self.bytes.append(UInt8(ascii: "\""))
    }
}
