#include "output/openface_details.h"

#include <system_error>

namespace frontalis {
namespace {

std::string plain(float value) {
  std::string text = std::to_string(value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

}  // namespace

std::string openFaceDetails(const ExtractRequest& request, const InputInfo& input,
                            const Columns& columns) {
  std::error_code ignored;
  const Camera camera = Camera::forImageSize(input.width, input.height);
  std::string text = "Input:" + request.input.string() + "\n";
  text += "Input full path:" + std::filesystem::absolute(request.input, ignored).string() + "\n";
  text += "Camera parameters:" + plain(camera.fx) + "," + plain(camera.fy) + "," +
          plain(camera.cx) + "," + plain(camera.cy) + "\n";
  if (!request.hog.empty()) text += "Output HOG:" + request.hog.filename().string() + "\n";
  if (!request.aligned_folder.empty()) {
    text += "Output aligned directory:" + request.aligned_folder.filename().string() + "\n";
  }
  text += "Output csv:" + request.output.filename().string() + "\n";
  const auto flag = [&](const char* name, bool on) {
    text += std::string(name) + ": " + (on ? "1" : "0") + "\n";
  };
  flag("Gaze", columns.gaze);
  flag("AUs", columns.intensity);
  flag("Landmarks 2D", columns.landmarks_2d);
  flag("Landmarks 3D", columns.landmarks_3d);
  flag("Pose", columns.pose);
  flag("Shape parameters", columns.shape);
  return text;
}

}  // namespace frontalis
