sre_library(chaos COLD
  SOURCES experiment.cc thread_reading.cc thread_view.cc chaos_codec.cc
  LINKS base config github engine nlohmann_json::nlohmann_json)
sre_library(chaos_adapters COLD
  SOURCES experiment_yaml.cc host_processes.cc web.cc witness.cc faults.cc leftovers.cc
    memory_look.cc runner.cc
  LINKS chaos config_adapters engine_adapters memory_adapters github_adapters embedded_users)
target_compile_definitions(chaos_adapters PRIVATE
  SRE_CHAOS_SOURCE_DIR="${CMAKE_SOURCE_DIR}/chaos/experiments")
