#include "column_table.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <unordered_map>
#include <utility>

#include "errors.h"
#include "output/row_values.h"

namespace nb = nanobind;

// Arrow's C data interface, as its specification gives it.
extern "C" {
struct ArrowSchema {
  const char* format;
  const char* name;
  const char* metadata;
  std::int64_t flags;
  std::int64_t n_children;
  ArrowSchema** children;
  ArrowSchema* dictionary;
  void (*release)(ArrowSchema*);
  void* private_data;
};
struct ArrowArray {
  std::int64_t length;
  std::int64_t null_count;
  std::int64_t offset;
  std::int64_t n_buffers;
  std::int64_t n_children;
  const void** buffers;
  ArrowArray** children;
  ArrowArray* dictionary;
  void (*release)(ArrowArray*);
  void* private_data;
};
}

namespace frontalis::python {
namespace {

constexpr std::size_t kBlock = 64;  // rows kept as rows until they are dealt out to the columns
constexpr float kMissing = std::numeric_limits<float>::quiet_NaN();

/// Key-value pairs as Arrow lays them out: counts and lengths as int32, native order.
std::string arrowMetadata(const std::vector<std::pair<std::string, std::string>>& pairs) {
  std::string out;
  const auto number = [&out](std::size_t n) {
    const auto value = static_cast<std::int32_t>(n);
    out.append(reinterpret_cast<const char*>(&value), sizeof(value));
  };
  number(pairs.size());
  for (const auto& [key, value] : pairs) {
    number(key.size());
    out += key;
    number(value.size());
    out += value;
  }
  return out;
}

struct SchemaNode {
  std::string format, name, metadata;
  std::vector<ArrowSchema> children;
  std::vector<ArrowSchema*> pointers;
};

void releaseSchema(ArrowSchema* schema) {
  for (std::int64_t i = 0; i < schema->n_children; ++i) {
    if (schema->children[i]->release != nullptr) schema->children[i]->release(schema->children[i]);
  }
  delete static_cast<SchemaNode*>(schema->private_data);
  schema->release = nullptr;
}

void fillSchema(ArrowSchema& out, std::unique_ptr<SchemaNode> node) {
  for (ArrowSchema& child : node->children) node->pointers.push_back(&child);
  out = {};
  out.format = node->format.c_str();
  out.name = node->name.c_str();
  out.metadata = node->metadata.empty() ? nullptr : node->metadata.data();
  out.n_children = static_cast<std::int64_t>(node->children.size());
  out.children = node->pointers.data();
  out.release = releaseSchema;
  out.private_data = node.release();
}

struct ArrayNode {
  std::shared_ptr<const void> owner;
  std::vector<const void*> buffers;
  std::vector<ArrowArray> children;
  std::vector<ArrowArray*> pointers;
};

void releaseArray(ArrowArray* array) {
  for (std::int64_t i = 0; i < array->n_children; ++i) {
    if (array->children[i]->release != nullptr) array->children[i]->release(array->children[i]);
  }
  delete static_cast<ArrayNode*>(array->private_data);
  array->release = nullptr;
}

void fillArray(ArrowArray& out, std::int64_t length, std::unique_ptr<ArrayNode> node) {
  for (ArrowArray& child : node->children) node->pointers.push_back(&child);
  out = {};
  out.length = length;
  out.n_buffers = static_cast<std::int64_t>(node->buffers.size());
  out.buffers = node->buffers.data();
  out.n_children = static_cast<std::int64_t>(node->children.size());
  out.children = node->pointers.data();
  out.release = releaseArray;
  out.private_data = node.release();
}

// A capsule owns the struct; whoever imports it moves the content out and clears `release`.
template <class Struct>
nb::capsule capsuleOf(std::unique_ptr<Struct> content, const char* name) {
  return nb::capsule(content.release(), name, [](void* pointer) noexcept {
    auto* held = static_cast<Struct*>(pointer);
    if (held->release != nullptr) held->release(held);
    delete held;
  });
}

}  // namespace

struct ColumnTable::Data {
  Columns columns;
  bool named = false;
  bool given = false;
  std::size_t rows = 0;
  std::vector<std::int64_t> frame;
  std::vector<std::int32_t> face_id;
  std::vector<double> timestamp;
  std::vector<float> confidence;
  std::vector<std::uint8_t> success;  // bits, the first in the lowest
  std::vector<std::int32_t> name_ends{0};
  std::string names;
  std::vector<std::string> value_names;
  std::vector<std::vector<float>> values;
  std::vector<float> block;  // row after row: the columns one by one would miss the cache each

  void dealOut() {
    const std::size_t width = values.size();
    if (width == 0) return;
    const std::size_t count = block.size() / width;
    for (std::size_t c = 0; c < width; ++c) {
      std::vector<float>& column = values[c];
      const std::size_t start = column.size();
      column.resize(start + count);
      for (std::size_t r = 0; r < count; ++r) column[start + r] = block[r * width + c];
    }
    block.clear();
  }
};

ColumnTable::ColumnTable(const Columns& columns, bool named) : data_(std::make_shared<Data>()) {
  data_->columns = columns;
  data_->named = named;
  data_->value_names = valueNames(columns);
  data_->values.resize(data_->value_names.size());
}

std::size_t ColumnTable::rows() const { return data_->rows; }
const Columns& ColumnTable::columns() const { return data_->columns; }

void ColumnTable::append(const Row& row, std::string_view name) {
  Data& d = *data_;
  if (d.given) {
    throw CodedError({ErrorCode::kInvalidArgument, "the table was handed over already",
                      "Start another for more rows"});
  }
  if (d.named) {
    if (d.names.size() + name.size() > std::numeric_limits<std::int32_t>::max()) {
      throw CodedError({ErrorCode::kUnsupported, "more than 2 GiB of file names", {}});
    }
    d.names += name;
    d.name_ends.push_back(static_cast<std::int32_t>(d.names.size()));
  }
  d.frame.push_back(row.frame);
  d.face_id.push_back(row.face_id);
  d.timestamp.push_back(row.timestamp);
  d.confidence.push_back(row.confidence);
  if (d.rows % 8 == 0) d.success.push_back(0);
  if (row.success) {
    d.success.back() = static_cast<std::uint8_t>(d.success.back() | (1U << (d.rows % 8)));
  }
  const bool empty = !row.success && !d.columns.failed_keep_state;
  if (empty) {
    d.block.insert(d.block.end(), d.values.size(), kMissing);
  } else {
    forEachValue(row, d.columns, [&](float value, int) {
      d.block.push_back(std::isfinite(value) ? value : kMissing);
    });
  }
  if (d.rows % kBlock == kBlock - 1) d.dealOut();
  ++d.rows;
}

nb::object ColumnTable::toArrow(const std::string& meta) {
  if (data_->given) {
    throw CodedError({ErrorCode::kInvalidArgument, "the table was handed over already", {}});
  }
  data_->given = true;
  data_->dealOut();
  const auto length = static_cast<std::int64_t>(data_->rows);
  auto schemas = std::make_unique<SchemaNode>();
  auto arrays = std::make_unique<ArrayNode>();
  const std::size_t count = data_->values.size() + (data_->named ? 6 : 5);
  schemas->children.reserve(count);
  arrays->children.reserve(count);
  const auto add = [&](const std::string& name, const char* format,
                       std::vector<const void*> buffers) {
    auto schema = std::make_unique<SchemaNode>();
    schema->format = format;
    schema->name = name;
    if (const std::string unit = unitOf(name); !unit.empty()) {
      schema->metadata = arrowMetadata({{"unit", unit}});
    }
    fillSchema(schemas->children.emplace_back(), std::move(schema));
    auto array = std::make_unique<ArrayNode>();
    array->owner = data_;
    array->buffers = std::move(buffers);
    fillArray(arrays->children.emplace_back(), length, std::move(array));
  };
  const Data& d = *data_;
  if (d.named) add("file", "u", {nullptr, d.name_ends.data(), d.names.data()});
  add("frame", "l", {nullptr, d.frame.data()});
  add("face_id", "i", {nullptr, d.face_id.data()});
  add("timestamp", "g", {nullptr, d.timestamp.data()});
  add("confidence", "f", {nullptr, d.confidence.data()});
  add("success", "b", {nullptr, d.success.data()});
  for (std::size_t i = 0; i < d.values.size(); ++i) {
    add(d.value_names[i], "f", {nullptr, d.values[i].data()});
  }
  schemas->format = "+s";
  schemas->metadata = arrowMetadata({{"frontalis", meta}});
  arrays->owner = data_;
  arrays->buffers = {nullptr};

  auto schema = std::make_unique<ArrowSchema>();
  fillSchema(*schema, std::move(schemas));
  nb::capsule schema_capsule = capsuleOf(std::move(schema), "arrow_schema");
  auto array = std::make_unique<ArrowArray>();
  fillArray(*array, length, std::move(arrays));
  nb::capsule array_capsule = capsuleOf(std::move(array), "arrow_array");
  return nb::make_tuple(std::move(schema_capsule), std::move(array_capsule));
}

int decimalsOf(const std::string& name) {
  static const std::unordered_map<std::string, int> all = [] {  // immutable after the first call
    Columns every;
    every.gaze = every.landmarks_2d = every.landmarks_3d = every.shape = true;
    every.sides = every.au28 = every.blendshapes = true;
    std::vector<int> decimals;
    forEachValue(Row{}, every, [&](float, int n) { decimals.push_back(n); });
    std::unordered_map<std::string, int> map = {{"timestamp", 6}, {"confidence", 2}};
    const std::vector<std::string> names = valueNames(every);
    for (std::size_t i = 0; i < names.size(); ++i) map.emplace(names[i], decimals[i]);
    return map;
  }();
  const auto found = all.find(name);
  return found == all.end() ? -1 : found->second;
}

std::string unitOf(const std::string& name) {
  if (name == "timestamp") return "s";
  if (decimalsOf(name) < 0) return {};
  const auto begins = [&name](const char* prefix) { return name.starts_with(prefix); };
  if (begins("pose_T") || begins("X_") || begins("Y_") || begins("Z_")) return "mm";
  if (begins("eye_lmk_X") || begins("eye_lmk_Y") || begins("eye_lmk_Z")) return "mm";
  if (begins("x_") || begins("y_") || begins("eye_lmk_") || name == "p_tx" || name == "p_ty") {
    return "px";
  }
  if (begins("pose_R") || begins("gaze_angle") || begins("p_r")) return "rad";
  return name == "p_scale" ? "px/mm" : "";
}

}  // namespace frontalis::python
