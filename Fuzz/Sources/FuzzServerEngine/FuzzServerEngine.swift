import FuzzSupport
import NIOCore
import SSHProtocol

/// Bytes from the network into a server that nobody has logged in to. The first byte says how they are cut.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzServerEngine(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let input = UnsafeBufferPointer(start: start, count: count)
    guard let first = input.first, var engine = try? Engines.makeServer() else { return 0 }
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
enum FuzzServerEngine {
    static func main() {
        FuzzDriver.run { fuzzServerEngine($0, $1) }
    }
}
