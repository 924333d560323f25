import SSHTestFixtures
import Testing

@testable import SSHCrypto

/// The certificate device-1 with the serial number 77, put to lists of any kind. What is expected is what `ssh-keygen -Q`
/// says, and that is asked where it is installed.
struct KeyRevocationListTests {
    typealias List = RevocationListMaker

    enum Answer: Int32 {
        case leavesAlone = 0
        case revokes = 1
        /// Nobody may log in then.
        case isUnreadable = 255
    }

    private static func answer(_ bytes: [UInt8]) throws -> Answer {
        let certificate = try CertificateMaker().certificate
        guard let list = try? KeyRevocationList(bytes) else { return .isUnreadable }
        return list.revokes(certificate) ? .revokes : .leavesAlone
    }

    private static let authority = CertificateMaker.authority.publicKey
    private static let key = CertificateMaker.key

    static let lists: [(name: String, bytes: [UInt8], answer: Answer)] = [
        ("nothing", List.list(), .leavesAlone),
        ("serial", List.list(List.certificates(List.serials(3, 77))), .revokes),
        ("other serials", List.list(List.certificates(List.serials(76, 78))), .leavesAlone),
        ("no serials", List.list(List.certificates(List.serials())), .leavesAlone),
        ("serial 0", List.list(List.certificates(List.serials(0))), .isUnreadable),
        ("half a serial", List.list(List.certificates(List.section(0x20, [0, 0, 0, 77]))), .isUnreadable),
        ("range", List.list(List.certificates(List.range(70, .max))), .revokes),
        ("range of one", List.list(List.certificates(List.range(77, 77))), .revokes),
        ("other range", List.list(List.certificates(List.range(78, .max), List.range(1, 76))), .leavesAlone),
        (
            "overlapping ranges",
            List.list(List.certificates(List.range(1, 50), List.range(20, 90), List.range(30, 40))), .revokes
        ),
        ("range from 0", List.list(List.certificates(List.range(0, 5))), .isUnreadable),
        ("range backwards", List.list(List.certificates(List.range(9, 5))), .isUnreadable),
        ("range with more", List.list(List.certificates(List.range(9, 15) + [])), .leavesAlone),
        (
            "two ranges in one",
            List.list(
                List.certificates(
                    List.section(0x21, Array(List.range(1, 2).dropFirst(5)) + Array(List.range(3, 4).dropFirst(5)))
                )
            ), .isUnreadable
        ),
        ("bitmap", List.list(List.certificates(List.bitmap(70, [0, 0x80]))), .revokes),
        ("other bitmap", List.list(List.certificates(List.bitmap(70, [1, 0]))), .leavesAlone),
        ("empty bitmap", List.list(List.certificates(List.bitmap(70, []))), .leavesAlone),
        ("empty bitmap from 0", List.list(List.certificates(List.bitmap(0, []))), .leavesAlone),
        ("bitmap with serial 0", List.list(List.certificates(List.bitmap(0, [1]))), .isUnreadable),
        ("bitmap from 0 without it", List.list(List.certificates(List.bitmap(0, [2]))), .leavesAlone),
        ("negative bitmap", List.list(List.certificates(List.bitmap(70, [0x80]))), .isUnreadable),
        ("bitmap beyond the end", List.list(List.certificates(List.bitmap(.max, [2]))), .isUnreadable),
        ("bitmap up to the end", List.list(List.certificates(List.bitmap(.max, [1]))), .leavesAlone),
        ("padded bitmap", List.list(List.certificates(List.bitmap(70, [0, 0, 0, 0x80]))), .revokes),
        (
            "largest bitmap",
            List.list(List.certificates(List.bitmap(70, [0, 0x80] + Array(repeating: 0, count: 2047)))), .leavesAlone
        ),
        (
            "too large a bitmap", List.list(List.certificates(List.bitmap(70, [1] + Array(repeating: 0, count: 2048)))),
            .isUnreadable
        ),
        (
            "bitmap with more",
            List.list(List.certificates(List.section(0x22, Array(List.bitmap(7, [1]).dropFirst(5)) + [0]))),
            .isUnreadable
        ),
        (
            "identifier", List.list(List.certificates(List.identifiers(Array("x".utf8), Array("device-1".utf8)))),
            .revokes
        ),
        (
            "identifier with NUL at its end", List.list(List.certificates(List.identifiers(Array("device-1\0".utf8)))),
            .revokes
        ),
        (
            "identifier with NUL", List.list(List.certificates(List.identifiers(Array("device-1\0x".utf8)))),
            .isUnreadable
        ),
        (
            "other identifiers", List.list(List.certificates(List.identifiers(Array("device-".utf8), [], [0xff]))),
            .leavesAlone
        ),
        ("unknown subsection", List.list(List.certificates(List.section(0x24))), .isUnreadable),
        ("by the authority", List.list(List.certificates(by: Self.authority.blob, List.serials(77))), .revokes),
        ("by another authority", List.list(List.certificates(by: Self.key.blob, List.serials(77))), .leavesAlone),
        (
            "by two authorities",
            List.list(
                List.certificates(by: Self.key.blob),
                List.certificates(by: Self.authority.blob, List.serials(77))
            ), .revokes
        ),
        (
            "twice by one authority",
            List.list(
                List.certificates(by: Self.authority.blob, List.serials(1)),
                List.certificates(by: Self.authority.blob, List.serials(77))
            ), .revokes
        ),
        ("by no authority at all", List.list(List.certificates(by: [1, 2, 3], List.serials(77))), .isUnreadable),
        (
            "by an authority with more", List.list(List.certificates(by: Self.authority.blob + [0], List.serials(77))),
            .isUnreadable
        ),
        ("header of certificates cut", List.list(List.section(1, List.string([]))), .isUnreadable),
        ("key", List.list(List.section(2, List.string(Self.key.blob))), .revokes),
        ("authority as a key", List.list(List.section(2, List.string(Self.authority.blob))), .revokes),
        (
            "key twice",
            List.list(List.section(2, List.string(Self.key.blob)), List.section(2, List.string(Self.key.blob))),
            .revokes
        ),
        ("any bytes as a key", List.list(List.section(2, List.string([1, 2]) + List.string([]))), .leavesAlone),
        ("no keys", List.list(List.section(2)), .leavesAlone),
        ("key cut", List.list(List.section(2, Array(List.string(Self.key.blob).dropLast()))), .isUnreadable),
        ("SHA-1", List.list(List.section(3, List.string(SHA1Digest.hash(Self.key.blob)))), .revokes),
        ("short SHA-1", List.list(List.section(3, List.string([1, 2, 3, 4]))), .isUnreadable),
        ("SHA-256", List.list(List.section(5, List.string(SHA256Digest.hash(Self.authority.blob)))), .revokes),
        ("SHA-1 for SHA-256", List.list(List.section(5, List.string(SHA1Digest.hash(Self.key.blob)))), .isUnreadable),
        ("unknown section", List.list(List.section(6)), .isUnreadable),
        ("section 0", List.list(List.section(0)), .isUnreadable),
        ("one byte more", List.list() + [0], .isUnreadable),
        ("header cut", Array(List.list().dropLast()), .isUnreadable),
        ("magic alone", KeyRevocationList.magic, .isUnreadable),
        ("version 2", Array(List.list().prefix(11)) + [2] + Array(List.list().dropFirst(12)), .isUnreadable),
        ("section that claims 4 GiB", List.list([2, 255, 255, 255, 255]), .isUnreadable),
        ("later wrong section", List.list(List.section(2, List.string(Self.key.blob)), List.section(9)), .isUnreadable),
    ]

    @Test(arguments: Self.lists.map(\.name))
    func listIsReadAsOpenSSHReadsIt(_ name: String) throws {
        let list = try #require(Self.lists.first { $0.name == name })
        #expect(try Self.answer(list.bytes) == list.answer)
    }

    @Test(.enabled(if: KeyGenerator.isInstalled))
    func sshKeygenSaysTheSameOfEveryList() throws {
        let generator = try KeyGenerator()
        try generator.writeCertificate()
        for list in Self.lists {
            try generator.write(list.bytes, to: "list")
            let status = try generator.status("-Q", "-f", "list", "certificate.pub")
            #expect(Answer(rawValue: status) == list.answer, "\(list.name)")
        }
    }

    /// Sound lists with a byte changed, taken away or put in.
    @Test(.enabled(if: KeyGenerator.isInstalled))
    func sshKeygenSaysTheSameOfDamagedLists() throws {
        let generator = try KeyGenerator()
        try generator.writeCertificate()
        let random = SeededRandom(seed: 9)
        let whole = Self.lists.filter { $0.answer != .isUnreadable && $0.bytes.count > 60 }
        for number in 0..<400 {
            let choice = random.randomBytes(4).map(Int.init)
            let list = whole[number % whole.count]
            var bytes = list.bytes
            let place = 8 + (choice[0] << 8 | choice[1]) % (bytes.count - 8)
            switch choice[2] % 3 {
            case 0: bytes[place] = UInt8(choice[3])
            case 1: bytes.remove(at: place)
            default: bytes.insert(UInt8(choice[3] % 4), at: place)
            }
            // Extensions came after the version that is installed.
            try generator.write(bytes, to: "list")
            let expected = Answer(rawValue: try generator.status("-Q", "-f", "list", "certificate.pub"))
            #expect(try Self.answer(bytes) == expected, "\(list.name) \(place) \(choice)")
        }
    }

    /// As OpenSSH 9.2 has it; later versions do not look at signatures.
    @Test func signatureMustBeRightAndTheLast() throws {
        let list = List.list(List.section(2, List.string(CertificateMaker.otherKey.blob)))
        let signer = CertificateMaker.privateKey(4)
        let signed = try List.signing(list, by: signer)
        #expect(try Self.answer(signed) == .leavesAlone)
        #expect(try Self.answer(try List.signing(signed, by: CertificateMaker.privateKey(5))) == .leavesAlone)
        #expect(try Self.answer(try List.signing(signed, by: signer)) == .isUnreadable)
        #expect(try Self.answer(signed + List.section(2)) == .isUnreadable)
        #expect(try Self.answer(Array(signed.dropLast()) + [0]) == .isUnreadable)
        let damaged = Array(signed[..<20]) + [1] + Array(signed[21...])
        #expect(try Self.answer(damaged) == .isUnreadable)
        let own = List.list(List.section(2, List.string(signer.publicKey.blob)))
        #expect(try Self.answer(try List.signing(own, by: signer)) == .isUnreadable)
    }

    @Test(.enabled(if: KeyGenerator.isInstalled))
    func sshKeygenSaysTheSameOfSignatures() throws {
        let generator = try KeyGenerator()
        try generator.writeCertificate()
        let list = List.list(List.section(2, List.string(CertificateMaker.otherKey.blob)))
        let signed = try List.signing(list, by: CertificateMaker.privateKey(4))
        for bytes in [signed, signed + List.section(2), Array(signed.dropLast()) + [signed.last == 0 ? 1 : 0]] {
            try generator.write(bytes, to: "list")
            let expected = Answer(rawValue: try generator.status("-Q", "-f", "list", "certificate.pub"))
            #expect(try Self.answer(bytes) == expected)
        }
    }

    /// PROTOCOL.krl of OpenSSH 9.4.
    @Test func extensionsThatAreNotCriticalAreIgnored() throws {
        let content = List.string(Array("x@example.com".utf8)) + [0] + List.string([1])
        let critical = List.string(Array("x@example.com".utf8)) + [1] + List.string([1])
        #expect(try Self.answer(List.list(List.section(255, content))) == .leavesAlone)
        #expect(try Self.answer(List.list(List.section(255, content + [0]))) == .isUnreadable)
        #expect(try Self.answer(List.list(List.section(255, critical))) == .isUnreadable)
        #expect(try Self.answer(List.list(List.certificates(List.section(0x39, content)))) == .leavesAlone)
        #expect(try Self.answer(List.list(List.certificates(List.section(0x39, critical)))) == .isUnreadable)
    }

    /// The serial number 0 says that the authority numbers nothing.
    @Test func certificateWithoutASerialNumberIsRevokedByItsIdentifierOnly() throws {
        var maker = CertificateMaker()
        maker.serial = 0
        let certificate = try maker.certificate
        let all = try KeyRevocationList(List.list(List.certificates(List.range(1, .max), List.bitmap(0, [2]))))
        #expect(!all.revokes(certificate))
        let named = try KeyRevocationList(List.list(List.certificates(List.identifiers(Array("device-1".utf8)))))
        #expect(named.revokes(certificate))
    }

    @Test func everySerialNumberOfABitmapIsTheRightOne() throws {
        // 1000, 1001, 1008, 1015, 1023.
        let list = try KeyRevocationList(List.list(List.certificates(List.bitmap(1000, [0x00, 0x80, 0x81, 0x03]))))
        var revoked: [UInt64] = []
        for serial in UInt64(990)...1040 {
            var maker = CertificateMaker()
            maker.serial = serial
            if list.revokes(try maker.certificate) { revoked.append(serial) }
        }
        #expect(revoked == [1000, 1001, 1008, 1015, 1023])
    }
}

extension KeyGenerator {
    /// The certificate of `CertificateMaker`, as certificate.pub.
    func writeCertificate() throws {
        let certificate = try CertificateMaker().certificate
        try self.write("\(certificate.type) \(Base64.encode(certificate.blob)) x\n".utf8, to: "certificate.pub")
    }
}
