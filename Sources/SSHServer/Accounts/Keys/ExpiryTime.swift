import Glibc
import SSHConfiguration

/// `expiry-time=`: YYYYMMDD[HHMM[SS]], in UTC with `Z` or `UTC` behind it, else in the relay's local time.
enum ExpiryTime {
    /// - Returns: seconds since 1970.
    /// - Throws: `InvalidValue`.
    static func parse(_ text: String) throws -> UInt64 {
        let lowercased = text.asciiLowercased
        let suffix = lowercased.hasSuffix("z") ? 1 : lowercased.hasSuffix("utc") ? 3 : 0
        let digits = Array(text.utf8.dropLast(suffix))
        guard [8, 12, 14].contains(digits.count), digits.allSatisfy({ (48...57).contains($0) }) else {
            throw Self.invalid(text)
        }
        let padded = (digits + Array(repeating: 48, count: 14 - digits.count)).map { Int32($0 - 48) }
        let pair = { (index: Int) in padded[index] * 10 + padded[index + 1] }
        var time = tm()
        time.tm_year = pair(0) * 100 + pair(2) - 1900
        time.tm_mon = pair(4) - 1
        time.tm_mday = pair(6)
        time.tm_hour = pair(8)
        time.tm_min = pair(10)
        time.tm_sec = pair(12)
        guard (0...11).contains(time.tm_mon), (1...31).contains(time.tm_mday), time.tm_hour <= 23, time.tm_min <= 59,
            time.tm_sec <= 61
        else { throw Self.invalid(text) }
        // As in sshd, local time is standard time: no daylight saving is guessed.
        let seconds = suffix > 0 ? timegm(&time) : mktime(&time)
        guard let expiry = UInt64(exactly: seconds), expiry > 0 else { throw Self.invalid(text) }
        return expiry
    }

    private static func invalid(_ text: String) -> InvalidValue {
        InvalidValue("\"\(text)\" is not a time, expected YYYYMMDD[HHMM[SS]], with Z for UTC")
    }
}
