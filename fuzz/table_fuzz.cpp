#include "face/landmark_file.h"
#include "fuzz/input.h"
#include "output/face_table.h"
#include "util/csv_table.h"

using namespace frontalis;

/// Tables of OpenFace's kind: read by columns, as landmarks, and for pictures and reports.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Result<CsvTable> table = CsvTable::parse(std::string(fuzz::bytes(data, size)), "input");
  if (table.ok()) {
    for (std::size_t row = 0; row < table->rows(); ++row) {
      for (std::size_t column = 0; column < table->header().size(); ++column) {
        (void)table->number(row, column);
      }
    }
  }
  const fuzz::MemoryFile file(data, size);
  if (Result<LandmarkFile> landmarks = LandmarkFile::read(file.path()); landmarks.ok()) {
    Frame frame;
    for (; frame.index < 4; ++frame.index) (void)landmarks->locate(frame);
  }
  if (const Result<FaceTable> faces = FaceTable::read(file.path(), true); faces.ok()) {
    for (std::size_t row = 0; row < faces->rows(); ++row) (void)faces->row(row);
  }
  return 0;
}
