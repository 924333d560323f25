import Foundation
import Logging
import SSHCrypto
import SSHProtocol
import SSHTestFixtures
import SSHWire
import Testing

@testable import SSHServer

struct HostKeysTests {
    private let folder = TemporaryFolder()

    init() {
        Self.generate(["-t", "ed25519", "-f", "\(self.folder.path)/host"])
        Self.generate(["-t", "ed25519", "-f", "\(self.folder.path)/other"])
        Self.generate(["-t", "ed25519", "-f", "\(self.folder.path)/authority"])
    }

    private static func generate(_ arguments: [String]) {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/ssh-keygen")
        process.arguments = ["-q"] + (arguments.contains("-s") ? [] : ["-N", ""]) + arguments
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return }
        process.waitUntilExit()
    }

    private func certify(_ name: String, _ arguments: String...) {
        Self.generate(
            ["-s", "\(self.folder.path)/authority", "-I", "test"] + arguments + ["\(self.folder.path)/\(name).pub"]
        )
    }

    private func load(_ lines: String, now: UInt64 = 1_700_000_000) throws -> HostKeys {
        let text = lines.replacing("DIR", with: self.folder.path)
        return HostKeys(try ServerConfiguration.parsing("HostKey \(self.folder.path)/host\n" + text), now: now)
    }

    @Test func aCertificateOfAHostKeyIsTaken() throws {
        self.certify("host", "-h", "-n", "a.example")
        let keys = try self.load("HostCertificate DIR/host-cert.pub")
        #expect(keys.problems == [])
        #expect(keys.certificates.map(\.principals) == [["a.example"]])
        #expect(keys.certificates.first?.key == keys.keys.first?.publicKey)
    }

    @Test func theLastCertificateOfAKeyHolds() throws {
        self.certify("host", "-h", "-n", "a.example")
        let first = try String(contentsOfFile: "\(self.folder.path)/host-cert.pub", encoding: .utf8)
        self.folder.write("first-cert.pub", first)
        self.certify("host", "-h", "-n", "b.example")
        let keys = try self.load("HostCertificate DIR/first-cert.pub\nHostCertificate DIR/host-cert.pub")
        #expect(keys.certificates.map(\.principals) == [["b.example"]])
    }

    @Test func aCertificateOfAnotherKeyIsAProblem() throws {
        self.certify("other", "-h", "-n", "a.example")
        let keys = try self.load("HostCertificate DIR/other-cert.pub")
        #expect(keys.certificates.isEmpty)
        #expect(keys.problems == ["No matching private key for certificate: \(self.folder.path)/other-cert.pub"])
    }

    @Test func aUserCertificateIsAProblem() throws {
        self.certify("host", "-n", "a.example")
        let keys = try self.load("HostCertificate DIR/host-cert.pub")
        #expect(keys.certificates.isEmpty)
        #expect(keys.problems == ["Certificate file is not a host certificate: \(self.folder.path)/host-cert.pub"])
    }

    @Test(arguments: ["missing", "host.pub", "empty", "large", "folder", "spoiled"])
    func aFileThatHoldsNoCertificateIsAProblemThatNamesIt(name: String) throws {
        self.folder.write("empty", "")
        self.folder.write("large", String(repeating: "x", count: 100_000))
        self.folder.makeFolder("folder")
        self.certify("host", "-h", "-n", "a.example")
        let good = try String(contentsOfFile: "\(self.folder.path)/host-cert.pub", encoding: .utf8)
        self.folder.write("spoiled", String(good.prefix(good.utf8.count / 2)))
        let keys = try self.load("HostCertificate DIR/\(name)")
        #expect(keys.certificates.isEmpty)
        let problem = try #require(keys.problems.first)
        #expect(problem.contains("\(self.folder.path)/\(name)"))
        #expect(keys.keys.count == 1)
    }

    @Test func aCertificateThatConvincesNobodyIsSaidToBeSo() throws {
        self.certify("host", "-h", "-n", "a.example", "-V", "20200101000000Z:20210101000000Z")
        let lines = "HostCertificate DIR/host-cert.pub"
        #expect(try self.load(lines, now: 1_577_836_799).problems.first?.contains("not valid yet") == true)
        #expect(try self.load(lines, now: 1_577_836_800).problems == [])
        #expect(try self.load(lines, now: 1_609_459_200).problems.first?.contains("expired") == true)
        self.certify("host", "-h")
        #expect(try self.load(lines).problems.first?.contains("names no host") == true)
    }

    @Test(
        arguments: [("rsa", "2048"), ("ecdsa", "256"), ("ecdsa", "384"), ("ecdsa", "521")],
        ["RFC4716", "PEM", "PKCS8"]
    )
    func aHostKeyOfEachTypeAndFormIsTakenWithItsCertificate(key: (type: String, bits: String), form: String) throws {
        Self.generate(["-t", key.type, "-b", key.bits, "-m", form, "-f", "\(self.folder.path)/key"])
        self.certify("key", "-h", "-n", "a.example")
        let keys = try self.load("HostKey DIR/key\nHostCertificate DIR/key-cert.pub")
        #expect(keys.problems == [])
        #expect(keys.keys.count == 2)
        let line = try String(contentsOfFile: "\(self.folder.path)/key.pub", encoding: .utf8)
        #expect(try keys.keys.last?.publicKey == PublicKey(openSSHLine: line))
        #expect(keys.certificates.first?.key == keys.keys.last?.publicKey)
    }

    @Test func aHostKeyShorterThanRequiredRSASizeIsAProblemThatSaysWhy() throws {
        Self.generate(["-t", "rsa", "-b", "1024", "-f", "\(self.folder.path)/short"])
        let keys = try self.load("HostKey DIR/short")
        #expect(keys.keys.count == 1)
        let problem = try #require(keys.problems.first)
        #expect(problem.contains("\(self.folder.path)/short") && problem.contains("1024 bits"), "\(problem)")
        #expect(try self.load("RequiredRSASize 1024\nHostKey DIR/short").keys.count == 2)
    }

    @Test func aHostKeyThatOthersCanReadIsAProblem() throws {
        Self.generate(["-t", "ecdsa", "-f", "\(self.folder.path)/open"])
        try #require(chmod("\(self.folder.path)/open", 0o640) == 0)
        let keys = try self.load("HostKey DIR/open")
        #expect(keys.keys.count == 1)
        #expect(keys.problems.first?.contains("too open") == true)
    }

    @Test func aConfigurationUnderWhichNoAlgorithmIsLeftIsRefusedWithItsLine() throws {
        Self.generate(["-t", "rsa", "-b", "2048", "-f", "\(self.folder.path)/rsa"])
        func rules(_ lines: String) throws -> RelayRules {
            let text = lines.replacing("DIR", with: self.folder.path)
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            return try RelayRules(configuration: try ServerConfiguration.parsing(text), logger: logger)
        }
        let error = #expect(throws: SSHError.self) { try rules("HostKey DIR/host\nHostKeyAlgorithms rsa-sha2-*") }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.reason.contains("line 2: HostKeyAlgorithms: ") == true, "\(error.debugDescription)")
        #expect(throws: SSHError.self) {
            try rules("HostKey DIR/host\nHostKeyAlgorithms ssh-ed25519-cert-v01@openssh.com")
        }
        #expect(throws: SSHError.self) { try rules("HostKey DIR/rsa\nHostKeyAlgorithms -rsa-*") }
        let rsa = try rules("HostKey DIR/rsa\nHostKeyAlgorithms rsa-sha2-256")
        #expect(rsa.engine.offeredHostKeyAlgorithms == ["rsa-sha2-256"])
        let both = try rules("HostKey DIR/rsa\nHostKey DIR/host")
        #expect(both.engine.offeredHostKeyAlgorithms == ["ssh-ed25519", "rsa-sha2-512", "rsa-sha2-256"])
    }
}
