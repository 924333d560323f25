public import NIOCore
import SSHWire

extension ProxyHeader {
    /// proxy-protocol.txt §2.1: the longest line of version 1, its end included.
    private static let longestLine = 107
    /// The addresses and the vendor's extensions of version 2 together; real ones have a few hundred bytes.
    private static let longestBody = 4096
    private static let fixedLength = 16

    /// Takes a header of version 1 or 2 from the front of a buffer, and nothing behind it.
    ///
    /// - Returns: nil if there is only a part of it, of less than 4,112 bytes; then nothing is taken.
    /// - Throws: `protocolViolation` as soon as no header can come of it any more.
    public static func read(from buffer: inout ByteBuffer) throws -> ProxyHeader? {
        guard let first = buffer.getInteger(at: buffer.readerIndex, as: UInt8.self) else { return nil }
        return first == Self.signature[0]
            ? try self.readVersion2(from: &buffer) : try self.readVersion1(from: &buffer)
    }

    // MARK: Version 1

    private static func readVersion1(from buffer: inout ByteBuffer) throws -> ProxyHeader? {
        let start = buffer.readableBytesView.prefix(Self.longestLine)
        let keyword = "PROXY ".utf8
        guard zip(start, keyword).allSatisfy(==) else { throw SSHError.protocolViolation("no PROXY header") }
        guard let end = start.firstIndex(of: UInt8(ascii: "\n")) else {
            guard start.count < Self.longestLine else { throw Self.malformed("it is too long") }
            return nil
        }
        let line = start[..<end]
        guard line.last == UInt8(ascii: "\r") else { throw Self.malformed("its line does not end with CR LF") }
        let header = try self.parse(String(decoding: line.dropLast().dropFirst(keyword.count), as: UTF8.self))
        buffer.moveReaderIndex(forwardBy: line.count + 1)
        return header
    }

    /// `TCP4 SOURCE DESTINATION SOURCE-PORT DESTINATION-PORT`, or `UNKNOWN` and whatever follows.
    private static func parse(_ text: String) throws -> ProxyHeader {
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        if words[0] == "UNKNOWN" { return .unnamed }
        guard words.count == 5, words[0] == "TCP4" || words[0] == "TCP6" else {
            throw Self.malformed("it does not name two addresses")
        }
        let isIPv4 = words[0] == "TCP4"
        return .proxied(
            source: try self.address(words[1], port: words[3], isIPv4: isIPv4),
            destination: try self.address(words[2], port: words[4], isIPv4: isIPv4)
        )
    }

    private static func address(_ text: Substring, port: Substring, isIPv4: Bool) throws -> SocketAddress {
        // Leading zeroes are not allowed, for fear of octal numbers; a scope has no meaning on another machine.
        guard let number = UInt16(port), port.utf8.allSatisfy("0123456789".utf8.contains),
            port == "0" || port.first != "0",
            text.contains(":") != isIPv4, text.utf8.allSatisfy("0123456789abcdefABCDEF.:".utf8.contains),
            let address = try? SocketAddress(ipAddress: String(text), port: Int(number))
        else { throw Self.malformed("it has a wrong address or port") }
        return address
    }

    // MARK: Version 2

    private static func readVersion2(from buffer: inout ByteBuffer) throws -> ProxyHeader? {
        guard zip(buffer.readableBytesView, Self.signature).allSatisfy(==) else {
            throw SSHError.protocolViolation("no PROXY header")
        }
        var rest = buffer
        guard rest.readBytes(length: Self.signature.count) != nil,
            let (command, family, length) = rest.readMultipleIntegers(as: (UInt8, UInt8, UInt16).self)
        else { return nil }
        guard command & 0xf0 == Self.version, let command = Command(rawValue: command & 0x0f) else {
            throw Self.malformed("its version or command is unknown")
        }
        guard length <= Self.longestBody else { throw Self.malformed("it is too long") }
        // What the proxy says about itself has no meaning for anybody else, whatever it is.
        let addresses = command == .local ? Family.unspecified : Family(rawValue: family)
        guard let addresses, Int(length) >= addresses.addressLength else {
            throw Self.malformed("its address family is unknown, or too short")
        }
        guard var body = rest.readSlice(length: Int(length)) else { return nil }
        let header = try self.read(addresses, from: &body)
        buffer = rest
        return header
    }

    private static func read(_ family: Family, from body: inout ByteBuffer) throws -> ProxyHeader {
        let length: Int
        switch family {
        case .unspecified, .unixStream: return .unnamed
        case .tcp4: length = 4
        case .tcp6: length = 16
        }
        guard let source = body.readSlice(length: length), let destination = body.readSlice(length: length),
            let (sourcePort, destinationPort) = body.readMultipleIntegers(as: (UInt16, UInt16).self)
        else { throw Self.malformed("it is too short") }
        return .proxied(
            source: try SocketAddress(packedIPAddress: source, port: Int(sourcePort)),
            destination: try SocketAddress(packedIPAddress: destination, port: Int(destinationPort))
        )
    }

    private static func malformed(_ reason: String) -> SSHError {
        .protocolViolation("a malformed PROXY header: \(reason)")
    }
}
