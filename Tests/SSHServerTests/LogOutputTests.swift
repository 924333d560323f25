import Foundation
import Glibc
import Logging
import SSHTestFixtures
import SSHWire
import Synchronization
import Testing

@testable import SSHServer

struct LogOutputTests {
    private let folder = TemporaryFolder()

    private static let noon = LogTime(seconds: 951_827_696, milliseconds: 7)

    private func log(_ output: any LogOutput, _ format: LogFormat = .text) -> Logger {
        RelayLog.make(output, format, .info, now: { Self.noon })
    }

    private func read(_ path: String) throws -> String {
        try String(contentsOfFile: path, encoding: .utf8)
    }

    @Test func fileLinesHaveTheTimeAndTheConnectionInFront() throws {
        let path = self.folder.write("log", "before\n")
        let logger = self.log(try FileOutput(path))
        logger.error("Bind failed", metadata: ["connection": "7"])
        logger.debug("not at this level")
        #expect(try self.read(path) == "before\n2000-02-29T12:34:56.007Z sshd[7]: error: Bind failed\n")
    }

    @Test func aNewLogFileIsNobodyElses() throws {
        let path = "\(self.folder.path)/new"
        self.log(try FileOutput(path), .json).info("x")
        var status = stat()
        #expect(stat(path, &status) == 0)
        #expect(status.st_mode & 0o077 == 0)
        #expect(try self.read(path).hasPrefix("{\"time\":\"2000-02-29T12:34:56.007Z\""))
    }

    @Test func aFileThatCannotBeOpenedIsNamed() {
        let path = "\(self.folder.path)/none/log"
        let error = #expect(throws: SSHError.self) { try FileOutput(path) }
        #expect(error?.reason.contains(path) == true)
    }

    @Test func standardErrorHasTheBareLineAndThePriorityIfTheJournalReadsIt() throws {
        for (namesPriority, expected) in [(false, "error: x\n"), (true, "<3>error: x\n")] {
            let path = self.folder.write("stderr", "")
            let descriptor = open(path, O_WRONLY | O_CLOEXEC)
            defer { close(descriptor) }
            self.log(StandardErrorOutput(descriptor: descriptor, namesPriority: namesPriority))
                .error("x", metadata: ["connection": "7"])
            #expect(try self.read(path) == expected)
        }
    }

    @Test func syslogGetsFacilitySeverityTimeAndTheConnectionAsTheProcess() throws {
        let service = try #require(DatagramReceiver("\(self.folder.path)/log"))
        let logger = self.log(SyslogOutput(.authPriv, path: service.name))
        logger.info("Invalid user", metadata: ["connection": "7", "account": "x"])
        logger.critical("gone")
        #expect(
            service.received() == [
                "<86>\(Self.noon.syslog) sshd[7]: Invalid user",
                "<82>\(Self.noon.syslog) sshd[\(getpid())]: fatal: gone",
            ]
        )
    }

    @Test func theJournalGetsEveryFactAsAField() throws {
        let service = try #require(DatagramReceiver("\(self.folder.path)/journal"))
        let logger = self.log(JournalOutput(.auth, path: service.name))
        logger.warning("careful", metadata: ["connection": "7", "from-host": "a\nPRIORITY=0"])
        #expect(
            service.received() == [
                """
                MESSAGE=warning: careful
                PRIORITY=4
                SYSLOG_FACILITY=4
                SYSLOG_IDENTIFIER=sshd
                SYSLOG_PID=7
                RELAY_CONNECTION=7
                RELAY_FROM_HOST=a\\012PRIORITY=0

                """
            ]
        )
    }

    @Test func aLoggingServiceThatIsRestartedGetsTheNextLine() throws {
        let path = "\(self.folder.path)/log"
        var service = DatagramReceiver(path)
        let logger = self.log(SyslogOutput(.auth, path: path))
        logger.info("one")
        #expect(service.map { $0.received().count } == 1)
        service = nil
        unlink(path)
        logger.info("lost")
        let successor = try #require(DatagramReceiver(path))
        logger.info("two")
        let lines = successor.received().map { $0.split(separator: "]: ").last.map(String.init) }
        #expect(lines == ["error: 1 lines of the log were lost", "two"])
    }

    @Test func aLoggingServiceThatDoesNotReadHoldsNobodyUp() throws {
        let service = try #require(DatagramReceiver("\(self.folder.path)/log"))
        let logger = self.log(SyslogOutput(.auth, path: service.name))
        let count = 20_000
        for number in 0..<count { logger.info("\(number)") }
        let taken = service.received().count
        #expect((1..<count).contains(taken))
        logger.info("after")
        let lines = service.received().map { $0.split(separator: "]: ").last.map(String.init) }
        #expect(lines == ["error: \(count - taken) lines of the log were lost", "after"])
    }

    @Test(.timeLimit(.minutes(1)))
    func aPipeThatNobodyReadsHoldsNobodyUp() throws {
        let pipe = Pipe()
        let (reader, writer) = (pipe.fileHandleForReading, pipe.fileHandleForWriting)
        let logger = self.log(StandardErrorOutput(descriptor: writer.fileDescriptor))
        // Lines that a pipe takes in two pieces, and many more of them than it has room for.
        let line = String(repeating: "x", count: 5000)
        for _ in 0..<1000 { logger.info("\(line)") }
        var taken = 0
        while taken < 4 * 5001 { taken += reader.availableData.count }
        logger.info("after")
        try writer.close()
        let rest = String(decoding: reader.readDataToEndOfFile(), as: UTF8.self).split(separator: "\n")
        #expect(rest.last == "after")
        let report = try #require(rest.dropLast().last)
        #expect(report.hasPrefix("error: 9") && report.hasSuffix(" lines of the log were lost"))
    }

    @Test(.timeLimit(.minutes(1)))
    func aTerminalThatNobodyReadsHoldsNobodyUp() throws {
        var (reader, terminal): (Int32, Int32) = (-1, -1)
        try #require(openpty(&reader, &terminal, nil, nil, nil) == 0)
        defer {
            close(reader)
            close(terminal)
        }
        let logger = self.log(StandardErrorOutput(descriptor: terminal))
        for number in 0..<2000 { logger.info("a line like many others, number \(number)") }
        // What it was opened with stays as it was.
        #expect(fcntl(terminal, F_GETFL) & O_NONBLOCK == 0)
        var bytes = [UInt8](repeating: 0, count: 64)
        #expect(Glibc.read(reader, &bytes, bytes.count) > 0)
    }

    @Test func aFullDiskLosesTheLine() throws {
        let output = try FileOutput("/dev/full")
        let record = LogRecord(time: Self.noon, level: .info, message: "x", metadata: [:])
        #expect(!output.write(record, .text))
    }

    @Test func linesThatWereLostAreCounted() {
        let output = FailingOutput()
        let logger = self.log(output)
        output.fails.withLock { $0 = true }
        for _ in 0..<3 { logger.info("gone") }
        output.fails.withLock { $0 = false }
        logger.info("back")
        #expect(output.lines.withLock { $0 } == ["error: 3 lines of the log were lost", "back"])
    }

    @Test func theJournalIsKnownByTheDescriptorsFile() {
        let path = self.folder.write("journal", "")
        let other = self.folder.write("other", "")
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        defer { close(descriptor) }
        var status = stat()
        #expect(fstat(descriptor, &status) == 0)
        #expect(LogDestination.isJournal(descriptor, "\(status.st_dev):\(status.st_ino)"))
        #expect(stat(other, &status) == 0)
        for text in ["\(status.st_dev):\(status.st_ino)", "", ":", "1", "a:b", "1:2:3", nil] {
            #expect(!LogDestination.isJournal(descriptor, text))
        }
        #expect(LogDestination.ofService { _ in nil } != .journal)
    }
}

private final class FailingOutput: LogOutput {
    let fails = Mutex(false)
    let lines = Mutex<[String]>([])

    func write(_ record: LogRecord, _ format: LogFormat) -> Bool {
        guard !self.fails.withLock({ $0 }) else { return false }
        self.lines.withLock { $0.append(record.text) }
        return true
    }
}
