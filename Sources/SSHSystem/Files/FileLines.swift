/// The lines of a file, one after the other: all of them at once could take many times the file's size.
package struct FileLines: Sequence, IteratorProtocol {
    private var rest: ArraySlice<UInt8>
    private var number = 0

    package init(_ bytes: [UInt8]) {
        self.rest = bytes[...]
    }

    /// - Returns: a line without its end, and its number, counted from 1.
    package mutating func next() -> (number: Int, text: ArraySlice<UInt8>)? {
        guard !self.rest.isEmpty else { return nil }
        let end = self.rest.firstIndex(of: UInt8(ascii: "\n")) ?? self.rest.endIndex
        defer { self.rest = self.rest[end...].dropFirst() }
        self.number += 1
        return (self.number, self.rest[..<end])
    }
}
