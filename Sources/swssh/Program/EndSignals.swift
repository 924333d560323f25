import Dispatch
import Glibc

/// SIGINT, SIGTERM, SIGHUP and SIGQUIT, which end the program in good order.
///
/// One that was ignored when the program began stays so: a shell script's `swssh ... &` outlives the interrupt from the terminal, and
/// under nohup(1) it outlives the terminal.
struct EndSignals {
    /// Those of them that were not ignored: programs that this one starts get them as they were.
    static let numbers: [Int32] = {
        let ignored = Self.ignored()
        return [SIGINT, SIGTERM, SIGHUP, SIGQUIT].filter { ignored & 1 << UInt64($0 - 1) == 0 }
    }()

    private let sources: [any DispatchSourceSignal]

    init(_ onSignal: @escaping @Sendable (Int32) -> Void) {
        self.sources = Self.numbers.map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { onSignal(number) }
            source.resume()
            return source
        }
    }

    func cancel() {
        for source in self.sources { source.cancel() }
    }

    /// Ends the program as if it had never heard of the signal.
    static func die(of number: Int32) {
        signal(number, SIG_DFL)
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, number)
        pthread_sigmask(SIG_UNBLOCK, &signals, nil)
        raise(number)
    }

    /// A bit for each signal, as proc(5) has it.
    private static func ignored() -> UInt64 {
        guard let file = fopen("/proc/self/status", "re") else { return 0 }
        defer { fclose(file) }
        var text = [CChar](repeating: 0, count: 256)
        while fgets(&text, CInt(text.count), file) != nil {
            let line = String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            guard line.hasPrefix("SigIgn:") else { continue }
            return UInt64(line.dropFirst("SigIgn:".count).filter { !$0.isWhitespace }, radix: 16) ?? 0
        }
        return 0
    }
}
