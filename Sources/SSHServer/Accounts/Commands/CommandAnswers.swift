import Logging
import SSHSystem

/// What commands have said so far about one login.
struct CommandAnswers: Sendable {
    private var results: [CommandInvocation: CommandResult] = [:]
    /// The line of a command that the login stands on, if it stands already.
    private let remembered: RememberedLine?
    /// Commands are asked again, and what is remembered counts only where that fails.
    private let asksAgain: Bool

    init(remembering remembered: RememberedLine? = nil, asksAgain: Bool = false) {
        self.remembered = remembered
        self.asksAgain = asksAgain
    }

    /// The same answers, for a claim that stands on a line of its own.
    func remembering(_ remembered: RememberedLine?) -> CommandAnswers {
        var answers = CommandAnswers(remembering: remembered, asksAgain: self.asksAgain)
        answers.results = self.results
        return answers
    }

    /// No command has said anything yet.
    var isEmpty: Bool { self.results.isEmpty }

    subscript(_ invocation: CommandInvocation) -> Answer {
        let line = self.remembered.flatMap { $0.isOf(invocation) ? $0.content : nil }
        switch self.results[invocation] {
        case .success(let bytes): return .said(bytes)
        case .failure(let failure): return line.map(Answer.remembered) ?? .failed(failure)
        case nil:
            guard let line, !self.asksAgain else { return .unknown }
            return .remembered(line)
        }
    }

    mutating func add(_ result: CommandResult, of invocation: CommandInvocation) {
        self.results[invocation] = result
    }

    enum Answer {
        case said([UInt8])
        case remembered(RememberedLine.Content)
        case failed(CommandFailure)
        /// It has yet to be asked.
        case unknown
    }
}

/// What a command wrote to standard output.
typealias CommandResult = Result<[UInt8], CommandFailure>

/// Why a command said nothing that counts: sshd's line about it, or ours.
struct CommandFailure: Error, Hashable {
    let line: LogLine
    /// It took too long, and so would the next.
    let isHang: Bool
    /// It says nothing of who wants to log in.
    let isPassing: Bool

    init(_ level: Logger.Level, _ message: String, isHang: Bool = false, isPassing: Bool = false) {
        self.isHang = isHang
        self.isPassing = isPassing
        self.line = LogLine(level: level, message: message.escapedForLog)
    }
}

/// The line of a command's output that let somebody in. Files can be read again at any time; a command is asked at a login and at
/// a reload, and what it said then holds in between.
final class RememberedLine: Sendable {
    enum Content: Sendable {
        case key(AuthorizedKey)
        case principal(PrincipalsFile.Line)
    }

    let content: Content
    private let kind: AccountCommand.Kind
    private let command: AccountCommand

    init(_ content: Content, of kind: AccountCommand.Kind, _ command: AccountCommand) {
        self.content = content
        self.kind = kind
        self.command = command
    }

    fileprivate func isOf(_ invocation: CommandInvocation) -> Bool {
        self.kind == invocation.kind && self.command == invocation.command
    }
}
