import FuzzSupport
import SSHCrypto
import SSHWire

/// Files of RevokedKeys: lists in the binary format, and lines of keys. What is read once is read again with a section or a
/// line more, which revokes a key that nothing in the file can let off.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzKeyRevocationList(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    tryReading(input)
    // The magic takes long to guess.
    tryReading(KeyRevocationList.magic + [0, 0, 0, 1] + Array(repeating: 0, count: 32) + input)
    return 0
}

private func tryReading(_ bytes: [UInt8]) {
    guard let file = try? RevokedKeyFile(bytes) else { return }
    guard let certificate = try? Certificate(openSSHLine: certificateLine) else { fatalError("a certificate is none") }
    if file.revokes(key: certificate.key.blob), !file.revokes(certificate) {
        fatalError("a revoked key is let in with a certificate")
    }
    let isList = bytes.starts(with: KeyRevocationList.magic)
    let addition = isList ? section(certificate.key.blob) : Array("\n\(certificate.key.openSSHText)\n".utf8)
    guard let longer = try? RevokedKeyFile(bytes + addition) else {
        fatalError("a file cannot be read with one key more")
    }
    guard longer.revokes(certificate) else { fatalError("a revoked key is let in") }
}

/// A section of one plain key.
private func section(_ blob: [UInt8]) -> [UInt8] {
    var keys = WireWriter()
    keys.writeString(blob)
    var writer = WireWriter()
    writer.writeByte(2)
    writer.writeString(keys.bytes)
    return writer.bytes
}

/// Of the key and the authority that the corpus names.
private let certificateLine = """
    ssh-ed25519-cert-v01@openssh.com \
    AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAAIHssktsa6RGSL0XPqHLoO77yOxz9gPeQAAkHEXPgTL1dAAAA\
    IIE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOUAAAAAAAAAE0AAAABAAAACGRldmljZS0xAAAACQAAAAVhbGljZQAAAAAA\
    AAAA//////////8AAAAAAAAAggAAABVwZXJtaXQtWDExLWZvcndhcmRpbmcAAAAAAAAAF3Blcm1pdC1hZ2VudC1mb3J3YXJkaW5n\
    AAAAAAAAABZwZXJtaXQtcG9ydC1mb3J3YXJkaW5nAAAAAAAAAApwZXJtaXQtcHR5AAAAAAAAAA5wZXJtaXQtdXNlci1yYwAAAAAA\
    AAAAAAAAMwAAAAtzc2gtZWQyNTUxOQAAACCKiOPddAnxlf1S2y08ul1yymcJvx2UEhvzdIgBtA9vXAAAAFMAAAALc3NoLWVkMjU1\
    MTkAAABA/DnGjDzqXnnB4MFtRNBjQZ5ModAfqq7k80GMx+ZJGtYK3cWxy2ldELgk0jkig+HflTIX0DabwU5wpT1qilEaAA==
    """

@main
enum FuzzKeyRevocationList {
    static func main() {
        FuzzDriver.run { fuzzKeyRevocationList($0, $1) }
    }
}
