# `cmake --install`: a prefix that can be moved as a whole and needs neither the checkout nor .deps.
#   bin/frontalis, lib/libfrontalis.so, include/frontalis/, lib/cmake/frontalis/ (find_package)
#   lib/frontalis/           frontalis-inference, and OpenVINO and ONNX Runtime where they came from .deps
#   share/frontalis/packs/   the open pack, where set-up assembled it
# lib/ whatever the distribution calls it: the library finds the rest by the way from there.
include(CMakePackageConfigHelpers)

if(FRONTALIS_BUILD_CLI)
  install(TARGETS frontalis_cli RUNTIME DESTINATION bin)
endif()

install(TARGETS frontalis_inference RUNTIME DESTINATION lib/frontalis)

if(NOT FRONTALIS_SANITIZE)
  # Shared, so that who uses it needs nothing of what we link. Made of the static library's objects.
  set(no_source ${CMAKE_BINARY_DIR}/generated/shared.cpp)
  file(CONFIGURE OUTPUT ${no_source} CONTENT "// Everything comes from the static library.\n")
  add_library(frontalis_shared SHARED ${no_source})
  frontalis_compile_options(frontalis_shared)
  target_include_directories(frontalis_shared INTERFACE $<INSTALL_INTERFACE:include>)
  target_compile_features(frontalis_shared INTERFACE cxx_std_20)
  add_dependencies(frontalis_shared frontalis)
  set_target_properties(frontalis_shared PROPERTIES
    OUTPUT_NAME frontalis EXPORT_NAME frontalis VERSION ${PROJECT_VERSION}
    SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
  if(APPLE)
    target_link_libraries(frontalis_shared PRIVATE "-Wl,-force_load,$<TARGET_FILE:frontalis>" frontalis)
  else()
    # Only our own names leave the library, so that other versions of what we link do not clash.
    set(symbols ${CMAKE_SOURCE_DIR}/cmake/exported_symbols.map)
    target_link_options(frontalis_shared PRIVATE "-Wl,--version-script,${symbols}")
    set_target_properties(frontalis_shared PROPERTIES LINK_DEPENDS ${symbols})
    target_link_libraries(frontalis_shared PRIVATE
      "-Wl,--whole-archive,$<TARGET_FILE:frontalis>,--no-whole-archive" frontalis)
  endif()

  install(TARGETS frontalis_shared EXPORT frontalisTargets LIBRARY DESTINATION lib)
  install(DIRECTORY include/frontalis DESTINATION include FILES_MATCHING PATTERN "*.h")
  install(EXPORT frontalisTargets NAMESPACE frontalis:: DESTINATION lib/cmake/frontalis
    FILE frontalisConfig.cmake)
  write_basic_package_version_file(${CMAKE_BINARY_DIR}/generated/frontalisConfigVersion.cmake
    COMPATIBILITY SameMinorVersion)
  install(FILES ${CMAKE_BINARY_DIR}/generated/frontalisConfigVersion.cmake
    DESTINATION lib/cmake/frontalis)
endif()

install(DIRECTORY "${CMAKE_SOURCE_DIR}/data" DESTINATION share/frontalis)
install(FILES LICENSE THIRD_PARTY.md DESTINATION share/doc/frontalis)
if(EXISTS "${FRONTALIS_DEPS_DIR}/packs/open/manifest.json")
  install(DIRECTORY "${FRONTALIS_DEPS_DIR}/packs/open" DESTINATION share/frontalis/packs)
endif()

# The networks are ONNX, TFLite and OpenVINO's own format: other readers are left out.
cmake_path(IS_PREFIX FRONTALIS_DEPS_DIR "${OPENVINO_C_LIBRARY}" NORMALIZE openvino_is_ours)
if(openvino_is_ours)
  cmake_path(GET OPENVINO_C_LIBRARY PARENT_PATH openvino_libraries)
  install(DIRECTORY "${openvino_libraries}/" DESTINATION lib/frontalis
    FILES_MATCHING PATTERN "*.so*" PATTERN "*.dylib" PATTERN "cache.json"
    REGEX "_(gguf|jax|paddle|pytorch|tensorflow)_frontend" EXCLUDE)
  install(DIRECTORY "${FRONTALIS_DEPS_DIR}/openvino/licenses/"
    DESTINATION share/doc/frontalis/openvino OPTIONAL)
endif()
if(EXISTS "${FRONTALIS_DEPS_DIR}/onnxruntime/lib")
  install(DIRECTORY "${FRONTALIS_DEPS_DIR}/onnxruntime/lib/" DESTINATION lib/frontalis)
  install(DIRECTORY "${FRONTALIS_DEPS_DIR}/onnxruntime/licenses/"
    DESTINATION share/doc/frontalis/onnxruntime)
endif()
