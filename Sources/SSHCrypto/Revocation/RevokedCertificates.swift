import NIOCore
import SSHWire

/// The certificates of one authority that are revoked.
struct RevokedCertificates: Sendable {
    /// Serial numbers; after `finish`, in order and apart from one another.
    private var ranges: [ClosedRange<UInt64>] = []
    private var bitmaps: [Bitmap] = []
    private var keyIdentifiers: Set<[UInt8]> = []

    /// Serial numbers from `first` on: a bit each, the lowest of the last byte first, as in a number.
    private struct Bitmap {
        let first: UInt64
        let bytes: [UInt8]

        /// As in OpenSSH, which reads it as a number of at most 16,384 bits.
        static let byteLimit = 2048

        func contains(_ serial: UInt64) -> Bool {
            guard serial >= self.first, let index = Int(exactly: serial - self.first), index / 8 < self.bytes.count
            else {
                return false
            }
            return self.bytes[self.bytes.count - 1 - index / 8] >> UInt8(index % 8) & 1 == 1
        }
    }

    mutating func read(from section: inout WireReader) throws {
        while section.remaining > 0 {
            let type = try section.readByte()
            var entries = WireReader(try section.readString())
            switch type {
            case 0x20:
                while entries.remaining > 0 {
                    let serial = try entries.readUInt64()
                    try self.insert(serial, serial)
                }
            case 0x21:
                try self.insert(try entries.readUInt64(), try entries.readUInt64())
            case 0x22:
                try self.readBitmap(&entries)
            case 0x23:
                while entries.remaining > 0 {
                    self.keyIdentifiers.insert(try KeyRevocationList.readCString(&entries))
                }
            case 0x39:
                try KeyRevocationList.readExtension(&entries)
            default:
                throw KeyRevocationList.malformed("has certificates by the unknown type \(type)")
            }
            try entries.expectEnd()
        }
    }

    /// 0 says that an authority numbers nothing, so nothing is revoked by it.
    private mutating func insert(_ first: UInt64, _ last: UInt64) throws {
        guard first > 0, first <= last else {
            throw KeyRevocationList.malformed("has a range of serial numbers from \(first) to \(last)")
        }
        self.ranges.append(first...last)
    }

    private mutating func readBitmap(_ entries: inout WireReader) throws {
        let first = try entries.readUInt64()
        var bytes = try entries.readString().readableBytesView[...]
        guard bytes.first.map({ $0 & 0x80 == 0 }) ?? true else {
            throw KeyRevocationList.malformed("has a bitmap that is a negative number")
        }
        let isPadded = bytes.count == Bitmap.byteLimit + 1 && bytes.first == 0
        guard bytes.count <= Bitmap.byteLimit || isPadded else {
            throw KeyRevocationList.malformed("has a bitmap of \(bytes.count) bytes")
        }
        bytes = bytes.drop { $0 == 0 }
        guard let top = bytes.first, let lowest = bytes.last else { return }
        let highest = UInt64(bytes.count * 8 - top.leadingZeroBitCount - 1)
        guard !first.addingReportingOverflow(highest).overflow else {
            throw KeyRevocationList.malformed("has a bitmap that goes beyond the last serial number")
        }
        guard first > 0 || lowest & 1 == 0 else {
            throw KeyRevocationList.malformed("has a bitmap with the serial number 0")
        }
        self.bitmaps.append(Bitmap(first: first, bytes: Array(bytes)))
    }

    /// Everything has been read.
    mutating func finish() {
        self.ranges.sort { $0.lowerBound < $1.lowerBound }
        var merged: [ClosedRange<UInt64>] = []
        for range in self.ranges {
            if let last = merged.last, range.lowerBound <= last.upperBound {
                merged[merged.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                merged.append(range)
            }
        }
        self.ranges = merged
    }

    func contain(_ certificate: Certificate) -> Bool {
        self.keyIdentifiers.contains(Array(certificate.keyIdentifier.utf8)) || self.contain(serial: certificate.serial)
    }

    func contain(serial: UInt64) -> Bool {
        var (low, high) = (0, self.ranges.count)
        while low < high {
            let middle = (low + high) / 2
            if self.ranges[middle].upperBound < serial { low = middle + 1 } else { high = middle }
        }
        return low < self.ranges.count && self.ranges[low].contains(serial)
            || self.bitmaps.contains { $0.contains(serial) }
    }
}
