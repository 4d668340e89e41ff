# Helpers that every folder's CMakeLists.txt uses.

# Folders that FRONTALIS_UNITY compiles as one file each: names in their unnamed namespaces differ.
set(FRONTALIS_UNITY_FOLDERS util inference models shape face/clnf)

# frontalis_sources(a.cpp b.cpp): adds sources of this folder to the library.
function(frontalis_sources)
  cmake_path(RELATIVE_PATH CMAKE_CURRENT_SOURCE_DIR BASE_DIRECTORY ${CMAKE_SOURCE_DIR}/src
    OUTPUT_VARIABLE folder)
  string(MAKE_C_IDENTIFIER ${folder} group)
  foreach(source ${ARGN})
    target_sources(frontalis PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/${source})
    if(FRONTALIS_UNITY AND folder IN_LIST FRONTALIS_UNITY_FOLDERS)
      set_property(SOURCE ${source} TARGET_DIRECTORY frontalis PROPERTY UNITY_GROUP ${group})
    endif()
  endforeach()
endfunction()

# frontalis_embed(out.cpp kNameA a.html kNameB b.js): texts as `const std::string_view kNameA` in the
# library, from files of this folder or absolute paths; whoever uses them declares them extern.
function(frontalis_embed output)
  set(FRONTALIS_EMBEDDED "")
  while(ARGN)
    list(POP_FRONT ARGN name file)
    cmake_path(ABSOLUTE_PATH file BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
    file(READ ${file} text)
    string(APPEND FRONTALIS_EMBEDDED
      "extern const std::string_view ${name};\nconst std::string_view ${name} = R\"embedded(${text})embedded\";\n")
  endwhile()
  set(generated ${CMAKE_BINARY_DIR}/generated/${output})
  configure_file(${CMAKE_SOURCE_DIR}/cmake/embedded.cpp.in ${generated} @ONLY)
  target_sources(frontalis PRIVATE ${generated})
endfunction()

set(FRONTALIS_TEST_TIMEOUT 300)  # s

# What makes a sanitizer get along with the libraries we use. Tests take ten times as long then.
if(FRONTALIS_SANITIZE)
  set(FRONTALIS_TEST_TIMEOUT 1500)
  add_library(frontalis_sanitizers OBJECT ${CMAKE_SOURCE_DIR}/tests/support/sanitizers.cpp)
  frontalis_compile_options(frontalis_sanitizers)
  target_include_directories(frontalis_sanitizers PRIVATE ${CMAKE_SOURCE_DIR}/tests)
endif()

function(frontalis_internal_program target)
  frontalis_compile_options(${target})
  if(FRONTALIS_SANITIZE)
    target_link_libraries(${target} PRIVATE frontalis_sanitizers)
  endif()
  frontalis_link_dependencies(${target})
  target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR})
  target_link_libraries(${target} PRIVATE frontalis)
  target_compile_definitions(${target} PRIVATE
    FRONTALIS_SHARED_DIR="${FRONTALIS_SHARED_DIR}"
    FRONTALIS_DEPS_DIR="${FRONTALIS_DEPS_DIR}")
endfunction()

# frontalis_tests(NAME a_test.cpp b_test.cpp): one GoogleTest program for a folder.
function(frontalis_tests name)
  if(NOT FRONTALIS_BUILD_TESTS)
    return()
  endif()
  find_package(GTest REQUIRED)
  include(GoogleTest)
  set(target frontalis_${name}_test)
  add_executable(${target} ${ARGN})
  frontalis_internal_program(${target})
  # What is tested is optimised all the same; the tests around it would take longer to build.
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O1>)
  target_link_libraries(${target} PRIVATE frontalis_test_support GTest::gtest GTest::gtest_main)
  # Temporary files of the tests stay in the build folder: two checkouts may test at once.
  file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/tmp)
  gtest_discover_tests(${target} TEST_PREFIX ${name}. DISCOVERY_TIMEOUT 60
    PROPERTIES TIMEOUT ${FRONTALIS_TEST_TIMEOUT} ENVIRONMENT
      "TEST_TMPDIR=${CMAKE_BINARY_DIR}/tmp;FRONTALIS_CACHE=${CMAKE_BINARY_DIR}/tmp/cache")
endfunction()

# frontalis_benchmark(NAME a_bench.cpp): one Google Benchmark program, in build/<preset>/bench.
function(frontalis_benchmark name)
  if(NOT FRONTALIS_BUILD_BENCH)
    return()
  endif()
  find_package(benchmark REQUIRED)
  set(target ${name}_bench)
  add_executable(${target} ${ARGN})
  frontalis_internal_program(${target})
  target_link_libraries(${target} PRIVATE benchmark::benchmark benchmark::benchmark_main)
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
endfunction()
