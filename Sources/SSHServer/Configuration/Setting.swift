/// A configured value and the line that set it: `settings.gatewayPorts` is the value, `settings.$gatewayPorts.rule` the line.
@propertyWrapper
public struct Setting<Value: Sendable>: Sendable {
    public var wrappedValue: Value
    /// nil for the built-in default.
    public var rule: Rule?

    public init(wrappedValue: Value) {
        self.wrappedValue = wrappedValue
    }

    public var projectedValue: Setting<Value> {
        get { self }
        set { self = newValue }
    }

    /// The first value wins.
    mutating func setOnce(_ value: Value, by rule: Rule) {
        guard self.rule == nil else { return }
        self.wrappedValue = value
        self.rule = rule
    }

    /// The first line replaces the default, later ones add to it.
    mutating func append<Element>(_ elements: [Element], by rule: Rule) where Value == [Element] {
        if self.rule == nil {
            self.wrappedValue = elements
            self.rule = rule
        } else {
            self.wrappedValue += elements
        }
    }
}
