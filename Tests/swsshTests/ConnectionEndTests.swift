import SSHWire
import Testing

@testable import swssh

/// The line that a user reads when a connection ends.
struct ConnectionEndTests {
    private static func line(_ error: SSHError, isLoggedIn: Bool = false, host: String = "relay") -> String {
        ConnectionEnd(host: host, port: 2222, user: "amy", isLoggedIn: isLoggedIn).sentence(error)
    }

    @Test func aRefusedLoginNamesUserAndHost() {
        let error = SSHError(.authenticationFailed, "Permission denied (publickey).")
        #expect(Self.line(error) == "amy@relay: Permission denied (publickey).")
    }

    @Test func aConnectionThatTheServerClosedIsSaidAsSSHSaysIt() {
        let error = SSHError.connectionClosed()
        #expect(Self.line(error, isLoggedIn: true) == "Connection to relay closed by remote host.")
        #expect(Self.line(error).contains("relay:2222 ended before login"))
    }

    @Test func aConnectionThatWasResetIsALostOne() {
        let error = SSHError(.connectionReset, "Connection reset by peer")
        #expect(Self.line(error, isLoggedIn: true) == "Connection to relay closed by remote host.")
        #expect(Self.line(error) == "Connection to relay:2222 ended before login: Connection reset by peer")
    }

    @Test func theServersGoodbyeIsSaidAsSSHSaysIt() {
        let error = SSHError(
            disconnect: Disconnect(reason: .protocolError, message: "Too many authentication failures")
        )
        #expect(Self.line(error) == "Received disconnect from relay port 2222:2: Too many authentication failures")
    }

    @Test func aDeadServerIsATimeout() {
        let error = SSHError(.timedOut, "no answer")
        #expect(Self.line(error, isLoggedIn: true) == "Timeout, server relay not responding.")
    }

    @Test func aRejectedHostKeyIsNamedAsSuch() {
        let line = Self.line(SSHError(.hostKeyRejected, "the key is revoked"))
        #expect(line == "relay:2222: Host key verification failed: the key is revoked")
    }

    @Test func anIPv6AddressStandsInBrackets() {
        #expect(Self.line(SSHError(.protocolViolation, "nonsense"), host: "::1") == "[::1]:2222: nonsense")
    }
}
