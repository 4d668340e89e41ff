#pragma once

namespace frontalis::cli {

/// A few bytes of a file can make a library ask for any number of gigabytes. Allows this process
/// half of the machine's memory, at least 4 GiB, beyond what it has and its threads' stacks: then
/// such a file is an error, where it would have brought the machine to its knees. Nothing where
/// `ulimit -d` has set a limit, and on other systems than Linux, which count otherwise.
void limitMemory();
/// Takes back what limitMemory() set: drivers of devices reserve more than they use.
void liftMemoryLimit();

}  // namespace frontalis::cli
