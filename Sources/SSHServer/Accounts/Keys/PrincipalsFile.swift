import SSHConfiguration
import SSHSystem

/// An AuthorizedPrincipalsFile: names that a certificate may stand for, one a line, each with options in front.
struct PrincipalsFile {
    struct Line: Sendable {
        let principal: String
        let options: KeyOptions
        let rule: Rule
    }

    private(set) var line: Line?
    private(set) var problems: [AuthorizedKeysProblem] = []

    /// A line that was read before, or none.
    init(line: Line?, problems: [AuthorizedKeysProblem] = []) {
        self.line = line
        self.problems = problems
    }

    /// Reads up to the first line that counts.
    ///
    /// - Parameter counts: gets the line's name.
    init(_ bytes: [UInt8], path: String, upTo counts: (String) -> Bool) {
        for (number, text) in FileLines(bytes) {
            do {
                guard let line = try Self.parse(text, path, number), counts(line.principal) else { continue }
                self.line = line
                return
            } catch {
                guard self.problems.count < AuthorizedKeysFile.mostProblems else { continue }
                let reason = (error as? InvalidValue)?.reason ?? "\(error)"
                self.problems.append(
                    AuthorizedKeysProblem(file: path, line: number, reason: "\(reason): line ignored")
                )
            }
        }
    }

    private static func parse(_ line: ArraySlice<UInt8>, _ path: String, _ number: Int) throws -> Line? {
        let isBlank = { (byte: UInt8) in byte == 0x20 || byte == 0x09 }
        var line = line.drop(while: isBlank)
        // A # ends the line wherever it stands, as in sshd.
        line = line.prefix { $0 != UInt8(ascii: "#") }
        while let last = line.last, isBlank(last) { line.removeLast() }
        guard !line.isEmpty else { return nil }
        guard !line.contains(0), line.count <= AuthorizedKeysFile.lineLimit,
            let text = String(validating: line, as: UTF8.self)
        else { throw InvalidValue("the line is not text, or too long") }
        // The last word is the name; what stands before it are options.
        let words = text.utf8
        let separator = words.lastIndex { $0 == 0x20 || $0 == 0x09 }
        let principal = separator.map { String(text[words.index(after: $0)...]) } ?? text
        var options = ""
        if let separator { options = String(text[..<separator]) }
        while options.utf8.last.map(isBlank) ?? false { options.removeLast() }
        return Line(
            principal: principal,
            options: try KeyOptionsParser.parse(options, file: path, line: number),
            rule: Rule(file: path, line: number, text: principal)
        )
    }
}
