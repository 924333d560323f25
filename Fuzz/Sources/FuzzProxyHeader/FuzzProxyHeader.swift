import FuzzSupport
import NIOCore
import SSHForwarding

/// PROXY headers. However the bytes are cut (the first one says how), the answer is the same; only the header is taken; and
/// what is read can be written and read again.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzProxyHeader(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let input = UnsafeBufferPointer(start: start, count: count)
    guard let first = input.first else { return 0 }
    let bytes = ByteBuffer(bytes: input.dropFirst())
    let whole = Answer(bytes)
    var received = ByteBuffer()
    var rest = bytes
    var pieces = Answer(received)
    while case .incomplete = pieces, rest.readableBytes > 0 {
        guard var piece = rest.readSlice(length: min(Int(first) + 1, rest.readableBytes)) else { break }
        received.writeBuffer(&piece)
        pieces = Answer(received)
        if case .incomplete = pieces, received.readableBytes >= 4112 { fatalError("a header of more than 4,112 bytes") }
    }
    guard pieces == whole else { fatalError("cut: \(pieces), whole: \(whole)") }
    guard case .header(let header, _) = whole else { return 0 }
    let written = header.version2
    guard case .header(let again, let length) = Answer(written), length == written.readableBytes,
        again.version2 == written
    else { fatalError("\(header) does not read what it writes") }
    return 0
}

/// What the reader makes of bytes, and how many it takes.
private enum Answer: Equatable {
    case incomplete
    case malformed
    case header(ProxyHeader, Int)

    init(_ bytes: ByteBuffer) {
        var rest = bytes
        do {
            guard let header = try ProxyHeader.read(from: &rest) else {
                self = .incomplete
                return
            }
            self = .header(header, bytes.readableBytes - rest.readableBytes)
        } catch {
            self = .malformed
        }
    }
}

@main
enum FuzzProxyHeader {
    static func main() {
        FuzzDriver.run { fuzzProxyHeader($0, $1) }
    }
}
