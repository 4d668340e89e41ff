# cmake -D... -P install_test.cmake: what `cmake --install` made serves a stranger who has neither
# the checkout nor .deps: examples/ build against it by find_package, find its models and runtime,
# and agree with the installed program.
#   BUILD_DIR, EXAMPLES_DIR, WORK_DIR, SAMPLE, GENERATOR, CXX_COMPILER, BUILD_TYPE

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE code OUTPUT_VARIABLE out ERROR_VARIABLE err)
  if(NOT code EQUAL 0)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "${command}\nended with ${code}\n${out}\n${err}")
  endif()
  set(out "${out}" PARENT_SCOPE)
  set(err "${err}" PARENT_SCOPE)
endfunction()

# Variables that would lead to other models or another runtime.
unset(ENV{FRONTALIS_OPENVINO})
unset(ENV{LD_LIBRARY_PATH})
set(ENV{FRONTALIS_HOME} ${WORK_DIR}/no_home)

file(REMOVE_RECURSE ${WORK_DIR})
set(first ${WORK_DIR}/first)
run(${CMAKE_COMMAND} --install ${BUILD_DIR} --prefix ${first})
# A prefix is a whole: moved elsewhere it still works.
set(prefix ${WORK_DIR}/prefix)
file(RENAME ${first} ${prefix})

foreach(file bin/frontalis include/frontalis/extractor.h share/frontalis/packs/open/manifest.json
        share/frontalis/data/face68 share/doc/frontalis/LICENSE)
  if(NOT EXISTS ${prefix}/${file})
    message(FATAL_ERROR "${file} was not installed")
  endif()
endforeach()

run(${CMAKE_COMMAND} -S ${EXAMPLES_DIR} -B ${WORK_DIR}/examples -G ${GENERATOR}
  -DCMAKE_PREFIX_PATH=${prefix} -DCMAKE_CXX_COMPILER=${CXX_COMPILER} -DCMAKE_BUILD_TYPE=${BUILD_TYPE})
run(${CMAKE_COMMAND} --build ${WORK_DIR}/examples)

run(${prefix}/bin/frontalis extract --quiet ${SAMPLE} -o ${WORK_DIR}/table.csv)
file(STRINGS ${WORK_DIR}/table.csv table)
list(LENGTH table lines)
math(EXPR frames "${lines} - 1")

# glibc lists each library it loads.
run(${CMAKE_COMMAND} -E env LD_DEBUG=files ${WORK_DIR}/examples/extract_video ${SAMPLE})
string(REGEX MATCHALL "\n" rows "${out}")
list(LENGTH rows seen)
if(NOT seen EQUAL frames OR frames LESS 2)
  message(FATAL_ERROR "extract_video saw ${seen} frames, the table has ${frames}:\n${out}")
endif()
if(CMAKE_HOST_SYSTEM_NAME STREQUAL "Linux")
  file(GLOB runtime ${prefix}/lib/frontalis/libopenvino_c.*)
  if(runtime)
    get_filename_component(name ${runtime} NAME)
    if(NOT err MATCHES "${prefix}/lib/\\.\\./lib/frontalis/${name}")
      message(FATAL_ERROR "OpenVINO was not loaded from ${prefix}/lib/frontalis")
    endif()
  endif()
endif()

# The same frames, decoded by somebody else.
find_program(FFMPEG ffmpeg)
if(FFMPEG)
  set(raw ${WORK_DIR}/raw.bgr)
  run(${FFMPEG} -v error -i ${SAMPLE} -vf scale=640:360 -f rawvideo -pix_fmt bgr24 ${raw})
  execute_process(COMMAND ${WORK_DIR}/examples/live_frames 640 360 30 INPUT_FILE ${raw}
    RESULT_VARIABLE code OUTPUT_VARIABLE out ERROR_VARIABLE err)
  string(REGEX MATCHALL "AU12=" rows "${out}")
  list(LENGTH rows seen)
  if(NOT code EQUAL 0 OR NOT seen EQUAL frames)
    message(FATAL_ERROR "live_frames (${code}) saw ${seen} faces in ${frames} frames: ${err}")
  endif()
endif()

# With its own copy of a model damaged it refuses, so it was its own copy that it used.
file(APPEND ${prefix}/share/frontalis/packs/open/canonical_face.txt "# damaged\n")
execute_process(COMMAND ${WORK_DIR}/examples/extract_video ${SAMPLE} RESULT_VARIABLE code
  OUTPUT_QUIET ERROR_VARIABLE err)
if(code EQUAL 0 OR NOT err MATCHES "canonical_face.txt: model file is corrupt")
  message(FATAL_ERROR "a damaged model was used (${code}): ${err}")
endif()

file(REMOVE_RECURSE ${WORK_DIR})
