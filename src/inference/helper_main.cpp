// frontalis-inference: a process of its own for what may hang or crash. Started by the library
// only.

#include <unistd.h>

#include "inference/helper.h"

int main() {
  const int code = frontalis::serveInference(frontalis::kHelperSocket, frontalis::makeLocalRuntime);
  ::_exit(code);  // a runtime's own clean-up at exit has been seen to crash
}
