import NIOCore
import SSHWire
import Testing

private let samples: [SessionRequest] = [
    .pseudoTerminal(
        PseudoTerminal(
            type: "xterm-256color",
            size: TerminalSize(columns: 80, rows: 24, pixelWidth: 640, pixelHeight: 480),
            modes: ByteBuffer(bytes: [53, 0, 0, 0, 1, 0])
        )
    ),
    .x11Forwarding(ByteBuffer(bytes: [0])),
    .agentForwarding,
    .environment(name: ByteBuffer(string: "LANG"), value: ByteBuffer(bytes: [0xff, 0x80])),
    .shell,
    .execute(command: ByteBuffer(bytes: Array("echo ".utf8) + [0xe4])),
    .subsystem(name: "sftp"),
    .windowChange(TerminalSize(columns: 132, rows: 43)),
    .flowControl(byClient: true),
    .signal(name: "TERM"),
    .exitStatus(255),
    .exitSignal(ExitSignal(name: "SEGV", dumpedCore: true, message: "core dumped")),
    .breakOperation(milliseconds: 500),
    .endOfWrite,
    .other(name: "x@example.org", data: ByteBuffer(bytes: [1, 2, 3])),
]

struct SessionRequestTests {
    @Test(arguments: samples) func itsFieldsComeBackAsTheyWere(request: SessionRequest) throws {
        #expect(try SessionRequest(name: request.name, data: request.data) == request)
    }

    @Test(arguments: samples) func noneIsReadFromFieldsThatAreCutOff(request: SessionRequest) {
        switch request {
        // Their fields are not read here.
        case .x11Forwarding, .other: return
        default: break
        }
        let data = request.data
        for length in 0..<data.readableBytes {
            let cut = data.getSlice(at: data.readerIndex, length: length) ?? ByteBuffer()
            #expect(throws: (any Error).self) { try SessionRequest(name: request.name, data: cut) }
        }
    }

    @Test func theFieldsAreThoseOfTheRFC() {
        // RFC 4254 §6.10.
        #expect(SessionRequest.exitStatus(1).data == ByteBuffer(bytes: [0, 0, 0, 1]))
        #expect(SessionRequest.subsystem(name: "sftp").data == ByteBuffer(bytes: [0, 0, 0, 4] + Array("sftp".utf8)))
    }
}
