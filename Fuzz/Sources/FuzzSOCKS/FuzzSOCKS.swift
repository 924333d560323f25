import FuzzSupport
import NIOCore
import SSHClient

/// SOCKS requests. However the bytes are cut (the first one says how), the answers are the same, and no more is held than the limit
/// says.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzSOCKS(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let input = UnsafeBufferPointer(start: start, count: count)
    guard let first = input.first else { return 0 }
    let bytes = ByteBuffer(bytes: input.dropFirst())
    let whole = Answers(bytes, pieceLength: max(bytes.readableBytes, 1))
    let pieces = Answers(bytes, pieceLength: Int(first) + 1)
    guard whole.replies == pieces.replies, whole.request?.host == pieces.request?.host,
        whole.request?.port == pieces.request?.port, whole.refusal == pieces.refusal
    else { fatalError("cut: \(pieces), whole: \(whole)") }
    if let request = whole.request {
        guard request.port > 0, (1...255).contains(request.host.utf8.count),
            request.host.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
        else { fatalError("a request for \(request.host) port \(request.port)") }
        _ = (request.successReply(), request.failureReply(.general))
    }
    return 0
}

private struct Answers {
    var replies: [ByteBuffer] = []
    var request: SOCKSRequest?
    var refusal: String?

    init(_ bytes: ByteBuffer, pieceLength: Int) {
        var negotiation = SOCKSNegotiation()
        var (rest, waiting) = (bytes, 0)
        while self.request == nil, self.refusal == nil {
            guard let piece = rest.readSlice(length: min(pieceLength, rest.readableBytes)), piece.readableBytes > 0
            else { return }
            negotiation.receive(piece)
            waiting += piece.readableBytes
            actions: while true {
                switch negotiation.next() {
                case .needMore: break actions
                case .reply(let reply):
                    self.replies.append(reply)
                    waiting = 0
                case .connect(let request): self.request = request
                case .refuse(let reply, let reason):
                    self.replies.append(reply)
                    self.refusal = reason
                }
            }
            if self.request == nil, self.refusal == nil, waiting > SOCKSNegotiation.bufferLimit {
                fatalError("\(waiting) bytes of a request are held")
            }
        }
    }
}

@main
enum FuzzSOCKS {
    static func main() {
        FuzzDriver.run { fuzzSOCKS($0, $1) }
    }
}
