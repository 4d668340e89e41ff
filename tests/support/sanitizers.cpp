// Part of every program of a sanitizer's preset, so that it runs by itself, whoever starts it. The
// suppressions are for code that is not ours; each says why it is there.

#include <dlfcn.h>

#include "support/sanitized.h"

#if defined(RTLD_DEEPBIND) && \
    (defined(FRONTALIS_ADDRESS_SANITIZER) || defined(FRONTALIS_THREAD_SANITIZER))
extern "C" void* __interceptor_dlopen(const char* file, int mode);

// OpenVINO's TBB opens its allocator and its binding library with RTLD_DEEPBIND, at which a
// sanitizer ends the program: such a library would bypass its malloc. Without the flag it does not.
extern "C" void* dlopen(const char* file, int mode) noexcept {
  return __interceptor_dlopen(file, mode & ~RTLD_DEEPBIND);
}

// Libraries stay, so that a report at the end can still name their functions.
extern "C" int dlclose(void*) noexcept { return 0; }
#endif

// Exit codes that no program of ours has, so that no test takes a report for an error it expects.
//
// OpenVINO puts an alternate signal stack of its own into the thread that loads it and releases it
// at its end; ASan would release the same when that thread ends, and the second release takes
// whatever lies there by then.
extern "C" const char* __asan_default_options() {
  return "exitcode=86:detect_stack_use_after_return=1:strict_string_checks=1:use_sigaltstack=0";
}

extern "C" const char* __ubsan_default_options() { return "print_stacktrace=1"; }

extern "C" const char* __tsan_default_options() {
  return "exitcode=87:halt_on_error=1:second_deadlock_stack=1";
}

// Not built with ThreadSanitizer: it sees their memory being allocated and freed, but not the
// atomics by which their threads agree.
extern "C" const char* __tsan_default_suppressions() {
  return "race:_dl_deallocate_tls\n"  // glibc: variables of a thread whose stack is used again
         "race:libavcodec.so\n"       // buffers of decoder threads, counted references
         "race:libavutil.so\n"
         "race:libopenvino\n"  // its executors and their clean-up at exit
         "race:libtbb\n"
         "race:libhwloc.so\n"  // topology, freed by TBB at exit
         "race:libudev.so\n"
         "race:libonnxruntime.so\n"              // its thread pool's tasks
         "called_from_lib:libcpp-httplib.so\n";  // its statics; our code that it calls is watched
}
