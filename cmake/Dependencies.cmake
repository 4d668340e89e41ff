find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(LIBAV REQUIRED IMPORTED_TARGET
  libavformat>=59 libavcodec>=59 libavutil>=57 libswscale>=6 libavdevice>=59)
find_package(Eigen3 3.4 REQUIRED NO_MODULE)
find_package(nlohmann_json 3.10 REQUIRED)
find_package(spdlog REQUIRED)
find_package(ZLIB REQUIRED)

# OpenVINO lives in the wheel that scripts/setup.sh unpacked; a system installation serves too.
# Only its C headers are used here: the library itself is opened at run time, when first needed.
find_package(OpenVINO REQUIRED COMPONENTS Runtime HINTS "${FRONTALIS_DEPS_DIR}/openvino/cmake")
get_target_property(OPENVINO_INCLUDE_DIRS openvino::runtime::c INTERFACE_INCLUDE_DIRECTORIES)
get_target_property(OPENVINO_C_LIBRARY openvino::runtime::c IMPORTED_LOCATION_RELEASE)
get_filename_component(OPENVINO_C_FILE "${OPENVINO_C_LIBRARY}" NAME)

# ONNX Runtime is optional. The header alone decides: the library is opened at run time. What set-up
# adds later is noticed by the folder of its stamps.
if(IS_DIRECTORY "${FRONTALIS_DEPS_DIR}/stamps")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${FRONTALIS_DEPS_DIR}/stamps")
endif()
find_path(ONNXRUNTIME_INCLUDE_DIR onnxruntime_c_api.h PATHS "${FRONTALIS_DEPS_DIR}/onnxruntime/include"
  PATH_SUFFIXES onnxruntime)
find_library(ONNXRUNTIME_LIBRARY onnxruntime HINTS "${FRONTALIS_DEPS_DIR}/onnxruntime/lib")
if(ONNXRUNTIME_INCLUDE_DIR)
  set(FRONTALIS_WITH_ONNXRUNTIME ON)
  message(STATUS "ONNX Runtime: ${ONNXRUNTIME_INCLUDE_DIR}, ${ONNXRUNTIME_LIBRARY}")
else()
  set(FRONTALIS_WITH_ONNXRUNTIME OFF)
  message(STATUS "ONNX Runtime: no headers, so --runtime onnxruntime is left out (scripts/setup.sh --test)")
endif()

# Only the core and imgproc packages are used, so OpenCV's own CMake config (in its full package) may be absent.
find_path(OPENCV_INCLUDE_DIR opencv2/imgproc.hpp PATH_SUFFIXES opencv4 REQUIRED)
find_library(OPENCV_CORE_LIBRARY opencv_core REQUIRED)
find_library(OPENCV_IMGPROC_LIBRARY opencv_imgproc REQUIRED)
add_library(frontalis_opencv INTERFACE)
target_include_directories(frontalis_opencv SYSTEM INTERFACE "${OPENCV_INCLUDE_DIR}")
target_link_libraries(frontalis_opencv INTERFACE "${OPENCV_IMGPROC_LIBRARY}" "${OPENCV_CORE_LIBRARY}")

# Third-party headers are SYSTEM so that our warnings stay ours.
function(frontalis_link_dependencies target)
  foreach(dependency Eigen3::Eigen nlohmann_json::nlohmann_json spdlog::spdlog)
    get_target_property(directories ${dependency} INTERFACE_INCLUDE_DIRECTORIES)
    target_include_directories(${target} SYSTEM PRIVATE ${directories})
  endforeach()
  target_include_directories(${target} SYSTEM PRIVATE ${OPENVINO_INCLUDE_DIRS})
  target_compile_definitions(${target} PRIVATE EIGEN_MPL2_ONLY)
  target_link_libraries(${target} PRIVATE PkgConfig::LIBAV Eigen3::Eigen nlohmann_json::nlohmann_json
    spdlog::spdlog ZLIB::ZLIB Threads::Threads frontalis_opencv ${CMAKE_DL_LIBS})
endfunction()
