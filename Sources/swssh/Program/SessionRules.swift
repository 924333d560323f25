import SSHClient
import SSHWire

/// This program forwards and has no sessions: what ssh would do with one is refused or named.
enum SessionRules {
    static func check(_ line: ClientCommandLine, _ configuration: ClientConfiguration, _ log: ClientLog) throws {
        let forwards = configuration.localForwards + configuration.remoteForwards + configuration.dynamicForwards
        guard configuration.sessionType != .none else { return }
        guard line.command.isEmpty, configuration.sessionType == .default else {
            throw SSHError(.invalidConfiguration, "swssh only forwards and runs no command: use -N")
        }
        guard !forwards.isEmpty || configuration.standardInputForward != nil else {
            throw SSHError(.invalidConfiguration, "swssh only forwards and has no shell: use -N with -L, -R or -D")
        }
        log.info("Warning: there is no shell here: going on as with -N.")
    }
}
