#include "config/yaml_folder.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace config {

base::Result<std::vector<YamlFile>> read_yaml_folder(const std::string& folder) {
  std::error_code error;
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".yaml") paths.push_back(entry.path());
  }
  if (error)
    return base::Error{base::ErrorCode::not_found,
                       "reading the folder " + folder + ": " + error.message()};
  std::sort(paths.begin(), paths.end());
  std::vector<YamlFile> files;
  for (const auto& path : paths) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream text;
    if (in.peek() != std::ifstream::traits_type::eof()) text << in.rdbuf();
    if (!in || !text)
      return base::Error{base::ErrorCode::not_found, path.string() + ": cannot be read"};
    files.push_back({path.string(), text.str()});
  }
  return files;
}

}  // namespace config
