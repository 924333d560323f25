import Glibc
import SSHClient
import SSHCrypto
import SSHSystem
import SSHWire

/// The terminal, for questions that must reach a person whatever the standard streams are used for.
enum Terminal {
    private static let answerLimit = 1024

    /// Asks until the answer can be understood. It blocks.
    ///
    /// - Throws: the question's refusal.
    static func ask(_ question: HostKeyQuestion, about key: PublicKey) throws {
        let terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)
        guard terminal >= 0 else {
            throw SSHError(
                .hostKeyRejected,
                "the host is unknown and there is no terminal to ask on; its "
                    + "\(key.displayName) key's fingerprint is \(key.fingerprint): if it is right, connect once with "
                    + "-o StrictHostKeyChecking=accept-new"
            )
        }
        defer { close(terminal) }
        ClientLog.write(question.prompt.escapedForTerminal(keepingLines: true), to: terminal)
        while let answer = self.readLine(terminal) {
            switch question.understand(answer) {
            case .yes: return
            case .no: throw question.refusal
            case .unclear: ClientLog.write(question.promptAgain, to: terminal)
            }
        }
        throw question.refusal
    }

    private static func readLine(_ descriptor: Int32) -> String? {
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while line.count < self.answerLimit {
            let count = read(descriptor, &byte, 1)
            if count < 0, errno == EINTR { continue }
            guard count == 1 else { return nil }
            if byte == UInt8(ascii: "\n") { break }
            line.append(byte)
        }
        return String(decoding: line, as: UTF8.self)
    }
}
