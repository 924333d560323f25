/// `list,connect` as it stands behind `--commands`.
enum CommandList {
    static func words(_ text: String?) -> [String] {
        text?.split(separator: ",", omittingEmptySubsequences: false).map(String.init) ?? []
    }
}
