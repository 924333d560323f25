import Glibc
import SSHSystem

/// A service that datagrams are sent to.
package final class DatagramReceiver: Sendable {
    package let name: String
    private let descriptor: Int32

    /// - Parameter name: a path, or with a leading `@` an abstract name. It must be free.
    package init?(_ name: String) {
        guard let address = UnixAddress(name) else { return nil }
        self.name = name
        self.descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard self.descriptor >= 0, address.bind(self.descriptor) else { return nil }
    }

    deinit {
        close(self.descriptor)
    }

    /// What has been sent so far, one text per datagram.
    package func received() -> [String] {
        var texts: [String] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = recv(self.descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            guard count >= 0 else { return texts }
            texts.append(String(decoding: buffer[..<count], as: UTF8.self))
        }
    }
}
