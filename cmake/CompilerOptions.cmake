# One place for language level, warnings, CPU level and sanitizers.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

# Every x86 processor since 2013 (Haswell) has this level; other architectures use their baseline.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  set(FRONTALIS_CPU "x86-64-v3" CACHE STRING "-march value; empty for the compiler's default")
else()
  set(FRONTALIS_CPU "" CACHE STRING "-march value; empty for the compiler's default")
endif()
set(FRONTALIS_SANITIZE "" CACHE STRING "Value for -fsanitize=, e.g. address,undefined or thread")

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()

function(frontalis_compile_options target)
  # Contraction off: a multiply-add stays two roundings, so results do not depend on the compiler.
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion
    -Wnon-virtual-dtor -Woverloaded-virtual -Werror -ffp-contract=off)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # GCC 12 reports false overflows and uninitialised reads inside its own and Eigen's headers.
    target_compile_options(${target} PRIVATE -Wno-maybe-uninitialized -Wno-array-bounds
      -Wno-stringop-overflow -Wno-stringop-overread -Wno-restrict)
  endif()
  if(FRONTALIS_CPU)
    target_compile_options(${target} PRIVATE -march=${FRONTALIS_CPU})
  endif()
  if(FRONTALIS_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${FRONTALIS_SANITIZE} -fno-omit-frame-pointer
      -fno-sanitize-recover=all)
    target_link_options(${target} PRIVATE -fsanitize=${FRONTALIS_SANITIZE})
  endif()
endfunction()
