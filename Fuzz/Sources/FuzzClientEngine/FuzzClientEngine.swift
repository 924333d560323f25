import FuzzSupport
import NIOCore
import SSHProtocol

/// Bytes from the network into a client. The first byte says how they are cut.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzClientEngine(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let input = UnsafeBufferPointer(start: start, count: count)
    guard let first = input.first, var engine = try? Engines.makeClient() else { return 0 }
    var rest = input.dropFirst()
    while !rest.isEmpty {
        let piece = rest.prefix(Int(first) + 1)
        rest = rest.dropFirst(piece.count)
        engine.receive(ByteBuffer(bytes: piece), now: Engines.start)
        do {
            try Engines.drain(&engine)
            _ = try engine.takeOutput(limit: 1 << 16, now: Engines.start)
        } catch {
            engine.fail(error)
            return 0
        }
    }
    return 0
}

@main
enum FuzzClientEngine {
    static func main() {
        FuzzDriver.run { fuzzClientEngine($0, $1) }
    }
}
