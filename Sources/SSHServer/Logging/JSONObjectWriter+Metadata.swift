import Logging
import SSHSystem

extension JSONObjectWriter {
    mutating func add(_ name: String, _ value: Logger.MetadataValue) {
        guard self.begin(name) else { return }
        self.write(value)
    }

    private mutating func write(_ value: Logger.MetadataValue) {
        switch value {
        case .string(let text):
            self.write(text)
        case .stringConvertible(let value):
            switch value {
            case let flag as Bool: self.write(raw: flag ? "true" : "false")
            case let number as any BinaryInteger: self.write(raw: "\(number)")
            case let number as Double where number.isFinite: self.write(raw: "\(number)")
            default: self.write("\(value)")
            }
        case .array(let values):
            self.writeList(values) { $0.write($1) }
        case .dictionary(let members):
            var object = JSONObjectWriter()
            for (name, value) in members.sorted(by: { $0.key < $1.key }) { object.add(name, value) }
            self.write(raw: object.text)
        }
    }
}
