sre_library(fake_github SOURCES ${CMAKE_CURRENT_LIST_DIR}/fake_github.cc LINKS github base)
