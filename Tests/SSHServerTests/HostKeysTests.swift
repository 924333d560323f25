import Foundation
import SSHCrypto
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

    @Test(arguments: ["rsa", "ecdsa"])
    func aHostKeyOfAnotherTypeIsAProblemThatSaysWhy(type: String) throws {
        Self.generate(["-t", type, "-f", "\(self.folder.path)/\(type)"])
        let keys = try self.load("HostKey DIR/\(type)")
        #expect(keys.keys.count == 1)
        let problem = try #require(keys.problems.first)
        #expect(problem.contains("\(self.folder.path)/\(type)"))
        #expect(problem.contains("ed25519"), "\(problem)")
    }
}
