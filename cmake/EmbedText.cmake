# frontalis_embed_text(OUTPUT.cpp FUNCTION FILE): a source whose `std::string_view FUNCTION()` in
# namespace frontalis gives the file's text. Editing the file configures and builds again.
function(frontalis_embed_text output function file)
  file(READ "${file}" text)
  file(CONFIGURE OUTPUT "${output}" CONTENT "#include <string_view>

namespace frontalis {
std::string_view ${function}();
std::string_view ${function}() {
  return R\"embedded(${text})embedded\";
}
}  // namespace frontalis
" @ONLY)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${file}")
endfunction()
