#include "memory/index.h"

// Without this the library prefetches through the word behind each link list: a read past the end
// that AddressSanitizer reports. It also switches its own distances off; ours below does as well.
#define NO_MANUAL_VECTORIZATION
#include <hnswlib/hnswlib.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <unordered_map>

#include "base/failpoint.h"
#include "base/hash.h"
#include "memory/fair_mutex.h"
#include "memory/files.h"
#include "memory/sealed.h"

namespace memory {
namespace {

using base::Error;
using base::ErrorCode;
namespace fs = std::filesystem;
using Graph = hnswlib::HierarchicalNSW<float>;

// hnswlib's own advice for a few hundred dimensions; measured recall stands in DEPENDENCIES.md
// section 5.
constexpr std::size_t kLinks = 16;
constexpr std::size_t kBuildWidth = 200;
constexpr std::size_t kSearchWidth = 128;
constexpr std::size_t kFirstCapacity = 256;
constexpr double kNormTolerance = 1e-3;
constexpr const char* kNoteName = "index.note";

// 1 - inner product, which for vectors of norm 1 is 1 - cosine. Four sums of four, whatever the
// processor could do beyond, so that one index gives the same answers on every machine.
float distance_of(const void* left, const void* right, const void* size) {
  using Four [[gnu::vector_size(16)]] = float;
  constexpr std::size_t kLanes = 4, kStep = 16;
  const auto* a = static_cast<const float*>(left);
  const auto* b = static_cast<const float*>(right);
  const std::size_t count = *static_cast<const std::size_t*>(size);
  std::array<Four, kLanes> sums{};
  std::size_t i = 0;
  for (; i + kStep <= count; i += kStep) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      Four x, y;
      std::memcpy(&x, a + i + lane * sizeof(Four) / sizeof(float), sizeof x);
      std::memcpy(&y, b + i + lane * sizeof(Four) / sizeof(float), sizeof y);
      sums[lane] += x * y;
    }
  }
  const Four sum = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  float product = (sum[0] + sum[1]) + (sum[2] + sum[3]);
  for (; i < count; ++i) product += a[i] * b[i];
  return 1.0F - product;
}

class CosineSpace final : public hnswlib::SpaceInterface<float> {
 public:
  explicit CosineSpace(std::size_t dimensions) : dimensions_(dimensions) {}
  std::size_t get_data_size() override { return dimensions_ * sizeof(float); }
  hnswlib::DISTFUNC<float> get_dist_func() override { return distance_of; }
  void* get_dist_func_param() override { return &dimensions_; }

 private:
  std::size_t dimensions_;
};

bool is_unit(std::span<const float> vector) {
  double squares = 0;
  for (const float x : vector) squares += static_cast<double>(x) * static_cast<double>(x);
  return std::abs(std::sqrt(squares) - 1.0) <= kNormTolerance;  // False for NaN and infinity.
}

bool more_similar(const Neighbour& a, const Neighbour& b) {
  return a.similarity != b.similarity ? a.similarity > b.similarity : a.label > b.label;
}

// The library writes without looking whether the disk took it, so the length is worked out here.
std::size_t saved_bytes(const Graph& graph) {
  std::size_t bytes = 6 * sizeof(std::size_t) + sizeof(int) + sizeof(hnswlib::tableint) +
                      3 * sizeof(std::size_t) + sizeof(double) + sizeof(std::size_t);
  bytes += graph.cur_element_count * (graph.size_data_per_element_ + sizeof(unsigned int));
  for (std::size_t i = 0; i < graph.cur_element_count; ++i) {
    bytes += static_cast<std::size_t>(std::max(0, graph.element_levels_[i])) *
             graph.size_links_per_element_;
  }
  return bytes;
}

void remove_other_indexes(const fs::path& directory, const std::string& keep) {
  std::error_code ignored;  // A leftover costs space only.
  for (const auto& entry : fs::directory_iterator(directory, ignored)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("index-") && name.ends_with(".hnsw") && name != keep)
      fs::remove(entry.path(), ignored);
  }
}

Error damaged(const fs::path& path, const std::string& why) {
  return {ErrorCode::corrupt, "load " + path.string() + ": " + why};
}

base::Result<IndexNote> read_note_file(const fs::path& path) {
  auto text = read_file(path);
  if (!text) return text.error();
  const auto sealed = read_sealed(*text);
  if (!sealed) return sealed.error().in("load " + path.string());
  if (sealed->lines.size() != 1 || sealed->length != text->size())
    return damaged(path, "not one whole line");
  return decode_note(sealed->lines[0].payload);
}

}  // namespace

struct VectorIndex::Impl {
  using Point = hnswlib::tableint;  // Of the graph, numbered from 0; it is hnswlib's label as well.

  Impl(std::string_view name, std::size_t size) : model(name), dimensions(size), space(size) {}

  const std::string model;
  const std::size_t dimensions;
  CosineSpace space;
  mutable FairMutex mutex;  // Guards: everything below.
  std::unique_ptr<Graph> graph;
  std::vector<std::vector<std::int64_t>> labels_of;  // By point; empty when all moved away.
  std::unordered_map<std::int64_t, Point> point_of;  // By label.
  std::unordered_multimap<std::uint64_t, Point> points_by_hash;  // Of the vector's bytes.
  std::size_t unlabelled = 0;                                    // Points without labels.

  std::string_view bytes_of(Point point) const {
    return {graph->getDataByInternalId(point), dimensions * sizeof(float)};
  }
  std::optional<Point> find_equal(std::string_view bytes) const {
    const auto [first, last] = points_by_hash.equal_range(std::hash<std::string_view>{}(bytes));
    const auto equal = std::find_if(
        first, last, [&](const auto& entry) { return bytes_of(entry.second) == bytes; });
    return equal == last ? std::nullopt : std::optional(equal->second);
  }
  // May throw for want of memory.
  Point add_point(std::span<const float> vector) {
    const std::string_view bytes(reinterpret_cast<const char*>(vector.data()), vector.size_bytes());
    if (const auto equal = find_equal(bytes)) return *equal;
    if (graph->cur_element_count >= graph->max_elements_)
      graph->resizeIndex(2 * graph->max_elements_);
    const auto point = static_cast<Point>(graph->cur_element_count);
    graph->addPoint(vector.data(), point);
    labels_of.emplace_back();
    ++unlabelled;
    points_by_hash.emplace(std::hash<std::string_view>{}(bytes), point);
    return point;
  }
  void set_label(std::int64_t label, Point point) {
    if (const auto known = point_of.find(label); known != point_of.end()) {
      auto& before = labels_of[known->second];
      std::erase(before, label);
      if (before.empty()) ++unlabelled;
    }
    if (labels_of[point].empty()) --unlabelled;
    labels_of[point].push_back(label);
    point_of[label] = point;
  }
  // Sorts by similarity and gives each label its place; `k` at most.
  std::vector<Neighbour> label_points(const std::vector<std::pair<float, Point>>& distances,
                                      std::size_t k) const {
    std::vector<Neighbour> neighbours;
    for (const auto& [distance, point] : distances) {
      for (const std::int64_t label : labels_of[point]) {
        neighbours.push_back({label, 1.0 - static_cast<double>(distance)});
      }
    }
    const auto middle =
        neighbours.begin() + static_cast<std::ptrdiff_t>(std::min(k, neighbours.size()));
    std::partial_sort(neighbours.begin(), middle, neighbours.end(), more_similar);
    neighbours.erase(middle, neighbours.end());
    return neighbours;
  }
  // Takes over the labels of a loaded graph; false when they do not fit it.
  bool adopt_labels(const std::vector<std::vector<std::int64_t>>& labels) {
    if (labels.size() != graph->cur_element_count) return false;
    if (graph->label_offset_ - graph->offsetData_ != dimensions * sizeof(float)) return false;
    labels_of.resize(labels.size());
    unlabelled = labels.size();
    for (Point point = 0; point < labels.size(); ++point) {
      if (graph->getExternalLabel(point) != point) return false;
      points_by_hash.emplace(std::hash<std::string_view>{}(bytes_of(point)), point);
      for (const std::int64_t label : labels[point]) set_label(label, point);
    }
    return true;
  }
};

VectorIndex::VectorIndex(std::string_view model, std::size_t dimensions)
    : impl_(std::make_unique<Impl>(model, dimensions)) {
  base::ensure(dimensions > 0, "a vector index needs dimensions");
  impl_->graph = std::make_unique<Graph>(&impl_->space, kFirstCapacity, kLinks, kBuildWidth);
}
VectorIndex::VectorIndex(VectorIndex&&) noexcept = default;
VectorIndex& VectorIndex::operator=(VectorIndex&&) noexcept = default;
VectorIndex::~VectorIndex() = default;

base::Status VectorIndex::add(std::int64_t label, std::span<const float> vector) {
  const std::string what = "add vector " + std::to_string(label);
  if (label < 0) return Error{ErrorCode::invalid, what + ": negative label"};
  if (vector.size() != impl_->dimensions)
    return Error{ErrorCode::invalid, what + ": other dimensions"};
  if (!is_unit(vector)) return Error{ErrorCode::invalid, what + ": norm is not 1"};
  const std::unique_lock lock(impl_->mutex);
  try {
    impl_->set_label(label, impl_->add_point(vector));
  } catch (const std::exception& problem) {
    return Error{ErrorCode::unavailable, what + ": " + problem.what()};
  }
  return {};
}

std::vector<Neighbour> VectorIndex::search(std::span<const float> vector, std::size_t k) const {
  if (k == 0 || vector.size() != impl_->dimensions || !is_unit(vector)) return {};
  const std::shared_lock lock(impl_->mutex);
  auto nearest =
      impl_->graph->searchKnn(vector.data(), std::max(k, kSearchWidth) + impl_->unlabelled);
  std::vector<std::pair<float, Impl::Point>> points;
  for (; !nearest.empty(); nearest.pop()) {
    points.emplace_back(nearest.top().first, static_cast<Impl::Point>(nearest.top().second));
  }
  return impl_->label_points(points, k);
}

std::vector<Neighbour> VectorIndex::scan(std::span<const float> vector, std::size_t k) const {
  if (vector.size() != impl_->dimensions) return {};
  const std::shared_lock lock(impl_->mutex);
  const Graph& graph = *impl_->graph;
  std::vector<std::pair<float, Impl::Point>> points;
  for (Impl::Point i = 0; i < graph.cur_element_count; ++i) {
    points.emplace_back(
        graph.fstdistfunc_(vector.data(), graph.getDataByInternalId(i), graph.dist_func_param_), i);
  }
  return impl_->label_points(points, k);
}

std::size_t VectorIndex::size() const {
  const std::shared_lock lock(impl_->mutex);
  return impl_->point_of.size();
}

base::Status VectorIndex::save(const fs::path& directory, const Mark& mark) const {
  const std::unique_lock lock(impl_->mutex);
  if (base::failpoint("memory.index.before"))
    return Error{ErrorCode::unavailable, "save index: failpoint"};
  const fs::path temporary = directory / "index.tmp";
  try {
    impl_->graph->saveIndex(temporary.string());
  } catch (const std::exception& problem) {
    return Error{ErrorCode::unavailable, "save " + temporary.string() + ": " + problem.what()};
  }
  const auto bytes = read_file(temporary);
  if (!bytes) return bytes.error().in("save index");
  if (bytes->size() != saved_bytes(*impl_->graph)) {
    return Error{ErrorCode::unavailable,
                 "save " + temporary.string() + ": the disk did not take all of it"};
  }
  if (auto synced = sync_path(temporary); !synced) return synced.error().in("save index");

  IndexNote note{.file = {},
                 .sha256 = base::sha256_hex(*bytes),
                 .model = impl_->model,
                 .dimensions = static_cast<std::int64_t>(impl_->dimensions),
                 .labels = impl_->labels_of,
                 .records = mark.records,
                 .seal = mark.seal,
                 .position = mark.position};
  note.file = "index-" + note.sha256.substr(0, 16) + ".hnsw";
  if (auto moved = publish_file(temporary, directory / note.file); !moved)
    return moved.error().in("save index");
  if (base::failpoint("memory.publish.before"))
    return Error{ErrorCode::unavailable, "publish index: failpoint"};
  auto named = replace_file(directory / kNoteName, seal_line("", encode_note(note)));
  if (!named) return named.error().in("save index");
  (void)base::failpoint("memory.publish.after");
  remove_other_indexes(directory, note.file);
  return {};
}

base::Result<VectorIndex::Loaded> VectorIndex::load(const fs::path& directory,
                                                    std::string_view model,
                                                    std::size_t dimensions) {
  const fs::path note_path = directory / kNoteName;
  const auto note = read_note_file(note_path);
  if (!note) return note.error();
  if (note->model != model) return damaged(note_path, "made by model " + note->model);
  if (note->dimensions != static_cast<std::int64_t>(dimensions))
    return damaged(note_path, "other dimensions");
  const fs::path path = directory / fs::path(note->file).filename();
  const auto bytes = read_file(path);
  if (!bytes && bytes.error().code == ErrorCode::not_found) return damaged(path, "missing");
  if (!bytes) return bytes.error();
  if (base::sha256_hex(*bytes) != note->sha256) return damaged(path, "does not fit its SHA-256");

  VectorIndex index(model, dimensions);
  try {
    // Without room to spare, the next addition would throw.
    const auto capacity = std::max(kFirstCapacity, 2 * note->labels.size());
    index.impl_->graph =
        std::make_unique<Graph>(&index.impl_->space, path.string(), false, capacity);
    index.impl_->graph->num_deleted_ = 0;  // The library forgets to set it; we never delete.
  } catch (const std::exception& problem) {
    return damaged(path, problem.what());
  }
  if (!index.impl_->adopt_labels(note->labels)) return damaged(path, "does not fit its note");
  return Loaded{std::move(index), Mark{note->records, note->seal, note->position}};
}

}  // namespace memory
