import Glibc
import SSHClient

exit(await ClientProgram.run(arguments: Array(CommandLine.arguments.dropFirst())))
