// A nearest-neighbour index over vectors of norm 1: hnswlib behind our own words. Adapter, for its
// files; the heavy header stays in index.cc, the only unit that may include it (it defines
// non-inline functions).
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "memory/case_codec.h"

namespace memory {

struct Neighbour {
  std::int64_t label = 0;
  double similarity = 0;  // Cosine, -1..1.
};

// Thread-safe: additions and saving exclude everything, searches only those. (hnswlib itself
// crashes on a search during an addition, and on two additions at once.) Invariant: every vector
// has norm 1 and the index's own number of dimensions.
class VectorIndex {
 public:
  // `dimensions` positive; `model` names what made the vectors.
  VectorIndex(std::string_view model, std::size_t dimensions);
  VectorIndex(VectorIndex&&) noexcept;
  VectorIndex& operator=(VectorIndex&&) noexcept;
  ~VectorIndex();

  // Adds a vector; a known label gets the new one. Errors: invalid (negative label, other
  // dimensions, norm not within 0.001 of 1); unavailable (out of memory).
  [[nodiscard]] base::Status add(std::int64_t label, std::span<const float> vector);

  // At most `k` neighbours of `vector`, the most similar first, among equals the higher label.
  // Approximate: usually, not surely, the best. A vector of other dimensions has none.
  [[nodiscard]] std::vector<Neighbour> search(std::span<const float> vector, std::size_t k) const;
  // The same, exactly, by looking at every vector; for measuring search().
  [[nodiscard]] std::vector<Neighbour> scan(std::span<const float> vector, std::size_t k) const;

  [[nodiscard]] std::size_t size() const;  // Labels.

  // What the saved file is to be believed by, beside what the index itself knows.
  struct Mark {
    std::int64_t records = 0;
    std::string seal;
    std::int64_t position = 0;

    bool operator==(const Mark&) const = default;
  };
  // Writes index-<hash>.hnsw and then, in one step, the sealed note index.note that names it; then
  // removes older index files. A crash in between leaves the old pair valid. Errors: unavailable.
  [[nodiscard]] base::Status save(const std::filesystem::path& directory, const Mark& mark) const;

  struct Loaded;
  // Errors: not_found (never saved); corrupt (any damage, or made by another model or with other
  // dimensions); unavailable. hnswlib checks nothing itself, so the file's hash is checked first.
  [[nodiscard]] static base::Result<Loaded> load(const std::filesystem::path& directory,
                                                 std::string_view model, std::size_t dimensions);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

struct VectorIndex::Loaded {
  VectorIndex index;
  Mark mark;
};

}  // namespace memory
