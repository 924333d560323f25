import Glibc
import SSHServer

enum Terminal {
    /// Columns for people where standard output is a terminal, else for programs.
    static func write(_ table: OperatorTable) {
        for line in isatty(STDOUT_FILENO) == 1 ? table.aligned : table.tabbed { print(line) }
    }
}
