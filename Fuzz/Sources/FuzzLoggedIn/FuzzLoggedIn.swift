import FuzzSupport
import NIOCore
import SSHCrypto
@_spi(Testing) import SSHProtocol

/// Messages of a user who is logged in: an honest client logs in to a server in memory, then its packets carry the input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzLoggedIn(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard var server = try? Engines.makeServer(), var client = try? Engines.makeClient() else { return 0 }
    do {
        try logIn(&client, &server)
    } catch {
        fatalError("an honest client cannot log in: \(error)")
    }
    var rest = UnsafeBufferPointer(start: start, count: count)[...]
    do {
        // A length byte, then so many bytes of one payload.
        while let length = rest.popFirst() {
            let payload = rest.prefix(Int(length))
            rest = rest.dropFirst(payload.count)
            guard !payload.isEmpty else { continue }
            try client.sendRaw(ByteBuffer(bytes: payload))
            server.receive(try client.takeOutput(limit: 1 << 16, now: Engines.start), now: Engines.start)
            try Engines.drain(&server)
            _ = try server.takeOutput(limit: 1 << 16, now: Engines.start)
        }
    } catch {
        server.fail(error)
    }
    return 0
}

private func logIn(_ client: inout Engine, _ server: inout Engine) throws {
    for _ in 0..<20 where !(client.isAuthenticated && server.isAuthenticated) {
        server.receive(try client.takeOutput(limit: 1 << 16, now: Engines.start), now: Engines.start)
        try Engines.drain(&server)
        client.receive(try server.takeOutput(limit: 1 << 16, now: Engines.start), now: Engines.start)
        try Engines.drain(&client)
    }
    guard client.isAuthenticated, server.isAuthenticated else { throw NotLoggedIn() }
}

private struct NotLoggedIn: Error {}

@main
enum FuzzLoggedIn {
    static func main() {
        FuzzDriver.run { fuzzLoggedIn($0, $1) }
    }
}
